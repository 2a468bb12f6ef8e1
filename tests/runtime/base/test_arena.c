/* The allocator over memory of fixed size: alignment, reuse, its end, and what it counts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <berth/arena.h>
#include <cmocka.h>

enum { UNIT = (int)BERTH_ARENA_UNIT };

static void *take(berth_arena *arena, size_t size)
{
    unsigned char *memory = arena->allocator.alloc(arena->allocator.ctx, size);

    if (memory) {
        assert_int_equal((uintptr_t)memory % UNIT, 0);
        memset(memory, 0x5a, size); /* all of it can be written to */
    }
    return memory;
}

static void give(berth_arena *arena, void *memory, size_t size)
{
    arena->allocator.release(arena->allocator.ctx, memory, size);
}

static void blocks_are_aligned_wherever_the_memory_begins(void **unused)
{
    static unsigned char memory[16 * 32];

    (void)unused;
    for (size_t shift = 0; shift < 2 * UNIT; shift++) {
        berth_arena arena;
        size_t n = 0;

        berth_arena_init(&arena, memory + shift, 8 * 32 + UNIT - 1);
        for (unsigned char *at; (at = take(&arena, 25 + n % 8)); n++)
            assert_true(at >= memory + shift && at + 32 <= memory + shift + 8 * 32 + UNIT - 1);
        assert_int_equal(n, 8);
    }
}

static void no_room_gives_null_and_takes_nothing(void **unused)
{
    static unsigned char memory[256 + UNIT];
    berth_arena arena;
    void *a;

    (void)unused;
    berth_arena_init(&arena, memory, 256 + UNIT - 1);
    assert_null(take(&arena, 512));
    assert_null(take(&arena, SIZE_MAX));
    assert_null(take(&arena, SIZE_MAX - 7));
    a = take(&arena, 201);
    assert_non_null(a);
    assert_null(take(&arena, 64));
    assert_int_equal(arena.used, 208);
    assert_non_null(take(&arena, 48));
    assert_null(take(&arena, 1));
    assert_int_equal(arena.used, 256);
    assert_int_equal(arena.peak, 256);
    give(&arena, a, 201);
    assert_int_equal(arena.used, 48);
    assert_int_equal(arena.peak, 256);
}

static void hardly_any_memory(void **unused)
{
    unsigned char memory[4];
    berth_arena arena;

    (void)unused;
    for (size_t size = 0; size <= sizeof memory; size++) {
        berth_arena_init(&arena, memory, size);
        assert_null(take(&arena, 1));
        assert_int_equal(arena.used, 0);
    }
    berth_arena_init(&arena, NULL, 0);
    assert_null(take(&arena, 1));
}

static void a_freed_block_serves_its_size_again(void **unused)
{
    static unsigned char memory[1024];
    berth_arena arena;
    void *small[4], *large[2];

    (void)unused;
    berth_arena_init(&arena, memory, sizeof memory);
    for (int i = 0; i < 4; i++)
        small[i] = take(&arena, 64);
    for (int i = 0; i < 2; i++)
        large[i] = take(&arena, 160);
    give(&arena, small[1], 64);
    give(&arena, large[0], 160);
    give(&arena, small[3], 64);
    assert_ptr_equal(take(&arena, 160), large[0]);
    assert_ptr_equal(take(&arena, 64), small[3]);
    give(&arena, small[0], 64);
    assert_ptr_equal(take(&arena, 64), small[0]);
    assert_ptr_equal(take(&arena, 64), small[1]);
    assert_int_equal(arena.peak, 4 * 64 + 2 * 160);
}

static void an_empty_arena_serves_any_size(void **unused)
{
    static unsigned char memory[1024 + UNIT];
    berth_arena arena;
    void *small[16];

    (void)unused;
    berth_arena_init(&arena, memory, 1024 + UNIT - 1);
    for (int i = 0; i < 16; i++)
        assert_non_null(small[i] = take(&arena, 64));
    for (int i = 0; i < 15; i++)
        give(&arena, small[i], 64);
    /* while something is out, what served for 64 bytes serves for no more */
    assert_null(take(&arena, 512));
    give(&arena, small[15], 64);
    assert_int_equal(arena.used, 0);
    assert_non_null(take(&arena, 1024));
}

/* What has fitted once fits again: sizes within their counts, in random order. */
static void within_counts_nothing_ever_fails(void **unused)
{
    static const struct {
        size_t size;
        unsigned count;
    } kinds[] = {{24, 7}, {72, 20}, {136, 11}, {264, 3}, {1000, 2}};
    enum { KINDS = sizeof kinds / sizeof *kinds };
    unsigned char *out[KINDS][20];
    unsigned n[KINDS] = {0};
    size_t size = 0;
    unsigned seed = 1;
    unsigned char *memory;
    berth_arena arena;

    (void)unused;
    for (int i = 0; i < KINDS; i++)
        size += kinds[i].count * BERTH_ARENA_ROOM(kinds[i].size);
    memory = malloc(size + 3 + UNIT - 1);
    berth_arena_init(&arena, memory + 3, size + UNIT - 1);
    for (int step = 0; step < 100000; step++) {
        unsigned kind;

        seed = seed * 1103515245u + 12345u;
        kind = (seed >> 16) % KINDS;
        if (n[kind] < kinds[kind].count && (seed >> 24) % 5 < 3) {
            unsigned char *block = take(&arena, kinds[kind].size);

            assert_non_null(block);
            memset(block, (int)kind, kinds[kind].size);
            out[kind][n[kind]++] = block;
        } else if (n[kind] > 0) {
            unsigned char *block = out[kind][(seed >> 20) % n[kind]];

            for (size_t i = 0; i < kinds[kind].size; i++)
                assert_int_equal(block[i], kind); /* nobody else got any of it */
            out[kind][(seed >> 20) % n[kind]] = out[kind][n[kind] - 1];
            n[kind]--;
            give(&arena, block, kinds[kind].size);
        }
    }
    assert_true(arena.peak <= size && arena.peak > size / 2);
    for (int i = 0; i < KINDS; i++)
        while (n[i] > 0)
            give(&arena, out[i][--n[i]], kinds[i].size);
    assert_int_equal(arena.used, 0);
    free(memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_are_aligned_wherever_the_memory_begins),
        cmocka_unit_test(no_room_gives_null_and_takes_nothing),
        cmocka_unit_test(hardly_any_memory),
        cmocka_unit_test(a_freed_block_serves_its_size_again),
        cmocka_unit_test(an_empty_arena_serves_any_size),
        cmocka_unit_test(within_counts_nothing_ever_fails),
    };

    return cmocka_run_group_tests_name("arena", tests, NULL, NULL);
}
