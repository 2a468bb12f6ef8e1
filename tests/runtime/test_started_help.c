/*
 * Blocking calls that run what is ready before they sleep, and wake up to do so: nobody else would.
 */
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
 * Inside hooks: rack "a" is taken by what pends, and the thread that blocks for it has something
 * else to run.
 */

struct tangle {
    struct job held, outer, ready;
    berth_token token; /* of the call that pends */
    bool discards;
    int rc;
    berth_error error;
};

static int pend(struct tangle *tangle, berth_call *call)
{
    tangle->token = berth_call_token(call);
    return BERTH_PENDING;
}

/*
 * "outer" starts "ready" and blocks for rack a, which pends: so "ready" runs, and completes it. The
 * blocking call gets the rack. Its own call pends as well, and is completed by what its hook
 * starts.
 */
static int entangle(struct depot *depot, uint8_t hook, berth_call *call, const void *view,
                    void *out)
{
    struct tangle *tangle = depot->arg;
    const char *rack = ((const rack_view *)view)->name;

    (void)out;
    if (hook == RACK_OPEN && strcmp(rack, "a") == 0)
        return pend(tangle, call);
    if (hook == RACK_EJECT) {
        job_go(&tangle->ready, depot, OP_USE, "later");
        return pend(tangle, call);
    }
    if (strcmp(rack, "outer") == 0) {
        job_go(&tangle->ready, depot, OP_USE, "ready");
        tangle->rc = by_label(depot, "0", &tangle->error);
    } else if (hook == RACK_OPEN) {
        assert_int_equal(tangle->discards ? berth_manager_discard(depot->manager)
                                          : berth_complete(tangle->token, 0, NULL, 0),
                         0);
    }
    return 0;
}

static void run_tangle(struct depot *depot, struct tangle *tangle)
{
    *tangle = (struct tangle){.discards = tangle->discards, .rc = 1};
    depot_start(depot, NULL, NULL);
    depot->hook = entangle;
    depot->arg = tangle;
    job_go(&tangle->held, depot, OP_USE, "a");
    job_go(&tangle->outer, depot, OP_USE, "outer");
}

static void who_helped_before_it_got_its_root_helps_again(void **unused)
{
    static struct tangle tangle = {.discards = false};
    struct depot depot;

    (void)unused;
    run_tangle(&depot, &tangle);
    assert_done(&tangle.held, 0);
    assert_int_equal(tangle.rc, 0);
    assert_done(&tangle.outer, 0);
    assert_done(&tangle.ready, 0);
    assert_string_equal(
        depot.log,
        "rack.open:a rack.open:outer rack.open:ready rack.eject:a rack.open:later rack.close:a");
    depot_stop(&depot);
}

static void a_discard_finds_who_helps(void **unused)
{
    static struct tangle tangle = {.discards = true};
    struct depot depot;

    (void)unused;
    run_tangle(&depot, &tangle);
    assert_int_equal(tangle.rc, -ECANCELED);
    assert_int_equal(tangle.error.code, -ECANCELED);
    assert_not_done(&tangle.held);
    assert_int_equal(berth_complete(tangle.token, 0, NULL, 0), 0);
    assert_done(&tangle.held, -ECANCELED);
    assert_done(&tangle.outer, -ECANCELED);
    assert_done(&tangle.ready, -ECANCELED);
    assert_string_equal(depot.log, "rack.open:a rack.open:outer rack.open:ready");
    depot_stop(&depot);
}

/* Each hook starts the next one, and blocks for what pends: the thread is one deeper in each. */

enum { MOST_DEEP = 16 };

struct ladder {
    struct job held, jobs[MOST_DEEP + 1];
    berth_token token;
    int rc[MOST_DEEP + 1];
    int drain_rc, look_up_rc;
    berth_error error;
};

/* That there is no such rack is not what the answer is about. */
static int look_up_nothing(struct depot *depot)
{
    const uuid_t uid = {9};
    char label[sizeof((rack_view *)NULL)->label];
    void *const results[] = {label};
    const size_t sizes[] = {sizeof label};
    const berth_request request = {.operation = OP_BY_UID,
                                   .by = uid,
                                   .results = results,
                                   .result_sizes = sizes,
                                   .deadline = BERTH_NO_DEADLINE};

    return berth_manager_run(depot->manager, &request, NULL);
}

static int climb(struct depot *depot, uint8_t hook, berth_call *call, const void *view, void *out)
{
    struct ladder *ladder = depot->arg;
    long at = strtol(((const rack_view *)view)->name, NULL, 10);
    char next[24];

    (void)hook;
    (void)out;
    if (at == 0) {
        ladder->token = berth_call_token(call);
        return BERTH_PENDING;
    }
    if (at < MOST_DEEP) {
        (void)snprintf(next, sizeof next, "%ld", at + 1);
        job_go(&ladder->jobs[at + 1], depot, OP_USE, next);
    }
    ladder->rc[at] = on_rack(depot, OP_RESOLVE, "0", at < MOST_DEEP ? NULL : &ladder->error);
    if (at == MOST_DEEP) {
        ladder->drain_rc = berth_manager_drain(depot->manager, BERTH_NO_DEADLINE, NULL);
        ladder->look_up_rc = look_up_nothing(depot);
        assert_int_equal(berth_complete(ladder->token, 0, NULL, 0), 0);
    }
    return 0;
}

static void no_thread_goes_deeper_than_sixteen(void **unused)
{
    static struct ladder ladder;
    struct depot depot;

    (void)unused;
    depot_start_many(&depot, NULL);
    depot.hook = climb;
    depot.arg = &ladder;
    job_go(&ladder.held, &depot, OP_USE, "0");
    job_go(&ladder.jobs[1], &depot, OP_USE, "1");
    assert_done(&ladder.held, 0);
    for (unsigned i = 1; i <= MOST_DEEP; i++) {
        assert_done(&ladder.jobs[i], 0);
        assert_int_equal(ladder.rc[i], i < MOST_DEEP ? 0 : -EDEADLK);
    }
    assert_int_equal(ladder.error.code, -EDEADLK);
    assert_where(&ladder.error, "rack", NULL, NULL, NULL);
    assert_int_equal(ladder.drain_rc, -EDEADLK);
    assert_int_equal(ladder.look_up_rc, -EDEADLK);
    depot_stop(&depot);
}

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

static void who_sleeps_for_a_root_on_the_loops_thread_wakes_to_help(void **unused)
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

static void who_wakes_to_help_has_left_the_queue(void **unused)
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
static void who_sleeps_for_a_completion_on_the_loops_thread_wakes_to_help(void **unused)
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

/* Who comes by, and leaves. */
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

static bool is_told(struct depot *depot, const struct shelf_of_calls *shelf, unsigned n)
{
    bool told;

    assert_int_equal(lock_acquire(&depot->manager->lock), 0);
    told = shelf->calls[n].told > 0;
    lock_release(&depot->manager->lock);
    return told || shelf->calls[n].registered != 0; /* its deadline had passed before it could
                                                       register */
}

/*
 * It wakes up at its deadline to tell its hook, and that is all: what is ready is still the busy
 * thread's.
 */
static void who_wakes_at_its_deadline_helps_nobody(void **unused)
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
    for (unsigned i = 0; i < 3; i++) {
        job_init(&jobs[i], &depot);
        jobs[i].then = i == 0 ? complete_both : i == 1 ? stop_at_gate : NULL;
        jobs[i].arg = &gate;
        assert_int_equal(job_start(&jobs[i], OP_USE,
                                   i == 0   ? "a"
                                   : i == 1 ? "b"
                                            : "c",
                                   BERTH_NO_DEADLINE),
                         0);
    }
    task_start_until(&sleeping, &depot, OP_USE, "d", berth_now() + 200000000);
    wait_for_calls(&shelf, 4);
    while (!is_asleep(&depot, shelf.calls[3].call))
        pause_shortly();
    assert_int_equal(pthread_create(&busy, NULL, complete_first, &depot), 0);
    gate_wait(&gate, 1);
    while (!is_told(&depot, &shelf, 3))
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
    for (unsigned i = 0; i < 3; i++) {
        job_init(&jobs[i], &depot);
        jobs[i].then = i == 0 ? complete_both : i == 1 ? stop_at_gate : NULL;
        jobs[i].arg = &gate;
        assert_int_equal(job_start(&jobs[i], OP_USE,
                                   i == 0   ? "a"
                                   : i == 1 ? "b"
                                            : "c",
                                   BERTH_NO_DEADLINE),
                         0);
    }
    deadline = berth_now() + patience;
    task_start_until(&sleeping, &depot, OP_USE, "d", deadline);
    wait_for_calls(&shelf, 4);
    assert_int_equal(pthread_create(&busy, NULL, complete_first, &depot), 0);
    gate_wait(&gate, 1);
    in_time = berth_now() < deadline;
    for (unsigned i = 0; in_time && i < 3000 && atomic_load(&jobs[2].n_done) == 0; i++) {
        pause_shortly(); /* until the deadline has passed: it is told, and sleeps again */
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

static void what_a_busy_thread_has_to_run_is_anybodys(void **unused)
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
        cmocka_unit_test(who_helped_before_it_got_its_root_helps_again),
        cmocka_unit_test(a_discard_finds_who_helps),
        cmocka_unit_test(no_thread_goes_deeper_than_sixteen),
        cmocka_unit_test(who_sleeps_for_a_root_on_the_loops_thread_wakes_to_help),
        cmocka_unit_test(who_wakes_to_help_has_left_the_queue),
        cmocka_unit_test(who_sleeps_for_a_completion_on_the_loops_thread_wakes_to_help),
        cmocka_unit_test(who_wakes_at_its_deadline_helps_nobody),
        cmocka_unit_test(what_a_busy_thread_has_to_run_is_anybodys),
    };

    (void)alarm(PATIENCE);
    return cmocka_run_group_tests_name("started, and ran_ready by blocking calls", tests, NULL, NULL);
}
