/* The blocking calls: they keep the operation on the stack and sleep where it has to wait. */
#include <stdalign.h>
#include <string.h>

#include "drain.h"
#include "error.h"
#include "queue.h"
#include "reach.h"

#ifndef BERTH_NO_THREADS

static void give_up(struct operation *operation)
{
    if (operation->drain) {
        drain_give_up(operation, -ETIMEDOUT);
        return;
    }
    queue_leave(operation);
    operation_fail(operation, -ETIMEDOUT, (struct where){0});
    operation_finish(operation);
}

static void sleep_on(struct operation *operation, enum progress why)
{
    struct lock *lock = &operation->call.manager->lock;
    struct sleeper sleeper;

    sleeper_init(&sleeper);
    operation->sleeper = &sleeper;
    if (why == PROGRESS_PENDING) {
        while (!operation->call.completed)
            (void)sleeper_wait(&sleeper, lock, BERTH_NO_DEADLINE);
    } else {
        while (operation->queued)
            if (!sleeper_wait(&sleeper, lock, operation->call.deadline) && operation->queued)
                give_up(operation);
    }
    operation->sleeper = NULL;
    sleeper_destroy(&sleeper);
}

#else

/* Without threads nothing has to wait: a root that is taken is the caller's own, and a call that is pending counts as uncertain. */
static void sleep_on(struct operation *operation, enum progress why)
{
    (void)operation;
    (void)why;
}

#endif

/* An error before the operation began. */
static int refuse(struct operation *operation)
{
    if (operation->type && (operation->type->flags & BERTH_GIVES) && operation->request->gives)
        memset(operation->request->gives, 0, sizeof(uuid_t));
    error_fill(operation->error, operation->call.operation, operation);
    return operation->code;
}

static int run(struct operation *operation)
{
    struct berth_manager *manager = operation->call.manager;
    alignas(max_align_t) unsigned char out[BERTH_MAX_OUT];
    int rc = lock_take(&manager->lock);

    if (rc != 0) {
        operation_fail(operation, rc, (struct where){0});
        return refuse(operation);
    }
    operation->out = out;
    operation->thread = thread_self();
    manager->n_operations++;
    if (operation->drain)
        drain_begin(operation);
    for (enum progress progress = operation_advance(operation, true); progress != PROGRESS_DONE;
         progress = operation_advance(operation, true))
        sleep_on(operation, progress);
    manager->n_operations--;
    lock_drop(&manager->lock);
    return operation->code;
}

int berth_manager_run(berth_manager *manager, const berth_request *request, berth_error *error)
{
    struct operation operation;

    if (error)
        *error = (berth_error){0};
    if (!manager || !request || request->operation == 0 || request->operation > manager->type->n_operations) {
        if (error)
            error->code = -EINVAL;
        if (request && request->gives)
            memset(request->gives, 0, sizeof(uuid_t));
        return -EINVAL;
    }
    memset(&operation, 0, sizeof operation);
    operation.type = &manager->type->operations[request->operation];
    operation.request = request;
    operation.error = error;
    operation.call.manager = manager;
    operation.call.operation = operation.type->name;
    operation.call.deadline = request->deadline;
    reach_check(&operation);
    if (operation.code != 0)
        return refuse(&operation);
    return run(&operation);
}

int berth_manager_drain(berth_manager *manager, int64_t deadline, berth_error *error)
{
    struct operation operation;
    struct drain drain = {0};

    if (error)
        *error = (berth_error){0};
    if (!manager) {
        if (error)
            error->code = -EINVAL;
        return -EINVAL;
    }
    memset(&operation, 0, sizeof operation);
    operation.drain = &drain;
    operation.error = error;
    operation.call.manager = manager;
    operation.call.operation = "drain";
    operation.call.deadline = deadline;
    return run(&operation);
}
