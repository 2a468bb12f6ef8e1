/* Hooks that answer BERTH_PENDING, and who completes them. */
#include <errno.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>

#include "support/clock.h"
#include "support/threads.h"

#include "parcel.h"

static uint32_t watt_of(struct depot *depot, const char *rack)
{
    uint32_t watt = 0;
    void *results[] = {NULL, NULL, &watt};
    const size_t sizes[3] = {0};
    struct path path;
    berth_request request = {.operation = OP_RESOLVE,
                             .config = depot_path(&path, rack, 0)->config,
                             .results = results,
                             .result_sizes = sizes,
                             .deadline = BERTH_NO_DEADLINE};

    assert_int_equal(berth_manager_run(depot->manager, &request, NULL), 0);
    return watt;
}

static void completed_later_from_another_thread(void **unused)
{
    struct depot depot;
    struct parcel parcel;
    struct task task;
    rack_out out = {.watt = 99};

    (void)unused;
    start(&depot, &parcel);
    task_start_until(&task, &depot, OP_USE, "a", berth_now() + HOUR);
    gate_wait(&parcel.gate, 1);
    assert_true(berth_call_deadline(parcel.call) <= berth_now() + HOUR);
    assert_false(berth_call_cancelled(parcel.call));
    gate_open(&parcel.gate, 1);
    clock_shift(HOUR);
    assert_true(berth_call_cancelled(parcel.call)); /* the operation goes on all the same */
    assert_int_equal(berth_complete(parcel.token, 0, &out, sizeof out), 0);
    assert_int_equal(task_join(&task), 0);
    assert_state(&depot, "rack a on 1+0\n");
    assert_int_equal(watt_of(&depot, "a"), 99);
    assert_int_equal(berth_complete(parcel.token, 0, &out, sizeof out), -ENOENT);
    depot_stop(&depot);
}

/*
 * Its thread sleeps until then, by the machine's clock; nobody polls. To its hook it is not late:
 * threads start slowly on a busy machine.
 */
static void a_pending_hook_is_notified_when_the_deadline_passes(void **unused)
{
    struct depot depot;
    struct parcel parcel;
    struct task task;
    int64_t deadline = berth_now() + 50000000;

    (void)unused;
    clock_shift(-HOUR);
    atomic_store(&notified, 0);
    start(&depot, &parcel);
    parcel.wants_to_know = true;
    gate_open(&parcel.gate, 1);
    task_start_until(&task, &depot, OP_USE, "a", deadline);
    gate_wait(&parcel.gate, 1);
    while (atomic_load(&notified) == 0)
        sched_yield();
    assert_true(berth_call_cancelled(parcel.call));
    clock_shift(0);
    assert_true(berth_now() >= deadline);
    assert_int_equal(berth_call_on_cancel(parcel.call, count_notified, &notified), -ECANCELED);
    assert_int_equal(berth_complete(parcel.token, -EIO, NULL, 0), 0);
    assert_int_equal(task_join(&task), -EIO); /* the hook's answer counts */
    assert_int_equal(atomic_load(&notified), 1);
    depot_stop(&depot);
}

static void failed_and_uncertain_completions(void **unused)
{
    static const struct {
        int result, rc;
        const char *state;
    } cases[] = {{-EIO, -EIO, "rack a bad 0+0\n"},
                 {BERTH_UNCERTAIN(-ETIMEDOUT), -ETIMEDOUT, "rack a odd 0+0\n"}};

    (void)unused;
    for (size_t i = 0; i < 2; i++) {
        struct depot depot;
        struct parcel parcel;
        struct task task;

        start(&depot, &parcel);
        gate_open(&parcel.gate, 1);
        task_start(&task, &depot, OP_USE, "a");
        gate_wait(&parcel.gate, 1);
        assert_int_equal(berth_complete(parcel.token, cases[i].result, NULL, 0), 0);
        assert_int_equal(task_join(&task), cases[i].rc);
        assert_where(&task.error, "rack", "idle", "open", "rack.open");
        assert_state(&depot, cases[i].state);
        depot_stop(&depot);
    }
}

static void completed_before_the_hook_returned(void **unused)
{
    struct depot depot;
    struct parcel parcel;

    (void)unused;
    start(&depot, &parcel);
    gate_open(&parcel.gate, 1);
    parcel.early = 2;
    parcel.give_out = true;
    parcel.out.watt = 77;
    assert_int_equal(on_rack(&depot, OP_USE, "a", NULL), 0);
    assert_int_equal(parcel.results[0], 0);
    assert_int_equal(parcel.results[1], -ENOENT);
    assert_int_equal(watt_of(&depot, "a"), 77);
    depot_stop(&depot);
}

static void without_out_values_the_hooks_own_count(void **unused)
{
    struct depot depot;
    struct parcel parcel;

    (void)unused;
    start(&depot, &parcel);
    gate_open(&parcel.gate, 1);
    parcel.early = 1;
    assert_int_equal(on_rack(&depot, OP_USE, "a", NULL), 0);
    assert_int_equal(watt_of(&depot, "a"), 11);
    depot_stop(&depot);
}

static void a_completion_of_a_call_that_is_not_pending_is_dropped(void **unused)
{
    struct depot depot;
    struct parcel parcel;

    (void)unused;
    start(&depot, &parcel);
    gate_open(&parcel.gate, 2);
    parcel.early = 1;
    parcel.give_out = true;
    parcel.out.watt = 77;
    parcel.answer = 0;
    assert_int_equal(on_rack(&depot, OP_USE, "a", NULL), 0);
    assert_int_equal(parcel.results[0], 0);
    assert_int_equal(watt_of(&depot, "a"), 11);
    parcel.early = 0;
    assert_int_equal(on_rack(&depot, OP_USE, "b", NULL), 0);
    /* answered by the hook itself */
    assert_int_equal(berth_complete(parcel.token, -EIO, NULL, 0), -ENOENT);
    assert_state(&depot, "rack a on 1+0\nrack b on 1+0\n");
    depot_stop(&depot);
}

/* The first call is completed with out-values of its own, the second without any. */
static int once_completed(struct depot *depot, uint8_t hook, berth_call *call, const void *view,
                          void *out)
{
    static const rack_out given = {.watt = 5};

    (void)view;
    assert_int_equal(hook, RACK_OPEN);
    ((rack_out *)out)->watt = 6;
    assert_int_equal(depot->n_of[RACK_OPEN] == 1
                         ? berth_complete(berth_call_token(call), 0, &given, sizeof given)
                         : berth_complete(berth_call_token(call), 0, NULL, 0),
                     0);
    return BERTH_PENDING;
}

static void out_values_are_those_of_the_last_call(void **unused)
{
    struct depot depot;

    (void)unused;
    depot_start_changed(&depot, &(struct depot_change){.state = IDLE,
                                                       .event = CRASH,
                                                       .ok = {.state = IDLE, .raise = OPEN}});
    depot.hook = once_completed;
    assert_int_equal(on_rack(&depot, OP_CRASH, "a", NULL), 0);
    assert_int_equal(depot.n_of[RACK_OPEN], 2);
    assert_int_equal(watt_of(&depot, "a"), 6);
    depot_stop(&depot);
}

static void pending_calls_hold_up_their_root_only(void **unused)
{
    struct depot depot;
    struct parcel parcel;
    struct task first, second;

    (void)unused;
    start(&depot, &parcel);
    gate_open(&parcel.gate, 1);
    task_start(&first, &depot, OP_USE, "a");
    gate_wait(&parcel.gate, 1);
    assert_int_equal(on_rack(&depot, OP_RESOLVE, "b", NULL), 0);
    task_start_waiting(&second, &depot, OP_USE, "a", 1);
    assert_int_equal(berth_complete(parcel.token, 0, NULL, 0), 0);
    assert_int_equal(task_join(&first), 0);
    assert_int_equal(task_join(&second), 0);
    assert_state(&depot, "rack a on 2+0\nrack b idle 0+0\n");
    depot_stop(&depot);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(completed_later_from_another_thread, clock_back),
        cmocka_unit_test_teardown(a_pending_hook_is_notified_when_the_deadline_passes, clock_back),
        cmocka_unit_test(failed_and_uncertain_completions),
        cmocka_unit_test(completed_before_the_hook_returned),
        cmocka_unit_test(without_out_values_the_hooks_own_count),
        cmocka_unit_test(a_completion_of_a_call_that_is_not_pending_is_dropped),
        cmocka_unit_test(out_values_are_those_of_the_last_call),
        cmocka_unit_test(pending_calls_hold_up_their_root_only),
    };

    return cmocka_run_group_tests_name("pending", tests, NULL, NULL);
}
