/* Hooks that answer BERTH_PENDING, and who completes them. */
#include <errno.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>

#include "support/clock.h"
#include "support/threads.h"

/* What a hook leaves for whoever completes it. */
struct parcel {
    struct gate gate;
    berth_token token;
    berth_call *call;
    int early;  /* -1: no; else how often to complete before the hook returns */
    int answer; /* of the hook */
    int results[3];
    rack_out out;
    bool give_out;
    bool wants_to_know; /* when it is cancelled: counts in `told` */
};

static atomic_uint told;

static void count_told(void *ctx)
{
    assert_ptr_equal(ctx, &told);
    atomic_fetch_add(&told, 1);
}

static int hand_over(struct depot *depot, uint8_t hook, berth_call *call, const void *view,
                     void *out)
{
    struct parcel *parcel = depot->arg;

    (void)view;
    if (hook != RACK_OPEN)
        return 0;
    ((rack_out *)out)->watt = 11;
    parcel->call = call;
    parcel->token = berth_call_token(call);
    assert_true(parcel->token.id > 0);
    assert_int_equal(berth_call_token(call).id, parcel->token.id);
    assert_string_equal(berth_call_hook(call), "rack.open");
    assert_string_equal(berth_call_operation(call), "use");
    for (int i = 0; i < parcel->early; i++)
        parcel->results[i] =
            berth_complete(parcel->token, 0, parcel->give_out ? &parcel->out : NULL,
                           parcel->give_out ? sizeof parcel->out : 0);
    if (parcel->wants_to_know)
        assert_int_equal(berth_call_on_cancel(call, count_told, &told), 0);
    gate_pass(&parcel->gate);
    return parcel->answer;
}

static void start(struct depot *depot, struct parcel *parcel)
{
    memset(parcel, 0, sizeof *parcel);
    gate_init(&parcel->gate);
    parcel->answer = BERTH_PENDING;
    depot_start(depot, NULL, NULL);
    depot->hook = hand_over;
    depot->arg = parcel;
}

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
static void a_pending_hook_is_told_when_the_deadline_passes(void **unused)
{
    struct depot depot;
    struct parcel parcel;
    struct task task;
    int64_t deadline = berth_now() + 50000000;

    (void)unused;
    clock_shift(-HOUR);
    atomic_store(&told, 0);
    start(&depot, &parcel);
    parcel.wants_to_know = true;
    gate_open(&parcel.gate, 1);
    task_start_until(&task, &depot, OP_USE, "a", deadline);
    gate_wait(&parcel.gate, 1);
    while (atomic_load(&told) == 0)
        sched_yield();
    assert_true(berth_call_cancelled(parcel.call));
    clock_shift(0);
    assert_true(berth_now() >= deadline);
    assert_int_equal(berth_call_on_cancel(parcel.call, count_told, &told), -ECANCELED);
    assert_int_equal(berth_complete(parcel.token, -EIO, NULL, 0), 0);
    assert_int_equal(task_join(&task), -EIO); /* the hook's answer counts */
    assert_int_equal(atomic_load(&told), 1);
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

static void what_is_no_outcome_leaves_the_call_open(void **unused)
{
    static const int bad[] = {BERTH_PENDING, 2,        100,      INT32_MAX,
                              INT32_MIN,     -0x10000, -0x20000, -0x30000};
    struct depot depot;
    struct parcel parcel;
    struct task task;
    rack_out out = {.watt = 5};
    berth_token stranger = {NULL, 1};

    (void)unused;
    start(&depot, &parcel);
    gate_open(&parcel.gate, 1);
    task_start(&task, &depot, OP_USE, "a");
    gate_wait(&parcel.gate, 1);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(berth_complete(parcel.token, bad[i], NULL, 0), -EINVAL);
    assert_int_equal(berth_complete(parcel.token, 0, &out, sizeof out - 1), -EINVAL);
    assert_int_equal(berth_complete(parcel.token, 0, NULL, 1), -EINVAL);
    assert_int_equal(berth_complete(stranger, 0, NULL, 0), -EINVAL);
    stranger.manager = depot.manager;
    stranger.id = parcel.token.id + 1;
    assert_int_equal(berth_complete(stranger, 0, NULL, 0), -ENOENT);
    stranger.id = 0;
    assert_int_equal(berth_complete(stranger, 0, NULL, 0), -ENOENT);
    assert_int_equal(berth_complete(parcel.token, 0, &out, sizeof out), 0);
    assert_int_equal(task_join(&task), 0);
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
    task_start(&second, &depot, OP_USE, "a");
    wait_for_waiters(&depot, 1);
    assert_int_equal(berth_complete(parcel.token, 0, NULL, 0), 0);
    assert_int_equal(task_join(&first), 0);
    assert_int_equal(task_join(&second), 0);
    assert_state(&depot, "rack a on 2+0\nrack b idle 0+0\n");
    depot_stop(&depot);
}

static void completed_after_discard(void **unused)
{
    struct depot depot;
    struct parcel parcel;
    struct task task;

    (void)unused;
    start(&depot, &parcel);
    gate_open(&parcel.gate, 1);
    task_start(&task, &depot, OP_USE, "a");
    gate_wait(&parcel.gate, 1);
    assert_int_equal(berth_manager_discard(depot.manager), 0);
    assert_true(berth_call_cancelled(parcel.call));
    assert_int_equal(berth_manager_destroy(depot.manager, NULL), -EBUSY);
    assert_int_equal(berth_complete(parcel.token, 0, NULL, 0), 0);
    assert_int_equal(task_join(&task), -ECANCELED);
    assert_state(&depot, "");
    assert_int_equal(berth_complete(parcel.token, 0, NULL, 0), -ENOENT);
    depot_stop(&depot);
}

static int ask_for_token(void *arg, const berth_item *item)
{
    struct parcel *parcel = arg;

    (void)item;
    assert_int_equal(berth_call_token(parcel->call).id, 0); /* the manager is locked */
    return 0;
}

static void no_token_from_under_the_lock(void **unused)
{
    struct depot depot;
    struct parcel parcel;
    struct task task;

    (void)unused;
    start(&depot, &parcel);
    task_start(&task, &depot, OP_USE, "a");
    gate_wait(&parcel.gate, 1);
    assert_int_equal(berth_manager_for_each(depot.manager, ask_for_token, &parcel), 0);
    assert_int_equal(berth_call_token(parcel.call).id, parcel.token.id);
    gate_open(&parcel.gate, 1);
    assert_int_equal(berth_complete(parcel.token, 0, NULL, 0), 0);
    assert_int_equal(task_join(&task), 0);
    depot_stop(&depot);
}

enum { MANY = 40 };

struct many {
    pthread_mutex_t lock;
    berth_token tokens[MANY];
    unsigned n;
};

static int keep_token(struct depot *depot, uint8_t hook, berth_call *call, const void *view,
                      void *out)
{
    struct many *many = depot->arg;
    berth_token token = berth_call_token(call);

    (void)hook;
    (void)view;
    (void)out;
    pthread_mutex_lock(&many->lock);
    many->tokens[many->n++] = token;
    pthread_mutex_unlock(&many->lock);
    return BERTH_PENDING;
}

static void many_pending_calls_and_no_token_twice(void **unused)
{
    struct depot depot;
    struct many many = {.n = 0};
    struct task tasks[MANY];
    char names[MANY][8];
    bool all = false;

    (void)unused;
    depot_start_many(&depot, NULL);
    pthread_mutex_init(&many.lock, NULL);
    depot.hook = keep_token;
    depot.arg = &many;
    for (unsigned i = 0; i < MANY; i++) {
        names[i][0] = (char)('a' + i % 26);
        names[i][1] = (char)('a' + i / 26);
        names[i][2] = '\0';
        task_start(&tasks[i], &depot, OP_USE, names[i]);
    }
    while (!all) {
        pthread_mutex_lock(&many.lock);
        all = many.n == MANY;
        pthread_mutex_unlock(&many.lock);
    }
    for (unsigned i = 0; i < MANY; i++)
        for (unsigned j = 0; j < i; j++)
            assert_true(many.tokens[i].id != many.tokens[j].id);
    for (unsigned i = MANY; i-- > 0;) {
        while (berth_complete(many.tokens[i], i % 2 ? 0 : -EIO, NULL, 0) != 0)
            ;
    }
    for (unsigned i = 0; i < MANY; i++)
        (void)task_join(&tasks[i]);
    for (unsigned i = 0; i < MANY; i++)
        assert_int_equal(berth_complete(many.tokens[i], 0, NULL, 0), -ENOENT);
    depot_stop(&depot);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(completed_later_from_another_thread, clock_back),
        cmocka_unit_test_teardown(a_pending_hook_is_told_when_the_deadline_passes, clock_back),
        cmocka_unit_test(failed_and_uncertain_completions),
        cmocka_unit_test(completed_before_the_hook_returned),
        cmocka_unit_test(without_out_values_the_hooks_own_count),
        cmocka_unit_test(a_completion_of_a_call_that_is_not_pending_is_dropped),
        cmocka_unit_test(out_values_are_those_of_the_last_call),
        cmocka_unit_test(what_is_no_outcome_leaves_the_call_open),
        cmocka_unit_test(pending_calls_hold_up_their_root_only),
        cmocka_unit_test(completed_after_discard),
        cmocka_unit_test(no_token_from_under_the_lock),
        cmocka_unit_test(many_pending_calls_and_no_token_twice),
    };

    return cmocka_run_group_tests_name("pending", tests, NULL, NULL);
}
