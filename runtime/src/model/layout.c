#include "layout.h"

#include "field.h"
#include "tracked/instance.h"

uint32_t layout_count_values(const berth_manager_type *type)
{
    uint32_t n = 0;

    for (unsigned i = 1; i <= type->n_resources; i++)
        n += type->resources[i].n_assigned;
    return n;
}

static uint64_t pool_size(const struct berth_manager *manager, const berth_assigned *assigned)
{
    uint64_t size = 1;

    for (uint8_t i = 0; i < assigned->n_parts; i++) {
        const berth_pool_part *part = &assigned->parts[i];
        const berth_field *option =
            part->option > 0 ? &manager_type(manager)->options[part->option - 1] : NULL;
        uint64_t n = option ? field_integer(option->type,
                                            (const char *)manager->options + option->config_offset)
                            : part->size;

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

void layout_init(struct berth_manager *manager, uint8_t id, struct value *values)
{
    const berth_resource *resource = &manager_type(manager)->resources[id];
    struct layout *layout = &manager->layouts[id];
    size_t at = sizeof(struct instance); /* bytes from the instance */

    layout->type = resource;
    layout->values = values;
    at += (resource->view_size + sizeof(void *) - 1) / sizeof(void *) * sizeof(void *);
    if (resource->parent == 0 || resource->hash ||
        count_below(manager_type(manager), resource->parent) > 1)
        layout->head = sizeof(struct entry);
    if (count_below(manager_type(manager), id) > 0) {
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
    layout->fixed = (uint32_t)(layout->head + at);
}
