/* The pool of numbers, against a naive one. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/field.h"
#include "base/data/strings.h"
#include "base/store/map.h"
#include "base/store/memory.h"
#include "base/store/pool.h"
#include "support/depot.h"

static uint32_t random_state;

static uint32_t next_random(void)
{
    random_state = random_state * 1664525u + 1013904223u;
    return random_state >> 8;
}

/* Pool */

static void pool_agrees_with_a_naive_one(void **unused)
{
    static const uint64_t sizes[] = {1, 63, 64, 65, 4095, 4096, 4097, 9000};

    (void)unused;
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        uint64_t size = sizes[s];
        bool *taken = calloc((size_t)size, 1);
        struct pool pool;

        random_state = (uint32_t)size;
        pool_init(&pool, size);
        for (uint64_t i = 0; i < 3 * size + 50; i++) {
            uint64_t number = next_random() % size, got = 99, lowest = 0;

            switch (next_random() % 4) {
            case 0:
                if (taken[number])
                    pool_free(&pool, number);
                taken[number] = false;
                break;
            case 1:
                assert_int_equal(pool_alloc(&pool, memory_default(), number),
                                 taken[number] ? -EBUSY : 0);
                taken[number] = true;
                break;
            default:
                while (lowest < size && taken[lowest])
                    lowest++;
                assert_int_equal(pool_alloc_lowest(&pool, memory_default(), &got),
                                 lowest == size ? -ENOSPC : 0);
                if (lowest < size) {
                    assert_int_equal(got, lowest);
                    taken[lowest] = true;
                }
                break;
            }
        }
        pool_clear(&pool, memory_default());
        free(taken);
    }
}

static void pool_fills_to_the_last_and_no_further(void **unused)
{
    struct pool pool;
    uint64_t n = 0, number;

    (void)unused;
    pool_init(&pool, 300000);
    while (pool_alloc_lowest(&pool, memory_default(), &number) == 0)
        assert_int_equal(number, n++);
    assert_int_equal(n, 300000);
    assert_int_equal(pool_alloc_lowest(&pool, memory_default(), &number), -ENOSPC);
    pool_free(&pool, 262143);
    pool_free(&pool, 70000);
    assert_int_equal(pool_alloc_lowest(&pool, memory_default(), &number), 0);
    assert_int_equal(number, 70000);
    assert_int_equal(pool_alloc_lowest(&pool, memory_default(), &number), 0);
    assert_int_equal(number, 262143);
    assert_int_equal(pool_alloc_lowest(&pool, memory_default(), &number), -ENOSPC);
    pool_clear(&pool, memory_default());
}

static void pool_of_nearly_all_numbers(void **unused)
{
    struct pool pool;
    uint64_t number;

    (void)unused;
    pool_init(&pool, UINT64_MAX);
    assert_int_equal(pool_alloc(&pool, memory_default(), UINT64_MAX - 1), 0);
    assert_int_equal(pool_alloc(&pool, memory_default(), UINT64_MAX - 1), -EBUSY);
    assert_int_equal(pool_alloc(&pool, memory_default(), 0), 0);
    assert_int_equal(pool_alloc_lowest(&pool, memory_default(), &number), 0);
    assert_int_equal(number, 1);
    pool_clear(&pool, memory_default());
    pool_init(&pool, 0);
    assert_int_equal(pool_alloc_lowest(&pool, memory_default(), &number), -ENOSPC);
    pool_clear(&pool, memory_default());
}

static void pool_full_at_a_power_of_the_width(void **unused)
{
    struct pool pool;
    uint64_t number;

    (void)unused;
    pool_init(&pool, 4096); /* exactly one leaf: full is known by its bits, not by the size */
    for (unsigned i = 0; i < 4096; i++)
        assert_int_equal(pool_alloc_lowest(&pool, memory_default(), &number), 0);
    assert_int_equal(pool_alloc_lowest(&pool, memory_default(), &number), -ENOSPC);
    pool_clear(&pool, memory_default());
}

static void pool_without_memory_takes_nothing(void **unused)
{
    struct depot depot;
    struct pool pool;
    uint64_t number = 5;

    (void)unused;
    depot_init(&depot);
    pool_init(&pool, 10000);
    for (unsigned k = 1; k <= 2; k++) {
        depot.fail_allocation = depot.allocations + k;
        assert_int_equal(pool_alloc_lowest(&pool, &depot.allocator, &number), -ENOMEM);
        pool_clear(&pool, &depot.allocator);
        depot.fail_allocation = depot.allocations + k;
        assert_int_equal(pool_alloc(&pool, &depot.allocator, 9999), -ENOMEM);
    }
    depot.fail_allocation = 0;
    assert_int_equal(number, 5);
    assert_int_equal(pool_alloc_lowest(&pool, &depot.allocator, &number), 0);
    assert_int_equal(number, 0);
    pool_clear(&pool, &depot.allocator);
    assert_int_equal(depot.live_bytes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pool_agrees_with_a_naive_one),
        cmocka_unit_test(pool_fills_to_the_last_and_no_further),
        cmocka_unit_test(pool_of_nearly_all_numbers),
        cmocka_unit_test(pool_full_at_a_power_of_the_width),
        cmocka_unit_test(pool_without_memory_takes_nothing),
    };

    return cmocka_run_group_tests_name("pool", tests, NULL, NULL);
}
