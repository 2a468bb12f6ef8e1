/* The queue of a root that has ended goes on to the next root: who stands where, and who waits. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "model/manager.h"
#include "support/clock.h"
#include "support/loop.h"
#include "support/threads.h"

#include "passing.h"

/* A few */

/*
 * Who looks for what the next root has too keeps its place. `last_root`: number of the newest root
 * so far.
 */
static void keep_place(uint32_t last_root)
{
    struct depot depot;
    struct shelf_of_calls shelf;
    struct job use[4], by_place[2];
    atomic_uint counter = 0;

    start_passing(&depot, &shelf);
    depot.manager->last_root = last_root;
    /* use, use, place, use, place, use: all racks are made at the place 0, 0 */
    for (unsigned i = 0; i < 4; i++) {
        job_init(&use[i], &depot);
        use[i].counter = &counter;
        assert_int_equal(job_start(&use[i], OP_USE, "a", BERTH_NO_DEADLINE), 0);
        if (i == 0 || i == 3)
            continue;
        job_init(&by_place[i - 1], &depot);
        by_place[i - 1].counter = &counter;
        assert_int_equal(job_start(&by_place[i - 1], OP_BY_PLACE, NULL, BERTH_NO_DEADLINE), 0);
    }
    assert_int_equal(shelf_complete(&shelf, 0, 0), 0);
    assert_int_equal(counter, 1); /* the second rack is at that place */
    assert_int_equal(shelf_complete(&shelf, 1, 0), 0);
    /* whose turn it was looked before there was a third; the other one after that */
    assert_int_equal(counter, 3);
    assert_done(&by_place[0], -ENOENT);
    assert_int_equal(by_place[0].nth, 3);
    assert_not_done(&by_place[1]);
    assert_int_equal(shelf_complete(&shelf, 2, 0), 0);
    assert_done(&by_place[1], -ENOENT);
    assert_int_equal(by_place[1].nth, 5);
    assert_int_equal(shelf_complete(&shelf, 3, 0), 0);
    for (unsigned i = 0; i < 4; i++)
        assert_done(&use[i], 0);
    assert_int_equal(shelf.n, 4);
    depot_stop(&depot);
}

static void a_waiter_that_finds_the_next_root_by_value_keeps_its_place(void **unused)
{
    (void)unused;
    keep_place(0);
}

/* The second root is number 1 again. */
static void it_keeps_its_place_when_roots_are_renumbered(void **unused)
{
    (void)unused;
    keep_place(UINT32_MAX - 1);
}

/*
 * Somebody else has the next root already, and one of the line waits for it, when the rest of the
 * line gets there.
 */
static void the_line_goes_behind_those_who_wait_there(void **unused)
{
    struct depot depot;
    struct shelf_of_calls shelf;
    struct job first, reserves, by_bay, use[4];
    uuid_t id, next;

    (void)unused;
    start_passing(&depot, NULL);
    assert_int_equal(reserve(&depot, "a", 0, id, NULL), 0);
    shelf_init(&shelf, &depot);
    job_go(&first, &depot, OP_USE, "a");
    job_init(&reserves, &depot);
    reserves.id = next;
    assert_int_equal(job_start(&reserves, OP_RESERVE, "a", BERTH_NO_DEADLINE), 0);
    job_go(&by_bay, &depot, OP_BY_BAY, NULL);
    for (unsigned i = 0; i < 4; i++) {
        job_init(&use[i], &depot);
        use[i].keep = true;
        assert_int_equal(job_start(&use[i], OP_USE, "a", BERTH_NO_DEADLINE), 0);
    }
    assert_int_equal(shelf_complete(&shelf, 0, 0), 0);
    assert_done(&first, 0);
    /* makes the rack anew, and a shelf in the same bay: without a hook */
    assert_done(&reserves, 0);
    assert_int_equal(shelf.n, 2);
    assert_string_equal(depot.log, "rack.open:a shelf.open:a");
    /* nobody remembers the first rack now */
    assert_int_equal(with(&depot, OP_FORGET, id, NULL), 0);
    assert_int_equal(job_cancel(&use[1]), 0);
    assert_done(&use[1], -ECANCELED);
    assert_string_equal(use[1].error.key, "\"a\"");
    for (unsigned i = 1; i < 5; i++)
        assert_int_equal(shelf_complete(&shelf, i, 0), 0);
    assert_done(&by_bay, 0);
    assert_done(&use[0], 0);
    assert_done(&use[2], 0);
    assert_done(&use[3], 0);
    assert_string_equal(depot.log, "rack.open:a shelf.open:a rack.open:a rack.open:a rack.open:a");
    assert_int_equal(with(&depot, OP_FORGET, next, NULL), 0);
    depot_stop(&depot);
}

/* Its bay has gone to a root that was there before: in the queue of that one it comes last. */
static void a_waiter_that_finds_another_root_comes_last_there(void **unused)
{
    struct depot depot;
    struct shelf_of_calls shelf;
    struct job close, by_bay, use[2];
    uuid_t id;

    (void)unused;
    depot_start(&depot, NULL, NULL);
    assert_int_equal(reserve(&depot, "a", 1, id, NULL), 0);
    assert_int_equal(with(&depot, OP_OPEN, id, NULL), 0);
    assert_int_equal(on_rack(&depot, OP_RESOLVE, "b", NULL), 0);
    shelf_init(&shelf, &depot);
    job_init(&close, &depot);
    close.id = id;
    assert_int_equal(job_start(&close, OP_CLOSE, NULL, BERTH_NO_DEADLINE), 0);
    job_go(&by_bay, &depot, OP_BY_BAY, NULL);
    for (unsigned i = 0; i < 4; i++) /* eject and close of book and shelf */
        assert_int_equal(shelf_complete(&shelf, i, 0), 0);
    assert_int_equal(on_path(&depot, OP_ADD, "b", 0, NULL), 0); /* takes the bay */
    job_go(&use[0], &depot, OP_USE, "b");
    job_go(&use[1], &depot, OP_USE, "b");
    /* eject and close of the rack; between them is the hook of "b" */
    assert_int_equal(shelf_complete(&shelf, 4, 0), 0);
    assert_int_equal(shelf_complete(&shelf, 6, 0), 0);
    assert_done(&close, 0);
    assert_int_equal(shelf.n, 7);
    assert_int_equal(shelf_complete(&shelf, 5, 0), 0);
    assert_done(&use[0], 0);
    assert_done(&use[1], 0); /* needs no hook, so it is over before the shelf is opened */
    assert_not_done(&by_bay);
    assert_int_equal(shelf_complete(&shelf, 7, 0), 0);
    assert_done(&by_bay, 0);
    assert_state(&depot, "rack b on 2+1\n shelf 0 on 0+0\n");
    depot_stop(&depot);
}

/*
 * Those whose turn it is not yet have not looked: the root stays this time, and whoever is next
 * looks at it.
 */
static void a_root_that_stays_goes_to_the_next_in_line(void **unused)
{
    struct depot depot;
    struct shelf_of_calls shelf;
    struct job use, crash, kick[2];

    (void)unused;
    start_passing(&depot, &shelf);
    job_go(&use, &depot, OP_USE, "a");
    job_go(&crash, &depot, OP_RESOLVE, "a");
    job_go(&kick[0], &depot, OP_KICK, "a");
    job_go(&kick[1], &depot, OP_KICK, "a");
    assert_int_equal(shelf_complete(&shelf, 0, 0), 0);
    assert_done(&use, 0);
    assert_done(&crash, 0); /* makes a rack that is idle, and calls nothing */
    assert_done(&kick[0], 0);
    assert_done(&kick[1], -ENOENT);
    assert_string_equal(kick[1].error.key, "\"a\"");
    assert_string_equal(depot.log, "rack.open:a");
    assert_state(&depot, "");
    depot_stop(&depot);
}

/* The error of one in the middle has the key of what it waited for. */
static void a_cancel_in_the_middle_names_the_root(void **unused)
{
    struct depot depot;
    struct shelf_of_calls shelf;
    struct job jobs[5];

    (void)unused;
    start_passing(&depot, &shelf);
    for (unsigned i = 0; i < 5; i++) {
        job_init(&jobs[i], &depot);
        jobs[i].keep = true;
        assert_int_equal(
            job_start(&jobs[i], i == 3 ? OP_FIND_SHELF : OP_USE, "a", BERTH_NO_DEADLINE), 0);
    }
    assert_int_equal(shelf_complete(&shelf, 0, 0), 0);
    assert_int_equal(job_cancel(&jobs[3]), 0);
    assert_done(&jobs[3], -ECANCELED);
    assert_where(&jobs[3].error, "rack", NULL, NULL, NULL);
    assert_string_equal(jobs[3].error.key, "\"a\"");
    assert_int_equal(job_cancel(&jobs[3]), -ENOENT);
    assert_int_equal(shelf_complete(&shelf, 1, 0), 0);
    assert_int_equal(shelf_complete(&shelf, 2, 0), 0);
    assert_int_equal(shelf_complete(&shelf, 3, 0), 0);
    assert_done(&jobs[4], 0);
    depot_stop(&depot);
}

/* Threads */

static void a_thread_waits_among_them(void **unused)
{
    struct depot depot;
    struct shelf_of_calls shelf;
    struct job before[2], after;
    struct task task, late;

    (void)unused;
    start_passing(&depot, &shelf);
    job_go(&before[0], &depot, OP_USE, "a");
    job_go(&before[1], &depot, OP_USE, "a");
    task_start_waiting(&task, &depot, OP_USE, "a", 1);
    task_start_until(&late, &depot, OP_USE, "a", berth_now() + HOUR / 36000); /* 100 ms */
    wait_for_waiters(&depot, 2);
    job_go(&after, &depot, OP_USE, "a");
    assert_int_equal(shelf_complete(&shelf, 0, 0), 0);
    assert_int_equal(task_join(&late), -ETIMEDOUT);
    assert_where(&late.error, "rack", NULL, NULL, NULL);
    assert_int_equal(shelf.n, 2);
    assert_int_equal(shelf_complete(&shelf, 1, 0), 0);
    assert_done(&before[1], 0);
    for (unsigned n = 0; n < 3;) { /* the thread wakes up, and its hook pends */
        pause_shortly();
        pthread_mutex_lock(&shelf.lock);
        n = shelf.n;
        pthread_mutex_unlock(&shelf.lock);
    }
    assert_not_done(&after);
    assert_int_equal(shelf_complete(&shelf, 2, 0), 0);
    assert_int_equal(task_join(&task), 0);
    while (shelf_complete(&shelf, 3, 0) != 0)
        pause_shortly();
    assert_done(&after, 0);
    depot_stop(&depot);
}

enum { THREADS = 100 };

static void *use_often(void *arg)
{
    for (unsigned i = 0; i < 20; i++)
        assert_int_equal(on_rack(arg, OP_USE, "a", NULL), 0);
    return NULL;
}

/* Whoever comes, waits and goes does so while the root ends all the time. */
static void many_threads_make_it_anew(void **unused)
{
    struct depot depot;
    pthread_t threads[THREADS];

    (void)unused;
    start_passing(&depot, NULL);
    for (unsigned i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, use_often, &depot), 0);
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_state(&depot, "");
    assert_true(depot.n_calls > 0);
    assert_int_equal(depot.n_calls, THREADS * 20);
    depot_stop(&depot);
}

struct circle {
    struct gate gate;
    berth_token token;
    int rc;
};

/*
 * "b" is opened on a thread, which then waits for "a"; "a" the first time by nobody, then on this
 * thread, which asks for "b".
 */
static int open_in_a_circle(struct depot *depot, uint8_t hook, berth_call *call, const void *view,
                            void *out)
{
    struct circle *circle = depot->arg;

    (void)out;
    assert_int_equal(hook, RACK_OPEN);
    if (((const rack_view *)view)->name[0] == 'b')
        return on_rack(depot, OP_USE, "a", NULL);
    if (depot->n_of[RACK_OPEN] == 1) {
        circle->token = berth_call_token(call);
        return BERTH_PENDING;
    }
    if (circle->rc == 0)
        circle->rc = on_rack(depot, OP_USE, "b", NULL);
    return 0;
}

/*
 * The thread that would close the circle finds the other one in the middle of a queue that has gone
 * on to another root.
 */
static void a_circle_is_seen_through_the_next_root(void **unused)
{
    struct depot depot;
    struct circle circle = {.rc = 0};
    struct job jobs[3];
    struct task task;

    (void)unused;
    start_passing(&depot, NULL);
    depot.hook = open_in_a_circle;
    depot.arg = &circle;
    for (unsigned i = 0; i < 3; i++)
        job_go(&jobs[i], &depot, OP_USE, "a");
    task_start_waiting(&task, &depot, OP_USE, "b", 1);
    assert_int_equal(berth_complete(circle.token, 0, NULL, 0), 0);
    assert_int_equal(circle.rc, -EDEADLK);
    assert_int_equal(task_join(&task), 0);
    for (unsigned i = 0; i < 3; i++)
        assert_done(&jobs[i], 0);
    assert_state(&depot, "");
    depot_stop(&depot);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_waiter_that_finds_the_next_root_by_value_keeps_its_place),
        cmocka_unit_test(it_keeps_its_place_when_roots_are_renumbered),
        cmocka_unit_test(the_line_goes_behind_those_who_wait_there),
        cmocka_unit_test(a_waiter_that_finds_another_root_comes_last_there),
        cmocka_unit_test(a_root_that_stays_goes_to_the_next_in_line),
        cmocka_unit_test(a_cancel_in_the_middle_names_the_root),
        cmocka_unit_test(a_thread_waits_among_them),
        cmocka_unit_test(many_threads_make_it_anew),
        cmocka_unit_test(a_circle_is_seen_through_the_next_root),
    };

    (void)alarm(PATIENCE);
    return cmocka_run_group_tests_name("next root", tests, NULL, NULL);
}
