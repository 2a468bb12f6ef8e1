#include "batch.h"

#include <string.h>

#include "../../base/store/memory.h"

enum { CHUNK = 2048, FIRST_CHANGES = 16 };

struct batch_chunk {
    struct batch_chunk *next; /* an older one */
    size_t size, used;        /* of `bytes` */
    uint64_t bytes[];
};

void batch_init(struct batch *batch, const berth_allocator *allocator)
{
    *batch = (struct batch){.allocator = allocator};
}

static void free_changes(struct batch *batch)
{
    memory_free(batch->allocator, batch->changes, batch->capacity * sizeof *batch->changes);
    memory_free(batch->allocator, batch->subjects, batch->capacity * sizeof *batch->subjects);
}

static bool grow_batch(struct batch *batch, uint32_t capacity)
{
    berth_store_change *changes = memory_alloc(batch->allocator, capacity * sizeof *batch->changes);
    void **subjects = memory_alloc(batch->allocator, capacity * sizeof *batch->subjects);

    if (!changes || !subjects) {
        memory_free(batch->allocator, changes, capacity * sizeof *changes);
        memory_free(batch->allocator, subjects, capacity * sizeof *subjects);
        batch->failed = true;
        return false;
    }
    if (batch->n > 0) {
        memcpy(changes, batch->changes, batch->n * sizeof *changes);
        memcpy(subjects, batch->subjects, batch->n * sizeof *subjects);
    }
    free_changes(batch);
    batch->changes = changes;
    batch->subjects = subjects;
    batch->capacity = capacity;
    return true;
}

static bool add_chunk(struct batch *batch, size_t size)
{
    struct batch_chunk *chunk = memory_alloc(batch->allocator, sizeof *chunk + size);

    if (!chunk) {
        batch->failed = true;
        return false;
    }
    chunk->size = size;
    chunk->next = batch->chunks;
    batch->chunks = chunk;
    return true;
}

static void free_newest(struct batch *batch)
{
    struct batch_chunk *chunk = batch->chunks;

    batch->chunks = chunk->next;
    memory_free(batch->allocator, chunk, sizeof *chunk + chunk->size);
}

bool batch_prepare(struct batch *batch, uint32_t changes, size_t bytes)
{
    if (changes > batch->capacity && !grow_batch(batch, changes))
        return false;
    while (batch->chunks && batch->chunks->size < bytes)
        free_newest(batch);
    return batch->chunks || add_chunk(batch, bytes);
}

void batch_clear(struct batch *batch)
{
    batch->n = 0;
    batch->failed = false;
    while (batch->chunks && batch->chunks->next)
        free_newest(batch);
    if (batch->chunks)
        batch->chunks->used = 0;
}

void batch_free(struct batch *batch)
{
    while (batch->chunks)
        free_newest(batch);
    free_changes(batch);
    batch_init(batch, batch->allocator);
}

void *batch_bytes(struct batch *batch, size_t size)
{
    void *bytes;

    size = (size + sizeof(uint64_t) - 1) / sizeof(uint64_t) * sizeof(uint64_t);
    if ((!batch->chunks || batch->chunks->size - batch->chunks->used < size) &&
        !add_chunk(batch, size > CHUNK ? size : CHUNK))
        return NULL;
    bytes = (char *)batch->chunks->bytes + batch->chunks->used;
    batch->chunks->used += size;
    return memset(bytes, 0, size);
}

const char *batch_text(struct batch *batch, const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = batch_bytes(batch, size);

    return copy ? memcpy(copy, text, size) : "";
}

bool batch_append(struct batch *batch, const berth_store_change *change)
{
    if (batch->n == batch->capacity &&
        !grow_batch(batch, batch->capacity > 0 ? 2 * batch->capacity : FIRST_CHANGES))
        return false;
    batch->changes[batch->n] = *change;
    batch->subjects[batch->n] = NULL;
    batch->n++;
    return true;
}

#ifdef BERTH_NO_THREADS

void batch_adopt(struct batch *batch, struct batch *from)
{
    struct batch_chunk **end = &batch->chunks;
    uint32_t at = 0;

    for (uint32_t i = 0; i < from->n; i++) {
        if (!from->subjects[i])
            continue;
        while (batch->subjects[at])
            at++;
        batch->subjects[at] = from->subjects[i];
    }
    while (*end)
        end = &(*end)->next;
    *end = from->chunks;
    from->chunks = NULL;
    from->n = 0;
}

#endif

berth_store_value *batch_add(struct batch *batch, uint16_t table, bool deleted, unsigned n_values,
                             void *subject)
{
    berth_store_value *values = batch_bytes(batch, n_values * sizeof *values);

    if (!values || !batch_append(batch, &(berth_store_change){
                                            .table = table, .deleted = deleted, .values = values}))
        return NULL;
    batch->subjects[batch->n - 1] = subject;
    return values;
}
