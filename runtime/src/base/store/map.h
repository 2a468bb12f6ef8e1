/*
 * An intrusive hash table. It never refuses an item: it asks for memory only to make chains
 * shorter, and without memory they stay longer. Growing moves a few chains with each insertion, so
 * no insertion pays for all.
 */
#ifndef BERTH_SRC_MAP_H
#define BERTH_SRC_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <berth/berth.h>

#include "../linkage.h"

/* The part of an item that the map needs: the next item of its chain. */
struct link {
    struct link *next;
};

/* A link with the item's hash, for items that cannot compute it at any time. */
struct node {
    struct link link; /* first */
    uint32_t hash;
};

struct map;
typedef uint32_t map_hash(const struct map *map, const struct link *link);

enum {
    MAP_SMALL = 16,
    /* items per chain when it grows; a chain costs a pointer, a step along it a cache line */
    MAP_LOAD = 2
};

/* Not to be copied: it may point into itself. */
struct map {
    struct link **chains; /* at first `small` */
    struct link **old;    /* the table before the last growth */
    size_t n;             /* number of chains; a power of 2 */
    size_t old_n;         /* of `old`; 0: all have moved */
    size_t moved;         /* chains of `old` below this one have moved */
    size_t count;         /* items in the map, and those that have a place reserved */
    map_hash *hash_of;    /* computes an item's hash; NULL: items are nodes */
    bool fixed;           /* never grows */
    struct link *small[MAP_SMALL];
};

internal void map_init(struct map *map, map_hash *hash_of);
/* Makes the table that `count` items need, in an empty map; it never grows. False: no memory. */
internal bool map_prepare(struct map *map, const berth_allocator *allocator, size_t count);
internal void map_clear(struct map *map, const berth_allocator *allocator);
/* Reserves a place for one more item. Only this function asks for memory. */
internal void map_reserve(struct map *map, const berth_allocator *allocator);
/* Gives a reserved place up. */
static inline void map_release(struct map *map)
{
    map->count--;
}

/* Reserves a place for an item, and puts it in. */
internal void map_link(struct map *map, const berth_allocator *allocator, struct link *link,
                       uint32_t hash);
internal void map_insert(struct map *map, const berth_allocator *allocator, struct node *node,
                         uint32_t hash);
/* Removes an item, and its place. */
internal void map_unlink(struct map *map, struct link *link, uint32_t hash);

/*
 * Walks all items, in no order. `chain` begins with 0 and belongs to the walk. NULL after the last.
 * The previous item may be removed.
 */
internal struct link *map_walk(const struct map *map, struct link *link, size_t *chain);

/* Empties the map. The places stay reserved. */
internal void map_forget(struct map *map);

/* A node with a place that is not in its map points to itself. */
static inline void map_mark_detached(struct node *node)
{
    node->link.next = &node->link;
}

static inline bool map_is_detached(const struct node *node)
{
    return node->link.next == &node->link;
}

/* The chain for items with this hash. */
static inline struct link **map_chain(const struct map *map, uint32_t hash)
{
    if (map->old_n > 0) {
        size_t i = hash & (map->old_n - 1);

        if (i >= map->moved)
            return &map->old[i];
    }
    return &map->chains[hash & (map->n - 1)];
}

/* Puts an item into its reserved place. Like map_detach(), it needs no memory and frees none. */
static inline void map_attach(struct map *map, struct link *link, uint32_t hash)
{
    struct link **to = map_chain(map, hash);

    link->next = *to;
    *to = link;
}

/* Takes an item out. Its place stays reserved. */
static inline void map_detach(struct map *map, struct link *link, uint32_t hash)
{
    struct link **at = map_chain(map, hash);

    while (*at != link)
        at = &(*at)->next;
    *at = link->next;
    link->next = NULL;
}

static inline void map_remove(struct map *map, struct node *node)
{
    map_unlink(map, &node->link, node->hash);
}

static inline struct node *map_skip(struct link *link, uint32_t hash)
{
    while (link && ((struct node *)link)->hash != hash)
        link = link->next;
    return (struct node *)link;
}

/* The first node with this hash, and the next; NULL at the end. */
static inline struct node *map_first(const struct map *map, uint32_t hash)
{
    return map_skip(*map_chain(map, hash), hash);
}

static inline struct node *map_next(const struct node *node)
{
    return map_skip(node->link.next, node->hash);
}

#endif
