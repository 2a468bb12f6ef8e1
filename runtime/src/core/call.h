/* The handle of a hook's call. */
#ifndef BERTH_SRC_CALL_H
#define BERTH_SRC_CALL_H

#include "../base/linkage.h"
#include "../base/map.h"
#include "operation.h"

/* Nobody waits for the outcome any more: tells the hook that runs or is pending, once. */
internal void call_notify_cancel(struct operation *operation);

/* The call that a token names, or NULL: it is completed. */
internal struct berth_call *call_find(struct berth_manager *manager, uint64_t id);

/* Nobody can complete it from here on, and nobody is told. */
static inline void call_close(struct berth_call *call)
{
    call->notify = NULL;
    if (call->id > 0 && !call->completed)
        map_remove(&call->manager->calls, &call->node);
}

/* Of a hook's answer: no effect; nobody knows. */
static inline bool call_is_failure(int result)
{
    return result < 0 && result > -BERTH_UNCERTAIN_BASE;
}

static inline bool call_is_uncertain(int result)
{
    return result < 0 && call_is_failure(result + BERTH_UNCERTAIN_BASE);
}

#endif
