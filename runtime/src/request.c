/* A blocking call, from its arguments to its end: it keeps the operation on the stack. */
#include "request.h"

#include <errno.h>
#include <stdalign.h>
#include <string.h>

#include "advance.h"
#include "dispatch.h"
#include "drain.h"
#include "look_up.h"
#include "memory.h"
#include "reach.h"
#include "ready.h"
#include "wait.h"

/*
 * Compilers set neighbouring members at once, and each is read soon after. A processor hands over what it has not written to its cache yet, but not
 * when that lies across two lines of it. Small machines have neither such lines nor stack for them.
 */
#ifdef __LP64__
#define LINE alignas(64)
#else
#define LINE
#endif

HOT int operation_run(struct operation *operation, const berth_operation *type)
{
    struct berth_manager *manager = operation->call.manager;
    struct level levels[BERTH_MAX_LEVELS];
    alignas(max_align_t) unsigned char out[BERTH_MAX_OUT];
    int rc = lock_take(&manager->lock);

    if (rc == 0 && manager->dispatchers && ready_too_deep(manager)) {
        lock_drop(&manager->lock);
        rc = -EDEADLK;
    }
    if (rc != 0) {
        operation_fail(operation, rc, reach_place(operation));
        return operation_refuse(operation);
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
        if (!wait_for(operation, progress))
            return operation->code;
    }
    manager->n_operations--;
    dispatch(manager);
    lock_drop(&manager->lock);
    return operation->code;
}

HOT int request_run(berth_manager *manager, const berth_request *request, berth_error *error)
{
    const berth_operation *type;
    LINE struct operation operation;

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
        return operation_refuse(&operation);
#ifndef BERTH_NO_THREADS
    if (is_look_up(type) && look_up_run(&operation, type))
        return operation.code;
#endif
    return operation_run(&operation, type);
}
