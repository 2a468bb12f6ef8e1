#include "hook.h"

#include <errno.h>
#include <stdalign.h>
#include <string.h>

#include "../../model/tracked/values.h"
#include "call.h"
#include "steps.h"
#include "../report/trace.h"

static void open_call(struct operation *operation)
{
    struct berth_call *call = &operation->call;

    call->id = 0;
    call->result = 0;
    call->completed = false;
    call->out_given = false;
    call->out_size = call->manager->type->hooks[call->hook].out_size;
    operation->called = true;
    operation->report = true;
    if (call->manager->trace) {
        operation->started = berth_now();
        trace_call(operation);
    }
}

/* 0, or the error of a call that nobody could complete. */
static int why_not_pending(const struct operation *operation)
{
#ifdef BERTH_NO_THREADS
    if (!operation->done)
        return -EDEADLK; /* the only thread would wait for itself */
#endif
    return operation->call.id > 0 ? 0 : -EPROTO;
}

bool hook_call(struct operation *operation)
{
    struct berth_call *call = &operation->call;
    struct berth_manager *manager = call->manager;
    /*
     * Out-values of the hook. While it runs, a completion from another thread may write those of
     * the operation.
     */
    alignas(max_align_t) unsigned char scratch[BERTH_MAX_OUT];
    const void *view = instance_view(operation->levels[operation->level].instance);
    int result, rc;

    open_call(operation);
    if (call->out_size > 0) {
        memset(scratch, 0, call->out_size); /* the padding too: all of it is copied */
        manager->type->preset(call->hook, view, scratch);
    }
    operation->thread = thread_self();
    operation->in_hook = true;
    lock_release(&manager->lock);
    result = manager->type->call(manager->backend, call->hook, call, view,
                                 call->out_size > 0 ? scratch : NULL);
    (void)lock_acquire(&manager->lock);
    operation->in_hook = false;

    if (!call->out_given && call->out_size > 0)
        memcpy(operation->out, scratch, call->out_size);
    if (result == BERTH_PENDING) {
        if (call->completed)
            return true; /* it was completed while the hook ran: that result counts */
        rc = why_not_pending(operation);
        if (rc == 0)
            return false;
        result = BERTH_UNCERTAIN(rc);
    } else if (call->out_given) {
        /* the call was not pending: its completion is dropped, with its out-values */
        memcpy(operation->out, scratch, call->out_size);
    }
    call_close(call);
    call->completed = true;
    call->result = result;
    return true;
}

/*
 * Gives the out-values of a call that did not fail to the instance. False: they find another
 * instance.
 */
static inline bool keep_values(struct operation *operation)
{
    const struct berth_call *call = &operation->call;

    if (call->out_size == 0 || call_is_failure(call->result))
        return true;
    return values_accept(call->manager, operation->levels[operation->level].instance, call->hook,
                         operation->out);
}

/* Follows the answer of a hook that asks. */
static cold void apply_answer(struct operation *operation, int result)
{
    int error = -EPROTO;

    if (result == BERTH_YES) {
        steps_apply_outcome(operation, BERTH_ANSWERED_YES, 0);
    } else if (result == BERTH_NO) {
        steps_apply_outcome(operation, BERTH_ANSWERED_NO, 0);
    } else {
        if (call_is_failure(result))
            error = result;
        else if (call_is_uncertain(result))
            error = result + BERTH_UNCERTAIN_BASE;
        steps_apply_outcome(operation, BERTH_ANSWERED_UNKNOWN, error);
    }
}

void hook_apply_outcome(struct operation *operation)
{
    int result = operation->call.result;
    bool named = keep_values(operation);

    if (operation->call.manager->type->hooks[operation->call.hook].asks)
        apply_answer(operation, result);
    else if (result == 0 && named)
        steps_apply_outcome(operation, BERTH_OK, 0);
    else if (result == 0)
        steps_apply_outcome(operation, BERTH_UNSURE, -EEXIST);
    else if (call_is_failure(result))
        steps_apply_outcome(operation, BERTH_FAILED, result);
    else
        steps_apply_outcome(operation, BERTH_UNSURE,
                            call_is_uncertain(result) ? result + BERTH_UNCERTAIN_BASE : -EPROTO);
}
