/* Memory of the simulator: checked allocation, and blocks that live as long as a request. */
#ifndef SIM_MEMORY_H
#define SIM_MEMORY_H

#include <stddef.h>

typedef struct sim_block sim_block;

/* Blocks that are released together. Zero is empty. */
typedef struct sim_arena {
    sim_block *blocks;
} sim_arena;

/*
 * Zeroed memory for `count` things of `size` bytes, aligned for any type; never NULL, also for 0.
 * Without memory the program ends.
 */
void *sim_new(size_t count, size_t size);

/*
 * `memory` (of sim_new, or NULL), grown or shrunk to `count` things of `size` bytes. What is added
 * is not zeroed.
 */
void *sim_resize(void *memory, size_t count, size_t size);

/* Releases memory of the two above; NULL is fine. */
void sim_free(void *memory);

/* As sim_new; the arena owns it. */
void *sim_arena_new(sim_arena *arena, size_t count, size_t size);

/* Releases every block. */
void sim_arena_clear(sim_arena *arena);

#endif
