/* Threads that wait: who returns without the lock, and how they are woken. */
#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <string.h>
#include <time.h>

#include "support/clock.h"
#include "support/loop.h"
#include "support/threads.h"

#include "base/sync/lock.h"
#include "model/manager.h"
#include "base/store/memory.h"

enum { MANY = 20 }; /* more than one thread wakes */

/* Nothing of it is touched any more by those whose work was done by the first. */
static void the_manager_may_end_before_those_that_waited_return(void **unused)
{
    struct depot depot;
    struct gate gate;
    struct task first, others[MANY];

    (void)unused;
    depot_start_held(&depot, &gate, &first);
    for (unsigned i = 0; i < MANY; i++) {
        task_start_waiting(&others[i], &depot, OP_USE, "a", i + 1);
    }
    gate_open(&gate, 1);
    assert_int_equal(task_join(&first), 0);
    assert_state(&depot, "rack a on 21+0\n");
    depot_stop(&depot); /* else -EBUSY: an operation has not ended */
    for (unsigned i = 0; i < MANY; i++)
        assert_int_equal(task_join(&others[i]), 0);
}

static void the_manager_may_end_before_discarded_waiters_return(void **unused)
{
    struct depot depot;
    struct gate gate;
    struct task first, others[MANY];

    (void)unused;
    depot_start_held(&depot, &gate, &first);
    for (unsigned i = 0; i < MANY; i++) {
        task_start_waiting(&others[i], &depot, i % 2 == 0 ? OP_USE : 0, i % 2 == 0 ? "a" : NULL,
                           i + 1);
    }
    assert_int_equal(berth_manager_discard(depot.manager), 0);
    gate_open(&gate, 1);
    assert_int_equal(task_join(&first), -ECANCELED);
    depot_stop(&depot);
    for (unsigned i = 0; i < MANY; i++)
        assert_int_equal(task_join(&others[i]), -ECANCELED);
}

static void a_drain_wakes_them_before_it_goes_on(void **unused)
{
    struct depot depot;
    struct gate gate;
    struct task drain, other;

    (void)unused;
    depot_start_gated(&depot, &gate);
    gate_open(&gate, 2);
    assert_int_equal(on_rack(&depot, OP_USE, "a", NULL), 0);
    assert_int_equal(on_rack(&depot, OP_USE, "b", NULL), 0);
    task_start(&drain, &depot, 0, NULL);
    gate_wait(&gate, 3); /* eject of a */
    task_start_waiting(&other, &depot, OP_RESOLVE, "a", 1);
    gate_open(&gate, 2);
    gate_wait(&gate, 5); /* eject of b */
    assert_int_equal(task_join(&other), 0);
    gate_open(&gate, 2);
    assert_int_equal(task_join(&drain), 0);
    assert_state(&depot, "rack a idle 0+0\n");
    depot_stop(&depot);
}

/* Started: its `done` stops at a gate. */
static void pass_gate(struct job *job, int code)
{
    assert_int_equal(code, 0);
    gate_pass(job->arg);
}

static void a_caller_returns_before_done_of_others(void **unused)
{
    struct depot depot;
    struct gate gate, notified;
    struct task first, other;
    struct job job;

    (void)unused;
    gate_init(&notified);
    depot_start_held(&depot, &gate, &first);
    job_init(&job, &depot);
    job.then = pass_gate;
    job.arg = &notified;
    assert_int_equal(job_start(&job, OP_RESOLVE, "a", BERTH_NO_DEADLINE), 0);
    task_start_waiting(&other, &depot, OP_USE, "a", 1);
    gate_open(&gate, 1);
    gate_wait(&notified, 1);
    assert_int_equal(task_join(&other), 0);
    gate_open(&notified, 1);
    assert_int_equal(task_join(&first), 0);
    assert_done(&job, 0);
    depot_stop(&depot);
}

static void start_waking(struct depot *depot, struct gate *gate)
{
    gate_init(gate);
    depot_start(depot, NULL, &waking);
    depot->hook = gated;
    depot->arg = gate;
}

static void *poll_and_use(void *arg)
{
    struct task *task = arg;

    (void)poll_depot(task->depot);
    task->rc = on_rack(task->depot, OP_USE, "a", NULL);
    return NULL;
}

/* Else it would be woken for what is ready when it is gone. */
static void a_loops_thread_that_is_excused_sleeps_no_more(void **unused)
{
    struct depot depot;
    struct gate gate;
    struct task first, loop = {.depot = &depot};

    (void)unused;
    start_waking(&depot, &gate);
    task_start(&first, &depot, OP_USE, "a");
    gate_wait(&gate, 1);
    assert_int_equal(pthread_create(&loop.thread, NULL, poll_and_use, &loop), 0);
    wait_for_waiters(&depot, 1);
    assert_non_null(depot.manager->loop_sleeper);
    gate_open(&gate, 1);
    assert_int_equal(task_join(&first), 0);
    assert_null(depot.manager->loop_sleeper);
    assert_int_equal(task_join(&loop), 0);
    depot_stop(&depot);
}

/* It was handed the root, and has not run yet: the root goes on to the next. */
static void leave_it_to_the_next(bool cancelled)
{
    struct depot depot;
    struct gate gate;
    struct task first, other;
    struct job job;

    start_waking(&depot, &gate);
    task_start(&first, &depot, OP_USE, "a");
    gate_wait(&gate, 1);
    job_init(&job, &depot);
    assert_int_equal(job_start(&job, OP_DROP, "0", berth_now() + HOUR), 0);
    task_start_waiting(&other, &depot, OP_RESOLVE, "a", 1);
    gate_open(&gate, 1);
    assert_int_equal(task_join(&first), 0);
    wait_for_waiters(&depot, 1);
    if (cancelled)
        assert_int_equal(job_cancel(&job), 0);
    else
        clock_shift(2 * HOUR);
    (void)poll_depot(&depot);
    clock_shift(0);
    assert_int_equal(task_join(&other), 0);
    assert_done(&job, cancelled ? -ECANCELED : -ETIMEDOUT);
    depot_stop(&depot);
}

static void one_that_is_late_leaves_the_root_to_the_next(void **unused)
{
    (void)unused;
    leave_it_to_the_next(false);
}

static void one_that_is_cancelled_leaves_the_root_to_the_next(void **unused)
{
    (void)unused;
    leave_it_to_the_next(true);
}

enum { ROUNDS = 1000 };

/* Deadlines pass while others let the root go, at any moment. */
static void *use_in_time(void *arg)
{
    struct task *task = arg;
    unsigned late = 0;

    for (unsigned i = 0; i < ROUNDS; i++) {
        int64_t deadline = i % 3 == 0 ? BERTH_NO_DEADLINE : berth_now() + (int64_t)(i % 97) * 3000;
        int rc = until(task->depot, OP_USE, "a", deadline, NULL);

        assert_true(rc == 0 || rc == -ETIMEDOUT);
        late += rc != 0;
        if (i % 4 == 0) {
            rc = on_rack(task->depot, OP_KICK, "a", NULL); /* so that the next has to open it */
            assert_true(rc == 0 || rc == -ENOENT);
        }
    }
    task->rc = (int)late;
    return NULL;
}

static int slow(struct depot *depot, uint8_t hook, berth_call *call, const void *view, void *out)
{
    (void)depot;
    (void)hook;
    (void)call;
    (void)view;
    (void)out;
    (void)nanosleep(&(struct timespec){.tv_nsec = 50000}, NULL);
    return 0;
}

static void deadlines_that_pass_meanwhile_are_late_or_not(void **unused)
{
    struct depot depot;
    struct task tasks[8];
    unsigned late = 0;

    (void)unused;
    depot_start(&depot, NULL, NULL);
    depot.hook = slow;
    for (unsigned i = 0; i < 8; i++) {
        tasks[i].depot = &depot;
        assert_int_equal(pthread_create(&tasks[i].thread, NULL, use_in_time, &tasks[i]), 0);
    }
    for (unsigned i = 0; i < 8; i++) {
        assert_int_equal(pthread_join(tasks[i].thread, NULL), 0);
        late += (unsigned)tasks[i].rc;
    }
    assert_true(late < 8 * ROUNDS);
    depot_stop(&depot);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_manager_may_end_before_those_that_waited_return),
        cmocka_unit_test(the_manager_may_end_before_discarded_waiters_return),
        cmocka_unit_test(a_drain_wakes_them_before_it_goes_on),
        cmocka_unit_test(a_caller_returns_before_done_of_others),
        cmocka_unit_test(a_loops_thread_that_is_excused_sleeps_no_more),
        cmocka_unit_test_teardown(one_that_is_late_leaves_the_root_to_the_next, clock_back),
        cmocka_unit_test(one_that_is_cancelled_leaves_the_root_to_the_next),
        cmocka_unit_test(deadlines_that_pass_meanwhile_are_late_or_not),
    };

    return cmocka_run_group_tests_name("waking", tests, NULL, NULL);
}
