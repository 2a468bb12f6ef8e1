/*
 * What states mean: the effects that are in place while an instance rests there, for each class of
 * instances that conditions do not tell apart; while no call fails, and over all runs.
 */
#ifndef BERTH_EXPLORE_SEEN_H
#define BERTH_EXPLORE_SEEN_H

#include "fault.h"
#include "../state/step.h"

static void seen_begin(void);

/* Takes the present state. Faults: effects that are both there and not while no call fails. */
static void seen_look(struct faults *faults, bool clean);

/* Takes what was there before and after each call of the last request: a crash may leave either. */
static void seen_look_at_calls(void);

/*
 * The same after a drain, of whose calls only those at one instance are left, and of that instance
 * itself. `was`: in `before`; `now`: NO_THING where it has ended.
 */
static void seen_look_at_drained(int was, int now);

/* Prints one line for each class and each of these times. */
static void seen_print(void);

#endif
