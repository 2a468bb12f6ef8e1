/* Memory of the manager's allocator. The caller keeps the size of each block. */
#ifndef BERTH_SRC_MEMORY_H
#define BERTH_SRC_MEMORY_H

#include <stddef.h>

#include <berth/berth.h>

#include "../linkage.h"

/* malloc() and free(). Without malloc() it has no functions, and no manager can be made with it. */
internal const berth_allocator *memory_default(void);

/* Zeroed memory, or NULL. */
internal void *memory_alloc(const berth_allocator *allocator, size_t size);

/* Zeroes a large struct. Compilers inline a memset() as instructions that are slow to start. */
internal void memory_zero(void *memory, size_t size);

/* NULL is fine. */
internal void memory_free(const berth_allocator *allocator, void *memory, size_t size);

#endif
