/*
 * An intrusive hash table. It never refuses an item: memory is asked for only to make chains shorter, and when there is none they stay
 * longer. Growing moves a few chains with each insertion, so no insertion pays for all.
 */
#ifndef BERTH_SRC_MAP_H
#define BERTH_SRC_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <berth/berth.h>

#include "linkage.h"

struct node {
    struct node *next;
    uint32_t hash;
};

enum { MAP_SMALL = 16 };

/* Not to be copied: it may point into itself. */
struct map {
    struct node **chains; /* at first `small` */
    struct node **old;    /* the table before the last growth */
    size_t n;             /* chains; a power of 2 */
    size_t old_n;         /* of `old`; 0: all have moved */
    size_t moved;         /* chains of `old` below this one have moved */
    size_t count;         /* items that are in it, or may be at any time */
    bool fixed;           /* never grows */
    struct node *small[MAP_SMALL];
};

INTERNAL void map_init(struct map *map);
/* For a map that is empty: makes the table that `count` items need, and no larger one ever. False: no memory. */
INTERNAL bool map_prepare(struct map *map, const berth_allocator *allocator, size_t count);
INTERNAL void map_clear(struct map *map, const berth_allocator *allocator);
/* Counts one more item, for which there is to be room. Only this asks for memory. */
SHARED void map_reserve(struct map *map, const berth_allocator *allocator);
/* Takes that back. */
static inline void map_release(struct map *map)
{
    map->count--;
}

/* Counts an item and puts it in. */
SHARED void map_insert(struct map *map, const berth_allocator *allocator, struct node *node, uint32_t hash);
/* `node` must be in the map. */
SHARED void map_remove(struct map *map, struct node *node);

/* A node that is counted and not in its map points to itself. */
static inline void node_mark_detached(struct node *node)
{
    node->next = node;
}

static inline bool node_is_detached(const struct node *node)
{
    return node->next == node;
}

static inline struct node *map_skip(struct node *node, uint32_t hash)
{
    while (node && node->hash != hash)
        node = node->next;
    return node;
}

/* The chain that an item with this hash is in, or belongs into. */
static inline struct node **map_chain(const struct map *map, uint32_t hash)
{
    if (map->old_n > 0) {
        size_t i = hash & (map->old_n - 1);

        if (i >= map->moved)
            return &map->old[i];
    }
    return &map->chains[hash & (map->n - 1)];
}

/*
 * Puts an item in that is counted already. As taking it out, it neither asks for memory nor gives
 * any back.
 */
static inline void map_attach(struct map *map, struct node *node, uint32_t hash)
{
    struct node **to = map_chain(map, hash);

    node->hash = hash;
    node->next = *to;
    *to = node;
}

/* Takes an item out, which stays counted. */
static inline void map_detach(struct map *map, struct node *node)
{
    struct node **at = map_chain(map, node->hash);

    while (*at != node)
        at = &(*at)->next;
    *at = node->next;
    node->next = NULL;
}

/* The first item with this hash, and the next one after it; NULL at the end. */
static inline struct node *map_first(const struct map *map, uint32_t hash)
{
    return map_skip(*map_chain(map, hash), hash);
}

static inline struct node *map_next(const struct node *node)
{
    return map_skip(node->next, node->hash);
}

#endif
