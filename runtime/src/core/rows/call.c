#include "call.h"

int64_t berth_call_deadline(const berth_call *call)
{
    return call->deadline;
}

bool berth_call_cancelled(const berth_call *call)
{
    return atomic_load(&call->cancelled) ||
           (call->deadline != BERTH_NO_DEADLINE && call->deadline <= berth_now());
}

void call_notify_cancel(struct operation *operation)
{
    struct berth_call *call = &operation->call;
    berth_notify *notify = call->notify;

    call->notify = NULL;
    atomic_store(&call->cancelled, true);
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

struct berth_call *call_find(struct berth_manager *manager, uint64_t id)
{
    for (struct node *node = map_first(&manager->calls, id_hash(id)); node; node = map_next(node)) {
        struct berth_call *call = (struct berth_call *)node;

        if (call->id == id)
            return call;
    }
    return NULL;
}
