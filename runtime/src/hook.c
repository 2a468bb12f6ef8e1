#include "hook.h"

#include <stdalign.h>
#include <string.h>

#include "call.h"
#include "engine.h"

static HOT void open_call(struct operation *operation)
{
    struct berth_call *call = &operation->call;

    call->id = 0;
    call->result = 0;
    call->completed = false;
    call->out_given = false;
    call->out_size = type_of(call->manager)->hooks[call->hook].out_size;
    operation->called = true;
    operation->report = true;
    if (call->manager->trace)
        operation->started = berth_now();
}

/* 0, or why nobody could ever complete the call. */
static int why_not_pending(const struct operation *operation)
{
#ifdef BERTH_NO_THREADS
    if (!operation->done)
        return -EDEADLK; /* there is no thread but this one, which waits */
#endif
    return operation->call.id > 0 ? 0 : -EPROTO;
}

HOT bool hook_call(struct operation *operation)
{
    struct berth_call *call = &operation->call;
    struct berth_manager *manager = call->manager;
    /* The hook's own out-values: while it runs, a completion from another thread may already write the operation's. */
    alignas(max_align_t) unsigned char scratch[BERTH_MAX_OUT];
    const void *view = instance_view(manager, operation->levels[operation->level].instance);
    int result, rc;

    open_call(operation);
    if (call->out_size > 0)
        memset(scratch, 0, call->out_size);
    operation->thread = thread_self();
    operation->in_hook = true;
    lock_drop(&manager->lock);
    result = type_of(manager)->call(manager->backend, call->hook, call, view, call->out_size > 0 ? scratch : NULL);
    (void)lock_take(&manager->lock);
    operation->in_hook = false;

    if (!call->out_given && call->out_size > 0)
        memcpy(operation->out, scratch, call->out_size);
    if (result == BERTH_PENDING) {
        if (call->completed)
            return true; /* already: its result counts */
        rc = why_not_pending(operation);
        if (rc == 0)
            return false;
        result = BERTH_UNCERTAIN(rc);
    } else if (call->out_given) { /* a completion of a call that was not pending is dropped, out-values and all */
        memcpy(operation->out, scratch, call->out_size);
    }
    call_close(call);
    call->completed = true;
    call->result = result;
    return true;
}

HOT void hook_settle(struct operation *operation, const berth_operation *type)
{
    struct berth_call *call = &operation->call;
    struct berth_manager *manager = call->manager;

    if (call->result == 0) {
        if (call->out_size > 0)
            type_of(manager)->accept(call->hook, operation->out, instance_view(manager, operation->levels[operation->level].instance));
        engine_settle(operation, type, BERTH_OK, 0);
    } else if (call_is_failure(call->result)) {
        engine_settle(operation, type, BERTH_FAILED, call->result);
    } else {
        engine_settle(operation, type, BERTH_UNSURE, call_is_uncertain(call->result) ? call->result + BERTH_UNCERTAIN_BASE : -EPROTO);
    }
}
