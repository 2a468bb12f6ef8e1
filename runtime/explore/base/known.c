#include "known.h"

#include <stdlib.h>

#include "fatal.h"

static struct known_entry *known_entry_of(struct known_entry *entries, size_t size,
                                          struct digest digest)
{
    size_t at = (size_t)digest.a & (size - 1);

    while (entries[at].used && !digest_equal(entries[at].digest, digest))
        at = (at + 1) & (size - 1);
    return &entries[at];
}

static void known_grow(struct known *known)
{
    size_t size = known->size ? known->size * 2 : 64;
    struct known_entry *entries = fatal_alloc(size * sizeof *entries);

    for (size_t i = 0; i < known->size; i++)
        if (known->entries[i].used)
            *known_entry_of(entries, size, known->entries[i].digest) = known->entries[i];
    free(known->entries);
    known->entries = entries;
    known->size = size;
}

static uint64_t *known_find(const struct known *known, struct digest digest)
{
    struct known_entry *entry;

    if (known->size == 0)
        return NULL;
    entry = known_entry_of(known->entries, known->size, digest);
    return entry->used ? &entry->value : NULL;
}

static uint64_t *known_put(struct known *known, struct digest digest, uint64_t first, bool *is_new)
{
    struct known_entry *entry;

    if (known->count * 3 >= known->size * 2)
        known_grow(known);
    entry = known_entry_of(known->entries, known->size, digest);
    if (is_new)
        *is_new = !entry->used;
    if (!entry->used) {
        *entry = (struct known_entry){.digest = digest, .value = first, .used = true};
        known->count++;
    }
    return &entry->value;
}

static bool known_add(struct known *known, struct digest digest)
{
    bool is_new;

    (void)known_put(known, digest, 0, &is_new);
    return is_new;
}

static void known_clear(struct known *known)
{
    free(known->entries);
    *known = (struct known){0};
}
