/*
 * Started operations that wait for a root: their order, whose error they share, what blocking calls
 * do for them.
 */
#include <errno.h>

#include "support/loop.h"

static void queued_operations_go_on_in_their_order(void **unused)
{
    struct depot depot;
    struct shelf_of_calls shelf;
    struct job jobs[6];
    atomic_uint counter = 0;

    (void)unused;
    depot_start_shelved(&depot, &shelf);
    for (unsigned i = 0; i < 6; i++) {
        job_init(&jobs[i], &depot);
        jobs[i].counter = &counter;
        assert_int_equal(
            job_start(&jobs[i], i == 3 ? OP_DROP : OP_USE, i == 3 ? "0" : "a", BERTH_NO_DEADLINE),
            0);
    }
    assert_int_equal(shelf.n, 1);
    assert_int_equal(shelf_complete(&shelf, 0, 0), 0);
    assert_int_equal(atomic_load(&counter), 6); /* nobody but the first needed a hook */
    for (unsigned i = 0; i < 6; i++) {
        assert_done(&jobs[i], 0);
        assert_int_equal(jobs[i].nth, i + 1);
    }
    assert_state(&depot, "rack a on 4+0\n");
    depot_stop(&depot);
}

/*
 * Who lets a root go runs 64 of those that need no hook, and no more: the next one has the root,
 * and goes on when it is its turn to run.
 */
static void the_owner_runs_sixty_four_waiters(void **unused)
{
    enum { N = 200 };
    static struct job jobs[N];
    struct depot depot;
    struct shelf_of_calls shelf;
    struct job first;
    atomic_uint counter = 0;

    (void)unused;
    loop_start(&depot, &shelf);
    job_go(&first, &depot, OP_USE, "a");
    for (unsigned i = 0; i < N; i++) {
        job_init(&jobs[i], &depot);
        jobs[i].counter = &counter;
        assert_int_equal(job_start(&jobs[i], OP_USE, "a", BERTH_NO_DEADLINE), 0);
    }
    assert_int_equal(shelf_complete(&shelf, 0, 0), 0);
    assert_int_equal(poll_depot(&depot), 0);
    assert_done(&first, 0);
    assert_int_equal(counter, 0); /* those that are over are notified by the next poll */
    assert_state(&depot, "rack a on 65+0\n");
    while (poll_depot(&depot) == 0)
        ;
    for (unsigned i = 0; i < N; i++) {
        assert_done(&jobs[i], 0);
        assert_int_equal(jobs[i].nth, i + 1);
    }
    assert_state(&depot, "rack a on 201+0\n");
    assert_string_equal(depot.log, "rack.open:a");
    loop_stop(&depot);
}

static void waiters_call_hooks_one_after_the_other(void **unused)
{
    struct depot depot;
    struct shelf_of_calls shelf;
    struct job use[3], drop[2];

    (void)unused;
    depot_start_shelved(&depot, &shelf);
    job_go(&use[0], &depot, OP_USE, "a");
    job_go(&drop[0], &depot, OP_DROP, "0"); /* eject, close */
    job_go(&use[1], &depot, OP_USE, "a");   /* a new rack: open */
    job_go(&drop[1], &depot, OP_DROP, "1");
    job_go(&use[2], &depot, OP_USE, "a");
    for (unsigned i = 0; i < shelf.n; i++)
        assert_int_equal(shelf_complete(&shelf, i, 0), 0);
    assert_string_equal(depot.log, "rack.open:a rack.eject:a rack.close:a rack.open:a");
    assert_done(&use[0], 0);
    assert_done(&drop[0], 0);
    assert_done(&use[1], 0);
    assert_done(&use[2], 0);
    assert_done(&drop[1], 0); /* absent when it was asked: there was no rack 1 */
    assert_state(&depot, "rack a on 2+0\n");
    depot_stop(&depot);
}

static void started_waiters_share_the_error_of_a_root_that_ended(void **unused)
{
    struct depot depot;
    struct shelf_of_calls shelf;
    struct job jobs[3];

    (void)unused;
    depot_start_shelved(&depot, &shelf);
    for (unsigned i = 0; i < 3; i++)
        job_go(&jobs[i], &depot, OP_USE, "a");
    assert_int_equal(on_rack(&depot, OP_RESOLVE, "b", NULL), 0); /* another root is free */
    assert_int_equal(shelf_complete(&shelf, 0, -EIO), 0);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(atomic_load(&jobs[i].n_done), 1);
        assert_int_equal(atomic_load(&jobs[i].code), i == 0 ? -EIO : -ENOTRECOVERABLE);
    }
    depot_stop(&depot);
    depot_start_changed(
        &depot, &(struct depot_change){.state = IDLE, .event = OPEN, .fail = {.state = GONE}});
    shelf_init(&shelf, &depot);
    for (unsigned i = 0; i < 3; i++)
        job_go(&jobs[i], &depot, OP_USE, "a");
    assert_int_equal(shelf_complete(&shelf, 0, -EIO), 0);
    for (unsigned i = 0; i < 3; i++) {
        assert_done(&jobs[i], -EIO);
        assert_where(&jobs[i].error, "rack", "idle", "open", "rack.open");
    }
    assert_int_equal(shelf.n, 1);
    assert_state(&depot, "");
    depot_stop(&depot);
}

static int start_for_own_root(struct depot *depot, uint8_t hook, berth_call *call, const void *view,
                              void *out)
{
    (void)call;
    (void)view;
    (void)out;
    if (hook != RACK_OPEN)
        return 0;
    assert_int_equal(on_rack(depot, OP_USE, "a", NULL), -EDEADLK); /* it would wait for itself */
    job_go(depot->arg, depot, OP_DROP, "0");                       /* that can wait */
    assert_not_done((struct job *)depot->arg);
    assert_int_equal(on_rack(depot, OP_RESOLVE, "b", NULL), 0);
    assert_int_equal(berth_manager_destroy(depot->manager, NULL), -EDEADLK);
    return 0;
}

static void a_hook_may_start_an_operation_for_its_own_root(void **unused)
{
    struct depot depot;
    struct job job, inner;

    (void)unused;
    depot_start(&depot, NULL, NULL);
    depot.hook = start_for_own_root;
    depot.arg = &inner;
    job_go(&job, &depot, OP_USE, "a");
    assert_done(&job, 0);
    assert_done(&inner, 0);
    assert_string_equal(depot.log, "rack.open:a rack.eject:a rack.close:a");
    depot_stop(&depot);
}

static int start_for_own_root_of_a_blocking_call(struct depot *depot, uint8_t hook,
                                                 berth_call *call, const void *view, void *out)
{
    (void)call;
    (void)view;
    (void)out;
    if (hook != RACK_OPEN)
        return 0;
    job_go(depot->arg, depot, OP_DROP, "0");
    assert_not_done((struct job *)depot->arg);
    assert_int_equal(berth_manager_destroy(depot->manager, NULL), -EBUSY);
    return 0;
}

static void a_blocking_call_runs_what_its_hook_started(void **unused)
{
    struct depot depot;
    struct job inner;

    (void)unused;
    depot_start(&depot, NULL, NULL);
    depot.hook = start_for_own_root_of_a_blocking_call;
    depot.arg = &inner;
    assert_int_equal(on_rack(&depot, OP_USE, "a", NULL), 0);
    assert_done(&inner, 0);
    assert_state(&depot, "");
    depot_stop(&depot);
}

/*
 * What is ready, and would be run by this thread when its hook returns, is run when it is waited
 * for.
 */
static void block_on_it(struct job *job, int code)
{
    struct shelf_of_calls *shelf = job->depot->arg;

    assert_int_equal(code, 0);
    /* of rack b: ready, but not run, because this thread is at work already */
    assert_int_equal(shelf_complete(shelf, 1, 0), 0);
    assert_int_equal(on_rack(job->depot, OP_RESOLVE, "b", NULL), 0);
}

static void a_blocking_call_runs_what_is_ready_before_it_sleeps(void **unused)
{
    struct depot depot;
    struct shelf_of_calls shelf;
    struct job a, b;

    (void)unused;
    depot_start_shelved(&depot, &shelf);
    job_init(&a, &depot);
    a.then = block_on_it;
    assert_int_equal(job_start(&a, OP_USE, "a", BERTH_NO_DEADLINE), 0);
    job_go(&b, &depot, OP_USE, "b");
    assert_int_equal(shelf_complete(&shelf, 0, 0), 0);
    assert_done(&a, 0);
    assert_done(&b, 0);
    depot_stop(&depot);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(queued_operations_go_on_in_their_order),
        cmocka_unit_test(the_owner_runs_sixty_four_waiters),
        cmocka_unit_test(waiters_call_hooks_one_after_the_other),
        cmocka_unit_test(started_waiters_share_the_error_of_a_root_that_ended),
        cmocka_unit_test(a_hook_may_start_an_operation_for_its_own_root),
        cmocka_unit_test(a_blocking_call_runs_what_its_hook_started),
        cmocka_unit_test(a_blocking_call_runs_what_is_ready_before_it_sleeps),
    };

    return cmocka_run_group_tests_name("started, queued", tests, NULL, NULL);
}
