#include "memory.h"

#include <string.h>

#ifdef BERTH_NO_MALLOC

#define default_alloc NULL
#define default_release NULL

#else

#include <stdlib.h>

static void *default_alloc(void *ctx, size_t size)
{
    (void)ctx;
    return malloc(size);
}

static void default_release(void *ctx, void *memory, size_t size)
{
    (void)ctx;
    (void)size;
    free(memory);
}

#endif

const berth_allocator *memory_default(void)
{
    static const berth_allocator allocator = {.alloc = default_alloc, .release = default_release};

    return &allocator;
}

void *memory_alloc(const berth_allocator *allocator, size_t size)
{
    void *memory = allocator->alloc(allocator->ctx, size);

    if (memory)
        memset(memory, 0, size);
    return memory;
}

void memory_free(const berth_allocator *allocator, void *memory, size_t size)
{
    if (memory)
        allocator->release(allocator->ctx, memory, size);
}

/* Not inlined, which would be the few instructions again. */
noinline void memory_zero(void *memory, size_t size)
{
    memset(memory, 0, size);
}
