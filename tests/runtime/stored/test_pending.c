/*
 * A store whose commits pend until the test answers them. Operations are started, so one thread
 * does all of it, and what is sent together does not depend on time.
 */
#include "hall.h"

struct store_by_hand {
    berth_store functions;
    const berth_store *inner;
    berth_store_link link;
    berth_store_opened limits;
    const berth_store_commit *pending; /* NULL: none */
    unsigned n_commits;
};

static int open_by_hand(void *ctx, const berth_store_manager *manager,
                        int (*accept)(void *arg, const berth_store_manager *stored), void *arg,
                        berth_store_link link, int64_t deadline, berth_store_opened *opened)
{
    struct store_by_hand *store = ctx;
    int rc = store->inner->open(store->inner->ctx, manager, accept, arg, link, deadline, opened);

    store->link = link;
    opened->max_rows = store->limits.max_rows;
    opened->max_bytes = store->limits.max_bytes;
    return rc;
}

static int load_by_hand(void *ctx,
                        int (*put)(void *arg, uint16_t table, const berth_store_value *values),
                        void *arg, int64_t deadline)
{
    const struct store_by_hand *store = ctx;

    return store->inner->load(store->inner->ctx, put, arg, deadline);
}

static int commit_by_hand(void *ctx, const berth_store_commit *commit)
{
    struct store_by_hand *store = ctx;

    assert_null(store->pending);
    store->pending = commit;
    store->n_commits++;
    return BERTH_PENDING;
}

static void close_by_hand(void *ctx)
{
    const struct store_by_hand *store = ctx;

    store->inner->close(store->inner->ctx);
}

/* Opens the depository again with such a store. */
static void open_with_hand(struct depot_of_halls *halls, struct store_by_hand *store,
                           berth_store_opened limits, const berth_config *config)
{
    *store = (struct store_by_hand){.functions = halls->store.functions,
                                    .inner = berth_memory_store_functions(halls->memory),
                                    .limits = limits};
    store->functions.ctx = store;
    store->functions.open = open_by_hand;
    store->functions.load = load_by_hand;
    store->functions.commit = commit_by_hand;
    store->functions.close = close_by_hand;
    assert_int_equal(depository_destroy(halls->manager, NULL), 0);
    assert_int_equal(halls_open_unsettled(halls, config, &store->functions), 0);
}

/* Opens it with the faulty store again, and lets everything go. */
static void stop_with_hand(struct depot_of_halls *halls, const struct store_by_hand *store)
{
    assert_null(store->pending);
    (void)berth_store_lost(store->link);
    assert_int_equal(depository_destroy(halls->manager, NULL), 0);
    halls->store.dead = false;
    halls->store.at = 0;
    assert_int_equal(halls_open(halls), 0);
    halls_stop(halls);
}

/* Answers the commit that is pending, which had so many rows. What follows may be pending then. */
static void answer_commit(struct depot_of_halls *halls, struct store_by_hand *store,
                          unsigned n_changes, int result)
{
    const berth_store_commit *commit = store->pending;

    assert_non_null(commit);
    assert_int_equal(commit->n_changes, n_changes);
    if (result == 0)
        assert_int_equal(store->inner->commit(store->inner->ctx, commit), 0);
    store->pending = NULL;
    assert_int_equal(berth_store_committed(store->link, commit->sequence, result), 0);
    (void)depository_poll(halls->manager, NULL);
}

/* Operations */

enum { NOT_DONE = 1, ROWS_OF_A_RENT = 5, COUNTERS = 2 };

/* Rents that go together have the counters in common. */
static unsigned rows_of_rents(unsigned n)
{
    return n * (ROWS_OF_A_RENT - COUNTERS) + COUNTERS;
}

struct job {
    depository_op op;
    depository_box_config box;
    depository_drawer_config drawer;
    uuid_t id;
    int code;
};

static void note_done(void *arg, int code)
{
    ((struct job *)arg)->code = code;
}

static void start_rent(struct depot_of_halls *halls, struct job *job, const char *box)
{
    memset(job, 0, sizeof *job);
    job->box = box_named(box);
    job->code = NOT_DONE;
    assert_int_equal(depository_rent_start(halls->manager, &job->op, &job->box, &job->drawer,
                                           job->id, "ann", BERTH_NO_DEADLINE, NULL, note_done, job),
                     0);
}

static void start_drain(struct depot_of_halls *halls, struct job *job)
{
    memset(job, 0, sizeof *job);
    job->code = NOT_DONE;
    assert_int_equal(
        depository_drain_start(halls->manager, &job->op, BERTH_NO_DEADLINE, NULL, note_done, job),
        0);
}

static void what_waits_goes_together(void **unused)
{
    struct depot_of_halls halls;
    struct store_by_hand store;
    struct job jobs[4];

    (void)unused;
    halls_start(&halls);
    open_with_hand(&halls, &store, (berth_store_opened){0}, NULL);
    for (unsigned i = 0; i < 4; i++)
        start_rent(&halls, &jobs[i], (char[]){(char)('a' + i), '\0'});
    answer_commit(&halls, &store, ROWS_OF_A_RENT, 0);
    assert_int_equal(jobs[0].code, 0);
    assert_int_equal(jobs[1].code, NOT_DONE);
    answer_commit(&halls, &store, rows_of_rents(3), 0);
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(jobs[i].code, 0);
    assert_int_equal(store.n_commits, 2);
    stop_with_hand(&halls, &store);
}

/* How many of three rents that wait go together? */
static void groups_stay_within_the_limits_of_a_store(void **unused)
{
    static const struct {
        berth_store_opened limits;
        unsigned n;
    } cases[] = {{{.max_rows = 3 * ROWS_OF_A_RENT}, 3},
                 {{.max_rows = 3 * ROWS_OF_A_RENT - 1}, 2},
                 {{.max_rows = 2 * ROWS_OF_A_RENT - 1}, 1},
                 {{.max_bytes = 9999}, 3},
                 {{.max_bytes = 700}, 2},
                 {{.max_bytes = 400}, 1}};

    (void)unused;
    for (unsigned at = 0; at < sizeof cases / sizeof *cases; at++) {
        struct depot_of_halls halls;
        struct store_by_hand store;
        struct job jobs[4];

        halls_start(&halls);
        open_with_hand(&halls, &store, cases[at].limits, NULL);
        for (unsigned i = 0; i < 4; i++)
            start_rent(&halls, &jobs[i], (char[]){(char)('a' + i), '\0'});
        answer_commit(&halls, &store, ROWS_OF_A_RENT, -ENOSPC);
        assert_int_equal(jobs[0].code, -ENOSPC);
        for (unsigned left = 3; left > 0;) {
            unsigned n = left < cases[at].n ? left : cases[at].n;

            answer_commit(&halls, &store, rows_of_rents(n), 0);
            left -= n;
        }
        for (unsigned i = 1; i < 4; i++)
            assert_int_equal(jobs[i].code, 0);
        stop_with_hand(&halls, &store);
    }
}

/* What follows from an intent goes with the first commit that does not fail. It has room, too. */
static void a_group_has_room_for_what_follows_from_intents(void **unused)
{
    enum { ROWS_OF_THE_INTENT = 2 };
    static const berth_store_opened limits[] = {
        {.max_rows = ROWS_OF_THE_INTENT + 2 * ROWS_OF_A_RENT - 1}, {.max_bytes = 600}};

    (void)unused;
    for (unsigned at = 0; at < sizeof limits / sizeof *limits; at++) {
        struct depot_of_halls halls;
        struct store_by_hand store;
        struct job jobs[4];
        uuid_t id = {0};

        halls_start(&halls);
        assert_int_equal(rent(&halls, "x", 1, id, "ann"), 0);
        halls.store.at = halls.store.n_commits + 1;
        halls.store.fault = BERTH_FAULT_DIE;
        assert_int_equal(use(&halls, id), -EOWNERDEAD);
        open_with_hand(&halls, &store, limits[at], NULL);
        for (unsigned i = 0; i < 4; i++)
            start_rent(&halls, &jobs[i], (char[]){(char)('a' + i), '\0'});
        answer_commit(&halls, &store, ROWS_OF_THE_INTENT + ROWS_OF_A_RENT, -ENOSPC);
        assert_int_equal(jobs[0].code, -ENOSPC);
        answer_commit(&halls, &store, ROWS_OF_THE_INTENT + ROWS_OF_A_RENT, 0);
        assert_int_equal(berth_memory_store_count(halls.memory, "_intents"), 0);
        answer_commit(&halls, &store, rows_of_rents(2), 0);
        for (unsigned i = 1; i < 4; i++)
            assert_int_equal(jobs[i].code, 0);
        stop_with_hand(&halls, &store);
    }
}

/* Each is tried alone, with what follows from intents; what came later waits until then. */
static void what_fails_together_is_tried_alone(void **unused)
{
    enum { ROWS_OF_THE_INTENT = 2 };

    (void)unused;
    for (unsigned intent = 0; intent < 2; intent++) {
        const unsigned rows = intent * ROWS_OF_THE_INTENT + ROWS_OF_A_RENT;
        struct depot_of_halls halls;
        struct store_by_hand store;
        struct job jobs[5];
        uuid_t id = {0};

        halls_start(&halls);
        assert_int_equal(rent(&halls, "x", 1, id, "ann"), 0);
        halls.store.at = halls.store.n_commits + 1;
        halls.store.fault = intent ? BERTH_FAULT_DIE : BERTH_FAULT_LOSE;
        assert_int_equal(use(&halls, id), -EOWNERDEAD);
        open_with_hand(&halls, &store, (berth_store_opened){0}, NULL);
        for (unsigned i = 0; i < 4; i++)
            start_rent(&halls, &jobs[i], (char[]){(char)('a' + i), '\0'});
        answer_commit(&halls, &store, rows, -EIO);
        start_rent(&halls, &jobs[4], "e");
        answer_commit(&halls, &store, rows - ROWS_OF_A_RENT + rows_of_rents(3), -ENOSPC);
        assert_int_equal(jobs[1].code, NOT_DONE);
        answer_commit(&halls, &store, rows, -ENOSPC);
        assert_int_equal(jobs[1].code, -ENOSPC);
        assert_int_equal(jobs[2].code, NOT_DONE);
        answer_commit(&halls, &store, rows, 0);
        assert_int_equal(jobs[2].code, 0);
        assert_int_equal(berth_memory_store_count(halls.memory, "_intents"), 0);
        answer_commit(&halls, &store, ROWS_OF_A_RENT, 0);
        assert_int_equal(jobs[3].code, 0);
        assert_int_equal(jobs[4].code, NOT_DONE);
        answer_commit(&halls, &store, ROWS_OF_A_RENT, 0);
        assert_int_equal(jobs[4].code, 0);
        stop_with_hand(&halls, &store);
    }
}

/* Nobody says that a reservation is gone before the commit that ends it is durable. */
static void a_reservation_that_may_end_is_waited_for(void **unused)
{
    (void)unused;
    for (unsigned refused = 0; refused < 2; refused++) {
        struct depot_of_halls halls;
        struct store_by_hand store;
        struct job ending = {.code = NOT_DONE}, looking = ending, again = ending;
        uuid_t id = {0};

        halls_start(&halls);
        assert_int_equal(rent(&halls, "a", 1, id, "ann"), 0);
        assert_int_equal(berth_store_lost(halls.store.link), 0);
        open_with_hand(&halls, &store, (berth_store_opened){0}, NULL);
        assert_int_equal(depository_give_back_start(halls.manager, &ending.op, id,
                                                    BERTH_NO_DEADLINE, NULL, note_done, &ending),
                         0);
        assert_int_equal(depository_look_start(halls.manager, &looking.op, id, NULL, 0,
                                               BERTH_NO_DEADLINE, NULL, note_done, &looking),
                         0);
        assert_int_equal(depository_give_back_start(halls.manager, &again.op, id, BERTH_NO_DEADLINE,
                                                    NULL, note_done, &again),
                         0);
        (void)depository_poll(halls.manager, NULL);
        assert_int_equal(looking.code, NOT_DONE);
        assert_int_equal(again.code, NOT_DONE);
        answer_commit(&halls, &store, 3, refused ? -ENOSPC : 0);
        assert_int_equal(ending.code, refused ? -ENOSPC : 0);
        assert_int_equal(looking.code, refused ? 0 : -ENOENT);
        if (refused)
            answer_commit(&halls, &store, 3, 0);
        assert_int_equal(again.code, refused ? 0 : -ENOENT);
        stop_with_hand(&halls, &store);
    }
}

static void start_give_back(struct depot_of_halls *halls, struct job *job, const uuid_t id)
{
    job->code = NOT_DONE;
    assert_int_equal(depository_give_back_start(halls->manager, &job->op, id, BERTH_NO_DEADLINE,
                                                NULL, note_done, job),
                     0);
}

/* A box has ended with its drawers, and two reservations name it that hold nothing. */
static void end_a_box(struct depot_of_halls *halls, uuid_t ann, uuid_t bob)
{
    const depository_box_config box = box_named("a");

    halls_start(halls);
    assert_int_equal(rent(halls, "a", 1, ann, "ann"), 0);
    assert_int_equal(rent(halls, "a", 2, bob, "bob"), 0);
    assert_int_equal(depository_scrap(halls->manager, &box, NULL), 0);
    assert_int_equal(berth_store_lost(halls->store.link), 0);
}

/* The end of a drain removes them. Who releases one meanwhile waits for that. */
static void a_release_beside_the_end_of_a_drain(void **unused)
{
    (void)unused;
    for (unsigned refused = 0; refused < 2; refused++) {
        struct depot_of_halls halls;
        struct store_by_hand store;
        struct job drained, release;
        uuid_t ann = {0}, bob = {0};

        end_a_box(&halls, ann, bob);
        open_with_hand(&halls, &store, (berth_store_opened){0}, NULL);
        start_drain(&halls, &drained);
        start_give_back(&halls, &release, ann);
        answer_commit(&halls, &store, 5, refused ? -ENOSPC : 0);
        assert_int_equal(drained.code, refused ? -ENOSPC : 0);
        if (refused)
            answer_commit(&halls, &store, 2, 0);
        assert_int_equal(release.code, refused ? 0 : -ENOENT);
        stop_with_hand(&halls, &store);
    }
}

/* Memory that has no large blocks while `is_scarce`. */
struct memory {
    bool is_scarce;
};

static void *alloc_some(void *ctx, size_t size)
{
    return ((struct memory *)ctx)->is_scarce && size > 1024 ? NULL : malloc(size);
}

static void release_some(void *ctx, void *block, size_t size)
{
    (void)ctx;
    (void)size;
    free(block);
}

static int make_scarce(struct hall *hall, berth_call *call, const char *what)
{
    (void)call;
    assert_string_equal(what, "remove:box c");
    ((struct memory *)hall->arg)->is_scarce = true;
    return 0;
}

/* There is no memory for all references that end with a box. What waits before that is made. */
static void a_commit_that_cannot_be_made_joins_no_group(void **unused)
{
    enum { OWNERS = 100 };
    struct memory memory = {0};
    const berth_allocator allocator = {alloc_some, release_some, &memory};
    const berth_config config = {.allocator = &allocator};
    struct depot_of_halls halls;
    struct store_by_hand store;
    struct job jobs[2], drained;
    char number[DEPOSITORY_BOX_NUMBER_SIZE], owner[16];

    (void)unused;
    halls_start(&halls);
    for (unsigned i = 0; i < OWNERS; i++) {
        (void)snprintf(owner, sizeof owner, "owner %u", i);
        assert_int_equal(add(&halls, "c", owner, number), 0);
    }
    assert_int_equal(berth_store_lost(halls.store.link), 0);
    open_with_hand(&halls, &store, (berth_store_opened){0}, &config);
    halls.hall.during = make_scarce;
    halls.hall.arg = &memory;
    start_drain(&halls, &drained);
    start_rent(&halls, &jobs[0], "a");
    start_rent(&halls, &jobs[1], "b");
    answer_commit(&halls, &store, 1, 0); /* the intent, and then the hook */
    memory.is_scarce = false;
    answer_commit(&halls, &store, rows_of_rents(2), 0);
    assert_int_equal(jobs[0].code, 0);
    assert_int_equal(jobs[1].code, 0);
    assert_int_equal(drained.code, -EOWNERDEAD);
    assert_int_equal(berth_memory_store_count(halls.memory, "_references"), OWNERS);
    halls.hall.during = NULL;
    stop_with_hand(&halls, &store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_waits_goes_together),
        cmocka_unit_test(groups_stay_within_the_limits_of_a_store),
        cmocka_unit_test(a_group_has_room_for_what_follows_from_intents),
        cmocka_unit_test(what_fails_together_is_tried_alone),
        cmocka_unit_test(a_reservation_that_may_end_is_waited_for),
        cmocka_unit_test(a_release_beside_the_end_of_a_drain),
        cmocka_unit_test(a_commit_that_cannot_be_made_joins_no_group),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
