/* Discarding one root: blocking calls that wait for it or work on it, and those on other roots. */
#include <errno.h>

#include "support/hold.h"
#include "support/threads.h"

static int watch_cancelled(struct depot *depot, uint8_t hook, berth_call *call, const void *view,
                           void *out)
{
    bool discarded = strcmp(((const rack_view *)view)->name, "a") == 0;

    gate_pass(depot->arg);
    assert_int_equal(berth_call_cancelled(call), discarded);
    (void)hook;
    (void)out;
    return 0;
}

static void its_callers_end_and_others_do_not(void **unused)
{
    struct depot depot;
    struct gate gate;
    struct task first, other, waiting[2];

    (void)unused;
    depot_start_gated(&depot, &gate);
    depot.hook = watch_cancelled;
    task_start(&first, &depot, OP_USE, "a");
    gate_wait(&gate, 1);
    task_start(&other, &depot, OP_USE, "b");
    gate_wait(&gate, 2);
    task_start_waiting(&waiting[0], &depot, OP_USE, "a", 1);
    task_start_waiting(&waiting[1], &depot, OP_USE, "b", 2);
    assert_int_equal(discard_rack(&depot, "a", NULL), 0);
    assert_int_equal(task_join(&waiting[0]), -ECANCELED);
    assert_where(&waiting[0].error, "rack", NULL, NULL, NULL);
    assert_string_equal(waiting[0].error.key, "\"a\"");
    wait_for_waiters(&depot, 1);
    assert_state(&depot, "rack b idle 0+0\n");
    assert_int_equal(discard_rack(&depot, "a", NULL), -ENOENT);
    assert_int_equal(on_rack(&depot, OP_RESOLVE, "a", NULL), 0); /* a new one of that name */
    gate_open(&gate, 2);
    assert_int_equal(task_join(&first), -ECANCELED);
    assert_where(&first.error, NULL, NULL, NULL, NULL);
    assert_int_equal(task_join(&other), 0);
    assert_int_equal(task_join(&waiting[1]), 0);
    assert_state(&depot, "rack b on 2+0\nrack a idle 0+0\n"); /* the new one is untouched */
    depot_stop(&depot);
}

static void its_reservations_end(void **unused)
{
    struct depot depot;
    uuid_t first, second, other;
    berth_error error;

    (void)unused;
    depot_start(&depot, NULL, NULL);
    assert_int_equal(reserve(&depot, "a", 1, first, NULL), 0);
    assert_int_equal(reserve(&depot, "b", 1, other, NULL), 0);
    assert_int_equal(reserve(&depot, "a", 2, second, NULL), 0);
    assert_int_equal(with(&depot, OP_OPEN, first, NULL), 0);
    depot_clear_log(&depot);
    assert_int_equal(discard_rack(&depot, "a", NULL), 0);
    assert_string_equal(depot.log, "");
    assert_int_equal(depot_reservations(&depot), 1);
    assert_int_equal(with(&depot, OP_LOOK, first, &error), -ENOENT);
    assert_where(&error, NULL, NULL, NULL, NULL);
    assert_int_equal(with(&depot, OP_CLOSE, second, NULL), -ENOENT);
    assert_int_equal(reserve(&depot, "a", 1, second, NULL), 0); /* a new one of that name */
    assert_int_equal(with(&depot, OP_CLOSE, first, NULL), -ENOENT);
    assert_int_equal(with(&depot, OP_CLOSE, other, NULL), 0);
    assert_int_equal(with(&depot, OP_CLOSE, second, NULL), 0);
    assert_state(&depot, "");
    depot_stop(&depot);
}

/* Only the instances that the reservation is about have ended, and the root is still there. */
static void a_reservation_of_an_ended_shelf_ends_too(void **unused)
{
    struct depot depot;
    uuid_t id;

    (void)unused;
    depot_start(&depot, NULL, NULL);
    assert_int_equal(reserve(&depot, "a", 1, id, NULL), 0);
    depot.outcome[SHELF_OPEN] = -EIO;
    assert_int_equal(on_path(&depot, OP_SHELF_CRASH, "a", 1, NULL), -EIO);
    assert_state(&depot, "rack a idle 1+0\n");
    assert_int_equal(depot_reservations(&depot), 1);
    assert_int_equal(discard_rack(&depot, "a", NULL), 0);
    assert_int_equal(depot_reservations(&depot), 0);
    depot_stop(&depot);
}

static int give_values(struct depot *depot, uint8_t hook, berth_call *call, const void *view,
                       void *out)
{
    (void)depot;
    (void)hook;
    (void)call;
    (void)view;
    ((rack_out *)out)->door = 7;
    return 0;
}

static int find_door(struct depot *depot, int32_t door)
{
    char label[21];
    const size_t size = sizeof label;
    void *const results[] = {label};
    const berth_request request = {.operation = OP_BY_DOOR,
                                   .by = &door,
                                   .results = results,
                                   .result_sizes = &size,
                                   .deadline = BERTH_NO_DEADLINE};

    return berth_manager_run(depot->manager, &request, NULL);
}

static void slots_and_values_are_free_and_counters_go_on(void **unused)
{
    struct depot depot;

    (void)unused;
    depot_start(&depot, NULL, NULL);
    assert_int_equal(place(&depot, "a", 0, 0, NULL), 0); /* label "0" */
    assert_int_equal(place(&depot, "b", 0, 0, NULL), -EBUSY);
    depot.hook = give_values;
    assert_int_equal(on_rack(&depot, OP_USE, "c", NULL), 0); /* label "1" */
    assert_int_equal(find_door(&depot, 7), 0);
    assert_int_equal(discard_rack(&depot, "c", NULL), 0);
    assert_int_equal(find_door(&depot, 7), -ENOENT);
    assert_int_equal(discard_rack(&depot, "a", NULL), 0);
    assert_int_equal(place(&depot, "b", 0, 0, NULL), 0); /* label "2" */
    assert_int_equal(by_label(&depot, "0", NULL), 0);    /* found nothing */
    assert_state(&depot, "rack b rest 0+0\n");
    assert_int_equal(by_label(&depot, "2", NULL), 0);
    depot_stop(&depot);
}

static void what_cannot_be_discarded(void **unused)
{
    const rack_config rack = {.name = "a", .u8 = 201};
    struct depot depot;
    berth_root named = {.operation = "discard_rack", .resource = RACK};
    berth_error error;

    (void)unused;
    depot_start(&depot, NULL, NULL);
    assert_int_equal(on_path(&depot, OP_ADD, "a", 1, NULL), -ENOENT);
    assert_int_equal(on_rack(&depot, OP_RESOLVE, "a", NULL), 0);
    assert_int_equal(discard_rack(&depot, "b", &error), -ENOENT);
    assert_int_equal(error.code, -ENOENT);
    assert_where(&error, "rack", NULL, NULL, NULL);
    assert_string_equal(error.key, "\"b\"");
    assert_string_equal(error.operation, "discard_rack");
    assert_int_equal(berth_manager_discard_root(depot.manager, &named, &error), -EINVAL);
    assert_int_equal(error.code, -EINVAL);
    assert_where(&error, "rack", NULL, NULL, NULL);
    assert_null(error.field);
    named.config = &rack;
    named.wrong = 3;
    assert_int_equal(berth_manager_discard_root(depot.manager, &named, &error), -EINVAL);
    assert_where(&error, "rack", NULL, NULL, NULL);
    assert_string_equal(error.field, "u8");
    assert_string_equal(error.key, "");
    named.wrong = 0;
    assert_int_equal(berth_manager_discard_root(NULL, &named, &error), -EINVAL);
    assert_int_equal(error.code, -EINVAL);
    assert_int_equal(berth_manager_discard_root(NULL, &named, NULL), -EINVAL);
    assert_state(&depot, "rack a idle 0+0\n");
    assert_int_equal(discard_rack(&depot, "a", &error), 0);
    assert_int_equal(error.code, 0);
    assert_null(error.manager);
    depot_stop(&depot);
}

static void from_a_trace(void *ctx, const berth_transition *transition)
{
    struct depot *depot = ctx;
    berth_error error;

    (void)transition;
    assert_int_equal(discard_rack(depot, "a", &error), -EDEADLK);
    assert_int_equal(error.code, -EDEADLK);
    assert_where(&error, "rack", NULL, NULL, NULL);
    depot->n_of[0]++;
}

static void a_callback_under_the_lock_cannot(void **unused)
{
    struct depot depot;

    (void)unused;
    depot_start(&depot, NULL, &(berth_config){.trace = from_a_trace, .trace_ctx = &depot});
    assert_int_equal(on_rack(&depot, OP_USE, "a", NULL), 0);
    assert_true(depot.n_of[0] > 0);
    assert_state(&depot, "rack a on 1+0\n");
    depot_stop(&depot);
}

/* Inside a hook: about its own root, and then again about the new one of the same name. */
static int discard_inside(struct depot *depot, uint8_t hook, berth_call *call, const void *view,
                          void *out)
{
    (void)hook;
    (void)view;
    (void)out;
    depot->hook = NULL;
    assert_int_equal(discard_rack(depot, "b", NULL), 0);
    assert_false(berth_call_cancelled(call));
    assert_int_equal(discard_rack(depot, "a", NULL), 0);
    assert_true(berth_call_cancelled(call));
    assert_int_equal(discard_rack(depot, "a", NULL), -ENOENT);
    assert_int_equal(on_rack(depot, OP_USE, "a", NULL), 0);
    return -EIO;
}

static void a_hook_discards_its_own_root_and_another(void **unused)
{
    struct depot depot;
    berth_error error;

    (void)unused;
    depot_start(&depot, NULL, NULL);
    assert_int_equal(on_rack(&depot, OP_RESOLVE, "b", NULL), 0);
    depot.hook = discard_inside;
    assert_int_equal(on_rack(&depot, OP_CRASH, "a", &error), -ECANCELED);
    assert_where(&error, NULL, NULL, NULL, NULL);
    assert_state(&depot, "rack a on 1+0\n");
    assert_string_equal(depot.log, "rack.open:a rack.open:a");
    depot_stop(&depot);
}

/* Drains */

static void racks_in_use(struct depot *depot, struct gate *gate, const char *names)
{
    depot_start_gated(depot, gate);
    depot->hook = NULL;
    for (; *names; names++)
        assert_int_equal(on_rack(depot, OP_USE, (const char[]){*names, '\0'}, NULL), 0);
    depot_clear_log(depot);
    depot->hook = gated;
}

static void a_drain_that_works_on_it_goes_on_with_the_next(void **unused)
{
    struct depot depot;
    struct gate gate;
    struct task drains;

    (void)unused;
    racks_in_use(&depot, &gate, "abc");
    gate_open(&gate, 2);
    task_start(&drains, &depot, 0, NULL);
    gate_wait(&gate, 3); /* b's eject */
    assert_int_equal(discard_rack(&depot, "b", NULL), 0);
    assert_state(&depot, "rack c on 1+0\n");
    gate_open(&gate, 3);
    assert_int_equal(task_join(&drains), -ECANCELED);
    assert_where(&drains.error, "rack", NULL, NULL, NULL);
    assert_string_equal(drains.error.key, "\"b\"");
    assert_string_equal(depot.log,
                        "rack.eject:a rack.close:a rack.eject:b rack.eject:c rack.close:c");
    assert_state(&depot, "");
    depot_stop(&depot);
}

static void a_drain_that_works_on_the_last_root_ends(void **unused)
{
    struct depot depot;
    struct gate gate;
    struct task drains;

    (void)unused;
    racks_in_use(&depot, &gate, "a");
    task_start(&drains, &depot, 0, NULL);
    gate_wait(&gate, 1);
    assert_int_equal(discard_rack(&depot, "a", NULL), 0);
    assert_int_equal(berth_manager_discard(depot.manager), 0); /* finds nothing more */
    gate_open(&gate, 1);
    assert_int_equal(task_join(&drains), -ECANCELED);
    assert_string_equal(depot.log, "rack.eject:a");
    depot_stop(&depot);
}

static void a_drain_that_waits_for_it_goes_on_with_the_next(void **unused)
{
    struct depot depot;
    struct gate gate;
    struct task first, drains;

    (void)unused;
    depot_start_held(&depot, &gate, &first); /* rack a */
    depot.hook = NULL;
    assert_int_equal(on_rack(&depot, OP_USE, "b", NULL), 0);
    task_start_waiting(&drains, &depot, 0, NULL, 1);
    assert_int_equal(discard_rack(&depot, "a", NULL), 0);
    assert_int_equal(task_join(&drains), -ECANCELED);
    assert_string_equal(drains.error.key, "\"a\"");
    assert_string_equal(depot.log, "rack.open:a rack.open:b rack.eject:b rack.close:b");
    gate_open(&gate, 1);
    assert_int_equal(task_join(&first), -ECANCELED);
    assert_state(&depot, "");
    depot_stop(&depot);
}

/* A call fails, and what it raises is under way. */
static int discard_in_the_second(struct depot *depot, uint8_t hook, berth_call *call,
                                 const void *view, void *out)
{
    (void)view;
    (void)out;
    if (hook == RACK_EJECT && depot->n_calls == 1)
        return -EIO;
    if (depot->n_calls == 2) {
        assert_int_equal(discard_rack(depot, "a", NULL), 0);
        assert_true(berth_call_cancelled(call));
        return 0;
    }
    assert_false(berth_call_cancelled(call)); /* of another root */
    return 0;
}

static void a_drain_whose_drop_has_failed_notes_the_discard(void **unused)
{
    struct depot depot;
    berth_error error;

    (void)unused;
    depot_start_changed(
        &depot,
        &(struct depot_change){.state = ON, .event = CLOSE, .fail = {.state = BAD, .raise = WIPE}});
    assert_int_equal(on_rack(&depot, OP_USE, "a", NULL), 0);
    assert_int_equal(on_rack(&depot, OP_USE, "b", NULL), 0);
    depot_clear_log(&depot);
    depot.n_calls = 0;
    depot.hook = discard_in_the_second;
    assert_int_equal(berth_manager_drain(depot.manager, BERTH_NO_DEADLINE, &error), -ECANCELED);
    assert_where(&error, "rack", NULL, NULL, NULL);
    assert_string_equal(error.key, "\"a\"");
    assert_string_equal(depot.log, "rack.eject:a rack.close:a rack.eject:b rack.close:b");
    assert_state(&depot, "");
    depot_stop(&depot);
}

/* The root was let go to a thread that waits for it and does not wake up. */
static void grant_to_a_sleeper(struct depot *depot, struct gate *gate, struct task *second,
                               uint8_t operation, const char *name)
{
    struct task first;

    depot_start_held(depot, gate, &first); /* rack a */
    depot->hook = NULL;
    assert_int_equal(on_rack(depot, OP_USE, "b", NULL), 0);
    task_start(second, depot, operation, name);
    wait_for_waiters(depot, 1);
    hold_up(second);
    gate_open(gate, 1);
    assert_int_equal(task_join(&first), 0);
}

static void a_caller_that_was_granted_it_and_sleeps(void **unused)
{
    struct depot depot;
    struct gate gate;
    struct task second;

    (void)unused;
    grant_to_a_sleeper(&depot, &gate, &second, OP_DROP, "0");
    assert_int_equal(discard_rack(&depot, "b", NULL), 0);
    assert_int_equal(discard_rack(&depot, "a", NULL), 0);
    assert_int_equal(release_it(&second), -ECANCELED);
    assert_string_equal(second.error.key, "\"a\"");
    assert_string_equal(depot.log, "rack.open:a rack.open:b");
    depot_stop(&depot);
}

static void a_drain_that_was_granted_it_and_sleeps(void **unused)
{
    struct depot depot;
    struct gate gate;
    struct task second;

    (void)unused;
    grant_to_a_sleeper(&depot, &gate, &second, 0, NULL);
    assert_int_equal(discard_rack(&depot, "a", NULL), 0);
    assert_int_equal(on_rack(&depot, OP_RESOLVE, "a", NULL), 0); /* is not its affair */
    assert_int_equal(release_it(&second), -ECANCELED);
    assert_string_equal(second.error.key, "\"a\"");
    assert_string_equal(depot.log, "rack.open:a rack.open:b rack.eject:b rack.close:b");
    assert_state(&depot, "rack a idle 0+0\n");
    depot_stop(&depot);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(its_callers_end_and_others_do_not),
        cmocka_unit_test(its_reservations_end),
        cmocka_unit_test(a_reservation_of_an_ended_shelf_ends_too),
        cmocka_unit_test(slots_and_values_are_free_and_counters_go_on),
        cmocka_unit_test(what_cannot_be_discarded),
        cmocka_unit_test(a_callback_under_the_lock_cannot),
        cmocka_unit_test(a_hook_discards_its_own_root_and_another),
        cmocka_unit_test(a_drain_that_works_on_it_goes_on_with_the_next),
        cmocka_unit_test(a_drain_that_works_on_the_last_root_ends),
        cmocka_unit_test(a_drain_that_waits_for_it_goes_on_with_the_next),
        cmocka_unit_test(a_drain_whose_drop_has_failed_notes_the_discard),
        cmocka_unit_test(a_caller_that_was_granted_it_and_sleeps),
        cmocka_unit_test(a_drain_that_was_granted_it_and_sleeps),
    };

    return cmocka_run_group_tests_name("waiting, a root discarded", tests, NULL, NULL);
}
