#include "instance.h"

#include <string.h>

#include "pending_drains.h"
#include "field.h"
#include "../base/strings.h"
#include "../base/memory.h"
#include "../base/text.h"

struct root *instance_root(struct instance *instance)
{
    while (!instance->root)
        instance = instance_above(instance);
    return instance_as_root(instance);
}

/* Slots */

static uint64_t part_size(const struct berth_manager *manager, const berth_pool_part *part)
{
    const berth_field *option;

    if (part->option == 0)
        return part->size;
    option = &manager_type(manager)->options[part->option - 1];
    return field_integer(option->type, (const char *)manager->options + option->config_offset);
}

bool instance_slot(const struct berth_manager *manager, const berth_assigned *assigned,
                   const uint32_t *at, uint64_t *slot)
{
    *slot = 0;
    for (uint8_t i = 0; i < assigned->n_parts; i++) {
        uint64_t size = part_size(manager, &assigned->parts[i]);

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

        slot = slot * part_size(manager, part) +
               field_integer(part->type, (const char *)view + part->view_offset);
    }
    return slot;
}

static void set_slot(const struct berth_manager *manager, const berth_assigned *assigned,
                     void *view, uint64_t slot)
{
    for (uint8_t i = assigned->n_parts; i-- > 0;) {
        const berth_pool_part *part = &assigned->parts[i];
        uint64_t size = part_size(manager, part);
        void *to = (char *)view + part->view_offset;

        switch (part->type) {
        case BERTH_U8:
            *(uint8_t *)to = (uint8_t)(slot % size);
            break;
        case BERTH_U16:
            *(uint16_t *)to = (uint16_t)(slot % size);
            break;
        default:
            *(uint32_t *)to = (uint32_t)(slot % size);
            break;
        }
        slot /= size;
    }
}

/* Finding */

static bool is_only(const berth_resource *type, const struct layout *layout)
{
    return !type->hash && layout->head == 0;
}

uint32_t instance_key_hash(struct berth_manager *manager, const struct instance *parent,
                           uint8_t resource, const void *config)
{
    const berth_resource *type = &manager_type(manager)->resources[resource];
    berth_hash hash;

    if (is_only(type, &manager->layouts[resource]))
        return 0; /* it is found without */
    if (!type->hash)
        return hash_pair(&manager->seed, (uint64_t)(uintptr_t)parent, resource);
    hash_start(&hash, &manager->seed);
    hash_word(&hash, (uint64_t)(uintptr_t)parent + resource);
    type->hash(config, &hash, &manager->sets);
    return (uint32_t)hash_end(&hash);
}

uint32_t instance_map_hash(const struct map *map, const struct link *link)
{
    (void)map;
    return ((const struct entry *)link)->hash;
}

/* Is it the parent's, or a root where there is none? */
static bool is_below(const berth_resource *type, const struct instance *instance,
                     const struct instance *parent)
{
    return type->parent == 0 || instance_above(instance) == parent;
}

struct instance *instance_find(struct berth_manager *manager, struct instance *parent,
                               uint8_t resource, const void *config, uint32_t hash)
{
    const berth_resource *type = &manager_type(manager)->resources[resource];

    if (is_only(type, &manager->layouts[resource]))
        return instance_first(manager, parent);
    for (struct link *link = *map_chain(&manager->instances, hash); link; link = link->next) {
        struct instance *instance = instance_of_entry(link);

        if (instance_entry(instance)->hash == hash && instance->resource == resource &&
            is_below(type, instance, parent) &&
            (!type->equal || type->equal(instance_view(manager, instance), config, &manager->sets)))
            return instance;
    }
    return NULL;
}

uint8_t instance_conflict(struct berth_manager *manager, struct instance *instance,
                          uint8_t resource, const void *config)
{
    const berth_resource *type = &manager_type(manager)->resources[resource];

    return type->differs ? type->differs(instance_view(manager, instance), config, &manager->sets)
                         : 0;
}

static uint32_t bytes_hash(const struct berth_manager *manager, const void *bytes, size_t size)
{
    struct berth_hash hash;

    hash_start(&hash, &manager->seed);
    hash_bytes(&hash, bytes, size, false);
    return (uint32_t)hash_end(&hash);
}

/* Hash of an indexed value, which is a slot number, a text, or the bytes of a number or UUID. */
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

/* The one that the index has for a value with this hash, or NULL. */
static struct instance *find_value(struct berth_manager *manager, const berth_assigned *assigned,
                                   const struct value *value, uint32_t hash, const void *by,
                                   uint64_t slot)
{
    for (struct node *node = map_first(&value->index, hash); node; node = map_next(node)) {
        struct instance *instance = (struct instance *)(void *)((char *)node - value->link);

        if (same_value(manager, assigned, instance_view(manager, instance), by, slot))
            return instance;
    }
    return NULL;
}

struct instance *instance_find_by(struct berth_manager *manager, uint8_t resource, uint8_t i,
                                  const void *by, const uint32_t *at)
{
    const berth_assigned *assigned = &manager_type(manager)->resources[resource].assigned[i];
    uint64_t slot = 0;

    if (assigned->kind == BERTH_ASSIGN_POOL && !instance_slot(manager, assigned, at, &slot))
        return NULL;
    return find_value(manager, assigned, &manager->layouts[resource].values[i],
                      value_hash(manager, assigned, by, slot), by, slot);
}

/* Making */

static void free_slots(struct berth_manager *manager, struct instance *instance, uint8_t n)
{
    const berth_resource *type = instance_type(manager, instance);

    if (!manager->layouts[instance->resource].in_pools)
        return;
    for (uint8_t i = 0; i < n; i++)
        if (type->assigned[i].kind == BERTH_ASSIGN_POOL)
            pool_free(&manager->layouts[instance->resource].values[i].pool,
                      slot_of(manager, &type->assigned[i], instance_view(manager, instance)));
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

static int assign(struct berth_manager *manager, const struct making *making,
                  struct instance *instance, uint8_t i)
{
    const berth_assigned *assigned = &instance_type(manager, instance)->assigned[i];
    struct value *value = &manager->layouts[instance->resource].values[i];
    void *view = instance_view(manager, instance);
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
            /* checked with the arguments */
            (void)instance_slot(manager, assigned, making->at, &slot);
            rc = pool_alloc(&value->pool, &manager->allocator, slot);
        } else {
            rc = pool_alloc_lowest(&value->pool, &manager->allocator, &slot);
        }
        if (rc == 0)
            set_slot(manager, assigned, view, slot);
        return rc;
    case BERTH_ASSIGN_FORMAT:
        manager_type(manager)->format(instance->resource, i, manager->options, view);
        return 0;
    default: /* BERTH_ASSIGN_HOOK: zero until the hook has given it */
        return 0;
    }
}

/* Bytes of an instance whose strings and lists take `text`; 0: more than there may be. */
static uint64_t block_size(const struct berth_manager *manager, uint8_t resource, uint64_t text)
{
    const struct layout *layout = &manager->layouts[resource];
    const berth_limit *limit =
        manager_type(manager)->limits ? &manager_type(manager)->limits->resources[resource] : NULL;
    uint64_t size = layout->fixed + text;

    if (limit) {
        if (text > limit->text || layout->blocks >= limit->instances)
            return 0;
        size = layout->fixed + (uint64_t)limit->text;
    }
    return size <= UINT32_MAX ? size : 0;
}

static void free_block(struct berth_manager *manager, struct instance *instance)
{
    struct layout *layout = &manager->layouts[instance->resource];

    layout->blocks--;
    memory_free(&manager->allocator, (char *)instance - layout->head, instance->size);
}

static struct instance *allocate(struct berth_manager *manager, const struct making *making)
{
    const berth_resource *type = &manager_type(manager)->resources[making->resource];
    struct layout *layout = &manager->layouts[making->resource];
    berth_storage_size need = {0, 0};
    berth_storage storage;
    struct instance *instance;
    uint64_t size;
    char *block;

    if (type->size)
        need = type->size(making->config);
    size = block_size(manager, making->resource, need.items * sizeof(const char *) + need.text);
    block = size > 0 ? memory_alloc(&manager->allocator, (size_t)size) : NULL;
    if (!block)
        return NULL;
    layout->blocks++;
    instance = (struct instance *)(void *)(block + layout->head);
    instance->size = (uint32_t)size;
    instance->resource = making->resource;
    storage.items = (const char **)(void *)(block + layout->fixed);
    storage.text = block + layout->fixed + need.items * sizeof(const char *);
    if (type->copy)
        type->copy(instance_view(manager, instance), making->config, &storage);
    return instance;
}

int instance_make(struct berth_manager *manager, const struct making *making, struct instance **out)
{
    const berth_resource *type = &manager_type(manager)->resources[making->resource];
    struct instance *instance = allocate(manager, making);

    if (!instance)
        return -ENOMEM;
    if (is_only(type, &manager->layouts[making->resource]))
        instance->only = true;
    else
        instance_entry(instance)->hash = making->hash;
    instance->state = making->state;
    instance->refs = 1;
    if (making->parent) {
        const void *parent_view = instance_view(manager, making->parent);

        memcpy(instance_view(manager, instance), &parent_view, sizeof parent_view);
    } else {
        instance->root = true;
    }
    for (uint8_t i = 0; i < type->n_assigned; i++) {
        int rc = assign(manager, making, instance, i);

        if (rc < 0) {
            free_slots(manager, instance, i);
            free_block(manager, instance);
            return rc;
        }
    }
    if (making->parent)
        instance_ref(making->parent);
    *out = instance;
    return 0;
}

void instance_unmake(struct berth_manager *manager, struct instance *instance)
{
    free_slots(manager, instance, instance_type(manager, instance)->n_assigned);
    instance_unref(manager, instance);
}

/* Linking */

/* Where `previous` of a root is. */
static struct instance **previous_at(struct instance *root)
{
    struct entry *entry = instance_entry(root);

    return root->locked ? &entry->lock->previous : &entry->previous;
}

static void append_root(struct berth_manager *manager, struct instance *root)
{
    struct instance *newest = manager->newest;

    *previous_at(root) = newest;
    if (newest)
        instance_entry(newest)->next = root;
    else
        manager->roots = root;
    manager->newest = root;
}

static void take_root_out(struct berth_manager *manager, struct instance *root)
{
    struct instance *next = instance_entry(root)->next, *previous = *previous_at(root);

    if (previous)
        instance_entry(previous)->next = next;
    else
        manager->roots = next;
    if (next)
        *previous_at(next) = previous;
    else
        manager->newest = previous;
}

static void append_child(struct instance **first, struct instance *child)
{
    struct instance *last = child;

    if (*first) {
        last = instance_entry(*first)->previous;
        instance_entry(last)->next = child;
        instance_entry(*first)->previous = child;
    } else {
        *first = child;
    }
    instance_entry(child)->previous = last;
}

static void take_child_out(struct instance **first, struct instance *child)
{
    struct instance *next = instance_entry(child)->next,
                    *previous = instance_entry(child)->previous;

    instance_entry(next ? next : *first)->previous = previous;
    if (*first == child)
        *first = next;
    else
        instance_entry(previous)->next = next;
}

static struct node *link_of(const struct value *value, struct instance *instance)
{
    return (struct node *)(void *)((char *)instance + value->link);
}

/* No hook has given it this value yet: there is only room for it. */
static void reserve_value(struct berth_manager *manager, struct value *value,
                          struct instance *instance)
{
    map_reserve(&value->index, &manager->allocator);
    map_mark_detached(link_of(value, instance));
}

/* Its counters go on, and it is found by what it has been assigned. */
static void link_values(struct berth_manager *manager, struct instance *instance)
{
    const berth_resource *type = instance_type(manager, instance);
    const void *view = instance_view(manager, instance);

    for (unsigned i = 0; i < type->n_assigned; i++) {
        const berth_assigned *assigned = &type->assigned[i];
        struct value *value = &manager->layouts[instance->resource].values[i];

        if (assigned->kind == BERTH_ASSIGN_COUNTER)
            value->next++;
        if (assigned->indexed && assigned->kind == BERTH_ASSIGN_HOOK) {
            reserve_value(manager, value, instance);
        } else if (assigned->indexed) {
            uint64_t slot =
                assigned->kind == BERTH_ASSIGN_POOL ? slot_of(manager, assigned, view) : 0;

            map_insert(
                &value->index, &manager->allocator, link_of(value, instance),
                value_hash(manager, assigned, (const char *)view + assigned->view_offset, slot));
        }
    }
}

static void link_entry(struct berth_manager *manager, struct instance *instance)
{
    struct entry *entry = instance_entry(instance);

    map_link(&manager->instances, &manager->allocator, &entry->link, entry->hash);
    if (!instance->root) {
        append_child(instance_children(manager, instance_above(instance)), instance);
        return;
    }
    if (manager->last_root == UINT32_MAX)
        pending_drains_renumber_roots(manager);
    entry->serial = ++manager->last_root;
    append_root(manager, instance);
}

void instance_link(struct berth_manager *manager, struct instance *instance)
{
    if (instance->only)
        *instance_children(manager, instance_above(instance)) = instance;
    else
        link_entry(manager, instance);
    if (manager->layouts[instance->resource].numbered)
        link_values(manager, instance);
    instance_ref(instance);
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

/*
 * The instance is found by what its view has from now on, unless that is zero. False: it is taken.
 */
static bool name_by(struct berth_manager *manager, struct instance *instance,
                    const berth_assigned *assigned, struct value *value)
{
    const void *given = (const char *)instance_view(manager, instance) + assigned->view_offset;
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

bool instance_accept(struct berth_manager *manager, struct instance *instance, uint8_t hook,
                     const void *out)
{
    const berth_resource *type = instance_type(manager, instance);
    struct layout *layout = &manager->layouts[instance->resource];
    bool named = true;

    manager_type(manager)->accept(hook, out, instance_view(manager, instance));
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

static void unlink_entry(struct berth_manager *manager, struct instance *instance)
{
    struct entry *entry = instance_entry(instance);

    map_unlink(&manager->instances, &entry->link, entry->hash);
    if (instance->root) {
        pending_drains_root_leaves(manager, instance);
        take_root_out(manager, instance);
    } else {
        take_child_out(instance_children(manager, instance_above(instance)), instance);
    }
}

static void unlink_one(struct berth_manager *manager, struct instance *instance)
{
    const berth_resource *type = instance_type(manager, instance);

    if (instance->only)
        *instance_children(manager, instance_above(instance)) = NULL;
    else
        unlink_entry(manager, instance);
    for (unsigned i = 0; i < type->n_assigned && manager->layouts[instance->resource].numbered;
         i++) {
        if (type->assigned[i].indexed)
            unlink_value(&type->assigned[i], &manager->layouts[instance->resource].values[i],
                         instance);
    }
    free_slots(manager, instance, type->n_assigned);
    instance->ended = true;
    instance_unref(manager, instance);
}

void instance_end(struct berth_manager *manager, struct instance *instance)
{
    struct instance *at = instance;

    for (;;) {
        struct instance *parent;

        at = instance_first_below(manager, at);
        parent = instance_parent(at);
        if (at == instance)
            break;
        unlink_one(manager, at);
        at = parent;
    }
    unlink_one(manager, instance);
}

void instance_free(struct berth_manager *manager, struct instance *instance)
{
    do {
        struct instance *parent = instance_parent(instance);

        free_block(manager, instance);
        instance = parent;
    } while (instance && --instance->refs == 0);
}

struct instance *instance_first_below(const struct berth_manager *manager, struct instance *root)
{
    struct instance *first;

    while ((first = instance_first(manager, root)))
        root = first;
    return root;
}

struct instance *instance_following(const struct berth_manager *manager, struct instance *instance)
{
    struct instance *next;

    if (instance->root)
        return NULL;
    next = instance_next(instance);
    return next ? instance_first_below(manager, next) : instance_above(instance);
}
