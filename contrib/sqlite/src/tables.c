/* The tables of a manager, as they are and as they are wanted. */
#define _GNU_SOURCE

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "object.h"

#define OLD "_berth_old" /* a table that is being changed */

/* Declared types. SQLite looks for the words INT and TEXT in them. */
static const char *const type_names[] = {
    [BERTH_STORE_BOOL] = "BOOLEAN INT",  [BERTH_STORE_UNSIGNED] = "INTEGER",
    [BERTH_STORE_SIGNED] = "SIGNED INT", [BERTH_STORE_TEXT] = "TEXT",
    [BERTH_STORE_UUID] = "UUID TEXT",    [BERTH_STORE_TEXTS] = "JSON TEXT",
};

static berth_store_type type_named(const char *name)
{
    for (unsigned i = BERTH_STORE_BOOL; i <= BERTH_STORE_TEXTS; i++)
        if (strcmp(type_names[i], name) == 0)
            return (berth_store_type)i;
    return (berth_store_type)0;
}

/* Copies */

/* What is constant for others, and was allocated here. */
static void *owned(const void *memory)
{
    const union {
        const void *constant;
        void *own;
    } both = {memory};

    return both.own;
}

static void free_table(berth_store_table *table)
{
    berth_store_column *columns = owned(table->columns);

    for (unsigned i = 0; i < table->n_columns; i++)
        free(owned(columns[i].name));
    free(columns);
    free(owned(table->name));
}

void tables_free(struct tables *tables)
{
    for (unsigned i = 0; i < tables->n; i++)
        free_table(&tables->tables[i]);
    free(tables->tables);
    *tables = (struct tables){0};
}

/* After a failure the part that is there can be freed. */
static bool copy_table(berth_store_table *to, const berth_store_table *from)
{
    berth_store_column *columns = calloc(from->n_columns + 1u, sizeof *columns);

    *to = (berth_store_table){.name = strdup(from->name), .columns = columns, .n_key = from->n_key};
    if (!to->name || !columns)
        return false;
    for (; to->n_columns < from->n_columns; to->n_columns++) {
        const berth_store_column *column = &from->columns[to->n_columns];

        columns[to->n_columns] = (berth_store_column){strdup(column->name), column->type};
        if (!columns[to->n_columns].name)
            return false;
    }
    return true;
}

static bool make_array(struct tables *tables, size_t n)
{
    *tables = (struct tables){.tables = calloc(n > 0 ? n : 1, sizeof *tables->tables)};
    return tables->tables != NULL;
}

int tables_copy(struct tables *to, const berth_store_manager *from)
{
    if (!make_array(to, from->n_tables))
        return -ENOMEM;
    for (unsigned i = 0; i < from->n_tables; i++) {
        to->n++;
        if (!copy_table(&to->tables[i], &from->tables[i])) {
            tables_free(to);
            return -ENOMEM;
        }
    }
    return 0;
}

/* Reading */

static int add_column(struct berth_sqlite *store, berth_store_table *table, sqlite3_stmt *row)
{
    berth_store_column *columns = owned(table->columns);
    const char *name = (const char *)sqlite3_column_text(row, 0);
    const char *type = (const char *)sqlite3_column_text(row, 1);

    if (!name || !type)
        return error_memory(store);
    if (strcmp(name, "_sum") == 0)
        return 0;
    columns = realloc(columns, (table->n_columns + 1u) * sizeof *columns);
    if (!columns)
        return error_memory(store);
    table->columns = columns;
    columns[table->n_columns] = (berth_store_column){strdup(name), type_named(type)};
    if (!columns[table->n_columns].name)
        return error_memory(store);
    table->n_key = (uint16_t)(table->n_key + (sqlite3_column_int(row, 2) > 0));
    table->n_columns++;
    return 0;
}

static int read_columns(struct berth_sqlite *store, berth_store_table *table)
{
    sqlite3_stmt *row = NULL;
    int rc =
        sql_prepare(store, &row, "SELECT name, type, pk FROM pragma_table_info(%Q)", table->name);

    while (rc == 0 && (rc = sql_next(store, row)) == 1)
        rc = add_column(store, table, row);
    (void)sqlite3_finalize(row);
    if (rc == 0 && table->n_columns == 0)
        rc = error_damaged(store, "a table is missing");
    return rc;
}

static int read_named(struct berth_sqlite *store, const berth_strings *names, struct tables *tables)
{
    int rc = 0;

    if (!make_array(tables, names->count))
        return error_memory(store);
    for (uint32_t i = 0; i < names->count && rc == 0; i++) {
        tables->tables[i].name = strdup(names->items[i]);
        tables->n++;
        rc = tables->tables[i].name ? read_columns(store, &tables->tables[i]) : error_memory(store);
    }
    if (rc < 0)
        tables_free(tables);
    return rc;
}

int tables_read(struct berth_sqlite *store, struct tables *tables)
{
    struct cell cell = {0};
    berth_strings names;
    int rc = texts_read(store->header.tables, strlen(store->header.tables), &cell, &names);

    if (rc == -ENOMEM)
        rc = error_memory(store);
    else if (rc < 0 || names.count > UINT16_MAX)
        rc = error_damaged(store, "the names of its tables are no list");
    else
        rc = read_named(store, &names, tables);
    free(cell.memory);
    return rc;
}

/* Changing */

static bool is_same(const berth_store_table *a, const berth_store_table *b)
{
    if (a->n_columns != b->n_columns || a->n_key != b->n_key)
        return false;
    for (unsigned i = 0; i < a->n_columns; i++)
        if (a->columns[i].type != b->columns[i].type ||
            strcmp(a->columns[i].name, b->columns[i].name) != 0)
            return false;
    return true;
}

static const berth_store_table *find_table(const struct tables *tables, const char *name)
{
    for (unsigned i = 0; i < tables->n; i++)
        if (strcmp(tables->tables[i].name, name) == 0)
            return &tables->tables[i];
    return NULL;
}

static int check_wanted(struct berth_sqlite *store, const berth_store_table *table)
{
    int most = sqlite3_limit(store->db, SQLITE_LIMIT_COLUMN, -1);

    if (sqlite3_strnicmp(table->name, "sqlite_", 7) == 0)
        return error_set(store, -EINVAL, "SQLite keeps the name %s for itself", table->name);
    if (table->n_columns >= most)
        return error_set(store, -E2BIG, "table %s has more than %d columns", table->name, most - 1);
    return 0;
}

/* A number as the only key is the number of the row, which SQLite finds fastest. */
static bool has_row_number(const berth_store_table *table)
{
    return table->n_key == 1 && table->columns[0].type == BERTH_STORE_UNSIGNED;
}

static int create_table(struct berth_sqlite *store, const berth_store_table *table)
{
    const bool numbered = has_row_number(table);
    sqlite3_str *text = sqlite3_str_new(store->db);
    char *definition;
    int rc;

    sqlite3_str_appendf(text, "CREATE TABLE \"%w\"(", table->name);
    for (unsigned i = 0; i < table->n_columns; i++)
        sqlite3_str_appendf(text, "\"%w\" %s%s, ", table->columns[i].name,
                            type_names[table->columns[i].type],
                            numbered && i == 0 ? " PRIMARY KEY" : "");
    sqlite3_str_appendall(text, "_sum INTEGER");
    for (unsigned i = 0; i < table->n_key && !numbered; i++)
        sqlite3_str_appendf(text, "%s\"%w\"", i > 0 ? ", " : ", PRIMARY KEY(",
                            table->columns[i].name);
    sqlite3_str_appendall(text, numbered ? ")" : ")) WITHOUT ROWID");
    definition = sqlite3_str_finish(text);
    if (!definition)
        return error_memory(store);
    rc = sql_run(store, "%s", definition);
    sqlite3_free(definition);
    return rc;
}

/* A table gets other columns: its rows are read as they were, and written as they are wanted. */
struct change {
    struct berth_sqlite *store;
    const berth_store_table *old, *wanted;
    struct rows to;
    berth_store_value *values;
};

static berth_store_value missing_value(berth_store_type type)
{
    static const unsigned char nil[16];

    switch (type) {
    case BERTH_STORE_TEXT:
        return (berth_store_value){.text = ""};
    case BERTH_STORE_UUID:
        return (berth_store_value){.uuid = nil};
    case BERTH_STORE_TEXTS:
        return (berth_store_value){.texts = {NULL, 0}};
    default:
        return (berth_store_value){.number = 0};
    }
}

static int change_row(void *arg, const berth_store_value *values)
{
    const struct change *change = arg;
    const berth_store_table *old = change->old, *wanted = change->wanted;

    for (unsigned i = 0; i < wanted->n_columns; i++) {
        change->values[i] = missing_value(wanted->columns[i].type);
        for (unsigned j = 0; j < old->n_columns; j++)
            if (old->columns[j].type == wanted->columns[i].type &&
                strcmp(old->columns[j].name, wanted->columns[i].name) == 0)
                change->values[i] = values[j];
    }
    return rows_write(change->store, &change->to, change->values);
}

static int change_rows(struct change *change)
{
    struct rows from = {0};
    int rc = rows_prepare(change->store, &from, change->old, OLD);

    if (rc == 0)
        rc = rows_prepare(change->store, &change->to, change->wanted, change->wanted->name);
    if (rc == 0)
        rc = rows_read(change->store, &from, change_row, change);
    rows_finalize(&from);
    rows_finalize(&change->to);
    return rc;
}

static int change_table(struct berth_sqlite *store, const berth_store_table *old,
                        const berth_store_table *wanted)
{
    struct change change = {.store = store, .old = old, .wanted = wanted};
    int rc = sql_run(store, "ALTER TABLE \"%w\" RENAME TO " OLD, old->name);

    if (rc == 0)
        rc = create_table(store, wanted);
    change.values = calloc(wanted->n_columns + 1u, sizeof *change.values);
    if (rc == 0)
        rc = change.values ? change_rows(&change) : error_memory(store);
    free(change.values);
    return rc == 0 ? sql_run(store, "DROP TABLE " OLD) : rc;
}

int tables_change(struct berth_sqlite *store, const struct tables *old)
{
    int rc = 0;

    for (unsigned i = 0; i < old->n && rc == 0; i++)
        if (!find_table(&store->tables, old->tables[i].name))
            rc = sql_run(store, "DROP TABLE \"%w\"", old->tables[i].name);
    for (unsigned i = 0; i < store->tables.n && rc == 0; i++) {
        const berth_store_table *wanted = &store->tables.tables[i];
        const berth_store_table *found = find_table(old, wanted->name);

        rc = check_wanted(store, wanted);
        if (rc == 0 && !found)
            rc = create_table(store, wanted);
        else if (rc == 0 && !is_same(found, wanted))
            rc = change_table(store, found, wanted);
    }
    return rc;
}

/* The old tables get numbers for names, since a new one may have the name of another old one. */
struct replacing {
    struct berth_sqlite *store;
    const berth_store_manager *manager;
    void *arg;
    uint16_t table;
    struct rows *to; /* one per wanted table */
};

static int replace_row(void *arg, const berth_store_value *values)
{
    const struct replacing *replacing = arg;
    berth_store_change row;
    int rc = replacing->manager->change(replacing->arg, replacing->table, values, &row);

    if (rc == 1)
        rc = rows_write(replacing->store, &replacing->to[row.table], row.values);
    return rc;
}

static int replace_rows(struct replacing *replacing, const struct tables *old)
{
    int rc = 0;

    for (; replacing->table < old->n && rc == 0; replacing->table++) {
        char name[sizeof OLD + 8];
        struct rows from = {0};

        (void)snprintf(name, sizeof name, OLD "%u", replacing->table);
        rc = rows_prepare(replacing->store, &from, &old->tables[replacing->table], name);
        if (rc == 0)
            rc = rows_read(replacing->store, &from, replace_row, replacing);
        rows_finalize(&from);
        if (rc == 0)
            rc = sql_run(replacing->store, "DROP TABLE \"%w\"", name);
    }
    return rc;
}

int tables_replace(struct berth_sqlite *store, const struct tables *old,
                   const berth_store_manager *manager, void *arg)
{
    struct replacing replacing = {.store = store, .manager = manager, .arg = arg};
    const struct tables *wanted = &store->tables;
    int rc = 0;

    for (unsigned i = 0; i < old->n && rc == 0; i++)
        rc = sql_run(store, "ALTER TABLE \"%w\" RENAME TO " OLD "%u", old->tables[i].name, i);
    replacing.to = calloc(wanted->n + 1u, sizeof *replacing.to);
    if (!replacing.to)
        return error_memory(store);
    for (unsigned i = 0; i < wanted->n && rc == 0; i++) {
        rc = check_wanted(store, &wanted->tables[i]);
        if (rc == 0)
            rc = create_table(store, &wanted->tables[i]);
        if (rc == 0)
            rc = rows_prepare(store, &replacing.to[i], &wanted->tables[i], wanted->tables[i].name);
    }
    if (rc == 0)
        rc = replace_rows(&replacing, old);
    for (unsigned i = 0; i < wanted->n; i++)
        rows_finalize(&replacing.to[i]);
    free(replacing.to);
    return rc;
}
