#include "map.h"

#include <string.h>

#include "memory.h"

enum { MOVES_PER_INSERTION = 4 }; /* more than 1, so that a growth is over long before the next one */

void map_init(struct map *map)
{
    memset(map, 0, sizeof *map);
    map->n = MAP_SMALL;
}

static struct node **current(struct map *map)
{
    return map->chains ? map->chains : map->small;
}

static struct node **previous(struct map *map)
{
    return map->old ? map->old : map->small;
}

static size_t bytes_of(size_t n)
{
    return n * sizeof(void *);
}

static void release(const berth_allocator *allocator, struct node **chains, size_t n)
{
    memory_give(allocator, chains, bytes_of(n));
}

void map_clear(struct map *map, const berth_allocator *allocator)
{
    release(allocator, map->old, map->old_n);
    release(allocator, map->chains, map->n);
    map_init(map);
}

/* The chain that an item with this hash is in, or belongs into. */
static struct node **chain(struct map *map, uint32_t hash)
{
    if (map->old_n > 0) {
        size_t i = hash & (map->old_n - 1);

        if (i >= map->moved)
            return &previous(map)[i];
    }
    return &current(map)[hash & (map->n - 1)];
}

static void move_some(struct map *map, const berth_allocator *allocator)
{
    for (int i = 0; i < MOVES_PER_INSERTION && map->old_n > 0; i++) {
        struct node *node = previous(map)[map->moved];

        previous(map)[map->moved] = NULL;
        map->moved++;
        while (node) {
            struct node *next = node->next;
            struct node **to = &map->chains[node->hash & (map->n - 1)];

            node->next = *to;
            *to = node;
            node = next;
        }
        if (map->moved == map->old_n) {
            release(allocator, map->old, map->old_n);
            map->old = NULL;
            map->old_n = 0;
        }
    }
}

static void grow(struct map *map, const berth_allocator *allocator)
{
    struct node **chains = memory_take(allocator, bytes_of(2 * map->n));

    if (!chains)
        return; /* the next insertion asks again */
    map->old = map->chains;
    map->old_n = map->n;
    map->moved = 0;
    map->chains = chains;
    map->n *= 2;
}

void map_insert(struct map *map, const berth_allocator *allocator, struct node *node, uint32_t hash)
{
    struct node **to;

    if (map->count >= map->n && map->old_n == 0)
        grow(map, allocator);
    move_some(map, allocator);
    to = chain(map, hash);
    node->hash = hash;
    node->next = *to;
    *to = node;
    map->count++;
}

void map_remove(struct map *map, struct node *node)
{
    struct node **at = chain(map, node->hash);

    while (*at != node)
        at = &(*at)->next;
    *at = node->next;
    node->next = NULL;
    map->count--;
}

static struct node *find(struct node *node, uint32_t hash)
{
    while (node && node->hash != hash)
        node = node->next;
    return node;
}

struct node *map_first(const struct map *map, uint32_t hash)
{
    if (map->old_n > 0) {
        size_t i = hash & (map->old_n - 1);

        if (i >= map->moved)
            return find((map->old ? map->old : map->small)[i], hash);
    }
    return find((map->chains ? map->chains : map->small)[hash & (map->n - 1)], hash);
}

struct node *map_next(const struct node *node)
{
    return find(node->next, node->hash);
}
