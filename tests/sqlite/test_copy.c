/* Copies that SQLite makes of a file at any moment, also while its log is written into it. */
#define _GNU_SOURCE

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sqlite3.h>

#include "support/dying.h"
#include "support/fake.h"

enum { BEFORE = 3, AFTER = 6, MARK = 0x10000 };

/* The process dies at this step of its second opening, or of the commits after it. */
static bool die(struct fake *fake, unsigned at)
{
    int status;
    pid_t child = fork();

    assert_true(child >= 0);
    if (child == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (fake_open(fake) != 0)
            _exit(1);
        fake_commit_to(fake, BEFORE);
        fake_close(fake);
        dying_start(at);
        if (fake_open(fake) != 0)
            _exit(2);
        fake_commit_to(fake, AFTER);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    if (WIFSIGNALED(status))
        return true;
    assert_int_equal(WEXITSTATUS(status), 0);
    return false;
}

/* As `.backup` of the sqlite3 shell. */
static void back_up(sqlite3 *from, const char *path)
{
    sqlite3 *to;
    sqlite3_backup *backup;

    assert_int_equal(sqlite3_open(path, &to), SQLITE_OK);
    backup = sqlite3_backup_init(to, "main", from, "main");
    assert_non_null(backup);
    assert_int_equal(sqlite3_backup_step(backup, -1), SQLITE_DONE);
    assert_int_equal(sqlite3_backup_finish(backup), SQLITE_OK);
    assert_int_equal(sqlite3_close(to), SQLITE_OK);
}

static int number_of(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *row = NULL;
    int number;

    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &row, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(row), SQLITE_ROW);
    number = sqlite3_column_int(row, 0);
    assert_int_equal(sqlite3_finalize(row), SQLITE_OK);
    return number;
}

static void vacuum(sqlite3 *from, const char *path)
{
    char *sql = sqlite3_mprintf("VACUUM INTO %Q", path);

    assert_int_equal(sqlite3_exec(from, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_free(sql);
}

static void open_copy(const struct fake *fake, const char *path, unsigned sequence)
{
    struct fake copy = *fake;

    copy.is_open = false;
    copy.object = berth_sqlite_create(path, NULL);
    copy.store = berth_sqlite_store(copy.object);
    if (fake_open(&copy) != 0)
        fail_msg("%s", fake_reason(&copy));
    assert_int_equal(copy.sequence, sequence);
    fake_check(&copy);
    fake_leave(&copy);
}

/* One of them is always written over the one before, as the shell does. */
static void copies_open(void **unused)
{
    char folder[] = "/tmp/berth-copies-XXXXXX", backup[64];
    unsigned marked = 0, copies = 0;
    bool dies = true;

    (void)unused;
    assert_non_null(mkdtemp(folder));
    (void)snprintf(backup, sizeof backup, "%s/backup.db", folder);
    for (unsigned at = 1; dies; at++) {
        struct fake fake;
        char other[128];
        unsigned sequence;
        sqlite3 *db;

        fake_start(&fake, NULL);
        dies = die(&fake, at);
        (void)snprintf(other, sizeof other, "%s/other.db", fake.folder);
        assert_int_equal(sqlite3_open(fake.path, &db), SQLITE_OK);
        marked += (number_of(db, "PRAGMA user_version") & MARK) != 0;
        sequence = (unsigned)number_of(db, "SELECT sequence FROM _berth");
        back_up(db, backup);
        vacuum(db, other);
        assert_int_equal(sqlite3_close(db), SQLITE_OK);
        open_copy(&fake, other, sequence);
        open_copy(&fake, backup, sequence);
        copies++;
        fake_stop(&fake);
    }
    (void)unlink(backup);
    assert_int_equal(rmdir(folder), 0);
    print_message("%u copies, %u of them with a mark\n", copies, marked);
    assert_true(marked > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(copies_open),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
