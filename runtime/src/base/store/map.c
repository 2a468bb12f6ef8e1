#include "map.h"

#include <string.h>

#include "memory.h"

enum { MOVES_PER_INSERTION = 2 }; /* chains; a growth is over long before the next one */

void map_init(struct map *map, map_hash *hash_of)
{
    memset(map, 0, sizeof *map);
    map->chains = map->small;
    map->n = MAP_SMALL;
    map->hash_of = hash_of;
}

static size_t bytes_of(size_t n)
{
    return n * sizeof(void *);
}

static void release_chains(struct map *map, const berth_allocator *allocator, struct link **chains,
                           size_t n)
{
    if (chains != map->small)
        memory_free(allocator, chains, bytes_of(n));
}

bool map_prepare(struct map *map, const berth_allocator *allocator, size_t count)
{
    size_t n = map->n;

    map->fixed = true;
    while (n * MAP_LOAD < count)
        n *= 2;
    if (n == map->n)
        return true;
    map->chains = memory_alloc(allocator, bytes_of(n));
    if (!map->chains)
        return false;
    map->n = n;
    return true;
}

void map_clear(struct map *map, const berth_allocator *allocator)
{
    release_chains(map, allocator, map->old, map->old_n);
    release_chains(map, allocator, map->chains, map->n);
    map_init(map, map->hash_of);
}

static uint32_t hash_of(const struct map *map, const struct link *link)
{
    return map->hash_of ? map->hash_of(map, link) : ((const struct node *)link)->hash;
}

static void move_some(struct map *map, const berth_allocator *allocator)
{
    for (int i = 0; i < MOVES_PER_INSERTION && map->old_n > 0; i++) {
        struct link *link = map->old[map->moved];

        map->old[map->moved] = NULL;
        map->moved++;
        while (link) {
            struct link *next = link->next;

            map_attach(map, link, hash_of(map, link));
            link = next;
        }
        if (map->moved == map->old_n) {
            release_chains(map, allocator, map->old, map->old_n);
            map->old = NULL;
            map->old_n = 0;
        }
    }
}

static void grow(struct map *map, const berth_allocator *allocator)
{
    struct link **chains = map->fixed ? NULL : memory_alloc(allocator, bytes_of(2 * map->n));

    if (!chains)
        return; /* the next insertion tries again */
    map->old = map->chains;
    map->old_n = map->n;
    map->moved = 0;
    map->chains = chains;
    map->n *= 2;
}

static inline void reserve(struct map *map, const berth_allocator *allocator)
{
    if (map->count >= map->n * MAP_LOAD && map->old_n == 0)
        grow(map, allocator);
    if (map->old_n > 0)
        move_some(map, allocator);
    map->count++;
}

void map_reserve(struct map *map, const berth_allocator *allocator)
{
    reserve(map, allocator);
}

void map_link(struct map *map, const berth_allocator *allocator, struct link *link, uint32_t hash)
{
    reserve(map, allocator);
    map_attach(map, link, hash);
}

void map_insert(struct map *map, const berth_allocator *allocator, struct node *node, uint32_t hash)
{
    node->hash = hash;
    map_link(map, allocator, &node->link, hash);
}

void map_unlink(struct map *map, struct link *link, uint32_t hash)
{
    map_detach(map, link, hash);
    map_release(map);
}

struct link *map_walk(const struct map *map, struct link *link, size_t *chain)
{
    if (link)
        link = link->next;
    for (; !link && *chain < map->n + map->old_n; ++*chain)
        link = *chain < map->n ? map->chains[*chain] : map->old[*chain - map->n];
    return link;
}

void map_forget(struct map *map)
{
    memset(map->chains, 0, bytes_of(map->n));
    if (map->old_n > 0)
        memset(map->old, 0, bytes_of(map->old_n));
}
