#include "map.h"

#include <string.h>

#include "memory.h"

enum { MOVES_PER_INSERTION = 4 }; /* more than 1, so that a growth is over long before the next one */

void map_init(struct map *map)
{
    memset(map, 0, sizeof *map);
    map->chains = map->small;
    map->n = MAP_SMALL;
}

static size_t bytes_of(size_t n)
{
    return n * sizeof(void *);
}

static void release_chains(struct map *map, const berth_allocator *allocator, struct node **chains, size_t n)
{
    if (chains != map->small)
        memory_give(allocator, chains, bytes_of(n));
}

bool map_prepare(struct map *map, const berth_allocator *allocator, size_t count)
{
    size_t n = map->n;

    map->fixed = true;
    while (n < count)
        n *= 2;
    if (n == map->n)
        return true;
    map->chains = memory_take(allocator, bytes_of(n));
    if (!map->chains)
        return false;
    map->n = n;
    return true;
}

void map_clear(struct map *map, const berth_allocator *allocator)
{
    release_chains(map, allocator, map->old, map->old_n);
    release_chains(map, allocator, map->chains, map->n);
    map_init(map);
}

static void move_some(struct map *map, const berth_allocator *allocator)
{
    for (int i = 0; i < MOVES_PER_INSERTION && map->old_n > 0; i++) {
        struct node *node = map->old[map->moved];

        map->old[map->moved] = NULL;
        map->moved++;
        while (node) {
            struct node *next = node->next;
            struct node **to = &map->chains[node->hash & (map->n - 1)];

            node->next = *to;
            *to = node;
            node = next;
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
    struct node **chains = map->fixed ? NULL : memory_take(allocator, bytes_of(2 * map->n));

    if (!chains)
        return; /* the next insertion asks again */
    map->old = map->chains;
    map->old_n = map->n;
    map->moved = 0;
    map->chains = chains;
    map->n *= 2;
}

static inline void reserve(struct map *map, const berth_allocator *allocator)
{
    if (map->count >= map->n && map->old_n == 0)
        grow(map, allocator);
    if (map->old_n > 0)
        move_some(map, allocator);
    map->count++;
}

void map_reserve(struct map *map, const berth_allocator *allocator)
{
    reserve(map, allocator);
}

void map_insert(struct map *map, const berth_allocator *allocator, struct node *node, uint32_t hash)
{
    reserve(map, allocator);
    map_attach(map, node, hash);
}

void map_remove(struct map *map, struct node *node)
{
    map_detach(map, node);
    map_release(map);
}
