#include "call.h"

#include <stdalign.h>
#include <string.h>

#include "dispatch.h"
#include "engine.h"

int64_t berth_call_deadline(const berth_call *call)
{
    return call->deadline;
}

bool berth_call_cancelled(const berth_call *call)
{
    return atomic_load(&call->cancelled) || (call->deadline != BERTH_NO_DEADLINE && call->deadline <= berth_now());
}

void call_tell(struct operation *operation)
{
    struct berth_call *call = &operation->call;
    berth_notify *notify = call->notify;

    call->notify = NULL;
    atomic_store(&call->cancelled, true);
    if (!notify)
        return;
    lock_open(&call->manager->lock);
    notify(call->notify_ctx);
    lock_close(&call->manager->lock);
}

int berth_call_on_cancel(berth_call *call, berth_notify *notify, void *ctx)
{
    int rc = lock_take(&call->manager->lock);

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
    lock_drop(&call->manager->lock);
    return rc;
}

const char *berth_call_hook(const berth_call *call)
{
    return type_of(call->manager)->hooks[call->hook].name;
}

const char *berth_call_operation(const berth_call *call)
{
    return call->operation;
}

/* Ids count up, so any mix of their bits that is one-to-one will do. */
static uint32_t id_hash(uint64_t id)
{
    return (uint32_t)((id * UINT64_C(0x9e3779b97f4a7c15)) >> 32);
}

berth_token berth_call_token(berth_call *call)
{
    struct berth_manager *manager = call->manager;
    berth_token token = {.manager = manager, .id = 0};

    if (lock_take(&manager->lock) != 0)
        return token; /* from a callback that has no call of its own: names nothing */
    if (call->id == 0) {
        call->id = ++manager->last_call;
        map_insert(&manager->calls, &manager->allocator, &call->node, id_hash(call->id));
    }
    token.id = call->id;
    lock_drop(&manager->lock);
    return token;
}

static struct berth_call *find_call(struct berth_manager *manager, uint64_t id)
{
    for (struct node *node = map_first(&manager->calls, id_hash(id)); node; node = map_next(node)) {
        struct berth_call *call = (struct berth_call *)node;

        if (call->id == id)
            return call;
    }
    return NULL;
}

/* Nobody can complete it from here on, and nobody is told. */
static HOT void close_call(struct berth_call *call)
{
    call->notify = NULL;
    if (call->id > 0 && !call->completed)
        map_remove(&call->manager->calls, &call->node);
}

static bool is_failure(int result)
{
    return result < 0 && result > -BERTH_UNCERTAIN_BASE;
}

static bool is_uncertain(int result)
{
    return result < 0 && is_failure(result + BERTH_UNCERTAIN_BASE);
}

static int complete(struct berth_manager *manager, uint64_t id, int result, const void *out, uint32_t out_size)
{
    struct berth_call *call = find_call(manager, id);
    struct operation *operation = (struct operation *)call;

    if (!call)
        return -ENOENT;
    if (out_size != (out ? call->out_size : 0))
        return -EINVAL;
    close_call(call);
    call->completed = true;
    call->result = result;
    if (out_size > 0) {
        call->out_given = true;
        memcpy(operation->out, out, out_size);
    }
    if (operation->stage == STAGE_CALLED) /* else its hook has not returned, and its thread sees to it */
        operation_wake(operation);
    return 0;
}

int berth_complete(berth_token token, int result, const void *out, uint32_t out_size)
{
    int rc;

    if (!token.manager || (result != 0 && !is_failure(result) && !is_uncertain(result)))
        return -EINVAL;
    rc = lock_take(&token.manager->lock);
    if (rc != 0)
        return rc;
    rc = complete(token.manager, token.id, result, out, out_size);
    dispatch(token.manager);
    lock_drop(&token.manager->lock);
    return rc;
}

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

HOT bool call_hook(struct operation *operation)
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
    close_call(call);
    call->completed = true;
    call->result = result;
    return true;
}

HOT void call_settle(struct operation *operation, const berth_operation *type)
{
    struct berth_call *call = &operation->call;
    struct berth_manager *manager = call->manager;

    if (call->result == 0) {
        if (call->out_size > 0)
            type_of(manager)->accept(call->hook, operation->out, instance_view(manager, operation->levels[operation->level].instance));
        engine_settle(operation, type, BERTH_OK, 0);
    } else if (is_failure(call->result)) {
        engine_settle(operation, type, BERTH_FAILED, call->result);
    } else {
        engine_settle(operation, type, BERTH_UNSURE, is_uncertain(call->result) ? call->result + BERTH_UNCERTAIN_BASE : -EPROTO);
    }
}
