/*
 * The manager's list of what is ready: started operations that can go on, or have ended so that
 * `done` is to be called. Also which threads are at work on it, on their stacks. All of these with
 * the lock held.
 */
#ifndef BERTH_SRC_READY_H
#define BERTH_SRC_READY_H

#include "../base/linkage.h"
#include "operation.h"

/* A thread at work. */
struct worker {
    struct worker *next; /* in the manager's list; the innermost of a thread comes first */
    thread_id thread;
    bool polling;
};

/* A started operation goes to the end of the list. In the list already is fine. */
internal void ready_add(struct operation *operation);

/*
 * Has the blocking call's thread something to run before it sleeps? It might be waiting for just
 * that. Once it has run what was ready then, and what it made ready by that, other threads are on
 * their way to whatever there is.
 */
internal bool ready_can_run(const struct operation *operation);

/* Is this thread the one that polls? Only a manager with `wake` has such a one. */
internal bool ready_is_loop(const struct berth_manager *manager);

/*
 * Has this thread called so often from inside hooks, in operations that it ran because a call had
 * to wait, that no more of its stack may go?
 */
internal bool ready_too_deep(const struct berth_manager *manager);

/* Is this thread inside a hook or a `done` of a started operation? */
internal bool ready_inside(const struct berth_manager *manager);

/* Calls berth_config.wake, unless this thread polls, which looks again by itself. */
internal void ready_wake(struct berth_manager *manager);

#endif
