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

struct node {
    struct node *next;
    uint32_t hash;
};

enum { MAP_SMALL = 16 };

struct map {
    struct node **chains; /* NULL: `small` */
    struct node **old;    /* the table before the last growth; NULL: `old_small` says whether it is `small` */
    size_t n;             /* chains; a power of 2 */
    size_t old_n;         /* 0: all have moved */
    size_t moved;         /* chains of `old` below this one have moved */
    size_t count;
    struct node *small[MAP_SMALL];
};

void map_init(struct map *map);
void map_clear(struct map *map, const berth_allocator *allocator);
void map_insert(struct map *map, const berth_allocator *allocator, struct node *node, uint32_t hash);
/* `node` must be in the map. */
void map_remove(struct map *map, struct node *node);

/* The first item with this hash, and the next one after it; NULL at the end. */
struct node *map_first(const struct map *map, uint32_t hash);
struct node *map_next(const struct node *node);

#endif
