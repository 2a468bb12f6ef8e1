/*
 * Drains that break what the author states, one instance at a time.
 *
 * A drain comes to an instance when all that was below it has ended. One instance at a time has all
 * endings of its calls. Those below it end where any ending does; at the others every call ends ok.
 */
#ifndef BERTH_EXPLORE_DRAINS_H
#define BERTH_EXPLORE_DRAINS_H

#include "../findings/fault.h"
#include "../state/step.h"

/* One drain of a script: the instance, by its place in order of creation, and the endings there. */
struct drain_step {
    unsigned thing, n_chosen;
    uint8_t chosen[BACKEND_CALLS];
};

enum { DRAIN_STEPS = 16 };

struct drain_steps {
    unsigned n;
    struct drain_step at[DRAIN_STEPS];
};

/* Gets a fault of the last of some drains that come after the state with the number `origin`. */
typedef void drains_told(uint32_t origin, const struct fault *fault,
                         const struct drain_steps *steps);

static void drains_begin(void);

/* Judges drains of the present state, in which at most so many calls fail. */
static void drains_judge(uint32_t origin, unsigned most, drains_told *told);

/* Judges drains that come again to what drains have left, when all states have been judged. */
static void drains_again(drains_told *told);

#endif
