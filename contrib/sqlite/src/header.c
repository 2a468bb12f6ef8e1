/* The table _berth: one row that says whose rows these are, and how far they are. */
#define _GNU_SOURCE

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "object.h"

#define COLUMNS                                                                                    \
    "manager, format, hash, options, absent, hooks, backend, epoch, sequence, tables, schema, "    \
    "_sum, "                                                                                       \
    "place"

/* How a place is written. */
static const char *const places[] = {
    [BERTH_STORE_HERE] = "",
    [BERTH_STORE_ARRIVING] = "arriving",
    [BERTH_STORE_MOVED] = "moved",
};
enum { N_PLACES = sizeof places / sizeof *places };

static uint64_t sum_of(const struct header *header)
{
    uint64_t sum = sum_text(LAYOUT, header->manager);

    sum = sum_number(sum, header->format);
    sum = sum_number(sum, header->spec_hash);
    sum = sum_text(sum, header->options);
    sum = sum_text(sum, header->absent);
    sum = sum_text(sum, header->hooks);
    sum = sum_text(sum, header->backend);
    sum = sum_number(sum, header->epoch);
    sum = sum_number(sum, header->sequence);
    sum = sum_text(sum, header->tables);
    sum = sum_number(sum, header->place);
    return sum_number(sum, header->schema);
}

void header_free(struct header *header)
{
    free(header->manager);
    free(header->options);
    free(header->absent);
    free(header->hooks);
    free(header->backend);
    free(header->tables);
    *header = (struct header){0};
}

int header_schema(struct berth_sqlite *store, uint64_t *sum)
{
    sqlite3_stmt *statement = NULL;
    int rc = sql_prepare(store, &statement,
                         "SELECT name || ' ' || sql FROM sqlite_schema WHERE sql IS NOT NULL AND "
                         "(type <> 'table' OR name NOT LIKE 'sqlite%%') ORDER BY name");

    *sum = 0;
    while (rc == 0 && (rc = sql_next(store, statement)) == 1) {
        const unsigned char *text = sqlite3_column_text(statement, 0);

        if (text)
            *sum = sum_text(*sum, (const char *)text);
        rc = 0;
    }
    (void)sqlite3_finalize(statement);
    return rc;
}

/* Writing */

static int write_row(struct berth_sqlite *store)
{
    const struct header *header = &store->header;

    return sql_run(
        store,
        "INSERT OR REPLACE INTO _berth(rowid, " COLUMNS ") VALUES(1, %Q, %lld, "
        "'%016llx', %Q, %Q, %Q, %Q, %lld, %lld, %Q, '%016llx', %lld, %Q)",
        header->manager, (sqlite3_int64)header->format, (unsigned long long)header->spec_hash,
        header->options, header->absent, header->hooks, header->backend,
        (sqlite3_int64)header->epoch, (sqlite3_int64)header->sequence, header->tables,
        (unsigned long long)header->schema, (sqlite3_int64)sum_of(header), places[header->place]);
}

static char *names_of(const struct tables *tables)
{
    const char **names = calloc(tables->n > 0 ? tables->n : 1, sizeof *names);
    char *json = NULL;

    if (!names)
        return NULL;
    for (unsigned i = 0; i < tables->n; i++)
        names[i] = tables->tables[i].name;
    json = texts_write(&(berth_strings){.items = names, .count = tables->n});
    free(names);
    return json;
}

/* The header of `manager`; false: out of memory. */
static bool fill_header(struct header *header, const berth_store_manager *manager,
                        const struct tables *tables)
{
    header_free(header);
    *header = (struct header){
        .manager = strdup(manager->manager),
        .options = strdup(manager->options),
        .absent = strdup(manager->absent),
        .hooks = strdup(manager->hooks),
        .backend = strdup(manager->backend),
        .tables = names_of(tables),
        .spec_hash = manager->spec_hash,
        .format = manager->format,
        .place = manager->place,
    };
    return header->manager && header->options && header->absent && header->hooks &&
           header->backend && header->tables;
}

static int write_with_schema(struct berth_sqlite *store)
{
    int rc = header_schema(store, &store->header.schema);

    return rc == 0 ? write_row(store) : rc;
}

int header_make(struct berth_sqlite *store, const berth_store_manager *manager)
{
    int rc =
        sql_run(store, "CREATE TABLE _berth(manager TEXT, format INTEGER, hash TEXT, options TEXT, "
                       "absent TEXT, hooks TEXT, backend TEXT, epoch INTEGER, sequence INTEGER, "
                       "tables TEXT, schema TEXT, _sum INTEGER, place TEXT)");

    if (rc == 0 && !fill_header(&store->header, manager, &(struct tables){0}))
        rc = error_memory(store);
    if (rc == 0)
        rc = write_with_schema(store);
    header_free(&store->header);
    return rc;
}

int header_write(struct berth_sqlite *store, const berth_store_manager *manager)
{
    const uint64_t was = store->header.epoch, sequence = store->header.sequence;

    if (!fill_header(&store->header, manager, &store->tables))
        return error_memory(store);
    store->header.epoch = (was > manager->epoch ? was : manager->epoch) + 1;
    store->header.sequence = sequence;
    return write_with_schema(store);
}

/* Reading */

static char *text_at(sqlite3_stmt *row, int column)
{
    const unsigned char *text = sqlite3_column_text(row, column);

    if (sqlite3_column_type(row, column) != SQLITE_TEXT)
        return NULL;
    return text ? strdup((const char *)text) : NULL;
}

static uint64_t hexadecimal_at(sqlite3_stmt *row, int column)
{
    const unsigned char *text = sqlite3_column_text(row, column);

    return text ? strtoull((const char *)text, NULL, 16) : 0;
}

static bool read_place(sqlite3_stmt *row, int column, berth_store_place *place)
{
    const unsigned char *text = sqlite3_column_text(row, column);

    for (unsigned i = 0; text && i < N_PLACES; i++)
        if (strcmp((const char *)text, places[i]) == 0) {
            *place = (berth_store_place)i;
            return true;
        }
    return false;
}

/* The format, the epoch and the sequence. */
static bool has_numbers(sqlite3_stmt *row)
{
    return sqlite3_column_type(row, 1) == SQLITE_INTEGER &&
           sqlite3_column_type(row, 7) == SQLITE_INTEGER &&
           sqlite3_column_type(row, 8) == SQLITE_INTEGER;
}

static int read_row(struct berth_sqlite *store, sqlite3_stmt *row)
{
    struct header *header = &store->header;

    header_free(header);
    *header = (struct header){
        .manager = text_at(row, 0),
        .format = (uint32_t)sqlite3_column_int64(row, 1),
        .spec_hash = hexadecimal_at(row, 2),
        .options = text_at(row, 3),
        .absent = text_at(row, 4),
        .hooks = text_at(row, 5),
        .backend = text_at(row, 6),
        .epoch = (uint64_t)sqlite3_column_int64(row, 7),
        .sequence = (uint64_t)sqlite3_column_int64(row, 8),
        .tables = text_at(row, 9),
        .schema = hexadecimal_at(row, 10),
    };
    if (!header->manager || !header->options || !header->absent || !header->hooks ||
        !header->backend || !header->tables || sqlite3_column_type(row, 2) != SQLITE_TEXT)
        return error_damaged(store, "a text is missing in _berth");
    if (!has_numbers(row))
        return error_damaged(store, "a number is missing in _berth");
    if (!read_place(row, 12, &header->place))
        return error_damaged(store, "_berth has an unknown place");
    if (sqlite3_column_int64(row, 13) != 1)
        return error_damaged(store, "the row of _berth has another number");
    if (sqlite3_column_type(row, 11) != SQLITE_NULL &&
        sqlite3_column_int64(row, 11) != (sqlite3_int64)sum_of(header))
        return error_damaged(store, "_berth does not have its sum");
    return 0;
}

static int read_only_row(struct berth_sqlite *store, sqlite3_stmt *statement)
{
    int rc = sql_next(store, statement);

    if (rc != 1)
        return rc == 0 ? error_damaged(store, "_berth has no row") : rc;
    rc = read_row(store, statement);
    if (rc == 0)
        rc = sql_next(store, statement);
    return rc == 1 ? error_damaged(store, "_berth has several rows") : rc;
}

int header_read(struct berth_sqlite *store)
{
    sqlite3_stmt *statement = NULL;
    uint64_t schema;
    int rc = sql_prepare(store, &statement, "SELECT " COLUMNS ", rowid FROM _berth");

    if (rc == 0)
        rc = read_only_row(store, statement);
    (void)sqlite3_finalize(statement);
    if (rc == 0)
        rc = header_schema(store, &schema);
    if (rc == 0 && schema != store->header.schema)
        rc = error_damaged(store,
                           "its tables, indexes, triggers or views are not those that were made");
    return rc;
}

/* Progress */

/* 0: it is this epoch's. */
static int read_position(struct berth_sqlite *store, uint64_t epoch, uint64_t *sequence)
{
    sqlite3_stmt *row = store->position;
    int rc = sql_next(store, row);

    if (rc == 1) {
        const uint64_t found = (uint64_t)sqlite3_column_int64(row, 0);

        *sequence = (uint64_t)sqlite3_column_int64(row, 1);
        rc = found == epoch
                 ? 0
                 : error_set(store, -ESTALE, "epoch %llu has the store, and this is epoch %llu",
                             (unsigned long long)found, (unsigned long long)epoch);
    } else if (rc == 0) {
        rc = error_damaged(store, "_berth has no row");
    }
    (void)sqlite3_reset(row);
    return rc;
}

int header_check(struct berth_sqlite *store, uint64_t epoch)
{
    uint64_t sequence;

    return read_position(store, epoch, &sequence);
}

/* Why nothing was changed by `advance`. */
static int explain(struct berth_sqlite *store, uint64_t epoch, uint64_t sequence)
{
    uint64_t found = 0;
    int rc = read_position(store, epoch, &found);

    if (rc < 0)
        return rc;
    if (found == sequence)
        return 1;
    return error_set(store, -EPROTO, "commit %llu comes after commit %llu",
                     (unsigned long long)sequence, (unsigned long long)found);
}

int header_advance(struct berth_sqlite *store, uint64_t epoch, uint64_t sequence,
                   const uint64_t *from)
{
    struct header next = store->header;
    sqlite3_stmt *statement = store->advance;
    int rc;

    next.epoch = epoch;
    next.sequence = sequence;
    (void)sqlite3_bind_int64(statement, 1, (sqlite3_int64)sequence);
    (void)sqlite3_bind_int64(statement, 2, (sqlite3_int64)sum_of(&next));
    (void)sqlite3_bind_int64(statement, 3, (sqlite3_int64)epoch);
    if (from)
        (void)sqlite3_bind_int64(statement, 4, (sqlite3_int64)*from);
    else
        (void)sqlite3_bind_null(statement, 4);
    rc = sql_step(store, statement);
    if (rc == 0 && sqlite3_changes(store->db) == 0)
        rc = explain(store, epoch, sequence);
    return rc;
}

int header_set_place(struct berth_sqlite *store, uint64_t epoch, berth_store_place place)
{
    struct header next = store->header;
    int rc;

    next.epoch = epoch;
    next.place = place;
    rc =
        sql_run(store, "UPDATE _berth SET place = %Q, _sum = %lld WHERE rowid = 1 AND epoch = %lld",
                places[place], (sqlite3_int64)sum_of(&next), (sqlite3_int64)epoch);
    if (rc == 0 && sqlite3_changes(store->db) == 0)
        rc = explain(store, epoch, next.sequence + 1);
    return rc;
}
