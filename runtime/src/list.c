#include "list.h"

#include <string.h>

#include "memory.h"

bool strings_same_text(const char *a, const char *b, bool fold)
{
    if (!fold)
        return strcmp(a, b) == 0;
    while (*a && hash_fold((unsigned char)*a) == hash_fold((unsigned char)*b)) {
        a++;
        b++;
    }
    return hash_fold((unsigned char)*a) == hash_fold((unsigned char)*b);
}

bool strings_same_list(const berth_strings *a, const berth_strings *b, bool fold)
{
    if (a->count != b->count)
        return false;
    for (uint32_t i = 0; i < a->count; i++)
        if (!strings_same_text(strings_item(a, i), strings_item(b, i), fold))
            return false;
    return true;
}

static bool contains(const berth_strings *set, const char *string, bool fold)
{
    for (uint32_t i = 0; i < set->count; i++)
        if (strings_same_text(strings_item(set, i), string, fold))
            return true;
    return false;
}

static bool subset(const berth_strings *a, const berth_strings *b, bool fold)
{
    for (uint32_t i = 0; i < a->count; i++)
        if (!contains(b, strings_item(a, i), fold))
            return false;
    return true;
}

static uint64_t hash_text(const char *text, bool fold, const struct hash_seed *seed)
{
    struct hash hash;

    hash_start(&hash, seed);
    hash_bytes(&hash, text, strlen(text), fold);
    return hash_end(&hash);
}

/* A hash table of a set's items, each once: a slot is the number of an item from 1 on, and marked once the other set has it too. */
struct table {
    const berth_strings *set;
    uint64_t *slots;
    uint64_t n; /* a power of 2, more than twice the items */
    bool fold;
    const struct hash_seed *seed;
};

#define MARK (UINT64_C(1) << 63)

/* Where the text is, or would be. */
static uint64_t *find_slot(const struct table *table, const char *text)
{
    for (uint64_t i = hash_text(text, table->fold, table->seed);; i++) {
        uint64_t *slot = &table->slots[i & (table->n - 1)];

        if (*slot == 0 || strings_same_text(strings_item(table->set, (uint32_t)((*slot & ~MARK) - 1)), text, table->fold))
            return slot;
    }
}

static bool same_by_table(const struct table *table, const berth_strings *other)
{
    uint32_t left = 0; /* items of the table that the other set has not shown yet */

    for (uint32_t i = 0; i < table->set->count; i++) {
        uint64_t *slot = find_slot(table, strings_item(table->set, i));

        if (*slot == 0) {
            *slot = (uint64_t)i + 1;
            left++;
        }
    }
    for (uint32_t i = 0; i < other->count; i++) {
        uint64_t *slot = find_slot(table, strings_item(other, i));

        if (*slot == 0)
            return false;
        if (!(*slot & MARK))
            left--;
        *slot |= MARK;
    }
    return left == 0;
}

enum { FEW = 16, LEAST_SLOTS = 32 }; /* comparing each with each is faster up to about here */

bool strings_same_set(const berth_strings *a, const berth_strings *b, bool fold, const struct hash_seed *seed,
                      const berth_allocator *allocator)
{
    struct table table = {.set = a, .n = LEAST_SLOTS, .fold = fold, .seed = seed};
    bool same;

    if (strings_same_list(a, b, fold)) /* callers tend to give the same list again */
        return true;
    if (!allocator || a->count <= FEW || b->count <= FEW)
        return subset(a, b, fold) && subset(b, a, fold);
    while (table.n <= 2 * (uint64_t)a->count)
        table.n *= 2;
    table.slots = table.n > SIZE_MAX / sizeof *table.slots ? NULL : memory_take(allocator, (size_t)table.n * sizeof *table.slots);
    if (!table.slots)
        return subset(a, b, fold) && subset(b, a, fold);
    same = same_by_table(&table, b);
    memory_give(allocator, table.slots, (size_t)table.n * sizeof *table.slots);
    return same;
}

enum { SET_SAMPLE = 64 };

/*
 * The hash of a set must know neither order nor repetition. So it is made of the smallest few hashes of its items, each once, in ascending
 * order: all of them, for a set of ordinary size.
 */
void strings_hash_set(const berth_strings *set, bool fold, struct hash *hash, const struct hash_seed *seed)
{
    uint64_t smallest[SET_SAMPLE];
    size_t n = 0;

    for (uint32_t i = 0; i < set->count; i++) {
        uint64_t h = hash_text(strings_item(set, i), fold, seed);
        size_t at;

        for (at = n; at > 0 && smallest[at - 1] > h; at--)
            ;
        if (at == SET_SAMPLE || (at > 0 && smallest[at - 1] == h))
            continue;
        if (n < SET_SAMPLE)
            n++;
        memmove(smallest + at + 1, smallest + at, (n - 1 - at) * sizeof *smallest);
        smallest[at] = h;
    }
    for (size_t i = 0; i < n; i++)
        hash_word(hash, smallest[i]);
    hash_word(hash, n);
}
