#include "dispatch.h"

#include "../core/advance.h"
#include "../core/deadline.h"
#include "handover.h"
#include "../base/memory.h"
#include "../core/ready.h"

static void enter(struct berth_manager *manager, struct dispatcher *self, bool polling)
{
    self->next = manager->dispatchers;
    self->thread = thread_self();
    self->polling = polling;
    manager->dispatchers = self;
}

static void leave(struct berth_manager *manager, const struct dispatcher *self)
{
    struct dispatcher **at = &manager->dispatchers;

    while (*at != self)
        at = &(*at)->next;
    *at = self->next;
#ifndef BERTH_NO_THREADS
    if (manager->leaver)
        sleeper_wake(manager->leaver);
#endif
}

void dispatch_wait(struct berth_manager *manager)
{
#ifndef BERTH_NO_THREADS
    struct sleeper sleeper;

    if (!manager->dispatchers)
        return;
    sleeper_init(&sleeper);
    manager->leaver = &sleeper;
    while (manager->dispatchers)
        (void)sleeper_wait(&sleeper, &manager->lock, BERTH_NO_DEADLINE);
    manager->leaver = NULL;
    sleeper_destroy(&sleeper);
#else
    (void)manager; /* a thread at work would be this one */
#endif
}

static struct operation *take_ready(struct berth_manager *manager)
{
    struct operation *operation = manager->ready;

    manager->ready = operation->next;
    manager->n_ready--;
    operation->ready = false;
    return operation;
}

/* How many have become ready that no thread is on its way to: those are this one's now. */
static uint64_t claim(struct berth_manager *manager)
{
    uint64_t n = manager->n_unclaimed < manager->n_ready ? manager->n_unclaimed : manager->n_ready;

    manager->n_unclaimed = 0;
    return n;
}

/* The operation is over: tells, and touches it no more. */
static void tell_done(struct operation *operation, struct sleepers *woken)
{
    struct berth_manager *manager = operation->call.manager;
    berth_done *done = operation->done;
    void *arg = operation->done_arg;
    int code = operation->code;

    if (operation->block > 0)
        memory_give(&manager->allocator, operation, operation->block);
    manager->n_operations--;
    lock_drop(&manager->lock);
    sleepers_wake(woken);
    done(arg, code);
    (void)lock_take(&manager->lock);
}

static void run_one(struct operation *operation)
{
    struct sleepers woken = {0};
    enum progress progress;

    while ((progress = operation_advance(operation, true)) == PROGRESS_RELEASED)
        handover(operation, &woken);
    if (progress == PROGRESS_DONE)
        tell_done(operation, &woken);
    else
        deadline_watch(operation);
}

/* Runs `n`, and what this thread makes ready meanwhile. */
static void run_claimed(struct berth_manager *manager, uint64_t n)
{
    for (; n > 0 && manager->ready; n += claim(manager)) {
        n--;
        run_one(take_ready(manager));
    }
}

void dispatch_claimed(struct berth_manager *manager)
{
    struct dispatcher self;

    if (manager->n_unclaimed == 0 || manager->wake || ready_inside(manager))
        return;
    enter(manager, &self, false);
    run_claimed(manager, claim(manager));
    leave(manager, &self);
}

void dispatch_leave(struct berth_manager *manager, struct sleepers *woken)
{
    if (manager->ready)
        sleepers_wake(woken);
    dispatch(manager);
    lock_drop(&manager->lock);
    sleepers_wake(woken);
}

void dispatch_new(struct operation *operation)
{
    struct berth_manager *manager = operation->call.manager;
    struct dispatcher self;

    if (ready_inside(manager)) {
        ready_add(operation);
        return;
    }
    enter(manager, &self, false);
    run_one(operation);
    if (!manager->wake)
        run_claimed(manager, claim(manager));
    leave(manager, &self);
}

void dispatch_poll(struct berth_manager *manager, bool all)
{
    struct dispatcher self;

    if (!manager->ready || ready_inside(manager))
        return;
    enter(manager, &self, true);
    for (uint64_t n = manager->n_ready; n > 0 && manager->ready; n--)
        run_one(take_ready(manager));
    if (!manager->wake && all)
        run_claimed(manager, claim(manager));
    leave(manager, &self);
    if (manager->ready)
        ready_wake(manager);
}

void dispatch_help(struct operation *operation)
{
    struct berth_manager *manager = operation->call.manager;
    struct dispatcher self;

    operation->helped = true;
    enter(manager, &self, false);
    (void)claim(manager);
    run_claimed(manager, manager->n_ready);
    leave(manager, &self);
}
