/*
 * A manager in a file of SQLite. Its process is killed in hooks and at random moments; it is opened
 * again and recovers, and in the end nothing is left in the store and in the backend.
 */
#define _GNU_SOURCE

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "support/depot.h"

enum { THREADS = 4, ROUNDS = 100, KILLS = 60 };

static void let_everything_go(struct depot *depot)
{
    for (unsigned i = 0; i < 3; i++)
        (void)depository_drain(depot->manager, BERTH_NO_DEADLINE, &depot->error);
    assert_string_equal(depot_rows(depot),
                        "0 boxes, 0 drawers, 0 reservations, 0 references, 0 intents");
    assert_int_equal(depot_effects(depot), 0);
}

static void life_goes_on_in_the_next_process(void **unused)
{
    depository_box_config box = DEPOSITORY_BOX_CONFIG_DEFAULT;
    const depository_drawer_config drawer = {.index = 7};
    struct depot depot;
    uuid_t id = {0};

    (void)unused;
    box.name = "a";
    box.kind = DEPOSITORY_BOX_KIND_GLASS;
    depot_start(&depot);
    assert_int_equal(depot_open(&depot), 0);
    assert_int_equal(depository_rent(depot.manager, &box, &drawer, id, "ann", &depot.error), 0);
    assert_int_equal(depository_use(depot.manager, id, NULL, &depot.error), 0);
    assert_int_equal(depot.hall->epoch, 1);
    assert_string_equal(fake_ask(&depot.fake, "SELECT name || kind || _state || label || session "
                                              "|| badge FROM box"),
                        "aglasstherea@0.01badge-1");
    assert_string_equal(fake_ask(&depot.fake, "SELECT _owner || _held FROM _reservations"),
                        "ann[\"box\",\"drawer\"]");
    assert_int_equal(depository_save(depot.manager, NULL, &depot.error), 0);
    depot_close(&depot);
    assert_int_equal(depot_open(&depot), 0);
    assert_int_equal(depot_recover(&depot), 0);
    assert_int_equal(depot.hall->epoch, 2);
    assert_int_equal(depository_give_back(depot.manager, id, &depot.error), 0);
    let_everything_go(&depot);
    depot_close(&depot);
    depot_stop(&depot);
}

static void rows_of_another_backend_are_refused(void **unused)
{
    struct depot depot, other;

    (void)unused;
    depot_start(&depot);
    assert_int_equal(depot_open(&depot), 0);
    depot_close(&depot);
    other = depot;
    fake_join(&other.fake, &depot.fake, &(berth_sqlite_options){.backend = "hall 2"});
    assert_int_equal(depot_open(&other), -ENODEV);
    assert_non_null(strstr(other.error.reason, "another backend"));
    assert_non_null(
        strstr(fake_reason(&other.fake), "about backend \"hall 1\", and this is \"hall 2\""));
    fake_leave(&other.fake);
    depot_stop(&depot);
}

/* The file is named by another object, over a link. The manager goes on. */
static void save_to_the_own_file_is_refused(void **unused)
{
    struct depot depot;
    struct fake other;
    char link[128];

    (void)unused;
    depot_start(&depot);
    assert_int_equal(depot_open(&depot), 0);
    fake_join(&other, &depot.fake, NULL);
    (void)snprintf(link, sizeof link, "%s.link", depot.fake.path);
    assert_int_equal(symlink(depot.fake.path, link), 0);
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(depository_save(depot.manager, other.store, &depot.error), -EINVAL);
        assert_non_null(strstr(fake_reason(&other), "file of the manager"));
        fake_leave(&other);
        other.object = berth_sqlite_create(link, NULL);
        other.store = berth_sqlite_store(other.object);
    }
    assert_int_equal(depository_save(depot.manager, depot.fake.store, &depot.error), -EINVAL);
    assert_non_null(strstr(depot.error.reason, "the store that the manager has"));
    assert_int_equal(depot_rent(&depot), 0);
    assert_string_equal(fake_ask(&depot.fake, "SELECT epoch || place FROM _berth"), "1");
    assert_int_equal(depository_save(depot.manager, NULL, NULL), 0);
    fake_leave(&other);
    (void)unlink(link);
    depot_close(&depot);
    depot_stop(&depot);
}

/* Rows of another manager are kept; its empty store is taken. */
static void save_to_the_store_of_another_manager_is_refused(void **unused)
{
    static const char name[] = "UPDATE _berth SET manager = 'other', _sum = NULL";
    struct depot depot, other;

    (void)unused;
    depot_start(&depot);
    depot_start(&other);
    assert_int_equal(depot_open(&depot), 0);
    assert_int_equal(depot_open(&other), 0);
    assert_int_equal(depot_rent(&other), 0);
    assert_int_equal(depository_save(other.manager, NULL, NULL), 0);
    depot_close(&other);
    fake_sql(&other.fake, name);
    assert_int_equal(depository_save(depot.manager, other.fake.store, &depot.error), -EINVAL);
    assert_string_equal(depot.error.reason, "the store has rows of another manager");
    assert_non_null(strstr(fake_reason(&other.fake), "of manager other, and this is depository"));
    assert_string_equal(fake_ask(&other.fake, "SELECT count(*) FROM box"), "1");
    assert_int_equal(depot_rent(&depot), 0);
    fake_sql(&other.fake, "DELETE FROM drawer");
    fake_sql(&other.fake, "DELETE FROM box");
    fake_sql(&other.fake, "DELETE FROM _reservations");
    assert_int_equal(depository_save(depot.manager, other.fake.store, &depot.error), 0);
    depot_close(&depot);
    depot_stop(&other);
    depot_stop(&depot);
}

static void damaged_rows_make_no_manager(void **unused)
{
    struct depot depot;
    unsigned char *bytes;
    size_t size;

    (void)unused;
    depot_start(&depot);
    assert_int_equal(depot_open(&depot), 0);
    depot_close(&depot);
    bytes = fake_bytes(&depot.fake, "", &size);
    fake_put_bytes(&depot.fake, "", bytes, size - 5000);
    assert_int_equal(depot_open(&depot), -EBADMSG);
    assert_null(depot.manager);
    free(bytes);
    depot_stop(&depot);
}

static void fenced_manager_calls_no_hook(void **unused)
{
    struct depot depot, later;
    unsigned calls;

    (void)unused;
    depot_start(&depot);
    assert_int_equal(depot_open(&depot), 0);
    later = depot;
    fake_join(&later.fake, &depot.fake, &(berth_sqlite_options){.backend = "hall 1"});
    assert_int_equal(depot_open(&later), 0);
    calls = depot.hall->calls;
    assert_int_equal(depot_round(&depot, 0, "ann"), -ESTALE);
    assert_int_equal(depot_round(&depot, 1, "ann"), -ESTALE);
    assert_int_equal(depot.hall->calls, calls);
    assert_int_equal(depot_round(&later, 0, "ann"), 0);
    let_everything_go(&later);
    depot_close(&depot);
    depot_close(&later);
    fake_leave(&later.fake);
    depot_stop(&depot);
}

/* A child that works until it is killed */

struct worker {
    struct depot *depot;
    unsigned number;
};

static void *work(void *arg)
{
    const struct worker *worker = arg;
    char owner[16];

    (void)snprintf(owner, sizeof owner, "worker %u", worker->number);
    for (unsigned i = 0; i < ROUNDS; i++) {
        int rc = depot_round(worker->depot, worker->number + THREADS * i, owner);

        if (rc == -EOWNERDEAD || rc == -ESTALE)
            break;
        worker->depot->hall->done += rc == 0;
    }
    return NULL;
}

static void live(struct depot *depot, unsigned n_threads)
{
    struct worker workers[THREADS];
    pthread_t threads[THREADS];

    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (depot_open(depot) != 0 || depot_recover(depot) != 0)
        _exit(1);
    for (unsigned i = 0; i < n_threads; i++) {
        workers[i] = (struct worker){depot, i};
        if (pthread_create(&threads[i], NULL, work, &workers[i]) != 0)
            _exit(2);
    }
    for (unsigned i = 0; i < n_threads; i++)
        (void)pthread_join(threads[i], NULL);
    _exit(0);
}

static pid_t give_birth(struct depot *depot, unsigned n_threads)
{
    pid_t child = fork();

    assert_true(child >= 0);
    if (child == 0)
        live(depot, n_threads);
    return child;
}

static bool was_killed(pid_t child)
{
    int status;

    assert_int_equal(waitpid(child, &status, 0), child);
    if (!WIFSIGNALED(status))
        assert_int_equal(WEXITSTATUS(status), 0);
    return WIFSIGNALED(status);
}

static void come_back(struct depot *depot)
{
    depot->hall->kill_at = 0;
    if (depot_open(depot) != 0)
        fail_msg("%s: %s", depot->error.reason, fake_reason(&depot->fake));
    if (depot_recover(depot) != 0)
        fail_msg("recover: %d", depot->error.code);
    let_everything_go(depot);
    depot_close(depot);
}

/* In each of its first hooks, before the effect and after it. */
static void killed_in_each_hook(void **state)
{
    unsigned killed = 0;

    for (unsigned at = 1; at <= 16; at++) {
        struct depot depot;

        depot_start_with(&depot, *state);
        depot.hall->kill_at = at;
        depot.hall->takes_effect = at % 2;
        killed += was_killed(give_birth(&depot, 1));
        assert_string_not_equal(depot_rows(&depot),
                                "0 boxes, 0 drawers, 0 reservations, 0 references, 0 intents");
        come_back(&depot);
        depot_stop(&depot);
    }
    assert_int_equal(killed, 16);
}

/* Four threads, at random moments; each life goes on with what the one before left. */
static void killed_at_random_moments(void **state)
{
    struct depot depot;
    unsigned killed = 0, random = 5;

    depot_start_with(&depot, *state);
    for (unsigned i = 0; i < KILLS; i++) {
        const unsigned done = depot.hall->done;
        pid_t child = give_birth(&depot, THREADS);

        random = random * 1664525u + 1013904223u;
        for (unsigned waited = 0; depot.hall->done == done && waited < 2000; waited++)
            (void)nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
        (void)nanosleep(&(struct timespec){.tv_nsec = (long)(random >> 8) % 4000000}, NULL);
        (void)kill(child, SIGKILL);
        killed += was_killed(child);
        if (i % 2 == 0)
            come_back(&depot);
    }
    come_back(&depot);
    print_message("%u kills, %u rounds, %u calls\n", killed, depot.hall->done, depot.hall->calls);
    assert_true(killed > KILLS / 2);
    assert_true(depot.hall->done > KILLS);
    depot_stop(&depot);
}

int main(void)
{
    static berth_sqlite_options on_this_thread = {.backend = "hall 1"},
                                background = {.backend = "hall 1", .background = true};
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(life_goes_on_in_the_next_process),
        cmocka_unit_test(rows_of_another_backend_are_refused),
        cmocka_unit_test(save_to_the_own_file_is_refused),
        cmocka_unit_test(save_to_the_store_of_another_manager_is_refused),
        cmocka_unit_test(damaged_rows_make_no_manager),
        cmocka_unit_test(fenced_manager_calls_no_hook),
        cmocka_unit_test_prestate(killed_in_each_hook, &on_this_thread),
        cmocka_unit_test_prestate(killed_at_random_moments, &on_this_thread),
        {"killed_in_each_hook_background", killed_in_each_hook, NULL, NULL, &background},
        {"killed_at_random_moments_background", killed_at_random_moments, NULL, NULL, &background},
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
