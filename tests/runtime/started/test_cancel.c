/*
 * Cancelling started operations: in the queue, while a hook pends or runs, before they could run.
 */
#include <errno.h>
#include <string.h>

#include "support/started.h"

static void a_cancelled_waiter_leaves_the_queue(void **unused)
{
    struct depot depot;
    struct shelf_of_calls shelf;
    struct job first, last, jobs[3];
    uuid_t id;

    (void)unused;
    depot_start_shelved(&depot, &shelf);
    job_go(&first, &depot, OP_USE, "a");
    for (unsigned i = 0; i < 3; i++) {
        job_init(&jobs[i], &depot);
        jobs[i].keep = true;
        jobs[i].id = id;
        memset(id, 7, sizeof id);
        assert_int_equal(job_start(&jobs[i], i == 1 ? OP_RESERVE : OP_USE, "a", BERTH_NO_DEADLINE),
                         0);
    }
    job_go(&last, &depot, OP_USE, "a");
    for (unsigned i = 3; i-- > 0;) {
        assert_int_equal(job_cancel(&jobs[i]), 0);
        assert_done(&jobs[i], -ECANCELED);
        assert_where(&jobs[i].error, "rack", NULL, NULL, NULL);
        assert_int_equal(job_cancel(&jobs[i]), -ENOENT);
    }
    assert_true(uuid_is_null(id));
    assert_not_done(&last);
    assert_int_equal(shelf_complete(&shelf, 0, 0), 0);
    assert_done(&first, 0);
    assert_done(&last, 0);
    assert_state(&depot, "rack a on 2+0\n");
    depot_stop(&depot);
}

static void a_pending_hook_is_notified_and_its_answer_counts(void **unused)
{
    static const int answers[] = {0, -EIO, BERTH_UNCERTAIN(-EINTR)};
    static const int codes[] = {0, -EIO, -EINTR};

    (void)unused;
    for (unsigned i = 0; i < 3; i++) {
        struct depot depot;
        struct shelf_of_calls shelf;
        struct job job;

        depot_start_shelved(&depot, &shelf);
        job_init(&job, &depot);
        job.keep = true;
        assert_int_equal(job_start(&job, OP_USE, "a", BERTH_NO_DEADLINE), 0);
        assert_false(berth_call_cancelled(shelf.calls[0].call));
        for (unsigned n = 0; n < 2; n++) {
            assert_int_equal(job_cancel(&job), 0);
            assert_true(berth_call_cancelled(shelf.calls[0].call));
            assert_int_equal(shelf.calls[0].notified, 1); /* once */
            assert_not_done(&job);
        }
        assert_int_equal(shelf_complete(&shelf, 0, answers[i]), 0);
        assert_done(&job, codes[i]);
        assert_int_equal(job_cancel(&job), -ENOENT);
        assert_int_equal(shelf_complete(&shelf, 0, 0), -ENOENT);
        depot_stop(&depot);
    }
}

/*
 * An operation that has begun is never cut between its steps: its next hooks run too, and see at
 * once that it is cancelled.
 */
static void a_cancelled_operation_goes_on_to_its_end(void **unused)
{
    struct depot depot;
    struct shelf_of_calls shelf;
    struct job job;
    uuid_t id;

    (void)unused;
    depot_start_shelved(&depot, &shelf);
    assert_int_equal(reserve(&depot, "a", 0, id, NULL), 0);
    job_init(&job, &depot);
    job.id = id;
    assert_int_equal(job_start(&job, OP_OPEN, NULL, BERTH_NO_DEADLINE), 0);
    assert_int_equal(job_cancel(&job), 0);
    for (unsigned i = 0; i < 3; i++) {
        assert_true(berth_call_cancelled(shelf.calls[i].call));
        assert_int_equal(shelf.calls[i].registered, i == 0 ? 0 : -ECANCELED);
        assert_int_equal(shelf.calls[i].notified, i == 0);
        assert_int_equal(shelf_complete(&shelf, i, 0), 0);
    }
    assert_done(&job, 0);
    assert_string_equal(depot.log, "rack.open:a shelf.open:a book.open:a");
    depot_stop(&depot);
}

static void count_up(void *ctx)
{
    ++*(unsigned *)ctx;
}

static void only_the_last_callback_is_notified(void **unused)
{
    struct depot depot;
    struct shelf_of_calls shelf;
    struct job job;
    unsigned notified = 0;

    (void)unused;
    depot_start_shelved(&depot, &shelf);
    job_go(&job, &depot, OP_USE, "a");
    assert_int_equal(berth_call_on_cancel(shelf.calls[0].call, count_up, &notified), 0);
    assert_int_equal(job_cancel(&job), 0);
    assert_int_equal(notified, 1);
    assert_int_equal(shelf.calls[0].notified, 0);
    assert_int_equal(berth_call_on_cancel(shelf.calls[0].call, count_up, &notified), -ECANCELED);
    assert_int_equal(shelf_complete(&shelf, 0, 0), 0);
    job_go(&job, &depot, OP_USE, "b");
    assert_int_equal(berth_call_on_cancel(shelf.calls[1].call, NULL, NULL), 0);
    assert_int_equal(job_cancel(&job), 0);
    assert_int_equal(shelf.calls[1].notified, 0);
    assert_int_equal(shelf_complete(&shelf, 1, 0), 0);
    assert_int_equal(notified, 1);
    depot_stop(&depot);
}

static int cancel_self(struct depot *depot, uint8_t hook, berth_call *call, const void *view,
                       void *out)
{
    (void)hook;
    (void)view;
    (void)out;
    assert_false(berth_call_cancelled(call));
    assert_int_equal(job_cancel(depot->arg), 0);
    assert_true(berth_call_cancelled(call));
    return 0;
}

static void a_running_hook_is_notified(void **unused)
{
    struct depot depot;
    struct job job;

    (void)unused;
    depot_start(&depot, NULL, NULL);
    depot.hook = cancel_self;
    depot.arg = &job;
    job_go(&job, &depot, OP_USE, "a");
    assert_done(&job, 0);
    depot_stop(&depot);
}

static void cancelled_before_it_ran(struct job *job, int code)
{
    struct job *next = job->arg;

    assert_int_equal(code, 0);
    next->keep = true;
    /* it runs when this function has returned */
    assert_int_equal(job_start(next, OP_USE, "b", BERTH_NO_DEADLINE), 0);
    assert_int_equal(job_cancel(next), 0);
    assert_not_done(next);
    assert_int_equal(job_cancel(next), -ENOENT);
}

static void cancelled_before_it_could_run(void **unused)
{
    struct depot depot;
    struct job job, next;

    (void)unused;
    depot_start(&depot, NULL, NULL);
    job_init(&job, &depot);
    job_init(&next, &depot);
    job.then = cancelled_before_it_ran;
    job.arg = &next;
    assert_int_equal(job_start(&job, OP_USE, "a", BERTH_NO_DEADLINE), 0);
    assert_done(&next, -ECANCELED);
    assert_state(&depot, "rack a on 1+0\n");
    depot_stop(&depot);
}

static void an_operation_of_another_manager(void **unused)
{
    struct depot depot, other;
    struct shelf_of_calls shelf;
    struct job job;

    (void)unused;
    depot_start_shelved(&depot, &shelf);
    depot_start(&other, NULL, NULL);
    job_go(&job, &depot, OP_USE, "a");
    assert_int_equal(berth_manager_cancel(other.manager, &job.op), -EINVAL);
    assert_int_equal(shelf.calls[0].notified, 0);
    assert_int_equal(shelf_complete(&shelf, 0, 0), 0);
    depot_stop(&other);
    depot_stop(&depot);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_cancelled_waiter_leaves_the_queue),
        cmocka_unit_test(a_pending_hook_is_notified_and_its_answer_counts),
        cmocka_unit_test(a_cancelled_operation_goes_on_to_its_end),
        cmocka_unit_test(only_the_last_callback_is_notified),
        cmocka_unit_test(a_running_hook_is_notified),
        cmocka_unit_test(cancelled_before_it_could_run),
        cmocka_unit_test(an_operation_of_another_manager),
    };

    return cmocka_run_group_tests_name("started, cancelled", tests, NULL, NULL);
}
