/* How a blocking call waits: it wakes the waiters of its root, runs the ready list, or sleeps. */
#ifndef BERTH_SRC_WAIT_H
#define BERTH_SRC_WAIT_H

#include "../base/linkage.h"
#include "../core/operation.h"

/*
 * Waits for the cause of `progress`, which is not PROGRESS_DONE. True: the operation may go on.
 * False: it is over, and the manager may be gone. The lock is not held then.
 */
internal cold bool wait_for(struct operation *operation, enum progress progress);

#endif
