/* Blocking calls, callbacks and polls beside an event loop. */
#include <errno.h>
#include <string.h>

#include "support/clock.h"
#include "support/loop.h"
#include "support/threads.h"

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
    task_start_waiting(&task, &depot, OP_USE, "a", 1);
    assert_not_done(&job);
    assert_int_equal(poll_depot(&depot), BERTH_NO_DEADLINE);
    assert_done(&job, 0);
    assert_int_equal(task_join(&task), 0);
    loop_stop(&depot);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_blocking_call_on_the_loops_thread_runs_what_is_ready),
        cmocka_unit_test(a_blocking_call_whose_hook_pends_runs_what_completes_it),
        cmocka_unit_test(poll_in_poll_runs_nothing),
        cmocka_unit_test(callbacks_must_not_call_the_manager),
        cmocka_unit_test(hooks_and_done_run_on_the_loops_thread),
        cmocka_unit_test(a_blocking_call_on_another_thread_leaves_it_to_the_loop),
    };

    return cmocka_run_group_tests_name("loop blocking", tests, NULL, NULL);
}
