/* What those who waited for a root get when it is let go. */
#ifndef BERTH_SRC_WAITERS_H
#define BERTH_SRC_WAITERS_H

#include "../base/linkage.h"
#include "../core/operation.h"

/*
 * `by` lets its root go, after PROGRESS_RELEASED. Those that wait for the root are run, in their
 * order, as far as they need no hook: most of them find the work done. The first that needs a hook
 * gets the root. When the root has ended, those that waited get the error of `by`, or start again.
 *
 * Threads to be woken are put into `woken`, here and below. An operation that is not over wakes
 * them at once, with the lock held.
 */
internal void waiters_wake(struct operation *by, struct sleepers *woken);

/* Whoever waits for it goes on: a blocking call's thread wakes, a started operation is ready. */
internal void waiters_resume(struct operation *operation, struct sleepers *woken);

/* Ends one that operation_is_new(), with `code`: nothing has happened. */
internal void waiters_cancel(struct operation *operation, int code, struct sleepers *woken);

/*
 * The manager is discarded: ends all operations that wait for `root`, and tells the one that runs
 * on it.
 */
internal void waiters_discard(struct root *root, struct sleepers *woken);

#endif
