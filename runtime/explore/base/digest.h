/*
 * Digests of 128 bits. Two states with equal digests count as one. Among a thousand million states
 * some two are equal by chance with a probability below 1e-20.
 */
#ifndef BERTH_EXPLORE_DIGEST_H
#define BERTH_EXPLORE_DIGEST_H

#include <stdbool.h>
#include <stdint.h>

struct digest {
    uint64_t a, b;
};

__extension__ typedef unsigned __int128 digest_product;

/* Multiplies, and folds the upper half into the lower one. */
static inline uint64_t digest_fold(uint64_t x, uint64_t y)
{
    digest_product product = (digest_product)x * y;

    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static inline struct digest digest_start(uint64_t kind)
{
    return (struct digest){UINT64_C(0x9e3779b97f4a7c15) ^ kind,
                           UINT64_C(0xd1b54a32d192ed03) + kind};
}

/* Appends a number: the order counts. */
static inline void digest_add(struct digest *digest, uint64_t number)
{
    digest->a = digest_fold(digest->a ^ number, UINT64_C(0xa0761d6478bd642f)) + number;
    digest->b = digest_fold(digest->b + number, UINT64_C(0xe7037ed1a0b428db)) ^ digest->a;
}

static inline void digest_add_digest(struct digest *digest, struct digest other)
{
    digest_add(digest, other.a);
    digest_add(digest, other.b);
}

/* Puts one more into a bag of digests: the order does not count. */
static inline void digest_put(struct digest *bag, struct digest one)
{
    digest_add(&one, 1);
    bag->a += one.a;
    bag->b += one.b;
}

static inline bool digest_equal(struct digest x, struct digest y)
{
    return x.a == y.a && x.b == y.b;
}

#endif
