/*
 * Rows that are written together, in memory that grows. Their cells may point into the view of an
 * instance, whose memory the batch keeps. So nothing changes values while a batch that has them
 * waits: whose commit that is owns the root, and takes its hook's values when the commit is over.
 */
#ifndef BERTH_SRC_BATCH_H
#define BERTH_SRC_BATCH_H

#include <stdbool.h>
#include <stddef.h>

#include <berth/store.h>

#include "../../base/linkage.h"

struct batch_chunk;

struct batch {
    const berth_allocator *allocator;
    berth_store_change *changes;
    void **subjects; /* the instance that each change is about; or NULL */
    uint32_t n, capacity;
    struct batch_chunk *chunks; /* memory for cells: the newest; the first is kept */
    bool failed;                /* there was no memory: the batch is not whole */
};

/* An empty batch, without memory. */
internal void batch_init(struct batch *batch, const berth_allocator *allocator);

/* Takes memory for so many changes in an empty batch, and bytes of cells. False: there is none. */
internal bool batch_prepare(struct batch *batch, uint32_t changes, size_t bytes);

/* Empties it. What batch_prepare() took is kept. */
internal void batch_clear(struct batch *batch);
internal void batch_free(struct batch *batch);

/* Adds a change with so many zeroed cells. NULL: there is no memory. */
internal berth_store_value *batch_add(struct batch *batch, uint16_t table, bool deleted,
                                      unsigned n_values, void *subject);

/* Adds a change whose cells are elsewhere. False: there is no memory. */
internal bool batch_append(struct batch *batch, const berth_store_change *change);

#ifdef BERTH_NO_THREADS
/* Takes the cells and subjects of a batch whose changes with subjects were all appended here. */
internal void batch_adopt(struct batch *batch, struct batch *from);
#endif

/* Zeroed memory that lasts as long as the cells. NULL: there is none. */
internal void *batch_bytes(struct batch *batch, size_t size);

/* A copy of a text. "" without memory. */
internal const char *batch_text(struct batch *batch, const char *text);

#endif
