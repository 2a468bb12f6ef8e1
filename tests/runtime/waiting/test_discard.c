/* Discarding while threads wait for a root, or have been handed one and still sleep. */
#include <errno.h>

#include "support/hold.h"
#include "support/threads.h"

static int watch_cancelled(struct depot *depot, uint8_t hook, berth_call *call, const void *view,
                           void *out)
{
    assert_false(berth_call_cancelled(call));
    gate_pass(depot->arg);
    assert_true(berth_call_cancelled(call));
    assert_string_equal(((const rack_view *)view)->name, "a"); /* the view outlives the discard */
    (void)hook;
    (void)out;
    return 0;
}

static void discard_ends_waiters_and_notifies_the_owner(void **unused)
{
    struct depot depot;
    struct gate gate;
    struct task first, others[3];

    (void)unused;
    depot_start_gated(&depot, &gate);
    depot.hook = watch_cancelled;
    task_start(&first, &depot, OP_USE, "a");
    gate_wait(&gate, 1);
    task_start_waiting(&others[0], &depot, OP_USE, "a", 1);
    task_start_waiting(&others[1], &depot, 0, NULL, 2);
    task_start_reserve(&others[2], &depot, "a", 1);
    wait_for_waiters(&depot, 3);
    assert_int_equal(berth_manager_discard(depot.manager), 0);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(task_join(&others[i]), -ECANCELED);
        assert_where(&others[i].error, "rack", NULL, NULL, NULL);
    }
    assert_state(&depot, "");
    assert_int_equal(berth_manager_destroy(depot.manager, NULL), -EBUSY); /* the hook still runs */
    /* a new one of that name */
    assert_int_equal(on_rack(&depot, OP_RESOLVE, "a", NULL), 0);
    gate_open(&gate, 1);
    assert_int_equal(task_join(&first), -ECANCELED);
    assert_where(&first.error, NULL, NULL, NULL, NULL);
    assert_state(&depot, "rack a idle 0+0\n"); /* untouched */
    depot_stop(&depot);
}

static int discard_in_the_second(struct depot *depot, uint8_t hook, berth_call *call,
                                 const void *view, void *out)
{
    (void)hook;
    (void)view;
    (void)out;
    if (depot->n_calls < 2)
        return -EIO;
    assert_int_equal(berth_manager_discard(depot->manager), 0);
    assert_true(berth_call_cancelled(call));
    return -ENXIO;
}

/* A call has failed, and what it raised is under way. */
static void discard_after_a_failure_is_no_place(void **unused)
{
    struct depot depot;
    berth_error error;

    (void)unused;
    depot_start_changed(&depot, &(struct depot_change){.state = IDLE,
                                                       .event = OPEN,
                                                       .fail = {.state = BAD, .raise = WIPE}});
    depot.hook = discard_in_the_second;
    assert_int_equal(on_rack(&depot, OP_USE, "a", &error), -ECANCELED);
    assert_where(&error, NULL, NULL, NULL, NULL);
    assert_string_equal(depot.log, "rack.open:a rack.close:a");
    depot_stop(&depot);

    depot_start_changed(
        &depot,
        &(struct depot_change){.state = ON, .event = CLOSE, .fail = {.state = BAD, .raise = WIPE}});
    assert_int_equal(on_rack(&depot, OP_USE, "a", NULL), 0);
    depot_clear_log(&depot);
    depot.hook = discard_in_the_second;
    assert_int_equal(berth_manager_drain(depot.manager, BERTH_NO_DEADLINE, &error), -ECANCELED);
    assert_where(&error, NULL, NULL, NULL, NULL);
    assert_string_equal(depot.log, "rack.eject:a rack.close:a");
    depot_stop(&depot);
}

static void discard_in_the_middle_of_a_drain(void **unused)
{
    struct depot depot;
    struct gate gate;
    struct task drains;

    (void)unused;
    depot_start_gated(&depot, &gate);
    gate_open(&gate, 2);
    assert_int_equal(on_rack(&depot, OP_USE, "a", NULL), 0);
    assert_int_equal(on_rack(&depot, OP_USE, "b", NULL), 0);
    task_start(&drains, &depot, 0, NULL);
    gate_wait(&gate, 3);
    assert_int_equal(berth_manager_discard(depot.manager), 0);
    gate_open(&gate, 1);
    assert_int_equal(task_join(&drains), -ECANCELED);
    assert_string_equal(depot.log, "rack.open:a rack.open:b rack.eject:a");
    depot_stop(&depot);
}

/* One thread has made rack a and let it go to a second, which waits for it and does not wake up. */
static void grant_to_a_sleeper(struct depot *depot, struct gate *gate, struct task *second,
                               uint8_t operation, const char *name)
{
    struct task first;

    depot_start_gated(depot, gate);
    task_start(&first, depot, OP_USE, "a");
    gate_wait(gate, 1);
    task_start(second, depot, operation, name);
    wait_for_waiters(depot, 1);
    hold_up(second);
    gate_open(gate, 1);
    assert_int_equal(task_join(&first), 0);
}

static void discard_when_the_root_is_granted_to_a_sleeping_thread(void **unused)
{
    struct depot depot;
    struct gate gate;
    struct task second;

    (void)unused;
    /* the root is its own now, which it is to eject */
    grant_to_a_sleeper(&depot, &gate, &second, OP_DROP, "0");
    assert_int_equal(on_rack(&depot, OP_RESOLVE, "b", NULL), 0);
    assert_int_equal(berth_manager_discard(depot.manager), 0);
    assert_int_equal(release_it(&second), -ECANCELED);
    assert_string_equal(depot.log, "rack.open:a");
    depot_stop(&depot);
}

/* What it waited for is there, and the thread that let the root go does all that needs no hook. */
static void a_waiter_that_needs_no_hook_is_done_while_it_sleeps(void **unused)
{
    struct depot depot;
    struct gate gate;
    struct task second;

    (void)unused;
    grant_to_a_sleeper(&depot, &gate, &second, OP_USE, "a");
    assert_state(&depot, "rack a on 2+0\n");
    assert_int_equal(berth_manager_discard(depot.manager), 0); /* too late to cancel it */
    assert_int_equal(release_it(&second), 0);
    depot_stop(&depot);
}

/* The same without a hand that holds it up: it may have woken, and then its hook is told. */
static void discard_races_with_a_grant(void **unused)
{
    (void)unused;
    for (unsigned i = 0; i < 60; i++) {
        struct depot depot;
        struct gate gate;
        struct task first, second;

        depot_start_gated(&depot, &gate);
        depot.outcome[RACK_OPEN] = -EIO;
        gate_open(&gate, 2);
        task_start(&first, &depot, i % 2 ? OP_CRASH : OP_USE, "a");
        task_start(&second, &depot, OP_CRASH, "a");
        gate_wait(&gate, 1);
        assert_int_equal(berth_manager_discard(depot.manager), 0);
        (void)task_join(&first);
        (void)task_join(&second);
        depot_stop(&depot);
    }
}

/*
 * A waiter that starts again is on its way to a hook, which its own thread must call; that thread
 * still sleeps when everything is discarded.
 */
static void discard_before_a_restarted_waiter_could_call_its_hook(void **unused)
{
    struct depot depot;
    struct gate gate;
    struct task last, second;

    (void)unused;
    depot_start_gated(&depot, &gate);
    gate_open(&gate, 2);
    assert_int_equal(on_rack(&depot, OP_USE, "a", NULL), 0);
    task_start(&last, &depot, OP_DROP, "0");
    gate_wait(&gate, 3); /* close */
    task_start_waiting(&second, &depot, OP_USE, "a", 1);
    hold_up(&second);
    gate_open(&gate, 1);
    assert_int_equal(task_join(&last), 0);
    assert_state(&depot, "rack a idle 0+0\n"); /* the second's, about to be opened */
    assert_int_equal(berth_manager_discard(depot.manager), 0);
    assert_int_equal(release_it(&second), -ECANCELED);
    assert_string_equal(depot.log, "rack.open:a rack.eject:a rack.close:a");
    depot_stop(&depot);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(discard_ends_waiters_and_notifies_the_owner),
        cmocka_unit_test(discard_after_a_failure_is_no_place),
        cmocka_unit_test(discard_in_the_middle_of_a_drain),
        cmocka_unit_test(discard_when_the_root_is_granted_to_a_sleeping_thread),
        cmocka_unit_test(a_waiter_that_needs_no_hook_is_done_while_it_sleeps),
        cmocka_unit_test(discard_races_with_a_grant),
        cmocka_unit_test(discard_before_a_restarted_waiter_could_call_its_hook),
    };

    return cmocka_run_group_tests_name("waiting, discarded", tests, NULL, NULL);
}
