#include "execute.h"

#include <string.h>

#include "../model/stored/stored.h"
#include "drain.h"
#include "rows/hook.h"
#include "waiting/queue.h"
#include "resolve.h"
#include "rows/steps.h"

static void write_changes(struct operation *operation)
{
    struct berth_manager *manager = operation->call.manager;

    operation->changed = false;
    for (unsigned i = 0; i < operation->n_levels; i++) {
        struct level *level = &operation->levels[i];

        if (level->flags & LEVEL_FRESH)
            instance_link(manager, level->instance);
        if (level->flags & LEVEL_CLEARED)
            drain_void_holds(manager, level);
        if (level->flags & LEVEL_DROPPED)
            operation->reservation->holds[i] = HOLD_DROPPED;
        level->flags &= (uint8_t) ~(LEVEL_FRESH | LEVEL_CLEARED | LEVEL_DROPPED);
    }
    for (unsigned i = operation->n_levels; i-- > 0;)
        if ((operation->levels[i].flags & LEVEL_ENDED) && !operation->levels[i].instance->ended)
            instance_end(manager, operation->levels[i].instance);
}

/* Brings the changes into the maps and the reservation. */
static void commit_changes(struct operation *operation)
{
    if (operation->changed)
        write_changes(operation);
}

static void fill_results(const struct operation *operation, const berth_operation *type)
{
    void *const *results = operation->arguments.results;

    for (unsigned i = 0; results && i < type->n_returns; i++)
        operation_fill_result(
            results[i], &type->returns[i],
            operation->absent ? NULL : operation->levels[type->returns[i].level].instance);
}

/* After success: links the reservation that is given, or removes the one that ends. */
static void commit_reservation(struct operation *operation, const berth_operation *type)
{
    struct reservation *reservation = operation->reservation;

    for (unsigned i = 0; (type->flags & BERTH_ENDS) && i < type->levels; i++)
        operation->levels[i].instance->holds -= (operation->levels[i].flags & LEVEL_MINE) != 0;
    commit_changes(operation);
    if (type->flags & BERTH_GIVES) {
        if (!manager_stored(operation->call.manager)) /* else it is linked by now */
            reservation_link(operation->call.manager, reservation,
                             operation->levels[type->levels - 1].instance, type->levels);
        memcpy(operation->arguments.gives, reservation->id, sizeof(uuid_t));
    } else if (type->flags & BERTH_ENDS) {
        reservation_remove(operation->call.manager, reservation, type->levels);
    }
}

/* Nothing has happened: takes back what the operation has changed. */
static void undo_changes(struct operation *operation)
{
    const struct stored *stored = manager_stored(operation->call.manager);

    if (stored)
        stored->calls->undo(operation);
    operation_undo(operation);
}

static void end_operation(struct operation *operation, const berth_operation *type)
{
    if (operation->discarded) {
        operation->code = operation_discard_code(operation);
        operation->where = (struct where){0};
    } else if (operation->code == 0) {
        commit_reservation(operation, type);
        fill_results(operation, type);
        return;
    } else if (operation->called) {
        commit_changes(operation);
    } else {
        undo_changes(operation);
        if (operation->ahead && !operation->levels[0].instance->ended)
            /* it has made this root, and all below it */
            instance_end(operation->call.manager, operation->levels[0].instance);
    }
    if (type->flags & BERTH_GIVES) {
        reservation_unmake(operation->call.manager, operation->reservation, type->levels);
        memset(operation->arguments.gives, 0, sizeof(uuid_t));
    }
    operation_report_error(operation, operation);
}

enum progress execute_finish(struct operation *operation)
{
    if (operation->type)
        end_operation(operation, operation->type);
    else
        drain_end(operation);
    if (manager_stored(operation->call.manager))
        manager_stored(operation->call.manager)->calls->end(operation);
    operation->stage = STAGE_DONE;
    if (!queue_release(operation))
        return PROGRESS_RELEASED;
    operation_unload(operation);
    return PROGRESS_DONE;
}

/* True: the operation has to wait, or to release a root. */
static bool resolve(struct operation *operation)
{
    bool waits = operation->type ? resolve_instances(operation) : drain_next(operation);

    if (!waits && operation->code == 0 && operation->n_levels > 0 && !operation->absent) {
        const struct stored *stored = manager_stored(operation->call.manager);

        if (stored)
            stored->calls->begin(operation);
        if (operation->code != 0)
            return false;
        operation->stage = STAGE_RUN;
        operation->report =
            operation->called || (operation->call.manager->trace && steps_dry_run(operation));
    }
    return waits;
}

/* A drain has released one instance. */
static void end_drop(struct operation *operation)
{
    if (operation->code == 0 || operation->called)
        commit_changes(operation);
    else
        undo_changes(operation);
    drain_finish_instance(operation);
}

/* Makes the changes durable, in a manager that has a store. KEPT_LATER: the operation waits. */
static enum kept keep_before(struct operation *operation, enum keep_before before)
{
    const struct stored *stored = manager_stored(operation->call.manager);

    return stored ? stored->calls->keep(operation, before) : KEPT;
}

/* The commit that the operation waited for is over. False: its end comes next. */
static bool resume(struct operation *operation, enum keep_before before, enum kept kept)
{
    if (operation->discarded) {
        if (!operation->drain || !operation->drain->lost)
            return false;
        drain_lose_root(operation);
    } else if (before == BEFORE_RETRY) {
        operation->stage = STAGE_RESOLVE;
    } else if (before == BEFORE_END ||
               (before != BEFORE_DROP && kept == KEPT_NOT && !operation->drain)) {
        return false;
    } else if (before == BEFORE_DROP || kept == KEPT_NOT) {
        end_drop(operation);
    } else {
        commit_changes(operation);
        operation->stage = STAGE_CALL;
    }
    return true;
}

/* The progress of an operation that could not get its instances. */
static enum progress stopped(const struct operation *operation)
{
    if (operation->stage == STAGE_STORE)
        return PROGRESS_STORE;
    if (operation->waits)
        return PROGRESS_QUEUED;
    return operation->root ? PROGRESS_RELEASED : PROGRESS_BUSY;
}

/* Runs the stages. PROGRESS_DONE: the end comes next, or is over. */
static enum progress execute_stages(struct operation *operation, bool may_call)
{
    enum keep_before before;
    enum kept kept;
    bool calls;

    for (;;) {
        switch (operation->stage) {
        case STAGE_RESOLVE:
            if (resolve(operation))
                return stopped(operation);
            if (operation->stage == STAGE_RESOLVE) /* it failed, or has no instance */
                return PROGRESS_DONE;
            __attribute__((fallthrough));
        case STAGE_RUN:
            calls = steps_run(operation);
            if (!calls && operation->type)
                return PROGRESS_DONE;
            if (calls && !may_call && operation_step_back(operation))
                return PROGRESS_READY;
            kept = keep_before(operation, calls ? BEFORE_CALL : BEFORE_DROP);
            if (kept == KEPT_LATER)
                return PROGRESS_STORE;
            if (!calls || kept != KEPT) {
                if (operation->type)
                    return PROGRESS_DONE;
                end_drop(operation);
                break;
            }
            commit_changes(operation);
            operation->stage = STAGE_CALL;
            if (!may_call)
                return PROGRESS_READY;
            __attribute__((fallthrough));
        case STAGE_CALL:
            if (!operation->discarded && !hook_call(operation)) {
                operation->stage = STAGE_CALLED;
                return PROGRESS_PENDING;
            }
            operation->stage = STAGE_CALLED;
            __attribute__((fallthrough));
        case STAGE_CALLED:
            if (operation->discarded && !(operation->drain && operation->drain->lost))
                return PROGRESS_DONE;
            if (operation->discarded) {
                drain_lose_root(operation);
                break;
            }
            hook_apply_outcome(operation);
            operation->stage = STAGE_RUN;
            break;
        case STAGE_STORE:
            kept = manager_stored(operation->call.manager)->calls->look(operation, &before);
            if (kept == KEPT_LATER)
                return PROGRESS_STORE;
            if (!resume(operation, before, kept))
                return PROGRESS_DONE;
            if (operation->stage == STAGE_CALL && !may_call)
                return PROGRESS_READY;
            break;
        default: /* STAGE_DONE */
            return PROGRESS_DONE;
        }
    }
}

enum progress execute_operation(struct operation *operation, bool may_call)
{
    enum progress progress = execute_stages(operation, may_call);

    if (progress != PROGRESS_DONE || operation->stage == STAGE_DONE)
        return progress;
    switch (keep_before(operation, BEFORE_END)) {
    case KEPT_LATER:
        return PROGRESS_STORE;
    case KEPT_AGAIN:
        return PROGRESS_DONE;
    default:
        return execute_finish(operation);
    }
}
