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

static void left_judge(struct faults *faults);

#endif
