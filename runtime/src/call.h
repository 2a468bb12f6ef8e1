/* Calling hooks, and completing them later. */
#ifndef BERTH_SRC_CALL_H
#define BERTH_SRC_CALL_H

#include "linkage.h"
#include "operation.h"

/* Calls the hook of the operation's row, without the lock. True: it has ended, see call_settle(). False: it is pending. */
INTERNAL bool call_hook(struct operation *operation);

/* Nobody waits for the outcome any more: tells the hook that runs or is pending, once. */
INTERNAL void call_tell(struct operation *operation);

/* Takes the outcome of an ended call into the instance and the operation. */
INTERNAL void call_settle(struct operation *operation, const berth_operation *type);

#endif
