#define _GNU_SOURCE

#include "fake.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sqlite3.h>

static const berth_store_column box_columns[] = {
    {"_id", BERTH_STORE_UNSIGNED},  {"_state", BERTH_STORE_TEXT},     {"_ended", BERTH_STORE_BOOL},
    {"weight", BERTH_STORE_SIGNED}, {"serial", BERTH_STORE_UNSIGNED}, {"mark", BERTH_STORE_UUID},
    {"content", BERTH_STORE_TEXTS},
};
static const berth_store_column reservation_columns[] = {
    {"_id", BERTH_STORE_UUID}, {"_owner", BERTH_STORE_TEXT}, {"_instance", BERTH_STORE_UNSIGNED}};
static const berth_store_column reference_columns[] = {{"_instance", BERTH_STORE_UNSIGNED},
                                                       {"_owner", BERTH_STORE_TEXT}};
static const berth_store_table tables[] = {
    {"box", box_columns, 7, 1},
    {"_reservations", reservation_columns, 3, 1},
    {"_references", reference_columns, 2, 2},
};

const berth_store_manager fake_manager = {
    .manager = "fake",
    .format = BERTH_STORE_FORMAT,
    .spec_hash = UINT64_C(0xfedcba9876543210),
    .options = "rooms=2",
    .absent = "",
    .hooks = "",
    .backend = "vm 1",
    .tables = tables,
    .n_tables = 3,
};

/* The cells of a row that a commit wrote. */
struct cells {
    berth_store_value values[7];
    unsigned char uuid[16];
    char texts[3][64];
    const char *items[3];
};

static void fill_box(struct cells *cells, uint64_t id, uint64_t n)
{
    static const char *const states[] = {"reserved", "attached", "it's \"lost\""};

    for (unsigned i = 0; i < 16; i++)
        cells->uuid[i] = (unsigned char)(n * 31 + i * 17);
    (void)snprintf(cells->texts[0], 64, "pins %u", (unsigned)n);
    (void)snprintf(cells->texts[1], 64, "\"\\\n\x01/\xc3\xa4\xff");
    cells->texts[2][0] = '\0';
    for (unsigned i = 0; i < 3; i++)
        cells->items[i] = cells->texts[i];
    cells->values[0].number = id;
    cells->values[1].text = states[n % 3];
    cells->values[2].number = n % 2;
    cells->values[3].number = (uint64_t) - (int64_t)n;
    cells->values[4].number = n % 5 == 0 ? UINT64_MAX - n : n;
    cells->values[5].uuid = cells->uuid;
    cells->values[6].texts = (berth_strings){.items = cells->items, .count = (uint32_t)(n % 4)};
    if (n % 4 == 0)
        cells->values[6].texts.items = NULL;
}

static void fill_reservation(struct cells *cells, uint64_t id, uint64_t n)
{
    for (unsigned i = 0; i < 16; i++)
        cells->uuid[i] = (unsigned char)(i == 0 ? id : 0xf0 + i);
    (void)snprintf(cells->texts[0], 64, "owner of %u, made by %u", (unsigned)id, (unsigned)n);
    cells->values[0].uuid = cells->uuid;
    cells->values[1].text = cells->texts[0];
    cells->values[2].number = n;
}

/* What a commit does: writes a box, sometimes deletes one, writes a reservation or deletes it. */
static uint64_t written_box(uint64_t n)
{
    return n * 7 % N_BOXES;
}

static uint64_t deleted_box(uint64_t n)
{
    return n * 11 % N_BOXES;
}

static void play(struct content *content, uint64_t n)
{
    content->boxes[written_box(n)] = n;
    if (n % 3 == 0)
        content->boxes[deleted_box(n)] = 0;
    content->reservations[n % N_RESERVATIONS] = n / N_RESERVATIONS % 2 ? 0 : n;
}

static void make_changes(struct cells cells[3], berth_store_change changes[3], uint32_t *count,
                         uint64_t n)
{
    fill_box(&cells[0], written_box(n), n);
    changes[0] = (berth_store_change){0, false, cells[0].values};
    fill_reservation(&cells[1], n % N_RESERVATIONS, n);
    changes[1] = (berth_store_change){1, n / N_RESERVATIONS % 2 == 1, cells[1].values};
    *count = 2;
    if (n % 3 == 0) {
        cells[2].values[0].number = deleted_box(n);
        changes[(*count)++] = (berth_store_change){0, true, cells[2].values};
    }
}

/* Dumps */

static void add(char dump[DUMP_SIZE], const char *format, ...)
{
    size_t at = strlen(dump);
    va_list list;

    va_start(list, format);
    (void)vsnprintf(dump + at, DUMP_SIZE - at, format, list);
    va_end(list);
    assert_true(strlen(dump) < DUMP_SIZE - 1);
}

static int dump_row(void *arg, uint16_t table, const berth_store_value *values)
{
    char *dump = arg;

    add(dump, "%s", tables[table].name);
    for (unsigned i = 0; i < tables[table].n_columns; i++) {
        switch (tables[table].columns[i].type) {
        case BERTH_STORE_TEXT:
            add(dump, " '%s'", values[i].text);
            break;
        case BERTH_STORE_UUID:
            add(dump, " ");
            for (unsigned j = 0; j < 16; j++)
                add(dump, "%02x", values[i].uuid[j]);
            break;
        case BERTH_STORE_TEXTS:
            add(dump, " [");
            for (uint32_t j = 0; j < values[i].texts.count; j++)
                add(dump, "%s;", values[i].texts.items[j]);
            add(dump, "]");
            break;
        default:
            add(dump, " %llu", (unsigned long long)values[i].number);
            break;
        }
    }
    add(dump, "\n");
    return 0;
}

const char *fake_wanted(uint64_t sequence)
{
    static char dump[DUMP_SIZE];
    struct content content = {{0}, {0}};
    struct cells cells;

    dump[0] = '\0';
    for (uint64_t n = 1; n <= sequence; n++)
        play(&content, n);
    for (uint64_t i = 0; i < N_BOXES; i++)
        if (content.boxes[i] > 0) {
            fill_box(&cells, i, content.boxes[i]);
            (void)dump_row(dump, 0, cells.values);
        }
    for (uint64_t i = 0; i < N_RESERVATIONS; i++)
        if (content.reservations[i] > 0) {
            fill_reservation(&cells, i, content.reservations[i]);
            (void)dump_row(dump, 1, cells.values);
        }
    return dump;
}

int fake_load(struct fake *fake, char dump[DUMP_SIZE])
{
    dump[0] = '\0';
    return fake->store->load(fake->store->ctx, dump_row, dump, BERTH_NO_DEADLINE);
}

void fake_check(struct fake *fake)
{
    char dump[DUMP_SIZE];

    assert_int_equal(fake_load(fake, dump), 0);
    assert_string_equal(dump, fake_wanted(fake->sequence));
}

/* The store */

void fake_start(struct fake *fake, const berth_sqlite_options *options)
{
    /* In memory where that is possible: thousands of files that wait for no disk. */
    const char *base = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";

    *fake = (struct fake){.sequence = 0};
    (void)snprintf(fake->folder, sizeof fake->folder, "%s/berth-sqlite-XXXXXX", base);
    assert_non_null(mkdtemp(fake->folder));
    (void)snprintf(fake->path, sizeof fake->path, "%s/store.db", fake->folder);
    fake->object = berth_sqlite_create(fake->path, options);
    assert_non_null(fake->object);
    fake->store = berth_sqlite_store(fake->object);
}

void fake_join(struct fake *fake, const struct fake *with, const berth_sqlite_options *options)
{
    *fake = *with;
    fake->is_open = false;
    fake->object = berth_sqlite_create(fake->path, options);
    assert_non_null(fake->object);
    fake->store = berth_sqlite_store(fake->object);
}

void fake_leave(struct fake *fake)
{
    fake_close(fake);
    berth_sqlite_free(fake->object);
}

void fake_stop(struct fake *fake)
{
    char command[128];

    fake_leave(fake);
    (void)snprintf(command, sizeof command, "rm -rf '%s'", fake->folder);
    assert_int_equal(system(command), 0);
}

static int accept_all(void *arg, const berth_store_manager *stored)
{
    (void)arg;
    assert_string_equal(stored->manager, "fake");
    return 0;
}

int fake_open(struct fake *fake)
{
    int rc = fake->store->open(fake->store->ctx, &fake_manager, accept_all, NULL,
                               (berth_store_link){NULL}, BERTH_NO_DEADLINE, &fake->opened);

    fake->is_open = rc == 0;
    if (rc == 0)
        fake->sequence = fake->opened.sequence;
    return rc;
}

void fake_close(struct fake *fake)
{
    if (fake->is_open)
        fake->store->close(fake->store->ctx);
    fake->is_open = false;
}

int fake_commit(struct fake *fake)
{
    struct cells cells[3];
    berth_store_change changes[3];
    berth_store_commit commit = {
        .epoch = fake->opened.epoch, .sequence = fake->sequence + 1, .changes = changes};
    int rc;

    make_changes(cells, changes, &commit.n_changes, commit.sequence);
    rc = fake->store->commit(fake->store->ctx, &commit);
    if (rc == 0)
        fake->sequence++;
    return rc;
}

void fake_commit_to(struct fake *fake, uint64_t sequence)
{
    while (fake->sequence < sequence)
        assert_int_equal(fake_commit(fake), 0);
}

/* All rows of the content after a commit. */
struct giving {
    struct content content;
    unsigned next;
    struct cells cells;
};

static int give_row(void *arg, berth_store_change *row)
{
    struct giving *giving = arg;
    const unsigned n = N_BOXES + N_RESERVATIONS;

    for (; giving->next < n; giving->next++) {
        const bool is_box = giving->next < N_BOXES;
        const unsigned at = is_box ? giving->next : giving->next - N_BOXES;
        const uint64_t by = is_box ? giving->content.boxes[at] : giving->content.reservations[at];

        if (by == 0)
            continue;
        if (is_box)
            fill_box(&giving->cells, at, by);
        else
            fill_reservation(&giving->cells, at, by);
        *row = (berth_store_change){is_box ? 0 : 1, false, giving->cells.values};
        giving->next++;
        return 1;
    }
    return 0;
}

int fake_replace(struct fake *fake, uint64_t sequence)
{
    struct giving giving = {.next = 0};
    int rc;

    for (uint64_t n = 1; n <= sequence; n++)
        play(&giving.content, n);
    rc = fake->store->replace(fake->store->ctx, fake->opened.epoch, sequence, give_row, &giving);
    if (rc == 0)
        fake->sequence = sequence;
    return rc;
}

const char *fake_reason(struct fake *fake)
{
    static char text[512];

    berth_sqlite_reason(fake->object, text, sizeof text);
    return text;
}

/* The file */

const char *fake_ask(const struct fake *fake, const char *sql)
{
    static char cell[256];
    sqlite3 *db = NULL;
    sqlite3_stmt *row = NULL;

    cell[0] = '\0';
    assert_int_equal(sqlite3_open(fake->path, &db), SQLITE_OK);
    if (sqlite3_prepare_v2(db, sql, -1, &row, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sql, sqlite3_errmsg(db));
    if (sqlite3_step(row) == SQLITE_ROW && sqlite3_column_text(row, 0))
        (void)snprintf(cell, sizeof cell, "%s", (const char *)sqlite3_column_text(row, 0));
    assert_int_equal(sqlite3_finalize(row), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    return cell;
}

void fake_sql(const struct fake *fake, const char *sql)
{
    (void)fake_ask(fake, sql);
}

static void name_file(const struct fake *fake, const char *suffix, char name[128])
{
    (void)snprintf(name, 128, "%s%s", fake->path, suffix);
}

unsigned char *fake_bytes(const struct fake *fake, const char *suffix, size_t *size)
{
    char name[128];
    unsigned char *bytes;
    struct stat found;
    FILE *file;

    name_file(fake, suffix, name);
    file = fopen(name, "rb");
    assert_non_null(file);
    assert_int_equal(fstat(fileno(file), &found), 0);
    *size = (size_t)found.st_size;
    bytes = malloc(*size + 1);
    assert_non_null(bytes);
    assert_int_equal(fread(bytes, 1, *size, file), *size);
    (void)fclose(file);
    return bytes;
}

void fake_put_bytes(const struct fake *fake, const char *suffix, const void *bytes, size_t size)
{
    char name[128];
    FILE *file;

    name_file(fake, suffix, name);
    file = fopen(name, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}
