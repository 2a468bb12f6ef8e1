/* The stages of an operation, from its first step to its end. */
#ifndef BERTH_SRC_EXECUTE_H
#define BERTH_SRC_EXECUTE_H

#include "../base/linkage.h"
#include "operation.h"

/*
 * Runs the operation until it is done, has to wait, or has to release a root. `may_call` false:
 * stops before a hook. That is for threads other than the operation's own.
 */
internal enum progress execute_operation(struct operation *operation, bool may_call);

/*
 * Ends the operation: commits or undoes, fills results and error, releases the root. PROGRESS_DONE
 * or PROGRESS_RELEASED.
 */
internal enum progress execute_finish(struct operation *operation);

#endif
