#include "wait.h"

#include "../core/rows/hook.h"
#include "../model/stored/stored.h"
#include "../core/drain.h"
#include "../core/waiting/queue.h"
#include "../core/waiting/ready.h"
#include "scheduler.h"
#include "waiters.h"

#ifndef BERTH_NO_THREADS

static void time_out(struct operation *operation)
{
    struct sleepers nobody = {0}; /* it owns no root */

    if (operation->drain)
        drain_skip_root(operation, &operation->queued->instance, -ETIMEDOUT);
    else
        waiters_cancel(operation, -ETIMEDOUT, &nobody);
}

/*
 * Sleeps until it is woken or the deadline passes. Other threads may run the ready list now. If
 * this is the loop's thread, it is woken for new work.
 */
static enum sleep sleep_once(struct operation *operation, int64_t deadline)
{
    struct berth_manager *manager = operation->call.manager;
    struct sleeper *sleeper = operation->sleeper;
    enum sleep slept;

    manager->n_unscheduled = manager->n_ready;
    if (ready_is_loop(manager))
        manager->loop_sleeper = sleeper;
    slept = lock_wait(&manager->lock, sleeper, deadline);
    if (slept == SLEEP_LEFT)
        return slept;
    if (manager->loop_sleeper == sleeper)
        manager->loop_sleeper = NULL;
    operation->ran_ready = false;
    return slept;
}

/* With `wake` only the loop's thread runs the ready list, and the call may wait for that. */
static bool is_needed(const struct operation *operation)
{
    return operation->call.manager->wake && ready_can_run(operation);
}

/* False: the operation is over, and the lock is not held. */
static bool sleep_for_root(struct operation *operation)
{
    while (operation->waits) {
        enum sleep slept;

        if (is_needed(operation)) {
            /* while it runs others: calls from their hooks would queue behind it */
            queue_leave(operation);
            break;
        }
        slept = sleep_once(operation, operation->call.deadline);
        if (slept == SLEEP_LEFT)
            return false;
        if (slept == SLEEP_LATE && operation->waits)
            time_out(operation);
    }
    return true;
}

static void sleep_for_completion(struct operation *operation)
{
    struct berth_call *call = &operation->call;

    while (operation_waits(operation)) {
        if (is_needed(operation))
            scheduler_run_ready(operation);
        else if (sleep_once(operation,
                            atomic_load(&call->cancelled) ? BERTH_NO_DEADLINE : call->deadline) ==
                     SLEEP_LATE &&
                 operation_waits(operation))
            hook_notify_cancel(operation);
    }
}

/* False: as sleep_for_root(). A pending call is not over. */
static bool sleep_on(struct operation *operation)
{
    struct sleeper sleeper;
    bool goes_on;

    sleeper_init(&sleeper);
    operation->sleeper = &sleeper;
    goes_on = sleep_for_root(operation);
    if (goes_on)
        sleep_for_completion(operation);
    operation->sleeper = NULL;
    sleeper_destroy(&sleeper);
    return goes_on;
}

#else

/* Without threads a call never waits: that is an error. */
static bool sleep_on(struct operation *operation)
{
    (void)operation;
    return true;
}

#endif

/* Runs the ready list. It is in no queue meanwhile: see waiters_discard_busy(). */
static void run_ready_and_retry(struct operation *operation)
{
    struct instance *root = &operation->queued->instance;

    instance_ref(root);
    scheduler_run_ready(operation);
    instance_unref(operation->call.manager, root);
}

/* Runs the ready list before it waits for a completion. */
static bool run_ready_and_sleep(struct operation *operation)
{
    /* it may have run the list before it got its root: there may be more now */
    operation->ran_ready = false;
    if (ready_can_run(operation))
        scheduler_run_ready(operation);
    return sleep_on(operation);
}

/*
 * Sends commits. Started operations whose commits are durable now run before the operation goes on:
 * its next hook may take long.
 */
static bool send_and_sleep(struct operation *operation)
{
    bool is_durable = manager_stored(operation->call.manager)->send(operation);

    operation->ran_ready = false;
    if (ready_can_run(operation))
        scheduler_run_ready(operation);
    return is_durable || sleep_on(operation);
}

/*
 * Wakes the waiters of its root. If the operation is over, the thread wakes sleepers last, without
 * the lock: they may want the lock, and may take this processor.
 */
static bool wake_waiters(struct operation *operation)
{
    struct berth_manager *manager = operation->call.manager;
    struct sleepers woken = {0};

    waiters_wake(operation, &woken);
    if (operation->stage != STAGE_DONE)
        return true;
    manager_end_operation(manager);
    scheduler_leave(manager, &woken);
    return false;
}

bool wait_for(struct operation *operation, enum progress progress)
{
    switch (progress) {
    case PROGRESS_RELEASED:
        return wake_waiters(operation);
    case PROGRESS_BUSY:
        run_ready_and_retry(operation);
        return true;
    case PROGRESS_PENDING:
        return run_ready_and_sleep(operation);
    case PROGRESS_STORE:
        return send_and_sleep(operation);
    default: /* PROGRESS_QUEUED */
        return sleep_on(operation);
    }
}
