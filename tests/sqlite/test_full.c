/*
 * No space, and other errors of the disk. A commit that says it is not made is not there, also
 * after a crash; one that says it is made is. What is unknown may be there.
 */
#define _GNU_SOURCE

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sqlite3.h>

#include "support/fake.h"

/* Copies the store as a crash would leave it, and opens the copy. */
static void open_after_crash(const struct fake *fake, struct fake *copy)
{
    unsigned char *bytes;
    size_t size;

    fake_start(copy, NULL);
    bytes = fake_bytes(fake, "", &size);
    fake_put_bytes(copy, "", bytes, size);
    free(bytes);
    bytes = fake_bytes(fake, "-wal", &size);
    if (size > 0)
        fake_put_bytes(copy, "-wal", bytes, size);
    free(bytes);
    assert_int_equal(fake_open(copy), 0);
}

static bool is_known(int rc)
{
    return rc > BERTH_UNCERTAIN(0);
}

/* After a commit that ended so. */
static void check_after_crash(const struct fake *fake, int rc)
{
    struct fake copy;

    open_after_crash(fake, &copy);
    if (copy.sequence != fake->sequence && (is_known(rc) || copy.sequence != fake->sequence + 1))
        fail_msg("%d: commit %u is there, %u was the last one", rc, (unsigned)copy.sequence,
                 (unsigned)fake->sequence);
    fake_check(&copy);
    fake_stop(&copy);
}

/* Files may have this many bytes; 0: any number. */
static void limit_files(size_t bytes)
{
    struct rlimit limit;

    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = bytes > 0 ? bytes : limit.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* At every size that the log may have, to within a part of a page. */
static void limit_of_size_is_certain(void **unused)
{
    unsigned failed = 0;

    (void)unused;
    (void)signal(SIGXFSZ, SIG_IGN);
    for (size_t limit = 12000; limit < 66000; limit += 1030) {
        struct fake fake;
        int rc;

        fake_start(&fake, NULL);
        assert_int_equal(fake_open(&fake), 0);
        limit_files(limit);
        while ((rc = fake_commit(&fake)) == 0 && fake.sequence < 60)
            ;
        limit_files(0);
        if (rc != 0) {
            assert_int_equal(rc, -EFBIG);
            assert_true(strlen(fake_reason(&fake)) > 0);
            failed++;
            fake_check(&fake);
            check_after_crash(&fake, rc);
        }
        fake_commit_to(&fake, fake.sequence + 3); /* there is space again */
        fake_check(&fake);
        check_after_crash(&fake, 0);
        fake_stop(&fake);
    }
    assert_true(failed > 40);
}

static void replace_without_space_changes_nothing(void **unused)
{
    struct fake fake;

    (void)unused;
    (void)signal(SIGXFSZ, SIG_IGN);
    fake_start(&fake, NULL);
    assert_int_equal(fake_open(&fake), 0);
    fake_commit_to(&fake, 30);
    fake_close(&fake);
    assert_int_equal(fake_open(&fake), 0);
    limit_files(8000);
    assert_int_equal(fake_replace(&fake, 100), -EFBIG);
    limit_files(0);
    fake_check(&fake);
    check_after_crash(&fake, -EFBIG);
    fake_stop(&fake);
}

/* A full disk: root may mount one. */
static void full_disk_is_certain(void **unused)
{
    unsigned failed = 0;

    (void)unused;
    for (unsigned kib = 52; kib < 152; kib += 4) {
        char options[32];
        struct fake fake;
        int rc, before = 0;

        fake_start(&fake, NULL);
        (void)snprintf(options, sizeof options, "size=%uk", kib);
        if (mount("tmpfs", fake.folder, "tmpfs", 0, options) != 0) {
            fake_stop(&fake);
            skip();
        }
        rc = fake_open(&fake);
        while (rc == 0 && fake.sequence < 60) {
            before = fake_commit(&fake);
            if (before != 0)
                break;
        }
        if (rc == 0 && before != 0) {
            failed++;
            if (before != -ENOSPC && is_known(before))
                fail_msg("%d: %s", before, fake_reason(&fake));
            if (is_known(before))
                fake_check(&fake);
            check_after_crash(&fake, before);
        } else if (rc != 0 && rc != -ENOSPC && is_known(rc)) {
            fail_msg("%d: %s", rc, fake_reason(&fake));
        }
        fake_close(&fake);
        assert_int_equal(umount2(fake.folder, MNT_DETACH), 0);
        fake_stop(&fake);
    }
    assert_true(failed > 5);
}

/* A file system of SQLite that fails at the n-th write or flush. It stands before the usual one. */

enum way { NO_SPACE, WRITE_FAILS, FLUSH_FAILS, INDEX_FAILS };

/* What a file is, and what it pretends to be. */
struct pretence {
    sqlite3_file *file;
    const sqlite3_io_methods *usual;
    sqlite3_io_methods methods;
};

static struct {
    sqlite3_vfs vfs, *real;
    struct pretence files[32];
    enum way way;
    unsigned at, n; /* the call that fails, from 1 */
} faulty;

static bool fails(enum way way)
{
    return faulty.at > 0 && way == faulty.way && ++faulty.n == faulty.at;
}

/* NULL: one that is not in use. */
static struct pretence *pretence_of(const sqlite3_file *file)
{
    for (unsigned i = 0; i < sizeof faulty.files / sizeof *faulty.files; i++)
        if (faulty.files[i].file == file)
            return &faulty.files[i];
    abort();
}

static const sqlite3_io_methods *usual(const sqlite3_file *file)
{
    return pretence_of(file)->usual;
}

static int faulty_close(sqlite3_file *file)
{
    struct pretence *found = pretence_of(file);

    found->file = NULL;
    return found->usual->xClose(file);
}

static int faulty_write(sqlite3_file *file, const void *bytes, int n, sqlite3_int64 at)
{
    if (fails(NO_SPACE))
        return SQLITE_FULL;
    if (fails(WRITE_FAILS)) {
        errno = EIO;
        return SQLITE_IOERR_WRITE;
    }
    return usual(file)->xWrite(file, bytes, n, at);
}

static int faulty_sync(sqlite3_file *file, int flags)
{
    if (fails(FLUSH_FAILS)) {
        errno = EIO;
        return SQLITE_IOERR_FSYNC;
    }
    return usual(file)->xSync(file, flags);
}

static int faulty_map(sqlite3_file *file, int page, int size, int extend, void volatile **memory)
{
    if (extend && fails(INDEX_FAILS))
        return SQLITE_IOERR_SHMSIZE;
    return usual(file)->xShmMap(file, page, size, extend, memory);
}

static void pretend(sqlite3_file *file)
{
    struct pretence *found = pretence_of(NULL);

    *found = (struct pretence){file, file->pMethods, *file->pMethods};
    found->methods.xClose = faulty_close;
    found->methods.xWrite = faulty_write;
    found->methods.xSync = faulty_sync;
    if (found->methods.xShmMap)
        found->methods.xShmMap = faulty_map;
    file->pMethods = &found->methods;
}

static int faulty_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out)
{
    int rc = faulty.real->xOpen(faulty.real, name, file, flags, out);

    (void)vfs;
    if (rc == SQLITE_OK && file->pMethods)
        pretend(file);
    return rc;
}

static void use_faulty(void)
{
    faulty.real = sqlite3_vfs_find(NULL);
    faulty.vfs = *faulty.real;
    faulty.vfs.zName = "faulty";
    faulty.vfs.xOpen = faulty_open;
    assert_int_equal(sqlite3_vfs_register(&faulty.vfs, 1), SQLITE_OK);
}

static void use_usual(void)
{
    assert_int_equal(sqlite3_vfs_unregister(&faulty.vfs), SQLITE_OK);
    assert_int_equal(sqlite3_vfs_register(faulty.real, 1), SQLITE_OK);
}

/* The n-th call of a kind fails, for every n of some commits. Returns how many were uncertain. */
static unsigned fail_each(enum way way, bool full, unsigned *failed)
{
    unsigned uncertain = 0;

    *failed = 0;
    use_faulty();
    for (unsigned at = 1; at < 80; at++) {
        struct fake fake;
        int rc;

        fake_start(&fake, &(berth_sqlite_options){.full = full});
        faulty.at = 0;
        assert_int_equal(fake_open(&fake), 0);
        faulty.way = way;
        faulty.n = 0;
        faulty.at = at;
        while ((rc = fake_commit(&fake)) == 0 && fake.sequence < 10)
            ;
        faulty.at = 0;
        if (rc != 0) {
            ++*failed;
            uncertain += !is_known(rc);
            check_after_crash(&fake, rc);
        }
        if (is_known(rc))
            fake_commit_to(&fake, fake.sequence + 2);
        if (is_known(rc))
            fake_check(&fake);
        fake_stop(&fake);
    }
    use_usual();
    return uncertain;
}

static void no_space_is_certain_at_each_write(void **unused)
{
    unsigned failed;

    (void)unused;
    assert_int_equal(fail_each(NO_SPACE, true, &failed), 0);
    assert_true(failed > 50);
}

static void failing_write_is_never_called_certain_wrongly(void **unused)
{
    unsigned failed;

    (void)unused;
    assert_true(fail_each(WRITE_FAILS, false, &failed) > 0);
    assert_true(failed > 50);
}

static void failing_flush_of_a_commit_is_uncertain(void **unused)
{
    unsigned failed, uncertain = fail_each(FLUSH_FAILS, true, &failed);

    (void)unused;
    assert_int_equal(uncertain, failed);
    assert_true(failed > 0);
}

/* Flushes since the last call. */
static unsigned count_flushes(void)
{
    unsigned n = faulty.n;

    faulty.way = FLUSH_FAILS;
    faulty.at = 1000000; /* none fails */
    faulty.n = 0;
    return n;
}

/* Each step of a save waits for the disk. Commits do if the store is `full`, before and after. */
static void steps_of_a_save_are_flushed(void **unused)
{
    (void)unused;
    use_faulty();
    for (unsigned full = 0; full < 2; full++) {
        struct fake fake;

        fake_start(&fake, &(berth_sqlite_options){.full = full});
        assert_int_equal(fake_open(&fake), 0);
        (void)count_flushes();
        fake_commit_to(&fake, 3);
        assert_int_equal(count_flushes() > 0, full);
        assert_int_equal(fake.store->set_place(fake.store->ctx, 1, BERTH_STORE_MOVED), 0);
        assert_true(count_flushes() > 0);
        assert_int_equal(fake.store->set_place(fake.store->ctx, 1, BERTH_STORE_HERE), 0);
        assert_true(count_flushes() > 0);
        fake_commit_to(&fake, 6);
        assert_int_equal(count_flushes() > 0, full);
        assert_int_equal(fake_replace(&fake, 7), 0);
        assert_true(count_flushes() > 0);
        fake_commit_to(&fake, 9);
        assert_int_equal(count_flushes() > 0, full);
        faulty.at = 0;
        fake_check(&fake);
        fake_stop(&fake);
    }
    use_usual();
}

/* The index grows after the commit is in the log. */
static void failing_index_is_uncertain(void **unused)
{
    struct fake fake, copy;
    int rc = 0;

    (void)unused;
    use_faulty();
    fake_start(&fake, NULL);
    assert_int_equal(fake_open(&fake), 0);
    fake_sql(&fake, "SELECT 1");
    faulty.way = INDEX_FAILS;
    faulty.n = 0;
    faulty.at = 1;
    {
        /* a reader, so that the log is not begun anew */
        sqlite3 *db = NULL;
        sqlite3_stmt *row = NULL;

        assert_int_equal(sqlite3_open_v2(fake.path, &db, SQLITE_OPEN_READWRITE, faulty.real->zName),
                         SQLITE_OK);
        assert_int_equal(sqlite3_prepare_v2(db, "SELECT * FROM _berth", -1, &row, NULL), SQLITE_OK);
        assert_int_equal(sqlite3_step(row), SQLITE_ROW);
        while (rc == 0 && fake.sequence < 5000)
            rc = fake_commit(&fake);
        assert_int_equal(sqlite3_finalize(row), SQLITE_OK);
        assert_int_equal(sqlite3_close(db), SQLITE_OK);
    }
    faulty.at = 0;
    assert_false(is_known(rc));
    open_after_crash(&fake, &copy);
    assert_int_equal(copy.sequence, fake.sequence + 1); /* it is there */
    fake_check(&copy);
    fake_stop(&copy);
    fake_stop(&fake);
    use_usual();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(limit_of_size_is_certain),
        cmocka_unit_test(replace_without_space_changes_nothing),
        cmocka_unit_test(full_disk_is_certain),
        cmocka_unit_test(no_space_is_certain_at_each_write),
        cmocka_unit_test(failing_write_is_never_called_certain_wrongly),
        cmocka_unit_test(failing_flush_of_a_commit_is_uncertain),
        cmocka_unit_test(steps_of_a_save_are_flushed),
        cmocka_unit_test(failing_index_is_uncertain),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
