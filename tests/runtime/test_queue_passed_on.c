/*
 * A queue whose root ends well, again and again: the first makes the root anew, and the others wait
 * for that one. In this depot a rack is gone as soon as it has been opened, so each OP_USE makes a
 * rack, calls one hook and ends it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "model/manager.h"
#include "support/clock.h"
#include "support/loop.h"
#include "support/threads.h"

/*
 * Queues of this length take milliseconds; minutes, when each end of a root costs something for
 * each that waits.
 */
enum { MANY = 100000, PATIENCE = 120 };

static void start_passing(struct depot *depot, struct shelf_of_calls *shelf)
{
    depot_start_changed(
        depot, &(struct depot_change){
                   .state = IDLE, .event = OPEN, .ok = {.state = GONE}, .fail = {.state = GONE}});
    if (shelf)
        shelf_init(shelf, depot);
}

/* A hundred thousand */

enum { EVENT_NONE, EVENT_PENDS, EVENT_FAILS };

/*
 * Many that wait for one root. What happens when the `nth` hook is called, from 1, is up to the
 * test.
 */
struct crowd {
    struct depot depot;
    depot_op *ops;
    struct member {
        struct crowd *crowd;
        unsigned number;
        unsigned nth; /* to be done, from 1; 0: not yet */
        int code;
    } * members;
    unsigned n_done;
    unsigned n_calls;
    unsigned nth;
    int event;
    berth_token tokens[2];
    unsigned n_tokens;
};

static struct crowd crowd;

static int call_of_crowd(struct depot *depot, uint8_t hook, berth_call *call, const void *view,
                         void *out)
{
    unsigned n = ++crowd.n_calls;

    (void)depot;
    (void)view;
    (void)out;
    assert_int_equal(hook, RACK_OPEN);
    depot->log[0] = '\0';
    if (n == crowd.nth && crowd.event == EVENT_FAILS)
        return -EIO;
    if (n > 1 && (n != crowd.nth || crowd.event != EVENT_PENDS))
        return 0;
    crowd.tokens[crowd.n_tokens++] = berth_call_token(call);
    return BERTH_PENDING;
}

static void leave_crowd(void *arg, int code)
{
    struct member *member = arg;

    assert_int_equal(member->nth, 0);
    member->nth = ++member->crowd->n_done;
    member->code = code;
}

static void start_member(unsigned i, uint8_t operation, int64_t deadline)
{
    static const rack_config rack = {.name = "a"};
    berth_request request = {.operation = operation,
                             .deadline = deadline,
                             .config = (const void *const[]){&rack},
                             .by = "0"};

    crowd.members[i] = (struct member){.crowd = &crowd, .number = i};
    if (operation == 0)
        assert_int_equal(berth_manager_drain_start(crowd.depot.manager, deadline, NULL,
                                                   &crowd.ops[i], leave_crowd, &crowd.members[i]),
                         0);
    else
        assert_int_equal(berth_manager_start(crowd.depot.manager, &request, NULL, &crowd.ops[i],
                                             leave_crowd, &crowd.members[i]),
                         0);
}

/*
 * A queue of `n` behind the first, whose hook pends; crowd_goes_on() adds those that are missing.
 */
static void crowd_begin(unsigned nth, int event, unsigned n)
{
    memset(&crowd, 0, sizeof crowd);
    start_passing(&crowd.depot, NULL);
    crowd.depot.hook = call_of_crowd;
    crowd.nth = nth;
    crowd.event = event;
    crowd.ops = malloc(MANY * sizeof *crowd.ops);
    crowd.members = malloc(MANY * sizeof *crowd.members);
    assert_non_null(crowd.ops);
    assert_non_null(crowd.members);
    for (unsigned i = 0; i < n; i++)
        start_member(i, OP_USE, BERTH_NO_DEADLINE);
}

static void crowd_goes_on(unsigned from)
{
    for (unsigned i = from; i < MANY; i++)
        start_member(i, OP_USE, BERTH_NO_DEADLINE);
    assert_int_equal(crowd.n_calls, 1);
}

static void crowd_end(void)
{
    assert_int_equal(crowd.n_done, MANY);
    assert_state(&crowd.depot, "");
    assert_int_equal(berth_manager_destroy(crowd.depot.manager, NULL), 0);
    assert_int_equal(crowd.depot.live_bytes, 0);
    free(crowd.ops);
    free(crowd.members);
}

/* Those from `from` to before `to` were done with this code, as the `nth` and the following. */
static void assert_members(unsigned from, unsigned to, unsigned nth, int code)
{
    for (unsigned i = from; i < to; i++) {
        assert_int_equal(crowd.members[i].nth, nth + i - from);
        assert_int_equal(crowd.members[i].code, code);
    }
}

static void each_makes_the_root_anew_in_turn(void **unused)
{
    (void)unused;
    crowd_begin(0, EVENT_NONE, MANY);
    crowd_goes_on(MANY);
    assert_int_equal(berth_complete(crowd.tokens[0], 0, NULL, 0), 0);
    assert_members(0, MANY, 1, 0);
    assert_int_equal(crowd.n_calls, MANY);
    crowd_end();
}

static void one_fails_and_those_behind_it_share_its_error(void **unused)
{
    (void)unused;
    crowd_begin(MANY / 2, EVENT_FAILS, MANY);
    crowd_goes_on(MANY);
    assert_int_equal(berth_complete(crowd.tokens[0], 0, NULL, 0), 0);
    for (unsigned i = 0; i < MANY; i++)
        assert_int_equal(crowd.members[i].code, i < MANY / 2 - 1 ? 0 : -EIO);
    assert_int_equal(crowd.n_calls, MANY / 2);
    crowd_end();
}

static void some_are_cancelled_where_they_stand(void **unused)
{
    /* the first in line, and the last, twice */
    const unsigned cancelled[] = {MANY / 2, MANY / 2 + 1, MANY - 1, MANY - 2, MANY / 4 * 3};

    (void)unused;
    crowd_begin(MANY / 2, EVENT_PENDS, MANY);
    crowd_goes_on(MANY);
    assert_int_equal(berth_complete(crowd.tokens[0], 0, NULL, 0), 0);
    assert_members(0, MANY / 2 - 1, 1, 0);
    assert_int_equal(crowd.n_done, MANY / 2 - 1);
    for (unsigned i = 0; i < 5; i++) {
        assert_int_equal(berth_manager_cancel(crowd.depot.manager, &crowd.ops[cancelled[i]]), 0);
        assert_members(cancelled[i], cancelled[i] + 1, MANY / 2 + i, -ECANCELED);
    }
    assert_int_equal(berth_complete(crowd.tokens[1], 0, NULL, 0), 0);
    assert_members(MANY / 2 - 1, MANY / 2, MANY / 2 + 5, 0);
    assert_members(MANY / 2 + 2, MANY / 4 * 3, MANY / 2 + 6, 0);
    assert_members(MANY / 4 * 3 + 1, MANY - 2, MANY / 4 * 3 + 4, 0);
    assert_int_equal(crowd.n_calls, MANY - 5);
    crowd_end();
}

/*
 * The one whose turn it is has made its root, and its hook is the loop's: it is gone again, and so
 * is the root.
 */
static void deadlines_pass_where_they_stand(void **unused)
{
    (void)unused;
    crowd_begin(MANY / 2, EVENT_PENDS, MANY / 4 * 3);
    start_member(MANY / 4 * 3, OP_USE, berth_now() + HOUR);
    crowd_goes_on(MANY / 4 * 3 + 1);
    assert_int_equal(berth_complete(crowd.tokens[0], 0, NULL, 0), 0);
    clock_shift(HOUR);
    assert_int_equal(berth_manager_poll(crowd.depot.manager, NULL), 0);
    clock_shift(0);
    assert_members(MANY / 4 * 3, MANY / 4 * 3 + 1, MANY / 2, -ETIMEDOUT);
    assert_int_equal(crowd.n_done, MANY / 2);
    assert_int_equal(berth_complete(crowd.tokens[1], 0, NULL, 0), 0);
    assert_members(MANY / 2 - 1, MANY / 4 * 3, MANY / 2 + 1, 0);
    assert_members(MANY / 4 * 3 + 1, MANY, MANY / 4 * 3 + 2, 0);
    assert_int_equal(crowd.n_calls, MANY - 1);
    crowd_end();
}

static void all_that_still_wait_are_discarded(void **unused)
{
    (void)unused;
    crowd_begin(MANY / 2, EVENT_PENDS, MANY);
    crowd_goes_on(MANY);
    assert_int_equal(berth_complete(crowd.tokens[0], 0, NULL, 0), 0);
    assert_int_equal(berth_manager_discard(crowd.depot.manager), 0);
    assert_members(MANY / 2, MANY, MANY / 2, -ECANCELED);
    assert_int_equal(crowd.n_done, MANY - 1);
    assert_int_equal(berth_complete(crowd.tokens[1], 0, NULL, 0), 0);
    assert_members(MANY / 2 - 1, MANY / 2, MANY, -ECANCELED);
    assert_int_equal(crowd.n_calls, MANY / 2);
    crowd_end();
}

/*
 * A drain, and one that looks for the first rack by its label: when that rack has ended they have
 * nothing to wait for.
 */
static void others_among_them_do_not_wait_for_the_next_root(void **unused)
{
    enum { DRAIN = MANY / 4, DROP = MANY / 2 };

    (void)unused;
    crowd_begin(2, EVENT_PENDS, DRAIN);
    start_member(DRAIN, 0, BERTH_NO_DEADLINE);
    for (unsigned i = DRAIN + 1; i < DROP; i++)
        start_member(i, OP_USE, BERTH_NO_DEADLINE);
    start_member(DROP, OP_DROP, BERTH_NO_DEADLINE);
    crowd_goes_on(DROP + 1);
    assert_int_equal(berth_complete(crowd.tokens[0], 0, NULL, 0), 0);
    assert_int_equal(crowd.n_calls, 2);
    assert_members(0, 1, 1, 0);
    assert_members(DRAIN, DRAIN + 1, 2, 0);
    assert_members(DROP, DROP + 1, 3, 0);
    assert_int_equal(crowd.n_done, 3);
    assert_int_equal(berth_complete(crowd.tokens[1], 0, NULL, 0), 0);
    assert_members(1, DRAIN, 4, 0);
    assert_members(DRAIN + 1, DROP, DRAIN + 3, 0);
    assert_members(DROP + 1, MANY, DROP + 2, 0);
    assert_int_equal(crowd.n_calls, MANY - 2);
    crowd_end();
}

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
    for (unsigned i = 0; i < 4; i++) { /* use, use, place, use, place, use: all racks are made at
                                          the place 0, 0 */
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
    assert_int_equal(counter, 3); /* whose turn it was looked before there was a third; the other
                                     one after that */
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

static void who_finds_the_next_root_another_way_keeps_its_place(void **unused)
{
    (void)unused;
    keep_place(0);
}

/* The second root is number 1 again. */
static void so_it_does_when_the_roots_are_numbered_anew(void **unused)
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
    assert_done(&reserves, 0); /* makes the rack anew, and a shelf in the same bay: without a hook
                                */
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
static void who_finds_another_root_instead_comes_last_there(void **unused)
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
static void who_is_cancelled_in_the_middle_is_told_what_it_waited_for(void **unused)
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
    task_start(&task, &depot, OP_USE, "a");
    wait_for_waiters(&depot, 1);
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
    task_start(&task, &depot, OP_USE, "b");
    wait_for_waiters(&depot, 1);
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
        cmocka_unit_test(each_makes_the_root_anew_in_turn),
        cmocka_unit_test(one_fails_and_those_behind_it_share_its_error),
        cmocka_unit_test(some_are_cancelled_where_they_stand),
        cmocka_unit_test(deadlines_pass_where_they_stand),
        cmocka_unit_test(all_that_still_wait_are_discarded),
        cmocka_unit_test(others_among_them_do_not_wait_for_the_next_root),
        cmocka_unit_test(who_finds_the_next_root_another_way_keeps_its_place),
        cmocka_unit_test(so_it_does_when_the_roots_are_numbered_anew),
        cmocka_unit_test(the_line_goes_behind_those_who_wait_there),
        cmocka_unit_test(who_finds_another_root_instead_comes_last_there),
        cmocka_unit_test(a_root_that_stays_goes_to_the_next_in_line),
        cmocka_unit_test(who_is_cancelled_in_the_middle_is_told_what_it_waited_for),
        cmocka_unit_test(a_thread_waits_among_them),
        cmocka_unit_test(many_threads_make_it_anew),
        cmocka_unit_test(a_circle_is_seen_through_the_next_root),
    };

    (void)alarm(PATIENCE);
    return cmocka_run_group_tests_name("queue, passed on", tests, NULL, NULL);
}
