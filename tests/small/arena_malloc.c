/*
 * What the allocator of the generated suites calls instead of malloc and free, so that their
 * managers live in an arena of fixed size.
 */
#include <stddef.h>
#include <stdlib.h>

#include <berth/arena.h>

void *small_malloc(size_t size);
void small_free(void *memory);

static unsigned char memory[1 << 20];
static berth_arena arena;

/* An arena is told the size of what it gets back; free is not. */
union header {
    size_t size;
    max_align_t align;
};

void *small_malloc(size_t size)
{
    union header *block;

    if (!arena.allocator.alloc)
        berth_arena_init(&arena, memory, sizeof memory);
    block = arena.allocator.alloc(&arena, sizeof *block + size);
    if (!block)
        abort();
    block->size = size;
    return block + 1;
}

void small_free(void *given)
{
    union header *block = (union header *)given - 1;

    arena.allocator.release(&arena, block, sizeof *block + block->size);
}
