/* Statements and transactions. */
#include <errno.h>
#include <stdarg.h>

#include "object.h"

static int prepare_text(struct berth_sqlite *store, sqlite3_stmt **out, char *text)
{
    int rc;

    if (!text)
        return error_memory(store);
    errno = 0;
    rc = sqlite3_prepare_v3(store->db, text, -1, SQLITE_PREPARE_PERSISTENT, out, NULL);
    sqlite3_free(text);
    return rc == SQLITE_OK ? 0 : error_sql(store, rc);
}

int sql_prepare(struct berth_sqlite *store, sqlite3_stmt **out, const char *format, ...)
{
    va_list list;
    char *text;

    va_start(list, format);
    text = sqlite3_vmprintf(format, list);
    va_end(list);
    return prepare_text(store, out, text);
}

int sql_run(struct berth_sqlite *store, const char *format, ...)
{
    sqlite3_stmt *statement = NULL;
    va_list list;
    char *text;
    int rc;

    va_start(list, format);
    text = sqlite3_vmprintf(format, list);
    va_end(list);
    rc = prepare_text(store, &statement, text);
    if (rc == 0)
        rc = sql_step(store, statement);
    (void)sqlite3_finalize(statement);
    return rc;
}

int sql_next(struct berth_sqlite *store, sqlite3_stmt *statement)
{
    int rc;

    errno = 0;
    rc = sqlite3_step(statement);
    if (rc == SQLITE_ROW)
        return 1;
    return rc == SQLITE_DONE ? 0 : error_sql(store, rc);
}

int sql_number(struct berth_sqlite *store, const char *pragma, int *number)
{
    sqlite3_stmt *statement = NULL;
    int rc = sql_prepare(store, &statement, "PRAGMA %s", pragma);

    if (rc == 0)
        rc = sql_next(store, statement);
    *number = rc == 1 ? sqlite3_column_int(statement, 0) : 0;
    (void)sqlite3_finalize(statement);
    return rc < 0 ? rc : 0;
}

int sql_step(struct berth_sqlite *store, sqlite3_stmt *statement)
{
    int rc = sql_next(store, statement); /* PRAGMAs tell what is set now */

    (void)sqlite3_reset(statement);
    return rc < 0 ? rc : 0;
}

int sql_begin(struct berth_sqlite *store)
{
    if (!sqlite3_get_autocommit(store->db))
        sql_rollback(store); /* an earlier one could not be ended */
    return sql_step(store, store->begin);
}

void sql_rollback(struct berth_sqlite *store)
{
    if (sqlite3_get_autocommit(store->db))
        return; /* SQLite has done it already */
    (void)sqlite3_step(store->rollback);
    (void)sqlite3_reset(store->rollback);
}

int sql_synchronous(struct berth_sqlite *store, bool full)
{
    sql_rollback(store); /* it cannot change within a transaction */
    return sql_run(store, "PRAGMA synchronous = %s", full ? "FULL" : "NORMAL");
}

/*
 * Did a COMMIT that gave this certainly not take place? The page that ends a transaction is written
 * last. Where there was no space for it, or for one before it, the transaction does not count. All
 * other errors may come after that: the log could not be flushed, or its index not be extended.
 */
static bool is_certain(struct berth_sqlite *store, int rc, int code)
{
    if (!sqlite3_get_autocommit(store->db))
        return true; /* it is still open */
    return rc == SQLITE_FULL ||
           (rc == SQLITE_IOERR_WRITE && (code == -EFBIG || code == -EDQUOT || code == -ENOSPC));
}

int sql_commit(struct berth_sqlite *store)
{
    int rc, code;

    errno = 0;
    rc = sqlite3_step(store->commit);
    if (rc == SQLITE_DONE) {
        (void)sqlite3_reset(store->commit);
        if (store->log_pages >= LOG_PAGES)
            log_empty(store);
        return 0;
    }
    code = error_sql(store, rc);
    if (!is_certain(store, rc, code))
        code = BERTH_UNCERTAIN(code);
    (void)sqlite3_reset(store->commit);
    sql_rollback(store);
    return code;
}
