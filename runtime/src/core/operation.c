#include "operation.h"

#include <string.h>

#include "../model/stored/stored.h"
#include "report/error.h"
#include "report/trace.h"

/* The sizes in generated headers: see BERTH_OP_SIZE. */
_Static_assert(sizeof(struct operation) <= BERTH_OP_BASE, "BERTH_OP_BASE is too small");
_Static_assert(sizeof(struct level) <= BERTH_OP_LEVEL, "BERTH_OP_LEVEL is too small");
_Static_assert(sizeof(struct drain) <= BERTH_OP_DRAIN, "BERTH_OP_DRAIN is too small");

/* Bytes for the value that an operation finds by: the parts of a slot, or a number of 8 bytes. */
static size_t value_size(const struct berth_manager *manager, const berth_operation *type)
{
    const berth_assigned *assigned;

    if (type->at == 0 && type->by == 0)
        return 0;
    assigned = &manager->type->resources[type->resource]
                    .assigned[(type->at > 0 ? type->at : type->by) - 1];
    return (assigned->n_parts * sizeof(uint32_t) + 15) / 8 * 8;
}

size_t operation_size(const struct berth_manager *manager, const berth_operation *type)
{
    size_t levels = type ? type->levels : manager->max_levels;
    size_t own = type ? (levels + type->n_returns) * sizeof(void *) + value_size(manager, type)
                      : sizeof(struct drain);

    return operation_head(manager) + levels * sizeof(struct level) + own + manager->max_out;
}

bool operation_waits_for_store(const struct operation *operation)
{
    return manager_stored(operation->call.manager)->calls->waits(operation);
}

int operation_discard_code(const struct operation *operation)
{
    int code = stored_refuses(operation->call.manager);

    return code < 0 ? code : -ECANCELED;
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
    if (!instance->root)
        operation_load_path(operation, instance_above(instance));
    (void)operation_load(operation, instance);
}

void operation_undo(struct operation *operation)
{
    for (unsigned i = operation->n_levels; i-- > 0;) {
        struct level *level = &operation->levels[i];

        operation_restore_level(level);
        if (level->flags & LEVEL_FRESH) {
            instance_ref(level->instance); /* operation_unload() drops the level's own ref */
            instance_unmake(operation->call.manager, level->instance);
        }
    }
}

void operation_report_error(const struct operation *operation, const struct operation *by)
{
    error_fill(operation->error, operation->call.operation, by);
    trace_refusal(operation, by);
}

int operation_refuse(struct operation *operation)
{
    if (operation->type && (operation->type->flags & BERTH_GIVES) && operation->arguments.gives)
        memset(operation->arguments.gives, 0, sizeof(uuid_t));
    if (operation->call.manager->trace && lock_acquire(&operation->call.manager->lock) == 0) {
        operation_report_error(operation, operation);
        lock_release(&operation->call.manager->lock);
    } else {
        error_fill(operation->error, operation->call.operation, operation);
    }
    return operation->code;
}

bool operation_step_back(struct operation *operation)
{
    struct berth_manager *manager = operation->call.manager;

    operation->ahead = operation->levels[0].flags & LEVEL_FRESH;
    if (operation->ahead || manager->trace) /* the trace has heard of it, and must not hear twice */
        return false;
    operation_undo(operation);
    if (operation->type->flags & BERTH_GIVES)
        reservation_unmake(manager, operation->reservation, operation->type->levels);
    operation->reservation = NULL;
    operation_unload(operation);
    operation->changed = false;
    operation->in_step = false;
    operation->step = 0;
    operation->event = 0;
    operation->code = 0; /* a question without a hook has an error, and a hook may follow it */
    operation->where = (struct where){0};
    operation->stage = STAGE_RESOLVE;
    return true;
}
