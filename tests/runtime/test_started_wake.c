/*
 * Started operations in an event loop: berth_config.wake, and berth_manager_poll() on one thread.
 */
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

static void what_is_completed_goes_on_in_poll(void **unused)
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

static void what_is_cancelled_or_discarded_is_done_in_poll(void **unused)
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
    assert_int_equal(shelf.calls[0].told, 1);
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
static void nobody_is_told_of_a_call_that_is_completed(void **unused)
{
    struct depot depot;
    struct shelf_of_calls shelf;
    struct job job;

    (void)unused;
    loop_start(&depot, &shelf);
    job_go(&job, &depot, OP_USE, "a");
    assert_int_equal(shelf_complete(&shelf, 0, 0), 0);
    assert_int_equal(job_cancel(&job), 0);
    assert_int_equal(shelf.calls[0].told, 0);
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
static void poll_that_tells_runs_no_more_than_was_ready(void **unused)
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
static void what_poll_leaves_is_run_by_the_next_that_comes(void **unused)
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

/* This thread is the loop's: nobody else would run what it waits for. */
static void a_blocking_call_on_the_loops_thread_runs_what_is_ready(void **unused)
{
    struct depot depot;
    struct shelf_of_calls shelf;
    struct job job;

    (void)unused;
    loop_start(&depot, &shelf);
    job_go(&job, &depot, OP_USE, "a");
    assert_int_equal(poll_depot(&depot), BERTH_NO_DEADLINE);
    assert_int_equal(shelf_complete(&shelf, 0, 0), 0);
    assert_not_done(&job);
    assert_int_equal(on_rack(&depot, OP_RESOLVE, "a", NULL), 0);
    assert_done(&job, 0);
    loop_stop(&depot);
}

static void complete_the_other(struct job *job, int code)
{
    assert_int_equal(code, 0);
    assert_int_equal(shelf_complete(job->depot->arg, 1, -EIO), 0);
}

static void a_blocking_call_whose_hook_pends_runs_what_completes_it(void **unused)
{
    struct depot depot;
    struct shelf_of_calls shelf;
    struct job job;

    (void)unused;
    loop_start(&depot, &shelf);
    job_init(&job, &depot);
    job.then = complete_the_other;
    assert_int_equal(job_start(&job, OP_USE, "a", BERTH_NO_DEADLINE), 0);
    assert_int_equal(poll_depot(&depot), BERTH_NO_DEADLINE);
    assert_int_equal(shelf_complete(&shelf, 0, 0), 0);
    assert_not_done(&job);
    assert_int_equal(on_rack(&depot, OP_USE, "b", NULL), -EIO);
    assert_done(&job, 0);
    loop_stop(&depot);
}

static void poll_in_done(struct job *job, int code)
{
    assert_int_equal(code, 0);
    assert_int_equal(shelf_complete(job->depot->arg, 1, 0), 0);
    assert_int_equal(poll_depot(job->depot), 0); /* not now: this thread polls already */
    assert_not_done((struct job *)job->arg);
}

static void poll_in_poll_runs_nothing(void **unused)
{
    struct depot depot;
    struct shelf_of_calls shelf;
    struct job a, b;

    (void)unused;
    loop_start(&depot, &shelf);
    job_init(&a, &depot);
    a.then = poll_in_done;
    a.arg = &b;
    assert_int_equal(job_start(&a, OP_USE, "a", BERTH_NO_DEADLINE), 0);
    job_go(&b, &depot, OP_USE, "b");
    assert_int_equal(shelf_complete(&shelf, 0, 0), 0);
    assert_int_equal(poll_depot(&depot), 0);
    assert_done(&a, 0);
    assert_int_equal(poll_depot(&depot), BERTH_NO_DEADLINE);
    assert_done(&b, 0);
    loop_stop(&depot);
}

/*
 * Under the manager's lock: whatever it calls is refused, and it is the runtime that says so, not a
 * hang.
 */
static berth_manager *called_back;

static void call_back(void *ctx)
{
    (void)ctx;
    assert_int_equal(berth_manager_poll(called_back, NULL), -EDEADLK);
    assert_int_equal(berth_complete((berth_token){called_back, 1}, 0, NULL, 0), -EDEADLK);
}

static int pend(struct depot *depot, uint8_t hook, berth_call *call, const void *view, void *out)
{
    (void)hook;
    (void)view;
    (void)out;
    *(berth_token *)depot->arg = berth_call_token(call);
    assert_int_equal(berth_call_on_cancel(call, call_back, NULL), 0);
    return BERTH_PENDING;
}

static void callbacks_must_not_call_the_manager(void **unused)
{
    struct depot depot;
    struct depot_backend backend = {&depot};
    struct job job;
    berth_token token;

    (void)unused;
    depot_init(&depot);
    depot.hook = pend;
    depot.arg = &token;
    assert_int_equal(berth_manager_create(&depot_type, NULL, &backend,
                                          &(berth_config){.wake = call_back}, &depot.manager, NULL),
                     0);
    called_back = depot.manager;
    job_go(&job, &depot, OP_USE, "a");
    assert_int_equal(job_cancel(&job), 0);
    assert_int_equal(berth_complete(token, 0, NULL, 0), 0);
    assert_int_equal(poll_depot(&depot), BERTH_NO_DEADLINE);
    assert_done(&job, 0);
    loop_stop(&depot);
}

/* Other threads */

static pthread_t hook_ran_on, done_ran_on;

static void note_done(struct job *job, int code)
{
    (void)job;
    (void)code;
    done_ran_on = pthread_self();
}

static int pend_then_note(struct depot *depot, uint8_t hook, berth_call *call, const void *view,
                          void *out)
{
    (void)view;
    (void)out;
    if (hook == RACK_OPEN) {
        *(berth_token *)depot->arg = berth_call_token(call);
        return BERTH_PENDING;
    }
    hook_ran_on = pthread_self();
    return 0;
}

static void *complete(void *arg)
{
    assert_int_equal(berth_complete(*(berth_token *)arg, 0, NULL, 0), 0);
    return NULL;
}

static void hooks_and_done_run_on_the_loops_thread(void **unused)
{
    struct depot depot;
    struct job use, drop;
    berth_token token;
    pthread_t other;
    uint32_t loops = 0;

    (void)unused;
    (void)wakes();
    depot_start(&depot, NULL, &waking);
    depot.hook = pend_then_note;
    depot.arg = &token;
    job_init(&use, &depot);
    use.then = note_done;
    assert_int_equal(job_start(&use, OP_USE, "a", BERTH_NO_DEADLINE), 0);
    job_go(&drop, &depot, OP_DROP, "0");
    assert_int_equal(pthread_create(&other, NULL, complete, &token), 0);
    pthread_join(other, NULL);
    while (wakes() > 0) {
        loops++;
        (void)poll_depot(&depot);
    }
    assert_in_range(loops, 1, 2);
    assert_done(&use, 0);
    assert_done(&drop, 0);
    assert_true(pthread_equal(done_ran_on, pthread_self()));
    assert_true(pthread_equal(hook_ran_on, pthread_self()));
    loop_stop(&depot);
}

static void a_blocking_call_on_another_thread_leaves_it_to_the_loop(void **unused)
{
    struct depot depot;
    struct shelf_of_calls shelf;
    struct job job;
    struct task task;

    (void)unused;
    loop_start(&depot, &shelf);
    job_go(&job, &depot, OP_USE, "a");
    assert_int_equal(poll_depot(&depot), BERTH_NO_DEADLINE);
    assert_int_equal(shelf_complete(&shelf, 0, 0), 0);
    task_start(&task, &depot, OP_USE, "a");
    wait_for_waiters(&depot, 1);
    assert_not_done(&job);
    assert_int_equal(poll_depot(&depot), BERTH_NO_DEADLINE);
    assert_done(&job, 0);
    assert_int_equal(task_join(&task), 0);
    loop_stop(&depot);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_start_runs_as_far_as_it_gets),
        cmocka_unit_test(what_is_completed_goes_on_in_poll),
        cmocka_unit_test(what_is_cancelled_or_discarded_is_done_in_poll),
        cmocka_unit_test(nobody_is_told_of_a_call_that_is_completed),
        cmocka_unit_test(poll_runs_no_more_than_was_ready),
        cmocka_unit_test(poll_that_tells_runs_no_more_than_was_ready),
        cmocka_unit_test(what_poll_leaves_is_run_by_the_next_that_comes),
        cmocka_unit_test(an_earlier_deadline_wakes_the_loop),
        cmocka_unit_test(a_blocking_call_on_the_loops_thread_runs_what_is_ready),
        cmocka_unit_test(a_blocking_call_whose_hook_pends_runs_what_completes_it),
        cmocka_unit_test(poll_in_poll_runs_nothing),
        cmocka_unit_test(callbacks_must_not_call_the_manager),
        cmocka_unit_test(hooks_and_done_run_on_the_loops_thread),
        cmocka_unit_test(a_blocking_call_on_another_thread_leaves_it_to_the_loop),
    };

    return cmocka_run_group_tests_name("started, in an event loop", tests, NULL, NULL);
}
