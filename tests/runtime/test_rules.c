/* The rules S1 to S9 of docs/semantics.md, one after the other, for one caller at a time. */
#include <errno.h>
#include <string.h>

#include "support/depot.h"

#define TEST(name) static void name(void **unused_)
#define START(...)                                                                                                                         \
    struct depot depot;                                                                                                                    \
    berth_error error;                                                                                                                     \
    (void)unused_;                                                                                                                         \
    (void)error;                                                                                                                           \
    depot_start(&depot, __VA_ARGS__, NULL)

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

TEST(s1_numbers_and_slots_of_a_failed_operation_are_handed_out_again)
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
    assert_int_equal(reserve(&depot, "b", 9, a, &error), -ENOSPC); /* no bay left: rack b is not made either */
    assert_where(&error, "shelf", NULL, NULL, NULL);
    assert_string_equal(error.key, "\"b\"/9,\"z\"");
    assert_int_equal(on_rack(&depot, OP_USE, "Locked", &error), -EACCES);
    assert_where(&error, "rack", "idle", "open", NULL);
    assert_int_equal(berth_manager_run(depot.manager, &request, NULL), 0);
    assert_string_equal(label, "1");
    assert_int_equal(serial, 8);
    assert_string_equal(depot_state(&depot) + strlen(depot_state(&depot)) - strlen("rack c idle 0+0\n"), "rack c idle 0+0\n");
    depot_stop(&depot);
}

TEST(s1_a_chain_that_is_rejected_before_a_call_leaves_the_state)
{
    START(NULL);

    assert_int_equal(on_rack(&depot, OP_RESOLVE, "a", NULL), 0);
    assert_int_equal(on_rack(&depot, OP_WIPE, "a", &error), -ENOTRECOVERABLE); /* idle: to bad, where the raised open is rejected */
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
    assert_int_equal(with(&depot, OP_CLOSE, a, &error), -EOPNOTSUPP); /* the bad book goes without a call: taken back */
    assert_string_equal(depot.log, "");
    assert_state(&depot, "rack b on 1+1\n shelf 1 on 1+1\n  book bad 1+0\n");
    assert_int_equal(with(&depot, OP_OPEN, a, &error), -ENOTRECOVERABLE); /* and the reservation has not begun to let go */
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
    assert_string_equal(berth_error_text(&error, line, sizeof line), "depot_reserve: shelf \"a\"/1,\"z\" idle: steel: File exists");
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
    static const char *const ab[] = {"a", "b"}, *const ba[] = {"b", "a"}, *const Abb[] = {"A", "b", "B", "a"};
    rack_config base = {.name = "a", .order = {ab, 2}, .tags = {ab, 2}}, other;
    const void *config[] = {&other};
    berth_request request = {.operation = OP_RESOLVE, .config = config, .deadline = BERTH_NO_DEADLINE};
    START(NULL);

#define EXPECT(rc, ...)                                                                                                                    \
    other = base;                                                                                                                          \
    __VA_ARGS__;                                                                                                                           \
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
    berth_request request = {.operation = OP_BY_PLACE, .at = at, .results = results, .result_sizes = sizes, .deadline = BERTH_NO_DEADLINE};
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
    berth_request request = {.operation = OP_FIND_SHELF, .results = results, .result_sizes = sizes, .deadline = BERTH_NO_DEADLINE};
    START(NULL);

    request.config = depot_path(&path, "a", 5)->config;
    assert_int_equal(berth_manager_run(depot.manager, &request, NULL), 0); /* absent is fine: zero, and no step */
    assert_int_equal(bay, 0);
    assert_int_equal(place(&depot, "a", 0, 0, NULL), 0);
    assert_int_equal(on_path(&depot, OP_ADD, "a", 4, NULL), 0);
    bay = 77;
    assert_int_equal(berth_manager_run(depot.manager, &request, NULL), 0); /* the rack is there, the shelf is not */
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
    berth_request by_serial = {.operation = OP_BY_SERIAL, .by = &serial, .deadline = BERTH_NO_DEADLINE};
    berth_request by_uid = {
        .operation = OP_BY_UID, .by = uid, .results = label_result, .result_sizes = sizes, .deadline = BERTH_NO_DEADLINE};
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
    assert_int_equal(berth_manager_run(depot.manager, &by_serial, NULL), 0); /* somebody else holds b */
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
    berth_request request = {.operation = OP_BY_BAY, .at = bay, .results = results, .result_sizes = sizes, .deadline = BERTH_NO_DEADLINE};
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

/* S3, S4: holders */

TEST(s4_only_the_last_holder_drops)
{
    START(NULL);

    assert_int_equal(on_rack(&depot, OP_USE, "a", NULL), 0);
    assert_int_equal(on_rack(&depot, OP_USE, "a", NULL), 0);
    assert_state(&depot, "rack a on 2+0\n");
    assert_string_equal(depot.log, "rack.open:a");
    assert_int_equal(by_label(&depot, "0", NULL), 0);
    assert_state(&depot, "rack a on 1+0\n");
    assert_string_equal(depot.log, "rack.open:a");
    depot.outcome[RACK_EJECT] = -ETIMEDOUT;
    assert_int_equal(by_label(&depot, "0", &error), -ETIMEDOUT);
    assert_where(&error, "rack", "on", "close", "rack.eject");
    assert_state(&depot, "rack a on 1+0\n"); /* the hold stays */
    depot.outcome[RACK_EJECT] = 0;
    depot.outcome[RACK_CLOSE] = BERTH_UNCERTAIN(-EIO);
    assert_int_equal(by_label(&depot, "0", &error), -EIO);
    assert_where(&error, "rack", "left", "close", "rack.close");
    assert_state(&depot, "rack a odd 1+0\n");
    depot.outcome[RACK_CLOSE] = 0;
    assert_int_equal(by_label(&depot, "0", &error), 0);
    assert_state(&depot, "");
    assert_int_equal(berth_manager_destroy(depot.manager), 0);
    assert_int_equal(depot.live_bytes, 0);
}

TEST(s4_a_child_is_a_holder)
{
    START(NULL);

    assert_int_equal(place(&depot, "a", 0, 0, NULL), 0);
    assert_int_equal(on_path(&depot, OP_ADD, "a", 1, NULL), 0);
    assert_int_equal(on_rack(&depot, OP_USE, "a", NULL), 0);
    assert_int_equal(by_label(&depot, "0", NULL), 0); /* only the reference goes */
    assert_state(&depot, "rack a rest 0+1\n shelf 1 idle 0+0\n");
    assert_int_equal(by_label(&depot, "0", NULL), 0); /* no reference left, the child holds it */
    assert_state(&depot, "rack a rest 0+1\n shelf 1 idle 0+0\n");
    depot_stop(&depot);
}

TEST(s4_reservation_and_reference_hold_each_other_up)
{
    uuid_t a;
    START(NULL);

    assert_int_equal(reserve(&depot, "a", 1, a, NULL), 0);
    assert_int_equal(on_rack(&depot, OP_USE, "a", NULL), 0);
    assert_state(&depot, "rack a on 2+1\n shelf 1 idle 1+1\n  book idle 1+0\n");
    assert_int_equal(with(&depot, OP_CLOSE, a, NULL), 0);
    assert_state(&depot, "rack a on 1+0\n");
    assert_int_equal(by_label(&depot, "0", NULL), 0);
    assert_state(&depot, "");
    assert_string_equal(depot.log, "rack.open:a rack.eject:a rack.close:a");
    depot_stop(&depot);
}

TEST(s4_without_any_hold_the_row_runs)
{
    START(NULL);

    assert_int_equal(on_rack(&depot, OP_RESOLVE, "a", NULL), 0);
    assert_int_equal(by_label(&depot, "0", NULL), 0);
    assert_state(&depot, "");
    depot_stop(&depot);
}

/* S5: progress */

TEST(s5_a_retry_never_touches_a_successor)
{
    uuid_t a, b;
    START(NULL);

    assert_int_equal(reserve(&depot, "a", 1, a, NULL), 0);
    assert_int_equal(with(&depot, OP_OPEN, a, NULL), 0);
    depot.outcome[SHELF_EJECT] = -EIO;
    assert_int_equal(with(&depot, OP_CLOSE, a, &error), -EIO); /* the book is gone, the shelf stays */
    assert_where(&error, "shelf", "on", "close", "shelf.eject");
    assert_string_equal(error.key, "\"a\"/1,\"z\"");
    depot.outcome[SHELF_EJECT] = 0;
    assert_int_equal(reserve(&depot, "a", 1, b, NULL), 0); /* a new book */
    assert_int_equal(with(&depot, OP_OPEN, b, NULL), 0);
    assert_state(&depot, "rack a on 2+1\n shelf 1 on 2+1\n  book on 1+0\n");
    assert_int_equal(with(&depot, OP_OPEN, a, &error), -ECANCELED);
    assert_where(&error, NULL, NULL, NULL, NULL);
    assert_int_equal(with(&depot, OP_LOOK, a, NULL), -ECANCELED);
    assert_int_equal(with(&depot, OP_CLOSE, a, NULL), 0);
    assert_state(&depot, "rack a on 1+1\n shelf 1 on 1+1\n  book on 1+0\n");
    assert_int_equal(with(&depot, OP_CLOSE, b, NULL), 0);
    assert_state(&depot, "");
    depot_stop(&depot);
}

TEST(s5_a_hold_dropped_without_ending_counts_as_begun)
{
    uuid_t a, b;
    START(NULL);

    assert_int_equal(reserve(&depot, "a", 1, a, NULL), 0);
    assert_int_equal(reserve(&depot, "a", 1, b, NULL), 0);
    assert_int_equal(with(&depot, OP_CLOSE_BOOK, a, NULL), 0);
    assert_state(&depot, "rack a idle 2+1\n shelf 1 idle 2+1\n  book idle 1+0\n");
    assert_int_equal(with(&depot, OP_CLOSE_BOOK, a, NULL), -ECANCELED);
    assert_int_equal(depot_reservations(&depot), 2);
    assert_int_equal(with(&depot, OP_CLOSE, a, NULL), 0);
    assert_int_equal(with(&depot, OP_CLOSE_TWICE, b, NULL), 0); /* the wrong way round: what is below holds rack and shelf up */
    assert_state(&depot, "rack a idle 0+1\n shelf 1 idle 0+0\n");
    depot_stop(&depot);
}

TEST(s5_what_is_left_when_a_reservation_ends_goes_with_it)
{
    uuid_t a;
    START(NULL);

    assert_int_equal(reserve(&depot, "a", 1, a, NULL), 0);
    assert_int_equal(with(&depot, OP_FORGET, a, NULL), 0);
    assert_state(&depot, "rack a idle 0+1\n shelf 1 idle 0+1\n  book idle 0+0\n");
    assert_int_equal(depot_reservations(&depot), 0);
    depot_stop(&depot);
}

/* S6, S7: rows and steps */

TEST(s6_outcomes_lead_where_the_row_says)
{
    static const struct {
        int outcome, error;
        const char *state;
    } cases[] = {
        {0, 0, "rack a on 1+0\n"},
        {-EIO, -EIO, "rack a bad 0+0\n"},
        {-4095, -4095, "rack a bad 0+0\n"},
        {BERTH_UNCERTAIN(-ETIMEDOUT), -ETIMEDOUT, "rack a odd 0+0\n"},
        {BERTH_PENDING, -EPROTO, "rack a odd 0+0\n"}, /* nobody took its token, so nobody could complete it */
        {2, -EPROTO, "rack a odd 0+0\n"},
        {INT32_MAX, -EPROTO, "rack a odd 0+0\n"},
        {INT32_MIN, -EPROTO, "rack a odd 0+0\n"},
        {BERTH_UNCERTAIN(0), -EPROTO, "rack a odd 0+0\n"},
        {2 * BERTH_UNCERTAIN(0), -EPROTO, "rack a odd 0+0\n"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        START(NULL);
        depot.outcome[RACK_OPEN] = cases[i].outcome;
        assert_int_equal(on_rack(&depot, OP_USE, "a", &error), cases[i].error);
        assert_int_equal(error.code, cases[i].error);
        assert_state(&depot, cases[i].state);
        depot_stop(&depot);
    }
}

TEST(s6_uncertain_goes_where_fail_goes_when_the_row_does_not_say)
{
    START(NULL);

    assert_int_equal(on_rack(&depot, OP_USE, "a", NULL), 0);
    depot.outcome[RACK_EJECT] = BERTH_UNCERTAIN(-EIO);
    assert_int_equal(by_label(&depot, "0", &error), -EIO);
    assert_state(&depot, "rack a on 1+0\n");
    depot_stop(&depot);
}

TEST(s6_a_raise_after_a_failure_runs_and_the_first_error_stays)
{
    START(NULL);

    depot.outcome[RACK_OPEN] = BERTH_UNCERTAIN(-EIO);
    assert_int_equal(on_rack(&depot, OP_USE, "a", NULL), -EIO);
    depot.outcome[RACK_CLOSE] = -ENXIO;
    assert_int_equal(by_label(&depot, "0", &error), -ENXIO); /* odd: fail raises wipe, which is rejected with ENODATA */
    assert_where(&error, "rack", "odd", "close", "rack.close");
    assert_state(&depot, "rack a odd 0+0\n");
    depot_stop(&depot);
}

TEST(s6_an_optional_hook_counts_as_ok_or_rejects)
{
    uuid_t a;
    START(NULL);

    depot_lack(&depot, RACK_EJECT, true);
    assert_int_equal(on_rack(&depot, OP_USE, "a", NULL), 0);
    assert_int_equal(by_label(&depot, "0", NULL), 0);
    assert_string_equal(depot.log, "rack.open:a rack.close:a");
    depot_lack(&depot, SHELF_EJECT, true);
    assert_int_equal(reserve(&depot, "a", 1, a, NULL), 0);
    assert_int_equal(with(&depot, OP_OPEN, a, NULL), 0);
    assert_int_equal(with(&depot, OP_CLOSE, a, &error), -EOPNOTSUPP);
    assert_where(&error, "shelf", "on", "close", NULL);
    depot_stop(&depot);
}

TEST(s6_a_hole_is_the_resources_otherwise)
{
    START(NULL);

    assert_int_equal(place(&depot, "a", 0, 0, NULL), 0);
    assert_int_equal(on_rack(&depot, OP_KICK, "a", &error), -ENODATA);
    assert_where(&error, "rack", "rest", "kick", NULL);
    assert_int_equal(on_path(&depot, OP_ADD, "a", 1, NULL), 0);
    depot.outcome[SHELF_OPEN] = -EIO;
    assert_int_equal(on_path(&depot, OP_FIND_SHELF, "a", 1, &error), -EIO);
    assert_int_equal(on_path(&depot, OP_SHELF_CRASH, "a", 1, &error), -EPROTO); /* no row, no otherwise: berthc refuses such a table */
    depot_stop(&depot);
}

TEST(s6_a_chain_may_call_twice)
{
    START(NULL);

    assert_int_equal(place(&depot, "a", 0, 0, NULL), 0);
    assert_int_equal(on_rack(&depot, OP_CRASH, "a", NULL), 0);
    assert_string_equal(depot.log, "rack.close:a rack.open:a");
    assert_state(&depot, "rack a on 1+0\n");
    assert_int_equal(place(&depot, "b", 0, 1, NULL), 0);
    depot.outcome[RACK_OPEN] = -ENODEV;
    assert_int_equal(on_rack(&depot, OP_CRASH, "b", &error), -ENODEV);
    assert_where(&error, "rack", "idle", "open", "rack.open");
    assert_state(&depot, "rack a on 1+0\nrack b bad 0+0\n");
    depot_stop(&depot);
}

TEST(s6_out_values_are_kept_when_the_call_ended_ok)
{
    uint32_t watt = 1;
    void *results[] = {NULL, NULL, &watt};
    const size_t sizes[3] = {0};
    struct path path;
    berth_request request = {.operation = OP_RESOLVE,
                             .config = depot_path(&path, "a", 0)->config,
                             .results = results,
                             .result_sizes = sizes,
                             .deadline = BERTH_NO_DEADLINE};
    START(NULL);

    assert_int_equal(berth_manager_run(depot.manager, &request, NULL), 0);
    assert_int_equal(watt, 0);
    assert_int_equal(on_rack(&depot, OP_USE, "a", NULL), 0);
    assert_int_equal(berth_manager_run(depot.manager, &request, NULL), 0);
    assert_int_equal(watt, 41);
    depot_stop(&depot);

    depot_start(&depot, NULL, NULL);
    depot.outcome[RACK_OPEN] = -EIO;
    assert_int_equal(on_rack(&depot, OP_USE, "a", NULL), -EIO);
    assert_int_equal(berth_manager_run(depot.manager, &request, NULL), 0);
    assert_int_equal(watt, 0);
    depot_stop(&depot);
}

/* What is tracked when each hook of use_all is called. */
static int look_around(struct depot *depot, uint8_t hook, berth_call *call, const void *view, void *out)
{
    static const char *const expected[] = {
        [RACK_OPEN] = "rack a idle 0+1\n shelf 1 idle 0+1\n  book idle 0+0\n",
        [SHELF_OPEN] = "rack a on 0+1\n shelf 1 idle 0+1\n  book idle 0+0\n",
        [BOOK_OPEN] = "rack a on 0+1\n shelf 1 on 0+1\n  book idle 0+0\n",
    };

    (void)call;
    (void)view;
    (void)out;
    assert_state(depot, expected[hook]);
    return depot->outcome[hook];
}

TEST(s6_everything_is_written_back_before_a_call)
{
    START(NULL);

    depot.hook = look_around;
    assert_int_equal(on_path(&depot, OP_USE_ALL, "a", 1, NULL), 0);
    assert_string_equal(depot.log, "rack.open:a shelf.open:a book.open:a");
    assert_state(&depot, "rack a on 0+1\n shelf 1 on 0+1\n  book on 1+0\n");
    depot_stop(&depot);
    depot_start(&depot, NULL, NULL);
    depot.hook = look_around;
    depot.outcome[SHELF_OPEN] = -EIO;
    assert_int_equal(on_path(&depot, OP_USE_ALL, "a", 1, &error), -EIO);
    assert_where(&error, "shelf", "idle", "open", "shelf.open");
    assert_state(&depot, "rack a on 0+1\n shelf 1 bad 0+1\n  book idle 0+0\n"); /* made for good by the first call */
    depot_stop(&depot);
}

TEST(s7_steps_stop_at_the_first_that_fails)
{
    uuid_t a;
    START(NULL);

    assert_int_equal(reserve(&depot, "a", 1, a, NULL), 0);
    depot.outcome[SHELF_OPEN] = -EIO;
    assert_int_equal(with(&depot, OP_OPEN, a, &error), -EIO);
    assert_where(&error, "shelf", "idle", "open", "shelf.open");
    assert_string_equal(depot.log, "rack.open:a shelf.open:a");
    assert_state(&depot, "rack a on 1+1\n shelf 1 bad 1+1\n  book idle 1+0\n");
    assert_int_equal(with(&depot, OP_CLOSE, a, &error), 0);
    assert_state(&depot, "");
    depot_stop(&depot);
}

/* S8: final states */

TEST(s8_a_slot_is_free_at_once_and_an_end_by_failure_is_an_end)
{
    depot_options options = {.rows = 1};
    START(&options);

    assert_int_equal(on_rack(&depot, OP_RESOLVE, "a", NULL), 0);
    assert_int_equal(on_rack(&depot, OP_RESOLVE, "b", NULL), 0);
    depot.outcome[RACK_OPEN] = -EIO;
    assert_int_equal(on_rack(&depot, OP_CRASH, "c", &error), -EIO); /* idle on crash: fail leads to gone */
    assert_where(&error, "rack", "idle", "crash", "rack.open");
    assert_string_equal(error.key, "\"c\"");
    assert_state(&depot, "rack a idle 0+0\nrack b idle 0+0\n");
    assert_int_equal(on_rack(&depot, OP_RESOLVE, "d", NULL), 0);
    assert_int_equal(on_rack(&depot, OP_RESOLVE, "e", NULL), -ENOSPC);
    depot_stop(&depot);
}

TEST(s8_steps_on_what_ended_are_skipped)
{
    START(NULL);

    assert_int_equal(place(&depot, "a", 0, 0, NULL), 0);
    assert_int_equal(on_path(&depot, OP_ADD, "a", 1, NULL), 0);
    depot.outcome[SHELF_OPEN] = 0;
    assert_int_equal(on_path(&depot, OP_SHELF_CRASH, "a", 1, NULL), 0); /* crash: on; kick: gone; open of the rack still runs */
    assert_state(&depot, "rack a rest 0+0\n");
    depot_stop(&depot);
}

TEST(s8_what_is_below_ends_with_it_and_a_reservation_holds_nothing_then)
{
    uuid_t a, b;
    char path[64];
    void *results[] = {path};
    const size_t sizes[] = {sizeof path};
    berth_request look = {.operation = OP_LOOK, .reservation = a, .results = results, .result_sizes = sizes, .deadline = BERTH_NO_DEADLINE};
    START(NULL);

    assert_int_equal(reserve(&depot, "a", 1, a, NULL), 0);
    assert_int_equal(reserve(&depot, "a", 2, b, NULL), 0);
    assert_int_equal(with(&depot, OP_KICK_ALL, a, NULL), 0); /* a table that berthc warns of: the rack ends while others hold it */
    assert_state(&depot, "");
    assert_int_equal(reserve(&depot, "a", 1, (uuid_t){0}, NULL), 0);
    assert_int_equal(with(&depot, OP_OPEN, a, NULL), 0); /* nothing is held, so nothing happens to the successor */
    assert_int_equal(with(&depot, OP_CLOSE, b, NULL), 0);
    assert_int_equal(berth_manager_run(depot.manager, &look, NULL), 0);
    assert_string_equal(path, "yard/0/0"); /* values of an ended instance stay readable */
    assert_int_equal(with(&depot, OP_CLOSE, a, NULL), 0);
    assert_string_equal(depot.log, "");
    assert_state(&depot, "rack a idle 1+1\n shelf 1 idle 1+1\n  book idle 1+0\n");
    depot_stop(&depot);
}

/* S9: identity */

TEST(s9_no_other_uuid_is_a_reservation)
{
    uuid_t a, null = {0}, stranger = {1, 2, 3};
    START(NULL);

    assert_int_equal(reserve(&depot, "a", 1, a, NULL), 0);
    assert_int_equal(with(&depot, OP_CLOSE, null, &error), -ENOENT);
    assert_where(&error, NULL, NULL, NULL, NULL);
    assert_int_equal(with(&depot, OP_CLOSE, stranger, &error), -ENOENT);
    assert_int_equal(with(&depot, OP_CLOSE, a, NULL), 0);
    assert_int_equal(with(&depot, OP_CLOSE, a, &error), -ENOENT);
    assert_int_equal(with(&depot, OP_OPEN, a, &error), -ENOENT);
    assert_state(&depot, "");
    assert_string_equal(depot.log, "");
    depot_stop(&depot);
}

/* Policy */

TEST(policy_comes_before_anything_else)
{
    uuid_t a;
    struct path path;
    depot_options options = {.strict = true, .kind = 1, .u16 = 1};
    berth_request request = {
        .operation = OP_RESERVE, .config = depot_path(&path, "a", 1)->config, .gives = a, .deadline = BERTH_NO_DEADLINE};
    START(&options);

    path.rack.locked = true;
    assert_int_equal(berth_manager_run(depot.manager, &request, &error), -EPERM);
    assert_where(&error, NULL, NULL, NULL, NULL);
    path.rack.locked = false;
    assert_int_equal(berth_manager_run(depot.manager, &request, &error), 0);
    assert_int_equal(with(&depot, OP_STRICT, (uuid_t){1}, &error), -EPERM); /* not even a look at the reservation */
    depot_stop(&depot);
}

TEST(results_are_given_with_success)
{
    uuid_t a, uid;
    uint16_t bay = 9;
    char path_text[64] = "";
    struct path path;
    void *results[] = {uid, &bay}, *open_results[] = {&bay, path_text};
    const size_t sizes[] = {0, sizeof path_text};
    depot_options options = {.rows = 4, .site = "north", .kind = 2, .u16 = 1, .i32 = 1};
    berth_request request = {.operation = OP_RESERVE,
                             .config = depot_path(&path, "a", 1)->config,
                             .gives = a,
                             .results = results,
                             .result_sizes = sizes,
                             .deadline = BERTH_NO_DEADLINE};
    berth_request open = {
        .operation = OP_OPEN, .reservation = a, .results = open_results, .result_sizes = sizes, .deadline = BERTH_NO_DEADLINE};
    START(&options);

    assert_int_equal(berth_manager_run(depot.manager, &request, NULL), 0);
    assert_false(uuid_is_null(uid));
    assert_int_equal(bay, 0);
    depot.outcome[BOOK_OPEN] = -EIO;
    bay = 9;
    assert_int_equal(berth_manager_run(depot.manager, &open, NULL), -EIO);
    assert_int_equal(bay, 9);
    assert_string_equal(path_text, "");
    depot_stop(&depot);
    depot_start(&depot, &options, NULL);
    assert_int_equal(berth_manager_run(depot.manager, &request, NULL), 0);
    assert_int_equal(berth_manager_run(depot.manager, &open, NULL), 0);
    assert_int_equal(bay, 0);
    assert_string_equal(path_text, "north/0/0");
    depot_stop(&depot);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(s1_a_refused_reserve_makes_nothing),
        cmocka_unit_test(s1_numbers_and_slots_of_a_failed_operation_are_handed_out_again),
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
        cmocka_unit_test(s4_only_the_last_holder_drops),
        cmocka_unit_test(s4_a_child_is_a_holder),
        cmocka_unit_test(s4_reservation_and_reference_hold_each_other_up),
        cmocka_unit_test(s4_without_any_hold_the_row_runs),
        cmocka_unit_test(s5_a_retry_never_touches_a_successor),
        cmocka_unit_test(s5_a_hold_dropped_without_ending_counts_as_begun),
        cmocka_unit_test(s5_what_is_left_when_a_reservation_ends_goes_with_it),
        cmocka_unit_test(s6_outcomes_lead_where_the_row_says),
        cmocka_unit_test(s6_uncertain_goes_where_fail_goes_when_the_row_does_not_say),
        cmocka_unit_test(s6_a_raise_after_a_failure_runs_and_the_first_error_stays),
        cmocka_unit_test(s6_an_optional_hook_counts_as_ok_or_rejects),
        cmocka_unit_test(s6_a_hole_is_the_resources_otherwise),
        cmocka_unit_test(s6_a_chain_may_call_twice),
        cmocka_unit_test(s6_out_values_are_kept_when_the_call_ended_ok),
        cmocka_unit_test(s6_everything_is_written_back_before_a_call),
        cmocka_unit_test(s7_steps_stop_at_the_first_that_fails),
        cmocka_unit_test(s8_a_slot_is_free_at_once_and_an_end_by_failure_is_an_end),
        cmocka_unit_test(s8_steps_on_what_ended_are_skipped),
        cmocka_unit_test(s8_what_is_below_ends_with_it_and_a_reservation_holds_nothing_then),
        cmocka_unit_test(s9_no_other_uuid_is_a_reservation),
        cmocka_unit_test(policy_comes_before_anything_else),
        cmocka_unit_test(results_are_given_with_success),
    };

    return cmocka_run_group_tests_name("rules", tests, NULL, NULL);
}
