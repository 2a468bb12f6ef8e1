/* What a store may do and answer at any time, and what becomes of the manager then. */
#include <limits.h>
#include <stdatomic.h>

#include "hall.h"
#include "support/clock.h"

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

/* Answers */

static int answer; /* of what fails below */

static int fail_open(void *ctx, const berth_store_manager *manager,
                     int (*accept)(void *arg, const berth_store_manager *stored), void *arg,
                     berth_store_link link, int64_t deadline, berth_store_opened *opened)
{
    (void)ctx;
    (void)manager;
    (void)accept;
    (void)arg;
    (void)link;
    (void)deadline;
    (void)opened;
    return answer;
}

static int fail_load(void *ctx,
                     int (*put)(void *arg, uint16_t table, const berth_store_value *values),
                     void *arg, int64_t deadline)
{
    (void)ctx;
    (void)put;
    (void)arg;
    (void)deadline;
    return answer;
}

static int fail_replace(void *ctx, uint64_t epoch, uint64_t sequence,
                        int (*next)(void *arg, berth_store_change *row), void *arg)
{
    (void)ctx;
    (void)epoch;
    (void)sequence;
    (void)next;
    (void)arg;
    return answer;
}

/* Callers get 0 or a negative errno value, whatever a store answers. */
static void answers_become_errors(void **unused)
{
    static const struct {
        int answer, code;
    } all[] = {{-EIO, -EIO},
               {BERTH_UNCERTAIN(-ETIMEDOUT), -ETIMEDOUT},
               {BERTH_PENDING, -EPROTO},
               {INT_MIN, -EPROTO}};

    (void)unused;
    for (unsigned i = 0; i < sizeof all / sizeof *all; i++) {
        struct depot_of_halls halls;
        berth_memory_store *other = berth_memory_store_make("hall 1");
        berth_store store;

        answer = all[i].answer;
        halls_start(&halls);
        store = *berth_memory_store_functions(other);
        store.replace = fail_replace;
        assert_int_equal(depository_save(halls.manager, &store, &halls.error), all[i].code);
        store.open = fail_open;
        assert_int_equal(depository_save(halls.manager, &store, &halls.error), all[i].code);
        assert_int_equal(halls.error.code, all[i].code);
        store = halls.store.functions;
        store.open = fail_open;
        assert_int_equal(open_with(&halls, &store), all[i].code);
        assert_string_equal(halls.error.reason, "the store cannot be opened");
        assert_string_equal(halls.error.operation, "open");
        store = halls.store.functions;
        store.load = fail_load;
        assert_int_equal(open_with(&halls, &store), all[i].code);
        assert_string_equal(halls.error.reason, "the store cannot be loaded");
        assert_int_equal(halls.error.code, all[i].code);
        berth_memory_store_free(other);
        open_and_stop(&halls);
    }
}

struct asking {
    int (*accept)(void *arg, const berth_store_manager *stored);
    void *arg;
};

static int show_other_format(void *arg, const berth_store_manager *stored)
{
    const struct asking *asking = arg;
    berth_store_manager other = *stored;

    other.format++;
    return asking->accept(asking->arg, &other);
}

static int open_other_format(void *ctx, const berth_store_manager *manager,
                             int (*accept)(void *arg, const berth_store_manager *stored), void *arg,
                             berth_store_link link, int64_t deadline, berth_store_opened *opened)
{
    const berth_faulty_store *store = ctx;

    return store->inner->open(store->inner->ctx, manager, show_other_format,
                              &(struct asking){accept, arg}, link, deadline, opened);
}

/* The rows of a later version of the runtime. */
static void another_format_is_refused(void **unused)
{
    struct depot_of_halls halls;
    berth_store store;

    (void)unused;
    halls_start(&halls);
    store = halls.store.functions;
    store.open = open_other_format;
    assert_int_equal(open_with(&halls, &store), -EINVAL);
    assert_string_equal(halls.error.reason, "the store has another format");
    assert_int_equal(halls.error.given, BERTH_STORE_FORMAT + 1);
    assert_int_equal(halls.error.wanted, BERTH_STORE_FORMAT);
    open_and_stop(&halls);
}

/* Saving looks at the other store as opening does. */
static void save_to_half_a_store(void **unused)
{
    struct depot_of_halls halls;
    berth_memory_store *other = berth_memory_store_make("hall 1");
    berth_store store = *berth_memory_store_functions(other);

    (void)unused;
    halls_start(&halls);
    store.replace = NULL;
    assert_int_equal(depository_save(halls.manager, &store, &halls.error), -EINVAL);
    assert_string_equal(halls.error.reason, "store lacks a function");
    assert_string_equal(halls.error.operation, "save");
    store.version++;
    assert_int_equal(depository_save(halls.manager, &store, &halls.error), -EINVAL);
    assert_int_equal(halls.error.wanted, BERTH_STORE_VERSION);
    berth_memory_store_free(other);
    halls_stop(&halls);
}

static int open_and_lose(void *ctx, const berth_store_manager *manager,
                         int (*accept)(void *arg, const berth_store_manager *stored), void *arg,
                         berth_store_link link, int64_t deadline, berth_store_opened *opened)
{
    berth_faulty_store *store = ctx;

    (void)manager;
    (void)accept;
    (void)arg;
    (void)deadline;
    (void)opened;
    store->link = link;
    return -EIO;
}

/* What the other store tells does not concern this manager. */
static void a_failed_save_leaves_no_link(void **unused)
{
    struct depot_of_halls halls;
    berth_faulty_store other = {0};
    berth_store store;

    (void)unused;
    halls_start(&halls);
    store = halls.store.functions;
    store.ctx = &other;
    store.open = open_and_lose;
    assert_int_equal(depository_save(halls.manager, &store, &halls.error), -EIO);
    assert_int_equal(berth_store_lost(other.link), -EINVAL);
    assert_int_equal(rent(&halls, "a", 1, (uuid_t){0}, "ann"), 0);
    halls_stop(&halls);
}

/* Counts the rows of each table that a save gives. */
struct given {
    int (*next)(void *arg, berth_store_change *row);
    void *arg;
    unsigned rows[16];
};

static struct given given;

static int count_row(void *arg, berth_store_change *row)
{
    int rc = given.next(arg, row);

    if (rc == 1)
        given.rows[row->table]++;
    return rc;
}

static int replace_and_count(void *ctx, uint64_t epoch, uint64_t sequence,
                             int (*next)(void *arg, berth_store_change *row), void *arg)
{
    const berth_faulty_store *store = ctx;

    given = (struct given){.next = next};
    return store->inner->replace(store->inner->ctx, epoch, sequence, count_row, arg);
}

/* Two reservations name a drawer that has ended. */
static void a_save_gives_each_row_once(void **unused)
{
    static const char *const tables[] = {"box",         "drawer",   "_reservations",
                                         "_references", "_intents", "_counters"};
    static const unsigned wanted[] = {2, 3, 4, 2, 0, 2};
    struct depot_of_halls halls;
    berth_memory_store *other = berth_memory_store_make("hall 1");
    berth_faulty_store faulty;
    char number[DEPOSITORY_BOX_NUMBER_SIZE];
    uuid_t a = {0}, b = {0}, c = {0}, d = {0};

    (void)unused;
    halls_start(&halls);
    assert_int_equal(rent(&halls, "a", 1, a, "ann"), 0);
    assert_int_equal(rent(&halls, "a", 2, b, "bob"), 0);
    assert_int_equal(rent(&halls, "a", 1, c, "cyd"), 0);
    assert_int_equal(use(&halls, b), 0);
    halls.hall.fail_at = halls.hall.n_calls + 2;
    halls.hall.outcome = -EIO;
    assert_int_equal(drain(&halls), -EIO); /* the drawers have ended, and their box has not */
    assert_int_equal(rent(&halls, "b", 1, d, "dan"), 0);
    assert_int_equal(add(&halls, "b", "ann", number), 0);
    assert_int_equal(add(&halls, "b", "bob", number), 0);
    berth_faulty_store_init(&faulty, berth_memory_store_functions(other));
    faulty.functions.replace = replace_and_count;
    assert_int_equal(depository_save(halls.manager, &faulty.functions, &halls.error), 0);
    for (unsigned i = 0; i < 6; i++) {
        assert_int_equal(given.rows[i], wanted[i]);
        assert_int_equal(berth_memory_store_count(other, tables[i]), wanted[i]);
    }
    assert_int_equal(depository_destroy(halls.manager, NULL), 0);
    berth_memory_store_free(halls.memory);
    halls.memory = other;
    berth_faulty_store_init(&halls.store, berth_memory_store_functions(other));
    assert_int_equal(halls_open(&halls), 0);
    assert_int_equal(give_back(&halls, c), 0);
    halls_stop(&halls);
}

/* Its operations have owners as well, and it may get a store so. */
static void a_manager_without_a_store_saves_to_one(void **unused)
{
    struct depot_of_halls halls;
    depository_backend backend;
    char before[STATE_SIZE];
    uuid_t a = {0};

    (void)unused;
    halls_start(&halls);
    backend = hall_backend(&halls.hall);
    assert_int_equal(depository_destroy(halls.manager, NULL), 0);
    assert_int_equal(depository_create(NULL, &backend, NULL, &halls.manager, NULL), 0);
    assert_int_equal(rent(&halls, "a", 1, a, "ann"), 0);
    assert_int_equal(use(&halls, a), 0);
    strcpy(before, halls_state(&halls));
    assert_int_equal(depository_save(halls.manager, NULL, &halls.error), -EINVAL);
    assert_string_equal(halls.error.reason, "the manager has no store to stay in");
    assert_int_equal(depository_save(halls.manager, &halls.store.functions, &halls.error), 0);
    assert_int_equal(use(&halls, a), -ECANCELED);
    halls_reopen(&halls);
    assert_string_equal(halls_state(&halls), before);
    halls_stop(&halls);
}

static void save_to_the_own_store_is_refused(void **unused)
{
    struct depot_of_halls halls;

    (void)unused;
    halls_start(&halls);
    assert_int_equal(depository_save(halls.manager, &halls.store.functions, &halls.error), -EINVAL);
    assert_string_equal(halls.error.reason, "it is the store that the manager has");
    assert_int_equal(rent(&halls, "a", 1, (uuid_t){0}, "ann"), 0);
    halls_stop(&halls);
}

/* A call that runs until it is told to end. */
struct running {
    pthread_t user, saver;
    struct depot_of_halls *halls;
    uuid_t id;
    atomic_bool runs, ends, saved;
    int used, rc;
};

static int run_until_told(struct hall *hall, berth_call *call, const char *what)
{
    struct running *running = hall->arg;

    (void)call;
    (void)what;
    atomic_store(&running->runs, true);
    while (!atomic_load(&running->ends))
        pause_shortly();
    return 0;
}

static void *use_it(void *arg)
{
    struct running *running = arg;

    running->used = depository_use(running->halls->manager, running->id, NULL, NULL);
    return NULL;
}

static void *save_it(void *arg)
{
    struct running *running = arg;

    running->rc = depository_save(running->halls->manager, NULL, NULL);
    atomic_store(&running->saved, true);
    return NULL;
}

/* New operations are refused from the beginning of the save on. */
static void a_save_waits_for_what_runs(void **unused)
{
    struct depot_of_halls halls;
    struct running running = {.halls = &halls};
    uuid_t other = {0};

    (void)unused;
    halls_start(&halls);
    assert_int_equal(rent(&halls, "a", 1, running.id, "ann"), 0);
    assert_int_equal(rent(&halls, "b", 1, other, "bob"), 0);
    halls.hall.during = run_until_told;
    halls.hall.arg = &running;
    assert_int_equal(pthread_create(&running.user, NULL, use_it, &running), 0);
    while (!atomic_load(&running.runs))
        pause_shortly();
    assert_int_equal(pthread_create(&running.saver, NULL, save_it, &running), 0);
    while (depository_look(halls.manager, other, NULL, 0, NULL) != -ECANCELED)
        pause_shortly();
    for (unsigned i = 0; i < 5; i++)
        pause_shortly();
    assert_false(atomic_load(&running.saved));
    atomic_store(&running.ends, true);
    pthread_join(running.user, NULL);
    pthread_join(running.saver, NULL);
    assert_int_equal(running.used, 0);
    assert_int_equal(running.rc, 0);
    halls_reopen(&halls);
    assert_non_null(strstr(halls_state(&halls), "drawer a/1 open"));
    halls_stop(&halls);
}

static void size_of_each_type(void **unused)
{
    static const unsigned char uuid[16] = {0};
    static const char *const texts[] = {"a", "", "bcd"};
    const struct {
        berth_store_type type;
        berth_store_value cell;
        uint64_t size;
    } cases[] = {{BERTH_STORE_BOOL, {.number = 1}, 8},
                 {BERTH_STORE_UNSIGNED, {.number = UINT64_MAX}, 8},
                 {BERTH_STORE_SIGNED, {.number = 7}, 8},
                 {BERTH_STORE_TEXT, {.text = "name"}, 5},
                 {BERTH_STORE_UUID, {.uuid = uuid}, 16},
                 {BERTH_STORE_TEXTS, {.texts = {texts, 3}}, 7},
                 {BERTH_STORE_TEXTS, {.texts = {NULL, 0}}, 0}};

    (void)unused;
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        const berth_store_column columns[] = {
            {"_id", cases[i].type}, {"_owner", BERTH_STORE_TEXT}, {"_next", cases[i].type}};
        const berth_store_value row[] = {cases[i].cell, {.text = "ann"}, cases[i].cell};

        assert_int_equal(berth_store_size(&(berth_store_table){"t", columns, 1, 1}, row),
                         cases[i].size);
        assert_int_equal(berth_store_size(&(berth_store_table){"t", columns, 3, 2}, row),
                         2 * cases[i].size + 4);
    }
}

/* Loading */

struct counting {
    size_t n, fails_at, blocks;
};

static void *count_alloc(void *ctx, size_t size)
{
    struct counting *counting = ctx;

    if (++counting->n == counting->fails_at)
        return NULL;
    counting->blocks++;
    return malloc(size);
}

static void count_release(void *ctx, void *memory, size_t size)
{
    (void)size;
    ((struct counting *)ctx)->blocks -= memory != NULL;
    free(memory);
}

/* Rows of every kind: an instance with slots in a room of its own, an intent, and a raise. */
static void fill_store(struct depot_of_halls *halls)
{
    char number[DEPOSITORY_BOX_NUMBER_SIZE];
    uuid_t id = {0};

    halls_start(halls);
    for (unsigned i = 0; i < 5; i++)
        assert_int_equal(add(halls, (char[]){(char)('b' + i), '\0'}, "cyd", number), 0);
    assert_int_equal(rent(halls, "a", 1, id, "ann"), 0);
    halls->store.at = halls->store.n_commits + 2;
    halls->store.fault = BERTH_FAULT_DIE;
    assert_int_equal(use(halls, id), -EOWNERDEAD);
    assert_int_equal(depository_destroy(halls->manager, NULL), 0);
    halls->manager = NULL;
    halls->store.at = 0;
    halls->store.dead = false;
}

/* An allocation that fails is no damage. Maps and lists do without. */
static void loads_without_memory(void **unused)
{
    struct depot_of_halls halls;
    unsigned failures = 0;

    (void)unused;
    fill_store(&halls);
    for (size_t at = 1;; at++) {
        struct counting counting = {.fails_at = at};
        const berth_allocator allocator = {count_alloc, count_release, &counting};
        const berth_config config = {.allocator = &allocator};
        depository_backend backend = hall_backend(&halls.hall);
        int rc = depository_open(NULL, &backend, &config, &halls.store.functions, &halls.manager,
                                 &halls.error);

        assert_true(rc == 0 || rc == -ENOMEM);
        if (rc == 0 && counting.n < at) {
            assert_true(failures > 20);
            counting.fails_at = 0;
            assert_int_equal(halls_recover(&halls), 0);
            assert_int_equal(drain(&halls), 0);
            assert_int_equal(depository_destroy(halls.manager, NULL), 0);
            assert_int_equal(counting.blocks, 0);
            halls.manager = NULL;
            break;
        }
        failures += rc != 0;
        assert_null(rc == 0 ? NULL : halls.manager);
        if (rc == 0) {
            assert_int_equal(berth_store_lost(halls.store.link), 0);
            assert_int_equal(depository_destroy(halls.manager, NULL), 0);
        }
        halls.manager = NULL;
        assert_int_equal(counting.blocks, 0);
    }
    open_and_stop(&halls);
}

struct forging {
    int (*put)(void *arg, uint16_t table, const berth_store_value *values);
    void *arg;
};

static unsigned row_column; /* of the box's place */

static int open_and_look(void *ctx, const berth_store_manager *manager,
                         int (*accept)(void *arg, const berth_store_manager *stored), void *arg,
                         berth_store_link link, int64_t deadline, berth_store_opened *opened)
{
    const berth_faulty_store *store = ctx;

    while (strcmp(manager->tables[0].columns[row_column].name, "row") != 0)
        row_column++;
    return store->inner->open(store->inner->ctx, manager, accept, arg, link, deadline, opened);
}

static int forge_row(void *arg, uint16_t table, const berth_store_value *values)
{
    const struct forging *forging = arg;

    if (table == 0)
        ((berth_store_value *)(uintptr_t)values)[row_column].number = 77;
    return forging->put(forging->arg, table, values);
}

static int load_forged(void *ctx,
                       int (*put)(void *arg, uint16_t table, const berth_store_value *values),
                       void *arg, int64_t deadline)
{
    const berth_faulty_store *store = ctx;

    return store->inner->load(store->inner->ctx, forge_row, &(struct forging){put, arg}, deadline);
}

static void close_inner(void *ctx)
{
    const berth_faulty_store *store = ctx;

    store->inner->close(store->inner->ctx);
}

static void a_slot_outside_its_pool(void **unused)
{
    struct depot_of_halls halls;
    berth_store store;

    (void)unused;
    fill_store(&halls);
    store = halls.store.functions;
    store.open = open_and_look;
    store.load = load_forged;
    store.close = close_inner;
    assert_int_equal(open_with(&halls, &store), -EBADMSG);
    assert_string_equal(halls.error.reason, "an instance has a slot outside its pool");
    open_and_stop(&halls);
}

static uint16_t doubled; /* the table whose rows come twice */

static int put_twice(void *arg, uint16_t table, const berth_store_value *values)
{
    const struct forging *forging = arg;
    int rc = forging->put(forging->arg, table, values);

    return rc == 0 && table == doubled ? forging->put(forging->arg, table, values) : rc;
}

static int put_again(void *arg, uint16_t table, const berth_store_value *values)
{
    const struct forging *forging = arg;

    return table == doubled ? forging->put(forging->arg, table, values) : 0;
}

/* Each row comes twice. */
static int load_twice(void *ctx,
                      int (*put)(void *arg, uint16_t table, const berth_store_value *values),
                      void *arg, int64_t deadline)
{
    const berth_faulty_store *store = ctx;

    return store->inner->load(store->inner->ctx, put_twice, &(struct forging){put, arg}, deadline);
}

/* The rows come again behind all others. */
static int load_again(void *ctx,
                      int (*put)(void *arg, uint16_t table, const berth_store_value *values),
                      void *arg, int64_t deadline)
{
    const berth_faulty_store *store = ctx;
    int rc = store->inner->load(store->inner->ctx, put, arg, deadline);

    return rc < 0 ? rc
                  : store->inner->load(store->inner->ctx, put_again, &(struct forging){put, arg},
                                       deadline);
}

/* Files have each key once, and in order. A store may have a fault. */
static void rows_that_come_twice(void **unused)
{
    enum { BOXES, DRAWERS, RESERVATIONS, REFERENCES };
    const struct {
        uint16_t table;
        bool again;
        const char *reason, *key;
    } cases[] = {
        {BOXES, false, "the ids of instances are not in order", "row 1"},
        {DRAWERS, true, "the ids of instances are not in order", "row 7"},
        {RESERVATIONS, false, "two reservations have the same id", "_reservations "},
        {REFERENCES, false, "a reference is not valid", "_references 1 cyd"},
        {REFERENCES, true, "a reference is not valid", "_references 1 cyd"},
    };
    struct depot_of_halls halls;
    berth_store store;

    (void)unused;
    fill_store(&halls);
    store = halls.store.functions;
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        doubled = cases[i].table;
        store.load = cases[i].again ? load_again : load_twice;
        assert_int_equal(open_with(&halls, &store), -EBADMSG);
        assert_string_equal(halls.error.reason, cases[i].reason);
        assert_int_equal(strncmp(halls.error.key, cases[i].key, strlen(cases[i].key)), 0);
    }
    open_and_stop(&halls);
}

/* Pending commits */

/* A store that answers each commit twice: the second answer comes during the next one. */
static int commit_late(void *ctx, const berth_store_commit *commit)
{
    berth_faulty_store *store = ctx;
    int rc = store->inner->commit(store->inner->ctx, commit);

    assert_int_equal(rc, 0);
    assert_int_equal(berth_store_committed(store->link, commit->sequence - 1, -EIO), -ENOENT);
    assert_int_equal(berth_store_committed(store->link, commit->sequence, 1), -EINVAL);
    assert_int_equal(berth_store_committed(store->link, commit->sequence, 0), 0);
    assert_int_equal(berth_store_committed(store->link, commit->sequence, -EIO), -ENOENT);
    return BERTH_PENDING;
}

static void late_answers(void **unused)
{
    struct depot_of_halls halls;
    berth_store store;
    uuid_t a = {0};

    (void)unused;
    halls_start(&halls);
    store = halls.store.functions;
    store.commit = commit_late;
    assert_int_equal(open_with(&halls, &store), 0);
    assert_int_equal(rent(&halls, "a", 1, a, "ann"), 0);
    assert_int_equal(use(&halls, a), 0);
    assert_int_equal(berth_store_committed(halls.store.link, 4, 0), -ENOENT);
    halls_stop(&halls);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lost_while_it_loads),
        cmocka_unit_test(discards_after_a_save),
        cmocka_unit_test(save_in_a_hook),
        cmocka_unit_test(save_in_settle),
        cmocka_unit_test(answers_become_errors),
        cmocka_unit_test(another_format_is_refused),
        cmocka_unit_test(save_to_half_a_store),
        cmocka_unit_test(a_failed_save_leaves_no_link),
        cmocka_unit_test(a_save_gives_each_row_once),
        cmocka_unit_test(a_manager_without_a_store_saves_to_one),
        cmocka_unit_test(save_to_the_own_store_is_refused),
        cmocka_unit_test(a_save_waits_for_what_runs),
        cmocka_unit_test(size_of_each_type),
        cmocka_unit_test(loads_without_memory),
        cmocka_unit_test(a_slot_outside_its_pool),
        cmocka_unit_test(rows_that_come_twice),
        cmocka_unit_test(late_answers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
