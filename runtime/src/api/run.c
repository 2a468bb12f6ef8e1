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
#include "../core/stored/persist.h"
#include "../model/stored/owner.h"
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

/* The manager takes no more operations. */
static cold int refuse_run(struct operation *operation)
{
    struct berth_manager *manager = operation->call.manager;

    operation_fail(operation, stored_refuses(manager), (struct where){0});
    lock_release(&manager->lock);
    return operation_refuse(operation);
}

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
    if (rc == 0 && stored_refuses(manager) < 0)
        return refuse_run(operation);
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
    manager_end_operation(manager);
    scheduler_run(manager);
    lock_release(&manager->lock);
    return operation->code;
}

/* Runs a request on the general path, or fails it for a refusal. */
static inline int run_in(struct operation *operation, berth_manager *manager,
                         const berth_operation *type, const berth_request *request,
                         berth_refusal refusal, const struct fast *fast, berth_error *error)
{
    operation_init(operation, manager, type, request->deadline);
    operation->arguments = (struct arguments){
        .config = request->config,
        .reservation = request->reservation,
        .gives = request->gives,
        .at = request->at,
        .by = request->by,
        .results = request->results,
    };
    operation->error = error;
    if (refusal.code == 0)
        return run_operation(operation, fast);
    operation_fail_request(operation, refusal);
    return operation_refuse(operation);
}

static noinline int run_request(berth_manager *manager, const berth_operation *type,
                                const berth_request *request, berth_refusal refusal,
                                const struct fast *fast, berth_error *error)
{
    CACHE_ALIGNED struct operation operation;

    return run_in(&operation, manager, type, request, refusal, fast, error);
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

/* A look-up of a manager that is lost may have seen that everything is gone. */
static int look_up(struct fast *fast, berth_manager *manager, const berth_operation *type,
                   const berth_request *request, berth_error *error)
{
    int rc = fast_look_up(fast, manager, type, request, error);

    return stored_refuses(manager) < 0 ? FAST_NOT : rc;
}

static noinline int run_stored_request(berth_manager *manager, const berth_operation *type,
                                       const berth_stored_request *stored, berth_refusal refusal,
                                       const struct fast *fast, berth_error *error)
{
    struct stored_block block;

    block.operation.call.manager = manager;
    persist_init(&block.operation, stored->owner);
    return run_in(&block.operation, manager, type, &stored->request, refusal, fast, error);
}

int berth_stored_run(berth_manager *manager, const berth_stored_request *stored, berth_error *error)
{
    const berth_request *request = stored ? &stored->request : NULL;
    const berth_operation *type;
    struct fast fast;
    berth_refusal refusal;

    if (!manager || !request || request->operation == 0 ||
        request->operation > manager->type->n_operations)
        return berth_manager_run(NULL, request, error);
    if (error)
        memory_zero(error, sizeof *error);
    type = &manager->type->operations[request->operation];
    if ((type->flags & (BERTH_GIVES | BERTH_OWNED)) && !owner_is_valid(stored->owner))
        refusal = (berth_refusal){.code = -EINVAL};
    else
        refusal = type->check(request, manager->options);
    fast.locked = false;
    if (refusal.code == 0 && (type->flags & BERTH_LOOK_UP)) {
        int rc = look_up(&fast, manager, type, request, error);

        if (rc != FAST_NOT)
            return rc;
    }
    return run_stored_request(manager, type, stored, refusal, &fast, error);
}

static int drain_in(struct operation *operation, struct drain *drain, berth_manager *manager,
                    int64_t deadline, berth_error *error)
{
    operation_init(operation, manager, NULL, deadline);
    operation->drain = drain;
    operation->error = error;
    return run_operation(operation, NULL);
}

int berth_stored_drain(berth_manager *manager, int64_t deadline, berth_error *error)
{
    struct drain drain = {0};
    struct stored_block block;

    if (!manager)
        return berth_manager_drain(NULL, deadline, error);
    if (error)
        memory_zero(error, sizeof *error);
    block.operation.call.manager = manager;
    persist_init(&block.operation, NULL);
    return drain_in(&block.operation, &drain, manager, deadline, error);
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
    return drain_in(&operation, &drain, manager, deadline, error);
}
