/* A hash table from digests to numbers. It only grows. */
#ifndef BERTH_EXPLORE_KNOWN_H
#define BERTH_EXPLORE_KNOWN_H

#include <stddef.h>

#include "digest.h"

struct known_entry {
    struct digest digest;
    uint64_t value;
    bool used;
};

struct known {
    struct known_entry *entries; /* `size` of them, a power of 2; NULL: none yet */
    size_t size, count;
};

/* The value of a digest; NULL: the table does not have it. Valid until the next known_put(). */
static uint64_t *known_find(const struct known *known, struct digest digest);

/*
 * The value of a digest, which enters the table with `first` if it is not there yet. `is_new`, if
 * not NULL, tells that. Valid until the next call.
 */
static uint64_t *known_put(struct known *known, struct digest digest, uint64_t first, bool *is_new);

/* Enters a digest. False: it was there. */
static bool known_add(struct known *known, struct digest digest);

static void known_clear(struct known *known);

#endif
