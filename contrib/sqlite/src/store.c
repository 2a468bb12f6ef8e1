/* The functions of the store. */
#define _GNU_SOURCE

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "object.h"

/* Opening */

static int check_pages(struct berth_sqlite *store)
{
    sqlite3_stmt *statement = NULL;
    int rc = sql_prepare(store, &statement, "PRAGMA quick_check(1)");

    if (rc == 0)
        rc = sql_next(store, statement);
    if (rc >= 0) {
        const char *text = rc == 1 ? (const char *)sqlite3_column_text(statement, 0) : NULL;

        rc = text && strcmp(text, "ok") == 0 ? 0 : error_damaged(store, text ? text : "no check");
    }
    (void)sqlite3_finalize(statement);
    return rc;
}

/* The stored header and rows, as `accept` sees them. */
struct shown {
    struct berth_sqlite *store;
    const struct tables *tables;
};

static int read_shown(void *from, uint16_t table,
                      int (*put)(void *arg, const berth_store_value *values), void *arg)
{
    const struct shown *shown = from;
    const berth_store_table *read = &shown->tables->tables[table];
    struct rows rows = {0};
    int rc = rows_prepare(shown->store, &rows, read, read->name);

    if (rc == 0)
        rc = rows_read(shown->store, &rows, put, arg);
    rows_finalize(&rows);
    return rc;
}

/* The runtime says what it refuses. It does not say what the store has, and what was wanted. */
static void explain_refusal(struct berth_sqlite *store, const berth_store_manager *manager, int rc)
{
    const struct header *header = &store->header;

    if (rc == -ENODEV && strcmp(header->backend, manager->backend) != 0)
        (void)error_set(store, rc, "its rows are about backend \"%s\", and this is \"%s\"",
                        header->backend, manager->backend);
    else if (rc == -EINVAL && strcmp(header->manager, manager->manager) != 0)
        (void)error_set(store, rc, "its rows are of manager %s, and this is %s", header->manager,
                        manager->manager);
}

static int show_stored(struct berth_sqlite *store, const struct tables *tables,
                       int (*accept)(void *arg, const berth_store_manager *stored), void *arg)
{
    const struct header *header = &store->header;
    struct shown shown = {store, tables};

    return accept(arg, &(berth_store_manager){
                           .manager = header->manager,
                           .format = header->format,
                           .spec_hash = header->spec_hash,
                           .options = header->options,
                           .absent = header->absent,
                           .hooks = header->hooks,
                           .backend = header->backend,
                           .tables = tables->tables,
                           .n_tables = tables->n,
                           .place = store->options.reclaim ? BERTH_STORE_HERE : header->place,
                           .epoch = header->epoch,
                           .read = read_shown,
                           .from = &shown,
                       });
}

/*
 * It was made just now, or nobody got further. One that was made for a save is not empty for
 * others: the rows are elsewhere.
 */
static bool is_empty(const struct header *header, const berth_store_manager *manager)
{
    return header->epoch == 0 &&
           (header->place == BERTH_STORE_HERE || manager->place == BERTH_STORE_ARRIVING);
}

/* Within the transaction that takes the store. */
static int take_store(struct berth_sqlite *store, const berth_store_manager *manager,
                      int (*accept)(void *arg, const berth_store_manager *stored), void *arg)
{
    struct tables old = {0};
    int rc = check_pages(store);

    if (rc == 0)
        rc = header_read(store);
    if (rc == 0)
        rc = tables_read(store, &old);
    if (rc == 0 && !is_empty(&store->header, manager))
        rc = show_stored(store, &old, accept, arg);
    explain_refusal(store, manager, rc);
    if (rc == 0)
        rc = tables_change(store, &old);
    else if (rc == 1)
        rc = tables_replace(store, &old, manager, arg);
    if (rc == 0)
        rc = header_write(store, manager);
    tables_free(&old);
    return rc;
}

/* Begins the transaction. Nobody else writes to the log meanwhile. */
static int begin_with_whole_log(struct berth_sqlite *store)
{
    int rc = sql_begin(store);

    if (rc == 0)
        rc = log_check(store);
    if (rc != 1)
        return rc;
    /* Later frames would follow those that do not count. So the good ones move to the file. */
    sql_rollback(store);
    rc = sql_run(store, "PRAGMA wal_checkpoint(TRUNCATE)");
    if (rc == 0)
        rc = sql_begin(store);
    if (rc == 0)
        rc = log_check(store);
    return rc == 1 ? error_set(store, -EBUSY, "another program reads the file") : rc;
}

static int prepare_all(struct berth_sqlite *store)
{
    int rc =
        sql_prepare(store, &store->advance,
                    "UPDATE _berth SET sequence = ?1, _sum = ?2 WHERE rowid = 1 AND epoch = ?3 "
                    "AND (?4 IS NULL OR sequence = ?4)");

    if (rc == 0)
        rc = sql_prepare(store, &store->position, "SELECT epoch, sequence FROM _berth");
    return rc == 0 ? rows_prepare_all(store) : rc;
}

static int open_file(struct berth_sqlite *store, const berth_store_manager *manager,
                     int (*accept)(void *arg, const berth_store_manager *stored), void *arg)
{
    int rc = file_open(store, manager);

    if (rc == 0)
        rc = begin_with_whole_log(store);
    if (rc == 0)
        rc = take_store(store, manager, accept, arg);
    if (rc == 0)
        rc = prepare_all(store); /* what fails here must not fence others */
    if (rc == 0)
        return sql_commit(store);
    if (store->db)
        sql_rollback(store);
    return rc;
}

static void store_close(void *ctx)
{
    struct berth_sqlite *store = ctx;

    writer_stop(store);
    file_leave(store);
    rows_finalize_all(store);
    tables_free(&store->tables);
    header_free(&store->header);
    file_close(store);
}

static int store_open(void *ctx, const berth_store_manager *manager,
                      int (*accept)(void *arg, const berth_store_manager *stored), void *arg,
                      berth_store_link link, int64_t deadline, berth_store_opened *opened)
{
    struct berth_sqlite *store = ctx;
    int rc;

    if (store->db)
        return error_set(store, -EBUSY, "another manager uses this object");
    if (manager->place == BERTH_STORE_ARRIVING && file_is_used(store, manager->epoch))
        return error_set(store, -EINVAL, "it is the file of the manager that is saved");
    file_impatient(store, deadline);
    rc = tables_copy(&store->tables, manager) < 0 ? error_memory(store) : 0;
    if (rc == 0 && store->options.background)
        rc = writer_start(store, link);
    if (rc == 0)
        rc = open_file(store, manager, accept, arg);
    file_patient(store);
    if (rc != 0) {
        store_close(store);
        return rc;
    }
    file_accept(store);
    log_empty(store);
    *opened =
        (berth_store_opened){.epoch = store->header.epoch, .sequence = store->header.sequence};
    return 0;
}

/* Loading */

struct loading {
    int (*put)(void *arg, uint16_t table, const berth_store_value *values);
    void *arg;
    uint16_t table;
};

static int put_row(void *arg, const berth_store_value *values)
{
    const struct loading *loading = arg;

    return loading->put(loading->arg, loading->table, values);
}

static int load_all(struct berth_sqlite *store, struct loading *loading)
{
    int rc = header_check(store, store->header.epoch);

    for (; rc == 0 && loading->table < store->tables.n; loading->table++)
        rc = rows_read(store, &store->rows[loading->table], put_row, loading);
    return rc;
}

static int store_load(void *ctx,
                      int (*put)(void *arg, uint16_t table, const berth_store_value *values),
                      void *arg, int64_t deadline)
{
    struct berth_sqlite *store = ctx;
    struct loading loading = {.put = put, .arg = arg};
    int rc;

    file_impatient(store, deadline);
    rc = sql_run(store, "BEGIN"); /* all tables at the same moment */
    if (rc == 0)
        rc = load_all(store, &loading);
    sql_rollback(store);
    file_patient(store);
    return rc;
}

/* Writing */

/* Begins a transaction at a sequence number. 1: the commit is there already. */
static int begin_at(struct berth_sqlite *store, uint64_t epoch, uint64_t sequence,
                    const uint64_t *from)
{
    int rc;

    if (file_has_moved(store))
        return error_set(store, -ESTALE, "the file was moved or deleted");
    rc = sql_begin(store);
    return rc == 0 ? header_advance(store, epoch, sequence, from) : rc;
}

static int end_at(struct berth_sqlite *store, uint64_t sequence, int rc)
{
    if (rc == 0)
        rc = sql_commit(store);
    else
        sql_rollback(store);
    if (rc == 0)
        store->header.sequence = sequence;
    return rc;
}

int store_make_commit(struct berth_sqlite *store, const berth_store_commit *commit)
{
    const uint64_t from = commit->sequence - 1;
    int rc = begin_at(store, commit->epoch, commit->sequence, &from);

    if (rc == 0 && commit->clear)
        rc = rows_clear_all(store);
    for (uint32_t i = 0; i < commit->n_changes && rc == 0; i++)
        rc = rows_change(store, &commit->changes[i]);
    rc = end_at(store, commit->sequence, rc);
    return rc == 1 ? 0 : rc;
}

static int store_commit(void *ctx, const berth_store_commit *commit)
{
    struct berth_sqlite *store = ctx;

    return store->writer.runs ? writer_take(store, commit) : store_make_commit(store, commit);
}

static int store_replace(void *ctx, uint64_t epoch, uint64_t sequence,
                         int (*next)(void *arg, berth_store_change *row), void *arg)
{
    struct berth_sqlite *store = ctx;
    berth_store_change row;
    int more = 0, rc = sql_synchronous(store, true);

    if (rc == 0)
        rc = begin_at(store, epoch, sequence, NULL);
    if (rc == 0)
        rc = rows_clear_all(store);
    while (rc == 0 && (more = next(arg, &row)) == 1)
        rc = rows_change(store, &row);
    rc = end_at(store, sequence, rc == 0 ? more : rc);
    (void)sql_synchronous(store, store->options.full);
    return rc;
}

/* Two machines may have to do with a move. So it waits for the disk, also with NORMAL. */
static int store_set_place(void *ctx, uint64_t epoch, berth_store_place place)
{
    struct berth_sqlite *store = ctx;
    int rc = file_has_moved(store) ? error_set(store, -ESTALE, "the file was moved or deleted")
                                   : sql_synchronous(store, true);

    if (rc == 0)
        rc = sql_begin(store);
    if (rc == 0)
        rc = header_set_place(store, epoch, place);
    rc = end_at(store, store->header.sequence, rc);
    if (rc == 0)
        store->header.place = place;
    (void)sql_synchronous(store, store->options.full);
    return rc;
}

/* The object */

berth_sqlite *berth_sqlite_create(const char *path, const berth_sqlite_options *options)
{
    struct berth_sqlite *store = path && *path ? calloc(1, sizeof *store) : NULL;

    if (!store)
        return NULL;
    if (options)
        store->options = *options;
    if (store->options.busy_ms == 0)
        store->options.busy_ms = DEFAULT_BUSY_MS;
    store->path = strdup(path);
    store->backend = strdup(store->options.backend ? store->options.backend : "");
    store->options.backend = store->backend;
    store->deadline = BERTH_NO_DEADLINE;
    (void)pthread_mutex_init(&store->lock, NULL);
    store->functions = (berth_store){
        .version = BERTH_STORE_VERSION,
        .ctx = store,
        .backend = store->backend,
        .begin_anew = store->options.begin_anew,
        .open = store_open,
        .load = store_load,
        .commit = store_commit,
        .replace = store_replace,
        .set_place = store_set_place,
        .close = store_close,
    };
    if (!store->path || !store->backend) {
        berth_sqlite_free(store);
        return NULL;
    }
    return store;
}

const berth_store *berth_sqlite_store(berth_sqlite *store)
{
    return store ? &store->functions : NULL;
}

void berth_sqlite_reason(berth_sqlite *store, char *text, size_t size)
{
    if (!store) {
        (void)snprintf(text, size, "there is no store: out of memory, or no path");
        return;
    }
    pthread_mutex_lock(&store->lock);
    (void)snprintf(text, size, "%s", store->reason);
    pthread_mutex_unlock(&store->lock);
}

void berth_sqlite_free(berth_sqlite *store)
{
    if (!store)
        return;
    (void)pthread_mutex_destroy(&store->lock);
    free(store->path);
    free(store->backend);
    free(store);
}
