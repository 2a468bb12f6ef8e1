/* A file whose rows are about another backend begins anew: all rows go, and the epoch goes on. */
#define _GNU_SOURCE

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/depot.h"
#include "support/dying.h"

static const char all_rows[] = "1 boxes, 1 drawers, 1 reservations, 0 references, 0 intents",
                  no_rows[] = "0 boxes, 0 drawers, 0 reservations, 0 references, 0 intents";

static void join(struct depot *other, const struct depot *depot, const char *backend, bool anew)
{
    *other = *depot;
    fake_join(&other->fake, &depot->fake,
              &(berth_sqlite_options){.backend = backend, .begin_anew = anew});
}

/* Ends the manager, and keeps its rows. */
static void leave(struct depot *depot)
{
    assert_int_equal(depository_save(depot->manager, NULL, NULL), 0);
    depot_close(depot);
}

static unsigned epoch_of(const struct depot *depot)
{
    return (unsigned)strtoul(fake_ask(&depot->fake, "SELECT epoch FROM _berth"), NULL, 10);
}

static void rows_of_another_backend_go(void **unused)
{
    struct depot depot, other;

    (void)unused;
    depot_start(&depot);
    assert_int_equal(depot_open(&depot), 0);
    assert_int_equal(depot_rent(&depot), 0);
    join(&other, &depot, "hall 2", true);
    assert_int_equal(depot_open(&other), 0); /* the manager of hall 1 still runs */
    assert_int_equal(depot_rent(&depot), -ESTALE);
    depot_close(&depot);
    assert_string_equal(depot_rows(&other), no_rows);
    assert_string_equal(fake_ask(&other.fake, "SELECT backend || ', ' || epoch FROM _berth"),
                        "hall 2, 2");
    assert_int_equal(depot_recover(&other), 0);
    assert_int_equal(other.hall->epoch, 2); /* what settle got */
    assert_int_equal(depot_rent(&other), 0);
    leave(&other);
    assert_int_equal(depot_open(&other), 0); /* the same backend */
    assert_string_equal(depot_rows(&other), all_rows);
    leave(&other);
    assert_int_equal(depot_open(&depot), -ENODEV);
    fake_leave(&other.fake);
    depot_stop(&depot);
}

static void what_was_moved_stays_refused(void **unused)
{
    struct depot depot, other;

    (void)unused;
    depot_start(&depot);
    assert_int_equal(depot_open(&depot), 0);
    assert_int_equal(depot_rent(&depot), 0);
    leave(&depot);
    fake_sql(&depot.fake, "UPDATE _berth SET place = 'moved', _sum = NULL");
    join(&other, &depot, "hall 2", true);
    assert_int_equal(depot_open(&other), -ESTALE);
    fake_sql(&depot.fake, "UPDATE _berth SET manager = 'other', place = '', _sum = NULL");
    assert_int_equal(depot_open(&other), -EINVAL);
    assert_string_equal(depot_rows(&other), all_rows);
    fake_leave(&other.fake);
    depot_stop(&depot);
}

/* False: the opening has fewer steps. */
static bool die_in_opening(const struct depot *depot, unsigned at)
{
    int status;
    pid_t child = fork();

    assert_true(child >= 0);
    if (child == 0) {
        struct depot other;

        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        join(&other, depot, "hall 2", true);
        dying_start(at);
        _exit(depot_open(&other) == 0 ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    if (WIFSIGNALED(status))
        return true;
    assert_int_equal(WEXITSTATUS(status), 0);
    return false;
}

/* Killed at each step: all rows are there with the old epoch, or none with the next one. */
static void all_rows_go_or_none(void **unused)
{
    unsigned kept = 0, gone = 0;
    bool dies = true;

    (void)unused;
    for (unsigned at = 1; dies; at++) {
        struct depot depot, other;
        int rc;

        depot_start(&depot);
        assert_int_equal(depot_open(&depot), 0);
        assert_int_equal(depot_rent(&depot), 0);
        leave(&depot);
        dies = die_in_opening(&depot, at);
        join(&other, &depot, "hall 2", true);
        rc = depot_open(&depot);
        if (rc == 0) {
            kept++;
            assert_string_equal(depot_rows(&depot), all_rows);
            leave(&depot);
        } else {
            gone++;
            assert_int_equal(rc, -ENODEV);
        }
        assert_int_equal(depot_open(&other), 0);
        assert_int_equal(epoch_of(&depot), 3);
        assert_string_equal(depot_rows(&other), no_rows);
        depot_close(&other);
        fake_leave(&other.fake);
        depot_stop(&depot);
    }
    print_message("killed at %u steps: all rows were there %u times, none %u\n", kept + gone - 1,
                  kept, gone);
    assert_true(kept > 0);
    assert_true(gone > 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_of_another_backend_go),
        cmocka_unit_test(what_was_moved_stays_refused),
        cmocka_unit_test(all_rows_go_or_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
