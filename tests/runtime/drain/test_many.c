/*
 * Thousands of drains in flight: what they wait for ends under them, and what they do not wait for
 * costs them nothing.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/clock.h"
#include "support/loop.h"

/*
 * A minute and more, when each end of a root costs something for each drain in flight; else a
 * fraction of a second.
 */
enum { MANY = 50000, ENDS = 500000, PATIENCE = 120 };

static void count(void *arg, int code)
{
    assert_int_equal(code, 0);
    ++*(unsigned *)arg;
}

static void start_drains(struct depot *depot, unsigned n, unsigned *n_done)
{
    for (unsigned i = 0; i < n; i++)
        assert_int_equal(
            berth_manager_drain_start(depot->manager, BERTH_NO_DEADLINE, NULL, NULL, count, n_done),
            0);
}

static void come_and_go(struct depot *depot, const char *rack)
{
    assert_int_equal(on_rack(depot, OP_RESOLVE, rack, NULL), 0);
    assert_int_equal(on_rack(depot, OP_KICK, rack, NULL), 0);
}

static void roots_that_no_drain_waits_for_end_as_ever(void **unused)
{
    struct depot depot;
    struct job use;
    berth_token token;
    unsigned n_done = 0;

    (void)unused;
    depot_start_many(&depot, NULL);
    depot.hook = leave_token;
    depot.arg = &token;
    job_go(&use, &depot, OP_USE, "a");
    start_drains(&depot, MANY, &n_done);
    for (unsigned i = 0; i < ENDS; i++)
        come_and_go(&depot, "b");
    /* is left to a drain that begins after it */
    assert_int_equal(on_rack(&depot, OP_RESOLVE, "later", NULL), 0);
    assert_int_equal(n_done, 0);
    depot.hook = NULL;
    depot_clear_log(&depot);
    assert_int_equal(berth_complete(token, 0, NULL, 0), 0);
    assert_done(&use, 0);
    assert_int_equal(n_done, MANY);
    assert_string_equal(depot.log, "rack.eject:a rack.close:a");
    assert_state(&depot, "rack later idle 0+0\n");
    depot_stop(&depot);
}

/*
 * They waited for a root that is gone, and have not run since. What they would visit next goes,
 * too, and what they would visit after that.
 */
static void roots_that_drains_come_to_end_before_they_are_there(void **unused)
{
    enum { N = 1000 };
    struct depot depot;
    struct shelf_of_calls shelf;
    struct job drop;
    unsigned n_done = 0;

    (void)unused;
    depot_start_many(&depot, &waking);
    for (unsigned i = 0; i < 5; i++)
        assert_int_equal(
            on_rack(&depot, OP_USE, (const char *[]){"a", "b", "c", "d", "e"}[i], NULL), 0);
    shelf_init(&shelf, &depot);
    job_go(&drop, &depot, OP_DROP, "0");
    start_drains(&depot, N, &n_done);
    assert_int_equal(shelf_complete(&shelf, 0, 0), 0);
    (void)poll_depot(&depot);
    assert_int_equal(shelf_complete(&shelf, 1, 0), 0);
    (void)poll_depot(&depot); /* ends "a": the drains are ready now, and run at the next poll */
    assert_done(&drop, 0);
    assert_int_equal(n_done, 0);
    depot.hook = NULL;
    assert_int_equal(on_rack(&depot, OP_RESOLVE, "b", NULL), 0); /* comes and goes before them */
    assert_int_equal(by_label(&depot, "1", NULL), 0);
    assert_int_equal(by_label(&depot, "3", NULL), 0);
    assert_int_equal(by_label(&depot, "2", NULL), 0);
    depot_clear_log(&depot);
    while (poll_depot(&depot) == 0)
        ;
    assert_int_equal(n_done, N);
    assert_string_equal(depot.log, "rack.eject:e rack.close:e");
    assert_state(&depot, "");
    depot_stop(&depot);
}

/* The first root is taken for longer than it can wait: the others are let go of all the same. */
static void a_drain_that_gave_up_a_root_goes_on_with_the_next(void **unused)
{
    struct depot depot;
    struct shelf_of_calls shelf;
    struct job use, drain;

    (void)unused;
    loop_start(&depot, &shelf);
    job_go(&use, &depot, OP_USE, "a");
    depot.hook = NULL;
    assert_int_equal(on_rack(&depot, OP_USE, "b", NULL), 0);
    job_init(&drain, &depot);
    assert_int_equal(job_start(&drain, 0, NULL, berth_now() + HOUR), 0);
    depot_clear_log(&depot);
    clock_shift(HOUR);
    (void)poll_depot(&depot);
    clock_shift(0);
    assert_done(&drain, -ETIMEDOUT);
    assert_string_equal(drain.error.key, "\"a\"");
    assert_string_equal(depot.log, "rack.eject:b rack.close:b");
    assert_int_equal(shelf_complete(&shelf, 0, 0), 0);
    (void)poll_depot(&depot);
    assert_done(&use, 0);
    assert_state(&depot, "rack a on 1+0\n");
    loop_stop(&depot);
}

/*
 * One in the middle of those that wait gives the first root up, and is cancelled while it waits for
 * the second.
 */
static void a_drain_that_gave_up_a_root_is_cancelled_at_the_next(void **unused)
{
    struct depot depot;
    struct shelf_of_calls shelf;
    struct job use[2], drains[3];

    (void)unused;
    loop_start(&depot, &shelf);
    job_go(&use[0], &depot, OP_USE, "a");
    job_go(&use[1], &depot, OP_USE, "b");
    for (unsigned i = 0; i < 3; i++) {
        job_init(&drains[i], &depot);
        assert_int_equal(
            job_start(&drains[i], 0, NULL, i == 1 ? berth_now() + HOUR : BERTH_NO_DEADLINE), 0);
    }
    clock_shift(HOUR);
    (void)poll_depot(&depot);
    clock_shift(0);
    assert_int_equal(job_cancel(&drains[1]), 0);
    (void)poll_depot(&depot);
    assert_done(&drains[1], -ECANCELED);
    depot.hook = NULL;
    assert_int_equal(shelf_complete(&shelf, 1, 0), 0);
    assert_int_equal(shelf_complete(&shelf, 0, 0), 0);
    while (poll_depot(&depot) == 0)
        ;
    for (unsigned i = 0; i < 2; i++) {
        assert_done(&use[i], 0);
        assert_done(&drains[2 * i], 0);
    }
    assert_state(&depot, "");
    depot_stop(&depot);
}

/* Those that wait, those that come and those that have not begun leave nothing behind. */
static void drains_are_cancelled_on_their_way(void **unused)
{
    struct depot depot;
    struct shelf_of_calls shelf;
    struct job use, drop, drains[6];

    (void)unused;
    loop_start(&depot, &shelf);
    depot.hook = NULL;
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(on_rack(&depot, OP_USE, (const char *[]){"a", "b", "c"}[i], NULL), 0);
    shelf_init(&shelf, &depot);
    job_go(&drop, &depot, OP_DROP, "0");
    for (unsigned i = 0; i < 6; i++) {
        job_init(&drains[i], &depot);
        drains[i].keep = true;
        assert_int_equal(job_start(&drains[i], 0, NULL, BERTH_NO_DEADLINE), 0);
    }
    assert_int_equal(job_cancel(&drains[2]), 0); /* while they wait */
    assert_int_equal(job_cancel(&drains[0]), 0);
    assert_int_equal(job_cancel(&drains[5]), 0);
    assert_int_equal(shelf_complete(&shelf, 0, 0), 0);
    (void)poll_depot(&depot);
    assert_int_equal(shelf_complete(&shelf, 1, 0), 0);
    (void)poll_depot(&depot);
    assert_done(&drop, 0);
    assert_int_equal(job_cancel(&drains[3]), 0); /* when they are to come to "b" */
    depot.hook = NULL;
    assert_int_equal(by_label(&depot, "1", NULL), 0);
    depot.hook = shelved;
    assert_int_equal(job_cancel(&drains[1]), 0); /* when they are to come to "c" */
    job_go(&use, &depot, OP_RESOLVE, "c");
    assert_done(&use, 0);
    (void)poll_depot(&depot);
    assert_done(&drains[0], -ECANCELED);
    assert_done(&drains[1], -ECANCELED);
    assert_done(&drains[2], -ECANCELED);
    assert_done(&drains[3], -ECANCELED);
    assert_done(&drains[5], -ECANCELED);
    assert_not_done(&drains[4]);
    for (unsigned i = 2; i < 4; i++) {
        assert_int_equal(shelf_complete(&shelf, i, 0), 0);
        (void)poll_depot(&depot);
    }
    assert_done(&drains[4], 0);
    assert_state(&depot, "");
    depot_stop(&depot);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(roots_that_no_drain_waits_for_end_as_ever),
        cmocka_unit_test(roots_that_drains_come_to_end_before_they_are_there),
        cmocka_unit_test(a_drain_that_gave_up_a_root_goes_on_with_the_next),
        cmocka_unit_test(a_drain_that_gave_up_a_root_is_cancelled_at_the_next),
        cmocka_unit_test(drains_are_cancelled_on_their_way),
    };

    (void)alarm(PATIENCE);
    return cmocka_run_group_tests_name("drain, many", tests, NULL, NULL);
}
