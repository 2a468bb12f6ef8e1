#include "recovery.h"

#include <errno.h>

#include "../../base/store/memory.h"
#include "../waiting/queue.h"

/* The one step has no event that takes or drops: the operation had the hold, not this one. */
static uint8_t other_event(const berth_resource *resource)
{
    uint8_t event = 1;

    while (event == resource->take || event == resource->drop)
        event++;
    return event;
}

static void set_type(struct recovery *recovery, const struct berth_manager *manager,
                     const struct instance *instance)
{
    const berth_resource *resource = instance_type(manager, instance);

    recovery->step = (berth_step){.level = resource->level, .event = other_event(resource)};
    recovery->type = (berth_operation){
        .name = "recover",
        .form = BERTH_FIND,
        .resource = instance->resource,
        .levels = (uint8_t)(resource->level + 1),
        .n_steps = 1,
        .steps = &recovery->step,
    };
    for (uint8_t i = 0; i < recovery->type.levels; i++)
        recovery->type.path[i] = manager_path_resource(manager->type, instance->resource, i);
}

static struct instance *root_of(const struct recovery *recovery)
{
    return recovery->levels[0].instance;
}

static void add_recovery(struct stored *stored, struct recovery *recovery)
{
    uint32_t serial = instance_entry(root_of(recovery))->serial;
    struct recovery **at = &stored->recoveries;

    while (*at && instance_entry(root_of(*at))->serial < serial)
        at = &(*at)->next;
    recovery->next = *at;
    *at = recovery;
}

static void begin_recovery(struct recovery *recovery)
{
    struct operation *operation = &recovery->block.operation;

    operation->stage = STAGE_RUN;
    operation->called = true; /* what it leads to stays, also if it fails */
    operation->report = true;
    operation->in_step = true;
    operation->step = 0;
    operation->event = recovery->event;
    operation->level = recovery->step.level;
}

int recovery_make(struct berth_manager *manager, struct instance *instance, uint8_t event)
{
    struct recovery *recovery = memory_alloc(&manager->allocator, sizeof *recovery);
    struct operation *operation;

    if (!recovery)
        return -ENOMEM;
    set_type(recovery, manager, instance);
    recovery->event = event;
    operation = &recovery->block.operation;
    operation_init(operation, manager, &recovery->type, BERTH_NO_DEADLINE);
    operation->levels = recovery->levels;
    operation->out = recovery->out;
    persist_init(operation, NULL);
    operation_load_path(operation, instance);
    queue_own(operation, instance_as_root(root_of(recovery)));
    persist_of(operation)->recovers = true;
    persist_of(operation)->intent = stored_instance(manager, root_of(recovery))->id;
    begin_recovery(recovery);
    add_recovery(manager->stored, recovery);
    return 0;
}

void recovery_prepare(struct recovery *recovery, int64_t deadline, berth_error *error)
{
    struct operation *operation = &recovery->block.operation;
    struct persist *persist = persist_of(operation);

    operation->call.deadline = deadline;
    operation->error = error;
    operation->thread = thread_self();
    if (!persist->refused)
        return;
    for (unsigned i = 0; i < operation->n_levels; i++) {
        operation_restore_level(&operation->levels[i]);
        operation->levels[i].flags = 0;
    }
    operation->code = 0;
    operation->where = (struct where){0};
    operation->changed = false;
    persist->refused = false;
    persist->at_end = false;
    begin_recovery(recovery);
}

void recovery_free(struct berth_manager *manager, struct recovery *recovery)
{
    memory_free(&manager->allocator, recovery, sizeof *recovery);
}
