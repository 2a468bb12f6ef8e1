#include "ready.h"

/* How often calls that block may be nested in hooks on one thread: see docs/runtime.md. */
enum { MOST_NESTED = 16 };

static struct worker *innermost(const struct berth_manager *manager)
{
    thread_id self = thread_self();
    struct worker *worker = manager->workers;

    while (worker && !thread_same(worker->thread, self))
        worker = worker->next;
    return worker;
}

bool ready_inside(const struct berth_manager *manager)
{
    return innermost(manager) != NULL;
}

bool ready_is_loop(const struct berth_manager *manager)
{
    return manager->wake && manager->has_loop && thread_same(manager->loop, thread_self());
}

bool ready_too_deep(const struct berth_manager *manager)
{
    thread_id self = thread_self();
    unsigned nested = 0;

    for (const struct worker *at = manager->workers; at; at = at->next)
        nested += thread_same(at->thread, self);
    return nested >= MOST_NESTED;
}

void ready_wake(struct berth_manager *manager)
{
    const struct worker *self;

    if (!manager->wake)
        return;
    self = innermost(manager);
    if (self && self->polling)
        return;
    lock_enter_callback(&manager->lock);
    manager->wake(manager->wake_ctx);
    lock_leave_callback(&manager->lock);
}

void ready_add(struct operation *operation)
{
    struct berth_manager *manager = operation->call.manager;

    if (operation->ready)
        return;
    operation->ready = true;
    operation->next = NULL;
    if (manager->ready)
        manager->last_ready->next = operation;
    else
        manager->ready = operation;
    manager->last_ready = operation;
    manager->n_ready++;
    manager->n_unscheduled++;
    if (manager->ready == operation)
        ready_wake(manager);
#ifndef BERTH_NO_THREADS
    if (manager->loop_sleeper)
        sleeper_wake(manager->loop_sleeper);
#endif
}

bool ready_can_run(const struct operation *operation)
{
    const struct berth_manager *manager = operation->call.manager;

    if (!manager->ready || operation->done || operation->ran_ready)
        return false;
    if (!thread_same(operation->thread, thread_self()))
        return false; /* of another thread, which sleeps */
    return !manager->wake || ready_is_loop(manager);
}
