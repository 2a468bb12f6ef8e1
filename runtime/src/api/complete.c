/* Completing a pending hook. */
#include <errno.h>
#include <string.h>

#include "../core/rows/hook.h"
#include "../sched/scheduler.h"
#include "../sched/waiters.h"

/* Is it a result of a hook that asks, or of one that acts? */
static bool is_answer(bool asks, int result)
{
    if (hook_is_failure(result) || hook_is_uncertain(result))
        return true;
    return asks ? result == BERTH_YES || result == BERTH_NO : result == 0;
}

static int complete(struct berth_manager *manager, uint64_t id, int result, const void *out,
                    uint32_t out_size, struct sleepers *woken)
{
    struct berth_call *call = hook_find_call(manager, id);
    struct operation *operation = (struct operation *)call;

    if (!call)
        return -ENOENT;
    if (out_size != (out ? call->out_size : 0) ||
        !is_answer(manager->type->hooks[call->hook].asks, result))
        return -EINVAL;
    hook_close_call(call);
    call->completed = true;
    call->result = result;
    if (out_size > 0) {
        call->out_given = true;
        memcpy(operation->out, out, out_size);
    }
    /* else its hook has not returned, and its thread goes on */
    if (operation->stage == STAGE_CALLED)
        waiters_resume(operation, woken);
    return 0;
}

int berth_complete(berth_token token, int result, const void *out, uint32_t out_size)
{
    struct sleepers woken = {0};
    bool is_result = is_answer(false, result) || is_answer(true, result);
    int rc = is_result ? manager_lock(token.manager) : -EINVAL;

    if (rc != 0)
        return rc;
    rc = complete(token.manager, token.id, result, out, out_size, &woken);
    scheduler_leave(token.manager, &woken);
    return rc;
}
