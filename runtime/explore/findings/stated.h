/* States with other effects than they say, and successes that mean less than they say. */
#ifndef BERTH_EXPLORE_STATED_H
#define BERTH_EXPLORE_STATED_H

#include "fault.h"
#include "../state/step.h"

/* Forgets what was learned. */
static void stated_begin(void);

/* Instances that the change leaves in a state whose stated effects are not what is in place. */
static void stated_judge(struct faults *faults);

/* The same for one thing, after the request that `judge_blame` looks at. */
static void stated_judge_thing(struct faults *faults, const struct thing *thing);

/* What a success leaves while no call fails; and a success that leaves less. */
static void stated_learn(void);
static void stated_judge_success(struct faults *faults);

/*
 * Slots that are never given back: of instances that rest where nothing rests while no call fails,
 * and that neither a drain nor any request of anybody ends, though every hook works from now on.
 */
static void stated_learn_slots(void);
static void stated_judge_slots(struct faults *faults);

#endif
