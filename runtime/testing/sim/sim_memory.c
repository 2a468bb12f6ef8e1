#include "sim_memory.h"

#include <stdint.h>
#include <stdlib.h>

struct sim_block {
    sim_block *next;
    max_align_t memory[];
};

void *sim_new(size_t count, size_t size)
{
    void *memory = calloc(count > 0 ? count : 1, size > 0 ? size : 1);
    if (memory == NULL)
        abort();
    return memory;
}

void *sim_resize(void *memory, size_t count, size_t size)
{
    if (size != 0 && count > SIZE_MAX / size)
        abort();
    void *resized = realloc(memory, count * size > 0 ? count * size : 1);
    if (resized == NULL)
        abort();
    return resized;
}

void sim_free(void *memory)
{
    free(memory);
}

void *sim_arena_new(sim_arena *arena, size_t count, size_t size)
{
    if (size != 0 && count > (SIZE_MAX - sizeof(sim_block)) / size)
        abort();
    sim_block *block = sim_new(1, sizeof(sim_block) + count * size);
    block->next = arena->blocks;
    arena->blocks = block;
    return block->memory;
}

void sim_arena_clear(sim_arena *arena)
{
    while (arena->blocks != NULL) {
        sim_block *block = arena->blocks;
        arena->blocks = block->next;
        free(block);
    }
}
