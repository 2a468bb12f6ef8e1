/* Started operations and the end of it all: discard, destroy, drain. */
#include <errno.h>

#include "support/loop.h"
#include "support/started.h"

/* Discarding and destroying */

static void discarded(void **unused)
{
    struct depot depot;
    struct shelf_of_calls shelf;
    struct job pending, queued, last;

    (void)unused;
    depot_start_shelved(&depot, &shelf);
    job_init(&pending, &depot);
    pending.keep = true;
    assert_int_equal(job_start(&pending, OP_USE, "a", BERTH_NO_DEADLINE), 0);
    job_go(&queued, &depot, OP_USE, "a");
    assert_int_equal(berth_manager_destroy(depot.manager, NULL), -EBUSY);
    assert_int_equal(berth_manager_discard(depot.manager), 0);
    assert_done(&queued, -ECANCELED);
    assert_not_done(&pending);
    assert_int_equal(shelf.calls[0].notified, 1);
    assert_true(berth_call_cancelled(shelf.calls[0].call));
    assert_int_equal(berth_manager_destroy(depot.manager, NULL), -EBUSY);
    assert_int_equal(job_cancel(&pending), 0);
    job_go(&last, &depot, OP_RESOLVE, "a"); /* a new one of the same name */
    assert_done(&last, 0);
    assert_int_equal(shelf_complete(&shelf, 0, 0), 0);
    assert_done(&pending, -ECANCELED);
    assert_int_equal(shelf_complete(&shelf, 0, 0), -ENOENT);
    assert_state(&depot, "rack a idle 0+0\n");
    depot_stop(&depot);
}

static void discard_in_done(struct job *job, int code)
{
    struct job *next = job->arg;

    assert_int_equal(code, 0);
    assert_int_equal(job_start(next, OP_USE, "b", BERTH_NO_DEADLINE), 0);
    assert_int_equal(berth_manager_discard(job->depot->manager), 0);
    assert_not_done(next);
    assert_int_equal(berth_manager_destroy(job->depot->manager, NULL), -EDEADLK);
}

static void operations_that_have_not_run_are_discarded_too(void **unused)
{
    struct depot depot;
    struct job job, next;

    (void)unused;
    depot_start(&depot, NULL, NULL);
    job_init(&job, &depot);
    job_init(&next, &depot);
    job.then = discard_in_done;
    job.arg = &next;
    assert_int_equal(job_start(&job, OP_USE, "a", BERTH_NO_DEADLINE), 0);
    assert_done(&next, -ECANCELED);
    assert_string_equal(depot.log, "rack.open:a");
    depot_stop(&depot);
}

/* Draining */

static void a_started_drain(void **unused)
{
    struct depot depot;
    struct shelf_of_calls shelf;
    struct job job, use;
    uuid_t id;

    (void)unused;
    depot_start(&depot, NULL, NULL);
    assert_int_equal(reserve(&depot, "a", 0, id, NULL), 0);
    assert_int_equal(with(&depot, OP_OPEN, id, NULL), 0);
    assert_int_equal(on_rack(&depot, OP_USE, "b", NULL), 0);
    depot_clear_log(&depot);
    shelf_init(&shelf, &depot);
    job_go(&job, &depot, 0, NULL);
    job_go(&use, &depot, OP_RESOLVE, "a");
    for (unsigned i = 0; i < shelf.n; i++) {
        assert_not_done(&job);
        assert_int_equal(shelf_complete(&shelf, i, 0), 0);
    }
    assert_string_equal(
        depot.log,
        "book.eject:a book.close:a shelf.eject:a shelf.close:a rack.eject:a rack.close:a "
        "rack.eject:b rack.close:b");
    assert_done(&job, 0);
    assert_done(&use, 0);
    assert_int_equal(depot_reservations(&depot), 0);
    assert_state(&depot, "rack a idle 0+0\n"); /* made after the drain began */
    depot_stop(&depot);
}

static void a_drain_that_is_late_leaves_the_root_alone(void **unused)
{
    struct depot depot;
    struct shelf_of_calls shelf;
    struct job use, drains;

    (void)unused;
    depot_start(&depot, NULL, NULL);
    assert_int_equal(on_rack(&depot, OP_RESOLVE, "a", NULL), 0);
    assert_int_equal(on_rack(&depot, OP_RESOLVE, "b", NULL), 0);
    shelf_init(&shelf, &depot);
    job_go(&use, &depot, OP_USE, "a");
    job_init(&drains, &depot);
    assert_int_equal(job_start(&drains, 0, NULL, 1), 0);
    assert_not_done(&drains);
    assert_int_equal(poll_depot(&depot), BERTH_NO_DEADLINE);
    assert_done(&drains, -ETIMEDOUT);
    assert_int_equal(shelf_complete(&shelf, 0, 0), 0);
    assert_done(&use, 0);
    assert_state(&depot, "rack a on 1+0\n");
    depot_stop(&depot);
}

static void a_drain_is_cancelled_where_it_waits(void **unused)
{
    struct depot depot;
    struct shelf_of_calls shelf;
    struct job use, drains;

    (void)unused;
    depot_start_shelved(&depot, &shelf);
    job_go(&use, &depot, OP_USE, "a");
    job_go(&drains, &depot, 0, NULL);
    assert_int_equal(job_cancel(&drains), 0);
    assert_done(&drains, -ECANCELED);
    assert_int_equal(shelf_complete(&shelf, 0, 0), 0);
    assert_done(&use, 0);
    job_go(&drains, &depot, 0, NULL);
    assert_int_equal(berth_manager_discard(depot.manager), 0);
    assert_int_equal(shelf_complete(&shelf, 1, 0), 0);
    assert_done(&drains, -ECANCELED);
    depot_stop(&depot);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(discarded),
        cmocka_unit_test(operations_that_have_not_run_are_discarded_too),
        cmocka_unit_test(a_started_drain),
        cmocka_unit_test(a_drain_that_is_late_leaves_the_root_alone),
        cmocka_unit_test(a_drain_is_cancelled_where_it_waits),
    };

    return cmocka_run_group_tests_name("started, discarded and drained", tests, NULL, NULL);
}
