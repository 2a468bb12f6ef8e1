/* Lists and sets: what is equal, and hashes alike. */
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

/* Hash and fields */

static const struct hash_seed any_seed = {{1, 2}};

/* The depot's memory; without one there is none. */
static berth_sets sets_with(struct depot *depot)
{
    return (berth_sets){&any_seed, depot ? &depot->allocator : NULL};
}

static uint64_t hash_of_set(const berth_strings *set, berth_case letters, struct depot *depot)
{
    berth_sets sets = sets_with(depot);
    berth_hash hash;

    hash_start(&hash, &any_seed);
    berth_hash_set(&hash, set, letters, &sets);
    return hash_end(&hash);
}

static uint64_t hash_of_list(const berth_strings *list, berth_case letters)
{
    berth_hash hash;

    hash_start(&hash, &any_seed);
    berth_hash_list(&hash, list, letters);
    return hash_end(&hash);
}

static uint64_t hash_of_text(const char *text, berth_case letters)
{
    berth_hash hash;

    hash_start(&hash, &any_seed);
    berth_hash_text(&hash, text, letters);
    return hash_end(&hash);
}

static bool equal_sets(const berth_strings *a, const berth_strings *b, berth_case letters)
{
    berth_sets sets = sets_with(NULL);

    return berth_set_equal(a, b, letters, &sets);
}

static void equal_values_have_equal_hashes(void **unused)
{
    static const char *const a[] = {"x", "Y", "z"}, *const b[] = {"Z", "x", "y", "X"},
                             *const c[] = {"x", "y"};
    static const berth_strings set_a = {a, 3}, set_b = {b, 4}, set_c = {c, 2}, none = {NULL, 0},
                               list_a = {a, 2}, list_b = {c, 2};

    (void)unused;
    assert_true(equal_sets(&set_a, &set_b, BERTH_ANY_CASE));
    assert_true(hash_of_set(&set_a, BERTH_ANY_CASE, NULL) ==
                hash_of_set(&set_b, BERTH_ANY_CASE, NULL));
    assert_false(equal_sets(&set_a, &set_c, BERTH_ANY_CASE));
    assert_false(equal_sets(&set_c, &set_a, BERTH_ANY_CASE));
    assert_true(hash_of_set(&set_a, BERTH_ANY_CASE, NULL) !=
                hash_of_set(&set_c, BERTH_ANY_CASE, NULL));
    assert_false(equal_sets(&set_a, &set_b, BERTH_EXACT_CASE));
    assert_false(berth_list_equal(&set_a, &set_b, BERTH_EXACT_CASE));
    assert_true(berth_list_equal(&list_a, &list_b, BERTH_ANY_CASE));
    assert_false(berth_list_equal(&list_a, &list_b, BERTH_EXACT_CASE));
    assert_true(hash_of_list(&list_a, BERTH_ANY_CASE) == hash_of_list(&list_b, BERTH_ANY_CASE));
    assert_true(hash_of_list(&list_a, BERTH_EXACT_CASE) != hash_of_list(&list_b, BERTH_EXACT_CASE));
    assert_true(hash_of_list(&set_a, BERTH_EXACT_CASE) != hash_of_list(&set_c, BERTH_EXACT_CASE));
    assert_true(hash_of_set(&none, BERTH_ANY_CASE, NULL) !=
                hash_of_set(&set_c, BERTH_ANY_CASE, NULL));
    assert_true(berth_text_equal_any_case("HOST", "host"));
    assert_false(berth_text_equal("HOST", "host"));
    assert_true(hash_of_text("HOST", BERTH_ANY_CASE) == hash_of_text("host", BERTH_ANY_CASE));
    assert_true(hash_of_text("HOST", BERTH_EXACT_CASE) != hash_of_text("host", BERTH_EXACT_CASE));
    assert_false(berth_text_equal_any_case("HOST", "hosts"));
    assert_false(berth_text_equal_any_case("hosts", "HOST"));
    assert_true(berth_text_equal_any_case("", NULL));
    assert_true(berth_text_equal("", NULL));
    assert_true(hash_of_text(NULL, BERTH_ANY_CASE) == hash_of_text("", BERTH_ANY_CASE));
}

static void items_of_lists_do_not_run_together(void **unused)
{
    static const char *const ab[] = {"ab", "c"}, *const a[] = {"a", "bc"};
    static const berth_strings first = {ab, 2}, second = {a, 2};

    (void)unused;
    assert_true(hash_of_list(&first, BERTH_EXACT_CASE) == hash_of_list(&first, BERTH_EXACT_CASE));
    assert_true(hash_of_list(&first, BERTH_EXACT_CASE) != hash_of_list(&second, BERTH_EXACT_CASE));
}

static void large_sets_hash_alike_in_any_order(void **unused)
{
    enum { N = 300 };
    static char text[N][8];
    const char *up[N], *down[2 * N];
    berth_strings a = {up, N}, b = {down, 2 * N}, c = {up, N - 1};

    (void)unused;
    for (unsigned i = 0; i < N; i++) {
        text[i][0] = (char)('a' + i % 26);
        text[i][1] = (char)('a' + i / 26);
        up[i] = text[i];
        down[N - 1 - i] = down[N + i] = text[i];
    }
    assert_true(hash_of_set(&a, BERTH_EXACT_CASE, NULL) == hash_of_set(&b, BERTH_EXACT_CASE, NULL));
    assert_true(equal_sets(&a, &b, BERTH_EXACT_CASE));
    assert_false(equal_sets(&a, &c, BERTH_EXACT_CASE));
}

/*
 * Around the number of items up to which no memory is needed, and around half of it: the same hash
 * with memory, without, and where there is none.
 */
static void a_set_hashes_alike_with_memory_and_without(void **unused)
{
    static const uint32_t counts[] = {7, 8, 9, 15, 16, 17, 300};
    char lower[300][16], upper[300][16];
    const char *once[300], *twice[600];
    struct depot depot;

    (void)unused;
    depot_init(&depot);
    for (unsigned c = 0; c < sizeof counts / sizeof *counts; c++) {
        berth_strings a = {once, counts[c]}, b = {twice, 2 * counts[c]};
        uint64_t hash;

        for (unsigned i = 0; i < counts[c]; i++) {
            (void)snprintf(lower[i], sizeof lower[i], "i%u", i);
            (void)snprintf(upper[i], sizeof upper[i], "I%u", i);
            once[i] = lower[i];
            twice[counts[c] - 1 - i] = twice[counts[c] + i] = i % 3 ? upper[i] : lower[i];
        }
        hash = hash_of_set(&a, BERTH_ANY_CASE, NULL);
        assert_true(hash_of_set(&b, BERTH_ANY_CASE, NULL) == hash);
        depot.fail_from = 0;
        depot.allocations = 0;
        assert_true(hash_of_set(&a, BERTH_ANY_CASE, &depot) == hash);
        assert_true(hash_of_set(&b, BERTH_ANY_CASE, &depot) == hash);
        assert_int_equal(depot.allocations, (counts[c] > 16) + (2 * counts[c] > 16));
        depot.fail_from = depot.allocations + 1;
        assert_true(hash_of_set(&a, BERTH_ANY_CASE, &depot) == hash);
        assert_true(hash_of_set(&b, BERTH_ANY_CASE, &depot) == hash);
        assert_int_equal(depot.live_bytes, 0);
    }
}

/* Whoever chooses sets that have nearly all of many items in common cannot make them collide. */
static void every_item_of_a_large_set_counts_in_its_hash(void **unused)
{
    enum { N = 400, VARIANTS = 200 };
    char text[N][16], own[16];
    const char *items[N];
    berth_strings strings = {items, N};
    uint64_t seen[2 * VARIANTS];
    struct depot depot;

    (void)unused;
    depot_init(&depot);
    for (unsigned i = 0; i < N; i++) {
        (void)snprintf(text[i], sizeof text[i], "f%u", i);
        items[i] = text[i];
    }
    for (unsigned v = 0; v < VARIANTS; v++) {
        (void)snprintf(own, sizeof own, "x%u", v);
        items[v] = own; /* another item instead */
        seen[2 * v] = hash_of_set(&strings, BERTH_EXACT_CASE, NULL);
        assert_true(hash_of_set(&strings, BERTH_EXACT_CASE, &depot) == seen[2 * v]);
        items[v] = text[(v + 1) % N]; /* the item less */
        seen[2 * v + 1] = hash_of_set(&strings, BERTH_EXACT_CASE, NULL);
        items[v] = text[v];
        for (unsigned i = 0; i < 2 * v; i++)
            assert_true((uint32_t)seen[i] != (uint32_t)seen[2 * v] && seen[i] != seen[2 * v + 1]);
    }
}

/* With memory and without: the same answers, and no memory is kept. */
static void large_sets_are_compared_with_memory_if_there_is_any(void **unused)
{
    enum { N = 400 };
    static char text[N + 1][8];
    const char *up[N], *down[N + N / 2];
    berth_strings a = {up, N}, b = {down, N + N / 2};
    struct depot depot;
    berth_sets sets = {&any_seed, &depot.allocator};

    (void)unused;
    depot_init(&depot);
    for (unsigned i = 0; i <= N; i++) {
        text[i][0] = (char)('A' + i % 26);
        text[i][1] = (char)('a' + i / 26);
    }
    for (unsigned i = 0; i < N; i++) {
        up[i] = i == 7 ? NULL : text[i];
        down[N - 1 - i] = up[i];
    }
    for (unsigned i = 0; i < N / 2; i++)
        down[N + i] = up[2 * i]; /* again */
    for (int memory = 0; memory < 2; memory++) {
        depot.fail_from = memory ? 0 : depot.allocations + 1;
        down[N] = "aA"; /* another case of an item */
        up[26] = "Ab";
        assert_false(strings_same_set(&a, &b, false, &sets));
        assert_true(strings_same_set(&a, &b, true, &sets));
        down[N] = text[N];
        assert_false(strings_same_set(&a, &b, true, &sets));
        assert_false(strings_same_set(&b, &a, true, &sets));
        down[N] = up[0];
        assert_true(strings_same_set(&a, &b, false, &sets));
        up[N - 1] = up[0]; /* one item less, and it is in the other set */
        assert_false(strings_same_set(&a, &b, false, &sets));
        assert_false(strings_same_set(&b, &a, false, &sets));
        up[N - 1] = text[N - 1];
    }
    assert_true(depot.allocations >= 12);
    assert_int_equal(depot.live_bytes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_values_have_equal_hashes),
        cmocka_unit_test(items_of_lists_do_not_run_together),
        cmocka_unit_test(large_sets_hash_alike_in_any_order),
        cmocka_unit_test(a_set_hashes_alike_with_memory_and_without),
        cmocka_unit_test(every_item_of_a_large_set_counts_in_its_hash),
        cmocka_unit_test(large_sets_are_compared_with_memory_if_there_is_any),
    };

    return cmocka_run_group_tests_name("strings", tests, NULL, NULL);
}
