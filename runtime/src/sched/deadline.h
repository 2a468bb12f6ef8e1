/* Deadlines of started operations: a pairing heap of the operations' blocks. It needs no memory. */
#ifndef BERTH_SRC_DEADLINE_H
#define BERTH_SRC_DEADLINE_H

#include "../base/linkage.h"
#include "../core/operation.h"

/* Watches the deadline of a started operation that waits, if it has one not yet reported. */
internal void deadline_watch(struct operation *operation);

/* Stops watching. */
internal void deadline_forget(struct operation *operation);

/* Times out what is due by `now`: waiters leave their queues, pending calls are notified. */
internal void deadline_expire(struct berth_manager *manager, int64_t now);

#endif
