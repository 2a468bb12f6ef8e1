#include "floor.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/data/hash.h"
#include "base/store/map.h"
#include "base/store/memory.h"
#include "base/data/uuid.h"

struct thing {
    struct node node;
    struct thing *parent;
    struct thing *only; /* child, where it needs no key */
    const char *key;
    uint64_t number;
};

struct record {
    struct node node;
    struct thing *root, *child;
    uuid_t id;
};

struct least {
    struct floor_shape shape;
    pthread_mutex_t lock;
    struct hash_seed seed;
    struct map things, records;
    struct uuid_source uuids;
    void (*hook)(void *);
};

static void no_hook(void *ctx)
{
    (void)ctx;
}

struct least *floor_create(const struct floor_shape *shape)
{
    struct least *least = calloc(1, sizeof *least);
    uuid_t seed;

    if (!least)
        abort();
    least->shape = *shape;
    (void)pthread_mutex_init(&least->lock, NULL);
    uuid_generate_random(seed);
    memcpy(&least->seed, seed, sizeof least->seed);
    map_init(&least->things, NULL);
    map_init(&least->records, NULL);
    uuid_source_init(&least->uuids, NULL, NULL);
    least->hook = no_hook;
    return least;
}

/* What is still tracked is left to the system. */
void floor_destroy(struct least *least)
{
    map_clear(&least->things, memory_default());
    map_clear(&least->records, memory_default());
    uuid_source_clear(&least->uuids);
    (void)pthread_mutex_destroy(&least->lock);
    free(least);
}

static void *take(size_t size)
{
    void *memory = malloc(size);

    if (!memory)
        abort();
    return memory;
}

static uint32_t root_hash(const struct least *least, const char *key)
{
    struct berth_hash hash;

    hash_start(&hash, &least->seed);
    hash_bytes(&hash, key, strlen(key), false);
    return (uint32_t)hash_end(&hash);
}

static uint32_t child_hash(const struct least *least, const struct thing *parent, uint64_t number)
{
    struct berth_hash hash;

    hash_start(&hash, &least->seed);
    hash_word(&hash, (uint64_t)(uintptr_t)parent);
    hash_word(&hash, number);
    return (uint32_t)hash_end(&hash);
}

static uint32_t id_hash(const struct least *least, const unsigned char *id)
{
    struct berth_hash hash;

    hash_start(&hash, &least->seed);
    hash_bytes(&hash, id, sizeof(uuid_t), false);
    return (uint32_t)hash_end(&hash);
}

static struct thing *find_root(struct least *least, const char *key, uint32_t hash)
{
    for (struct node *node = map_first(&least->things, hash); node; node = map_next(node)) {
        struct thing *thing = (struct thing *)node;

        if (!thing->parent && strcmp(thing->key, key) == 0)
            return thing;
    }
    return NULL;
}

static struct thing *find_child(struct least *least, const struct thing *parent, uint64_t number,
                                uint32_t hash)
{
    for (struct node *node = map_first(&least->things, hash); node; node = map_next(node)) {
        struct thing *thing = (struct thing *)node;

        if (thing->parent == parent && thing->number == number)
            return thing;
    }
    return NULL;
}

static struct record *find_record(struct least *least, const unsigned char *id, uint32_t hash)
{
    for (struct node *node = map_first(&least->records, hash); node; node = map_next(node)) {
        struct record *record = (struct record *)node;

        if (memcmp(record->id, id, sizeof(uuid_t)) == 0)
            return record;
    }
    return NULL;
}

static struct thing *get_root(struct least *least, const char *key)
{
    uint32_t hash = root_hash(least, key);
    struct thing *root = find_root(least, key, hash);
    uuid_t name;

    if (root)
        return root;
    root = take(least->shape.root_size);
    root->parent = NULL;
    root->key = key;
    for (unsigned i = 0; i < least->shape.root_uuids; i++)
        (void)uuid_source_next(&least->uuids, name);
    map_insert(&least->things, memory_default(), &root->node, hash);
    root->only = NULL;
    return root;
}

static struct thing *get_child(struct least *least, struct thing *parent, uint64_t number)
{
    uint32_t hash = least->shape.child_key ? child_hash(least, parent, number) : 0;
    struct thing *child = NULL;

    if (least->shape.child_key)
        child = find_child(least, parent, number, hash);
    else
        child = parent->only;
    if (child)
        return child;
    child = take(least->shape.child_size);
    child->parent = parent;
    child->number = number;
    if (least->shape.child_key)
        map_insert(&least->things, memory_default(), &child->node, hash);
    else
        parent->only = child;
    return child;
}

void floor_reserve(struct least *least, const char *key, uint64_t child, uuid_t id)
{
    struct record *record;
    uint32_t hash;

    (void)pthread_mutex_lock(&least->lock);
    record = take(least->shape.record_size);
    record->root = get_root(least, key);
    record->child = least->shape.child_size > 0 ? get_child(least, record->root, child) : NULL;
    (void)uuid_source_next(&least->uuids, record->id);
    hash = id_hash(least, record->id);
    map_insert(&least->records, memory_default(), &record->node, hash);
    memcpy(id, record->id, sizeof(uuid_t));
    (void)pthread_mutex_unlock(&least->lock);
}

static void call_hooks(struct least *least, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        (void)pthread_mutex_unlock(&least->lock);
        least->hook(least);
        (void)pthread_mutex_lock(&least->lock);
    }
}

void floor_map(struct least *least, const uuid_t id, bool call)
{
    (void)pthread_mutex_lock(&least->lock);
    if (!find_record(least, id, id_hash(least, id)))
        abort();
    call_hooks(least, call ? least->shape.map_hooks : 0);
    (void)pthread_mutex_unlock(&least->lock);
}

void floor_unmap(struct least *least, const uuid_t id, bool call)
{
    struct record *record;

    (void)pthread_mutex_lock(&least->lock);
    record = find_record(least, id, id_hash(least, id));
    if (!record)
        abort();
    if (call) {
        call_hooks(least, least->shape.unmap_hooks);
        if (record->child && least->shape.child_key)
            map_remove(&least->things, &record->child->node);
        map_remove(&least->things, &record->root->node);
        free(record->child);
        free(record->root);
    }
    map_remove(&least->records, &record->node);
    free(record);
    (void)pthread_mutex_unlock(&least->lock);
}

bool floor_find(struct least *least, const char *key)
{
    bool found;

    (void)pthread_mutex_lock(&least->lock);
    found = find_root(least, key, root_hash(least, key)) != NULL;
    (void)pthread_mutex_unlock(&least->lock);
    return found;
}
