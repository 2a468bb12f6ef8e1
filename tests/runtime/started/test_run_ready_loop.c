/* Blocking calls that wake to run the ready list: no other thread would. */
#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/operation.h"
#include "support/clock.h"
#include "support/loop.h"
#include "support/threads.h"

/* What is left hanging ends the program, after many times what the slowest machine takes. */
enum { PATIENCE = 300 };

/*
 * In an event loop: another thread completes a call while the loop's thread sleeps in a blocking
 * call.
 */

static void *complete_what_is_waited_for(void *arg)
{
    struct depot *depot = arg;
    struct shelf_of_calls *shelf = depot->arg;

    wait_for_waiters(depot, 1);
    depot->hook = NULL; /* those that come answer at once */
    assert_int_equal(shelf_complete(shelf, 0, 0), 0);
    return NULL;
}

static void the_loops_thread_wakes_to_run_ready_before_its_root_is_free(void **unused)
{
    (void)unused;
    for (unsigned drains = 0; drains < 2; drains++) {
        struct depot depot;
        struct shelf_of_calls shelf;
        struct job job;
        pthread_t other;

        loop_start(&depot, &shelf);
        assert_int_equal(poll_depot(&depot), BERTH_NO_DEADLINE); /* this is the loop's thread */
        job_go(&job, &depot, OP_USE, "a");
        assert_int_equal(pthread_create(&other, NULL, complete_what_is_waited_for, &depot), 0);
        if (drains)
            assert_int_equal(berth_manager_drain(depot.manager, BERTH_NO_DEADLINE, NULL), 0);
        else
            assert_int_equal(on_rack(&depot, OP_USE, "a", NULL), 0);
        pthread_join(other, NULL);
        assert_done(&job, 0);
        assert_state(&depot, drains ? "" : "rack a on 2+0\n");
        assert_null(depot.manager->loop_sleeper); /* nobody sleeps any more */
        loop_stop(&depot);
    }
}

static void *complete_the_second(void *arg)
{
    struct depot *depot = arg;

    wait_for_waiters(depot, 1);
    assert_int_equal(shelf_complete(depot->arg, 1, 0), 0);
    return NULL;
}

/*
 * On the loop's thread, while the call that it interrupts would wait for the same root: that is
 * behind it now.
 */
static void complete_the_first_and_use_it(struct job *job, int code)
{
    struct depot *depot = job->depot;
    int *rc = job->arg;

    assert_int_equal(code, 0);
    depot->hook = NULL;
    assert_int_equal(shelf_complete(depot->arg, 0, 0), 0);
    *rc = on_rack(depot, OP_USE, "a", NULL);
}

static void a_caller_that_wakes_to_run_ready_has_left_the_queue(void **unused)
{
    struct depot depot;
    struct shelf_of_calls shelf;
    struct job first, second;
    pthread_t other;
    int rc = 1;

    (void)unused;
    loop_start(&depot, &shelf);
    assert_int_equal(poll_depot(&depot), BERTH_NO_DEADLINE); /* this is the loop's thread */
    job_go(&first, &depot, OP_USE, "a");
    job_init(&second, &depot);
    second.then = complete_the_first_and_use_it;
    second.arg = &rc;
    assert_int_equal(job_start(&second, OP_USE, "b", BERTH_NO_DEADLINE), 0);
    assert_int_equal(pthread_create(&other, NULL, complete_the_second, &depot), 0);
    assert_int_equal(by_label(&depot, "0", NULL), 0);
    pthread_join(other, NULL);
    assert_int_equal(rc, 0);
    assert_done(&first, 0);
    assert_done(&second, 0);
    /* of the two that use it one is left */
    assert_string_equal(depot.log, "rack.open:a rack.open:b");
    assert_state(&depot, "rack a on 1+0\nrack b on 1+0\n");
    loop_stop(&depot);
}

static void complete_the_blocking_call(struct job *job, int code)
{
    assert_int_equal(code, 0);
    assert_int_equal(shelf_complete(job->depot->arg, 2, -EIO), 0);
}

/*
 * Waits until so many hooks pend, and a little longer, so that who called the last of them sleeps.
 */
static void wait_for_calls(struct shelf_of_calls *shelf, unsigned wanted)
{
    unsigned n = 0;

    while (n < wanted) {
        pause_shortly();
        pthread_mutex_lock(&shelf->lock);
        n = shelf->n;
        pthread_mutex_unlock(&shelf->lock);
    }
    pause_shortly();
}

static void *complete_one_after_the_other(void *arg)
{
    const struct depot *depot = arg;
    struct shelf_of_calls *shelf = depot->arg;

    wait_for_calls(shelf, 3);
    for (unsigned i = 0; i < 2; i++) {
        pause_shortly();
        assert_int_equal(shelf_complete(shelf, i, 0), 0);
    }
    return NULL;
}

/*
 * It wakes for each, and sleeps on after the first: only the `done` of the second completes its own
 * call.
 */
static void the_loops_thread_wakes_to_run_ready_before_its_completion(void **unused)
{
    struct depot depot;
    struct shelf_of_calls shelf;
    struct job jobs[2];
    pthread_t other;

    (void)unused;
    loop_start(&depot, &shelf);
    assert_int_equal(poll_depot(&depot), BERTH_NO_DEADLINE); /* this is the loop's thread */
    for (unsigned i = 0; i < 2; i++) {
        job_init(&jobs[i], &depot);
        jobs[i].then = i ? complete_the_blocking_call : NULL;
        assert_int_equal(job_start(&jobs[i], OP_USE, i ? "b" : "a", BERTH_NO_DEADLINE), 0);
    }
    assert_int_equal(pthread_create(&other, NULL, complete_one_after_the_other, &depot), 0);
    assert_int_equal(on_rack(&depot, OP_USE, "c", NULL), -EIO);
    pthread_join(other, NULL);
    assert_done(&jobs[0], 0);
    assert_done(&jobs[1], 0);
    assert_null(depot.manager->loop_sleeper); /* nobody sleeps any more */
    loop_stop(&depot);
}

/*
 * Not in an event loop: a thread has two operations to run, and the first keeps it. Whoever sleeps
 * meanwhile leaves the second to anybody.
 */

static void complete_both(struct job *job, int code)
{
    assert_int_equal(code, 0);
    for (unsigned i = 1; i < 3; i++)
        assert_int_equal(shelf_complete(job->depot->arg, i, 0), 0);
}

static void stop_at_gate(struct job *job, int code)
{
    assert_int_equal(code, 0);
    gate_pass(job->arg);
}

static void *complete_first(void *arg)
{
    const struct depot *depot = arg;

    assert_int_equal(shelf_complete(depot->arg, 0, 0), 0);
    return NULL;
}

/* The end of the first job completes the other two; that of the second stops at the gate. */
static void start_three(struct depot *depot, struct job jobs[3], struct gate *gate)
{
    static const char *const names[] = {"a", "b", "c"};
    void (*const then[])(struct job * job, int code) = {complete_both, stop_at_gate, NULL};

    for (unsigned i = 0; i < 3; i++) {
        job_init(&jobs[i], depot);
        jobs[i].then = then[i];
        jobs[i].arg = gate;
        assert_int_equal(job_start(&jobs[i], OP_USE, names[i], BERTH_NO_DEADLINE), 0);
    }
}

/* Callers that come by, and leave. */
static void change(struct depot *depot)
{
    assert_int_equal(on_rack(depot, OP_RESOLVE, "e", NULL), 0);
}

static void look(struct depot *depot)
{
    const uuid_t nobodys = {1};

    assert_int_equal(with(depot, OP_LOOK, nobodys, NULL), -ENOENT);
}

/* Does the thread of this call, which its hook left pending, sleep? */
static bool is_asleep(struct depot *depot, berth_call *call)
{
    const struct operation *operation = (const struct operation *)call;
    bool asleep;

    assert_int_equal(lock_acquire(&depot->manager->lock), 0);
    asleep = operation->sleeper != NULL;
    lock_release(&depot->manager->lock);
    return asleep;
}

static bool is_notified(struct depot *depot, const struct shelf_of_calls *shelf, unsigned n)
{
    bool notified;

    assert_int_equal(lock_acquire(&depot->manager->lock), 0);
    notified = shelf->calls[n].notified > 0;
    lock_release(&depot->manager->lock);
    /* or its deadline had passed before it could register */
    return notified || shelf->calls[n].registered != 0;
}

/*
 * It wakes up at its deadline to tell its hook, and that is all: what is ready is still the busy
 * thread's.
 */
static void a_caller_that_is_late_runs_nothing(void **unused)
{
    struct depot depot;
    struct shelf_of_calls shelf;
    struct gate gate;
    struct job jobs[3];
    struct task sleeping;
    pthread_t busy;

    (void)unused;
    depot_start_shelved(&depot, &shelf);
    gate_init(&gate);
    start_three(&depot, jobs, &gate);
    task_start_until(&sleeping, &depot, OP_USE, "d", berth_now() + 200000000);
    wait_for_calls(&shelf, 4);
    while (!is_asleep(&depot, shelf.calls[3].call))
        pause_shortly();
    assert_int_equal(pthread_create(&busy, NULL, complete_first, &depot), 0);
    gate_wait(&gate, 1);
    while (!is_notified(&depot, &shelf, 3))
        pause_shortly();
    pause_shortly();
    assert_not_done(&jobs[2]);
    gate_open(&gate, 1);
    pthread_join(busy, NULL);
    assert_done(&jobs[2], 0);
    assert_int_equal(shelf_complete(&shelf, 3, 0), 0);
    assert_int_equal(task_join(&sleeping), 0);
    depot_stop(&depot);
}

/*
 * False: its deadline, in so many nanoseconds, had passed before the first thread was busy. Then it
 * has not slept again since.
 */
static bool sleeps_again_while_the_other_is_busy(int64_t patience,
                                                 void (*come_by)(struct depot *depot))
{
    struct depot depot;
    struct shelf_of_calls shelf;
    struct gate gate;
    struct job jobs[3];
    struct task sleeping;
    pthread_t busy;
    int64_t deadline;
    bool in_time;

    depot_start_shelved(&depot, &shelf);
    gate_init(&gate);
    start_three(&depot, jobs, &gate);
    deadline = berth_now() + patience;
    task_start_until(&sleeping, &depot, OP_USE, "d", deadline);
    wait_for_calls(&shelf, 4);
    assert_int_equal(pthread_create(&busy, NULL, complete_first, &depot), 0);
    gate_wait(&gate, 1);
    in_time = berth_now() < deadline;
    for (unsigned i = 0; in_time && i < 3000 && atomic_load(&jobs[2].n_done) == 0; i++) {
        pause_shortly(); /* until the deadline has passed: it is notified, and sleeps again */
        come_by(&depot);
    }
    if (in_time)
        assert_done(&jobs[2], 0);
    gate_open(&gate, 1);
    pthread_join(busy, NULL);
    assert_done(&jobs[2], 0);
    assert_int_equal(shelf_complete(&shelf, 3, 0), 0);
    assert_int_equal(task_join(&sleeping), 0);
    depot_stop(&depot);
    return in_time;
}

static void another_thread_runs_what_a_busy_one_has_ready(void **unused)
{
    int64_t patience = 100000000;

    (void)unused;
    while (!sleeps_again_while_the_other_is_busy(patience, change))
        patience *= 2;
    while (!sleeps_again_while_the_other_is_busy(patience, look))
        patience *= 2;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_loops_thread_wakes_to_run_ready_before_its_root_is_free),
        cmocka_unit_test(a_caller_that_wakes_to_run_ready_has_left_the_queue),
        cmocka_unit_test(the_loops_thread_wakes_to_run_ready_before_its_completion),
        cmocka_unit_test(a_caller_that_is_late_runs_nothing),
        cmocka_unit_test(another_thread_runs_what_a_busy_one_has_ready),
    };

    (void)alarm(PATIENCE);
    return cmocka_run_group_tests_name("run ready loop", tests, NULL, NULL);
}
