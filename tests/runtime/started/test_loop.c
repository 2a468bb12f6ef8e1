/* Started operations in an event loop: berth_config.wake and berth_manager_poll(). */
#include <errno.h>
#include <string.h>

#include "support/clock.h"
#include "support/loop.h"
#include "support/threads.h"

static void a_start_runs_as_far_as_it_gets(void **unused)
{
    struct depot depot;
    struct job job;

    (void)unused;
    (void)wakes();
    depot_start(&depot, NULL, &waking);
    job_go(&job, &depot, OP_USE, "a");
    assert_done(&job, 0);
    assert_int_equal(wakes(), 0);
    loop_stop(&depot);
}

static void completed_operations_go_on_in_poll(void **unused)
{
    struct depot depot;
    struct shelf_of_calls shelf;
    struct job a, b, queued;

    (void)unused;
    loop_start(&depot, &shelf);
    job_go(&a, &depot, OP_USE, "a");
    job_go(&b, &depot, OP_USE, "b");
    job_go(&queued, &depot, OP_DROP, "0");
    assert_int_equal(wakes(), 0);
    assert_int_equal(shelf_complete(&shelf, 0, 0), 0);
    assert_int_equal(wakes(), 1);
    assert_int_equal(shelf_complete(&shelf, 1, 0), 0);
    assert_int_equal(shelf_complete(&shelf, 0, 0), -ENOENT);
    assert_int_equal(wakes(), 0); /* it is awake already */
    assert_not_done(&a);
    assert_not_done(&b);
    assert_int_equal(poll_depot(&depot), 0); /* the queued one is ready now: again */
    assert_done(&a, 0);
    assert_done(&b, 0);
    assert_int_equal(wakes(), 1);
    assert_string_equal(depot.log, "rack.open:a rack.open:b");
    assert_int_equal(poll_depot(&depot), BERTH_NO_DEADLINE);
    assert_string_equal(depot.log, "rack.open:a rack.open:b rack.eject:a");
    assert_not_done(&queued);
    for (unsigned i = 2; i < 4; i++) {
        assert_int_equal(shelf_complete(&shelf, i, 0), 0);
        assert_int_equal(poll_depot(&depot), BERTH_NO_DEADLINE);
    }
    assert_done(&queued, 0);
    loop_stop(&depot);
}

static void cancelled_and_discarded_operations_end_in_poll(void **unused)
{
    struct depot depot;
    struct shelf_of_calls shelf;
    struct job pending, queued[2];

    (void)unused;
    loop_start(&depot, &shelf);
    job_go(&pending, &depot, OP_USE, "a");
    job_go(&queued[0], &depot, OP_USE, "a");
    job_go(&queued[1], &depot, OP_USE, "a");
    assert_int_equal(job_cancel(&queued[0]), 0);
    assert_int_equal(wakes(), 1);
    assert_int_equal(job_cancel(&queued[0]), -ENOENT);
    assert_not_done(&queued[0]);
    assert_int_equal(berth_manager_discard(depot.manager), 0);
    assert_int_equal(wakes(), 0);
    assert_int_equal(shelf.calls[0].notified, 1);
    assert_not_done(&queued[1]);
    assert_int_equal(berth_manager_destroy(depot.manager, NULL), -EBUSY);
    assert_int_equal(poll_depot(&depot), BERTH_NO_DEADLINE);
    assert_done(&queued[0], -ECANCELED);
    assert_done(&queued[1], -ECANCELED);
    assert_int_equal(shelf_complete(&shelf, 0, 0), 0);
    assert_int_equal(wakes(), 1);
    assert_int_equal(poll_depot(&depot), BERTH_NO_DEADLINE);
    assert_done(&pending, -ECANCELED);
    loop_stop(&depot);
}

/* Not run yet, but its call is over: its hook may have forgotten what it registered. */
static void a_completed_call_notifies_nobody(void **unused)
{
    struct depot depot;
    struct shelf_of_calls shelf;
    struct job job;

    (void)unused;
    loop_start(&depot, &shelf);
    job_go(&job, &depot, OP_USE, "a");
    assert_int_equal(shelf_complete(&shelf, 0, 0), 0);
    assert_int_equal(job_cancel(&job), 0);
    assert_int_equal(shelf.calls[0].notified, 0);
    assert_int_equal(poll_depot(&depot), BERTH_NO_DEADLINE);
    assert_done(&job, 0);
    loop_stop(&depot);
}

static void again(struct job *job, int code)
{
    unsigned *left = job->arg;

    assert_int_equal(code, 0);
    assert_int_equal(berth_manager_destroy(job->depot->manager, NULL), -EDEADLK);
    if (--*left == 0)
        return;
    atomic_store(&job->n_done, 0);
    assert_int_equal(job_start(job, OP_RESOLVE, "a", BERTH_NO_DEADLINE), 0);
    assert_not_done(job);
}

static void poll_runs_no_more_than_was_ready(void **unused)
{
    struct depot depot;
    struct job job;
    unsigned left = 4;

    (void)unused;
    (void)wakes();
    depot_start(&depot, NULL, &waking);
    job_init(&job, &depot);
    job.then = again;
    job.arg = &left;
    assert_int_equal(job_start(&job, OP_RESOLVE, "a", BERTH_NO_DEADLINE), 0);
    for (unsigned i = 3; i > 0; i--) {
        assert_int_equal(left, i);
        assert_int_equal(wakes(), 1);
        assert_int_equal(poll_depot(&depot), i > 1 ? 0 : BERTH_NO_DEADLINE);
    }
    assert_int_equal(left, 0);
    assert_int_equal(wakes(), 0);
    loop_stop(&depot);
}

static void next_in_chain(struct job *job, int code)
{
    unsigned *left = job->arg;

    assert_int_equal(code, *left == 4 ? -ETIMEDOUT : 0);
    if (--*left == 0)
        return;
    atomic_store(&job->n_done, 0);
    assert_int_equal(job_start(job, OP_RESOLVE, "b", BERTH_NO_DEADLINE), 0);
}

/* Without `wake` as well, when the caller can learn that there is more. */
static void poll_with_a_deadline_runs_no_more_than_was_ready(void **unused)
{
    struct depot depot;
    struct shelf_of_calls shelf;
    struct job pending, job;

    (void)unused;
    for (unsigned tells = 0; tells < 2; tells++) {
        unsigned left = 4;

        depot_start_shelved(&depot, &shelf);
        job_go(&pending, &depot, OP_USE, "a");
        job_init(&job, &depot);
        job.then = next_in_chain;
        job.arg = &left;
        assert_int_equal(job_start(&job, OP_USE, "a", 1), 0);
        if (!tells)
            assert_int_equal(berth_manager_poll(depot.manager, NULL), 0);
        for (unsigned i = 4; tells && i > 0; i--) {
            assert_int_equal(left, i);
            assert_int_equal(poll_depot(&depot), i > 1 ? 0 : BERTH_NO_DEADLINE);
        }
        assert_int_equal(left, 0);
        assert_int_equal(shelf_complete(&shelf, 0, 0), 0);
        depot_stop(&depot);
    }
}

/* What such a poll left is anybody's: whoever leaves the manager next runs it. */
static void the_next_thread_runs_what_poll_leaves(void **unused)
{
    struct depot depot;
    struct shelf_of_calls shelf;
    struct job pending, job;
    unsigned left = 4;

    (void)unused;
    depot_start_shelved(&depot, &shelf);
    job_go(&pending, &depot, OP_USE, "a");
    job_init(&job, &depot);
    job.then = next_in_chain;
    job.arg = &left;
    assert_int_equal(job_start(&job, OP_USE, "a", 1), 0);
    assert_int_equal(poll_depot(&depot), 0);
    assert_int_equal(left, 3);
    assert_int_equal(on_rack(&depot, OP_RESOLVE, "c", NULL), 0);
    assert_int_equal(left, 0);
    assert_int_equal(shelf_complete(&shelf, 0, 0), 0);
    depot_stop(&depot);
}

static void an_earlier_deadline_wakes_the_loop(void **unused)
{
    struct depot depot;
    struct shelf_of_calls shelf;
    struct job jobs[4];
    int64_t base = berth_now() + HOUR;
    static const int64_t deadlines[] = {300, 400, 200, 1};

    (void)unused;
    loop_start(&depot, &shelf);
    for (unsigned i = 0; i < 4; i++) {
        job_init(&jobs[i], &depot);
        assert_int_equal(job_start(&jobs[i], OP_USE, "a", i < 3 ? base + deadlines[i] : 1), 0);
        assert_int_equal(wakes(), i != 1);
    }
    assert_not_done(&jobs[3]);
    assert_int_equal(poll_depot(&depot), base + 200);
    assert_done(&jobs[3], -ETIMEDOUT);
    assert_int_equal(shelf_complete(&shelf, 0, 0), 0);
    assert_int_equal(poll_depot(&depot), 0); /* those that find the work done are ready only now */
    assert_int_equal(poll_depot(&depot), BERTH_NO_DEADLINE);
    for (unsigned i = 0; i < 3; i++)
        assert_done(&jobs[i], 0);
    loop_stop(&depot);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_start_runs_as_far_as_it_gets),
        cmocka_unit_test(completed_operations_go_on_in_poll),
        cmocka_unit_test(cancelled_and_discarded_operations_end_in_poll),
        cmocka_unit_test(a_completed_call_notifies_nobody),
        cmocka_unit_test(poll_runs_no_more_than_was_ready),
        cmocka_unit_test(poll_with_a_deadline_runs_no_more_than_was_ready),
        cmocka_unit_test(the_next_thread_runs_what_poll_leaves),
        cmocka_unit_test(an_earlier_deadline_wakes_the_loop),
    };

    return cmocka_run_group_tests_name("loop", tests, NULL, NULL);
}
