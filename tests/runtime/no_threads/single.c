/*
 * The runtime without threads: nothing can wait, and everything that would is an answer instead.
 * Built by tests/runtime/test_no_threads.py.
 */
#include <errno.h>
#include <string.h>

#include "support/started.h"

static void a_life(void **unused)
{
    struct depot depot;
    uuid_t a, b;

    (void)unused;
    depot_start(&depot, NULL, NULL);
    assert_int_equal(reserve(&depot, "a", 1, a, NULL), 0);
    assert_int_equal(reserve(&depot, "a", 1, b, NULL), 0);
    assert_int_equal(with(&depot, OP_OPEN, a, NULL), 0);
    assert_int_equal(with(&depot, OP_OPEN, b, NULL), 0);
    assert_int_equal(with(&depot, OP_CLOSE, a, NULL), 0);
    assert_state(&depot, "rack a on 1+1\n shelf 1 on 1+1\n  book on 1+0\n");
    assert_int_equal(berth_manager_drain(depot.manager, BERTH_NO_DEADLINE, NULL), 0);
    assert_state(&depot, "");
    assert_int_equal(berth_manager_destroy(depot.manager, NULL), 0);
    assert_int_equal(depot.live_bytes, 0);
}

static int reenter(struct depot *depot, uint8_t hook, berth_call *call, const void *view, void *out)
{
    (void)hook;
    (void)call;
    (void)out;
    assert_int_equal(on_rack(depot, OP_USE, ((const rack_view *)view)->name, NULL), -EDEADLK);
    assert_int_equal(on_rack(depot, OP_RESOLVE, "other", NULL), 0);
    return 0;
}

static void a_hook_may_use_other_roots(void **unused)
{
    struct depot depot;

    (void)unused;
    depot_start(&depot, NULL, NULL);
    depot.hook = reenter;
    assert_int_equal(on_rack(&depot, OP_USE, "a", NULL), 0);
    assert_state(&depot, "rack a on 1+0\nrack other idle 0+0\n");
    depot_stop(&depot);
}

static berth_token token;
static bool early;

static int pending(struct depot *depot, uint8_t hook, berth_call *call, const void *view, void *out)
{
    (void)depot;
    (void)hook;
    (void)view;
    (void)out;
    token = berth_call_token(call);
    if (early)
        assert_int_equal(berth_complete(token, 0, NULL, 0), 0);
    return BERTH_PENDING;
}

static void a_pending_call_is_uncertain_unless_it_is_completed_already(void **unused)
{
    struct depot depot;
    berth_error error;

    (void)unused;
    depot_start(&depot, NULL, NULL);
    depot.hook = pending;
    early = true;
    assert_int_equal(on_rack(&depot, OP_USE, "a", NULL), 0);
    early = false;
    assert_int_equal(on_rack(&depot, OP_USE, "b", &error), -EDEADLK);
    assert_where(&error, "rack", "idle", "open", "rack.open");
    assert_int_equal(berth_complete(token, 0, NULL, 0), -ENOENT);
    assert_state(&depot, "rack a on 1+0\nrack b odd 0+0\n");
    depot_stop(&depot);
}

static int visit(void *arg, const berth_item *item)
{
    struct depot *depot = arg;

    (void)item;
    return on_rack(depot, OP_RESOLVE, "b", NULL);
}

static void callbacks_under_the_lock_get_edeadlk(void **unused)
{
    struct depot depot;

    (void)unused;
    depot_start(&depot, NULL, NULL);
    assert_int_equal(on_rack(&depot, OP_RESOLVE, "a", NULL), 0);
    assert_int_equal(berth_manager_for_each(depot.manager, visit, &depot), -EDEADLK);
    depot_stop(&depot);
}

/*
 * In an event loop one thread is enough: operations pend, wait for each other, and have deadlines.
 */
static void started_operations_pend_and_queue(void **unused)
{
    struct depot depot;
    struct shelf_of_calls shelf;
    struct job use, drop, late;
    int64_t next;

    (void)unused;
    depot_start(&depot, NULL, NULL);
    shelf_init(&shelf, &depot);
    job_go(&use, &depot, OP_USE, "a");
    job_go(&drop, &depot, OP_DROP, "0");
    job_init(&late, &depot);
    assert_int_equal(job_start(&late, OP_USE, "a", 1), 0);
    /* nobody would let it go while this thread waits */
    assert_int_equal(on_rack(&depot, OP_RESOLVE, "a", NULL), -EDEADLK);
    assert_int_equal(berth_manager_poll(depot.manager, &next), 0);
    assert_int_equal(next, BERTH_NO_DEADLINE);
    assert_done(&late, -ETIMEDOUT);
    assert_not_done(&use);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(shelf_complete(&shelf, i, 0), 0);
    assert_done(&use, 0);
    assert_done(&drop, 0);
    assert_string_equal(depot.log, "rack.open:a rack.eject:a rack.close:a");
    job_go(&use, &depot, OP_USE, "a");
    assert_int_equal(job_cancel(&use), 0);
    assert_int_equal(shelf.calls[3].notified, 1);
    assert_int_equal(berth_manager_drain(depot.manager, BERTH_NO_DEADLINE, NULL), -EDEADLK);
    assert_int_equal(shelf_complete(&shelf, 3, 0), 0);
    assert_done(&use, 0);
    depot_stop(&depot);
}

static void no_wake(void *ctx)
{
    (void)ctx;
}

/* What it waits for is ready, and nobody but this thread could run it. */
static void a_blocking_call_runs_what_is_ready(void **unused)
{
    struct depot depot;
    struct shelf_of_calls shelf;
    struct job use;

    (void)unused;
    depot_start(&depot, NULL, &(berth_config){.wake = no_wake});
    shelf_init(&shelf, &depot);
    job_go(&use, &depot, OP_USE, "a");
    assert_int_equal(berth_manager_poll(depot.manager, NULL), 0);
    assert_int_equal(shelf_complete(&shelf, 0, 0), 0);
    assert_not_done(&use);
    assert_int_equal(on_rack(&depot, OP_RESOLVE, "a", NULL), 0);
    assert_done(&use, 0);
    depot_stop(&depot);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_life),
        cmocka_unit_test(a_hook_may_use_other_roots),
        cmocka_unit_test(a_pending_call_is_uncertain_unless_it_is_completed_already),
        cmocka_unit_test(started_operations_pend_and_queue),
        cmocka_unit_test(a_blocking_call_runs_what_is_ready),
        cmocka_unit_test(callbacks_under_the_lock_get_edeadlk),
    };

    return cmocka_run_group_tests_name("no threads", tests, NULL, NULL);
}
