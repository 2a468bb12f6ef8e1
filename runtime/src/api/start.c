/* Started operations: start, cancel, poll. */
#include <string.h>

#include "../base/store/memory.h"
#include "../core/rows/hook.h"
#include "../core/drain.h"
#include "../core/execute.h"
#include "../core/waiting/ready.h"
#include "../core/resolve.h"
#include "../core/stored/persist.h"
#include "../model/stored/owner.h"
#include "../core/report/trace.h"
#include "../model/field.h"
#include "../sched/deadline.h"
#include "../sched/scheduler.h"
#include "../sched/waiters.h"

/* Cuts a part from a block. */
static void *cut(unsigned char **at, size_t size)
{
    void *part = *at;

    *at += size;
    return part;
}

/* Copies the arguments that have to outlive the caller's function into the block. */
static void copy_arguments(struct operation *operation, const berth_request *request,
                           unsigned char **at)
{
    const berth_operation *type = operation->type;
    const berth_resource *resource = &operation->call.manager->type->resources[type->resource];
    struct arguments *arguments = &operation->arguments;

    *arguments = (struct arguments){
        .reservation = request->reservation, .gives = request->gives, .by = request->by};
    if (request->config)
        arguments->config = memcpy(cut(at, type->levels * sizeof(void *)), request->config,
                                   type->levels * sizeof(void *));
    if (request->results && type->n_returns > 0)
        arguments->results = memcpy(cut(at, type->n_returns * sizeof(void *)), request->results,
                                    type->n_returns * sizeof(void *));
    if (request->at && (type->at > 0 || type->by > 0)) {
        size_t size =
            resource->assigned[(type->at > 0 ? type->at : type->by) - 1].n_parts * sizeof(uint32_t);

        arguments->at = memcpy(cut(at, (size + 7) / 8 * 8), request->at, size);
    }
    if (request->by && type->by > 0 && field_is_number(resource->assigned[type->by - 1].type))
        arguments->by =
            memcpy(cut(at, sizeof(uint64_t)), request->by, resource->assigned[type->by - 1].size);
}

/* Lays out the arrays of an initialized block. `request` NULL: drain. */
static void lay_out_block(struct operation *operation, const berth_request *request)
{
    const struct berth_manager *manager = operation->call.manager;
    unsigned char *at = (unsigned char *)operation + operation_head(manager);

    operation->levels =
        cut(&at, (request ? operation->type->levels : manager->max_levels) * sizeof(struct level));
    operation->out = cut(&at, manager->max_out);
    if (request)
        copy_arguments(operation, request, &at);
    else
        operation->drain = memset(cut(&at, sizeof(struct drain)), 0, sizeof(struct drain));
}

/* Refuses an operation that has failed: it never begins. */
static int refuse_operation(struct operation *operation)
{
    struct berth_manager *manager = operation->call.manager;
    int code = operation_refuse(operation);

    if (operation->block > 0)
        memory_free(&manager->allocator, operation, operation->block);
    return code;
}

/* Refuses an operation without a block. `name` NULL: it is not known. */
static int refuse_early(berth_manager *manager, const char *name, const berth_request *request,
                        berth_error *error, int code)
{
    const berth_error refusal = {
        .code = code, .manager = manager ? manager->type->name : NULL, .operation = name};

    if (request && request->gives)
        memset(request->gives, 0, sizeof(uuid_t));
    if (error)
        *error = name ? refusal : (berth_error){.code = code};
    if (manager && name)
        trace_refused_early(manager, &refusal,
                            request && !request->gives ? request->reservation : NULL);
    return code;
}

/* The caller's memory, else the allocator's. Managers with limits have none for it. */
static struct operation *find_block(const struct berth_manager *manager, void *op, size_t size)
{
    if (!op && manager->type->limits)
        return NULL;
    return op ? op : manager->allocator.alloc(manager->allocator.ctx, size);
}

/* The manager takes no more operations: `done` gets that. */
static void refuse_new(struct operation *operation)
{
    if (operation->drain)
        operation->discarded = true;
    else
        operation_fail(operation, stored_refuses(operation->call.manager), (struct where){0});
}

static int begin_operation(struct operation *operation)
{
    struct berth_manager *manager = operation->call.manager;
    int rc = lock_acquire(&manager->lock);

    if (rc != 0) {
        operation_fail(operation, rc, resolve_where(operation));
        return refuse_operation(operation);
    }
    manager->n_operations++;
    if (stored_refuses(manager) < 0)
        refuse_new(operation);
    if (operation->drain)
        drain_begin(operation);
    else if (operation->code != 0)
        (void)execute_finish(operation); /* denied by policy, which `done` gets; it owns no root */
    scheduler_start(operation);
    lock_release(&manager->lock);
    return 0;
}

/* An operation, or (`type` and `request` NULL) a drain. `owner` NULL: it has none. */
struct starting {
    const berth_operation *type;
    const berth_request *request;
    const char *owner;
    int64_t deadline;
    berth_error *error;
    void *op;
    berth_done *done;
    void *arg;
};

static int start(berth_manager *manager, const struct starting *starting)
{
    const berth_operation *type = starting->type;
    const berth_request *request = starting->request;

    const char *name = type ? type->name : "drain";
    size_t size = operation_size(manager, type);
    struct operation *operation;

    if (!starting->done)
        return refuse_early(manager, name, request, starting->error, -EINVAL);
    operation = find_block(manager, starting->op, size);
    if (!operation)
        return refuse_early(manager, name, request, starting->error, -ENOMEM);
    operation_init(operation, manager, type, starting->deadline);
    lay_out_block(operation, request);
    if (manager_stored(manager))
        persist_init(operation, starting->owner);
    operation->block = starting->op ? 0 : (uint16_t)size;
    operation->error = starting->error;
    operation->done = starting->done;
    operation->done_arg = starting->arg;
    if (type) {
        berth_refusal refusal = type->check(request, manager->options);

        operation_fail_request(operation, refusal);
        if (refusal.code != 0 && refusal.rule == 0)
            return refuse_operation(operation);
    }
    return begin_operation(operation);
}

int berth_manager_start(berth_manager *manager, const berth_request *request, berth_error *error,
                        void *op, berth_done *done, void *arg)
{
    if (error)
        memory_zero(error, sizeof *error);
    if (!manager || !request || request->operation == 0 ||
        request->operation > manager->type->n_operations)
        return refuse_early(manager, NULL, request, error, -EINVAL);
    return start(manager, &(struct starting){
                              .type = &manager->type->operations[request->operation],
                              .request = request,
                              .deadline = request->deadline,
                              .error = error,
                              .op = op,
                              .done = done,
                              .arg = arg,
                          });
}

int berth_stored_start(berth_manager *manager, const berth_stored_request *stored,
                       berth_error *error, void *op, berth_done *done, void *arg)
{
    const berth_request *request = stored ? &stored->request : NULL;
    const berth_operation *type;

    if (error)
        memory_zero(error, sizeof *error);
    if (!manager || !request || request->operation == 0 ||
        request->operation > manager->type->n_operations)
        return refuse_early(manager, NULL, request, error, -EINVAL);
    type = &manager->type->operations[request->operation];
    if ((type->flags & (BERTH_GIVES | BERTH_OWNED)) && !owner_is_valid(stored->owner))
        return refuse_early(manager, type->name, request, error, -EINVAL);
    return start(manager, &(struct starting){
                              .type = type,
                              .request = request,
                              .owner = stored->owner,
                              .deadline = request->deadline,
                              .error = error,
                              .op = op,
                              .done = done,
                              .arg = arg,
                          });
}

int berth_manager_drain_start(berth_manager *manager, int64_t deadline, berth_error *error,
                              void *op, berth_done *done, void *arg)
{
    if (error)
        memory_zero(error, sizeof *error);
    if (!manager)
        return refuse_early(NULL, NULL, NULL, error, -EINVAL);
    return start(manager,
                 &(struct starting){
                     .deadline = deadline, .error = error, .op = op, .done = done, .arg = arg});
}

static int cancel(struct operation *operation, struct sleepers *woken)
{
    if (operation->stage == STAGE_DONE)
        return -ENOENT;
    if (operation_is_new(operation)) {
        waiters_cancel(operation, -ECANCELED, woken);
        ready_add(operation);
    } else {
        hook_notify_cancel(operation);
    }
    return 0;
}

int berth_manager_cancel(berth_manager *manager, void *op)
{
    struct operation *operation = op;
    struct sleepers woken = {0};
    bool is_of = operation && operation->call.manager == manager;
    int rc = is_of ? manager_lock(manager) : -EINVAL;

    if (rc != 0)
        return rc;
    rc = cancel(operation, &woken);
    scheduler_leave(manager, &woken);
    return rc;
}

int berth_manager_poll(berth_manager *manager, int64_t *next_deadline)
{
    int rc = manager_lock(manager);

    if (rc != 0)
        return rc;
    manager->loop = thread_self();
    manager->has_loop = true;
    if (manager->deadlines)
        deadline_expire(manager, berth_now());
    scheduler_poll(manager, !next_deadline);
    if (next_deadline && manager->ready)
        *next_deadline = 0;
    else if (next_deadline)
        *next_deadline = manager->deadlines ? manager->deadlines->call.deadline : BERTH_NO_DEADLINE;
    lock_release(&manager->lock);
    return 0;
}
