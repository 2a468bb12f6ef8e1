#include "wait.h"

#include "call.h"
#include "dispatch.h"
#include "drain.h"
#include "handover.h"
#include "queue.h"
#include "ready.h"

#ifndef BERTH_NO_THREADS

static void give_up(struct operation *operation)
{
    if (operation->drain)
        drain_give_up(operation, -ETIMEDOUT);
    else
        handover_abandon(operation, -ETIMEDOUT);
}

/* Sleeps until there is something new. What is ready is anybody's now, and what becomes ready is the loop's, should that be this thread. */
static bool doze(struct operation *operation, int64_t deadline)
{
    struct berth_manager *manager = operation->call.manager;
    struct sleeper *sleeper = operation->sleeper;
    bool in_time;

    manager->n_unclaimed = manager->n_ready;
    if (ready_is_loop(manager))
        manager->loop_sleeper = sleeper;
    in_time = sleeper_wait(sleeper, &manager->lock, deadline);
    if (manager->loop_sleeper == sleeper)
        manager->loop_sleeper = NULL;
    operation->helped = false;
    return in_time;
}

/* With `wake` nobody but the loop's thread runs what has become ready meanwhile: not even what this call waits for. */
static bool is_needed(const struct operation *operation)
{
    return operation->call.manager->wake && ready_can_help(operation);
}

static void sleep_for_root(struct operation *operation)
{
    while (operation->waits) {
        if (is_needed(operation))
            queue_leave(operation); /* while it runs others: a call that it makes from their hooks could not get past it */
        else if (!doze(operation, operation->call.deadline) && operation->waits)
            give_up(operation);
    }
}

static void sleep_for_completion(struct operation *operation)
{
    struct berth_call *call = &operation->call;

    while (operation_waits(operation)) {
        if (is_needed(operation))
            dispatch_help(operation);
        else if (!doze(operation, atomic_load(&call->cancelled) ? BERTH_NO_DEADLINE : call->deadline) && operation_waits(operation))
            call_tell(operation);
    }
}

static void sleep_on(struct operation *operation)
{
    struct sleeper sleeper;

    sleeper_init(&sleeper);
    operation->sleeper = &sleeper;
    sleep_for_root(operation);
    sleep_for_completion(operation);
    operation->sleeper = NULL;
    sleeper_destroy(&sleeper);
}

#else

/* Without threads nothing has to wait: a root that is taken, or a call that is pending, is an error. */
static void sleep_on(struct operation *operation)
{
    (void)operation;
}

#endif

/* Runs what is ready before it waits for a root. It is in no queue meanwhile, so a discard does not find it. */
static void help_and_try_again(struct operation *operation)
{
    const struct berth_manager *manager = operation->call.manager;
    uint32_t discards = manager->n_discards;

    dispatch_help(operation);
    if (manager->n_discards != discards)
        handover_abandon(operation, -ECANCELED);
}

/* Runs what is ready before it waits for a completion. */
static void help_and_sleep(struct operation *operation)
{
    operation->helped = false; /* it may have run what was ready before it got its root: there is more now */
    if (ready_can_help(operation))
        dispatch_help(operation);
    sleep_on(operation);
}

void wait_for(struct operation *operation, enum progress progress)
{
    if (progress == PROGRESS_RELEASED)
        handover(operation);
    else if (progress == PROGRESS_BUSY)
        help_and_try_again(operation);
    else if (progress == PROGRESS_PENDING)
        help_and_sleep(operation);
    else
        sleep_on(operation);
}
