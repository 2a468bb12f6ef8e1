#include "operation.h"

#include <string.h>

#include "call.h"
#include "deadline.h"
#include "dispatch.h"
#include "drain.h"
#include "engine.h"
#include "error.h"
#include "queue.h"
#include "reach.h"

/* What generated headers reserve for a block; see BERTH_OP_SIZE. */
_Static_assert(sizeof(struct operation) <= BERTH_OP_BASE, "BERTH_OP_BASE is too small");
_Static_assert(sizeof(struct level) <= BERTH_OP_LEVEL, "BERTH_OP_LEVEL is too small");
_Static_assert(sizeof(struct drain) <= BERTH_OP_DRAIN, "BERTH_OP_DRAIN is too small");

/* Pools of any number of parts and numbers of 8 bytes fit where the value that an operation finds by is kept. */
static size_t value_size(const struct berth_manager *manager, const berth_operation *type)
{
    const berth_assigned *assigned;

    if (type->at == 0 && type->by == 0)
        return 0;
    assigned = &type_of(manager)->resources[type->resource].assigned[(type->at > 0 ? type->at : type->by) - 1];
    return (assigned->n_parts * sizeof(uint32_t) + 15) / 8 * 8;
}

size_t operation_size(const struct berth_manager *manager, const berth_operation *type)
{
    size_t levels = type ? type->levels : manager->max_levels;
    size_t own = type ? (levels + type->n_returns) * sizeof(void *) + value_size(manager, type) : sizeof(struct drain);

    return sizeof(struct operation) + levels * sizeof(struct level) + own + manager->max_out;
}

void operation_fail(struct operation *operation, int code, struct where where)
{
    if (operation->code != 0)
        return;
    operation->code = code;
    operation->where = where;
}

void operation_load_path(struct operation *operation, struct instance *instance)
{
    if (instance->parent)
        operation_load_path(operation, instance->parent);
    (void)operation_load(operation, instance);
}

static HOT void commit(struct operation *operation)
{
    struct berth_manager *manager = operation->call.manager;

    operation->changed = false;
    for (unsigned i = 0; i < operation->n_levels; i++) {
        struct level *level = &operation->levels[i];

        if (level->flags & LEVEL_FRESH)
            instance_link(manager, level->instance);
        if (level->flags & LEVEL_CLEARED)
            level->instance->epoch++;
        if (level->flags & LEVEL_DROPPED)
            operation->reservation->pins[i].held = false;
        level->flags &= (uint8_t) ~(LEVEL_FRESH | LEVEL_CLEARED | LEVEL_DROPPED);
    }
    for (unsigned i = operation->n_levels; i-- > 0;)
        if ((operation->levels[i].flags & LEVEL_ENDED) && !operation->levels[i].instance->ended)
            instance_end(manager, operation->levels[i].instance);
}

HOT void operation_commit(struct operation *operation)
{
    if (operation->changed)
        commit(operation);
}

void operation_undo(struct operation *operation)
{
    for (unsigned i = operation->n_levels; i-- > 0;) {
        struct level *level = &operation->levels[i];

        level_restore(level);
        if (level->flags & LEVEL_FRESH) {
            instance_ref(level->instance); /* the level's own ref goes with operation_unload() */
            instance_unmake(operation->call.manager, level->instance);
        }
    }
}

/* Success: what the operation gives or ends. */
static HOT void settle_reservation(struct operation *operation, const berth_operation *type)
{
    struct reservation *reservation = operation->reservation;

    if (type->flags & BERTH_ENDS)
        UNROLL
    for (unsigned i = 0; i < type->levels; i++)
        operation->levels[i].instance->pins -= (operation->levels[i].flags & LEVEL_MINE) != 0;
    operation_commit(operation);
    if (type->flags & BERTH_GIVES) {
        UNROLL
        for (unsigned i = 0; i < type->levels; i++) {
            operation->levels[i].instance->pins++;
            reservation_pin(reservation, (uint8_t)i, operation->levels[i].instance);
        }
        reservation_link(operation->call.manager, reservation);
        memcpy(operation->asked.gives, reservation->id, sizeof(uuid_t));
    } else if (type->flags & BERTH_ENDS) {
        reservation_remove(operation->call.manager, reservation);
    }
}

static HOT void write_results(const struct operation *operation, const berth_operation *type)
{
    void *const *results = operation->asked.results;

    UNROLL
    for (uint8_t i = 0; results && i < type->n_returns; i++) {
        const berth_return *returns = &type->returns[i];

        if (!results[i])
            continue;
        if (operation->absent)
            memset(results[i], 0, returns->size);
        else
            memcpy(results[i],
                   (const char *)instance_view(operation->call.manager, operation->levels[returns->level].instance) + returns->view_offset,
                   returns->size);
    }
}

static HOT void end_operation(struct operation *operation, const berth_operation *type)
{
    if (operation->discarded) {
        operation->code = -ECANCELED;
        operation->where = (struct where){0};
    } else if (operation->code == 0) {
        settle_reservation(operation, type);
        write_results(operation, type);
        return;
    } else if (operation->called) {
        operation_commit(operation);
    } else {
        operation_undo(operation);
        if (operation->ahead && !operation->levels[0].instance->ended)
            instance_end(operation->call.manager, operation->levels[0].instance); /* its own making, and all below */
    }
    if (type->flags & BERTH_GIVES) {
        reservation_unmake(operation->call.manager, operation->reservation);
        memset(operation->asked.gives, 0, sizeof(uuid_t));
    }
    error_fill(operation->error, operation->call.operation, operation);
}

static HOT void finish(struct operation *operation, const berth_operation *type)
{
    if (type)
        end_operation(operation, type);
    else
        drain_end(operation);
    queue_release(operation);
    operation_unload(operation);
    if (operation->watched)
        deadline_forget(operation);
    operation->stage = STAGE_DONE;
}

void operation_finish(struct operation *operation)
{
    finish(operation, operation->type);
}

void operation_abandon(struct operation *operation, int code)
{
    struct root *root = operation->waits ? operation->queued : operation->root;

    if (operation->waits)
        queue_leave(operation);
    if (root && operation->n_levels == 0)
        operation_load(operation, &root->instance); /* for the error's key */
    operation_fail(operation, code, reach_place(operation));
    operation_finish(operation);
}

void operation_wake(struct operation *operation)
{
    if (operation->done)
        dispatch_ready(operation);
#ifndef BERTH_NO_THREADS
    else if (operation->sleeper)
        sleeper_wake(operation->sleeper);
#endif
}

/* The instances are there: off it goes. */
static HOT void begin_run(struct operation *operation)
{
    operation->stage = STAGE_RUN;
    operation->report = operation->called || (operation->call.manager->trace && engine_rehearse(operation));
}

/* True: it has to wait. */
static HOT bool reach(struct operation *operation, const berth_operation *type)
{
    bool waits = type ? reach_instances(operation, type) : drain_next(operation);

    if (!waits && operation->code == 0 && operation->n_levels > 0 && !operation->absent)
        begin_run(operation);
    return waits;
}

/*
 * Its first hook is to be called, but not on this thread. Until it is, the operation may be cancelled, and then nothing has happened: so it
 * goes back to where it has just got its root. One that has made its root stays: others find that, and queue up behind it.
 */
static void step_back(struct operation *operation)
{
    struct berth_manager *manager = operation->call.manager;

    operation->ahead = operation->levels[0].flags & LEVEL_FRESH;
    if (operation->ahead || manager->trace) { /* the trace has been told, and not twice */
        operation_commit(operation);
        operation->stage = STAGE_CALL;
        return;
    }
    operation_undo(operation);
    if (operation->type->flags & BERTH_GIVES)
        reservation_unmake(manager, operation->reservation);
    operation->reservation = NULL;
    operation_unload(operation);
    operation->changed = false;
    operation->in_step = false;
    operation->step = 0;
    operation->event = 0;
    operation->stage = STAGE_REACH;
}

HOT enum progress operation_advance_as(struct operation *operation, const berth_operation *type, bool may_call)
{
    for (;;) {
        switch (operation->stage) {
        case STAGE_REACH:
            if (reach(operation, type))
                return operation->waits ? PROGRESS_QUEUED : PROGRESS_BUSY;
            if (operation->stage == STAGE_REACH) { /* failed, or there is nothing to run on */
                finish(operation, type);
                return PROGRESS_DONE;
            }
            __attribute__((fallthrough));
        case STAGE_RUN:
            if (!engine_run(operation, type)) {
                if (!type) {
                    drain_settle(operation);
                    break;
                }
                finish(operation, type);
                return PROGRESS_DONE;
            }
            if (!may_call) {
                step_back(operation);
                return PROGRESS_READY;
            }
            operation_commit(operation);
            operation->stage = STAGE_CALL;
            __attribute__((fallthrough));
        case STAGE_CALL:
            if (!operation->discarded && !call_hook(operation)) {
                operation->stage = STAGE_CALLED;
                return PROGRESS_PENDING;
            }
            operation->stage = STAGE_CALLED;
            __attribute__((fallthrough));
        case STAGE_CALLED:
            if (operation->discarded) {
                finish(operation, type);
                return PROGRESS_DONE;
            }
            call_settle(operation, type);
            operation->stage = STAGE_RUN;
            break;
        default: /* STAGE_DONE */
            return PROGRESS_DONE;
        }
    }
}

enum progress operation_advance(struct operation *operation, bool may_call)
{
    return operation_advance_as(operation, operation->type, may_call);
}
