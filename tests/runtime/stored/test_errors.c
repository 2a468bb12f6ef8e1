/* A store that fails: operations that have not called yet are undone, all others are a crash. */
#include "hall.h"

typedef int request(struct depot_of_halls *halls, uuid_t a, char *number);

static int ask_rent(struct depot_of_halls *halls, uuid_t a, char *number)
{
    uuid_t id = {0};

    (void)a;
    (void)number;
    return rent(halls, "a", 9, id, "eve");
}

static int ask_use(struct depot_of_halls *halls, uuid_t a, char *number)
{
    (void)number;
    return use(halls, a);
}

static int ask_give_back(struct depot_of_halls *halls, uuid_t a, char *number)
{
    (void)number;
    return give_back(halls, a);
}

static int ask_add(struct depot_of_halls *halls, uuid_t a, char *number)
{
    (void)a;
    (void)number;
    return add(halls, "new", "eve", (char[DEPOSITORY_BOX_NUMBER_SIZE]){0});
}

static int ask_drop(struct depot_of_halls *halls, uuid_t a, char *number)
{
    (void)a;
    return drop(halls, number, "cyd");
}

static void prepare(struct depot_of_halls *halls, uuid_t a, char *number)
{
    uuid_t b = {0};

    memset(a, 0, sizeof(uuid_t));
    halls_start(halls);
    assert_int_equal(rent(halls, "a", 1, a, "ann"), 0);
    assert_int_equal(rent(halls, "b", 1, b, "bob"), 0);
    assert_int_equal(use(halls, b), 0);
    assert_int_equal(add(halls, "c", "cyd", number), 0);
}

static void assert_lost(const berth_error *error)
{
    char line[256];

    (void)berth_error_text(error, line, sizeof line);
    assert_non_null(strstr(line, ": the store has failed, destroy and open again: Owner died"));
}

/* The commit at each position of the request fails. */
static void check_failures(request *ask)
{
    for (unsigned at = 1;; at++) {
        struct depot_of_halls halls;
        char number[DEPOSITORY_BOX_NUMBER_SIZE], before[STATE_SIZE];
        unsigned calls;
        uuid_t a;
        int rc;

        prepare(&halls, a, number);
        strcpy(before, halls_state(&halls));
        calls = halls.hall.n_calls;
        halls.store.at = halls.store.n_commits + at;
        halls.store.fault = BERTH_FAULT_REFUSE;
        halls.store.error = -ENOSPC;
        rc = ask(&halls, a, number);
        if (rc == 0) {
            halls_stop(&halls);
            assert_true(at > 1);
            return;
        }
        if (at == 1) {
            assert_int_equal(rc, -ENOSPC);
            assert_null(halls.error.resource);
            assert_int_equal(halls.hall.n_calls, calls);
            assert_string_equal(halls_state(&halls), before);
            assert_int_equal(ask(&halls, a, number), 0);
        } else {
            assert_int_equal(rc, -EOWNERDEAD);
            assert_lost(&halls.error);
            assert_int_equal(ask(&halls, a, number), -EOWNERDEAD);
            assert_lost(&halls.error);
            assert_int_equal(drain(&halls), -EOWNERDEAD);
            assert_int_equal(depository_discard(halls.manager), -EOWNERDEAD);
            assert_int_equal(halls_recover(&halls), -EOWNERDEAD);
            halls_reopen(&halls);
        }
        halls_stop(&halls);
    }
}

static void refused_commits(void **unused)
{
    static request *const all[] = {ask_rent, ask_use, ask_give_back, ask_add, ask_drop};

    (void)unused;
    for (unsigned i = 0; i < sizeof all / sizeof *all; i++)
        check_failures(all[i]);
}

/* Each drop of a drain is as an operation: it fails alone if its first commit is refused. */
static void refused_commits_of_a_drain(void **unused)
{
    enum { BOXES = 3 };

    (void)unused;
    for (unsigned refused = 0; refused < BOXES; refused++) {
        struct depot_of_halls halls;
        char number[DEPOSITORY_BOX_NUMBER_SIZE];

        halls_start(&halls);
        for (unsigned i = 0; i < BOXES; i++)
            assert_int_equal(add(&halls, (char[]){(char)('a' + i), '\0'}, "ann", number), 0);
        halls.store.at = halls.store.n_commits + 2 * refused + 1; /* before the call, and its end */
        halls.store.fault = BERTH_FAULT_REFUSE;
        halls.store.error = -ENOSPC;
        assert_int_equal(drain(&halls), -ENOSPC);
        assert_int_equal(hall_count(&halls.hall), 1);
        assert_int_equal(berth_memory_store_count(halls.memory, "box"), 1);
        assert_int_equal(drain(&halls), 0);
        halls_stop(&halls);
    }
}

static int discard_its_root(struct hall *hall, berth_call *call, const char *what)
{
    const depository_box_config box = box_named("a");

    (void)call;
    if (strcmp(what, "remove:box a") == 0)
        assert_int_equal(
            depository_discard_box(((struct depot_of_halls *)hall->arg)->manager, &box, NULL), 0);
    return 0;
}

/* A drain that has lost a root within a call begins anew with the next one. */
static void refused_commit_behind_a_discard_in_a_drain(void **unused)
{
    struct depot_of_halls halls;
    char number[DEPOSITORY_BOX_NUMBER_SIZE];

    (void)unused;
    halls_start(&halls);
    assert_int_equal(add(&halls, "a", "ann", number), 0);
    assert_int_equal(add(&halls, "b", "ann", number), 0);
    halls.hall.during = discard_its_root;
    halls.hall.arg = &halls;
    halls.store.at = halls.store.n_commits + 3; /* the intent of one, the discard, and that of b */
    halls.store.fault = BERTH_FAULT_REFUSE;
    assert_int_equal(drain(&halls), -ECANCELED);
    assert_int_equal(hall_count(&halls.hall), 1);
    assert_int_equal(drain(&halls), 0);
    halls_stop(&halls);
}

/* Memory */

struct scarce {
    size_t n, fails_at; /* from there on */
};

static void *scarce_alloc(void *ctx, size_t size)
{
    struct scarce *scarce = ctx;

    return ++scarce->n >= scarce->fails_at && scarce->fails_at > 0 ? NULL : malloc(size);
}

static void scarce_release(void *ctx, void *memory, size_t size)
{
    (void)ctx;
    (void)size;
    free(memory);
}

static int ask_drain(struct depot_of_halls *halls, uuid_t a, char *number)
{
    (void)a;
    (void)number;
    return drain(halls);
}

static int ask_discard_box(struct depot_of_halls *halls, uuid_t a, char *number)
{
    const depository_box_config box = box_named("a");

    (void)a;
    (void)number;
    return depository_discard_box(halls->manager, &box, &halls->error);
}

/*
 * There is no memory from the k-th allocation of the request on. Operations take what they need
 * before they call; only a drain may need more.
 */
static void check_memory(request *ask)
{
    for (unsigned at = 1;; at++) {
        struct scarce scarce = {0};
        const berth_allocator allocator = {scarce_alloc, scarce_release, &scarce};
        const berth_config config = {.allocator = &allocator};
        struct depot_of_halls halls;
        depository_backend backend;
        char number[DEPOSITORY_BOX_NUMBER_SIZE], before[STATE_SIZE];
        unsigned calls;
        uuid_t a;
        int rc;

        prepare(&halls, a, number);
        assert_int_equal(add(&halls, "c", "a longer name of an owner", number), 0);
        assert_int_equal(berth_store_lost(halls.store.link), 0);
        assert_int_equal(depository_destroy(halls.manager, NULL), 0);
        backend = hall_backend(&halls.hall);
        assert_int_equal(depository_open(NULL, &backend, &config, &halls.store.functions,
                                         &halls.manager, &halls.error),
                         0);
        strcpy(before, halls_state(&halls));
        calls = halls.hall.n_calls;
        scarce.fails_at = scarce.n + at;
        rc = ask(&halls, a, number);
        if (scarce.n < scarce.fails_at)
            assert_int_equal(rc, 0);
        else
            assert_true(rc == 0 || rc == -ENOMEM || (rc == -EOWNERDEAD && ask == ask_drain));
        at = scarce.n < scarce.fails_at ? 0 : at;
        scarce.fails_at = 0;
        if (rc == -ENOMEM && ask != ask_drain) {
            assert_int_equal(halls.hall.n_calls, calls);
            assert_string_equal(halls_state(&halls), before);
        }
        if (rc != 0 && rc != -EOWNERDEAD)
            assert_true(ask(&halls, a, number) == 0);
        strcpy(before, halls_state(&halls));
        assert_int_equal(berth_store_lost(halls.store.link), 0);
        halls_reopen(&halls);
        if (rc != -EOWNERDEAD)
            assert_string_equal(halls_state(&halls), before);
        hall_set(&halls.hall, "box a", false);
        halls_stop(&halls);
        if (at == 0)
            return;
    }
}

static void requests_without_memory(void **unused)
{
    static request *const all[] = {ask_rent, ask_use,   ask_give_back,  ask_add,
                                   ask_drop, ask_drain, ask_discard_box};

    (void)unused;
    for (unsigned i = 0; i < sizeof all / sizeof *all; i++)
        check_memory(all[i]);
}

/* Another manager opens the store: this one has lost it. */
static void fenced_by_a_later_opening(void **unused)
{
    struct depot_of_halls halls;
    depository_backend backend;
    depository *other = NULL;
    berth_error error;
    uuid_t a = {0};

    (void)unused;
    halls_start(&halls);
    backend = hall_backend(&halls.hall);
    assert_int_equal(rent(&halls, "a", 1, a, "ann"), 0);
    assert_int_equal(depository_open(NULL, &backend, NULL,
                                     berth_memory_store_functions(halls.memory), &other, &error),
                     0);
    assert_int_equal(depository_look(halls.manager, a, NULL, 0, &halls.error), 0);
    assert_int_equal(use(&halls, a), -ESTALE);
    assert_int_equal(depository_look(halls.manager, a, NULL, 0, &halls.error), -ESTALE);
    assert_int_equal(halls.hall.n_calls, 0);
    assert_int_equal(depository_destroy(halls.manager, &error), 0);
    halls.manager = other;
    assert_int_equal(use(&halls, a), 0);
    halls_stop(&halls);
}

static void store_of_something_else(void **unused)
{
    struct depot_of_halls halls;
    depository_options options = DEPOSITORY_OPTIONS_DEFAULT;
    depository_backend backend;
    depository *other = NULL;
    berth_store store;
    berth_error error;

    (void)unused;
    halls_start(&halls);
    backend = hall_backend(&halls.hall);
    store = *berth_memory_store_functions(halls.memory);
    store.backend = "hall 2";
    assert_int_equal(depository_open(NULL, &backend, NULL, &store, &other, &error), -ENODEV);
    assert_string_equal(error.reason, "the store has rows of another backend");
    assert_null(other);
    store.backend = "hall 1";
    options.rooms = 3;
    assert_int_equal(depository_open(&options, &backend, NULL, &store, &other, &error), -EINVAL);
    assert_string_equal(error.reason, "the store has rows for another value of option");
    assert_string_equal(error.field, "rooms");
    backend.hall.has = NULL;
    assert_int_equal(depository_open(NULL, &backend, NULL, &store, &other, &error), -EINVAL);
    assert_string_equal(error.reason, "the store has rows for a backend with");
    assert_string_equal(error.hook, "hall.has");
    backend.hall.settle = NULL;
    assert_int_equal(depository_open(NULL, &backend, NULL, &store, &other, &error), -EINVAL);
    assert_string_equal(error.hook, "hall.settle");
    store.version++;
    backend = hall_backend(&halls.hall);
    assert_int_equal(depository_open(NULL, &backend, NULL, &store, &other, &error), -EINVAL);
    /* none of these has taken the store */
    assert_int_equal(rent(&halls, "a", 1, (uuid_t){0}, "ann"), 0);
    halls_stop(&halls);
}

/* The backend has restarted: its rows go, and the epoch goes on. Other options are no matter. */
static void rows_of_another_backend_go(void **unused)
{
    struct depot_of_halls halls;
    depository_options options = DEPOSITORY_OPTIONS_DEFAULT;
    depository_backend backend;
    depository *other = NULL;
    berth_store store;
    uuid_t id = {0};

    (void)unused;
    halls_start(&halls);
    backend = hall_backend(&halls.hall);
    assert_int_equal(rent(&halls, "a", 1, id, "ann"), 0);
    store = *berth_memory_store_functions(halls.memory);
    store.begin_anew = true;
    options.rooms = 3;
    assert_int_equal(depository_open(&options, &backend, NULL, &store, &other, NULL), -EINVAL);
    assert_int_equal(berth_memory_store_count(halls.memory, "box"), 1); /* of this backend */
    store.backend = "hall 2";
    assert_int_equal(depository_open(&options, &backend, NULL, &store, &other, NULL), 0);
    assert_int_equal(berth_memory_store_count(halls.memory, "box"), 0);
    assert_int_equal(berth_memory_store_count(halls.memory, "_reservations"), 0);
    assert_int_equal(depository_recover(other, BERTH_NO_DEADLINE, NULL), 0);
    assert_int_equal(halls.hall.epoch, 2);
    assert_int_equal(give_back(&halls, id), -ESTALE);
    assert_int_equal(depository_destroy(other, NULL), 0);
    store.backend = "hall 1";
    assert_int_equal(depository_open(NULL, &backend, NULL, &store, &other, NULL), 0);
    assert_int_equal(depository_destroy(halls.manager, NULL), 0);
    halls.manager = other;
    halls_stop(&halls);
}

/* Changes each byte of an exported store: it is refused, or nothing at all has changed. */
static void damaged_bytes(void **unused)
{
    struct depot_of_halls halls;
    berth_memory_store *copy = berth_memory_store_make("hall 1");
    unsigned char *bytes;
    uuid_t a = {0};
    size_t size;

    (void)unused;
    halls_start(&halls);
    assert_int_equal(rent(&halls, "a", 1, a, "ann"), 0);
    bytes = berth_memory_store_export(halls.memory, &size);
    for (size_t i = 0; i < size; i++) {
        bytes[i] ^= 0x10;
        assert_int_equal(berth_memory_store_import(copy, bytes, size), -EBADMSG);
        bytes[i] ^= 0x10;
        assert_int_equal(berth_memory_store_import(copy, bytes, i), -EBADMSG);
    }
    assert_int_equal(berth_memory_store_import(copy, bytes, size), 0);
    assert_int_equal(berth_memory_store_count(copy, "drawer"), 1);
    free(bytes);
    berth_memory_store_free(copy);
    halls_stop(&halls);
}

/* A store that holds little: what cannot fit is refused before its first call. */
static int open_small(void *ctx, const berth_store_manager *manager,
                      int (*accept)(void *arg, const berth_store_manager *stored), void *arg,
                      berth_store_link link, int64_t deadline, berth_store_opened *opened)
{
    berth_faulty_store *store = ctx;
    int rc = store->inner->open(store->inner->ctx, manager, accept, arg, link, deadline, opened);

    opened->max_rows = 6;
    return rc;
}

static void too_small_store(void **unused)
{
    struct depot_of_halls halls;
    depository_backend backend;
    berth_store store;
    depository *small;
    uuid_t a = {0};

    (void)unused;
    halls_start(&halls);
    assert_int_equal(depository_destroy(halls.manager, NULL), 0);
    backend = hall_backend(&halls.hall);
    store = *berth_memory_store_functions(halls.memory);
    store.open = open_small;
    store.ctx = &(berth_faulty_store){.inner = berth_memory_store_functions(halls.memory)};
    store.load = halls.store.functions.load;
    store.commit = halls.store.functions.commit;
    assert_int_equal(depository_open(NULL, &backend, NULL, &store, &small, NULL), 0);
    halls.manager = small;
    assert_int_equal(rent(&halls, "a", 1, a, "ann"), 0);
    assert_int_equal(use(&halls, a), -E2BIG);
    assert_int_equal(halls.hall.n_calls, 0);
    assert_int_equal(give_back(&halls, a), 0);
    store.close = halls.store.functions.close;
    assert_int_equal(depository_destroy(small, NULL), 0);
    assert_int_equal(halls_open(&halls), 0);
    halls_stop(&halls);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refused_commits),
        cmocka_unit_test(refused_commits_of_a_drain),
        cmocka_unit_test(refused_commit_behind_a_discard_in_a_drain),
        cmocka_unit_test(requests_without_memory),
        cmocka_unit_test(fenced_by_a_later_opening),
        cmocka_unit_test(store_of_something_else),
        cmocka_unit_test(rows_of_another_backend_go),
        cmocka_unit_test(damaged_bytes),
        cmocka_unit_test(too_small_store),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
