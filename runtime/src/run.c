/* The blocking calls: they keep the operation on the stack and sleep where it has to wait. */
#include <errno.h>
#include <stdalign.h>
#include <string.h>

#include "call.h"
#include "dispatch.h"
#include "drain.h"
#include "error.h"
#include "memory.h"
#include "queue.h"
#include "reach.h"

#ifndef BERTH_NO_THREADS

static void give_up(struct operation *operation)
{
    if (operation->drain)
        drain_give_up(operation, -ETIMEDOUT);
    else
        operation_abandon(operation, -ETIMEDOUT);
}

/* Sleeps until there is something new. What is ready is anybody's now, and what becomes ready is the loop's, should that be this thread. */
static bool doze(struct operation *operation, int64_t deadline)
{
    struct berth_manager *manager = operation->call.manager;
    struct sleeper *sleeper = operation->sleeper;
    bool in_time;

    manager->n_unclaimed = manager->n_ready;
    if (dispatch_is_loop(manager))
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
    return operation->call.manager->wake && dispatch_can_help(operation);
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

/* An error before the operation began. */
static int fail_early(struct operation *operation)
{
    if (operation->type && (operation->type->flags & BERTH_GIVES) && operation->asked.gives)
        memset(operation->asked.gives, 0, sizeof(uuid_t));
    error_fill(operation->error, operation->call.operation, operation);
    return operation->code;
}

/* Runs what is ready before it waits for a root. It is in no queue meanwhile, so a discard does not find it. */
static void help_and_try_again(struct operation *operation)
{
    const struct berth_manager *manager = operation->call.manager;
    uint32_t discards = manager->n_discards;

    dispatch_help(operation);
    if (manager->n_discards != discards)
        operation_abandon(operation, -ECANCELED);
}

/* Runs what is ready before it waits for a completion. */
static void help_and_sleep(struct operation *operation)
{
    operation->helped = false; /* it may have run what was ready before it got its root: there is more now */
    if (dispatch_can_help(operation))
        dispatch_help(operation);
    sleep_on(operation);
}

static HOT int run(struct operation *operation, const berth_operation *type)
{
    struct berth_manager *manager = operation->call.manager;
    struct level levels[BERTH_MAX_LEVELS];
    alignas(max_align_t) unsigned char out[BERTH_MAX_OUT];
    int rc = lock_take(&manager->lock);

    if (rc == 0 && manager->dispatchers && dispatch_too_deep(manager)) {
        lock_drop(&manager->lock);
        rc = -EDEADLK;
    }
    if (rc != 0) {
        operation_fail(operation, rc, reach_place(operation));
        return fail_early(operation);
    }
    operation->levels = levels;
    operation->out = out;
    operation->thread = thread_self();
    manager->n_operations++;
    if (!type)
        drain_begin(operation);
    for (;;) {
        enum progress progress = operation_advance_as(operation, type, true);

        if (progress == PROGRESS_DONE)
            break;
        if (progress == PROGRESS_BUSY)
            help_and_try_again(operation);
        else if (progress == PROGRESS_PENDING)
            help_and_sleep(operation);
        else
            sleep_on(operation);
    }
    manager->n_operations--;
    dispatch(manager);
    lock_drop(&manager->lock);
    return operation->code;
}

HOT int berth_manager_run(berth_manager *manager, const berth_request *request, berth_error *error)
{
    const berth_operation *type;
    struct operation operation;

    if (error)
        memory_zero(error, sizeof *error);
    if (!manager || !request || request->operation == 0 || request->operation > type_of(manager)->n_operations) {
        if (error)
            error->code = -EINVAL;
        if (request && request->gives)
            memset(request->gives, 0, sizeof(uuid_t));
        return -EINVAL;
    }
    type = &type_of(manager)->operations[request->operation];
    operation_init(&operation, manager, type->name, request->deadline);
    operation.type = type;
    operation.asked = (struct asked){
        .config = request->config,
        .reservation = request->reservation,
        .gives = request->gives,
        .at = request->at,
        .by = request->by,
        .results = request->results,
    };
    operation.error = error;
    reach_check(&operation, type, request);
    if (operation.code == 0 && type->n_denies > 0)
        reach_policy(&operation, type);
    if (operation.code != 0)
        return fail_early(&operation);
    return run(&operation, type);
}

int berth_manager_drain(berth_manager *manager, int64_t deadline, berth_error *error)
{
    struct operation operation;
    struct drain drain = {0};

    if (error)
        memory_zero(error, sizeof *error);
    if (!manager) {
        if (error)
            error->code = -EINVAL;
        return -EINVAL;
    }
    operation_init(&operation, manager, "drain", deadline);
    operation.drain = &drain;
    operation.error = error;
    return run(&operation, NULL);
}
