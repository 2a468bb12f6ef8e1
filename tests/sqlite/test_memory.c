/* Memory that SQLite does not get. */
#include <errno.h>
#include <string.h>

#include <sqlite3.h>

#include "support/fake.h"

static sqlite3_mem_methods methods; /* of SQLite itself */
static unsigned n_blocks, fails_at; /* from 1; 0: none */

static bool fails(void)
{
    return ++n_blocks == fails_at;
}

static void *take_block(int size)
{
    return fails() ? NULL : methods.xMalloc(size);
}

static void *change_block(void *block, int size)
{
    return fails() ? NULL : methods.xRealloc(block, size);
}

static int set_up_memory(void **unused)
{
    sqlite3_mem_methods ours;

    (void)unused;
    if (sqlite3_config(SQLITE_CONFIG_GETMALLOC, &methods) != SQLITE_OK)
        return -1;
    ours = methods;
    ours.xMalloc = take_block;
    ours.xRealloc = change_block;
    return sqlite3_config(SQLITE_CONFIG_MALLOC, &ours) == SQLITE_OK ? 0 : -1;
}

/* Opens while the allocation with this number fails. Returns how many there were. */
static unsigned open_without(struct fake *fake, unsigned at, int *rc)
{
    n_blocks = 0;
    fails_at = at;
    *rc = fake_open(fake);
    fails_at = 0;
    return n_blocks;
}

/* Allocations of an opening fail, one after the other. Only if it succeeds, it fences the other. */
static void opening_that_fails_fences_nobody(void **unused)
{
    struct fake first, second;
    unsigned failures = 0, n;
    int rc;

    (void)unused;
    fake_start(&first, NULL);
    n = open_without(&first, 0, &rc);
    assert_int_equal(rc, 0);
    fake_commit_to(&first, 5);
    for (unsigned at = 1; at <= n + 10; at += 3) {
        fake_join(&second, &first, NULL);
        (void)open_without(&second, at, &rc);
        fake_leave(&second);
        assert_true(rc == 0 || rc == -ENOMEM);
        failures += rc != 0;
        assert_int_equal(fake_commit(&first), rc == 0 ? -ESTALE : 0);
        if (rc == 0) { /* SQLite goes on without some */
            fake_close(&first);
            assert_int_equal(fake_open(&first), 0);
        }
    }
    assert_true(failures > 100);
    fake_check(&first);
    fake_stop(&first);
}

/* Allocations of a commit fail, one after the other: it is made, or certainly not made. */
static void commit_that_fails_changes_nothing(void **unused)
{
    unsigned failures = 0;
    struct fake fake;

    (void)unused;
    fake_start(&fake, NULL);
    assert_int_equal(fake_open(&fake), 0);
    fake_commit_to(&fake, 3);
    for (unsigned at = 1; at <= 40; at++) {
        int rc;

        n_blocks = 0;
        fails_at = at;
        rc = fake_commit(&fake);
        fails_at = 0;
        assert_true(rc == 0 || rc == -ENOMEM);
        failures += rc != 0;
        fake_check(&fake);
        fake_commit_to(&fake, fake.sequence + 1);
    }
    assert_true(failures > 0);
    fake_check(&fake);
    fake_stop(&fake);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(opening_that_fails_fences_nobody),
        cmocka_unit_test(commit_that_fails_changes_nothing),
    };

    return cmocka_run_group_tests(tests, set_up_memory, NULL);
}
