/*
 * Runs the ready list.
 *
 * Without berth_config.wake the thread that made operations ready runs as many, before it leaves
 * the manager. So some thread is on its way to each ready operation. With it, berth_manager_poll()
 * runs them. A worker may call the manager from a hook or a `done`: that only adds to the list. So
 * a chain of operations that start each other needs no stack.
 */
#ifndef BERTH_SRC_SCHEDULER_H
#define BERTH_SRC_SCHEDULER_H

#include "../base/linkage.h"
#include "../core/operation.h"
#include "../core/waiting/ready.h"

/* All of these need the lock. Those that run operations release it meanwhile. */

/* Runs a new operation, and then as scheduler_run() does. */
internal void scheduler_start(struct operation *operation);

/* Each thread calls scheduler_run() before it leaves the manager. This is the rest of it. */
internal void scheduler_run_slow(struct berth_manager *manager);

static inline void scheduler_run(struct berth_manager *manager)
{
    if (manager->ready)
        scheduler_run_slow(manager);
}

/*
 * As scheduler_run(), and releases the lock. Sleepers are woken without the lock; with it, if they
 * would have to wait for the ready list.
 */
internal void scheduler_leave(struct berth_manager *manager, struct sleepers *woken);

/*
 * For berth_manager_poll(): runs the list as it is now. `all`: runs what becomes ready meanwhile
 * too, unless `wake` is called for that. The caller will not know of it.
 */
internal void scheduler_poll(struct berth_manager *manager, bool all);

/* Runs the ready list for a blocking call that would have to sleep: see ready_can_run(). */
internal void scheduler_run_ready(struct operation *operation);

/* For destroy: waits until there are no workers. */
internal void scheduler_wait_idle(struct berth_manager *manager);

#endif
