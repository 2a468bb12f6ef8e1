/*
 * Rules S6 and S7 of docs/semantics.md, for one caller at a time: rows, hooks and steps; and policy
 * and results.
 */
#include <errno.h>

#include "support/rules.h"

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
        /* nobody took its token, so nobody could complete it */
        {BERTH_PENDING, -EPROTO, "rack a odd 0+0\n"},
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
    /* odd: fail raises wipe, which is rejected with ENODATA */
    assert_int_equal(by_label(&depot, "0", &error), -ENXIO);
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
    /* no row, no otherwise: berthc refuses such a table */
    assert_int_equal(on_path(&depot, OP_SHELF_CRASH, "a", 1, &error), -EPROTO);
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
static int look_around(struct depot *depot, uint8_t hook, berth_call *call, const void *view,
                       void *out)
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
    /* made for good by the first call */
    assert_state(&depot, "rack a on 0+1\n shelf 1 bad 0+1\n  book idle 0+0\n");
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

/* Policy */

TEST(policy_comes_before_anything_else)
{
    uuid_t a;
    struct path path;
    depot_options options = {.strict = true, .kind = 1, .u16 = 1};
    char line[256];
    berth_request request = {.operation = OP_RESERVE,
                             .config = depot_path(&path, "a", 1)->config,
                             .gives = a,
                             .deadline = BERTH_NO_DEADLINE};
    START(&options);

    path.rack.locked = true;
    assert_int_equal(berth_manager_run(depot.manager, &request, &error), -EPERM);
    assert_where(&error, NULL, NULL, NULL, NULL);
    assert_string_equal(error.rule, "Locked racks stay closed");
    assert_string_equal(berth_error_text(&error, line, sizeof line),
                        "depot_reserve: denied: Locked racks stay closed: Operation not permitted");
    path.rack.locked = false;
    assert_int_equal(berth_manager_run(depot.manager, &request, &error), 0);
    assert_null(error.rule);
    /* not even a look at the reservation */
    assert_int_equal(with(&depot, OP_STRICT, (uuid_t){1}, &error), -EPERM);
    assert_string_equal(error.rule, "option.strict");
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
    berth_request open = {.operation = OP_OPEN,
                          .reservation = a,
                          .results = open_results,
                          .result_sizes = sizes,
                          .deadline = BERTH_NO_DEADLINE};
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
        cmocka_unit_test(s6_outcomes_lead_where_the_row_says),
        cmocka_unit_test(s6_uncertain_goes_where_fail_goes_when_the_row_does_not_say),
        cmocka_unit_test(s6_a_raise_after_a_failure_runs_and_the_first_error_stays),
        cmocka_unit_test(s6_an_optional_hook_counts_as_ok_or_rejects),
        cmocka_unit_test(s6_a_hole_is_the_resources_otherwise),
        cmocka_unit_test(s6_a_chain_may_call_twice),
        cmocka_unit_test(s6_out_values_are_kept_when_the_call_ended_ok),
        cmocka_unit_test(s6_everything_is_written_back_before_a_call),
        cmocka_unit_test(s7_steps_stop_at_the_first_that_fails),
        cmocka_unit_test(policy_comes_before_anything_else),
        cmocka_unit_test(results_are_given_with_success),
    };

    return cmocka_run_group_tests_name("rules, S6 and S7", tests, NULL, NULL);
}
