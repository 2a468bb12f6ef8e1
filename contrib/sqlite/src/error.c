/* Errors of SQLite as errno values, with a reason in words. */
#define _GNU_SOURCE

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "object.h"

int error_set(struct berth_sqlite *store, int code, const char *format, ...)
{
    const size_t size = sizeof store->reason;
    va_list list;
    size_t length;

    pthread_mutex_lock(&store->lock);
    (void)snprintf(store->reason, size, "%s: ", store->path);
    length = strlen(store->reason);
    va_start(list, format);
    (void)vsnprintf(store->reason + length, size - length, format, list);
    va_end(list);
    pthread_mutex_unlock(&store->lock);
    return code;
}

int error_memory(struct berth_sqlite *store)
{
    return error_set(store, -ENOMEM, "out of memory");
}

int error_damaged(struct berth_sqlite *store, const char *what)
{
    return error_set(store, -EBADMSG, "the file is damaged: %s", what);
}

/*
 * The error of the system that SQLite met. sqlite3_system_errno() does not know those of a COMMIT,
 * so errno was 0 before the call.
 */
static int system_error(void)
{
    return errno > 0 ? -errno : -EIO;
}

static int io_error(int rc)
{
    switch (rc) {
    case SQLITE_IOERR_NOMEM:
        return -ENOMEM;
    case SQLITE_IOERR_CORRUPTFS:
    case SQLITE_IOERR_DATA:
        return -EBADMSG;
    default:
        return system_error();
    }
}

/* May it be written, if it is there? */
static int may_write(const char *path)
{
    return faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) == 0 || errno == ENOENT ? 0 : -errno;
}

/* Finds the file or folder that may not be written. Its errno value; 0: none is known. */
static int find_read_only(const struct berth_sqlite *store, const char **what)
{
    static const char *const parts[][2] = {
        {"", "the file"}, {"-wal", "its log"}, {"-shm", "the index of its log"}};
    char *file = realpath(store->path, NULL), *end = file ? strrchr(file, '/') : NULL;
    int rc = 0;

    for (unsigned i = 0; i < 3 && file && rc == 0; i++) {
        char *part = sqlite3_mprintf("%s%s", file, parts[i][0]);

        rc = part ? may_write(part) : 0;
        sqlite3_free(part);
        *what = parts[i][1];
    }
    if (end && rc == 0) { /* the log and its index are made there */
        end[end == file ? 1 : 0] = '\0';
        rc = may_write(file);
        *what = "the folder";
    }
    free(file);
    return rc;
}

static bool is_refused(int rc)
{
    return (rc & 0xff) == SQLITE_READONLY || (rc & 0xff) == SQLITE_CANTOPEN;
}

static int meaning(const struct berth_sqlite *store, int rc)
{
    switch (rc & 0xff) {
    case SQLITE_FULL:
        return -ENOSPC;
    case SQLITE_NOMEM:
        return -ENOMEM;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return store->late ? -ETIMEDOUT : -EBUSY;
    case SQLITE_INTERRUPT:
        return -ETIMEDOUT;
    case SQLITE_TOOBIG:
        return -E2BIG;
    case SQLITE_PERM:
    case SQLITE_AUTH:
        return -EACCES;
    case SQLITE_READONLY: /* all may be written: there is a wrong number in the file */
        return -EBADMSG;
    case SQLITE_CANTOPEN:
        return system_error();
    case SQLITE_IOERR:
        return io_error(rc);
    default: /* SQLITE_CORRUPT, SQLITE_NOTADB, and statements that do not fit to the tables */
        return -EBADMSG;
    }
}

int error_sql(struct berth_sqlite *store, int rc)
{
    const char *part = NULL;
    int refused = is_refused(rc) ? find_read_only(store, &part) : 0;
    int code = refused < 0 ? refused : meaning(store, rc);
    const char *text = store->db ? sqlite3_errmsg(store->db) : sqlite3_errstr(rc);

    if (code == -EBADMSG)
        return error_damaged(store, text);
    if (refused < 0)
        return error_set(store, code, "%s: %s must be writable", strerror(-code), part);
    return error_set(store, code, "%s (%s)", strerror(-code), text);
}
