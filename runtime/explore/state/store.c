#include "store.h"

#include <errno.h>
#include <string.h>

#include "../base/fatal.h"
#include "world.h"

/*
 * A row is its size, its table, and its cells one after the other. A number has 8 bytes, a UUID 16,
 * a text its NUL; texts have their number before them.
 */
struct store_head {
    uint32_t size; /* with the head */
    uint32_t table;
};

enum { STORE_COLUMNS = 1024, STORE_ROW = 4096 };

static unsigned store_dies_at;

static void store_begin(unsigned die)
{
    store_dies_at = die;
    store_commits = 0;
    store_has_died = false;
}

/* Cells */

static void store_append(const void *bytes, unsigned char **to, size_t size)
{
    if (size > (size_t)(store_memory + STORE_MEMORY - *to))
        fatal_limit("bytes of a store");
    memcpy(*to, bytes, size);
    *to += size;
}

static void store_write_cell(berth_store_type column, const berth_store_value *value,
                             unsigned char **to)
{
    switch (column) {
    case BERTH_STORE_TEXT:
        store_append(value->text, to, strlen(value->text) + 1);
        break;
    case BERTH_STORE_UUID:
        store_append(value->uuid, to, sizeof(uuid_t));
        break;
    case BERTH_STORE_TEXTS:
        store_append(&value->texts.count, to, sizeof value->texts.count);
        for (uint32_t i = 0; i < value->texts.count; i++)
            store_append(value->texts.items[i], to, strlen(value->texts.items[i]) + 1);
        break;
    default:
        store_append(&value->number, to, sizeof value->number);
        break;
    }
}

/* `texts`: where the lists of a row are put; NULL: the column has none. */
static const unsigned char *store_read_cell(berth_store_type column, const unsigned char *from,
                                            berth_store_value *value, const char ***texts)
{
    switch (column) {
    case BERTH_STORE_TEXT:
        value->text = (const char *)from;
        return from + strlen(value->text) + 1;
    case BERTH_STORE_UUID:
        value->uuid = from;
        return from + sizeof(uuid_t);
    case BERTH_STORE_TEXTS:
        value->texts.items = *texts;
        memcpy(&value->texts.count, from, sizeof value->texts.count);
        from += sizeof value->texts.count;
        for (uint32_t i = 0; i < value->texts.count; i++) {
            *(*texts)++ = (const char *)from;
            from += strlen((const char *)from) + 1;
        }
        return from;
    default:
        memcpy(&value->number, from, sizeof value->number);
        return from + sizeof value->number;
    }
}

static int store_compare_cells(berth_store_type column, const berth_store_value *one,
                               const berth_store_value *other)
{
    switch (column) {
    case BERTH_STORE_TEXT:
        return strcmp(one->text, other->text);
    case BERTH_STORE_UUID:
        return memcmp(one->uuid, other->uuid, sizeof(uuid_t));
    default: /* keys are not signed */
        return (one->number > other->number) - (one->number < other->number);
    }
}

/* Rows */

/* Does the row come before (< 0), behind (> 0), or is it the one that the change is about? */
static int store_compare(const unsigned char *row, const berth_store_change *change)
{
    const berth_store_table *table = &w.store.tables[change->table];
    const unsigned char *from = row + sizeof(struct store_head);
    struct store_head head;
    int found;

    memcpy(&head, row, sizeof head);
    found = (head.table > change->table) - (head.table < change->table);
    for (unsigned i = 0; i < table->n_key && found == 0; i++) {
        berth_store_value value;

        from = store_read_cell(table->columns[i].type, from, &value, NULL);
        found = store_compare_cells(table->columns[i].type, &value, &change->values[i]);
    }
    return found;
}

static size_t store_size_at(size_t at)
{
    struct store_head head;

    memcpy(&head, store_memory + at, sizeof head);
    return head.size;
}

static bool store_has(uint16_t table)
{
    for (size_t at = 0; at < w.store.used; at += store_size_at(at)) {
        struct store_head head;

        memcpy(&head, store_memory + at, sizeof head);
        if (head.table == table)
            return true;
    }
    return false;
}

/* Moves what is behind the row, so that it has another size. */
static void store_resize(size_t at, size_t old, size_t size)
{
    if (w.store.used - old + size > STORE_MEMORY)
        fatal_limit("bytes of a store");
    memmove(store_memory + at + size, store_memory + at + old, w.store.used - at - old);
    w.store.used += size - old;
}

/* The row, behind all rows. Returns its size. */
static size_t store_write_row(const berth_store_change *change)
{
    const berth_store_table *table = &w.store.tables[change->table];
    struct store_head head = {.table = change->table};
    unsigned char *begin = store_memory + w.store.used, *to = begin;

    store_append(&head, &to, sizeof head);
    for (unsigned i = 0; i < table->n_columns; i++)
        store_write_cell(table->columns[i].type, &change->values[i], &to);
    head.size = (uint32_t)(to - begin);
    memcpy(begin, &head, sizeof head);
    return head.size;
}

static void store_apply(const berth_store_change *change)
{
    static unsigned char row[STORE_ROW];
    size_t at = 0, old = 0, size = 0;

    for (; at < w.store.used; at += store_size_at(at)) {
        int found = store_compare(store_memory + at, change);

        if (found == 0)
            old = store_size_at(at);
        if (found >= 0)
            break;
    }
    if (!change->deleted) {
        size = store_write_row(change);
        if (size > sizeof row)
            fatal_limit("bytes of a row");
        memcpy(row, store_memory + w.store.used, size);
    }
    store_resize(at, old, size);
    memcpy(store_memory + at, row, size);
}

/* What the manager calls */

static int store_open(void *ctx, const berth_store_manager *manager,
                      int (*accept)(void *arg, const berth_store_manager *stored), void *arg,
                      berth_store_link link, int64_t deadline, berth_store_opened *opened)
{
    int rc = w.store.epoch > 0 ? accept(arg, manager) : 0;

    (void)ctx;
    (void)link;
    (void)deadline;
    if (rc != 0)
        return rc;
    w.store.tables = manager->tables;
    w.store.n_tables = manager->n_tables;
    *opened = (berth_store_opened){.epoch = ++w.store.epoch, .sequence = w.store.sequence};
    return 0;
}

static int store_load(void *ctx, int (*put)(void *arg, uint16_t table, const berth_store_value *),
                      void *arg, int64_t deadline)
{
    int rc = 0;

    (void)ctx;
    (void)deadline;
    for (size_t at = 0; at < w.store.used && rc == 0; at += store_size_at(at)) {
        const unsigned char *from = store_memory + at + sizeof(struct store_head);
        berth_store_value values[STORE_COLUMNS];
        const char *texts[STORE_ROW], **next = texts; /* a text has a byte at least */
        const berth_store_table *table;
        struct store_head head;

        memcpy(&head, store_memory + at, sizeof head);
        table = &w.store.tables[head.table];
        if (table->n_columns > STORE_COLUMNS)
            fatal_limit("columns of a table");
        for (unsigned i = 0; i < table->n_columns; i++)
            from = store_read_cell(table->columns[i].type, from, &values[i], &next);
        rc = put(arg, (uint16_t)head.table, values);
    }
    return rc;
}

static int store_commit(void *ctx, const berth_store_commit *commit)
{
    (void)ctx;
    if (commit->epoch != w.store.epoch || commit->sequence != w.store.sequence + 1)
        fatal_broken("a commit has the number %llu of the epoch %llu",
                     (unsigned long long)commit->sequence, (unsigned long long)commit->epoch);
    if (commit->clear)
        w.store.used = 0;
    for (uint32_t i = 0; i < commit->n_changes; i++)
        store_apply(&commit->changes[i]);
    w.store.sequence = commit->sequence;
    store_commits++;
    if (store_commits_told)
        store_commits_told();
    if (store_commits != store_dies_at)
        return 0;
    store_has_died = true;
    store_dies();
    return BERTH_UNCERTAIN(-EIO);
}

/* No request moves the rows elsewhere. */
static int store_replace(void *ctx, uint64_t epoch, uint64_t sequence,
                         int (*next)(void *arg, berth_store_change *row), void *arg)
{
    (void)ctx;
    (void)epoch;
    (void)sequence;
    (void)next;
    (void)arg;
    return -ENOTSUP;
}

static int store_set_place(void *ctx, uint64_t epoch, berth_store_place place)
{
    (void)ctx;
    (void)epoch;
    (void)place;
    return -ENOTSUP;
}

static void store_close(void *ctx)
{
    (void)ctx;
}

static const berth_store *store_functions(void)
{
    static const berth_store functions = {
        .version = BERTH_STORE_VERSION,
        .open = store_open,
        .load = store_load,
        .commit = store_commit,
        .replace = store_replace,
        .close = store_close,
        .set_place = store_set_place,
    };

    return &functions;
}
