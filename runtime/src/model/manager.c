/* The block of a manager: its parts, its tables, and its end. */
#include "manager.h"

#include <string.h>

#include <berth/arena.h>

#include "../base/store/memory.h"
#include "stored/stored.h"
#include "tracked/instance.h"
#include "options.h"
#include "tracked/pending_drains.h"
#include "tracked/reservation.h"
#include "tracked/values.h"

/* Aligns to a unit, which is enough for each part. On i386 max_align_t depends on the compiler. */
static size_t align(size_t size)
{
    size_t unit = BERTH_ARENA_UNIT;

    return (size + unit - 1) / unit * unit;
}

/* The number of assigned values of all resources. */
static uint32_t count_values(const berth_manager_type *type)
{
    uint32_t n = 0;

    for (unsigned i = 1; i <= type->n_resources; i++)
        n += type->resources[i].n_assigned;
    return n;
}

void manager_plan(const berth_manager_type *type, berth_storage_size text,
                  struct manager_plan *plan)
{
    plan->text = text;
    plan->layouts = align(sizeof(struct berth_manager));
    plan->values = align(plan->layouts + (type->n_resources + 1u) * sizeof(struct layout));
    plan->backend = align(plan->values + count_values(type) * sizeof(struct value));
    plan->options = align(plan->backend + type->backend_size);
    plan->storage = align(plan->options + type->options_size);
    plan->end =
        plan->storage + (size_t)plan->text.items * sizeof(const char *) + (size_t)plan->text.text;
}

static uint64_t pool_size(const struct berth_manager *manager, const berth_assigned *assigned)
{
    uint64_t size = 1;

    for (uint8_t i = 0; i < assigned->n_parts; i++) {
        uint64_t n = values_part_size(manager, &assigned->parts[i]);

        if (n > 0 && size > UINT64_MAX / n)
            return 0;
        size *= n;
    }
    return size;
}

static unsigned count_below(const berth_manager_type *type, uint8_t id)
{
    unsigned n = 0;

    for (unsigned i = 1; i <= type->n_resources; i++)
        n += type->resources[i].parent == id;
    return n;
}

/* Fills in the layout of a resource. `values`: its first struct value. */
static void lay_out(struct berth_manager *manager, uint8_t id, struct value *values)
{
    const berth_resource *resource = &manager->type->resources[id];
    struct layout *layout = &manager->layouts[id];
    size_t at = sizeof(struct instance); /* bytes from the instance */

    layout->type = resource;
    layout->values = values;
    at += (resource->view_size + sizeof(void *) - 1) / sizeof(void *) * sizeof(void *);
    if (resource->parent == 0 || resource->hash || count_below(manager->type, resource->parent) > 1)
        layout->head = sizeof(struct entry);
    if (count_below(manager->type, id) > 0) {
        layout->children = (uint32_t)at;
        at += sizeof(void *);
    }
    for (uint8_t i = 0; i < resource->n_assigned; i++) {
        const berth_assigned *assigned = &resource->assigned[i];

        values[i].next = assigned->kind == BERTH_ASSIGN_COUNTER ? assigned->start : 0;
        layout->numbered =
            layout->numbered || assigned->indexed || assigned->kind == BERTH_ASSIGN_COUNTER;
        layout->hook_indexed =
            layout->hook_indexed || (assigned->indexed && assigned->kind == BERTH_ASSIGN_HOOK);
        layout->in_pools = layout->in_pools || assigned->kind == BERTH_ASSIGN_POOL;
        if (assigned->kind == BERTH_ASSIGN_POOL)
            pool_init(&values[i].pool, pool_size(manager, assigned));
        map_init(&values[i].index, NULL);
        if (assigned->indexed) {
            values[i].link = (uint32_t)at;
            at += sizeof(struct node);
        }
    }
    if (manager_stored(manager))
        at = (at + sizeof(uint64_t) - 1) / sizeof(uint64_t) * sizeof(uint64_t) +
             sizeof(struct stored_instance);
    layout->fixed = (uint32_t)(layout->head + at);
}

void manager_init(struct berth_manager *manager, const berth_config *config, const void *options,
                  const void *backend, const struct manager_plan *plan)
{
    const berth_manager_type *type = manager->type;
    char *block = (char *)manager;
    struct value *values = (struct value *)(void *)(block + plan->values);

    manager->size = plan->end;
    manager->layouts = (struct layout *)(void *)(block + plan->layouts);
    manager->backend = block + plan->backend;
    manager->options = block + plan->options;
    memcpy(manager->backend, backend, type->backend_size);
    options_copy(manager, options,
                 &(berth_storage){
                     .items = (const char **)(void *)(block + plan->storage),
                     .text = block + plan->storage + plan->text.items * sizeof(const char *),
                 });
    for (unsigned i = 1; i <= type->n_hooks; i++)
        if (type->has(manager->backend, (uint8_t)i))
            manager->hooks[i / 64] |= UINT64_C(1) << (i % 64);
    for (unsigned i = 1; i <= type->n_resources; i++) {
        lay_out(manager, (uint8_t)i, values);
        values += type->resources[i].n_assigned;
    }
    map_init(&manager->instances, instance_map_hash);
    map_init(&manager->reservations, reservation_hash);
    map_init(&manager->calls, NULL);
    map_init(&manager->stops, pending_drains_hash);
    for (unsigned i = 1; i <= type->n_resources; i++)
        if (manager->max_levels <= type->resources[i].level)
            manager->max_levels = (uint8_t)(type->resources[i].level + 1);
    for (unsigned i = 1; i <= type->n_hooks; i++)
        if (manager->max_out < type->hooks[i].out_size)
            manager->max_out = (uint16_t)((type->hooks[i].out_size + 7u) / 8 * 8);
    manager->wake = config->wake;
    manager->wake_ctx = config->wake_ctx;
    manager->trace = config->trace;
    manager->trace_ctx = config->trace_ctx;
    uuid_source_init(&manager->uuids, config->uuid, config->uuid_ctx);
}

/* The tables of calls and stops stay as small as they are. */
int manager_prepare(struct berth_manager *manager)
{
    const berth_manager_type *type = manager->type;
    const berth_allocator *allocator = &manager->allocator;
    bool done = map_prepare(&manager->reservations, allocator, type->limits->reservations) &&
                map_prepare(&manager->calls, allocator, 0) &&
                map_prepare(&manager->stops, allocator, 0);
    size_t instances = 0;

    for (unsigned i = 1; done && i <= type->n_resources; i++) {
        size_t most = type->limits->resources[i].instances;

        instances += manager->layouts[i].head > 0 ? most : 0;
        for (uint8_t j = 0; done && j < type->resources[i].n_assigned; j++)
            if (type->resources[i].assigned[j].indexed)
                done = map_prepare(&manager->layouts[i].values[j].index, allocator, most);
    }
    done = done && map_prepare(&manager->instances, allocator, instances);
    return done ? 0 : -ENOMEM;
}

void manager_free(struct berth_manager *manager)
{
    berth_allocator allocator = manager->allocator;
    struct value *values = manager->layouts[1].values;

    for (uint32_t i = 0; i < count_values(manager->type); i++) {
        pool_clear(&values[i].pool, &allocator);
        map_clear(&values[i].index, &allocator);
    }
    map_clear(&manager->instances, &allocator);
    map_clear(&manager->reservations, &allocator);
    map_clear(&manager->calls, &allocator);
    map_clear(&manager->stops, &allocator);
    uuid_source_clear(&manager->uuids);
    memory_free(&allocator, manager, manager->size);
}
