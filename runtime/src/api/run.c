/* The blocking functions of the library. The operation is on the stack. */
#include <errno.h>
#include <stdalign.h>
#include <string.h>

#include "../base/store/memory.h"
#include "../core/drain.h"
#include "../core/execute.h"
#include "../core/fast.h"
#include "../core/waiting/ready.h"
#include "../core/resolve.h"
#include "../sched/scheduler.h"
#include "../sched/wait.h"

/*
 * Compilers set neighbouring members with one store, and later read single ones. Store forwarding
 * makes that fast, but not across two cache lines. Small machines have no such lines, and no stack
 * for the padding.
 */
#ifdef __LP64__
#define CACHE_ALIGNED alignas(64)
#else
#define CACHE_ALIGNED
#endif

/* Runs an operation to its end. `fast`: the result of fast_run(); NULL for a drain. */
static int run_operation(struct operation *operation, const struct fast *fast)
{
    struct berth_manager *manager = operation->call.manager;
    struct level levels[BERTH_MAX_LEVELS];
    alignas(max_align_t) unsigned char out[BERTH_MAX_OUT];
    int rc = fast && fast->locked ? 0 : lock_acquire(&manager->lock);

    if (rc == 0 && manager->workers && ready_too_deep(manager)) {
        lock_release(&manager->lock);
        rc = -EDEADLK;
    }
    if (rc != 0) {
        operation_fail(operation, rc, resolve_where(operation));
        return operation_refuse(operation);
    }
    operation->levels = levels;
    operation->out = out;
    operation->thread = thread_self();
    manager->n_operations++;
    if (operation->drain)
        drain_begin(operation);
    else if (fast->locked)
        fast_hand_on(fast, operation);
    for (;;) {
        enum progress progress = execute_operation(operation, true);

        if (progress == PROGRESS_DONE)
            break;
        if (!wait_for(operation, progress))
            return operation->code;
    }
    manager->n_operations--;
    scheduler_run(manager);
    lock_release(&manager->lock);
    return operation->code;
}

/* Runs a request on the general path, or fails it for a refusal. */
static noinline int run_request(berth_manager *manager, const berth_operation *type,
                                const berth_request *request, berth_refusal refusal,
                                const struct fast *fast, berth_error *error)
{
    CACHE_ALIGNED struct operation operation;

    operation_init(&operation, manager, type, request->deadline);
    operation.arguments = (struct arguments){
        .config = request->config,
        .reservation = request->reservation,
        .gives = request->gives,
        .at = request->at,
        .by = request->by,
        .results = request->results,
    };
    operation.error = error;
    if (refusal.code == 0)
        return run_operation(&operation, fast);
    operation_fail_request(&operation, refusal);
    return operation_refuse(&operation);
}

int berth_manager_run(berth_manager *manager, const berth_request *request, berth_error *error)
{
    const berth_operation *type;
    berth_refusal refusal;
    struct fast fast;

    if (error)
        memory_zero(error, sizeof *error);
    if (!manager || !request || request->operation == 0 ||
        request->operation > manager->type->n_operations) {
        if (error)
            error->code = -EINVAL;
        if (request && request->gives)
            memset(request->gives, 0, sizeof(uuid_t));
        return -EINVAL;
    }
    type = &manager->type->operations[request->operation];
    refusal = type->check(request, manager->options);
    if (refusal.code == 0) {
        int rc = fast_run(&fast, manager, type, request, error);

        if (rc != FAST_NOT)
            return rc;
    }
    return run_request(manager, type, request, refusal, &fast, error);
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
    operation_init(&operation, manager, NULL, deadline);
    operation.drain = &drain;
    operation.error = error;
    return run_operation(&operation, NULL);
}
