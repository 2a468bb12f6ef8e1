/* Lists and sets of strings: comparing and hashing them. A NULL item counts as "". */
#ifndef BERTH_SRC_STRINGS_H
#define BERTH_SRC_STRINGS_H

#include <stdbool.h>
#include <stdint.h>

#include <berth/fields.h>

#include "hash.h"
#include "linkage.h"

struct berth_sets {
    const struct hash_seed *seed;
    const berth_allocator *memory; /* for a while; NULL: none */
};

static inline const char *strings_item(const berth_strings *strings, uint32_t i)
{
    return strings->items[i] ? strings->items[i] : "";
}

/* `fold`: ASCII letters are equal in either case. */
internal bool strings_same_text(const char *a, const char *b, bool fold);

/* The same items in the same order? */
internal bool strings_same_list(const berth_strings *a, const berth_strings *b, bool fold);

/*
 * The same items, whatever their order and repetition? Takes time in proportion to their number;
 * for large sets in different orders this needs memory for a while, and where there is none (or
 * `sets->memory` is NULL) each item is compared with each.
 */
internal bool strings_same_set(const berth_strings *a, const berth_strings *b, bool fold,
                               const berth_sets *sets);

/*
 * Sets that are the same hash alike, and every item counts. Takes time in proportion to their
 * number; for more than 64 items this needs memory for a while, and where there is none (or
 * `sets->memory` is NULL) the hash is the same, but takes that time once for every 64.
 */
internal void strings_hash_set(const berth_strings *set, bool fold, berth_hash *hash,
                               const berth_sets *sets);

#endif
