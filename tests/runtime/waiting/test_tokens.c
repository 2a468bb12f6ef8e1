/* Tokens of pending calls: who gets one, and what completes what. */
#include <errno.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>

#include "support/clock.h"
#include "support/threads.h"

#include "parcel.h"

static void a_wrong_outcome_leaves_the_call_open(void **unused)
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
        cmocka_unit_test(a_wrong_outcome_leaves_the_call_open),
        cmocka_unit_test(completed_after_discard),
        cmocka_unit_test(no_token_from_under_the_lock),
        cmocka_unit_test(many_pending_calls_and_no_token_twice),
    };

    return cmocka_run_group_tests_name("tokens", tests, NULL, NULL);
}
