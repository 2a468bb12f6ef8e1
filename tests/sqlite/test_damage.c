/*
 * Damaged files. A store either refuses them, or gives exactly the rows that were written. Each
 * test tells what it saw of both.
 */
#define _GNU_SOURCE

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "object.h"

#include "support/fake.h"

enum { COMMITS = 150, SCRIBBLES = 1000 };

struct seen {
    unsigned refused, whole;
};

static void remove_log(const struct fake *fake)
{
    char name[128];

    (void)snprintf(name, sizeof name, "%s-wal", fake->path);
    (void)unlink(name);
    (void)snprintf(name, sizeof name, "%s-shm", fake->path);
    (void)unlink(name);
}

/* Opens, loads and closes. The rows of any of these sequence numbers are whole. */
static bool open_damaged(struct fake *fake, uint64_t from, uint64_t to)
{
    char dump[DUMP_SIZE];
    int rc = fake_open(fake);

    if (rc == 0) {
        rc = fake_load(fake, dump);
        if (rc == 0 && (fake->sequence < from || fake->sequence > to))
            fail_msg("commit %u is the last one", (unsigned)fake->sequence);
        if (rc == 0)
            assert_string_equal(dump, fake_wanted(fake->sequence));
    }
    fake_close(fake);
    if (rc != 0 && rc != -EBADMSG && rc != -EPROTO)
        fail_msg("%d: %s", rc, fake_reason(fake));
    if (rc != 0)
        assert_true(strlen(fake_reason(fake)) > strlen(fake->path) + 10);
    return rc == 0;
}

static void see(struct seen *seen, bool whole)
{
    seen->whole += whole;
    seen->refused += !whole;
}

/* A store that was closed: all is in the file, which has no unused page. */
static unsigned char *make_closed(struct fake *fake, size_t *size)
{
    fake_start(fake, NULL);
    assert_int_equal(fake_open(fake), 0);
    fake_commit_to(fake, COMMITS);
    fake_close(fake);
    fake_sql(fake, "VACUUM");
    return fake_bytes(fake, "", size);
}

/* A store whose process was killed: the last commits are in the log alone. */
static void make_killed(struct fake *fake, unsigned char **file, size_t *size, unsigned char **log,
                        size_t *log_size)
{
    fake_start(fake, NULL);
    assert_int_equal(fake_open(fake), 0);
    fake_commit_to(fake, COMMITS);
    *file = fake_bytes(fake, "", size);
    *log = fake_bytes(fake, "-wal", log_size);
    fake_close(fake);
}

static void put_killed(const struct fake *fake, const unsigned char *file, size_t size,
                       const unsigned char *log, size_t log_size)
{
    remove_log(fake);
    fake_put_bytes(fake, "", file, size);
    fake_put_bytes(fake, "-wal", log, log_size);
}

static void truncated_file_is_refused(void **unused)
{
    struct fake fake;
    size_t size;
    unsigned char *bytes = make_closed(&fake, &size);

    (void)unused;
    for (size_t cut = 0; cut < size; cut += cut % PAGE == 0 ? 100 : PAGE - 100) {
        remove_log(&fake);
        fake_put_bytes(&fake, "", bytes, cut);
        if (open_damaged(&fake, COMMITS, COMMITS))
            fail_msg("%u of %u bytes are taken for all", (unsigned)cut, (unsigned)size);
    }
    fake_put_bytes(&fake, "", bytes, size - 1);
    assert_false(open_damaged(&fake, COMMITS, COMMITS));
    assert_non_null(strstr(fake_reason(&fake), "its size is no multiple of its pages"));
    free(bytes);
    fake_stop(&fake);
}

/* What was killed is truncated: its file at every page. Pages that the log has are no loss. */
static void truncated_file_with_a_log_is_never_half_loaded(void **unused)
{
    struct fake fake;
    unsigned char *file, *log;
    size_t size, log_size;

    (void)unused;
    make_killed(&fake, &file, &size, &log, &log_size);
    for (size_t cut = 0; cut <= size; cut += PAGE) {
        put_killed(&fake, file, cut, log, log_size);
        if (open_damaged(&fake, COMMITS, COMMITS) != (cut == size) && cut < PAGE)
            fail_msg("%u of %u bytes", (unsigned)cut, (unsigned)size);
    }
    free(file);
    free(log);
    fake_stop(&fake);
}

/* The end of the log is not missed: the rest is whole. */
static void truncated_log_gives_an_earlier_commit(void **unused)
{
    struct fake fake;
    unsigned char *file, *log;
    size_t size, log_size;
    uint64_t last = 0;

    (void)unused;
    make_killed(&fake, &file, &size, &log, &log_size);
    for (size_t cut = 32 + FRAME; cut <= log_size; cut += FRAME) {
        put_killed(&fake, file, size, log, cut);
        if (!open_damaged(&fake, last, COMMITS))
            continue; /* the tables were not made yet */
        last = fake.sequence;
    }
    assert_int_equal(last, COMMITS);
    free(file);
    free(log);
    fake_stop(&fake);
}

static unsigned next_random(unsigned *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

/* Changes some bytes at one place. */
static void scribble(unsigned char *bytes, size_t size, unsigned *random)
{
    size_t at = next_random(random) % size, n = 1 + next_random(random) % 16;

    for (; n > 0 && at < size; n--, at++)
        bytes[at] = (unsigned char)next_random(random);
}

static void scribbled_file_is_refused_or_whole(void **unused)
{
    struct fake fake;
    struct seen seen = {0, 0};
    size_t size;
    unsigned char *bytes = make_closed(&fake, &size), *damaged = malloc(size);
    unsigned random = 1;

    (void)unused;
    assert_non_null(damaged);
    for (unsigned i = 0; i < SCRIBBLES; i++) {
        memcpy(damaged, bytes, size);
        scribble(damaged, size, &random);
        remove_log(&fake);
        fake_put_bytes(&fake, "", damaged, size);
        see(&seen, open_damaged(&fake, COMMITS, COMMITS));
    }
    print_message("scribbled: %u refused, %u whole\n", seen.refused, seen.whole);
    assert_true(seen.refused > SCRIBBLES / 10 && seen.whole > 0);
    free(bytes);
    free(damaged);
    fake_stop(&fake);
}

/* The first page has the header, and the definitions of the tables: each of its bytes. */
static void each_byte_of_the_first_page_counts(void **unused)
{
    struct fake fake;
    struct seen seen = {0, 0};
    size_t size;
    unsigned char *bytes = make_closed(&fake, &size);

    (void)unused;
    for (size_t at = 0; at < PAGE; at += at < 120 ? 1 : 7) {
        const unsigned char was = bytes[at];

        bytes[at] ^= 0x55;
        remove_log(&fake);
        fake_put_bytes(&fake, "", bytes, size);
        see(&seen, open_damaged(&fake, COMMITS, COMMITS));
        bytes[at] = was;
    }
    print_message("first page: %u refused, %u whole\n", seen.refused, seen.whole);
    assert_true(seen.refused > 100);
    free(bytes);
    fake_stop(&fake);
}

/* In the middle of the log: refused. In its last transaction: that one is missing. */
static void scribbled_log_is_refused_or_whole(void **unused)
{
    struct fake fake;
    struct seen seen = {0, 0};
    unsigned char *file, *log, *damaged;
    size_t size, log_size;
    unsigned random = 2;

    (void)unused;
    make_killed(&fake, &file, &size, &log, &log_size);
    damaged = malloc(log_size);
    assert_non_null(damaged);
    for (unsigned i = 0; i < SCRIBBLES / 4; i++) {
        memcpy(damaged, log, log_size);
        scribble(damaged, log_size, &random);
        if (memcmp(damaged, log, log_size) == 0)
            continue;
        put_killed(&fake, file, size, damaged, log_size);
        see(&seen, open_damaged(&fake, COMMITS - 1, COMMITS));
    }
    print_message("log: %u refused, %u whole\n", seen.refused, seen.whole);
    assert_true(seen.refused > SCRIBBLES / 8);
    free(file);
    free(log);
    free(damaged);
    fake_stop(&fake);
}

/* A byte in each frame of the last transactions. */
static void end_of_the_log_loses_one_commit_at_most(void **unused)
{
    struct fake fake;
    struct seen seen = {0, 0};
    unsigned char *file, *log;
    size_t size, log_size;

    (void)unused;
    make_killed(&fake, &file, &size, &log, &log_size);
    for (unsigned i = 1; i <= 30; i++) {
        unsigned char *byte = &log[log_size - i * FRAME + (i % 2 ? 500 : 17)];

        *byte ^= 1;
        put_killed(&fake, file, size, log, log_size);
        see(&seen, open_damaged(&fake, COMMITS - 1, COMMITS));
        *byte ^= 1;
    }
    print_message("end of the log: %u refused, %u whole\n", seen.refused, seen.whole);
    assert_true(seen.whole > 0 && seen.whole < 8); /* pages of the last commit */
    free(file);
    free(log);
    fake_stop(&fake);
}

static void each_byte_of_the_log_s_header_counts(void **unused)
{
    struct fake fake;
    unsigned char *file, *log;
    size_t size, log_size;

    (void)unused;
    make_killed(&fake, &file, &size, &log, &log_size);
    for (unsigned i = 0; i < 32; i++) {
        log[i] ^= 1;
        put_killed(&fake, file, size, log, log_size);
        if (open_damaged(&fake, COMMITS, COMMITS))
            fail_msg("byte %u does not count", i);
        log[i] ^= 1;
    }
    free(file);
    free(log);
    fake_stop(&fake);
}

/* SQLite had made the log, and the machine stopped before it had a beginning. */
static void log_without_a_beginning_is_empty(void **unused)
{
    static unsigned char bytes[4096];
    static const size_t sizes[] = {0, 1, 31, 32, 33, 500, sizeof bytes};
    struct fake fake;
    size_t size;
    unsigned char *file = make_closed(&fake, &size);

    (void)unused;
    for (unsigned filler = 0; filler <= 0xa5; filler += 0xa5)
        for (unsigned i = 0; i < sizeof sizes / sizeof *sizes - (filler > 0); i++) {
            memset(bytes, (int)filler, sizeof bytes);
            put_killed(&fake, file, size, bytes, sizes[i]);
            if (!open_damaged(&fake, COMMITS, COMMITS))
                fail_msg("%u bytes 0x%x: %s", (unsigned)sizes[i], filler, fake_reason(&fake));
        }
    free(file);
    fake_stop(&fake);
}

/* The log was written before the machine was started. */
static void make_log_old(const struct fake *fake)
{
    const struct timespec times[2] = {{.tv_sec = 1000000000}, {.tv_sec = 1000000000}};
    char name[128];

    (void)snprintf(name, sizeof name, "%s-wal", fake->path);
    assert_int_equal(utimensat(AT_FDCWD, name, times, 0), 0);
}

/* Opens after the machine had stopped, goes on, is killed, and opens again. */
static void go_on_after_a_stop(struct fake *fake, uint64_t from, uint64_t to)
{
    unsigned char *file, *log;
    size_t size, log_size;

    make_log_old(fake);
    if (fake_open(fake) != 0)
        fail_msg("%s", fake_reason(fake));
    fake_check(fake);
    if (fake->sequence < from || fake->sequence > to)
        fail_msg("commit %u is the last one", (unsigned)fake->sequence);
    fake_commit_to(fake, fake->sequence + 2);
    file = fake_bytes(fake, "", &size);
    log = fake_bytes(fake, "-wal", &log_size);
    fake_close(fake);
    put_killed(fake, file, size, log, log_size);
    if (!open_damaged(fake, from + 2, to + 2))
        fail_msg("%s", fake_reason(fake));
    free(file);
    free(log);
}

/* Without FULL pages of the log reach the disk in any order: there is a hole, and commits after. */
static void machine_that_stops_loses_the_last_commits_alone(void **unused)
{
    struct fake fake, full;
    unsigned char *file, *log;
    size_t size, log_size;

    (void)unused;
    make_killed(&fake, &file, &size, &log, &log_size);
    memset(&log[log_size - 40 * FRAME], 0, FRAME);
    put_killed(&fake, file, size, log, log_size);
    for (unsigned i = 0; i < 2; i++) /* a process that is killed makes no hole */
        assert_false(open_damaged(&fake, 0, COMMITS));
    make_log_old(&fake);
    fake_join(&full, &fake, &(berth_sqlite_options){.full = true});
    assert_false(open_damaged(&full, 0, COMMITS)); /* each commit has reached the disk */
    fake_leave(&full);
    go_on_after_a_stop(&fake, COMMITS - 20, COMMITS - 4);
    free(file);
    free(log);
    fake_stop(&fake);
}

/* All that was in the log before is in the file when the log gets a new beginning. */
static void machine_that_stops_may_tear_the_beginning_of_the_log(void **unused)
{
    struct fake fake;
    unsigned char *file, *log;
    size_t size, log_size;

    (void)unused;
    make_killed(&fake, &file, &size, &log, &log_size);
    free(file);
    assert_int_equal(fake_open(&fake), 0);
    fake_close(&fake); /* now it is in the file */
    file = fake_bytes(&fake, "", &size);
    log[13]++;
    put_killed(&fake, file, size, log, log_size);
    assert_false(open_damaged(&fake, COMMITS, COMMITS));
    go_on_after_a_stop(&fake, COMMITS, COMMITS);
    free(file);
    free(log);
    fake_stop(&fake);
}

/* A store of this many commits is killed, and its log is removed. */
static void lose_log(uint64_t commits)
{
    struct fake fake;
    unsigned char *file, *log;
    size_t size, log_size;

    fake_start(&fake, NULL);
    assert_int_equal(fake_open(&fake), 0);
    fake_commit_to(&fake, commits);
    file = fake_bytes(&fake, "", &size);
    log = fake_bytes(&fake, "-wal", &log_size);
    fake_close(&fake);
    remove_log(&fake);
    fake_put_bytes(&fake, "", file, size);
    assert_int_equal(fake_open(&fake), -EBADMSG);
    assert_non_null(strstr(fake_reason(&fake), "its log is missing"));
    put_killed(&fake, file, size, log, log_size);
    assert_true(open_damaged(&fake, commits, commits));
    /* What the file has is taken with an empty log. */
    put_killed(&fake, file, size, log, 0);
    assert_int_equal(fake_open(&fake), 0);
    fake_close(&fake);
    /* Another program moves the log into the file, and removes it. */
    put_killed(&fake, file, size, log, log_size);
    fake_sql(&fake, "UPDATE _berth SET manager = manager");
    assert_true(open_damaged(&fake, commits, commits));
    free(file);
    free(log);
    fake_stop(&fake);
}

static void missing_log_is_refused(void **unused)
{
    (void)unused;
    lose_log(0);
    lose_log(1);
    lose_log(1500); /* the log was written into the file meanwhile */
}

/*
 * A process is killed while it writes the log into the file. The first page says already how many
 * pages there will be. The log has all of them.
 */
static void file_that_is_filled_in_part_is_whole(void **unused)
{
    struct fake fake;
    unsigned char *file, *log;
    size_t size, log_size, before;

    (void)unused;
    fake_start(&fake, NULL);
    assert_int_equal(fake_open(&fake), 0);
    free(fake_bytes(&fake, "", &before));
    fake_commit_to(&fake, 200);
    fake_sql(&fake, "PRAGMA wal_checkpoint(PASSIVE)");
    file = fake_bytes(&fake, "", &size);
    log = fake_bytes(&fake, "-wal", &log_size);
    fake_close(&fake);
    assert_true(size > before + PAGE);
    for (size_t cut = before; cut < size; cut += PAGE) {
        put_killed(&fake, file, cut, log, log_size);
        assert_int_equal(fake_open(&fake), 0);
        fake.sequence = 200;
        fake_check(&fake);
        fake_close(&fake);
    }
    free(file);
    free(log);
    fake_stop(&fake);
}

static int keep_mark(void *arg, int what, const char *pragma, const char *value, const char *name,
                     const char *trigger)
{
    (void)arg, (void)name, (void)trigger;
    return what == SQLITE_PRAGMA && value && strcmp(pragma, "user_version") == 0 &&
                   strcmp(value, "1") == 0
               ? SQLITE_DENY
               : SQLITE_OK;
}

/* The mark could not be removed: the log stays, also after the store is closed. */
static void mark_that_stays_is_no_damage(void **unused)
{
    struct fake fake;

    (void)unused;
    fake_start(&fake, NULL);
    assert_int_equal(fake_open(&fake), 0);
    fake_commit_to(&fake, COMMITS);
    (void)sqlite3_set_authorizer(fake.object->db, keep_mark, NULL);
    log_empty(fake.object);
    (void)sqlite3_set_authorizer(fake.object->db, NULL, NULL);
    fake_close(&fake);
    assert_true(open_damaged(&fake, COMMITS, COMMITS));
    fake_stop(&fake);
}

/* A process died before it could remove the mark. Another one, which it had fenced, closes. */
static void mark_of_a_killed_process_is_no_damage(void **unused)
{
    struct fake fake;

    (void)unused;
    fake_start(&fake, NULL);
    assert_int_equal(fake_open(&fake), 0);
    fake_commit_to(&fake, COMMITS);
    fake_sql(&fake, "PRAGMA user_version = 65537");
    fake_close(&fake);
    assert_true(open_damaged(&fake, COMMITS, COMMITS));
    fake_stop(&fake);
}

/* The log is beside the file that a link names. */
static void link_to_a_killed_store_is_followed(void **unused)
{
    struct fake fake;
    unsigned char *file, *log;
    size_t size, log_size;
    char name[128];

    (void)unused;
    make_killed(&fake, &file, &size, &log, &log_size);
    memset(&log[log_size - 40 * FRAME], 0, FRAME);
    put_killed(&fake, file, size, log, log_size);
    (void)snprintf(name, sizeof name, "%s.link", fake.path);
    assert_int_equal(symlink(fake.path, name), 0);
    free(fake.object->path);
    fake.object->path = strdup(name);
    assert_int_equal(fake_open(&fake), -EBADMSG);
    assert_non_null(strstr(fake_reason(&fake), "hole"));
    (void)unlink(name);
    free(file);
    free(log);
    fake_stop(&fake);
}

/* Opens as a user who may not write where root may. */
static int open_as_nobody(struct fake *fake, mode_t file, mode_t folder)
{
    const uid_t user = geteuid();
    char name[128];
    int rc;

    (void)snprintf(name, sizeof name, "%s-wal", fake->path);
    assert_true(chmod(name, file) == 0 || errno == ENOENT);
    assert_int_equal(chmod(fake->path, file), 0);
    assert_int_equal(chmod(fake->folder, folder), 0);
    if (user == 0)
        assert_int_equal(seteuid(65534), 0);
    rc = fake_open(fake);
    fake_close(fake);
    assert_int_equal(seteuid(user), 0);
    assert_int_equal(chmod(fake->folder, 0777), 0);
    return rc;
}

static void folder_must_be_writable(void **unused)
{
    struct fake fake;
    unsigned char *file, *log;
    size_t size, log_size;

    (void)unused;
    make_killed(&fake, &file, &size, &log, &log_size);
    for (unsigned killed = 0; killed < 2; killed++) {
        if (killed)
            put_killed(&fake, file, size, log, log_size);
        assert_int_equal(open_as_nobody(&fake, 0666, 0555), -EACCES);
        assert_non_null(strstr(fake_reason(&fake), "the folder must be writable"));
        assert_int_equal(open_as_nobody(&fake, 0444, 0777), -EACCES);
        assert_non_null(strstr(fake_reason(&fake), "the file must be writable"));
        assert_int_equal(open_as_nobody(&fake, 0666, 0777), -EACCES);
        assert_non_null(strstr(fake_reason(&fake), "index of its log must be writable"));
        remove_log(&fake);
        if (killed)
            put_killed(&fake, file, size, log, log_size);
        assert_int_equal(open_as_nobody(&fake, 0666, 0777), 0);
    }
    free(file);
    free(log);
    fake_stop(&fake);
}

static const sqlite3_io_methods *usual;
static bool reading_fails;

static int read_or_fail(sqlite3_file *file, void *bytes, int size, sqlite3_int64 at)
{
    return reading_fails ? SQLITE_IOERR_READ : usual->xRead(file, bytes, size, at);
}

static int leave_an_error(void *arg, uint16_t table, const berth_store_value *values)
{
    (void)arg, (void)table, (void)values;
    reading_fails = true;
    errno = ENOENT;
    return 0;
}

/* SQLite fails without an error of the system. What errno had before means nothing. */
static void old_errno_is_no_error_of_the_store(void **unused)
{
    struct fake fake;
    sqlite3_io_methods methods;
    sqlite3_file *opened;
    size_t size;
    unsigned char *bytes = make_closed(&fake, &size);

    (void)unused;
    free(bytes);
    assert_int_equal(fake_open(&fake), 0);
    assert_int_equal(
        sqlite3_exec(fake.object->db, "PRAGMA wal_checkpoint(TRUNCATE)", NULL, NULL, NULL),
        SQLITE_OK);
    assert_int_equal(sqlite3_exec(fake.object->db, "PRAGMA cache_size = 1", NULL, NULL, NULL),
                     SQLITE_OK);
    assert_int_equal(
        sqlite3_file_control(fake.object->db, "main", SQLITE_FCNTL_FILE_POINTER, &opened),
        SQLITE_OK);
    usual = opened->pMethods;
    methods = *usual;
    methods.xRead = read_or_fail;
    assert_int_equal(sqlite3_db_release_memory(fake.object->db), SQLITE_OK);
    opened->pMethods = &methods;
    assert_int_equal(fake.store->load(fake.store->ctx, leave_an_error, NULL, BERTH_NO_DEADLINE),
                     -EIO);
    opened->pMethods = usual;
    assert_true(reading_fails);
    fake_stop(&fake);
}

/* Each byte of the row that says whose rows these are. It is at the end of its page. */
static void each_byte_of_the_header_counts(void **unused)
{
    struct fake fake;
    struct seen seen = {0, 0};
    size_t size, page;
    unsigned char *bytes = make_closed(&fake, &size);

    (void)unused;
    page =
        (size_t)atoi(fake_ask(&fake, "SELECT rootpage FROM sqlite_schema WHERE name = '_berth'"));
    for (unsigned i = 1; i <= 100; i++) {
        bytes[page * PAGE - i] ^= 1;
        remove_log(&fake);
        fake_put_bytes(&fake, "", bytes, size);
        see(&seen, open_damaged(&fake, COMMITS, COMMITS));
        bytes[page * PAGE - i] ^= 1;
    }
    print_message("header: %u refused, %u whole\n", seen.refused, seen.whole);
    assert_true(seen.whole <= 3); /* bytes of a text that are called a BLOB say the same */
    free(bytes);
    fake_stop(&fake);
}

/* What a person adds to the schema could change rows behind the manager's back. */
static void additions_to_the_schema_are_refused(void **unused)
{
    static const char *const added[][2] = {
        {"CREATE TABLE extra(x)", "DROP TABLE extra"},
        {"CREATE INDEX extra ON box(weight)", "DROP INDEX extra"},
        {"CREATE VIEW extra AS SELECT * FROM box", "DROP VIEW extra"},
        {"CREATE TRIGGER sqlite1 AFTER INSERT ON box BEGIN DELETE FROM box; END",
         "DROP TRIGGER sqlite1"},
    };
    struct fake fake;
    size_t size;

    (void)unused;
    free(make_closed(&fake, &size));
    for (unsigned i = 0; i < sizeof added / sizeof *added; i++) {
        fake_sql(&fake, added[i][0]);
        assert_int_equal(fake_open(&fake), -EBADMSG);
        assert_non_null(strstr(fake_reason(&fake), "triggers or views are not those"));
        fake_sql(&fake, added[i][1]);
        assert_int_equal(fake_open(&fake), 0);
        fake_check(&fake);
        fake_close(&fake);
    }
    fake_stop(&fake);
}

static void refused_file_is_left_as_it_is(void **unused)
{
    struct fake fake;
    size_t size, size_after;
    unsigned char *bytes = make_closed(&fake, &size), *after;

    (void)unused;
    memset(bytes + size - PAGE, 0xa5, PAGE / 2);
    fake_put_bytes(&fake, "", bytes, size);
    assert_false(open_damaged(&fake, 0, COMMITS));
    after = fake_bytes(&fake, "", &size_after);
    assert_int_equal(size, size_after);
    assert_memory_equal(bytes, after, size);
    free(bytes);
    free(after);
    fake_stop(&fake);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(truncated_file_is_refused),
        cmocka_unit_test(truncated_file_with_a_log_is_never_half_loaded),
        cmocka_unit_test(truncated_log_gives_an_earlier_commit),
        cmocka_unit_test(scribbled_file_is_refused_or_whole),
        cmocka_unit_test(each_byte_of_the_first_page_counts),
        cmocka_unit_test(scribbled_log_is_refused_or_whole),
        cmocka_unit_test(end_of_the_log_loses_one_commit_at_most),
        cmocka_unit_test(each_byte_of_the_log_s_header_counts),
        cmocka_unit_test(log_without_a_beginning_is_empty),
        cmocka_unit_test(machine_that_stops_loses_the_last_commits_alone),
        cmocka_unit_test(machine_that_stops_may_tear_the_beginning_of_the_log),
        cmocka_unit_test(missing_log_is_refused),
        cmocka_unit_test(file_that_is_filled_in_part_is_whole),
        cmocka_unit_test(mark_that_stays_is_no_damage),
        cmocka_unit_test(mark_of_a_killed_process_is_no_damage),
        cmocka_unit_test(link_to_a_killed_store_is_followed),
        cmocka_unit_test(folder_must_be_writable),
        cmocka_unit_test(old_errno_is_no_error_of_the_store),
        cmocka_unit_test(each_byte_of_the_header_counts),
        cmocka_unit_test(additions_to_the_schema_are_refused),
        cmocka_unit_test(refused_file_is_left_as_it_is),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
