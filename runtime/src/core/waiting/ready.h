/*
 * The ready list of a manager: started operations that can go on, or that have ended and whose
 * `done` is to be called. And the workers: threads that run the list. Everything here needs the
 * lock.
 */
#ifndef BERTH_SRC_READY_H
#define BERTH_SRC_READY_H

#include "../../base/linkage.h"
#include "../operation.h"

/* A thread that runs the ready list. It is on that thread's stack. */
struct worker {
    struct worker *next; /* in the manager's list; the innermost of a thread comes first */
    thread_id thread;
    struct operation *call; /* that runs the list before it waits itself; or NULL */
    bool polling;
};

/* Appends a started operation to the list, unless it is in it. */
internal void ready_add(struct operation *operation);

/*
 * Should the blocking call's thread run the ready list before it sleeps? The call may wait for an
 * operation of that list. After one run other threads are on their way to the rest.
 */
internal bool ready_can_run(const struct operation *operation);

/* Was this thread the last to poll? Only managers with `wake` ask. */
internal bool ready_is_loop(const struct berth_manager *manager);

/* Is this thread so deep in blocking calls inside hooks that more would use up its stack? */
internal bool ready_too_deep(const struct berth_manager *manager);

/* Is this thread inside a hook or a `done` of a started operation? */
internal bool ready_inside(const struct berth_manager *manager);

/* Calls berth_config.wake. A thread that polls is not woken: it looks again by itself. */
internal void ready_wake(struct berth_manager *manager);

#endif
