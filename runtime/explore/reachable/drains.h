/*
 * Drains that break what the author states, one instance at a time.
 *
 * A drain comes to an instance when all that was below it has ended. So one instance at a time has
 * all endings of its calls, with those above it and nothing else. Whether drain can come to it is
 * seen below it: each instance there has an ending that ends it. If its drop fails then, drain
 * leaves those above alone, and the next drain comes to them.
 */
#ifndef BERTH_EXPLORE_DRAINS_H
#define BERTH_EXPLORE_DRAINS_H

#include "../findings/fault.h"
#include "../state/step.h"

/* One drain of a script: the endings of the calls at the instance. */
struct drain_step {
    unsigned n_chosen;
    uint8_t chosen[BACKEND_CALLS];
};

enum { DRAIN_STEPS = 16 };

struct drain_steps {
    unsigned thing; /* the instance, by its place in order of creation, before the first drain */
    unsigned n;
    struct drain_step at[DRAIN_STEPS];
};

/* Gets a fault of the last of some drains that come after the state with the number `origin`. */
typedef void drains_told(uint32_t origin, const struct fault *fault,
                         const struct drain_steps *steps);

/* Restores the state with the number. */
typedef void drains_restores(uint32_t state);

static void drains_begin(void);

/*
 * Faults of the drain in `change`, in which the process has died: calls without what they need, and
 * instances with other effects than their state says.
 */
static void drains_judge_death(struct faults *faults);

/* Judges drains of the present state, in which at most so many calls fail. */
static void drains_judge(uint32_t origin, unsigned most, drains_told *told);

/*
 * Judges drains of what drains have left, when all states have been judged. So a fault of one drain
 * is told before one of two.
 */
static void drains_again(drains_told *told, drains_restores *restores);

#endif
