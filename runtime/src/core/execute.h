/*
 * The order of an operation. All of these take the operation's type, operation->type: where that is
 * a constant, no more is left of them than it needs. NULL: drain.
 */
#ifndef BERTH_SRC_EXECUTE_H
#define BERTH_SRC_EXECUTE_H

#include "../base/linkage.h"
#include "operation.h"

/*
 * Runs the operation until it is done, has to wait, or lets a root go. `may_call` false: stops
 * before a hook is called, for threads that are not the operation's own.
 */
internal enum progress execute_operation_as(struct operation *operation,
                                            const berth_operation *type, bool may_call);

/*
 * Ends it: writes back or undoes, fills results and error, lets the root go. PROGRESS_DONE, or
 * PROGRESS_RELEASED.
 */
internal enum progress execute_finish_as(struct operation *operation, const berth_operation *type);

/* The same for operations whose type is no constant. */
static inline enum progress execute_operation(struct operation *operation, bool may_call)
{
    return execute_operation_as(operation, operation->type, may_call);
}

static inline enum progress execute_finish(struct operation *operation)
{
    return execute_finish_as(operation, operation->type);
}

#endif
