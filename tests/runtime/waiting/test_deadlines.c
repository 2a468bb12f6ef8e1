/*
 * Deadlines at both ends of their range: long before the machine started, and as late as can be
 * said. And those that pass at the last moment.
 */
#include <errno.h>
#include <string.h>

#include "support/clock.h"
#include "support/hold.h"
#include "support/started.h"
#include "support/threads.h"

static const int64_t past[] = {INT64_MIN, INT64_MIN + 1, -1, 0, 1};
enum { N_PAST = sizeof past / sizeof *past };
#define LATEST (BERTH_NO_DEADLINE - 1)
/* Seconds that overflow an int32_t to numbers below and above zero. */
static const int64_t future[] = {INT64_MAX / 4, INT64_MAX / 2, INT64_C(0x80000000) * 1000000000,
                                 LATEST};
enum { N_FUTURE = sizeof future / sizeof *future };

static void blocking_calls_wait_until_then(void **unused)
{
    struct depot depot;
    struct gate gate;
    struct task first, late[N_FUTURE];

    (void)unused;
    depot_start(&depot, NULL, NULL);
    gate_init(&gate);
    depot.hook = gated;
    depot.arg = &gate;
    task_start(&first, &depot, OP_USE, "a");
    gate_wait(&gate, 1);
    for (unsigned i = 0; i < N_PAST; i++) {
        assert_int_equal(until(&depot, OP_USE, "a", past[i], NULL), -ETIMEDOUT);
        assert_int_equal(berth_manager_drain(depot.manager, past[i], NULL), -ETIMEDOUT);
    }
    for (unsigned i = 0; i < N_FUTURE; i++)
        task_start_until(&late[i], &depot, OP_USE, "a", future[i]);
    wait_for_waiters(&depot, N_FUTURE);
    pause_shortly(); /* so that they sleep, and do not only queue */
    gate_open(&gate, 1);
    assert_int_equal(task_join(&first), 0);
    for (unsigned i = 0; i < N_FUTURE; i++)
        assert_int_equal(task_join(&late[i]), 0);
    assert_string_equal(depot.log, "rack.open:a");
    assert_state(&depot, "rack a on 5+0\n");
    depot.hook = NULL;
    depot_stop(&depot);
}

static void started_operations_wait_until_then(void **unused)
{
    struct depot depot;
    struct shelf_of_calls shelf;
    struct job first, late[N_PAST], last;
    int64_t next;

    (void)unused;
    depot_start(&depot, NULL, NULL);
    shelf_init(&shelf, &depot);
    job_go(&first, &depot, OP_USE, "a");
    for (unsigned i = 0; i < N_PAST; i++) {
        job_init(&late[i], &depot);
        assert_int_equal(job_start(&late[i], OP_USE, "a", past[i]), 0);
        assert_not_done(&late[i]);
    }
    job_init(&last, &depot);
    assert_int_equal(job_start(&last, OP_USE, "a", LATEST), 0);
    assert_int_equal(berth_manager_poll(depot.manager, &next), 0);
    assert_true(next == LATEST);
    for (unsigned i = 0; i < N_PAST; i++)
        assert_done(&late[i], -ETIMEDOUT);
    assert_not_done(&last);
    assert_int_equal(shelf_complete(&shelf, 0, 0), 0);
    assert_done(&first, 0);
    assert_done(&last, 0);
    assert_state(&depot, "rack a on 2+0\n");
    depot.hook = NULL;
    depot_stop(&depot);
}

static int see(struct depot *depot, uint8_t hook, berth_call *call, const void *view, void *out)
{
    (void)hook;
    (void)view;
    (void)out;
    assert_true(berth_call_deadline(call) == *(const int64_t *)depot->arg);
    assert_int_equal(berth_call_cancelled(call), berth_call_deadline(call) != LATEST);
    return 0;
}

/* However late it is. */
static void an_operation_that_need_not_wait_runs(void **unused)
{
    struct depot depot;
    int64_t deadline;

    (void)unused;
    depot_start(&depot, NULL, NULL);
    depot.hook = see;
    depot.arg = &deadline;
    for (unsigned i = 0; i <= N_PAST; i++) {
        deadline = i < N_PAST ? past[i] : LATEST;
        assert_int_equal(until(&depot, OP_USE, "a", deadline, NULL), 0);
        assert_state(&depot, "rack a on 1+0\n");
        assert_int_equal(berth_manager_drain(depot.manager, deadline, NULL), 0);
        assert_state(&depot, "");
    }
    assert_int_equal(depot.n_of[RACK_OPEN], N_PAST + 1);
    depot_stop(&depot);
}

/*
 * Under the manager's lock: the thread wakes up at its deadline, which passes meanwhile, and stands
 * still before it gets that lock.
 */
static int be_late(void *arg, const berth_item *item)
{
    const struct task *task = arg;

    (void)item;
    while (berth_now() < task->deadline + 30000000)
        pause_shortly();
    hold_up(task);
    return 1;
}

/* Its deadline has passed, but when it looks it has been handed its root: it goes on. */
static void a_root_granted_at_the_last_moment_is_not_late(void **unused)
{
    struct depot depot;
    struct shelf_of_calls shelf;
    struct job first;
    struct task second;

    (void)unused;
    depot_start_shelved(&depot, &shelf);
    job_go(&first, &depot, OP_USE, "a");
    task_start_until(&second, &depot, OP_DROP, "0", berth_now() + 200000000);
    wait_for_waiters(&depot, 1);
    assert_int_equal(berth_manager_for_each(depot.manager, be_late, &second), 1);
    depot.hook = NULL;
    assert_int_equal(shelf_complete(&shelf, 0, 0), 0);
    assert_done(&first, 0);
    assert_int_equal(release_it(&second), 0);
    assert_string_equal(depot.log, "rack.open:a rack.eject:a rack.close:a");
    assert_state(&depot, "");
    depot_stop(&depot);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocking_calls_wait_until_then),
        cmocka_unit_test(started_operations_wait_until_then),
        cmocka_unit_test(an_operation_that_need_not_wait_runs),
        cmocka_unit_test(a_root_granted_at_the_last_moment_is_not_late),
    };

    return cmocka_run_group_tests_name("deadlines", tests, NULL, NULL);
}
