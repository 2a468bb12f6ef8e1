/*
 * A thread of the store makes the commits. A program with one thread starts operations while
 * another program holds the file: none of them blocks, and other roots go on.
 */
#define _GNU_SOURCE

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include <sqlite3.h>

#include "support/depot.h"

enum { OPERATIONS = 6, CALLERS = 4, ROUNDS = 40 };

/* An event loop. */
struct loop {
    struct depot depot;
    int event;
    unsigned started, ended, failed;
    int code; /* of the last one that failed */
    pthread_t thread;
    bool elsewhere; /* some `done` ran on another thread */
};

static void wake(void *ctx)
{
    const struct loop *loop = ctx;
    const uint64_t one = 1;

    assert_int_equal(write(loop->event, &one, sizeof one), sizeof one);
}

static void start_loop(struct loop *loop, const berth_sqlite_options *options)
{
    memset(loop, 0, sizeof *loop);
    loop->thread = pthread_self();
    loop->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    assert_true(loop->event >= 0);
    depot_start_with(&loop->depot, options);
    loop->depot.config = (berth_config){.wake = wake, .wake_ctx = loop};
    assert_int_equal(depot_open(&loop->depot), 0);
    assert_int_equal(depot_recover(&loop->depot), 0);
}

static void stop_loop(struct loop *loop)
{
    depot_stop(&loop->depot);
    (void)close(loop->event);
}

/* Runs what is ready, until there is nothing for so long. */
static void run_loop(struct loop *loop, int ms)
{
    struct pollfd event = {.fd = loop->event, .events = POLLIN};
    uint64_t n;

    while (loop->ended < loop->started && poll(&event, 1, ms) == 1) {
        (void)!read(loop->event, &n, sizeof n);
        (void)depository_poll(loop->depot.manager, NULL);
    }
}

struct request {
    struct loop *loop;
    berth_error error;
    uuid_t id;
};

static void note_end(void *arg, int code)
{
    struct request *request = arg;
    struct loop *loop = request->loop;

    loop->ended++;
    loop->elsewhere = loop->elsewhere || !pthread_equal(loop->thread, pthread_self());
    if (code != 0) {
        loop->failed++;
        loop->code = code;
    }
}

/* Starts to rent a box of its own, which has no hook and one commit. */
static void start_rent(struct loop *loop, struct request *request, unsigned n)
{
    depository_box_config box = DEPOSITORY_BOX_CONFIG_DEFAULT;
    const depository_drawer_config drawer = {.index = 7};
    char name[2] = {(char)('a' + n), '\0'};

    box.name = name;
    box.kind = DEPOSITORY_BOX_KIND_STEEL;
    *request = (struct request){.loop = loop};
    loop->started++;
    assert_int_equal(depository_rent_start(loop->depot.manager, NULL, &box, &drawer, request->id,
                                           "ann", BERTH_NO_DEADLINE, &request->error, note_end,
                                           request),
                     0);
}

static void start_use(struct loop *loop, struct request *request)
{
    loop->started++;
    assert_int_equal(depository_use_start(loop->depot.manager, NULL, request->id, NULL,
                                          BERTH_NO_DEADLINE, &request->error, note_end, request),
                     0);
}

static sqlite3 *hold_file(const struct loop *loop)
{
    sqlite3 *db = NULL;

    assert_int_equal(sqlite3_open(loop->depot.fake.path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    return db;
}

static const berth_sqlite_options background = {.backend = "hall 1", .background = true};

static void no_start_waits_for_the_file(void **unused)
{
    struct request requests[OPERATIONS];
    struct loop loop;
    sqlite3 *holder;

    (void)unused;
    start_loop(&loop, &background);
    start_rent(&loop, &requests[0], 0);
    run_loop(&loop, 5000);
    assert_int_equal(loop.ended, 1);
    holder = hold_file(&loop); /* a commit waits now: it would be for ever on this thread */
    for (unsigned i = 1; i < OPERATIONS; i++)
        start_rent(&loop, &requests[i], i);
    start_use(&loop, &requests[0]);
    run_loop(&loop, 20);
    assert_int_equal(loop.ended, 1);
    assert_int_equal(loop.depot.hall->calls, 0); /* its intent is not durable */
    assert_int_equal(sqlite3_close(holder), SQLITE_OK);
    run_loop(&loop, 5000);
    assert_int_equal(loop.ended, OPERATIONS + 1);
    assert_int_equal(loop.failed, 0);
    assert_false(loop.elsewhere);
    assert_int_equal(loop.depot.hall->calls, 2);
    assert_int_equal(depository_save(loop.depot.manager, NULL, NULL), 0);
    depot_close(&loop.depot);
    assert_int_equal(depot_open(&loop.depot), 0);
    assert_string_equal(depot_rows(&loop.depot),
                        "6 boxes, 6 drawers, 6 reservations, 0 references, 0 intents");
    assert_int_equal(depository_discard(loop.depot.manager), 0);
    depot_close(&loop.depot);
    stop_loop(&loop);
}

/* A certain failure comes through the thread as one on the caller's. */
static void full_disk_fails_the_operation(void **unused)
{
    const struct rlimit none = {.rlim_cur = 1, .rlim_max = RLIM_INFINITY};
    struct request requests[2];
    struct rlimit before;
    struct loop loop;

    (void)unused;
    (void)signal(SIGXFSZ, SIG_IGN);
    start_loop(&loop, &background);
    start_rent(&loop, &requests[0], 0);
    run_loop(&loop, 5000);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
    start_use(&loop, &requests[0]);
    start_rent(&loop, &requests[1], 1);
    while (loop.ended < loop.started)
        run_loop(&loop, 5000);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(loop.failed, 2);
    assert_int_equal(loop.code, -EFBIG);
    assert_int_equal(loop.depot.hall->calls, 0);
    start_use(&loop, &requests[0]); /* there is space again */
    run_loop(&loop, 5000);
    assert_int_equal(loop.failed, 2);
    assert_int_equal(depository_discard(loop.depot.manager), 0);
    depot_close(&loop.depot);
    stop_loop(&loop);
}

/* The manager is lost while a commit is pending: destroy waits for that commit. */
static void closed_with_a_pending_commit(void **unused)
{
    struct request request;
    struct loop loop;
    sqlite3 *holder;

    (void)unused;
    start_loop(&loop,
               &(berth_sqlite_options){.backend = "hall 1", .background = true, .busy_ms = 200});
    holder = hold_file(&loop);
    start_rent(&loop, &request, 0);
    assert_int_equal(berth_store_lost((berth_store_link){(berth_manager *)loop.depot.manager}), 0);
    run_loop(&loop, 5000);
    assert_int_equal(loop.ended, 1);
    depot_close(&loop.depot);
    assert_int_equal(sqlite3_close(holder), SQLITE_OK);
    stop_loop(&loop);
}

struct caller {
    struct depot *depot;
    unsigned number;
    int rc;
};

static void *call(void *arg)
{
    struct caller *caller = arg;
    char owner[16];

    (void)snprintf(owner, sizeof owner, "caller %u", caller->number);
    for (unsigned i = 0; i < ROUNDS && caller->rc == 0; i++)
        caller->rc = depot_round(caller->depot, caller->number, owner);
    return NULL;
}

static void blocking_calls_wait_for_the_thread(void **unused)
{
    struct caller callers[CALLERS];
    pthread_t threads[CALLERS];
    struct depot depot;

    (void)unused;
    depot_start_with(&depot, &background);
    assert_int_equal(depot_open(&depot), 0);
    for (unsigned i = 0; i < CALLERS; i++) {
        callers[i] = (struct caller){&depot, i, 0};
        assert_int_equal(pthread_create(&threads[i], NULL, call, &callers[i]), 0);
    }
    for (unsigned i = 0; i < CALLERS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(callers[i].rc, 0);
    }
    assert_string_equal(depot_rows(&depot),
                        "0 boxes, 0 drawers, 0 reservations, 0 references, 0 intents");
    depot_close(&depot);
    depot_stop(&depot);
}

/* The signals that a thread of this process blocks, as bits; ~0 if it is gone. */
static unsigned long long blocked_by(const char *thread)
{
    unsigned long long blocked = ~0ull;
    char name[64], line[256];
    FILE *status;

    (void)snprintf(name, sizeof name, "/proc/self/task/%.16s/status", thread);
    status = fopen(name, "re");
    while (status && fgets(line, sizeof line, status))
        (void)sscanf(line, "SigBlk: %llx", &blocked);
    if (status)
        (void)fclose(status);
    return blocked;
}

/* They are for the threads of the program. */
static void thread_of_the_store_takes_no_signals(void **unused)
{
    const unsigned long long taken = 1ull << (SIGINT - 1) | 1ull << (SIGUSR1 - 1) |
                                     1ull << (SIGALRM - 1) | 1ull << (SIGTERM - 1);
    struct fake fake;
    DIR *threads;
    unsigned n = 0;

    (void)unused;
    fake_start(&fake, &(berth_sqlite_options){.background = true});
    assert_int_equal(fake_open(&fake), 0);
    threads = opendir("/proc/self/task");
    assert_non_null(threads);
    for (const struct dirent *found; (found = readdir(threads)) != NULL;)
        if (found->d_name[0] != '.' && atoi(found->d_name) != getpid()) {
            assert_true((blocked_by(found->d_name) & taken) == taken);
            n++;
        }
    (void)closedir(threads);
    assert_true(n > 0);
    fake_stop(&fake);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_start_waits_for_the_file),
        cmocka_unit_test(full_disk_fails_the_operation),
        cmocka_unit_test(blocking_calls_wait_for_the_thread),
        cmocka_unit_test(closed_with_a_pending_commit),
        cmocka_unit_test(thread_of_the_store_takes_no_signals),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
