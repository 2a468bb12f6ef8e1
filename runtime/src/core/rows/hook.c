#include "hook.h"

#include <errno.h>
#include <stdalign.h>
#include <string.h>

#include "../../model/stored/stored.h"
#include "../../model/tracked/values.h"
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
    /* its out-values; a completion from another thread may write the operation's meanwhile */
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
    hook_close_call(call);
    call->completed = true;
    call->result = result;
    return true;
}

/* Stores the out-values of a call that did not fail. False: they find another instance. */
static inline bool keep_values(struct operation *operation)
{
    const struct berth_call *call = &operation->call;

    if (call->out_size == 0 || hook_is_failure(call->result))
        return true;
    return values_accept(call->manager, operation->levels[operation->level].instance, call->hook,
                         operation->out);
}

void hook_apply_outcome(struct operation *operation)
{
    bool asks = operation->call.manager->type->hooks[operation->call.hook].asks;
    bool named = keep_values(operation);
    int result = operation->call.result, error = -EPROTO;
    berth_outcome outcome;

    if (asks ? result == BERTH_YES || result == BERTH_NO : result == 0)
        error = named ? 0 : -EEXIST;
    else if (hook_is_failure(result))
        error = result;
    else if (hook_is_uncertain(result))
        error = result + BERTH_UNCERTAIN_BASE;
    if (asks)
        outcome = error != 0            ? BERTH_ANSWERED_UNKNOWN
                  : result == BERTH_YES ? BERTH_ANSWERED_YES
                                        : BERTH_ANSWERED_NO;
    else
        outcome = error == 0 ? BERTH_OK : hook_is_failure(result) ? BERTH_FAILED : BERTH_UNSURE;
    steps_apply_outcome(operation, outcome, error);
}

/* The call's handle */

int64_t berth_call_deadline(const berth_call *call)
{
    return call->deadline;
}

bool berth_call_cancelled(const berth_call *call)
{
    return atomic_load(&call->cancelled) ||
           (call->deadline != BERTH_NO_DEADLINE && call->deadline <= berth_now());
}

void hook_notify_cancel(struct operation *operation)
{
    struct berth_call *call = &operation->call;
    berth_notify *notify = call->notify;

    call->notify = NULL;
    atomic_store(&call->cancelled, true);
    if (operation->drain)
        operation->drain->cancelled = true;
    if (!notify)
        return;
    lock_enter_callback(&call->manager->lock);
    notify(call->notify_ctx);
    lock_leave_callback(&call->manager->lock);
}

int berth_call_on_cancel(berth_call *call, berth_notify *notify, void *ctx)
{
    int rc = lock_acquire(&call->manager->lock);

    if (rc != 0)
        return rc;
    if (call->completed) {
        rc = -ENOENT;
    } else if (berth_call_cancelled(call)) {
        rc = -ECANCELED;
    } else {
        call->notify = notify;
        call->notify_ctx = ctx;
    }
    lock_release(&call->manager->lock);
    return rc;
}

uint64_t berth_call_epoch(const berth_call *call)
{
    return manager_stored(call->manager) ? manager_stored(call->manager)->epoch : 0;
}

const char *berth_call_hook(const berth_call *call)
{
    return call->manager->type->hooks[call->hook].name;
}

const char *berth_call_operation(const berth_call *call)
{
    return call->operation;
}

/* Ids count up, so any one-to-one mix of their bits will do. */
static uint32_t id_hash(uint64_t id)
{
    return (uint32_t)((id * UINT64_C(0x9e3779b97f4a7c15)) >> 32);
}

berth_token berth_call_token(berth_call *call)
{
    struct berth_manager *manager = call->manager;
    berth_token token = {.manager = manager, .id = 0};

    if (lock_acquire(&manager->lock) != 0)
        return token; /* from a callback under the lock: the token names no call */
    if (call->id == 0) {
        call->id = ++manager->last_call;
        map_insert(&manager->calls, &manager->allocator, &call->node, id_hash(call->id));
    }
    token.id = call->id;
    lock_release(&manager->lock);
    return token;
}

struct berth_call *hook_find_call(struct berth_manager *manager, uint64_t id)
{
    for (struct node *node = map_first(&manager->calls, id_hash(id)); node; node = map_next(node)) {
        struct berth_call *call = (struct berth_call *)node;

        if (call->id == id)
            return call;
    }
    return NULL;
}
