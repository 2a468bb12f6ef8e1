/*
 * Sends commits to the manager's store, one at a time. What waits goes together: a group commit. A
 * blocking call that waits for its commit sends all that wait, without the lock, and the others
 * sleep meanwhile. docs/decisions/0061-how-managers-wait-for-their-store.md
 * has why.
 */
#ifndef BERTH_SRC_COMMIT_H
#define BERTH_SRC_COMMIT_H

#include "../base/linkage.h"
#include "../core/stored/persist.h"

/*
 * Sends what waits, unless a commit is pending. The lock is free meanwhile. False: the operation
 * has to wait for its commit.
 */
internal bool commit_send(struct operation *operation);

/*
 * Has a batch kept that is of no operation, and waits. The batch is in the manager's queue behind
 * all that were noted before. 0; a certain failure; or what the manager has died of.
 */
internal int commit_wait(struct berth_manager *manager, struct batch *batch, bool clear);

/* Nothing can be made durable any more: everybody ends with `code`, unless they have already. */
internal void commit_lose(struct berth_manager *manager, int code, struct sleepers *woken);

/*
 * For `stored.discard`: forgets a root, or everything, first in the store. After a failure that is
 * certain nothing is forgotten. Takes the lock held, and returns with it released.
 */
internal int commit_discard(struct berth_manager *manager, struct instance *root);

#endif
