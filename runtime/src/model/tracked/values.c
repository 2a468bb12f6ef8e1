#include "values.h"

#include <errno.h>
#include <string.h>

#include "../../base/data/text.h"
#include "../field.h"

/* Slots */

uint64_t values_part_size(const struct berth_manager *manager, const berth_pool_part *part)
{
    const berth_field *option;

    if (part->option == 0)
        return part->size;
    option = &manager->type->options[part->option - 1];
    return field_integer(option->type, (const char *)manager->options + option->config_offset);
}

/* The number of the slot with these parts. False: a part is outside its pool. */
static bool slot_at(const struct berth_manager *manager, const berth_assigned *assigned,
                    const uint32_t *at, uint64_t *slot)
{
    *slot = 0;
    for (uint8_t i = 0; i < assigned->n_parts; i++) {
        uint64_t size = values_part_size(manager, &assigned->parts[i]);

        if (at[i] >= size)
            return false;
        *slot = *slot * size + at[i];
    }
    return true;
}

static uint64_t slot_of(const struct berth_manager *manager, const berth_assigned *assigned,
                        const void *view)
{
    uint64_t slot = 0;

    for (uint8_t i = 0; i < assigned->n_parts; i++) {
        const berth_pool_part *part = &assigned->parts[i];

        slot = slot * values_part_size(manager, part) +
               field_integer(part->type, (const char *)view + part->view_offset);
    }
    return slot;
}

static void set_slot(const struct berth_manager *manager, const berth_assigned *assigned,
                     void *view, uint64_t slot)
{
    for (uint8_t i = assigned->n_parts; i-- > 0;) {
        const berth_pool_part *part = &assigned->parts[i];
        uint64_t size = values_part_size(manager, part);

        field_set_integer(part->type, (char *)view + part->view_offset, slot % size);
        slot /= size;
    }
}

/* Finding */

static uint32_t bytes_hash(const struct berth_manager *manager, const void *bytes, size_t size)
{
    struct berth_hash hash;

    hash_start(&hash, &manager->seed);
    hash_bytes(&hash, bytes, size, false);
    return (uint32_t)hash_end(&hash);
}

/* The hash of an indexed value: of a slot number, a text, or the bytes of a number or UUID. */
static uint32_t value_hash(const struct berth_manager *manager, const berth_assigned *assigned,
                           const void *value, uint64_t slot)
{
    if (assigned->kind == BERTH_ASSIGN_POOL)
        return bytes_hash(manager, &slot, sizeof slot);
    if (assigned->type == BERTH_CHARS)
        return bytes_hash(manager, value, strlen(value));
    return bytes_hash(manager, value, assigned->size);
}

static bool same_value(const struct berth_manager *manager, const berth_assigned *assigned,
                       const void *view, const void *value, uint64_t slot)
{
    const void *mine = (const char *)view + assigned->view_offset;

    if (assigned->kind == BERTH_ASSIGN_POOL)
        return slot_of(manager, assigned, view) == slot;
    if (assigned->type == BERTH_CHARS)
        return strcmp(mine, value) == 0;
    return memcmp(mine, value, assigned->size) == 0;
}

/* The instance in the index with this value, or NULL. */
static struct instance *find_value(struct berth_manager *manager, const berth_assigned *assigned,
                                   const struct value *value, uint32_t hash, const void *by,
                                   uint64_t slot)
{
    for (struct node *node = map_first(&value->index, hash); node; node = map_next(node)) {
        struct instance *instance = (struct instance *)(void *)((char *)node - value->link);

        if (same_value(manager, assigned, instance_view(instance), by, slot))
            return instance;
    }
    return NULL;
}

struct instance *values_find(struct berth_manager *manager, uint8_t resource, uint8_t i,
                             const void *by, const uint32_t *at)
{
    const berth_assigned *assigned = &manager->type->resources[resource].assigned[i];
    uint64_t slot = 0;

    if (assigned->kind == BERTH_ASSIGN_POOL && !slot_at(manager, assigned, at, &slot))
        return NULL;
    return find_value(manager, assigned, &manager->layouts[resource].values[i],
                      value_hash(manager, assigned, by, slot), by, slot);
}

/* Assigning */

void values_free_slots(struct berth_manager *manager, struct instance *instance, uint8_t n)
{
    const berth_resource *type = instance_type(manager, instance);

    if (!manager->layouts[instance->resource].in_pools)
        return;
    for (uint8_t i = 0; i < n; i++)
        if (type->assigned[i].kind == BERTH_ASSIGN_POOL)
            pool_free(&manager->layouts[instance->resource].values[i].pool,
                      slot_of(manager, &type->assigned[i], instance_view(instance)));
}

static void set_counter(const berth_assigned *assigned, void *to, uint64_t number)
{
    if (assigned->type == BERTH_CHARS) {
        char digits[TEXT_DIGITS];
        const char *from = text_digits(digits, number);

        memcpy(to, from, strlen(from) + 1);
    } else {
        memcpy(to, &number, sizeof number);
    }
}

int values_assign(struct berth_manager *manager, const struct making *making,
                  struct instance *instance, uint8_t i)
{
    const berth_assigned *assigned = &instance_type(manager, instance)->assigned[i];
    struct value *value = &manager->layouts[instance->resource].values[i];
    void *view = instance_view(instance);
    void *to = (char *)view + assigned->view_offset;
    uint64_t slot;
    int rc;

    switch (assigned->kind) {
    case BERTH_ASSIGN_COUNTER:
        set_counter(assigned, to, value->next);
        return 0;
    case BERTH_ASSIGN_UUID:
        return uuid_source_next(&manager->uuids, to);
    case BERTH_ASSIGN_POOL:
        if (making->at_pool == i + 1) {
            /* the arguments were checked */
            (void)slot_at(manager, assigned, making->at, &slot);
            rc = pool_alloc(&value->pool, &manager->allocator, slot);
        } else {
            rc = pool_alloc_lowest(&value->pool, &manager->allocator, &slot);
        }
        if (rc == 0)
            set_slot(manager, assigned, view, slot);
        return rc;
    case BERTH_ASSIGN_FORMAT:
        assigned->format(manager->options, view);
        return 0;
    default: /* BERTH_ASSIGN_HOOK: zero until the hook has given it */
        return 0;
    }
}

/* Indexes */

static struct node *link_of(const struct value *value, struct instance *instance)
{
    return (struct node *)(void *)((char *)instance + value->link);
}

void values_link(struct berth_manager *manager, struct instance *instance, bool counts)
{
    const berth_resource *type = instance_type(manager, instance);
    const void *view = instance_view(instance);

    for (unsigned i = 0; i < type->n_assigned; i++) {
        const berth_assigned *assigned = &type->assigned[i];
        struct value *value = &manager->layouts[instance->resource].values[i];

        if (assigned->kind == BERTH_ASSIGN_COUNTER)
            value->next += counts;
        if (assigned->indexed && assigned->kind == BERTH_ASSIGN_HOOK) {
            map_reserve(&value->index, &manager->allocator); /* no hook has given it yet */
            map_mark_detached(link_of(value, instance));
        } else if (assigned->indexed) {
            uint64_t slot =
                assigned->kind == BERTH_ASSIGN_POOL ? slot_of(manager, assigned, view) : 0;

            map_insert(
                &value->index, &manager->allocator, link_of(value, instance),
                value_hash(manager, assigned, (const char *)view + assigned->view_offset, slot));
        }
    }
}

void values_return_numbers(struct berth_manager *manager, struct instance *instance)
{
    const berth_resource *type = instance_type(manager, instance);

    for (unsigned i = 0; i < type->n_assigned; i++) {
        const berth_assigned *assigned = &type->assigned[i];
        struct value *value = &manager->layouts[instance->resource].values[i];
        _Alignas(uint64_t) char newest[TEXT_DIGITS] = "";

        if (assigned->kind != BERTH_ASSIGN_COUNTER)
            continue;
        set_counter(assigned, newest, value->next - 1);
        if (same_value(manager, assigned, instance_view(instance), newest, 0))
            value->next--;
    }
}

static bool is_zero_value(const berth_assigned *assigned, const unsigned char *value)
{
    if (assigned->type == BERTH_CHARS)
        return value[0] == '\0';
    for (uint16_t i = 0; i < assigned->size; i++)
        if (value[i] != 0)
            return false;
    return true;
}

static void forget_value(struct value *value, struct instance *instance)
{
    struct node *link = link_of(value, instance);

    if (map_is_detached(link))
        return;
    map_detach(&value->index, &link->link, link->hash);
    map_mark_detached(link);
}

/* Puts the value in the view into the index, unless it is zero. False: another instance has it. */
static bool name_by(struct berth_manager *manager, struct instance *instance,
                    const berth_assigned *assigned, struct value *value)
{
    const void *given = (const char *)instance_view(instance) + assigned->view_offset;
    uint32_t hash;

    forget_value(value, instance);
    if (is_zero_value(assigned, given))
        return true;
    hash = value_hash(manager, assigned, given, 0);
    if (find_value(manager, assigned, value, hash, given, 0))
        return false;
    link_of(value, instance)->hash = hash;
    map_attach(&value->index, &link_of(value, instance)->link, hash);
    return true;
}

bool values_accept(struct berth_manager *manager, struct instance *instance, uint8_t hook,
                   const void *out)
{
    const berth_resource *type = instance_type(manager, instance);
    struct layout *layout = &manager->layouts[instance->resource];
    bool named = true;

    manager->type->accept(hook, out, instance_view(instance));
    for (unsigned i = 0; i < type->n_assigned && layout->hook_indexed; i++) {
        const berth_assigned *assigned = &type->assigned[i];

        if (assigned->indexed && assigned->kind == BERTH_ASSIGN_HOOK && assigned->hook == hook)
            named &= name_by(manager, instance, assigned, &layout->values[i]);
    }
    return named;
}

static void unlink_value(const berth_assigned *assigned, struct value *value,
                         struct instance *instance)
{
    if (assigned->kind != BERTH_ASSIGN_HOOK) {
        map_remove(&value->index, link_of(value, instance));
    } else {
        forget_value(value, instance);
        map_release(&value->index);
    }
}

void values_unlink(struct berth_manager *manager, struct instance *instance)
{
    const berth_resource *type = instance_type(manager, instance);
    struct layout *layout = &manager->layouts[instance->resource];

    for (unsigned i = 0; i < type->n_assigned && layout->numbered; i++)
        if (type->assigned[i].indexed)
            unlink_value(&type->assigned[i], &layout->values[i], instance);
}

/* What a store had */

int values_restore(struct berth_manager *manager, struct instance *instance)
{
    const berth_resource *type = instance_type(manager, instance);
    const void *view = instance_view(instance);

    for (uint8_t i = 0; i < type->n_assigned; i++) {
        const berth_assigned *assigned = &type->assigned[i];
        uint32_t parts[UINT8_MAX];
        uint64_t slot;
        int rc = -ERANGE;

        if (assigned->kind != BERTH_ASSIGN_POOL)
            continue;
        for (unsigned j = 0; j < assigned->n_parts; j++)
            parts[j] = (uint32_t)field_integer(assigned->parts[j].type,
                                               (const char *)view + assigned->parts[j].view_offset);
        if (slot_at(manager, assigned, parts, &slot))
            rc = pool_alloc(&manager->layouts[instance->resource].values[i].pool,
                            &manager->allocator, slot);
        if (rc < 0) {
            values_free_slots(manager, instance, i);
            return rc;
        }
    }
    return 0;
}

/* The hash of a node is not in use until a value names the instance. */
void values_mark_name(const struct berth_manager *manager, struct instance *instance, uint8_t i)
{
    link_of(&manager->layouts[instance->resource].values[i], instance)->hash = 1;
}

bool values_restore_names(struct berth_manager *manager, struct instance *instance)
{
    const berth_resource *type = instance_type(manager, instance);

    for (uint8_t i = 0; i < type->n_assigned; i++) {
        const berth_assigned *assigned = &type->assigned[i];
        struct value *value = &manager->layouts[instance->resource].values[i];

        if (!assigned->indexed || assigned->kind != BERTH_ASSIGN_HOOK ||
            link_of(value, instance)->hash == 0)
            continue;
        if (!name_by(manager, instance, assigned, value) ||
            map_is_detached(link_of(value, instance)))
            return false;
    }
    return true;
}

bool values_names(const struct berth_manager *manager, struct instance *instance, uint8_t i)
{
    return !map_is_detached(link_of(&manager->layouts[instance->resource].values[i], instance));
}
