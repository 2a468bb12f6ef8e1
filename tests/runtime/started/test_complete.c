/* Hooks of started operations that pend, and their completion. */
#include <errno.h>

#include "support/started.h"

static void completed_later(void **unused)
{
    struct depot depot;
    struct shelf_of_calls shelf;
    struct job job;
    uuid_t id;

    (void)unused;
    depot_start_shelved(&depot, &shelf);
    job_init(&job, &depot);
    job.id = id;
    assert_int_equal(job_start(&job, OP_RESERVE, "a", BERTH_NO_DEADLINE), 0);
    assert_done(&job, 0);
    job_init(&job, &depot);
    job.id = id;
    assert_int_equal(job_start(&job, OP_OPEN, NULL, BERTH_NO_DEADLINE), 0);
    for (unsigned i = 0; i < 3; i++) { /* rack, shelf, book */
        assert_not_done(&job);
        assert_int_equal(shelf.n, i + 1);
        assert_int_equal(shelf_complete(&shelf, i, 0), 0);
        assert_int_equal(shelf_complete(&shelf, i, 0), -ENOENT); /* twice */
    }
    assert_done(&job, 0);
    assert_state(&depot, "rack a on 1+1\n shelf 0 on 1+1\n  book on 1+0\n");
    depot_stop(&depot);
}

static void completed_with_an_error(void **unused)
{
    struct depot depot;
    struct shelf_of_calls shelf;
    struct job job;

    (void)unused;
    depot_start_shelved(&depot, &shelf);
    job_go(&job, &depot, OP_USE, "a");
    assert_int_equal(shelf_complete(&shelf, 0, -ENXIO), 0);
    assert_done(&job, -ENXIO);
    assert_where(&job.error, "rack", "idle", "open", "rack.open");
    job_go(&job, &depot, OP_USE, "b");
    assert_int_equal(shelf_complete(&shelf, 1, BERTH_UNCERTAIN(-ETIMEDOUT)), 0);
    assert_done(&job, -ETIMEDOUT);
    assert_state(&depot, "rack a bad 0+0\nrack b odd 0+0\n");
    depot_stop(&depot);
}

static int early(struct depot *depot, uint8_t hook, berth_call *call, const void *view, void *out)
{
    berth_token token = berth_call_token(call);

    (void)hook;
    (void)view;
    (void)out;
    assert_int_equal(berth_call_on_cancel(call, (berth_notify *)NULL, NULL), 0);
    assert_int_equal(berth_complete(token, *(int *)depot->arg, NULL, 0), 0);
    assert_int_equal(berth_complete(token, 0, NULL, 0), -ENOENT);
    assert_int_equal(berth_call_on_cancel(call, (berth_notify *)NULL, NULL), -ENOENT);
    return BERTH_PENDING;
}

static void completed_before_the_hook_returned(void **unused)
{
    struct depot depot;
    struct job job;
    int result = -EIO;

    (void)unused;
    depot_start(&depot, NULL, NULL);
    depot.hook = early;
    depot.arg = &result;
    job_go(&job, &depot, OP_USE, "a");
    assert_done(&job, -EIO);
    result = 0;
    job_go(&job, &depot, OP_USE, "b");
    assert_done(&job, 0);
    depot_stop(&depot);
}

static int without_token(struct depot *depot, uint8_t hook, berth_call *call, const void *view,
                         void *out)
{
    (void)depot;
    (void)hook;
    (void)call;
    (void)view;
    (void)out;
    return BERTH_PENDING;
}

static void pending_without_a_token_is_uncertain(void **unused)
{
    struct depot depot;
    struct job job;

    (void)unused;
    depot_start(&depot, NULL, NULL);
    depot.hook = without_token;
    job_go(&job, &depot, OP_USE, "a");
    assert_done(&job, -EPROTO);
    assert_state(&depot, "rack a odd 0+0\n");
    depot_stop(&depot);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(completed_later),
        cmocka_unit_test(completed_with_an_error),
        cmocka_unit_test(completed_before_the_hook_returned),
        cmocka_unit_test(pending_without_a_token_is_uncertain),
    };

    return cmocka_run_group_tests_name("started, completed", tests, NULL, NULL);
}
