/* Stores with limits; discards that their store refuses, or that other operations wait for. */
#include <stdatomic.h>

#include "hall.h"
#include "support/clock.h"

/* A store that says what a commit may have, and checks it. */
struct limited_store {
    berth_store functions;
    berth_faulty_store *faulty;
    uint32_t max_rows;
    uint64_t max_bytes;
    atomic_uint n_commits;
    atomic_bool holds; /* commits wait until this is false */
    bool loses;        /* it is lost while it makes the next commit */
};

static berth_store_table tables[16]; /* of the last opening */

static int limited_open(void *ctx, const berth_store_manager *manager,
                        int (*accept)(void *arg, const berth_store_manager *stored), void *arg,
                        berth_store_link link, int64_t deadline, berth_store_opened *opened)
{
    struct limited_store *store = ctx;
    int rc =
        store->faulty->functions.open(store->faulty, manager, accept, arg, link, deadline, opened);

    opened->max_rows = store->max_rows;
    opened->max_bytes = store->max_bytes;
    memcpy(tables, manager->tables, manager->n_tables * sizeof *tables);
    return rc;
}

static int limited_load(void *ctx,
                        int (*put)(void *arg, uint16_t table, const berth_store_value *values),
                        void *arg, int64_t deadline)
{
    const struct limited_store *store = ctx;

    return store->faulty->functions.load(store->faulty, put, arg, deadline);
}

static int limited_commit(void *ctx, const berth_store_commit *commit)
{
    struct limited_store *store = ctx;
    uint64_t bytes = 0;

    atomic_fetch_add(&store->n_commits, 1);
    while (atomic_load(&store->holds))
        pause_shortly();
    pause_shortly();
    if (store->loses)
        assert_int_equal(berth_store_lost(store->faulty->link), 0);
    for (uint32_t i = 0; i < commit->n_changes; i++)
        if (!commit->changes[i].deleted)
            bytes += berth_store_size(&tables[commit->changes[i].table], commit->changes[i].values);
    if (store->max_rows > 0)
        assert_in_range(commit->n_changes, 0, store->max_rows);
    if (store->max_bytes > 0)
        assert_in_range(bytes, 0, store->max_bytes);
    return store->faulty->functions.commit(store->faulty, commit);
}

static void limited_close(void *ctx)
{
    const struct limited_store *store = ctx;

    store->faulty->functions.close(store->faulty);
}

/* Opens the depository again with a store that has limits. */
static void open_limited(struct depot_of_halls *halls, struct limited_store *store,
                         uint32_t max_rows, uint64_t max_bytes)
{
    assert_int_equal(depository_destroy(halls->manager, NULL), 0);
    halls->store.dead = false;
    halls->store.at = 0;
    *store = (struct limited_store){.functions = halls->store.functions,
                                    .faulty = &halls->store,
                                    .max_rows = max_rows,
                                    .max_bytes = max_bytes};
    store->functions.ctx = store;
    store->functions.open = limited_open;
    store->functions.load = limited_load;
    store->functions.commit = limited_commit;
    store->functions.close = limited_close;
    assert_int_equal(halls_open_unsettled(halls, NULL, &store->functions), 0);
}

static void close_limited(struct depot_of_halls *halls)
{
    assert_int_equal(berth_store_lost(halls->store.link), 0);
    assert_int_equal(depository_destroy(halls->manager, NULL), 0);
    assert_int_equal(halls_open(halls), 0);
}

/* What follows from intents */

enum { DEEP = 4 };

struct nest {
    struct depot_of_halls *halls;
    uuid_t ids[DEEP];
    unsigned depth;
};

/* Each hook uses the next box, and the store is lost in the last one: each root has an intent. */
static int nest_uses(struct hall *hall, berth_call *call, const char *what)
{
    struct nest *nest = hall->arg;

    (void)call;
    (void)what;
    if (++nest->depth == DEEP)
        assert_int_equal(berth_store_lost(nest->halls->store.link), 0);
    else
        assert_int_equal(use(nest->halls, nest->ids[nest->depth]), -ESTALE);
    return 0;
}

static void leave_intents(struct depot_of_halls *halls)
{
    struct nest nest = {.halls = halls};

    halls_start(halls);
    for (unsigned i = 0; i < DEEP; i++)
        assert_int_equal(rent(halls, (char[]){(char)('a' + i), '\0'}, 1, nest.ids[i], "ann"), 0);
    halls->hall.during = nest_uses;
    halls->hall.arg = &nest;
    assert_int_equal(use(halls, nest.ids[0]), -ESTALE);
    halls->hall.during = NULL;
}

/* They go before the first commit, in parts, when both together do not fit. */
static void leftover_in_parts(void **unused)
{
    (void)unused;
    for (unsigned how = 0; how < 4; how++) {
        struct depot_of_halls halls;
        struct limited_store store;
        char before[STATE_SIZE];
        uuid_t id = {0};

        leave_intents(&halls);
        assert_int_equal(berth_memory_store_count(halls.memory, "_intents"), DEEP);
        open_limited(&halls, &store, how & 1 ? 0 : 6, how & 1 ? 405 : 0);
        halls.store.pends = how & 2;
        strcpy(before, halls_state(&halls));
        halls.store.n_commits = 0;
        halls.store.at = 2;
        halls.store.fault = BERTH_FAULT_REFUSE;
        assert_int_equal(rent(&halls, "e", 1, id, "bob"), -EIO);
        assert_string_equal(halls_state(&halls), before);
        assert_in_range(berth_memory_store_count(halls.memory, "_intents"), 1, DEEP - 1);
        assert_int_equal(rent(&halls, "e", 1, id, "bob"), 0);
        assert_int_equal(berth_memory_store_count(halls.memory, "_intents"), 0);
        assert_in_range(halls.store.n_commits, 4, DEEP + 2);
        strcpy(before, halls_state(&halls));
        halls.store.pends = false;
        close_limited(&halls);
        assert_string_equal(halls_state(&halls), before);
        halls_stop(&halls);
    }
}

static void lost_before_what_waits(void **unused)
{
    struct depot_of_halls halls;
    struct limited_store store;
    char before[STATE_SIZE];

    (void)unused;
    leave_intents(&halls);
    open_limited(&halls, &store, 6, 0);
    strcpy(before, halls_state(&halls));
    store.loses = true;
    assert_int_equal(rent(&halls, "e", 1, (uuid_t){0}, "bob"), -ESTALE);
    assert_int_equal(atomic_load(&store.n_commits), 1);
    close_limited(&halls);
    assert_string_equal(halls_state(&halls), before);
    halls_stop(&halls);
}

/* Groups */

enum { THREADS = 8, ROUNDS = 10 };

struct caller {
    pthread_t thread;
    depository *manager;
    unsigned number;
    int rc;
};

static void *call_often(void *arg)
{
    struct caller *caller = arg;
    depository_box_config box = box_named((char[]){(char)('a' + caller->number % 6), '\0'});
    depository_drawer_config drawer = {.index = (uint16_t)caller->number};

    for (unsigned i = 0; i < ROUNDS && caller->rc == 0; i++) {
        uuid_t id = {0};

        caller->rc = depository_rent(caller->manager, &box, &drawer, id, "ann", NULL);
        if (caller->rc == 0)
            caller->rc = depository_give_back(caller->manager, id, NULL);
    }
    return NULL;
}

/* The store checks each group. */
static void groups_keep_to_bytes(void **unused)
{
    struct depot_of_halls halls;
    struct limited_store store;
    struct caller callers[THREADS] = {0};

    (void)unused;
    halls_start(&halls);
    open_limited(&halls, &store, 0, 1200);
    for (unsigned i = 0; i < THREADS; i++) {
        callers[i].manager = halls.manager;
        callers[i].number = i;
        assert_int_equal(pthread_create(&callers[i].thread, NULL, call_often, &callers[i]), 0);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        pthread_join(callers[i].thread, NULL);
        assert_int_equal(callers[i].rc, 0);
    }
    close_limited(&halls);
    halls_stop(&halls);
}

/* The threads share a reservation: who finds it in a commit waits for that, without the lock. */
static void *share_one(void *arg)
{
    struct caller *caller = arg;
    depository_box_config box = box_named("a");
    depository_drawer_config drawer = {.index = 1};

    for (unsigned i = 0; i < 4 * ROUNDS; i++) {
        uuid_t id = {7};
        int rc = depository_rent(caller->manager, &box, &drawer, id, "ann", NULL);

        assert_true(rc == 0 || rc == -EEXIST);
        memset(id, 0, sizeof id);
        id[0] = 7;
        rc = depository_give_back(caller->manager, id, NULL);
        assert_true(rc == 0 || rc == -ENOENT);
    }
    return NULL;
}

static void threads_share_a_reservation(void **unused)
{
    struct depot_of_halls halls;
    struct limited_store store;
    struct caller callers[THREADS] = {0};

    (void)unused;
    halls_start(&halls);
    open_limited(&halls, &store, 0, 0);
    for (unsigned i = 0; i < THREADS; i++) {
        callers[i].manager = halls.manager;
        callers[i].number = 1 + i % 5;
        assert_int_equal(
            pthread_create(&callers[i].thread, NULL, i % 2 ? call_often : share_one, &callers[i]),
            0);
    }
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(callers[i].thread, NULL);
    close_limited(&halls);
    halls_stop(&halls);
}

/* Discards */

static void discards_that_are_refused(void **unused)
{
    struct depot_of_halls halls;
    const depository_box_config box = box_named("a");
    char before[STATE_SIZE];
    uuid_t a = {0};

    (void)unused;
    halls_start(&halls);
    assert_int_equal(rent(&halls, "a", 1, a, "ann"), 0);
    assert_int_equal(use(&halls, a), 0);
    strcpy(before, halls_state(&halls));
    halls.store.at = halls.store.n_commits + 1;
    halls.store.fault = BERTH_FAULT_REFUSE;
    halls.store.error = -ENOSPC;
    assert_int_equal(depository_discard_box(halls.manager, &box, &halls.error), -ENOSPC);
    assert_string_equal(halls.error.operation, "discard_box");
    assert_string_equal(halls_state(&halls), before);
    halls.store.at = halls.store.n_commits + 1;
    assert_int_equal(depository_discard(halls.manager), -ENOSPC);
    assert_string_equal(halls_state(&halls), before);
    assert_int_equal(use(&halls, a), 0);
    assert_int_equal(depository_discard_box(halls.manager, &box, &halls.error), 0);
    assert_string_equal(halls_state(&halls), "");
    assert_int_equal(use(&halls, a), -ENOENT);
    assert_int_equal(drain(&halls), 0);
    hall_set(&halls.hall, "box a", false);
    hall_set(&halls.hall, "drawer a/1", false);
    halls_stop(&halls);
}

static void a_discard_that_does_not_fit(void **unused)
{
    struct depot_of_halls halls;
    struct limited_store store;
    const depository_box_config box = box_named("a");
    char before[STATE_SIZE];

    (void)unused;
    halls_start(&halls);
    open_limited(&halls, &store, 6, 0);
    for (uint16_t i = 1; i < 4; i++)
        assert_int_equal(rent(&halls, "a", i, (uuid_t){0}, "ann"), 0);
    strcpy(before, halls_state(&halls));
    assert_int_equal(depository_discard_box(halls.manager, &box, &halls.error), -E2BIG);
    assert_string_equal(halls_state(&halls), before);
    assert_int_equal(depository_discard(halls.manager), 0);
    assert_string_equal(halls_state(&halls), "");
    close_limited(&halls);
    assert_string_equal(halls_state(&halls), "");
    halls_stop(&halls);
}

/* Limits are met before the first call */

/* Nothing has happened if a call gives E2BIG, and nothing else goes wrong. */
static int check_limit(struct depot_of_halls *halls, int rc, const char *before, unsigned n_calls)
{
    if (rc == 0)
        return 0;
    assert_int_equal(rc, -E2BIG);
    assert_string_equal(halls_state(halls), before);
    assert_int_equal(halls->hall.n_calls, n_calls);
    return rc;
}

static int scrap(struct depot_of_halls *halls, const char *name)
{
    const depository_box_config box = box_named(name);

    return depository_scrap(halls->manager, &box, &halls->error);
}

/* A drain voids reservations of a drawer; a box ends with its drawers; one with its references. */
enum many { MANY_RESERVATIONS, MANY_DRAWERS, MANY_REFERENCES, ALL_MANY };
enum { N_MANY = 12 };

static void make_many(struct depot_of_halls *halls, enum many many, uuid_t ids[N_MANY],
                      char number[DEPOSITORY_BOX_NUMBER_SIZE])
{
    char owner[16] = "ann";

    memset(ids, 0, N_MANY * sizeof *ids);
    for (unsigned i = 0; i < N_MANY; i++) {
        if (many == MANY_REFERENCES) {
            (void)snprintf(owner, sizeof owner, "owner %u", i);
            halls->hall.fail_at = halls->hall.n_calls + 1; /* the box stays fresh */
            halls->hall.outcome = -EIO;
            assert_int_equal(add(halls, "a", owner, number), -EIO);
            strcpy(number, "7");
        } else {
            assert_int_equal(
                rent(halls, "a", (uint16_t)(many == MANY_DRAWERS ? i : 1), ids[i], owner), 0);
        }
    }
    if (many == MANY_RESERVATIONS)
        assert_int_equal(use(halls, ids[0]), 0);
}

static void limits_are_met_before_a_call(void **unused)
{
    (void)unused;
    for (enum many many = 0; many < ALL_MANY; many++) {
        struct depot_of_halls halls;
        struct limited_store store;
        char before[STATE_SIZE], owner[16], number[DEPOSITORY_BOX_NUMBER_SIZE];
        uuid_t ids[N_MANY];
        unsigned left = N_MANY;
        int rc;

        halls_start(&halls);
        open_limited(&halls, &store, 14, 0);
        make_many(&halls, many, ids, number);
        for (;;) {
            unsigned n_calls = halls.hall.n_calls;

            strcpy(before, halls_state(&halls));
            rc = many == MANY_RESERVATIONS ? drain(&halls) : scrap(&halls, "a");
            if (many == MANY_RESERVATIONS && rc == -E2BIG) /* it goes on with other instances */
                assert_int_equal(berth_memory_store_count(halls.memory, "_reservations"), left);
            else if (check_limit(&halls, rc, before, n_calls) == 0)
                break;
            assert_int_not_equal(left--, 1);
            (void)snprintf(owner, sizeof owner, "owner %u", left);
            assert_int_equal(many == MANY_REFERENCES ? drop(&halls, number, owner)
                                                     : give_back(&halls, ids[left]),
                             0);
        }
        assert_in_range(left, 2, N_MANY - 1);
        assert_int_equal(hall_effect(&halls.hall, "box a"), 0);
        close_limited(&halls);
        halls_stop(&halls);
    }
}

/* No limit is met after a call: an operation is refused before that, or its commits all fit. */
static void all_commits_of_an_operation_fit(void **unused)
{
    char text[DEPOSITORY_BOX_NUMBER_SIZE];
    unsigned refused = 0, done = 0;

    (void)unused;
    for (unsigned at = 0; at < 170; at++) {
        struct depot_of_halls halls;
        struct limited_store store;
        char before[STATE_SIZE];
        uuid_t id = {0}, other = {0};

        halls_start(&halls);
        open_limited(&halls, &store, at < 20 ? 1 + at : 0, at < 20 ? 0 : 100 + 4 * (at - 20));
        for (unsigned i = 0; i < 6; i++) {
            unsigned n_calls = halls.hall.n_calls;
            int rc;

            strcpy(before, halls_state(&halls));
            rc = i == 0   ? rent(&halls, "a", 1, id, "a long name of an owner")
                 : i == 1 ? use(&halls, id)
                 : i == 2 ? give_back(&halls, id)
                 : i == 3 ? rent(&halls, "a", 1, other, "ann")
                 : i == 4 ? scrap(&halls, "a")
                          : add(&halls, "b", "ann", text);
            if (rc == -ENOENT || rc == -EBUSY)
                continue; /* what came before was refused */
            rc = check_limit(&halls, rc, before, n_calls);
            refused += rc != 0;
            done += rc == 0;
        }
        close_limited(&halls);
        halls_stop(&halls);
    }
    assert_in_range(refused, 100, 900);
    assert_in_range(done, 100, 900);
}

/* Two reservations leave at once that name a drawer which has ended: its row goes once. */
static void rows_that_two_reservations_name(void **unused)
{
    (void)unused;
    for (unsigned discards = 0; discards < 2; discards++) {
        struct depot_of_halls halls;
        const depository_box_config box = box_named("a");
        uuid_t id = {0};

        halls_start(&halls);
        assert_int_equal(rent(&halls, "a", 1, id, "ann"), 0);
        assert_int_equal(rent(&halls, "a", 1, (uuid_t){0}, "bob"), 0);
        assert_int_equal(use(&halls, id), 0);
        halls.hall.fail_at = halls.hall.n_calls + 2; /* the drawer ends, and the box does not */
        halls.hall.outcome = -EIO;
        assert_int_equal(drain(&halls), -EIO);
        assert_int_equal(berth_memory_store_count(halls.memory, "_reservations"), 2);
        assert_int_equal(berth_memory_store_count(halls.memory, "drawer"), 1);
        if (discards)
            assert_int_equal(depository_discard_box(halls.manager, &box, &halls.error), 0);
        else
            assert_int_equal(drain(&halls), 0);
        hall_set(&halls.hall, "box a", false);
        halls_stop(&halls);
    }
}

static void *discard_a(void *arg)
{
    struct caller *caller = arg;
    const depository_box_config box = box_named("a");

    caller->rc = caller->number == 0 ? depository_discard_box(caller->manager, &box, NULL)
                                     : depository_discard(caller->manager);
    return NULL;
}

static void *add_drawer(struct caller *caller, const char *name)
{
    depository_box_config box = box_named(name);
    depository_drawer_config drawer = {.index = 7};

    caller->rc = depository_rent(caller->manager, &box, &drawer, (uuid_t){0}, "eve", NULL);
    return NULL;
}

static void *add_to_a(void *arg)
{
    return add_drawer(arg, "a");
}

static void *add_to_b(void *arg)
{
    return add_drawer(arg, "b");
}

/* What comes to the root meanwhile waits, and is over with it, or goes on. */
static void operations_beside_a_discard(void **unused)
{
    (void)unused;
    for (unsigned how = 0; how < 8; how++) {
        struct depot_of_halls halls;
        struct limited_store store;
        struct caller discard = {.number = how & 1}, other = {.number = 0}, again = discard;
        bool refused = how & 2;

        halls_start(&halls);
        open_limited(&halls, &store, 0, 0);
        halls.store.pends = how & 4;
        discard.manager = other.manager = again.manager = halls.manager;
        assert_int_equal(rent(&halls, "a", 1, (uuid_t){0}, "ann"), 0);
        assert_int_equal(rent(&halls, "b", 1, (uuid_t){0}, "bob"), 0);
        if (refused) {
            halls.store.at = halls.store.n_commits + 1;
            halls.store.fault = BERTH_FAULT_REFUSE;
        }
        atomic_store(&store.n_commits, 0);
        atomic_store(&store.holds, true);
        assert_int_equal(pthread_create(&discard.thread, NULL, discard_a, &discard), 0);
        while (atomic_load(&store.n_commits) == 0)
            pause_shortly();
        assert_int_equal(pthread_create(&other.thread, NULL, add_to_a, &other), 0);
        if (!refused)
            assert_int_equal(pthread_create(&again.thread, NULL, discard_a, &again), 0);
        for (unsigned i = 0; i < 5; i++)
            pause_shortly();
        atomic_store(&store.holds, false);
        pthread_join(discard.thread, NULL);
        pthread_join(other.thread, NULL);
        if (!refused)
            pthread_join(again.thread, NULL);
        assert_int_equal(discard.rc, refused ? -EIO : 0);
        assert_int_equal(again.rc, 0);
        assert_int_equal(other.rc, refused ? 0 : -ECANCELED);
        assert_int_equal(!strstr(halls_state(&halls), "eve a/7"), !refused);
        assert_int_equal(!strstr(halls_state(&halls), "box b"), !refused && discard.number == 1);
        halls.store.at = 0;
        halls.store.pends = false;
        close_limited(&halls);
        assert_int_equal(!strstr(halls_state(&halls), "eve a/7"), !refused);
        assert_int_equal(!strstr(halls_state(&halls), "box a"), !refused);
        halls_stop(&halls);
    }
}

static int count_drawer(void *arg, const depository_item *item)
{
    *(unsigned *)arg += item->resource == DEPOSITORY_RESOURCE_DRAWER;
    return 0;
}

static unsigned drawers_of(const struct depot_of_halls *halls)
{
    unsigned n = 0;

    assert_int_equal(depository_for_each(halls->manager, count_drawer, &n), 0);
    return n;
}

struct serials {
    uint64_t all[8];
    unsigned n;
};

static int check_serial(void *arg, const depository_item *item)
{
    struct serials *serials = arg;

    if (item->resource != DEPOSITORY_RESOURCE_DRAWER)
        return 0;
    for (unsigned i = 0; i < serials->n; i++)
        assert_int_not_equal(serials->all[i], item->drawer->serial);
    serials->all[serials->n++] = item->drawer->serial;
    return 0;
}

/* Commits that waited for the discard go behind newer ones, and do not take counters back. */
static void numbers_beside_a_refused_discard(void **unused)
{
    struct depot_of_halls halls;
    struct limited_store store;
    struct caller discard = {.number = 0}, held = discard, other = discard;
    struct serials serials = {.n = 0};

    (void)unused;
    halls_start(&halls);
    open_limited(&halls, &store, 5, 0); /* the two rents do not go together */
    discard.manager = held.manager = other.manager = halls.manager;
    assert_int_equal(rent(&halls, "a", 1, (uuid_t){0}, "ann"), 0);
    assert_int_equal(rent(&halls, "b", 1, (uuid_t){0}, "bob"), 0);
    halls.store.at = halls.store.n_commits + 1;
    halls.store.fault = BERTH_FAULT_REFUSE;
    atomic_store(&store.n_commits, 0);
    atomic_store(&store.holds, true);
    assert_int_equal(pthread_create(&discard.thread, NULL, discard_a, &discard), 0);
    while (atomic_load(&store.n_commits) == 0)
        pause_shortly();
    assert_int_equal(pthread_create(&held.thread, NULL, add_to_a, &held), 0);
    while (drawers_of(&halls) < 3)
        pause_shortly();
    assert_int_equal(pthread_create(&other.thread, NULL, add_to_b, &other), 0);
    while (drawers_of(&halls) < 4)
        pause_shortly();
    atomic_store(&store.holds, false);
    pthread_join(discard.thread, NULL);
    pthread_join(held.thread, NULL);
    pthread_join(other.thread, NULL);
    assert_int_equal(discard.rc, -EIO);
    assert_int_equal(held.rc, 0);
    assert_int_equal(other.rc, 0);
    close_limited(&halls);
    assert_int_equal(rent(&halls, "b", 9, (uuid_t){0}, "bob"), 0);
    assert_int_equal(depository_for_each(halls.manager, check_serial, &serials), 0);
    assert_int_equal(serials.n, 5);
    halls_stop(&halls);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(leftover_in_parts),
        cmocka_unit_test(lost_before_what_waits),
        cmocka_unit_test(groups_keep_to_bytes),
        cmocka_unit_test(threads_share_a_reservation),
        cmocka_unit_test(discards_that_are_refused),
        cmocka_unit_test(a_discard_that_does_not_fit),
        cmocka_unit_test(limits_are_met_before_a_call),
        cmocka_unit_test(all_commits_of_an_operation_fit),
        cmocka_unit_test(rows_that_two_reservations_name),
        cmocka_unit_test(operations_beside_a_discard),
        cmocka_unit_test(numbers_beside_a_refused_discard),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
