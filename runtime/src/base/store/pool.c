#include "pool.h"

#include <errno.h>
#include <stddef.h>

#include "memory.h"

enum { WAYS = 64, LEAF_BITS = 12, STEP_BITS = 6, MAX_DEPTH = 9 }; /* 12 + 9 * 6 covers 64 bits */

struct pool_node {
    uint64_t full; /* bit i: part i has no free number */
    union {
        struct pool_node *child[WAYS]; /* inner node */
        uint64_t taken[WAYS];          /* leaf */
    } part;
};

/* Bytes of a node. A pool that is one leaf has no more words than it needs. */
static size_t node_size(const struct pool *pool)
{
    uint64_t words = (pool->size + WAYS - 1) / WAYS;

    if (pool->depth > 0 || words >= WAYS)
        return sizeof(struct pool_node);
    return offsetof(struct pool_node, part) + (size_t)words * sizeof(uint64_t);
}

static unsigned lowest_zero(uint64_t word)
{
    return (unsigned)__builtin_ctzll(~word);
}

/* The bits of a number that choose within a part of an inner node at this height (1: lowest). */
static unsigned shift_at(unsigned height)
{
    return LEAF_BITS + STEP_BITS * (height - 1);
}

void pool_init(struct pool *pool, uint64_t size)
{
    pool->top = NULL;
    pool->size = size;
    pool->depth = 0;
    while (pool->depth < MAX_DEPTH && size > UINT64_C(1) << shift_at(pool->depth + 1))
        pool->depth++;
}

static void clear(const struct pool *pool, const berth_allocator *allocator, struct pool_node *node,
                  unsigned height)
{
    if (!node)
        return;
    for (unsigned i = 0; height > 0 && i < WAYS; i++)
        clear(pool, allocator, node->part.child[i], height - 1);
    memory_free(allocator, node, node_size(pool));
}

void pool_clear(struct pool *pool, const berth_allocator *allocator)
{
    clear(pool, allocator, pool->top, pool->depth);
    pool->top = NULL;
}

/*
 * Walks down to the leaf of `number`, making what is missing; notes the way in `path`, topmost node
 * at index depth.
 */
static int descend(struct pool *pool, const berth_allocator *allocator, uint64_t number,
                   struct pool_node *path[])
{
    struct pool_node **at = &pool->top;

    for (unsigned height = pool->depth;; height--) {
        if (!*at) {
            *at = memory_alloc(allocator, node_size(pool));
            if (!*at)
                return -ENOMEM;
        }
        path[height] = *at;
        if (height == 0)
            return 0;
        at = &(*at)->part.child[(number >> shift_at(height)) & (WAYS - 1)];
    }
}

static void mark(struct pool *pool, struct pool_node *path[], uint64_t number)
{
    unsigned word = (unsigned)(number >> STEP_BITS) & (WAYS - 1);

    path[0]->part.taken[word] |= UINT64_C(1) << (number & (WAYS - 1));
    if (~path[0]->part.taken[word] != 0)
        return;
    path[0]->full |= UINT64_C(1) << word;
    for (unsigned height = 1; height <= pool->depth && ~path[height - 1]->full == 0; height++)
        path[height]->full |= UINT64_C(1) << ((number >> shift_at(height)) & (WAYS - 1));
}

int pool_alloc_lowest(struct pool *pool, const berth_allocator *allocator, uint64_t *number)
{
    struct pool_node *path[MAX_DEPTH + 1];
    const struct pool_node *node = pool->top;
    uint64_t lowest = 0;

    for (unsigned height = pool->depth; node; height--) {
        unsigned i;

        if (~node->full == 0)
            return -ENOSPC;
        i = lowest_zero(node->full);
        if (height == 0) {
            lowest |= (uint64_t)i << STEP_BITS;
            if (lowest < pool->size) /* else there is no such word */
                lowest |= lowest_zero(node->part.taken[i]);
            break;
        }
        lowest |= (uint64_t)i << shift_at(height);
        node = node->part.child[i];
    }
    if (lowest >= pool->size)
        return -ENOSPC;
    if (descend(pool, allocator, lowest, path) != 0)
        return -ENOMEM;
    mark(pool, path, lowest);
    *number = lowest;
    return 0;
}

int pool_alloc(struct pool *pool, const berth_allocator *allocator, uint64_t number)
{
    struct pool_node *path[MAX_DEPTH + 1];

    if (descend(pool, allocator, number, path) != 0)
        return -ENOMEM;
    if (path[0]->part.taken[(number >> STEP_BITS) & (WAYS - 1)] >> (number & (WAYS - 1)) & 1)
        return -EBUSY;
    mark(pool, path, number);
    return 0;
}

void pool_free(struct pool *pool, uint64_t number)
{
    struct pool_node *node = pool->top;
    unsigned word = (unsigned)(number >> STEP_BITS) & (WAYS - 1);

    for (unsigned height = pool->depth; height > 0; height--) {
        unsigned i = (unsigned)(number >> shift_at(height)) & (WAYS - 1);

        node->full &= ~(UINT64_C(1) << i);
        node = node->part.child[i];
    }
    node->full &= ~(UINT64_C(1) << word);
    node->part.taken[word] &= ~(UINT64_C(1) << (number & (WAYS - 1)));
}
