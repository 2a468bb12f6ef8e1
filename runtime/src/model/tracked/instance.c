#include "instance.h"

#include <string.h>

#include "../../base/store/memory.h"
#include "../stored/owner.h"
#include "pending_drains.h"
#include "tree.h"
#include "values.h"

struct root *instance_root(struct instance *instance)
{
    while (!instance->root)
        instance = instance_above(instance);
    return instance_as_root(instance);
}

/* Finding */

static bool is_only(const berth_resource *type, const struct layout *layout)
{
    return !type->hash && layout->head == 0;
}

uint32_t instance_key_hash(struct berth_manager *manager, const struct instance *parent,
                           uint8_t resource, const void *config)
{
    const berth_resource *type = &manager->type->resources[resource];
    berth_hash hash;

    if (is_only(type, &manager->layouts[resource]))
        return 0; /* its parent finds it */
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

struct instance *instance_find(struct berth_manager *manager, struct instance *parent,
                               uint8_t resource, const void *config, uint32_t hash)
{
    const berth_resource *type = &manager->type->resources[resource];

    if (is_only(type, &manager->layouts[resource]))
        return instance_first(manager, parent);
    for (struct link *link = *map_chain(&manager->instances, hash); link; link = link->next) {
        struct instance *instance = instance_of_entry(link);

        if (instance_entry(instance)->hash == hash && instance->resource == resource &&
            (type->parent == 0 || instance_above(instance) == parent) &&
            (!type->equal || type->equal(instance_view(instance), config, &manager->sets)))
            return instance;
    }
    return NULL;
}

uint8_t instance_conflict(struct berth_manager *manager, struct instance *instance,
                          uint8_t resource, const void *config)
{
    const berth_resource *type = &manager->type->resources[resource];

    return type->differs ? type->differs(instance_view(instance), config, &manager->sets) : 0;
}

/* Making */

/* Bytes of an instance with so much text; 0: more than there may be. */
static uint64_t block_size(const struct berth_manager *manager, uint8_t resource, uint64_t text)
{
    const struct layout *layout = &manager->layouts[resource];
    const berth_limit *limit =
        manager->type->limits ? &manager->type->limits->resources[resource] : NULL;
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

    if (manager_stored(manager))
        owner_clear_references(manager, instance);
    layout->blocks--;
    memory_free(&manager->allocator, (char *)instance - layout->head, instance->size);
}

static struct instance *allocate(struct berth_manager *manager, const struct making *making)
{
    const berth_resource *type = &manager->type->resources[making->resource];
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
        type->copy(instance_view(instance), making->config, &storage);
    return instance;
}

/* An instance without assigned values. NULL: there is no memory. */
static inline struct instance *begin_instance(struct berth_manager *manager,
                                              const struct making *making)
{
    const berth_resource *type = &manager->type->resources[making->resource];
    struct instance *instance = allocate(manager, making);

    if (!instance)
        return NULL;
    if (is_only(type, &manager->layouts[making->resource]))
        instance->only = true;
    else
        instance_entry(instance)->hash = making->hash;
    instance->state = making->state;
    instance->refs = 1;
    if (making->parent) {
        const void *parent_view = instance_view(making->parent);

        memcpy(instance_view(instance), &parent_view, sizeof parent_view);
    } else {
        instance->root = true;
    }
    return instance;
}

struct instance *instance_restore(struct berth_manager *manager, const struct making *making)
{
    struct instance *instance = begin_instance(manager, making);

    if (instance && making->parent)
        instance_ref(making->parent);
    return instance;
}

int instance_make(struct berth_manager *manager, const struct making *making, struct instance **out)
{
    const berth_resource *type = &manager->type->resources[making->resource];
    struct instance *instance = begin_instance(manager, making);

    if (!instance)
        return -ENOMEM;
    for (uint8_t i = 0; i < type->n_assigned; i++) {
        int rc = values_assign(manager, making, instance, i);

        if (rc < 0) {
            values_free_slots(manager, instance, i);
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
    values_free_slots(manager, instance, instance_type(manager, instance)->n_assigned);
    instance_unref(manager, instance);
}

/* Linking */

/* Where the first of the instance's siblings is. */
static struct instance **first_sibling(struct berth_manager *manager, struct instance *instance)
{
    return instance->root ? &manager->roots : instance_children(manager, instance_above(instance));
}

static void link_entry(struct berth_manager *manager, struct instance *instance)
{
    struct entry *entry = instance_entry(instance);

    map_link(&manager->instances, &manager->allocator, &entry->link, entry->hash);
    if (instance->root) {
        if (manager->last_root == UINT32_MAX)
            pending_drains_renumber_roots(manager);
        entry->serial = ++manager->last_root;
    }
    tree_add(first_sibling(manager, instance), instance);
}

static inline void link_instance(struct berth_manager *manager, struct instance *instance,
                                 bool counts)
{
    if (instance->only)
        *first_sibling(manager, instance) = instance;
    else
        link_entry(manager, instance);
    if (manager->layouts[instance->resource].numbered)
        values_link(manager, instance, counts);
    instance_ref(instance);
}

void instance_link(struct berth_manager *manager, struct instance *instance)
{
    link_instance(manager, instance, true);
}

void instance_link_loaded(struct berth_manager *manager, struct instance *instance)
{
    link_instance(manager, instance, false);
}

static void unlink_one(struct berth_manager *manager, struct instance *instance)
{
    const berth_resource *type = instance_type(manager, instance);

    if (instance->only) {
        *first_sibling(manager, instance) = NULL;
    } else {
        struct entry *entry = instance_entry(instance);

        map_unlink(&manager->instances, &entry->link, entry->hash);
        if (instance->visited)
            pending_drains_pass_root(manager, instance);
        tree_remove(first_sibling(manager, instance), instance);
    }
    values_unlink(manager, instance);
    values_free_slots(manager, instance, type->n_assigned);
    instance->ended = true;
    instance_unref(manager, instance);
}

void instance_end(struct berth_manager *manager, struct instance *instance)
{
    struct instance *at = instance;

    for (;;) {
        struct instance *parent;

        at = tree_first_below(manager, at);
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
