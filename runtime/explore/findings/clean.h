/* What is wrong although no call fails: refusals, and callers who are told of what is gone. */
#ifndef BERTH_EXPLORE_CLEAN_H
#define BERTH_EXPLORE_CLEAN_H

#include "fault.h"
#include "../state/step.h"

/* A caller that keeps the contract is refused; capacity, conflict and policy aside. */
static void clean_judge_refusal(struct faults *faults);

/* Was the request refused on purpose? Did a row refuse, and no hook lack? */
static bool clean_is_meant(void);
static bool clean_is_by_row(void);

/*
 * Is a caller told of something that is gone when it comes for it? The requests that show it, three
 * of them, come behind the state in left_source.
 */
static bool clean_judge_told(struct fault *fault, struct move shown[3]);

#endif
