/* The handle of a hook's call. */
#ifndef BERTH_SRC_CALL_H
#define BERTH_SRC_CALL_H

#include "../../base/linkage.h"
#include "../../base/store/map.h"
#include "../operation.h"

/* The operation is cancelled or late: notifies the hook that runs or is pending, once. */
internal void call_notify_cancel(struct operation *operation);

/* The call that a token names. NULL: it is completed. */
internal struct berth_call *call_find(struct berth_manager *manager, uint64_t id);

/* Closes the call: no completion is accepted from here on, and no cancellation reported. */
static inline void call_close(struct berth_call *call)
{
    call->notify = NULL;
    if (call->id > 0 && !call->completed)
        map_remove(&call->manager->calls, &call->node);
}

/* A hook's answer: a failure had no effect; after an uncertain one nobody knows. */
static inline bool call_is_failure(int result)
{
    return result < 0 && result > -BERTH_UNCERTAIN_BASE;
}

static inline bool call_is_uncertain(int result)
{
    return result < 0 && call_is_failure(result + BERTH_UNCERTAIN_BASE);
}

#endif
