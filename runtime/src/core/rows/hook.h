/* Calling a hook. */
#ifndef BERTH_SRC_HOOK_H
#define BERTH_SRC_HOOK_H

#include "../../base/linkage.h"
#include "../operation.h"

/*
 * Calls the hook of the operation's row, without the lock. True: the call has ended,
 * hook_apply_outcome() comes next. False: it is pending.
 */
internal bool hook_call(struct operation *operation);

/* Applies the outcome of an ended call to the instance and the operation. */
internal void hook_apply_outcome(struct operation *operation);

#endif
