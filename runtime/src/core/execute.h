/* The stages of an operation, from its first step to its end. */
#ifndef BERTH_SRC_EXECUTE_H
#define BERTH_SRC_EXECUTE_H

#include "../base/linkage.h"
#include "operation.h"

/*
 * Runs until it is done, waits, or is to release a root. `may_call` false: stops before a hook. A
 * recovery that the store refused is done, but not at STAGE_DONE: it may be tried again.
 */
internal enum progress execute_operation(struct operation *operation, bool may_call);

/* Commits or undoes, fills results and error, releases the root. PROGRESS_DONE or _RELEASED. */
internal enum progress execute_finish(struct operation *operation);

#endif
