/* The hash table, against a naive one. */
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

/* Map */

enum { ITEMS = 3000 };

struct item {
    struct node node;
    bool in;
};

static void map_agrees_with_a_naive_one(void **unused)
{
    struct item *items = calloc(ITEMS, sizeof *items);
    struct depot depot;
    struct map map;
    size_t count = 0;

    (void)unused;
    depot_init(&depot);
    random_state = 7;
    map_init(&map, NULL);
    for (unsigned i = 0; i < 40000; i++) {
        struct item *item = &items[next_random() % ITEMS];
        uint32_t hash = (uint32_t)(item - items) % 2500 * 2654435761u; /* some hash alike */
        bool found = false;

        depot.fail_from = i % 3 == 0 ? 1 : 0; /* now and then there is no memory to grow */
        for (struct node *node = map_first(&map, hash); node; node = map_next(node)) {
            assert_int_equal(node->hash, hash);
            found = found || node == &item->node;
        }
        assert_int_equal(found, item->in);
        if (item->in) {
            map_remove(&map, &item->node);
            count--;
        } else if (next_random() % 4 > 0 || i < 20000) {
            map_insert(&map, &depot.allocator, &item->node, hash);
            count++;
        } else {
            continue;
        }
        item->in = !item->in;
        assert_int_equal(map.count, count);
    }
    map_clear(&map, &depot.allocator);
    assert_int_equal(depot.live_bytes, 0);
    free(items);
}

static void map_grows_again_when_there_is_memory_again(void **unused)
{
    enum { N = 2000 };
    struct depot depot;
    struct map map;
    static struct node nodes[N];

    (void)unused;
    depot_init(&depot);
    map_init(&map, NULL);
    depot.fail_from = 1;
    for (unsigned i = 0; i < N; i++) {
        if (i == N / 2)
            depot.fail_from = 0;
        map_insert(&map, &depot.allocator, &nodes[i], i);
        if (i < N / 2)
            assert_int_equal(map.n, MAP_SMALL);
    }
    assert_true(map.n > MAP_SMALL);
    for (unsigned i = 0; i < N; i++)
        assert_ptr_equal(map_first(&map, i), &nodes[i]);
    map_clear(&map, &depot.allocator);
    assert_int_equal(depot.live_bytes, 0);
}

static void map_is_cleared_in_the_middle_of_growing(void **unused)
{
    struct item items[65] = {0};
    struct depot depot;
    struct map map;

    (void)unused;
    depot_init(&depot);
    map_init(&map, NULL);
    /* the 33rd and 65th make it grow; 2 chains have moved of 32 */
    for (uint32_t i = 0; i < 65; i++)
        map_insert(&map, &depot.allocator, &items[i].node, i);
    assert_int_equal(map.old_n, 32);
    for (uint32_t i = 0; i < 65; i++)
        assert_ptr_equal(map_first(&map, i), &items[i].node);
    map_clear(&map, &depot.allocator);
    assert_null(map_first(&map, 3));
    assert_int_equal(depot.live_bytes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(map_agrees_with_a_naive_one),
        cmocka_unit_test(map_grows_again_when_there_is_memory_again),
        cmocka_unit_test(map_is_cleared_in_the_middle_of_growing),
    };

    return cmocka_run_group_tests_name("map", tests, NULL, NULL);
}
