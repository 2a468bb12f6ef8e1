/* Memory, all of it from the manager's allocator. Sizes are kept by whoever allocated. */
#ifndef BERTH_SRC_MEMORY_H
#define BERTH_SRC_MEMORY_H

#include <stddef.h>

#include <berth/berth.h>

#include "linkage.h"

/* malloc and free; nothing, which no manager can be made with, where there is no malloc. */
internal const berth_allocator *memory_default(void);

/* Zeroed memory, or NULL. */
internal void *memory_alloc(const berth_allocator *allocator, size_t size);

/*
 * Zeroes what is too large for the few instructions, slow to start, that compilers make of a
 * memset() of known size.
 */
internal void memory_zero(void *memory, size_t size);

/* NULL is fine. */
internal void memory_free(const berth_allocator *allocator, void *memory, size_t size);

#endif
