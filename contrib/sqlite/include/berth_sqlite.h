/*
 * A store in a file of SQLite: what a manager keeps there outlives its process. docs/survive.md is
 * for users.
 *
 *     berth_sqlite *store = berth_sqlite_create("/var/lib/shim/disks.db", NULL);
 *     berth_error error;
 *     scsi *disks;
 *     int rc = -ENOMEM;
 *
 *     if (store)
 *         rc = scsi_open(NULL, &backend, NULL, berth_sqlite_store(store), &disks, &error);
 *     if (rc == 0)
 *         rc = scsi_recover(disks, BERTH_NO_DEADLINE, &error);
 *
 * The rows are plain tables: one for each resource, a column for each field. The sqlite3 shell
 * reads them, also while the manager runs:
 *
 *   texts, enums, states   TEXT
 *   bool, i32 and others   INTEGER. A number above INT64_MAX is stored as the negative number with
 *                          the same bits; printf('%u', column) shows it
 *   UUIDs                  TEXT: 36 characters
 *   lists and sets         TEXT: a JSON array
 *   _sum                   a sum over the row. After a change by hand set it to NULL: then the row
 *                          is taken as it is
 *
 * The table _berth has one row: manager, format and hash of the spec, options, hooks that the
 * backend lacks, the backend, the epoch, and the sequence number of the last commit.
 *
 * Beside the file are its log (FILE-wal) and an index of that (FILE-shm). They are part of it while
 * a manager has it open, and after its process was killed: move or copy all three. Do not delete
 * the file while a manager has it open; commits give -ESTALE then.
 */
#ifndef BERTH_SQLITE_H
#define BERTH_SQLITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <berth/store.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct berth_sqlite berth_sqlite;

/* Every member may be zero. Copied by berth_sqlite_create. */
typedef struct berth_sqlite_options {
    /* Which backend the rows are about: berth_store.backend. NULL: "". */
    const char *backend;
    /*
     * Each commit waits for the disk (synchronous=FULL): it survives a crash of the machine.
     * Without it commits survive the process alone (synchronous=NORMAL), and take a fraction of
     * the time. After a crash of the machine the last ones may be missing then; the rest is whole.
     */
    bool full;
    /*
     * A thread of the store makes the commits. So started operations never wait for the disk, or
     * for another program, on the thread that starts them or polls: for programs with an event
     * loop. Give the manager `wake`; without it, hooks of started operations may run on that
     * thread. Blocking operations gain nothing by it. It must not be used in a child after fork().
     */
    bool background;
    /* The file must be there; else -ENOENT. Without it, it is made. */
    bool must_exist;
    /*
     * Open the file also if its rows were moved to another store, or a save into it has not ended
     * (-ESTALE else). Only for a move that failed: nobody has opened the other store, and nobody
     * will.
     */
    bool reclaim;
    /*
     * If the rows are about another backend, delete them and begin anew; the epoch goes on. Else
     * open gives -ENODEV. For a program whose backend may have restarted: what was tracked there is
     * gone. Other refusals stay: of damage, of another manager, of rows that were moved.
     */
    bool begin_anew;
    /*
     * How long to wait for another program that writes to the file, in milliseconds; 0: 5,000. Then
     * a commit fails with -EBUSY, and has not been made.
     */
    uint32_t busy_ms;
} berth_sqlite_options;

/*
 * A store in a file. It opens nothing yet: <manager>_open does. NULL: out of memory, or `path` is
 * NULL or empty. `path` is copied; a relative one counts from the working directory of each
 * opening.
 *
 * One manager at a time uses the object. When that is destroyed, another one may. The file may be
 * opened by any number of objects, in any processes: the last one that was opened has it, and the
 * commits of the others give -ESTALE. A process that has forked must not use the object in the
 * child.
 *
 * Open returns the errors of berth/store.h, and these:
 *
 * -EBADMSG  the file is no store, or it is damaged. It is left as it is. A file of another program
 *           is not opened at all
 * -EPROTO   another version of this library wrote it
 * -EBUSY    another program writes to it
 * -EINVAL   a table has a name that SQLite keeps for itself ("sqlite_…")
 * -E2BIG    a table has more columns than SQLite can have
 * other     -ENOENT, -EACCES, -ENOSPC, -EIO and others: the file cannot be opened or written
 *
 * Each opening reads the whole file, to find damage. It cannot find all: the end of the log is
 * missing or damaged. Then the last commits are missing, and the rest is whole. A log with a torn
 * beginning, or with a hole (not with `full`), is damage too, unless it was written before the
 * machine was started: a machine that stops leaves such logs. A log that is missing after a kill is
 * damage as well. With an empty file in its place, open takes what the main file has.
 *
 * A commit returns:
 *
 * 0                     it is made
 * -ESTALE               a later opening has the store, or the file was moved or deleted
 * -ENOSPC, -EDQUOT, -EFBIG  no space is left. It is not made; the next one may be
 * -EBUSY                another program writes to the file. It is not made
 * -EBADMSG              the file is damaged. It is not made
 * -ENOMEM, -EIO, …      it is not made: the error came before the end
 * BERTH_UNCERTAIN(…)    the end of the transaction failed
 */
berth_sqlite *berth_sqlite_create(const char *path, const berth_sqlite_options *options);

/* What <manager>_open gets. Valid as long as the object. NULL gives NULL. */
const berth_store *berth_sqlite_store(berth_sqlite *store);

/*
 * Why the last function failed that did, in words: "/var/lib/shim/disks.db: the file is damaged:
 * …". "" before the first failure. Always ended by a NUL, cut to `size`. Any thread. NULL gives a
 * text that says so.
 */
void berth_sqlite_reason(berth_sqlite *store, char *text, size_t size);

/* After the manager was destroyed. NULL is allowed. */
void berth_sqlite_free(berth_sqlite *store);

#ifdef __cplusplus
}
#endif
#endif
