/* Group commit: what waits goes together. Threads, started operations, stores that pend. */
#include <stdatomic.h>

#include "hall.h"
#include "support/clock.h"

enum { THREADS = 8, ROUNDS = 15 };

/* A store whose commits take their time, and are counted. */
struct slow_store {
    berth_store functions;
    const berth_store *inner;
    atomic_uint n_commits;
    atomic_bool holds;     /* the next commit waits until this is false, and is refused */
    atomic_uint lost_at;   /* nobody knows how this commit ends; 0: none such */
    atomic_uint n_changes; /* of the last commit */
    atomic_bool is_narrow; /* a commit with a reservation of "fat" does not fit: -E2BIG */
};

static bool has_fat(const berth_store_commit *commit)
{
    for (uint32_t i = 0; i < commit->n_changes; i++) {
        const berth_store_change *change = &commit->changes[i];

        /* box, drawer, _reservations: _id, _number, _owner */
        if (change->table == 2 && !change->deleted && strcmp(change->values[2].text, "fat") == 0)
            return true;
    }
    return false;
}

static int slow_open(void *ctx, const berth_store_manager *manager,
                     int (*accept)(void *arg, const berth_store_manager *stored), void *arg,
                     berth_store_link link, int64_t deadline, berth_store_opened *opened)
{
    struct slow_store *store = ctx;

    return store->inner->open(store->inner->ctx, manager, accept, arg, link, deadline, opened);
}

static int slow_load(void *ctx,
                     int (*put)(void *arg, uint16_t table, const berth_store_value *values),
                     void *arg, int64_t deadline)
{
    struct slow_store *store = ctx;

    return store->inner->load(store->inner->ctx, put, arg, deadline);
}

static int slow_commit(void *ctx, const berth_store_commit *commit)
{
    struct slow_store *store = ctx;
    unsigned number = atomic_fetch_add(&store->n_commits, 1) + 1;
    bool refused = atomic_load(&store->holds);

    atomic_store(&store->n_changes, commit->n_changes);
    while (atomic_load(&store->holds))
        pause_shortly();
    if (atomic_load(&store->is_narrow) && has_fat(commit))
        return -E2BIG;
    if (number == atomic_load(&store->lost_at))
        return BERTH_UNCERTAIN(-EIO);
    if (refused)
        return -ENOSPC;
    pause_shortly();
    return store->inner->commit(store->inner->ctx, commit);
}

static int slow_replace(void *ctx, uint64_t epoch, uint64_t sequence,
                        int (*next)(void *arg, berth_store_change *row), void *arg)
{
    struct slow_store *store = ctx;

    return store->inner->replace(store->inner->ctx, epoch, sequence, next, arg);
}

static int slow_set_place(void *ctx, uint64_t epoch, berth_store_place place)
{
    struct slow_store *store = ctx;

    return store->inner->set_place(store->inner->ctx, epoch, place);
}

static void slow_close(void *ctx)
{
    struct slow_store *store = ctx;

    store->inner->close(store->inner->ctx);
}

/* A caller with a box of its own. The hall has place for six boxes, so some wait or fail. */
struct caller {
    pthread_t thread;
    depository *manager;
    unsigned number;
    unsigned failures; /* other than no place */
    unsigned done;
};

static void *call_often(void *arg)
{
    struct caller *caller = arg;
    char name[16], owner[16];

    (void)snprintf(name, sizeof name, "box%u", caller->number % 6);
    (void)snprintf(owner, sizeof owner, "caller %u", caller->number);
    for (unsigned i = 0; i < ROUNDS; i++) {
        depository_box_config box = box_named(name);
        depository_drawer_config drawer = {.index = (uint16_t)caller->number};
        uuid_t id = {0};

        if (depository_rent(caller->manager, &box, &drawer, id, owner, NULL) != 0 ||
            depository_use(caller->manager, id, NULL, NULL) != 0 ||
            depository_look(caller->manager, id, NULL, 0, NULL) != 0 ||
            depository_give_back(caller->manager, id, NULL) != 0)
            caller->failures++;
        else
            caller->done++;
    }
    return NULL;
}

static void run_callers(depository *manager)
{
    struct caller callers[THREADS] = {0};
    unsigned done = 0;

    for (unsigned i = 0; i < THREADS; i++) {
        callers[i].manager = manager;
        callers[i].number = i;
        assert_int_equal(pthread_create(&callers[i].thread, NULL, call_often, &callers[i]), 0);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        pthread_join(callers[i].thread, NULL);
        assert_int_equal(callers[i].failures, 0);
        done += callers[i].done;
    }
    assert_int_equal(done, THREADS * ROUNDS);
}

/* Opens the depository again with a slow store. */
static void open_slow(struct depot_of_halls *halls, struct slow_store *store)
{
    depository_backend backend = hall_backend(&halls->hall);

    *store = (struct slow_store){
        .functions = {.version = BERTH_STORE_VERSION,
                      .ctx = store,
                      .backend = "hall 1",
                      .open = slow_open,
                      .load = slow_load,
                      .commit = slow_commit,
                      .replace = slow_replace,
                      .close = slow_close,
                      .set_place = slow_set_place},
        .inner = berth_memory_store_functions(halls->memory),
    };
    assert_int_equal(depository_destroy(halls->manager, NULL), 0);
    assert_int_equal(
        depository_open(NULL, &backend, NULL, &store->functions, &halls->manager, NULL), 0);
}

static void close_slow(struct depot_of_halls *halls)
{
    assert_int_equal(depository_destroy(halls->manager, NULL), 0);
    assert_int_equal(halls_open(halls), 0);
}

/* How many commits go together depends on time here; test_pending.c counts them. */
static void threads_share_a_slow_store(void **unused)
{
    struct depot_of_halls halls;
    struct slow_store store;

    (void)unused;
    halls_start(&halls);
    open_slow(&halls, &store);
    run_callers(halls.manager);
    assert_true(atomic_load(&store.n_commits) >= ROUNDS * 4); /* rent, open, its end, close */
    close_slow(&halls);
    assert_string_equal(halls_state(&halls), "");
    halls_stop(&halls);
}

static void commits_of_threads_are_pending(void **unused)
{
    struct depot_of_halls halls;

    (void)unused;
    halls_start(&halls);
    halls.store.pends = true;
    run_callers(halls.manager);
    halls_kill(&halls);
    assert_string_equal(halls_state(&halls), "");
    halls_stop(&halls);
}

/* Rents with an id of the caller's choice, from another thread. */
struct renter {
    pthread_t thread;
    depository *manager;
    const char *box;
    unsigned char id; /* 0: any */
    int rc;
};

static void *rent_by_id(void *arg)
{
    struct renter *renter = arg;
    depository_box_config box = box_named(renter->box);
    depository_drawer_config drawer = {.index = 1};
    uuid_t id = {renter->id};

    renter->rc = depository_rent(renter->manager, &box, &drawer, id, renter->box, NULL);
    return NULL;
}

/* An id is in use while a commit is pending that may be refused. Others wait for that. */
static void an_id_that_may_come_free(void **unused)
{
    struct depot_of_halls halls;
    struct slow_store store;
    struct renter first = {.box = "a", .id = 9}, second = {.box = "b", .id = 9};

    (void)unused;
    halls_start(&halls);
    open_slow(&halls, &store);
    first.manager = second.manager = halls.manager;
    atomic_store(&store.holds, true);
    assert_int_equal(pthread_create(&first.thread, NULL, rent_by_id, &first), 0);
    while (atomic_load(&store.n_commits) == 0)
        pause_shortly();
    assert_int_equal(pthread_create(&second.thread, NULL, rent_by_id, &second), 0);
    for (unsigned i = 0; i < 5; i++)
        pause_shortly();
    atomic_store(&store.holds, false);
    pthread_join(first.thread, NULL);
    pthread_join(second.thread, NULL);
    assert_int_equal(first.rc, -ENOSPC);
    assert_int_equal(second.rc, 0);
    assert_non_null(strstr(halls_state(&halls), " b b/1 held 3"));
    assert_null(strstr(halls_state(&halls), "box a"));
    assert_int_equal(drain(&halls), 0);
    close_slow(&halls);
    halls_stop(&halls);
}

static void *discard_all(void *arg)
{
    struct renter *renter = arg;

    renter->rc = depository_discard(renter->manager);
    return NULL;
}

/* A commit that clears the store goes alone, also behind one that has no rows. */
static void discard_behind_one_that_looks_again(void **unused)
{
    struct depot_of_halls halls;
    struct slow_store store;
    struct renter first = {.box = "a", .id = 9}, second = {.box = "b", .id = 9},
                  discard = {.rc = 1};

    (void)unused;
    halls_start(&halls);
    open_slow(&halls, &store);
    first.manager = second.manager = discard.manager = halls.manager;
    assert_int_equal(rent(&halls, "c", 1, (uuid_t){0}, "ann"), 0);
    atomic_store(&store.n_commits, 0);
    atomic_store(&store.holds, true);
    assert_int_equal(pthread_create(&first.thread, NULL, rent_by_id, &first), 0);
    while (atomic_load(&store.n_commits) == 0)
        pause_shortly();
    assert_int_equal(pthread_create(&second.thread, NULL, rent_by_id, &second), 0);
    for (unsigned i = 0; i < 5; i++)
        pause_shortly();
    assert_int_equal(pthread_create(&discard.thread, NULL, discard_all, &discard), 0);
    for (unsigned i = 0; i < 5; i++)
        pause_shortly();
    atomic_store(&store.holds, false);
    pthread_join(first.thread, NULL);
    pthread_join(second.thread, NULL);
    pthread_join(discard.thread, NULL);
    assert_int_equal(discard.rc, 0);
    assert_true(second.rc == 0 || second.rc == -ECANCELED); /* after the discard, or before */
    assert_int_equal(drain(&halls), 0);
    close_slow(&halls);
    assert_string_equal(halls_state(&halls), "");
    halls_stop(&halls);
}

static void *give_back_by_id(void *arg)
{
    struct renter *renter = arg;

    renter->rc = depository_give_back(renter->manager, (uuid_t){renter->id}, NULL);
    return NULL;
}

/*
 * The store is lost while operations wait to look again, behind the commit or with it. They make
 * nothing. Above all they do not say that the reservation is gone, which counts as done.
 */
static void some_that_look_again_when_the_store_is_lost(void **unused)
{
    (void)unused;
    for (unsigned lost_at = 1; lost_at <= 2; lost_at++) {
        struct depot_of_halls halls;
        struct slow_store store;
        struct renter renters[4] = {
            {.box = "a", .id = 9}, {.box = "b", .id = 9}, {.id = 9}, {.box = "c"}};
        void *(*const calls[4])(void *) = {rent_by_id, rent_by_id, give_back_by_id, rent_by_id};

        halls_start(&halls);
        open_slow(&halls, &store);
        atomic_store(&store.lost_at, lost_at);
        atomic_store(&store.holds, true);
        for (unsigned i = 0; i < 4; i++) {
            renters[i].manager = halls.manager;
            assert_int_equal(pthread_create(&renters[i].thread, NULL, calls[i], &renters[i]), 0);
            while (atomic_load(&store.n_commits) == 0)
                pause_shortly();
            for (unsigned j = 0; j < 5; j++)
                pause_shortly();
        }
        atomic_store(&store.holds, false);
        for (unsigned i = 0; i < 4; i++)
            pthread_join(renters[i].thread, NULL);
        assert_int_equal(renters[0].rc, lost_at == 1 ? -EOWNERDEAD : -ENOSPC);
        for (unsigned i = 1; i < 4; i++)
            assert_int_equal(renters[i].rc, -EOWNERDEAD);
        assert_string_equal(halls_state(&halls), "");
        close_slow(&halls);
        halls_stop(&halls);
    }
}

/* A commit has no rows of what has not changed. */
static void rows_of_a_commit(void **unused)
{
    struct depot_of_halls halls;
    struct slow_store store;
    uuid_t id = {0};

    (void)unused;
    halls_start(&halls);
    open_slow(&halls, &store);
    assert_int_equal(rent(&halls, "a", 1, id, "ann"), 0);
    assert_int_equal(atomic_load(&store.n_changes), 5); /* and counters */
    assert_int_equal(use(&halls, id), 0);
    assert_int_equal(atomic_load(&store.n_changes), 2); /* the drawer; the intent goes */
    halls.hall.fail_at = halls.hall.n_calls + 1;
    halls.hall.outcome = -EIO;
    assert_int_equal(give_back(&halls, id), -EIO);
    assert_int_equal(atomic_load(&store.n_changes), 1); /* the intent goes */
    assert_int_equal(give_back(&halls, id), 0);
    close_slow(&halls);
    halls_stop(&halls);
}

/* The process dies while threads are at work. All of them get an answer, and all can be let go. */
static void *call_until_lost(void *arg)
{
    struct caller *caller = arg;
    char name[16];
    int rc = 0;

    (void)snprintf(name, sizeof name, "box%u", caller->number % 3);
    while (rc != -EOWNERDEAD) {
        depository_box_config box = box_named(name);
        depository_drawer_config drawer = {.index = (uint16_t)(caller->number % 2)};
        uuid_t id = {0};

        rc = depository_rent(caller->manager, &box, &drawer, id, "caller", NULL);
        if (rc == 0)
            rc = depository_use(caller->manager, id, NULL, NULL);
        if (rc == 0)
            rc = depository_give_back(caller->manager, id, NULL);
        if (rc != 0 && rc != -EOWNERDEAD)
            caller->failures++;
    }
    return NULL;
}

static void threads_at_work_when_it_dies(void **unused)
{
    (void)unused;
    for (unsigned round = 0; round < 30; round++) {
        struct depot_of_halls halls;
        struct caller callers[THREADS] = {0};

        halls_start(&halls);
        halls.store.pends = round % 2;
        halls.store.at = 20 + 7 * round;
        halls.store.fault = round % 3 ? BERTH_FAULT_DIE : BERTH_FAULT_LOSE;
        for (unsigned i = 0; i < THREADS; i++) {
            callers[i].manager = halls.manager;
            callers[i].number = i;
            assert_int_equal(pthread_create(&callers[i].thread, NULL, call_until_lost, &callers[i]),
                             0);
        }
        for (unsigned i = 0; i < THREADS; i++) {
            pthread_join(callers[i].thread, NULL);
            assert_int_equal(callers[i].failures, 0);
        }
        halls_reopen(&halls);
        halls_stop(&halls);
    }
}

/* Started operations go on when their commit is durable. */
struct job {
    depository_op op;
    depository_box_config box;
    depository_drawer_config drawer;
    uuid_t id;
    atomic_int code; /* 1: it is not done */
};

static void note_done(void *arg, int code)
{
    struct job *job = arg;

    atomic_store(&job->code, code);
}

static int wait_done(depository *manager, struct job *jobs, unsigned n)
{
    int rc = 0;

    for (unsigned i = 0; i < n; i++) {
        while (atomic_load(&jobs[i].code) == 1) {
            (void)depository_poll(manager, NULL);
            pause_shortly();
        }
        if (atomic_load(&jobs[i].code) != 0)
            rc = atomic_load(&jobs[i].code);
    }
    return rc;
}

enum { JOBS = 6 };

static void start_rents(struct depot_of_halls *halls, struct job *jobs, bool own_block)
{
    static const char *const names[JOBS] = {"a", "b", "c", "a", "b", "c"};

    for (unsigned i = 0; i < JOBS; i++) {
        struct job *job = &jobs[i];

        memset(job, 0, sizeof *job);
        job->box = box_named(names[i]);
        job->drawer.index = (uint16_t)i;
        atomic_store(&job->code, 1);
        assert_int_equal(depository_rent_start(halls->manager, own_block ? &job->op : NULL,
                                               &job->box, &job->drawer, job->id, "ann",
                                               BERTH_NO_DEADLINE, NULL, note_done, job),
                         0);
    }
}

static void start_uses(struct depot_of_halls *halls, struct job *jobs, bool own_block)
{
    for (unsigned i = 0; i < JOBS; i++) {
        atomic_store(&jobs[i].code, 1);
        assert_int_equal(depository_use_start(halls->manager, own_block ? &jobs[i].op : NULL,
                                              jobs[i].id, NULL, BERTH_NO_DEADLINE, NULL, note_done,
                                              &jobs[i]),
                         0);
    }
}

static void started_operations(void **unused)
{
    static struct job jobs[JOBS];

    (void)unused;
    for (unsigned round = 0; round < 4; round++) {
        struct depot_of_halls halls;
        struct job drained = {0};

        halls_start(&halls);
        halls.store.pends = round & 1;
        start_rents(&halls, jobs, round & 2);
        assert_int_equal(wait_done(halls.manager, jobs, JOBS), 0);
        start_uses(&halls, jobs, round & 2);
        assert_int_equal(wait_done(halls.manager, jobs, JOBS), 0);
        halls_kill(&halls);
        for (unsigned i = 0; i < JOBS; i++)
            assert_int_equal(depository_look(halls.manager, jobs[i].id, NULL, 0, NULL), 0);
        atomic_store(&drained.code, 1);
        assert_int_equal(depository_drain_start(halls.manager, &drained.op, BERTH_NO_DEADLINE, NULL,
                                                note_done, &drained),
                         0);
        assert_int_equal(wait_done(halls.manager, &drained, 1), 0);
        assert_string_equal(halls_state(&halls), "");
        halls_stop(&halls);
    }
}

/* Starts another operation, whose commit has to wait for the one that is pending. */
struct starting {
    struct depot_of_halls *halls;
    struct job job;
    bool started;
    int seen; /* its code while the next hook runs */
};

static int see_started(struct hall *hall, berth_call *call, const char *what)
{
    struct starting *starting = hall->arg;

    (void)call;
    if (strcmp(what, "put:box a") == 0)
        starting->seen = atomic_load(&starting->job.code);
    return 0;
}

static int open_of_starting(void *ctx, const berth_store_manager *manager,
                            int (*accept)(void *arg, const berth_store_manager *stored), void *arg,
                            berth_store_link link, int64_t deadline, berth_store_opened *opened)
{
    struct starting *starting = ctx;
    const berth_store *inner = berth_memory_store_functions(starting->halls->memory);

    return inner->open(inner->ctx, manager, accept, arg, link, deadline, opened);
}

static int load_of_starting(void *ctx,
                            int (*put)(void *arg, uint16_t table, const berth_store_value *values),
                            void *arg, int64_t deadline)
{
    struct starting *starting = ctx;
    const berth_store *inner = berth_memory_store_functions(starting->halls->memory);

    return inner->load(inner->ctx, put, arg, deadline);
}

static int commit_and_start(void *ctx, const berth_store_commit *commit)
{
    struct starting *starting = ctx;
    const berth_store *inner = berth_memory_store_functions(starting->halls->memory);

    if (!starting->started) {
        starting->started = true;
        assert_int_equal(depository_rent_start(starting->halls->manager, &starting->job.op,
                                               &starting->job.box, &starting->job.drawer,
                                               starting->job.id, "bob", BERTH_NO_DEADLINE, NULL,
                                               note_done, &starting->job),
                         0);
        assert_int_equal(atomic_load(&starting->job.code), 1);
    }
    return inner->commit(inner->ctx, commit);
}

static void started_operation_does_not_wait_for_a_hook(void **unused)
{
    struct depot_of_halls halls;
    struct starting starting = {.halls = &halls, .started = true, .seen = 2};
    depository_backend backend;
    berth_store store;
    uuid_t a = {0};

    (void)unused;
    halls_start(&halls);
    assert_int_equal(depository_destroy(halls.manager, NULL), 0);
    backend = hall_backend(&halls.hall);
    store = *berth_memory_store_functions(halls.memory);
    store.ctx = &starting;
    store.commit = commit_and_start;
    store.open = open_of_starting;
    store.load = load_of_starting;
    assert_int_equal(depository_open(NULL, &backend, NULL, &store, &halls.manager, NULL), 0);
    starting.job.box = box_named("b");
    atomic_store(&starting.job.code, 1);
    halls.hall.during = see_started;
    halls.hall.arg = &starting;
    assert_int_equal(rent(&halls, "a", 1, a, "ann"), 0);
    starting.started = false;
    assert_int_equal(use(&halls, a), 0);
    assert_int_equal(starting.seen, 0);
    assert_int_equal(drain(&halls), 0);
    close_slow(&halls);
    halls_stop(&halls);
}

/* All of them end when the store is lost, wherever they are. */
static void started_operations_of_a_lost_manager(void **unused)
{
    static struct job jobs[JOBS];

    (void)unused;
    for (unsigned at = 1; at < 25; at++) {
        struct depot_of_halls halls;
        int rc;

        halls_start(&halls);
        halls.store.pends = at & 1;
        halls.store.at = at;
        halls.store.fault = at & 2 ? BERTH_FAULT_DIE : BERTH_FAULT_LOSE;
        start_rents(&halls, jobs, true);
        rc = wait_done(halls.manager, jobs, JOBS);
        if (rc == 0) {
            start_uses(&halls, jobs, true);
            rc = wait_done(halls.manager, jobs, JOBS);
        }
        assert_true(rc == 0 || rc == -EOWNERDEAD);
        if (rc != 0)
            halls_reopen(&halls);
        halls_stop(&halls);
    }
}

/* What others make durable can be seen while a hook runs. */
static int look_at_other_root(struct hall *hall, berth_call *call, const char *what)
{
    struct depot_of_halls *halls = hall->arg;
    uuid_t other = {0};

    (void)call;
    if (strcmp(what, "put:box a") != 0)
        return 0;
    assert_int_equal(rent(halls, "b", 1, other, "bob"), 0);
    assert_int_equal(use(halls, other), 0);
    return 0;
}

static void a_hook_uses_another_root(void **unused)
{
    struct depot_of_halls halls;
    uuid_t a = {0};

    (void)unused;
    halls_start(&halls);
    halls.hall.during = look_at_other_root;
    halls.hall.arg = &halls;
    assert_int_equal(rent(&halls, "a", 1, a, "ann"), 0);
    assert_int_equal(use(&halls, a), 0);
    halls_kill(&halls);
    assert_non_null(strstr(halls_state(&halls), "drawer b/1 open"));
    halls_stop(&halls);
}

/* The store is lost while a hook runs: its outcome is dropped, and the root waits for recovery. */
static int lose_store(struct hall *hall, berth_call *call, const char *what)
{
    struct depot_of_halls *halls = hall->arg;

    if (strcmp(what, "open:drawer a/1") != 0)
        return 0;
    assert_int_equal(berth_store_lost(halls->store.link), 0);
    assert_true(berth_call_cancelled(call));
    return 0;
}

static void lost_while_a_hook_runs(void **unused)
{
    struct depot_of_halls halls;
    uuid_t a = {0};

    (void)unused;
    halls_start(&halls);
    halls.hall.during = lose_store;
    halls.hall.arg = &halls;
    assert_int_equal(rent(&halls, "a", 1, a, "ann"), 0);
    assert_int_equal(use(&halls, a), -ESTALE);
    halls_reopen(&halls);
    assert_non_null(strstr(halls_state(&halls), "drawer a/1 stuck"));
    halls_stop(&halls);
}

/* The hook that puts runs until another commit has been asked for. */
static int wait_for_another(struct hall *hall, berth_call *call, const char *what)
{
    struct slow_store *store = hall->arg;

    (void)call;
    (void)what;
    while (atomic_load(&store->n_commits) < 2)
        pause_shortly();
    return 0;
}

static unsigned halls_calls(struct depot_of_halls *halls)
{
    unsigned n;

    pthread_mutex_lock(&halls->hall.lock);
    n = halls->hall.n_calls;
    pthread_mutex_unlock(&halls->hall.lock);
    return n;
}

struct user {
    pthread_t thread;
    struct depot_of_halls *halls;
    uuid_t id;
    int rc;
};

static void *use_it(void *arg)
{
    struct user *user = arg;

    user->rc = depository_use(user->halls->manager, user->id, NULL, NULL);
    return NULL;
}

/* One of a group does not fit. The others do, also one that has called a hook. */
static void one_of_a_group_does_not_fit(void **unused)
{
    struct depot_of_halls halls;
    struct slow_store store;
    struct renter first = {.box = "a"}, fat = {.box = "fat"}, slim = {.box = "slim"};
    struct user user = {.halls = &halls};

    (void)unused;
    halls_start(&halls);
    open_slow(&halls, &store);
    first.manager = fat.manager = slim.manager = halls.manager;
    assert_int_equal(rent(&halls, "u", 1, user.id, "user"), 0);
    halls.hall.during = wait_for_another;
    halls.hall.arg = &store;
    atomic_store(&store.n_commits, 0);
    atomic_store(&store.is_narrow, true);
    assert_int_equal(pthread_create(&user.thread, NULL, use_it, &user), 0);
    while (atomic_load(&store.n_commits) == 0 || halls_calls(&halls) == 0)
        pause_shortly(); /* its intent is durable, and its hook runs */
    atomic_store(&store.holds, true);
    assert_int_equal(pthread_create(&first.thread, NULL, rent_by_id, &first), 0);
    while (atomic_load(&store.n_commits) < 2)
        pause_shortly();
    assert_int_equal(pthread_create(&fat.thread, NULL, rent_by_id, &fat), 0);
    assert_int_equal(pthread_create(&slim.thread, NULL, rent_by_id, &slim), 0);
    for (unsigned i = 0; i < 10; i++)
        pause_shortly();
    atomic_store(&store.holds, false);
    pthread_join(first.thread, NULL);
    pthread_join(fat.thread, NULL);
    pthread_join(slim.thread, NULL);
    pthread_join(user.thread, NULL);
    assert_int_equal(first.rc, -ENOSPC);
    assert_int_equal(fat.rc, -E2BIG);
    assert_int_equal(slim.rc, 0);
    assert_int_equal(user.rc, 0);
    assert_null(strstr(halls_state(&halls), "box fat"));
    atomic_store(&store.is_narrow, false);
    assert_int_equal(drain(&halls), 0);
    close_slow(&halls);
    assert_string_equal(halls_state(&halls), "");
    halls_stop(&halls);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_share_a_slow_store),
        cmocka_unit_test(commits_of_threads_are_pending),
        cmocka_unit_test(an_id_that_may_come_free),
        cmocka_unit_test(discard_behind_one_that_looks_again),
        cmocka_unit_test(some_that_look_again_when_the_store_is_lost),
        cmocka_unit_test(one_of_a_group_does_not_fit),
        cmocka_unit_test(rows_of_a_commit),
        cmocka_unit_test(threads_at_work_when_it_dies),
        cmocka_unit_test(started_operations),
        cmocka_unit_test(started_operation_does_not_wait_for_a_hook),
        cmocka_unit_test(started_operations_of_a_lost_manager),
        cmocka_unit_test(a_hook_uses_another_root),
        cmocka_unit_test(lost_while_a_hook_runs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
