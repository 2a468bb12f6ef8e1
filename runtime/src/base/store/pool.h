/*
 * Numbers 0 to size - 1. The lowest free number is found without a search. In a tree of bitmaps, 64
 * ways wide, each node knows which of its parts are full. Nodes are made when a number in them is
 * first taken, and kept.
 */
#ifndef BERTH_SRC_POOL_H
#define BERTH_SRC_POOL_H

#include <stdint.h>

#include <berth/berth.h>

#include "../linkage.h"

struct pool_node;

struct pool {
    struct pool_node *top;
    uint64_t size;
    unsigned depth; /* of inner nodes above the leaves */
};

internal void pool_init(struct pool *pool, uint64_t size);
internal void pool_clear(struct pool *pool, const berth_allocator *allocator);

/* Takes the lowest free number. -ENOSPC, -ENOMEM. */
internal int pool_alloc_lowest(struct pool *pool, const berth_allocator *allocator,
                               uint64_t *number);

/* Takes `number`, which is below the size. -EBUSY, -ENOMEM. */
internal int pool_alloc(struct pool *pool, const berth_allocator *allocator, uint64_t number);

/* Frees `number`, which is taken. */
internal void pool_free(struct pool *pool, uint64_t number);

#endif
