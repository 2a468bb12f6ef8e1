/*
 * Rules S1 and S2 of docs/semantics.md, for one caller at a time: what fails before its first call;
 * obtain, create and find.
 */
#include <errno.h>
#include <string.h>

#include "support/rules.h"

/* S1: before the first call */

TEST(s1_a_refused_reserve_makes_nothing)
{
    uuid_t a, b;
    START(NULL);

    depot.outcome[RACK_OPEN] = -EIO;
    assert_int_equal(on_path(&depot, OP_ADD, "a", 1, &error), -ENOENT);
    assert_int_equal(reserve(&depot, "a", 1, a, NULL), 0);
    assert_int_equal(with(&depot, OP_OPEN, a, &error), -EIO);
    assert_state(&depot, "rack a bad 1+1\n shelf 1 idle 1+1\n  book idle 1+0\n");
    memset(b, 7, sizeof b);
    assert_int_equal(reserve(&depot, "a", 2, b, &error), -ENOTRECOVERABLE);
    assert_where(&error, "rack", "bad", "hold", NULL);
    assert_true(uuid_is_null(b));
    assert_state(&depot, "rack a bad 1+1\n shelf 1 idle 1+1\n  book idle 1+0\n");
    assert_int_equal(depot_reservations(&depot), 1);
    depot_stop(&depot);
}

TEST(s1_numbers_and_slots_of_a_failed_operation_are_free_again)
{
    uuid_t a;
    char label[21] = "x";
    uint64_t serial = 0;
    void *results[] = {label, &serial, NULL};
    const size_t sizes[] = {sizeof label, 0, 0};
    struct path path;
    berth_request request = {.operation = OP_RESOLVE,
                             .config = depot_path(&path, "c", 0)->config,
                             .results = results,
                             .result_sizes = sizes,
                             .deadline = BERTH_NO_DEADLINE};
    START(NULL);

    assert_int_equal(on_rack(&depot, OP_RESOLVE, "a", NULL), 0);
    for (uint16_t i = 0; i < 4; i++)
        assert_int_equal(reserve(&depot, "a", i, a, NULL), 0);
    /* no bay left: rack b is not made either */
    assert_int_equal(reserve(&depot, "b", 9, a, &error), -ENOSPC);
    assert_where(&error, "shelf", NULL, NULL, NULL);
    assert_string_equal(error.key, "\"b\"/9,\"z\"");
    assert_int_equal(on_rack(&depot, OP_USE, "Locked", &error), -EACCES);
    assert_where(&error, "rack", "idle", "open", NULL);
    assert_int_equal(berth_manager_run(depot.manager, &request, NULL), 0);
    assert_string_equal(label, "1");
    assert_int_equal(serial, 8);
    assert_string_equal(depot_state(&depot) + strlen(depot_state(&depot)) -
                            strlen("rack c idle 0+0\n"),
                        "rack c idle 0+0\n");
    depot_stop(&depot);
}

TEST(s1_a_chain_that_is_rejected_before_a_call_leaves_the_state)
{
    START(NULL);

    assert_int_equal(on_rack(&depot, OP_RESOLVE, "a", NULL), 0);
    /* idle: to bad, where the raised open is rejected */
    assert_int_equal(on_rack(&depot, OP_WIPE, "a", &error), -ENOTRECOVERABLE);
    assert_where(&error, "rack", "bad", "open", NULL);
    assert_string_equal(error.key, "\"a\"");
    assert_state(&depot, "rack a idle 0+0\n");
    depot_stop(&depot);
}

TEST(s1_a_hold_dropped_before_a_failing_step_is_still_there)
{
    uuid_t a;
    START(NULL);

    assert_int_equal(reserve(&depot, "a", 1, a, NULL), 0);
    assert_int_equal(with(&depot, OP_OPEN, a, NULL), 0);
    depot_clear_log(&depot);
    depot_lack(&depot, SHELF_EJECT, true); /* then closing a shelf is rejected with EOPNOTSUPP */
    depot_lack(&depot, BOOK_EJECT, true);
    depot.outcome[BOOK_CLOSE] = 0;
    assert_int_equal(with(&depot, OP_CLOSE, a, &error), -EOPNOTSUPP);
    assert_where(&error, "shelf", "on", "close", NULL);
    assert_string_equal(depot.log, "book.close:a"); /* a call was made, so the book is gone */
    assert_state(&depot, "rack a on 1+1\n shelf 1 on 1+0\n");
    depot_lack(&depot, SHELF_EJECT, false);
    assert_int_equal(with(&depot, OP_CLOSE, a, NULL), 0);
    assert_state(&depot, "");

    assert_int_equal(reserve(&depot, "b", 1, a, NULL), 0);
    depot.outcome[BOOK_OPEN] = -EIO;
    assert_int_equal(with(&depot, OP_OPEN, a, NULL), -EIO);
    depot_clear_log(&depot);
    depot_lack(&depot, SHELF_EJECT, true);
    /* the bad book goes without a call: taken back */
    assert_int_equal(with(&depot, OP_CLOSE, a, &error), -EOPNOTSUPP);
    assert_string_equal(depot.log, "");
    assert_state(&depot, "rack b on 1+1\n shelf 1 on 1+1\n  book bad 1+0\n");
    /* and the reservation has not begun to let go */
    assert_int_equal(with(&depot, OP_OPEN, a, &error), -ENOTRECOVERABLE);
    depot_stop(&depot);
}

/* S2: obtain, create, find */

TEST(s2_obtain_finds_what_has_the_key_and_compares_the_rest)
{
    uuid_t a;
    struct path path;
    berth_request request = {.operation = OP_RESERVE, .gives = a, .deadline = BERTH_NO_DEADLINE};
    char line[120];
    START(NULL);

    request.config = depot_path(&path, "a", 1)->config;
    assert_int_equal(reserve(&depot, "a", 1, a, NULL), 0);
    path.shelf.zone = "Z"; /* the key ignores case */
    assert_int_equal(berth_manager_run(depot.manager, &request, &error), 0);
    assert_int_equal(error.code, 0);
    assert_state(&depot, "rack a idle 2+1\n shelf 1 idle 2+1\n  book idle 2+0\n");
    path.shelf.steel = true;
    assert_int_equal(berth_manager_run(depot.manager, &request, &error), -EEXIST);
    assert_where(&error, "shelf", "idle", NULL, NULL);
    assert_string_equal(error.field, "steel");
    assert_string_equal(berth_error_text(&error, line, sizeof line),
                        "depot_reserve: shelf \"a\"/1,\"z\" idle: steel: File exists");
    path.shelf.steel = false;
    path.book.isbn[3] = 9; /* a book has no key: there is one at most */
    assert_int_equal(berth_manager_run(depot.manager, &request, &error), -EEXIST);
    assert_where(&error, "book", "idle", NULL, NULL);
    assert_string_equal(error.key, "\"a\"/1,\"z\"");
    assert_string_equal(error.field, "isbn");
    path.rack.u8 = 1;
    assert_int_equal(berth_manager_run(depot.manager, &request, &error), -EEXIST);
    assert_where(&error, "rack", "idle", NULL, NULL);
    assert_string_equal(error.field, "u8");
    assert_state(&depot, "rack a idle 2+1\n shelf 1 idle 2+1\n  book idle 2+0\n");
    depot_stop(&depot);
}

TEST(s2_every_field_is_compared_by_its_own_rule)
{
    static const char *const ab[] = {"a", "b"}, *const ba[] = {"b", "a"},
                             *const Abb[] = {"A", "b", "B", "a"};
    rack_config base = {.name = "a", .order = {ab, 2}, .tags = {ab, 2}}, other;
    const void *config[] = {&other};
    berth_request request = {
        .operation = OP_RESOLVE, .config = config, .deadline = BERTH_NO_DEADLINE};
    START(NULL);

#define EXPECT(rc, ...)                                                                            \
    other = base;                                                                                  \
    __VA_ARGS__;                                                                                   \
    assert_int_equal(berth_manager_run(depot.manager, &request, NULL), rc)

    EXPECT(0, (void)0);
    EXPECT(0, other.tags = ((berth_strings){ba, 2}));
    EXPECT(0, other.tags = ((berth_strings){Abb, 4}));
    EXPECT(-EEXIST, other.tags = ((berth_strings){ab, 1}));
    EXPECT(-EEXIST, other.tags = ((berth_strings){NULL, 0}));
    EXPECT(-EEXIST, other.order = ((berth_strings){ba, 2}));
    EXPECT(-EEXIST, other.order = ((berth_strings){ab, 1}));
    EXPECT(-EEXIST, other.locked = true);
    EXPECT(-EEXIST, other.u8 = 1);
    EXPECT(-EEXIST, other.u16 = 1);
    EXPECT(-EEXIST, other.u32 = 1);
    EXPECT(-EEXIST, other.u64 = 1);
    EXPECT(-EEXIST, other.i32 = -1);
    EXPECT(-EEXIST, other.i64 = -1);
    EXPECT(-EEXIST, other.kind = 2);
    EXPECT(-EEXIST, other.owner[15] = 1);
#undef EXPECT
    assert_state(&depot, "rack a idle 0+0\n");
    depot_stop(&depot);
}

TEST(s2_create_needs_what_is_above_and_nothing_below)
{
    START(NULL);

    assert_int_equal(on_path(&depot, OP_ADD, "a", 1, &error), -ENOENT);
    assert_where(&error, "rack", NULL, NULL, NULL);
    assert_string_equal(error.key, "\"a\"");
    assert_int_equal(place(&depot, "a", 1, 2, NULL), 0);
    assert_int_equal(on_path(&depot, OP_ADD, "a", 1, NULL), 0);
    assert_state(&depot, "rack a rest 0+1\n shelf 1 idle 0+0\n");
    assert_int_equal(on_path(&depot, OP_ADD, "a", 1, &error), -EEXIST);
    assert_where(&error, "shelf", "idle", NULL, NULL);
    assert_int_equal(place(&depot, "a", 0, 0, &error), -EEXIST);
    assert_where(&error, "rack", "rest", NULL, NULL);
    assert_int_equal(place(&depot, "b", 1, 2, &error), -EBUSY);
    assert_where(&error, "rack", NULL, NULL, NULL);
    assert_int_equal(place(&depot, "b", 2, 0, &error), -EINVAL); /* 2 rows */
    assert_where(&error, "rack", NULL, NULL, NULL);
    assert_int_equal(place(&depot, "b", 0, 3, &error), -EINVAL);
    assert_state(&depot, "rack a rest 0+1\n shelf 1 idle 0+0\n");
    depot_stop(&depot);
}

TEST(s2_create_at_compares_before_it_takes_the_slot)
{
    START(NULL);

    assert_int_equal(place(&depot, "a", 0, 0, NULL), 0);
    assert_int_equal(place(&depot, "a", 0, 0, &error), -EEXIST);
    depot_stop(&depot);
}

TEST(s2_slots_are_the_lowest_free_ones)
{
    char label[21];
    uint32_t at[2] = {0, 1};
    void *results[] = {label};
    const size_t sizes[] = {sizeof label};
    berth_request request = {.operation = OP_BY_PLACE,
                             .at = at,
                             .results = results,
                             .result_sizes = sizes,
                             .deadline = BERTH_NO_DEADLINE};
    START(NULL);

    assert_int_equal(place(&depot, "p", 0, 1, NULL), 0);         /* label 0 */
    assert_int_equal(on_rack(&depot, OP_RESOLVE, "a", NULL), 0); /* 0/0 */
    assert_int_equal(on_rack(&depot, OP_RESOLVE, "b", NULL), 0); /* 0/2 */
    for (const char *name = "cdef"; name[1]; name++)
        assert_int_equal(on_rack(&depot, OP_RESOLVE, (char[]){*name, 0}, NULL), 0);
    assert_int_equal(on_rack(&depot, OP_RESOLVE, "g", &error), -ENOSPC); /* 2 rows of 3 */
    assert_where(&error, "rack", NULL, NULL, NULL);
    assert_int_equal(berth_manager_run(depot.manager, &request, NULL), 0);
    assert_string_equal(label, "0");
    at[1] = 2;
    assert_int_equal(berth_manager_run(depot.manager, &request, NULL), 0);
    assert_string_equal(label, "2");
    assert_int_equal(by_label(&depot, "2", NULL), 0);
    assert_int_equal(berth_manager_run(depot.manager, &request, &error), -ENOENT);
    assert_where(&error, "rack", NULL, NULL, NULL);
    at[0] = 7; /* no such place */
    assert_int_equal(berth_manager_run(depot.manager, &request, &error), -ENOENT);
    at[0] = 0;
    assert_int_equal(on_rack(&depot, OP_RESOLVE, "h", NULL), 0);
    assert_int_equal(berth_manager_run(depot.manager, &request, NULL), 0);
    assert_string_equal(label, "6");
    depot_stop(&depot);
}

TEST(s2_find_looks_at_keys_only)
{
    uint16_t bay = 77;
    void *results[] = {&bay};
    const size_t sizes[] = {0};
    struct path path;
    berth_request request = {.operation = OP_FIND_SHELF,
                             .results = results,
                             .result_sizes = sizes,
                             .deadline = BERTH_NO_DEADLINE};
    START(NULL);

    request.config = depot_path(&path, "a", 5)->config;
    /* absent is fine: zero, and no step */
    assert_int_equal(berth_manager_run(depot.manager, &request, NULL), 0);
    assert_int_equal(bay, 0);
    assert_int_equal(place(&depot, "a", 0, 0, NULL), 0);
    assert_int_equal(on_path(&depot, OP_ADD, "a", 4, NULL), 0);
    bay = 77;
    /* the rack is there, the shelf is not */
    assert_int_equal(berth_manager_run(depot.manager, &request, NULL), 0);
    assert_int_equal(bay, 0);
    assert_int_equal(on_path(&depot, OP_ADD, "a", 5, NULL), 0);
    path.rack.u8 = 255; /* neither a valid value nor that of the rack, and no key */
    path.shelf.steel = true;
    assert_int_equal(berth_manager_run(depot.manager, &request, NULL), 0);
    assert_int_equal(bay, 1);
    assert_string_equal(depot.log, "shelf.open:a");
    assert_int_equal(on_path(&depot, OP_SHELF_CRASH, "a", 6, &error), -ENOENT);
    assert_where(&error, "shelf", NULL, NULL, NULL);
    assert_int_equal(on_rack(&depot, OP_KICK, "b", &error), -ENOENT);
    assert_where(&error, "rack", NULL, NULL, NULL);
    depot_stop(&depot);
}

TEST(s2_find_by_counters_and_uuid)
{
    uint64_t serial = 8;
    char label[21] = "", taken[21];
    uuid_t uid;
    struct path path;
    void *results[] = {&uid, NULL}, *label_result[] = {taken};
    const size_t sizes[] = {sizeof label};
    berth_request by_serial = {
        .operation = OP_BY_SERIAL, .by = &serial, .deadline = BERTH_NO_DEADLINE};
    berth_request by_uid = {.operation = OP_BY_UID,
                            .by = uid,
                            .results = label_result,
                            .result_sizes = sizes,
                            .deadline = BERTH_NO_DEADLINE};
    uuid_t id;
    berth_request get = {.operation = OP_RESERVE,
                         .config = depot_path(&path, "b", 1)->config,
                         .gives = id,
                         .results = results,
                         .deadline = BERTH_NO_DEADLINE};
    START(NULL);

    assert_int_equal(on_rack(&depot, OP_RESOLVE, "a", NULL), 0);
    assert_int_equal(berth_manager_run(depot.manager, &get, NULL), 0);
    assert_int_equal(uid[6] >> 4, 4); /* version 4 */
    assert_int_equal(berth_manager_run(depot.manager, &by_uid, NULL), 0);
    assert_string_equal(taken, "1");
    uid[0] ^= 1;
    assert_int_equal(berth_manager_run(depot.manager, &by_uid, &error), -ENOENT);
    assert_where(&error, "rack", NULL, NULL, NULL);
    /* somebody else holds b */
    assert_int_equal(berth_manager_run(depot.manager, &by_serial, NULL), 0);
    serial = 7;
    assert_int_equal(berth_manager_run(depot.manager, &by_serial, NULL), 0); /* a is gone */
    assert_int_equal(berth_manager_run(depot.manager, &by_serial, &error), -ENOENT);
    assert_int_equal(by_label(&depot, "0", &error), 0); /* absent is fine */
    assert_int_equal(by_label(&depot, "nonsense", &error), 0);
    assert_state(&depot, "rack b idle 1+1\n shelf 1 idle 1+1\n  book idle 1+0\n");
    depot_stop(&depot);
}

TEST(s2_find_by_a_value_of_a_child_finds_its_path)
{
    uint32_t bay[] = {1};
    char path[64];
    uuid_t a;
    void *results[] = {path};
    const size_t sizes[] = {sizeof path};
    berth_request request = {.operation = OP_BY_BAY,
                             .at = bay,
                             .results = results,
                             .result_sizes = sizes,
                             .deadline = BERTH_NO_DEADLINE};
    START(NULL);

    assert_int_equal(reserve(&depot, "a", 1, a, NULL), 0);
    assert_int_equal(reserve(&depot, "b", 1, a, NULL), 0);
    assert_int_equal(berth_manager_run(depot.manager, &request, NULL), 0);
    assert_string_equal(path, "yard/0/1");
    assert_string_equal(depot.log, "shelf.open:b");
    bay[0] = 2;
    assert_int_equal(berth_manager_run(depot.manager, &request, &error), -ENOENT);
    assert_where(&error, "shelf", NULL, NULL, NULL);
    bay[0] = 1;
    depot_lack(&depot, SHELF_EJECT, true);
    assert_int_equal(with(&depot, OP_CLOSE_BOOK, a, NULL), 0);
    assert_int_equal(berth_manager_drain(depot.manager, BERTH_NO_DEADLINE, &error), -EOPNOTSUPP);
    assert_string_equal(error.key, "\"b\"/1,\"z\"");
    depot_stop(&depot);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(s1_a_refused_reserve_makes_nothing),
        cmocka_unit_test(s1_numbers_and_slots_of_a_failed_operation_are_free_again),
        cmocka_unit_test(s1_a_chain_that_is_rejected_before_a_call_leaves_the_state),
        cmocka_unit_test(s1_a_hold_dropped_before_a_failing_step_is_still_there),
        cmocka_unit_test(s2_obtain_finds_what_has_the_key_and_compares_the_rest),
        cmocka_unit_test(s2_every_field_is_compared_by_its_own_rule),
        cmocka_unit_test(s2_create_needs_what_is_above_and_nothing_below),
        cmocka_unit_test(s2_create_at_compares_before_it_takes_the_slot),
        cmocka_unit_test(s2_slots_are_the_lowest_free_ones),
        cmocka_unit_test(s2_find_looks_at_keys_only),
        cmocka_unit_test(s2_find_by_counters_and_uuid),
        cmocka_unit_test(s2_find_by_a_value_of_a_child_finds_its_path),
    };

    return cmocka_run_group_tests_name("rules, S1 and S2", tests, NULL, NULL);
}
