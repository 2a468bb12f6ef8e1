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

enum {
    FEW = 16, /* up to about here comparing each with each is faster */
    LEAST_SLOTS = 32
};

/* Makes an empty table for the items of a set. False: they are few, or there is no memory. */
static bool make_table(struct table *table, const berth_strings *set, bool fold,
                       const berth_sets *sets)
{
    *table = (struct table){.set = set, .n = LEAST_SLOTS, .fold = fold, .seed = sets->seed};
    if (!sets->memory || set->count <= FEW)
        return false;
    while (table->n <= 2 * (uint64_t)set->count)
        table->n *= 2;
    if (table->n <= SIZE_MAX / sizeof *table->slots)
        table->slots = memory_alloc(sets->memory, (size_t)table->n * sizeof *table->slots);
    return table->slots != NULL;
}

static void free_table(const struct table *table, const berth_sets *sets)
{
    memory_free(sets->memory, table->slots, (size_t)table->n * sizeof *table->slots);
}

/* Where the text is, or would be. */
static uint64_t *find_slot(const struct table *table, const char *text, uint64_t hash)
{
    for (uint64_t i = hash;; i++) {
        uint64_t *slot = &table->slots[i & (table->n - 1)];

        if (*slot == 0 ||
            strings_same_text(strings_item(table->set, (uint32_t)((*slot & ~MARK) - 1)), text,
                              table->fold))
            return slot;
    }
}

/* Enters item i of the table's set. False: it is there already. */
static bool enter_item(const struct table *table, uint32_t i, uint64_t hash)
{
    uint64_t *slot = find_slot(table, strings_item(table->set, i), hash);

    if (*slot != 0)
        return false;
    *slot = (uint64_t)i + 1;
    return true;
}

static bool same_by_table(const struct table *table, const berth_strings *other)
{
    uint32_t left = 0; /* items of the table that the other set has not shown yet */

    for (uint32_t i = 0; i < table->set->count; i++)
        left +=
            enter_item(table, i, hash_text(strings_item(table->set, i), table->fold, table->seed));
    for (uint32_t i = 0; i < other->count; i++) {
        const char *text = strings_item(other, i);
        uint64_t *slot = find_slot(table, text, hash_text(text, table->fold, table->seed));

        if (*slot == 0)
            return false;
        if (!(*slot & MARK))
            left--;
        *slot |= MARK;
    }
    return left == 0;
}

bool strings_same_set(const berth_strings *a, const berth_strings *b, bool fold,
                      const berth_sets *sets)
{
    struct table table;
    bool same;

    if (strings_same_list(a, b, fold)) /* callers tend to give the same list again */
        return true;
    if (b->count <= FEW || !make_table(&table, a, fold, sets))
        return subset(a, b, fold) && subset(b, a, fold);
    same = same_by_table(&table, b);
    free_table(&table, sets);
    return same;
}

/*
 * Sums over the items, each once, are the same in any order. Without the seed nobody can choose two
 * sets with the same sums.
 */
void strings_hash_set(const berth_strings *set, bool fold, berth_hash *hash, const berth_sets *sets)
{
    uint64_t sum = 0, mixed = 0, n = 0;
    struct table table;
    bool has_table = make_table(&table, set, fold, sets);

    for (uint32_t i = 0; i < set->count; i++) {
        const berth_strings earlier = {.items = set->items, .count = i};
        uint64_t item = hash_text(strings_item(set, i), fold, sets->seed);

        if (has_table ? !enter_item(&table, i, item)
                      : contains(&earlier, strings_item(set, i), fold))
            continue;
        sum += item;
        mixed ^= item;
        n++;
    }
    if (has_table)
        free_table(&table, sets);
    hash_word(hash, sum);
    hash_word(hash, mixed);
    hash_word(hash, n);
}
