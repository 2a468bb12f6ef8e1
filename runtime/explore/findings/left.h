/*
 * What a change leaves: instances that nobody holds must be at home where they rest, and effects
 * on them must be taken back some day.
 */
#ifndef BERTH_EXPLORE_LEFT_H
#define BERTH_EXPLORE_LEFT_H

#include "fault.h"
#include "../state/step.h"

/* The state from which the requests are made; for what is asked of it later. */
static const struct image *left_source;

/* Stops behind the first fault that nobody accepts. */
static void left_judge(struct faults *faults);

/*
 * Since `before`: are more references lost than there are callers, and one more than before? More
 * of them change nothing, and there is no end to them.
 */
static bool left_loses_references(void);

#endif
