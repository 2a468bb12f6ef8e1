/*
 * What holds of the runtime in every state, whatever the spec says. A break is a fault of Berth,
 * and ends the program.
 */
#ifndef BERTH_EXPLORE_INVARIANTS_H
#define BERTH_EXPLORE_INVARIANTS_H

#include "state/step.h"

/* The state of a manager that has just been made. */
static void invariants_begin(void);

/* The present state, after `change` or a drain. */
static void invariants_check(void);

/* The part of it that holds with operations in flight, too: counters, holds and maps. */
static void invariants_check_counts(void);

/*
 * Is the present state new to the manager? Of states that differ only in what the backend has, and
 * that no hook tells, the requests below are made in one.
 */
static bool invariants_are_open(void);

/*
 * A use after a release that got somewhere is refused with -ECANCELED, and changes nothing (S5).
 * Returns how many there are; `tries`: they are made.
 */
static unsigned invariants_try_uses(const struct image *image, bool tries);

/*
 * Requests that make an instance with a slot: refused where there is no free slot, or where the
 * slot that they name is taken, and nothing changes.
 */
static void invariants_try_full(const struct image *image, const struct move *move);
static void invariants_try_taken(const struct image *image);

/*
 * The runtime has another way for many requests that call nothing, which it does not take with a
 * trace. The first function notes what has come of a request with one. The second makes it again
 * without, from the state of the image, which is `before`: the same comes of it.
 */
static void invariants_note(struct digest state);
static void invariants_try_fast(const struct image *image, const struct move *move);

#endif
