/*
 * The stages of an operation. The functions take its type, operation->type. If that is a constant,
 * the compiler leaves only what the type needs. NULL: drain.
 */
#ifndef BERTH_SRC_EXECUTE_H
#define BERTH_SRC_EXECUTE_H

#include "../base/linkage.h"
#include "operation.h"

/*
 * Runs the operation until it is done, has to wait, or has to release a root. `may_call` false:
 * stops before a hook. That is for threads other than the operation's own.
 */
internal enum progress execute_operation_as(struct operation *operation,
                                            const berth_operation *type, bool may_call);

/*
 * Ends the operation: commits or undoes, fills results and error, releases the root. PROGRESS_DONE
 * or PROGRESS_RELEASED.
 */
internal enum progress execute_finish_as(struct operation *operation, const berth_operation *type);

/* For operations whose type is no constant. */
static inline enum progress execute_operation(struct operation *operation, bool may_call)
{
    return execute_operation_as(operation, operation->type, may_call);
}

static inline enum progress execute_finish(struct operation *operation)
{
    return execute_finish_as(operation, operation->type);
}

#endif
