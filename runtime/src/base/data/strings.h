/* Compares and hashes lists and sets of strings. A NULL item counts as "". */
#ifndef BERTH_SRC_STRINGS_H
#define BERTH_SRC_STRINGS_H

#include <stdbool.h>
#include <stdint.h>

#include <berth/fields.h>

#include "hash.h"
#include "../linkage.h"

struct berth_sets {
    const struct hash_seed *seed;
    const berth_allocator *memory; /* for use during a call; NULL: none */
};

static inline const char *strings_item(const berth_strings *strings, uint32_t i)
{
    return berth_text(strings->items[i]);
}

/* `fold`: ASCII letters are equal in either case. */
internal bool strings_same_text(const char *a, const char *b, bool fold);

/* Do they have the same items in the same order? */
internal bool strings_same_list(const berth_strings *a, const berth_strings *b, bool fold);

/*
 * Do they have the same items, in any order and number? The time is linear, but for large sets in
 * different orders without memory: then each item is compared with each.
 */
internal bool strings_same_set(const berth_strings *a, const berth_strings *b, bool fold,
                               const berth_sets *sets);

/* Equal sets have equal hashes. It takes memory and time as strings_same_set() does. */
internal void strings_hash_set(const berth_strings *set, bool fold, berth_hash *hash,
                               const berth_sets *sets);

#endif
