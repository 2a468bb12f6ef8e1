/*
 * Rules S5, S8 and S9 of docs/semantics.md, for one caller at a time: reservations, and the end of
 * instances.
 */
#include <errno.h>

#include "model/tracked/instance.h"
#include "support/rules.h"

static struct instance *tracked_rack(const struct depot *depot)
{
    return depot->manager->roots;
}

/*
 * A drop that does not end the book: drain lets all its holders go, time and again, and leaves what
 * is above it alone.
 */
TEST(s5_a_hold_that_drain_took_is_gone_after_any_number_of_drains)
{
    const struct depot_change stays = {.state = IDLE, .event = CLOSE, .ok = {.state = IDLE}};
    struct depot depot;
    uuid_t first, last, other; /* `other`: of a book that no later drain finds held */

    (void)unused_;
    depot_start_changed(&depot, &stays);
    assert_int_equal(on_rack(&depot, OP_RESOLVE, "a", NULL), 0);
    tracked_rack(&depot)->epoch = LAST_EPOCH; /* as after some drains: what is held stays so */
    assert_int_equal(reserve(&depot, "a", 1, first, NULL), 0);
    assert_int_equal(reserve(&depot, "b", 1, other, NULL), 0);
    for (unsigned i = 0; i < 3 * (LAST_EPOCH + 1); i++) {
        assert_int_equal(reserve(&depot, "a", 1, last, NULL), 0);
        assert_int_equal(berth_manager_drain(depot.manager, BERTH_NO_DEADLINE, NULL), 0);
        assert_int_equal(with(&depot, OP_OPEN, first, NULL), -ECANCELED);
        assert_int_equal(with(&depot, OP_OPEN, last, NULL), -ECANCELED);
        assert_int_equal(with(&depot, OP_OPEN, other, NULL), -ECANCELED);
        assert_state(&depot, "rack a idle 2+1\n shelf 1 idle 2+1\n  book idle 0+0\n"
                             "rack b idle 1+1\n shelf 1 idle 1+1\n  book idle 0+0\n");
        assert_int_equal(with(&depot, OP_FORGET, last, NULL), 0);
    }
    assert_string_equal(depot.log, "");
    assert_int_equal(reserve(&depot, "a", 1, last, NULL), 0);
    /* and who came after all of them holds it */
    assert_int_equal(with(&depot, OP_OPEN, last, NULL), 0);
    assert_int_equal(with(&depot, OP_FORGET, first, NULL), 0);
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
    /* the book is gone, the shelf stays */
    assert_int_equal(with(&depot, OP_CLOSE, a, &error), -EIO);
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
    /* the wrong way round: what is below holds rack and shelf up */
    assert_int_equal(with(&depot, OP_CLOSE_TWICE, b, NULL), 0);
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

/* S8: final states */

TEST(s8_a_slot_is_free_at_once_and_an_end_by_failure_is_an_end)
{
    depot_options options = {.rows = 1};
    START(&options);

    assert_int_equal(on_rack(&depot, OP_RESOLVE, "a", NULL), 0);
    assert_int_equal(on_rack(&depot, OP_RESOLVE, "b", NULL), 0);
    depot.outcome[RACK_OPEN] = -EIO;
    /* idle on crash: fail leads to gone */
    assert_int_equal(on_rack(&depot, OP_CRASH, "c", &error), -EIO);
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
    /* crash: on; kick: gone; open of the rack still runs */
    assert_int_equal(on_path(&depot, OP_SHELF_CRASH, "a", 1, NULL), 0);
    assert_state(&depot, "rack a rest 0+0\n");
    depot_stop(&depot);
}

TEST(s8_what_is_below_ends_with_it_and_a_reservation_holds_nothing_then)
{
    uuid_t a, b;
    char path[64];
    void *results[] = {path};
    const size_t sizes[] = {sizeof path};
    berth_request look = {.operation = OP_LOOK,
                          .reservation = a,
                          .results = results,
                          .result_sizes = sizes,
                          .deadline = BERTH_NO_DEADLINE};
    START(NULL);

    assert_int_equal(reserve(&depot, "a", 1, a, NULL), 0);
    assert_int_equal(reserve(&depot, "a", 2, b, NULL), 0);
    /* a table that berthc warns of: the rack ends while others hold it */
    assert_int_equal(with(&depot, OP_KICK_ALL, a, NULL), 0);
    assert_state(&depot, "");
    assert_int_equal(reserve(&depot, "a", 1, (uuid_t){0}, NULL), 0);
    /* nothing is held, so nothing happens to the successor */
    assert_int_equal(with(&depot, OP_OPEN, a, NULL), 0);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(s5_a_hold_that_drain_took_is_gone_after_any_number_of_drains),
        cmocka_unit_test(s5_a_retry_never_touches_a_successor),
        cmocka_unit_test(s5_a_hold_dropped_without_ending_counts_as_begun),
        cmocka_unit_test(s5_what_is_left_when_a_reservation_ends_goes_with_it),
        cmocka_unit_test(s8_a_slot_is_free_at_once_and_an_end_by_failure_is_an_end),
        cmocka_unit_test(s8_steps_on_what_ended_are_skipped),
        cmocka_unit_test(s8_what_is_below_ends_with_it_and_a_reservation_holds_nothing_then),
        cmocka_unit_test(s9_no_other_uuid_is_a_reservation),
    };

    return cmocka_run_group_tests_name("ends", tests, NULL, NULL);
}
