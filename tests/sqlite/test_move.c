/* A save into another file, killed at each step: at most one of the two files can be opened. */
#define _GNU_SOURCE

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/depot.h"
#include "support/dying.h"

static const char moved_rows[] = "1 boxes, 1 drawers, 1 reservations, 0 references, 0 intents";

/* A file in the folder of the depot, beside its own. It must be there. */
static void name_other(struct depot *other, const struct depot *depot, bool reclaim)
{
    *other = *depot;
    (void)snprintf(other->fake.path, sizeof other->fake.path, "%s/to.db", depot->fake.folder);
    other->fake.object = berth_sqlite_create(
        other->fake.path,
        &(berth_sqlite_options){.backend = "hall 1", .must_exist = true, .reclaim = reclaim});
    assert_non_null(other->fake.object);
    other->fake.store = berth_sqlite_store(other->fake.object);
}

static int save_to_other(struct depot *depot)
{
    struct depot other;
    berth_sqlite *to;
    int rc;

    name_other(&other, depot, false);
    to = berth_sqlite_create(other.fake.path, &(berth_sqlite_options){.backend = "hall 1"});
    rc = depository_save(depot->manager, berth_sqlite_store(to), &depot->error);
    berth_sqlite_free(to);
    berth_sqlite_free(other.fake.object);
    return rc;
}

/* The process dies at this step of the save. False: the save has fewer steps. */
static bool die_in_save(struct depot *depot, unsigned at)
{
    int status;
    pid_t child = fork();

    assert_true(child >= 0);
    if (child == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (depot_open(depot) != 0 || depot_rent(depot) != 0)
            _exit(1);
        dying_start(at);
        _exit(save_to_other(depot) == 0 ? 0 : 2);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    if (WIFSIGNALED(status))
        return true;
    assert_int_equal(WEXITSTATUS(status), 0);
    return false;
}

/* Does it open? Then it has everything. */
static bool opens(struct depot *depot)
{
    int rc = depot_open(depot);

    if (rc == -ESTALE || rc == -ENOENT)
        return false;
    if (rc != 0)
        fail_msg("%s: %s", depot->error.reason, fake_reason(&depot->fake));
    assert_string_equal(depot_rows(depot), moved_rows);
    assert_int_equal(depository_save(depot->manager, NULL, NULL), 0);
    depot_close(depot);
    return true;
}

static bool other_opens(struct depot *depot, bool reclaim)
{
    struct depot other;
    bool does;

    name_other(&other, depot, reclaim);
    does = opens(&other);
    berth_sqlite_free(other.fake.object);
    return does;
}

/* What has begun is done again, into what is there. */
static void save_again(struct depot *depot)
{
    assert_int_equal(depot_open(depot), 0);
    assert_int_equal(save_to_other(depot), 0);
    depot_close(depot);
    assert_false(opens(depot));
    assert_true(other_opens(depot, false));
}

static void at_most_one_of_two_files_opens(void **unused)
{
    unsigned old = 0, none = 0, other = 0;
    bool dies = true;

    (void)unused;
    for (unsigned at = 1; dies; at++) {
        struct depot depot;
        bool old_opens, new_opens;

        depot_start(&depot);
        dies = die_in_save(&depot, at);
        old_opens = opens(&depot);
        new_opens = other_opens(&depot, false);
        if (old_opens && new_opens)
            fail_msg("killed at step %u: both files open", at);
        old += old_opens;
        other += new_opens;
        none += !old_opens && !new_opens;
        if (old_opens)
            save_again(&depot);
        else if (!new_opens)
            assert_true(other_opens(&depot, true));
        depot_stop(&depot);
    }
    print_message("killed at %u steps: the old file opens %u times, the new one %u, none %u\n",
                  old + other + none - 1, old, other, none);
    assert_true(old > 0);
    assert_true(none > 0);
    assert_true(other > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(at_most_one_of_two_files_opens),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
