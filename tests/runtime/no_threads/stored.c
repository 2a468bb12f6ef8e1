/*
 * A store that pends, in the runtime without threads: its only thread cannot wait. Built by
 * tests/runtime/test_no_threads.py.
 */
#include "stored/hall.h"

/* Memory that is freed is overwritten, so what the store still has must not be. */
static void *alloc(void *ctx, size_t size)
{
    (void)ctx;
    return malloc(size);
}

static void release(void *ctx, void *memory, size_t size)
{
    (void)ctx;
    if (memory)
        memset(memory, 0xdd, size);
    free(memory);
}

static const berth_allocator allocator = {alloc, release, NULL};

/* Answers nothing. What it has is made when it is closed, or when the test says so. */
struct pending_store {
    berth_store functions;
    berth_faulty_store *faulty;
    const berth_store_commit *commit; /* that is pending */
    bool pends;
};

static int pending_open(void *ctx, const berth_store_manager *manager,
                        int (*accept)(void *arg, const berth_store_manager *stored), void *arg,
                        berth_store_link link, int64_t deadline, berth_store_opened *opened)
{
    const struct pending_store *store = ctx;

    return store->faulty->functions.open(store->faulty, manager, accept, arg, link, deadline,
                                         opened);
}

static int pending_load(void *ctx,
                        int (*put)(void *arg, uint16_t table, const berth_store_value *values),
                        void *arg, int64_t deadline)
{
    const struct pending_store *store = ctx;

    return store->faulty->functions.load(store->faulty, put, arg, deadline);
}

static int pending_commit(void *ctx, const berth_store_commit *commit)
{
    struct pending_store *store = ctx;

    if (!store->pends)
        return store->faulty->functions.commit(store->faulty, commit);
    store->commit = commit;
    return BERTH_PENDING;
}

static void make_pending(struct pending_store *store)
{
    const berth_store_commit *commit = store->commit;

    store->commit = NULL;
    if (commit)
        assert_int_equal(store->faulty->functions.commit(store->faulty, commit), 0);
}

static void pending_close(void *ctx)
{
    struct pending_store *store = ctx;

    make_pending(store);
    store->faulty->functions.close(store->faulty);
}

static void open_pending(struct depot_of_halls *halls, struct pending_store *store)
{
    const berth_config config = {.allocator = &allocator};
    depository_backend backend = hall_backend(&halls->hall);

    *store = (struct pending_store){.functions = halls->store.functions, .faulty = &halls->store};
    store->functions.ctx = store;
    store->functions.open = pending_open;
    store->functions.load = pending_load;
    store->functions.commit = pending_commit;
    store->functions.close = pending_close;
    assert_int_equal(depository_destroy(halls->manager, NULL), 0);
    assert_int_equal(
        depository_open(NULL, &backend, &config, &store->functions, &halls->manager, NULL), 0);
}

static depository_op ops[3];
static int codes[3];

static void note_code(void *arg, int rc)
{
    *(int *)arg = rc;
}

/* Starts rents of c, d and e. The first one is sent alone, and the others together after it. */
static void start_rents(struct depot_of_halls *halls, struct pending_store *store)
{
    static uuid_t ids[3];
    const depository_drawer_config drawer = {.index = 1};

    for (unsigned i = 0; i < 3; i++) {
        const depository_box_config box = box_named((char[]){(char)('c' + i), '\0'});

        memset(ids[i], 0, sizeof ids[i]);
        assert_int_equal(depository_rent_start(halls->manager, &ops[i], &box, &drawer, ids[i],
                                               "bob", BERTH_NO_DEADLINE, NULL, note_code,
                                               &codes[i]),
                         0);
    }
    make_pending(store);
    assert_int_equal(berth_store_committed(halls->store.link, 2, 0), 0);
    assert_int_equal(codes[0], 0);
}

/* What cannot wait for its commit: a rent, the discard of a root, a rent behind a group. */
enum what { RENT, DISCARD, GROUP };

/* Its commit is answered later, or made when the store is closed. */
static void wait_for_pending(enum what what, bool answers)
{
    struct depot_of_halls halls;
    struct pending_store store;
    const depository_box_config box = box_named("a");
    uuid_t a = {0};
    uint64_t sequence;

    halls_start(&halls);
    open_pending(&halls, &store);
    assert_int_equal(rent(&halls, "a", 1, a, "ann"), 0);
    store.pends = true;
    if (what == GROUP)
        start_rents(&halls, &store);
    if (what == DISCARD)
        assert_int_equal(depository_discard_box(halls.manager, &box, NULL), -EOWNERDEAD);
    else
        assert_int_equal(rent(&halls, "b", 1, (uuid_t){0}, "bob"), -EOWNERDEAD);
    if (what == GROUP)
        assert_int_equal(codes[1] == -EOWNERDEAD && codes[2] == -EOWNERDEAD, true);
    memset(ops, 0xdd, sizeof ops);
    assert_int_equal(use(&halls, a), -EOWNERDEAD);
    assert_int_equal(halls.hall.n_calls, 0);
    sequence = store.commit->sequence;
    if (answers) {
        make_pending(&store);
        assert_int_equal(berth_store_committed(halls.store.link, sequence, 0), 0);
        assert_int_equal(berth_store_committed(halls.store.link, sequence, 0), -ENOENT);
    }
    assert_int_equal(depository_destroy(halls.manager, NULL), 0);
    assert_int_equal(halls_open(&halls), 0);
    assert_int_equal(!strstr(halls_state(&halls), "box a"), what == DISCARD);
    assert_int_equal(!strstr(halls_state(&halls), "box b"), what != RENT);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(
            !strstr(halls_state(&halls), (char[]){'b', 'o', 'x', ' ', (char)('c' + i), '\0'}),
            what != GROUP);
    halls_stop(&halls);
}

static void pending_commits(void **unused)
{
    (void)unused;
    for (enum what what = RENT; what <= GROUP; what++) {
        wait_for_pending(what, false);
        wait_for_pending(what, true);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(pending_commits)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
