/* Calling a hook; the handle of the call. */
#ifndef BERTH_SRC_HOOK_H
#define BERTH_SRC_HOOK_H

#include <errno.h>

#include "../../base/linkage.h"
#include "../../base/store/map.h"
#include "../operation.h"

/* Calls the row's hook, without the lock. False: it is pending. Else its outcome comes next. */
internal bool hook_call(struct operation *operation);

/* Applies the outcome of an ended call to the instance and the operation. */
internal void hook_apply_outcome(struct operation *operation);

/* The operation is cancelled or late: notifies the hook that runs or is pending, once. */
internal void hook_notify_cancel(struct operation *operation);

/* The call that a token names. NULL: it is completed. */
internal struct berth_call *hook_find_call(struct berth_manager *manager, uint64_t id);

/* Closes the call: no completion is accepted from here on, and no cancellation reported. */
static inline void hook_close_call(struct berth_call *call)
{
    call->notify = NULL;
    if (call->id > 0 && !call->completed)
        map_remove(&call->manager->calls, &call->node);
}

/* A hook's answer: a failure had no effect; after an uncertain one nobody knows. */
static inline bool hook_is_failure(int result)
{
    return result < 0 && result > -BERTH_UNCERTAIN_BASE;
}

static inline bool hook_is_uncertain(int result)
{
    return result < 0 && hook_is_failure(result + BERTH_UNCERTAIN_BASE);
}

/* The answer of a hook or a store as callers get it: 0 or a negative errno value. */
static inline int hook_error(int result)
{
    if (hook_is_uncertain(result))
        return result + BERTH_UNCERTAIN_BASE;
    return result == 0 || hook_is_failure(result) ? result : -EPROTO;
}

#endif
