/*
 * Memory of fixed size for managers: an allocator over memory that the program gives, for machines
 * without malloc, or where nothing may fail after start. What a spec's `limits` allow fits into
 * <MANAGER>_ARENA_SIZE bytes, in any order and for ever:
 *
 *   static unsigned char memory[SCSI_ARENA_SIZE];
 *   static berth_arena arena;
 *
 *   berth_arena_init(&arena, memory, sizeof memory);
 *   rc = scsi_create(NULL, &backend, &(berth_config){.allocator = &arena.allocator}, &disks, NULL);
 *
 * Blocks are cut off the memory's free end. One that is given back is kept for the next of its
 * size, and for no other; so nothing is ever split or joined, and what has fitted once fits again.
 * That suits managers with limits, whose blocks come in a handful of sizes. Without limits an
 * instance is as large as its texts, and memory that has served for one size is lost to the others
 * until nothing is out.
 */
#ifndef BERTH_ARENA_H
#define BERTH_ARENA_H

#include <stddef.h>

#include <berth/berth.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Blocks begin at multiples of this many bytes: any type of the runtime and of generated code may
 * begin there.
 */
#define BERTH_ARENA_UNIT (sizeof(void *) > 4 ? (size_t)16 : (size_t)8)

/*
 * What a block of `size` bytes takes, in bytes: at least what a free one needs. Evaluates `size`
 * more than once.
 */
#define BERTH_ARENA_ROOM(size)                                                                     \
    (((size_t)(size) < 3 * sizeof(void *) ? 3 * sizeof(void *) + BERTH_ARENA_UNIT - 1              \
                                          : (size_t)(size) + BERTH_ARENA_UNIT - 1) /               \
     BERTH_ARENA_UNIT * BERTH_ARENA_UNIT)

struct berth_arena_block;

/*
 * Not copied once it is in use: `allocator` points to it. The statistics may be read at any time
 * that no other thread uses the arena.
 *
 * Threads: an arena has no lock of its own. A manager uses its allocator with the manager locked,
 * but for the blocks of started operations that callers do not bring themselves; an arena for
 * those, or of several managers, needs all of it to be used by one thread.
 */
typedef struct berth_arena {
    berth_allocator allocator; /* for berth_config */
    size_t used;               /* bytes that are out, rounded up */
    size_t peak;               /* the most that `used` has been */
    /* Private. */
    unsigned char *memory;
    size_t size;
    size_t cut; /* bytes from the start that blocks were cut off */
    struct berth_arena_block *free;
} berth_arena;

/*
 * Makes an arena of `size` bytes at `memory`, which the caller owns and which must stay as long as
 * the arena is used. It need not be aligned; up to BERTH_ARENA_UNIT - 1 bytes are then lost.
 * Threads: not while the arena is in use. No hooks run.
 *
 * Its allocator gives NULL when no room is left. The time it takes does not depend on how many
 * blocks there are, only on how many sizes.
 */
void berth_arena_init(berth_arena *arena, void *memory, size_t size);

#ifdef __cplusplus
}
#endif
#endif
