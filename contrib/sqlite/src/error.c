/* Errors of SQLite as errno values, with a reason in words. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
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

/* A file that may be written, and that SQLite does not want to write, has a wrong number in it. */
static int read_only_error(const struct berth_sqlite *store)
{
    return access(store->path, W_OK) == 0 ? -EBADMSG : -errno;
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
    case SQLITE_READONLY:
        return read_only_error(store);
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
    int code = meaning(store, rc);
    const char *text = store->db ? sqlite3_errmsg(store->db) : sqlite3_errstr(rc);

    if (code == -EBADMSG)
        return error_damaged(store, text);
    return error_set(store, code, "%s (%s)", strerror(-code), text);
}
