#include "strings.h"

#include <string.h>

#include "../store/memory.h"

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
    struct berth_hash hash;

    hash_start(&hash, seed);
    hash_bytes(&hash, text, strlen(text), fold);
    return hash_end(&hash);
}

/*
 * A hash table of a set's items, each once. A slot has the number of an item, from 1 on. It is
 * marked once the other set has shown the item too.
 */
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

        if (*slot == 0 ||
            strings_same_text(strings_item(table->set, (uint32_t)((*slot & ~MARK) - 1)), text,
                              table->fold))
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

enum { LEAST_SLOTS = 32 };

/* Zeroed slots for so many items. Their number `n` is a power of 2. NULL: no memory. */
static uint64_t *alloc_table(const berth_allocator *allocator, uint32_t items, uint64_t *n)
{
    *n = LEAST_SLOTS;
    while (*n <= 2 * (uint64_t)items)
        *n *= 2;
    return *n > SIZE_MAX / sizeof(uint64_t)
               ? NULL
               : memory_alloc(allocator, (size_t)*n * sizeof(uint64_t));
}

static void free_table(const berth_allocator *allocator, uint64_t *slots, uint64_t n)
{
    memory_free(allocator, slots, (size_t)n * sizeof *slots);
}

enum { FEW = 16 }; /* up to about here comparing each with each is faster */

bool strings_same_set(const berth_strings *a, const berth_strings *b, bool fold,
                      const berth_sets *sets)
{
    struct table table = {.set = a, .fold = fold, .seed = sets->seed};
    bool same;

    if (strings_same_list(a, b, fold)) /* callers tend to give the same list again */
        return true;
    if (!sets->memory || a->count <= FEW || b->count <= FEW)
        return subset(a, b, fold) && subset(b, a, fold);
    table.slots = alloc_table(sets->memory, a->count, &table.n);
    if (!table.slots)
        return subset(a, b, fold) && subset(b, a, fold);
    same = same_by_table(&table, b);
    free_table(sets->memory, table.slots, table.n);
    return same;
}

/*
 * The sums over a set's items, each once. They are the same in any order. Without the seed nobody
 * can choose two sets with the same sums.
 */
struct sum {
    uint64_t sum, mixed, n;
};

static void sum_add(struct sum *sum, uint64_t item)
{
    sum->sum += item;
    sum->mixed ^= item;
    sum->n++;
}

/* Never 0. */
static uint64_t hash_item(const berth_strings *set, uint32_t i, bool fold,
                          const struct hash_seed *seed)
{
    uint64_t hash = hash_text(strings_item(set, i), fold, seed);

    return hash > 0 ? hash : 1;
}

enum { AT_ONCE = 64 };

/* Finds the smallest hashes from `from` on, each once, in ascending order. Returns their number. */
static size_t find_smallest(const berth_strings *set, bool fold, const struct hash_seed *seed,
                            uint64_t from, uint64_t *smallest)
{
    size_t n = 0;

    for (uint32_t i = 0; i < set->count; i++) {
        uint64_t h = hash_item(set, i, fold, seed);
        size_t at;

        for (at = n; at > 0 && smallest[at - 1] > h; at--)
            ;
        if (h < from || at == AT_ONCE || (at > 0 && smallest[at - 1] == h))
            continue;
        if (n < AT_ONCE)
            n++;
        memmove(smallest + at + 1, smallest + at, (n - 1 - at) * sizeof *smallest);
        smallest[at] = h;
    }
    return n;
}

/* Without memory: adds the smallest hashes, then the next ones. Most sets need one pass. */
static void sum_by_order(const berth_strings *set, bool fold, const struct hash_seed *seed,
                         struct sum *sum)
{
    uint64_t smallest[AT_ONCE], from = 1;
    size_t n;

    do {
        n = find_smallest(set, fold, seed, from, smallest);
        for (size_t i = 0; i < n; i++)
            sum_add(sum, smallest[i]);
        from = n > 0 ? smallest[n - 1] + 1 : 0;
    } while (n == AT_ONCE && set->count > AT_ONCE && from > 0);
}

/* Items with equal hashes count as one, as in sum_by_order(). So equal sets have equal sums. */
static void sum_by_table(const berth_strings *set, bool fold, const struct hash_seed *seed,
                         uint64_t *slots, uint64_t n, struct sum *sum)
{
    for (uint32_t i = 0; i < set->count; i++) {
        uint64_t item = hash_item(set, i, fold, seed), at = item & (n - 1);

        while (slots[at] != 0 && slots[at] != item)
            at = (at + 1) & (n - 1);
        if (slots[at] == item)
            continue;
        slots[at] = item;
        sum_add(sum, item);
    }
}

void strings_hash_set(const berth_strings *set, bool fold, berth_hash *hash, const berth_sets *sets)
{
    struct sum sum = {0, 0, 0};
    uint64_t n = 0, *slots = NULL;

    if (sets->memory && set->count > AT_ONCE)
        slots = alloc_table(sets->memory, set->count, &n);
    if (slots) {
        sum_by_table(set, fold, sets->seed, slots, n, &sum);
        free_table(sets->memory, slots, n);
    } else {
        sum_by_order(set, fold, sets->seed, &sum);
    }
    hash_word(hash, sum.sum);
    hash_word(hash, sum.mixed);
    hash_word(hash, sum.n);
}
