/* Rows: cells as values of SQLite, and back. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "object.h"

enum { UUID_TEXT = 36 };

/* Statements */

static void add_columns(sqlite3_str *text, const berth_store_table *table)
{
    for (unsigned i = 0; i < table->n_columns; i++)
        sqlite3_str_appendf(text, "\"%w\", ", table->columns[i].name);
}

static void add_key(sqlite3_str *text, const berth_store_table *table)
{
    for (unsigned i = 0; i < table->n_key; i++)
        sqlite3_str_appendf(text, "%s\"%w\" = ?%u", i > 0 ? " AND " : " WHERE ",
                            table->columns[i].name, i + 1);
}

static int prepare(struct berth_sqlite *store, sqlite3_stmt **out, sqlite3_str *text)
{
    char *finished = sqlite3_str_finish(text);
    int rc;

    if (!finished)
        return error_memory(store);
    rc = sql_prepare(store, out, "%s", finished);
    sqlite3_free(finished);
    return rc;
}

static int prepare_write(struct berth_sqlite *store, struct rows *rows, const char *name)
{
    sqlite3_str *text = sqlite3_str_new(store->db);

    sqlite3_str_appendf(text, "INSERT OR REPLACE INTO \"%w\"(", name);
    add_columns(text, rows->table);
    sqlite3_str_appendall(text, "_sum) VALUES(");
    for (unsigned i = 0; i < rows->table->n_columns; i++)
        sqlite3_str_appendall(text, "?, ");
    sqlite3_str_appendall(text, "?)");
    return prepare(store, &rows->write, text);
}

static int prepare_erase(struct berth_sqlite *store, struct rows *rows, const char *name)
{
    sqlite3_str *text = sqlite3_str_new(store->db);

    sqlite3_str_appendf(text, "DELETE FROM \"%w\"", name);
    add_key(text, rows->table);
    return prepare(store, &rows->erase, text);
}

int rows_prepare(struct berth_sqlite *store, struct rows *rows, const berth_store_table *table,
                 const char *sql_name)
{
    int rc;

    *rows = (struct rows){.table = table, .sql_name = sql_name, .seed = sum_text(0, table->name)};
    rc = prepare_write(store, rows, sql_name);
    if (rc == 0)
        rc = prepare_erase(store, rows, sql_name);
    if (rc == 0)
        rc = sql_prepare(store, &rows->clear, "DELETE FROM \"%w\"", sql_name);
    return rc;
}

void rows_finalize(struct rows *rows)
{
    (void)sqlite3_finalize(rows->write);
    (void)sqlite3_finalize(rows->erase);
    (void)sqlite3_finalize(rows->clear);
    *rows = (struct rows){0};
}

int rows_prepare_all(struct berth_sqlite *store)
{
    int rc = 0;

    store->rows = calloc(store->tables.n + 1u, sizeof *store->rows);
    if (!store->rows)
        return error_memory(store);
    for (unsigned i = 0; i < store->tables.n && rc == 0; i++)
        rc = rows_prepare(store, &store->rows[i], &store->tables.tables[i],
                          store->tables.tables[i].name);
    return rc;
}

void rows_finalize_all(struct berth_sqlite *store)
{
    for (unsigned i = 0; store->rows && i < store->tables.n; i++)
        rows_finalize(&store->rows[i]);
    free(store->rows);
    store->rows = NULL;
}

/* Writing */

static void write_uuid(char text[UUID_TEXT + 1], const unsigned char *uuid)
{
    static const char digits[] = "0123456789abcdef";

    for (unsigned i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *text++ = '-';
        *text++ = digits[uuid[i] >> 4];
        *text++ = digits[uuid[i] & 15];
    }
    *text = '\0';
}

/* Binds a cell, and adds it to the sum. The result is SQLite's. */
static int bind_texts(sqlite3_stmt *statement, int at, const berth_strings *texts, uint64_t *sum)
{
    char *json = texts_write(texts);

    if (!json)
        return SQLITE_NOMEM;
    *sum = sum_number(*sum, texts->count);
    for (uint32_t i = 0; i < texts->count; i++)
        *sum = sum_text(*sum, texts->items[i]);
    return sqlite3_bind_text(statement, at, json, -1, free);
}

static int bind_cell(sqlite3_stmt *statement, int at, berth_store_type type,
                     const berth_store_value *value, uint64_t *sum)
{
    char text[UUID_TEXT + 1];

    switch (type) {
    case BERTH_STORE_TEXT:
        *sum = sum_text(*sum, value->text);
        return sqlite3_bind_text(statement, at, value->text, -1, SQLITE_STATIC);
    case BERTH_STORE_UUID:
        write_uuid(text, value->uuid);
        *sum = sum_bytes(*sum, value->uuid, 16);
        return sqlite3_bind_text(statement, at, text, UUID_TEXT, SQLITE_TRANSIENT);
    case BERTH_STORE_TEXTS:
        return bind_texts(statement, at, &value->texts, sum);
    default:
        *sum = sum_number(*sum, value->number);
        return sqlite3_bind_int64(statement, at, (sqlite3_int64)value->number);
    }
}

static int bind_cells(sqlite3_stmt *statement, const struct rows *rows, unsigned n,
                      const berth_store_value *values, uint64_t *sum)
{
    int rc = SQLITE_OK;

    *sum = rows->seed;
    for (unsigned i = 0; i < n && rc == SQLITE_OK; i++)
        rc = bind_cell(statement, (int)i + 1, rows->table->columns[i].type, &values[i], sum);
    return rc;
}

int rows_write(struct berth_sqlite *store, const struct rows *rows, const berth_store_value *values)
{
    const unsigned n = rows->table->n_columns;
    uint64_t sum;
    int rc = bind_cells(rows->write, rows, n, values, &sum);

    if (rc == SQLITE_OK)
        rc = sqlite3_bind_int64(rows->write, (int)n + 1, (sqlite3_int64)sum);
    return rc == SQLITE_OK ? sql_step(store, rows->write) : error_sql(store, rc);
}

static int erase_row(struct berth_sqlite *store, struct rows *rows, const berth_store_value *values)
{
    uint64_t sum;
    int rc = bind_cells(rows->erase, rows, rows->table->n_key, values, &sum);

    return rc == SQLITE_OK ? sql_step(store, rows->erase) : error_sql(store, rc);
}

int rows_change(struct berth_sqlite *store, const berth_store_change *change)
{
    struct rows *rows = &store->rows[change->table];

    if (change->deleted)
        return erase_row(store, rows, change->values);
    return rows_write(store, rows, change->values);
}

int rows_clear_all(struct berth_sqlite *store)
{
    int rc = 0;

    for (unsigned i = 0; i < store->tables.n && rc == 0; i++)
        rc = sql_step(store, store->rows[i].clear);
    return rc;
}

/* Reading */

static int digit_value(char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    if (digit >= 'a' && digit <= 'f')
        return digit - 'a' + 10;
    if (digit >= 'A' && digit <= 'F')
        return digit - 'A' + 10;
    return -1;
}

static bool read_uuid(const char *text, size_t size, unsigned char uuid[16])
{
    if (size != UUID_TEXT)
        return false;
    for (unsigned i = 0; i < 16; i++) {
        int high, low;

        if ((i == 4 || i == 6 || i == 8 || i == 10) && *text++ != '-')
            return false;
        high = digit_value(*text++);
        low = digit_value(*text++);
        if (high < 0 || low < 0)
            return false;
        uuid[i] = (unsigned char)(high << 4 | low);
    }
    return true;
}

static int read_number(sqlite3_stmt *row, int at, berth_store_type type, berth_store_value *value,
                       uint64_t *sum)
{
    if (sqlite3_column_type(row, at) != SQLITE_INTEGER)
        return -EBADMSG;
    value->number = (uint64_t)sqlite3_column_int64(row, at);
    *sum = sum_number(*sum, value->number);
    return type == BERTH_STORE_BOOL && value->number > 1 ? -EBADMSG : 0;
}

static int read_texts(const char *text, size_t size, struct cell *cell, berth_strings *texts,
                      uint64_t *sum)
{
    int rc = texts_read(text, size, cell, texts);

    if (rc < 0)
        return rc;
    *sum = sum_number(*sum, texts->count);
    for (uint32_t i = 0; i < texts->count; i++)
        *sum = sum_text(*sum, texts->items[i]);
    return 0;
}

static int read_cell(sqlite3_stmt *row, int at, berth_store_type type, struct cell *cell,
                     berth_store_value *value, uint64_t *sum)
{
    const char *text;
    size_t size;

    if (type < BERTH_STORE_TEXT)
        return read_number(row, at, type, value, sum);
    if (sqlite3_column_type(row, at) != SQLITE_TEXT)
        return -EBADMSG;
    text = (const char *)sqlite3_column_text(row, at);
    if (!text)
        return -ENOMEM;
    size = (size_t)sqlite3_column_bytes(row, at);
    if (strlen(text) != size)
        return -EBADMSG;
    if (type == BERTH_STORE_TEXTS)
        return read_texts(text, size, cell, &value->texts, sum);
    if (type == BERTH_STORE_UUID) {
        if (!read_uuid(text, size, cell->uuid))
            return -EBADMSG;
        value->uuid = cell->uuid;
        *sum = sum_bytes(*sum, cell->uuid, 16);
        return 0;
    }
    value->text = text;
    *sum = sum_text(*sum, text);
    return 0;
}

/* The row as it is, and whether it has its sum. One that was changed by hand has none. */
static int read_cells(const struct rows *rows, sqlite3_stmt *row, struct cell *cells,
                      berth_store_value *values)
{
    const unsigned n = rows->table->n_columns;
    uint64_t sum = rows->seed;
    int rc = 0;

    for (unsigned i = 0; i < n && rc == 0; i++)
        rc = read_cell(row, (int)i, rows->table->columns[i].type, &cells[i], &values[i], &sum);
    if (rc == 0 && sqlite3_column_type(row, (int)n) != SQLITE_NULL &&
        (uint64_t)sqlite3_column_int64(row, (int)n) != sum)
        rc = -EBADMSG;
    return rc;
}

static int blame_row(struct berth_sqlite *store, const struct rows *rows, sqlite3_stmt *row, int rc)
{
    const unsigned char *key = sqlite3_column_text(row, 0);

    if (rc == -ENOMEM)
        return error_memory(store);
    return error_set(store, -EBADMSG,
                     "the file is damaged: row %s of table %s (after a change by hand, set _sum to "
                     "NULL)",
                     key ? (const char *)key : "?", rows->table->name);
}

static int read_rows(struct berth_sqlite *store, const struct rows *rows, sqlite3_stmt *row,
                     struct cell *cells, berth_store_value *values,
                     int (*put)(void *arg, const berth_store_value *values), void *arg)
{
    int found, rc;

    while ((found = sql_next(store, row)) == 1) {
        rc = read_cells(rows, row, cells, values);
        if (rc < 0)
            return blame_row(store, rows, row, rc);
        rc = put(arg, values);
        if (rc != 0)
            return rc;
    }
    return found;
}

/* Numbers above INT64_MAX are stored as negative ones, and come last all the same. */
static int has_large_key(struct berth_sqlite *store, const struct rows *rows, unsigned column,
                         bool *has)
{
    sqlite3_stmt *row = NULL;
    int rc = sql_prepare(store, &row, "SELECT 1 FROM \"%w\" WHERE \"%w\" < 0 LIMIT 1",
                         rows->sql_name, rows->table->columns[column].name);

    if (rc == 0)
        rc = sql_next(store, row);
    *has = rc == 1;
    (void)sqlite3_finalize(row);
    return rc < 0 ? rc : 0;
}

static int prepare_read(struct berth_sqlite *store, const struct rows *rows, sqlite3_stmt **out)
{
    const berth_store_table *table = rows->table;
    sqlite3_str *text = sqlite3_str_new(store->db);
    int rc = 0;

    sqlite3_str_appendall(text, "SELECT ");
    add_columns(text, table);
    sqlite3_str_appendf(text, "_sum FROM \"%w\"", rows->sql_name);
    for (unsigned i = 0; i < table->n_key && rc == 0; i++) {
        bool large = false;

        if (table->columns[i].type == BERTH_STORE_UNSIGNED)
            rc = has_large_key(store, rows, i, &large);
        sqlite3_str_appendall(text, i > 0 ? ", " : " ORDER BY ");
        if (large)
            sqlite3_str_appendf(text, "\"%w\" < 0, ", table->columns[i].name);
        sqlite3_str_appendf(text, "\"%w\"", table->columns[i].name);
    }
    if (rc < 0) {
        sqlite3_free(sqlite3_str_finish(text));
        return rc;
    }
    return prepare(store, out, text);
}

int rows_read(struct berth_sqlite *store, const struct rows *rows,
              int (*put)(void *arg, const berth_store_value *values), void *arg)
{
    const size_t n = rows->table->n_columns + 1u;
    berth_store_value *values = calloc(n, sizeof *values);
    struct cell *cells = calloc(n, sizeof *cells);
    sqlite3_stmt *row = NULL;
    int rc;

    if (values && cells) {
        rc = prepare_read(store, rows, &row);
        if (rc == 0)
            rc = read_rows(store, rows, row, cells, values, put, arg);
    } else {
        rc = error_memory(store);
    }
    (void)sqlite3_finalize(row);
    for (size_t i = 0; cells && i < n; i++)
        free(cells[i].memory);
    free(cells);
    free(values);
    return rc;
}
