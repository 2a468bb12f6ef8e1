/*
 * Who runs a started operation on when it can go on: its manager's list of what is ready, and the threads that work on that list.
 *
 * Without berth_config.wake the thread that made it ready does so, before it leaves the manager, and as many as it made ready: so whatever is
 * ready, some thread is on its way to it. With it, berth_manager_poll() does. A thread that is at it already, because a hook or a `done` that it
 * called calls the manager, only adds to the list: however long a chain of operations is that start each other, the stack does not grow.
 */
#ifndef BERTH_SRC_DISPATCH_H
#define BERTH_SRC_DISPATCH_H

#include "linkage.h"
#include "operation.h"

/* A thread at work, on its stack. */
struct dispatcher {
    struct dispatcher *next; /* in the manager's list; the innermost of a thread comes first */
    thread_id thread;
    bool polling;
};

/* All of these with the lock held. Those that run operations give it up meanwhile. */

/* A started operation can go on, or has ended and `done` is to be called. In the list already is fine. */
INTERNAL void dispatch_ready(struct operation *operation);

/* Runs a new one, and then as dispatch() does. */
INTERNAL void dispatch_new(struct operation *operation);

/* What every thread does before it leaves the manager. */
SHARED void dispatch_claimed(struct berth_manager *manager);

static inline void dispatch(struct berth_manager *manager)
{
    if (manager->ready)
        dispatch_claimed(manager);
}

/*
 * For berth_manager_poll(): runs what is ready now, not what becomes ready meanwhile. `all`: that too, should nobody be woken for it, because the
 * caller will not know that there is more.
 */
INTERNAL void dispatch_poll(struct berth_manager *manager, bool all);

/*
 * Has the blocking call's thread something to run before it sleeps? It might be waiting for just that. Once it has run what was ready then, and
 * what it made ready by that, other threads are on their way to whatever there is.
 */
INTERNAL bool dispatch_can_help(const struct operation *operation);
INTERNAL void dispatch_help(struct operation *operation);

/* Is this thread the one that polls? Only a manager with `wake` has such a one. */
INTERNAL bool dispatch_is_loop(const struct berth_manager *manager);

/* Has this thread called so often from inside hooks, in operations that it ran because a call had to wait, that no more of its stack may go? */
SHARED bool dispatch_too_deep(const struct berth_manager *manager);

/* Is this thread inside a hook or a `done` of a started operation? */
INTERNAL bool dispatch_inside(const struct berth_manager *manager);

/* Calls berth_config.wake, unless this thread polls, which looks again by itself. */
INTERNAL void dispatch_wake(struct berth_manager *manager);

/* For destroy: waits until no thread is at work. */
INTERNAL void dispatch_wait(struct berth_manager *manager);

#endif
