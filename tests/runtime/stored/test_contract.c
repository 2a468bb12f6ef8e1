/* What a store may do and answer at any time, and what becomes of the manager then. */
#include "hall.h"

/* Opens the depository again with other functions, which get the faulty store as `ctx`. */
static int open_with(struct depot_of_halls *halls, const berth_store *store)
{
    depository_backend backend = hall_backend(&halls->hall);

    assert_int_equal(depository_destroy(halls->manager, NULL), 0);
    return depository_open(NULL, &backend, NULL, store, &halls->manager, &halls->error);
}

/* After an open that has failed. */
static void open_and_stop(struct depot_of_halls *halls)
{
    assert_null(halls->manager);
    assert_int_equal(halls_open(halls), 0);
    halls_stop(halls);
}

/* Lost while it loads */

static int load_and_lose(void *ctx,
                         int (*put)(void *arg, uint16_t table, const berth_store_value *values),
                         void *arg, int64_t deadline)
{
    const berth_faulty_store *store = ctx;
    int rc = store->inner->load(store->inner->ctx, put, arg, deadline);

    assert_int_equal(berth_store_lost(store->link), 0);
    return rc;
}

static void lost_while_it_loads(void **unused)
{
    struct depot_of_halls halls;
    berth_store store;
    uuid_t a = {0};

    (void)unused;
    halls_start(&halls);
    assert_int_equal(rent(&halls, "a", 1, a, "ann"), 0);
    assert_int_equal(berth_store_lost(halls.store.link), 0);
    store = halls.store.functions;
    store.load = load_and_lose;
    assert_int_equal(open_with(&halls, &store), -ESTALE);
    open_and_stop(&halls);
}

/* Handed over */

static void discards_after_a_save(void **unused)
{
    struct depot_of_halls halls;
    const depository_box_config box = box_named("a");
    uuid_t a = {0};

    (void)unused;
    halls_start(&halls);
    assert_int_equal(rent(&halls, "a", 1, a, "ann"), 0);
    assert_int_equal(use(&halls, a), 0);
    assert_int_equal(depository_save(halls.manager, NULL, &halls.error), 0);
    assert_int_equal(depository_discard(halls.manager), -ECANCELED);
    assert_int_equal(depository_discard_box(halls.manager, &box, &halls.error), -ECANCELED);
    assert_int_equal(berth_memory_store_count(halls.memory, "box"), 1);
    halls_reopen(&halls);
    assert_int_equal(give_back(&halls, a), 0);
    halls_stop(&halls);
}

struct inside {
    struct depot_of_halls *halls;
    bool discards; /* its own root first */
    int code;
};

static int save_inside(struct hall *hall, berth_call *call, const char *what)
{
    const depository_box_config box = box_named("a");
    struct inside *inside = hall->arg;

    (void)call;
    (void)what;
    if (inside->discards)
        assert_int_equal(depository_discard_box(inside->halls->manager, &box, NULL), 0);
    inside->code = depository_save(inside->halls->manager, NULL, NULL);
    return 0;
}

/* The save would wait for the call that it is in. */
static void save_in_a_hook(void **unused)
{
    (void)unused;
    for (unsigned discards = 0; discards < 2; discards++) {
        struct depot_of_halls halls;
        struct inside inside = {&halls, discards, 0};
        uuid_t a = {0};

        halls_start(&halls);
        assert_int_equal(rent(&halls, "a", 1, a, "ann"), 0);
        halls.hall.during = save_inside;
        halls.hall.arg = &inside;
        assert_int_equal(use(&halls, a), discards ? -ECANCELED : 0);
        assert_int_equal(inside.code, -EDEADLK);
        if (!discards)
            assert_int_equal(drain(&halls), 0);
        assert_int_equal(inside.code, -EDEADLK);
        halls.hall.during = NULL;
        assert_int_equal(depository_save(halls.manager, NULL, NULL), 0);
        halls_reopen(&halls);
        hall_set(&halls.hall, "box a", false);
        halls_stop(&halls);
    }
}

static int settle_and_save(void *ctx, uint64_t epoch)
{
    struct inside *inside = ((struct hall *)ctx)->arg;

    (void)epoch;
    inside->code = depository_save(inside->halls->manager, NULL, NULL);
    return 0;
}

static void save_in_settle(void **unused)
{
    struct depot_of_halls halls;
    struct inside inside = {&halls, false, 0};
    depository_backend backend;

    (void)unused;
    halls_start(&halls);
    assert_int_equal(depository_destroy(halls.manager, NULL), 0);
    backend = hall_backend(&halls.hall);
    backend.hall.settle = settle_and_save;
    halls.hall.arg = &inside;
    assert_int_equal(
        depository_open(NULL, &backend, NULL, &halls.store.functions, &halls.manager, &halls.error),
        0);
    assert_int_equal(halls_recover(&halls), 0);
    assert_int_equal(inside.code, -EDEADLK);
    halls_reopen(&halls);
    halls_stop(&halls);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lost_while_it_loads),
        cmocka_unit_test(discards_after_a_save),
        cmocka_unit_test(save_in_a_hook),
        cmocka_unit_test(save_in_settle),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
