/*
 * What a blocking call does while it cannot go on: it hands over the root that it lets go, it runs
 * what is ready, or its thread sleeps.
 */
#ifndef BERTH_SRC_WAIT_H
#define BERTH_SRC_WAIT_H

#include "../base/linkage.h"
#include "../core/operation.h"

/*
 * `progress` is not PROGRESS_DONE. Returns when the operation may go on. False: the operation is
 * over, and so is what is left to do in the manager, which may be gone. The lock is not held.
 */
internal cold bool wait_for(struct operation *operation, enum progress progress);

#endif
