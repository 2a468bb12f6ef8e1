/*
 * What callers can still bring about, with drain too, if every hook works from now on. Callers and
 * keys are told apart, because another instance that is alike has another path.
 */
#ifndef BERTH_EXPLORE_FUTURE_H
#define BERTH_EXPLORE_FUTURE_H

#include "../state/rows.h"
#include "../state/step.h"

/* A state that follows. `before` has the things of the one before it, world_gone what ended. */
struct future {
    bool changed; /* by the request in `change`; else it is the beginning, or a drain */
};

typedef bool future_wanted(const struct future *future, void *arg);

/*
 * Is there a way from the present state to what is wanted? Nearest states come first. Leaves the
 * world, `before`, `change`, the calls and the rows as they are.
 */
static bool future_ever(future_wanted *wanted, void *arg);

/* Is the instance ever gone? */
static bool future_ends(const struct key_path *path);

/* Are the effects of an instance ever gone, each in some state? */
static bool future_takes_back(const struct key_path *path, effects mask);

/* What a request leaves in global variables, to be kept while others are tried. */
struct future_kept {
    struct image *image;
    struct before before;
    struct change change;
    struct script script;
    unsigned n_called, n_ran, n_gone;
    struct called called[BACKEND_CALLS];
    struct ran ran[ROWS];
    struct thing gone[WORLD_THINGS + BERTH_MAX_LEVELS];
};
static struct future_kept *future_keep(void);
static void future_bring_back(struct future_kept *kept);

#endif
