/* What is wrong with a change: with its calls, and with what ended. */
#ifndef BERTH_EXPLORE_JUDGE_H
#define BERTH_EXPLORE_JUDGE_H

#include "fault.h"
#include "../state/step.h"

/*
 * Faults of `change`: double, needs, interference, dangling, and leaks by what ended or by what
 * nobody holds now. What is accepted hides nothing.
 */
static void judge_change(struct faults *faults);

/* The row after which the thing was left as it is; for want of one the step or the operation. */
static struct place judge_blame(const struct thing *thing);
static struct place judge_row_place(uint16_t row);
static struct place judge_operation_place(uint8_t op);
static struct place judge_state_place(uint8_t resource, uint16_t state);

/* What a call lacks, and whether it takes back what others need; for drains too. */
struct needing {
    effects truth[BERTH_MAX_LEVELS], open[BERTH_MAX_LEVELS]; /* by level, during the request */
    effects unsaid[BERTH_MAX_LEVELS]; /* of those that are open: the state says nothing of them */
    effects held;                     /* effects of other instances below the path */
    unsigned levels;
};
static void judge_needs_of(struct faults *faults, struct needing *needing,
                           const struct called *call);

#endif
