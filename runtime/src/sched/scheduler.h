/*
 * Who runs a started operation on when it can go on: its manager's list of what is ready, and the
 * threads that work on that list.
 *
 * Without berth_config.wake the thread that made it ready does so, before it leaves the manager,
 * and as many as it made ready: so whatever is ready, some thread is on its way to it. With it,
 * berth_manager_poll() does. A thread that is at it already, because a hook or a `done` that it
 * called calls the manager, only adds to the list: however long a chain of operations is that start
 * each other, the stack does not grow.
 */
#ifndef BERTH_SRC_SCHEDULER_H
#define BERTH_SRC_SCHEDULER_H

#include "../base/linkage.h"
#include "../core/operation.h"
#include "../core/ready.h"

/* All of these with the lock held. Those that run operations give it up meanwhile. */

/* Runs a new one, and then as scheduler_run() does. */
internal void scheduler_start(struct operation *operation);

/* What every thread does before it leaves the manager. */
internal void scheduler_run_scheduled(struct berth_manager *manager);

static inline void scheduler_run(struct berth_manager *manager)
{
    if (manager->ready)
        scheduler_run_scheduled(manager);
}

/*
 * As scheduler_run(), and gives the lock back. Threads are woken without the lock, or with it when they
 * would have to wait for what is ready.
 */
internal void scheduler_leave(struct berth_manager *manager, struct sleepers *woken);

/*
 * For berth_manager_poll(): runs what is ready now, not what becomes ready meanwhile. `all`: that
 * too, should nobody be woken for it, because the caller will not know that there is more.
 */
internal void scheduler_poll(struct berth_manager *manager, bool all);

/* Runs what is ready, for a blocking call that would have to sleep: see ready_can_run(). */
internal void scheduler_run_ready(struct operation *operation);

/* For destroy: waits until no thread is at work. */
internal void scheduler_wait_idle(struct berth_manager *manager);

#endif
