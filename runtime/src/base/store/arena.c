#include <berth/arena.h>

#include <stdalign.h>
#include <stdint.h>
#include <string.h>

/* With AddressSanitizer free memory is poisoned, as with malloc(). */
#if defined __SANITIZE_ADDRESS__
#define ARENA_ASAN 1
#elif defined __has_feature
#if __has_feature(address_sanitizer)
#define ARENA_ASAN 1
#endif
#endif
#ifdef ARENA_ASAN
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(memory, size) ((void)(memory), (void)(size))
#define ASAN_UNPOISON_MEMORY_REGION(memory, size) ((void)(memory), (void)(size))
#endif

/* A free block. Blocks of one size are a list. The first blocks of all lists are a list too. */
struct berth_arena_block {
    struct berth_arena_block *next; /* of the same size */
    /* the first of another size; only the first of its own has it */
    struct berth_arena_block *other;
    size_t size;
};

/* The part of a free block that is in use. */
enum { HEAD = sizeof(struct berth_arena_block) };
_Static_assert(BERTH_ARENA_ROOM(1) >= HEAD,
               "the smallest block has room for the head of a free one");
_Static_assert(BERTH_ARENA_UNIT % alignof(uint64_t) == 0 && BERTH_ARENA_UNIT % alignof(void *) == 0,
               "blocks are aligned");

/* Takes a free block of this size out of its list; NULL: there is none. */
static struct berth_arena_block *pop_free(berth_arena *arena, size_t size)
{
    struct berth_arena_block **at = &arena->free;
    struct berth_arena_block *block;

    while (*at && (*at)->size != size)
        at = &(*at)->other;
    block = *at;
    if (!block)
        return NULL;
    *at = block->next ? block->next : block->other;
    if (block->next)
        block->next->other = block->other;
    return block;
}

static void *arena_alloc(void *ctx, size_t size)
{
    berth_arena *arena = ctx;
    size_t room;
    void *memory;

    if (size > arena->size)
        return NULL;
    room = BERTH_ARENA_ROOM(size);
    memory = pop_free(arena, room);
    if (!memory) {
        if (room > arena->size - arena->cut)
            return NULL;
        memory = arena->memory + arena->cut;
        arena->cut += room;
    }
    arena->used += room;
    if (arena->used > arena->peak)
        arena->peak = arena->used;
    ASAN_UNPOISON_MEMORY_REGION(memory, size);
    return memory;
}

static void push_free(berth_arena *arena, struct berth_arena_block *block, size_t size)
{
    struct berth_arena_block **at = &arena->free;

    while (*at && (*at)->size != size)
        at = &(*at)->other;
    *block =
        (struct berth_arena_block){.next = *at, .other = *at ? (*at)->other : NULL, .size = size};
    *at = block;
}

static void arena_release(void *ctx, void *memory, size_t size)
{
    berth_arena *arena = ctx;
    size_t room = BERTH_ARENA_ROOM(size);

    arena->used -= room;
    ASAN_UNPOISON_MEMORY_REGION(memory, HEAD);
    push_free(arena, memory, room);
    ASAN_POISON_MEMORY_REGION((unsigned char *)memory + HEAD, room - HEAD);
    if (arena->used == 0) { /* everything is free, for blocks of any size */
        ASAN_POISON_MEMORY_REGION(arena->memory, arena->size);
        arena->cut = 0;
        arena->free = NULL;
    }
}

void berth_arena_init(berth_arena *arena, void *memory, size_t size)
{
    size_t unit = BERTH_ARENA_UNIT;
    size_t lost = (unit - (size_t)((uintptr_t)memory % unit)) % unit;

    memset(arena, 0, sizeof *arena);
    arena->allocator =
        (berth_allocator){.alloc = arena_alloc, .release = arena_release, .ctx = arena};
    /* an arena without memory needs no address */
    arena->memory = size > lost ? (unsigned char *)memory + lost : NULL;
    arena->size = size > lost ? size - lost : 0;
    ASAN_POISON_MEMORY_REGION(arena->memory, arena->size);
}
