/*
 * Operations that were granted their root and have not run yet: cancelled, late or discarded, they
 * have never been.
 */
#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "support/clock.h"
#include "support/loop.h"
#include "support/threads.h"

static void cancel_the_next(struct job *job, int code)
{
    struct job *next = job->arg;

    (void)code;
    assert_int_equal(job_cancel(next), 0);
    assert_int_equal(job_cancel(next), -ENOENT);
}

static void start_tracing(struct depot *depot)
{
    berth_config tracing;

    depot_init(depot);
    tracing = depot_tracing(depot);
    assert_int_equal(depot_create(depot, NULL, &tracing), 0);
}

/*
 * The steps before its first hook drop two holds, end an instance and move a state. A trace hears
 * of none of it.
 */
static void cancel_when_granted(bool traced)
{
    static const char before[] = "rack a on 1+1\n shelf 0 bad 1+1\n  book idle 1+0\n";
    struct depot depot;
    struct shelf_of_calls shelf;
    struct job first, next;
    uuid_t id;

    if (traced)
        start_tracing(&depot);
    else
        depot_start(&depot, NULL, NULL);
    assert_int_equal(reserve(&depot, "a", 0, id, NULL), 0);
    assert_int_equal(on_rack(&depot, OP_USE, "a", NULL), 0);
    assert_int_equal(by_label(&depot, "0", NULL), 0);
    shelf_init(&shelf, &depot);
    job_init(&first, &depot);
    first.then = cancel_the_next;
    first.arg = &next;
    assert_int_equal(job_start(&first, OP_FIND_SHELF, "a", BERTH_NO_DEADLINE), 0);
    job_init(&next, &depot);
    next.id = id;
    next.keep = true;
    assert_int_equal(job_start(&next, OP_CLOSE, NULL, BERTH_NO_DEADLINE), 0);
    depot_clear_log(&depot);
    assert_int_equal(shelf_complete(&shelf, 0, -EIO), 0);
    assert_done(&first, -EIO);
    assert_done(&next, -ECANCELED);
    assert_where(&next.error, "rack", NULL, NULL, NULL);
    assert_string_equal(depot.log, "");
    assert_string_equal(depot.trace, traced ? "shelf idle open shelf.open failed bad#31 EIO" : "");
    assert_state(&depot, before);
    assert_int_equal(depot_reservations(&depot), 1);
    depot.hook = NULL;
    assert_int_equal(with(&depot, OP_CLOSE, id, NULL), 0);
    assert_string_equal(depot.log, "rack.eject:a rack.close:a");
    assert_state(&depot, "");
    depot_stop(&depot);
}

static void cancelled_when_granted(void **unused)
{
    (void)unused;
    cancel_when_granted(false);
    cancel_when_granted(true);
}

static void discard(struct job *job, int code)
{
    assert_int_equal(code, 0);
    assert_int_equal(berth_manager_discard(job->depot->manager), 0);
}

/*
 * The root that it waited for ended well, and its bay is another root's now: the hook that is next
 * there is not called.
 */
static void discarded_when_its_root_had_ended_and_it_had_found_another(void **unused)
{
    static const char hooks[] =
        "book.eject:a book.close:a shelf.eject:a shelf.close:a rack.eject:a rack.close:a";
    struct depot depot;
    struct shelf_of_calls shelf;
    struct job close, by_bay;
    uuid_t id;

    (void)unused;
    start_tracing(&depot);
    assert_int_equal(reserve(&depot, "a", 1, id, NULL), 0);
    assert_int_equal(with(&depot, OP_OPEN, id, NULL), 0);
    assert_int_equal(on_rack(&depot, OP_RESOLVE, "b", NULL), 0);
    shelf_init(&shelf, &depot);
    job_init(&close, &depot);
    close.id = id;
    close.then = discard;
    depot_clear_log(&depot);
    assert_int_equal(job_start(&close, OP_CLOSE, NULL, BERTH_NO_DEADLINE), 0);
    job_go(&by_bay, &depot, OP_BY_BAY, NULL); /* bay 0 */
    for (unsigned i = 0; i < 6; i++) {
        if (i == 4) /* the shelf has ended, the rack has not */
            assert_int_equal(on_path(&depot, OP_ADD, "b", 0, NULL), 0);
        assert_int_equal(shelf_complete(&shelf, i, 0), 0);
    }
    assert_done(&close, 0);
    assert_done(&by_bay, -ECANCELED);
    assert_string_equal(depot.log, hooks);
    assert_state(&depot, "");
    depot_stop(&depot);
}

/*
 * A root that ended well: the first of those that waited makes it anew, and is cancelled. The
 * others do not get its error.
 */
static void cancelled_when_it_had_made_its_root_anew(void **unused)
{
    struct depot depot;
    struct shelf_of_calls shelf;
    struct job drop, jobs[3];

    (void)unused;
    depot_start(&depot, NULL, NULL);
    assert_int_equal(on_rack(&depot, OP_USE, "a", NULL), 0);
    shelf_init(&shelf, &depot);
    job_init(&drop, &depot);
    drop.then = cancel_the_next;
    drop.arg = &jobs[0];
    assert_int_equal(job_start(&drop, OP_DROP, "0", BERTH_NO_DEADLINE), 0);
    for (unsigned i = 0; i < 3; i++) {
        job_init(&jobs[i], &depot);
        jobs[i].keep = true;
        assert_int_equal(job_start(&jobs[i], i < 2 ? OP_USE_ALL : OP_USE, "a", BERTH_NO_DEADLINE),
                         0);
    }
    depot_clear_log(&depot);
    assert_int_equal(shelf_complete(&shelf, 0, 0), 0);
    depot.hook = NULL;
    assert_int_equal(shelf_complete(&shelf, 1, 0), 0);
    assert_done(&drop, 0);
    assert_done(&jobs[0], -ECANCELED);
    assert_done(&jobs[1], 0);
    assert_done(&jobs[2], 0);
    assert_string_equal(depot.log, "rack.close:a rack.open:a shelf.open:a book.open:a");
    assert_state(&depot, "rack a on 1+1\n shelf 0 on 0+1\n  book on 1+0\n");
    depot_stop(&depot);
}

/* In an event loop */

static void late_when_granted(void **unused)
{
    struct depot depot;
    struct shelf_of_calls shelf;
    struct job first, next;

    (void)unused;
    loop_start(&depot, &shelf);
    job_go(&first, &depot, OP_USE, "a");
    job_init(&next, &depot);
    assert_int_equal(job_start(&next, OP_DROP, "0", berth_now() + HOUR), 0);
    assert_int_equal(shelf_complete(&shelf, 0, 0), 0);
    assert_int_equal(poll_depot(&depot), 0);
    assert_done(&first, 0);
    assert_not_done(&next);
    clock_shift(HOUR);
    assert_int_equal(poll_depot(&depot), BERTH_NO_DEADLINE);
    assert_done(&next, -ETIMEDOUT);
    assert_string_equal(depot.log, "rack.open:a");
    assert_state(&depot, "rack a on 1+0\n");
    loop_stop(&depot);
}

static void discarded_when_granted(void **unused)
{
    (void)unused;
    for (unsigned anew = 0; anew < 2; anew++) {
        struct depot depot;
        struct shelf_of_calls shelf;
        struct job first, next;

        depot_start(&depot, NULL, &waking);
        if (anew)
            assert_int_equal(on_rack(&depot, OP_USE, "a", NULL), 0);
        shelf_init(&shelf, &depot);
        job_go(&first, &depot, anew ? OP_DROP : OP_USE, anew ? "0" : "a");
        job_go(&next, &depot, anew ? OP_USE_ALL : OP_DROP, anew ? "a" : "0");
        for (unsigned i = 0; i <= anew; i++) { /* a drop has two hooks */
            assert_int_equal(shelf_complete(&shelf, i, 0), 0);
            (void)poll_depot(&depot);
        }
        assert_done(&first, 0);
        assert_not_done(&next);
        assert_int_equal(berth_manager_discard(depot.manager), 0);
        assert_int_equal(poll_depot(&depot), BERTH_NO_DEADLINE);
        assert_done(&next, -ECANCELED);
        assert_state(&depot, "");
        loop_stop(&depot);
    }
}

/* Once notified, its deadline is over, and the loop need not look for it again. */
static void a_deadline_passes_once(void **unused)
{
    struct depot depot;
    struct shelf_of_calls shelf;
    struct job drop;

    (void)unused;
    depot_start(&depot, NULL, &waking);
    assert_int_equal(on_rack(&depot, OP_USE, "a", NULL), 0);
    shelf_init(&shelf, &depot);
    job_init(&drop, &depot);
    assert_int_equal(job_start(&drop, OP_DROP, "0", berth_now() + HOUR), 0);
    clock_shift(HOUR);
    assert_int_equal(poll_depot(&depot), BERTH_NO_DEADLINE);
    assert_int_equal(shelf.calls[0].notified, 1);
    assert_int_equal(shelf_complete(&shelf, 0, 0), 0);
    assert_int_equal(poll_depot(&depot), BERTH_NO_DEADLINE);
    assert_int_equal(shelf.calls[1].registered, -ECANCELED);
    assert_int_equal(shelf_complete(&shelf, 1, 0), 0);
    assert_int_equal(poll_depot(&depot), BERTH_NO_DEADLINE);
    assert_done(&drop, 0);
    loop_stop(&depot);
}

/*
 * More wait for a root that ends than are run at once, or there is a trace: who comes later comes
 * last all the same.
 */
static void come_later_than_those_whose_root_ended(bool traced)
{
    enum { N = 100 };
    static struct job jobs[N + 1];
    struct depot depot;
    struct shelf_of_calls shelf;
    struct job drop;
    atomic_uint counter = 0;
    berth_config config = waking;

    depot_init(&depot);
    if (traced) {
        config.trace = depot_trace;
        config.trace_ctx = &depot;
    }
    assert_int_equal(depot_create(&depot, NULL, &config), 0);
    assert_int_equal(on_rack(&depot, OP_USE, "a", NULL), 0);
    shelf_init(&shelf, &depot);
    job_go(&drop, &depot, OP_DROP, "0");
    for (unsigned i = 0; i <= N; i++) {
        if (i == N) { /* now they are on their way */
            depot.hook = NULL;
            assert_int_equal(shelf_complete(&shelf, 0, 0), 0);
            assert_int_equal(poll_depot(&depot), 0);
            assert_done(&drop, 0);
        }
        job_init(&jobs[i], &depot);
        jobs[i].counter = &counter;
        assert_int_equal(job_start(&jobs[i], OP_USE, "a", BERTH_NO_DEADLINE), 0);
    }
    while (poll_depot(&depot) == 0)
        ;
    for (unsigned i = 0; i <= N; i++) {
        assert_done(&jobs[i], 0);
        assert_int_equal(jobs[i].nth, i + 1);
    }
    loop_stop(&depot);
}

static void nobody_overtakes_those_whose_root_ended(void **unused)
{
    (void)unused;
    come_later_than_those_whose_root_ended(false);
    come_later_than_those_whose_root_ended(true);
}

/* A thread is handed the root, and has not woken up: with a trace it does not run before. */
static void a_thread_with_a_granted_root_is_discarded(void **unused)
{
    (void)unused;
    for (unsigned i = 0; i < 100; i++) {
        struct depot depot;
        struct shelf_of_calls shelf;
        struct job first;
        struct task task;
        berth_config tracing;
        int rc;

        depot_init(&depot);
        tracing = depot_tracing(&depot);
        depot_start(&depot, NULL, &tracing);
        shelf_init(&shelf, &depot);
        job_init(&first, &depot);
        first.then = discard;
        assert_int_equal(job_start(&first, OP_USE, "a", BERTH_NO_DEADLINE), 0);
        task_start_waiting(&task, &depot, OP_USE, "a", 1);
        assert_int_equal(shelf_complete(&shelf, 0, 0), 0);
        rc = task_join(&task);
        assert_true(rc == -ECANCELED || rc == 0); /* 0: it was faster than the discard */
        assert_done(&first, 0);
        assert_state(&depot, "");
        depot_stop(&depot);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cancelled_when_granted),
        cmocka_unit_test(discarded_when_its_root_had_ended_and_it_had_found_another),
        cmocka_unit_test(cancelled_when_it_had_made_its_root_anew),
        cmocka_unit_test_teardown(late_when_granted, clock_back),
        cmocka_unit_test(discarded_when_granted),
        cmocka_unit_test_teardown(a_deadline_passes_once, clock_back),
        cmocka_unit_test(nobody_overtakes_those_whose_root_ended),
        cmocka_unit_test(a_thread_with_a_granted_root_is_discarded),
    };

    (void)alarm(300);
    return cmocka_run_group_tests_name("started, and granted its root", tests, NULL, NULL);
}
