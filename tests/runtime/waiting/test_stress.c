/*
 * Many threads on few roots, hooks that fail at will, and somebody who looks, drains and traces all
 * the while.
 */
#include <errno.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "support/threads.h"

enum { THREADS = 6, ROUNDS = 150, WAITERS = 64, WAITERS_ROUNDS = 20 };

struct stress {
    struct depot depot;
    /* by rack and hook's resource: how often it is open, from the backend's own view */
    atomic_int open[3][4];
    atomic_int inside[3]; /* hooks that run now */
    atomic_uint random;
    atomic_uint transitions;
    atomic_bool done;
    bool failing;
    unsigned rounds;
};

static unsigned next_random(struct stress *stress)
{
    unsigned x = atomic_fetch_add(&stress->random, 2654435761u);

    x ^= x >> 15;
    x *= 2246822519u;
    return x ^ (x >> 13);
}

static int rack_index(uint8_t hook, const void *view)
{
    const rack_view *rack = hook <= RACK_EJECT    ? view
                            : hook <= SHELF_EJECT ? ((const shelf_view *)view)->rack
                                                  : ((const book_view *)view)->shelf->rack;

    return rack->name[0] - 'a';
}

static int backend(struct depot *depot, uint8_t hook, berth_call *call, const void *view, void *out)
{
    struct stress *stress = depot->arg;
    int rack = rack_index(hook, view);
    unsigned fate = next_random(stress) % 20;

    (void)out;
    /* one operation at a time per root */
    assert_int_equal(atomic_fetch_add(&stress->inside[rack], 1), 0);
    if (fate % 3 == 0)
        sched_yield();
    atomic_fetch_sub(&stress->inside[rack], 1);
    if (stress->failing && fate == 0)
        return -EIO;
    if (hook == RACK_OPEN)
        atomic_fetch_add(&stress->open[rack][0], 1);
    if (hook == RACK_CLOSE)
        atomic_fetch_sub(&stress->open[rack][0], 1);
    if (fate == 1) {
        assert_int_equal(berth_complete(berth_call_token(call), 0, NULL, 0), 0);
        return BERTH_PENDING;
    }
    return 0;
}

static void *use_racks(void *arg)
{
    struct stress *stress = arg;
    struct depot *depot = &stress->depot;

    for (unsigned i = 0; i < stress->rounds; i++) {
        char rack[2] = {(char)('a' + next_random(stress) % 3), 0};
        uuid_t id;
        int rc = reserve(depot, rack, (uint16_t)(next_random(stress) % 2), id, NULL);

        if (rc == -EBUSY || rc == -ENOTRECOVERABLE || rc == -ENOSPC)
            continue;
        assert_int_equal(rc, 0);
        rc = with(depot, OP_OPEN, id, NULL);
        assert_true(rc == 0 || rc == -EIO || rc == -ENOTRECOVERABLE || rc == -EBUSY);
        if (next_random(stress) % 8 == 0)
            (void)with(depot, OP_CLOSE_BOOK, id, NULL);
        do
            rc = with(depot, OP_CLOSE, id, NULL);
        while (rc == -EIO);
        assert_int_equal(rc, 0);
    }
    return NULL;
}

static void *look(void *arg)
{
    struct stress *stress = arg;

    while (!atomic_load(&stress->done)) {
        (void)depot_state(&stress->depot);
        (void)depot_reservations(&stress->depot);
        (void)until(&stress->depot, OP_FIND_SHELF, "a", berth_now() + 100000, NULL);
        sched_yield();
    }
    return NULL;
}

static void count_transition(void *ctx, const berth_transition *transition)
{
    struct stress *stress = ctx;

    (void)transition;
    atomic_fetch_add(&stress->transitions, 1);
}

static void run(bool failing, bool trace, unsigned n, unsigned rounds)
{
    static struct stress stress;
    berth_config config = {.trace = trace ? count_transition : NULL, .trace_ctx = &stress};
    pthread_t threads[WAITERS], looker;

    memset(&stress, 0, sizeof stress);
    stress.failing = failing;
    stress.rounds = rounds;
    atomic_store(&stress.random, 12345);
    depot_start(&stress.depot, NULL, &config);
    stress.depot.hook = backend;
    stress.depot.arg = &stress;
    for (unsigned i = 0; i < n; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, use_racks, &stress), 0);
    assert_int_equal(pthread_create(&looker, NULL, look, &stress), 0);
    for (unsigned i = 0; i < n; i++)
        pthread_join(threads[i], NULL);
    atomic_store(&stress.done, true);
    pthread_join(looker, NULL);
    assert_state(&stress.depot, "");
    assert_int_equal(depot_reservations(&stress.depot), 0);
    for (int rack = 0; rack < 3; rack++)
        assert_int_equal(atomic_load(&stress.open[rack][0]), 0); /* what was opened was closed */
    assert_true((atomic_load(&stress.transitions) > 0) == trace);
    assert_int_equal(berth_manager_destroy(stress.depot.manager, NULL), 0);
    assert_int_equal(stress.depot.live_bytes, 0);
}

static void nothing_is_lost_when_all_goes_well(void **unused)
{
    (void)unused;
    run(false, false, THREADS, ROUNDS);
}

static void nothing_is_lost_when_hooks_fail(void **unused)
{
    (void)unused;
    run(true, true, THREADS, ROUNDS);
}

/* Far more threads than processors, most of them asleep or at the lock at any time. */
static void nothing_is_lost_among_many(void **unused)
{
    (void)unused;
    run(true, false, WAITERS, WAITERS_ROUNDS);
}

static void *crash_rack(void *arg)
{
    struct depot *depot = arg;

    for (unsigned i = 0; i < ROUNDS; i++) {
        int rc = on_rack(depot, OP_CRASH, "x", NULL);

        assert_true(rc == 0 || rc == -EIO || rc == -ECANCELED);
        if (rc == 0 && i % 3 == 0)
            assert_true(by_label(depot, "0", NULL) <= 0);
    }
    return NULL;
}

static int sometimes(struct depot *depot, uint8_t hook, berth_call *call, const void *view,
                     void *out)
{
    (void)call;
    (void)view;
    (void)out;
    sched_yield();
    return hook == RACK_OPEN && atomic_fetch_add((atomic_uint *)depot->arg, 1) % 2 ? -EIO : 0;
}

static void drain_and_discard_among_running_operations(void **unused)
{
    struct depot depot;
    atomic_uint calls = 0;
    pthread_t threads[THREADS];

    (void)unused;
    depot_start(&depot, NULL, NULL);
    depot.hook = sometimes;
    depot.arg = &calls;
    for (unsigned i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, crash_rack, &depot), 0);
    for (unsigned i = 0; i < 40; i++) {
        int rc = berth_manager_drain(depot.manager, berth_now() + 1000000, NULL);

        assert_true(rc == 0 || rc == -ETIMEDOUT || rc == -ECANCELED);
        if (i % 4 == 0)
            assert_int_equal(berth_manager_discard(depot.manager), 0);
        else if (i % 4 == 2)
            (void)discard_rack(&depot, "x", NULL);
        sched_yield();
    }
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(berth_manager_drain(depot.manager, BERTH_NO_DEADLINE, NULL), 0);
    assert_state(&depot, "");
    assert_int_equal(berth_manager_destroy(depot.manager, NULL), 0);
    assert_int_equal(depot.live_bytes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_lost_when_all_goes_well),
        cmocka_unit_test(nothing_is_lost_when_hooks_fail),
        cmocka_unit_test(nothing_is_lost_among_many),
        cmocka_unit_test(drain_and_discard_among_running_operations),
    };

    return cmocka_run_group_tests_name("stress", tests, NULL, NULL);
}
