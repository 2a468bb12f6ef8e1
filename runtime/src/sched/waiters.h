/* The operations that wait for a root. */
#ifndef BERTH_SRC_WAITERS_H
#define BERTH_SRC_WAITERS_H

#include "../base/linkage.h"
#include "../core/operation.h"

/*
 * `by` releases its root, after PROGRESS_RELEASED. The waiters are run in their order as far as
 * they need no hook: most find their work done. The first that needs a hook is granted the root.
 * When the root has ended, the waiters share the error of `by`, or start again.
 *
 * Sleepers to be woken are put into `woken`, here and below. An operation that is not over wakes
 * them at once, with the lock held.
 */
internal void waiters_wake(struct operation *by, struct sleepers *woken);

/* Wakes a blocking call's thread, or puts a started operation into the ready list. */
internal void waiters_resume(struct operation *operation, struct sleepers *woken);

/* Ends an operation that operation_is_new(), with `code`: nothing has happened. */
internal void waiters_cancel(struct operation *operation, int code, struct sleepers *woken);

/*
 * For a discard of `root`: cancels its waiters, and notifies the hook of its owner. A drain goes on
 * with the next root, unless `all` are discarded.
 */
internal void waiters_discard(struct root *root, bool all, struct sleepers *woken);

/*
 * The same for blocking calls that are in no queue, because they run the ready list before they
 * wait. `root` NULL: all roots are discarded.
 */
internal void waiters_discard_busy(struct berth_manager *manager, const struct root *root,
                                   struct sleepers *woken);

#endif
