#include "scheduler.h"

#include "../base/store/memory.h"
#include "../model/stored/stored.h"
#include "../core/execute.h"
#include "../core/waiting/ready.h"
#include "deadline.h"
#include "waiters.h"

static void enter(struct berth_manager *manager, struct worker *self, bool polling)
{
    self->next = manager->workers;
    self->thread = thread_self();
    self->call = NULL;
    self->polling = polling;
    manager->workers = self;
}

static void leave(struct berth_manager *manager, const struct worker *self)
{
    struct worker **at = &manager->workers;

    while (*at != self)
        at = &(*at)->next;
    *at = self->next;
#ifndef BERTH_NO_THREADS
    if (manager->waits_for_idle)
        sleeper_wake(manager->waits_for_idle);
#endif
}

void scheduler_wait_idle(struct berth_manager *manager)
{
#ifndef BERTH_NO_THREADS
    struct sleeper sleeper;

    if (!manager->workers)
        return;
    sleeper_init(&sleeper);
    manager->waits_for_idle = &sleeper;
    while (manager->workers)
        (void)lock_wait(&manager->lock, &sleeper, BERTH_NO_DEADLINE);
    manager->waits_for_idle = NULL;
    sleeper_destroy(&sleeper);
#else
    (void)manager; /* a worker would be this thread */
#endif
}

static struct operation *pop_ready(struct berth_manager *manager)
{
    struct operation *operation = manager->ready;

    manager->ready = operation->next;
    manager->n_ready--;
    operation->ready = false;
    return operation;
}

/* Takes over the ready operations that no thread is on its way to. Returns their number. */
static uint64_t schedule(struct berth_manager *manager)
{
    uint64_t n =
        manager->n_unscheduled < manager->n_ready ? manager->n_unscheduled : manager->n_ready;

    manager->n_unscheduled = 0;
    return n;
}

/* The operation is over: calls its `done`, and does not touch it again. */
static void call_done(struct operation *operation, struct sleepers *woken)
{
    struct berth_manager *manager = operation->call.manager;
    berth_done *done = operation->done;
    void *arg = operation->done_arg;
    int code = operation->code;

    if (operation->watched)
        deadline_forget(operation);
    if (operation->block > 0)
        memory_free(&manager->allocator, operation, operation->block);
    manager_end_operation(manager);
    lock_release(&manager->lock);
    sleeper_wake_all(woken);
    done(arg, code);
    (void)lock_acquire(&manager->lock);
}

static void run_one(struct operation *operation)
{
    struct sleepers woken = {0};
    enum progress progress;

    while ((progress = execute_operation(operation, true)) == PROGRESS_RELEASED ||
           (progress == PROGRESS_STORE && manager_stored(operation->call.manager)->send(operation)))
        if (progress == PROGRESS_RELEASED)
            waiters_wake(operation, &woken);
    if (progress == PROGRESS_DONE)
        call_done(operation, &woken);
    else
        /* QUEUED, PENDING, STORE: it may call hooks, so not READY; only blocking calls are BUSY */
        deadline_watch(operation);
}

/* Runs `n` operations, and as many as this thread makes ready meanwhile. */
static void run_scheduled(struct berth_manager *manager, uint64_t n)
{
    for (; n > 0 && manager->ready; n += schedule(manager)) {
        n--;
        run_one(pop_ready(manager));
    }
}

void scheduler_run_slow(struct berth_manager *manager)
{
    struct worker self;

    if (manager->n_unscheduled == 0 || manager->wake || ready_inside(manager))
        return;
    enter(manager, &self, false);
    run_scheduled(manager, schedule(manager));
    leave(manager, &self);
}

void scheduler_leave(struct berth_manager *manager, struct sleepers *woken)
{
    if (manager->ready)
        sleeper_wake_all(woken);
    scheduler_run(manager);
    lock_release(&manager->lock);
    sleeper_wake_all(woken);
}

void scheduler_start(struct operation *operation)
{
    struct berth_manager *manager = operation->call.manager;
    struct worker self;

    if (ready_inside(manager)) {
        ready_add(operation);
        return;
    }
    enter(manager, &self, false);
    run_one(operation);
    if (!manager->wake)
        run_scheduled(manager, schedule(manager));
    leave(manager, &self);
}

void scheduler_poll(struct berth_manager *manager, bool all)
{
    struct worker self;

    if (!manager->ready || ready_inside(manager))
        return;
    enter(manager, &self, true);
    for (uint64_t n = manager->n_ready; n > 0 && manager->ready; n--)
        run_one(pop_ready(manager));
    if (!manager->wake && all)
        run_scheduled(manager, schedule(manager));
    leave(manager, &self);
    if (manager->ready)
        ready_wake(manager);
}

void scheduler_run_ready(struct operation *operation)
{
    struct berth_manager *manager = operation->call.manager;
    struct worker self;

    operation->ran_ready = true;
    enter(manager, &self, false);
    self.call = operation;
    (void)schedule(manager);
    run_scheduled(manager, manager->n_ready);
    leave(manager, &self);
}
