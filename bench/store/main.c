/*
 * Measures one case of a store in SQLite, and prints its figures. bench/store.py runs the cases in
 * turn and compares them.
 *
 *     store SECONDS bare|cycles normal|full [THREADS]   cycles a second: rent, use, give back
 *     store SECONDS append                              the same number of appends, each flushed
 *     store SECONDS look-ups plain|stored               look-ups a second
 *     store SECONDS load boxes|reserved                 seconds, and those of its parts
 *
 * A bare cycle is the transactions of SQLite that write the same rows. Seconds are of the processor
 * where one thread works and does not wait for the disk.
 */
#define _GNU_SOURCE

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <berth_sqlite.h>
#include <sqlite3.h>

#include "closet.h"
#include "locker.h"

enum {
    MOST_THREADS = 64,
    MOST_COMMITS = 16,
    MOST_CHANGES = 8,
    MOST_COLUMNS = 16,
    LOADED = 1000000
};

static char folder[] = "berth-bench-XXXXXX";
static double seconds;
static const double warm_up = 0.4; /* seconds until the log of SQLite is as long as it gets */

static void must(bool is_true, const char *what)
{
    if (is_true)
        return;
    (void)fprintf(stderr, "bench: %s\n", what);
    exit(1);
}

static clockid_t measured = CLOCK_MONOTONIC;

static double now(void)
{
    struct timespec time;

    (void)clock_gettime(measured, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* The path of a file that is not there yet. */
static const char *fresh(const char *name)
{
    static char path[128], command[256];

    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    (void)snprintf(command, sizeof command, "rm -f %s*", path);
    must(system(command) == 0, "rm fails");
    return path;
}

/* The manager */

static int do_nothing(void *ctx, berth_call *call, const locker_box *box)
{
    (void)ctx;
    (void)call;
    (void)box;
    return 0;
}

static locker *open_locker(const berth_store *store)
{
    const locker_backend backend = {.version = LOCKER_BACKEND_VERSION,
                                    .hall = {.put = do_nothing, .remove = do_nothing}};
    berth_error error;
    locker *manager;
    int rc = locker_open(NULL, &backend, NULL, store, &manager, &error);

    if (rc < 0)
        (void)fprintf(stderr, "bench: %s: %s\n", berth_errno_name(rc),
                      error.reason ? error.reason : "");
    must(rc == 0, "the manager cannot be opened");
    return manager;
}

static void cycle(locker *manager, const char *name)
{
    locker_box_config box = LOCKER_BOX_CONFIG_DEFAULT;
    uuid_t id = {0};

    box.name = name;
    must(locker_rent(manager, &box, id, "bench", NULL) == 0, "rent");
    must(locker_use(manager, id, NULL) == 0, "use");
    must(locker_give_back(manager, id, NULL) == 0, "give back");
}

struct worker {
    locker *manager;
    double end;
    unsigned number;
    unsigned long cycles;
};

static void *work(void *arg)
{
    struct worker *worker = arg;
    char name[32];

    (void)snprintf(name, sizeof name, "/images/box-%04u", worker->number);
    for (; now() < worker->end; worker->cycles++)
        cycle(worker->manager, name);
    return NULL;
}

/* Cycles per second, of so many threads. */
static double run_threads(berth_sqlite *store, unsigned n, double duration)
{
    struct worker workers[MOST_THREADS];
    pthread_t threads[MOST_THREADS];
    locker *manager = open_locker(berth_sqlite_store(store));
    double begin = now();
    unsigned long cycles = 0;

    for (unsigned i = 0; i < n; i++) {
        workers[i] = (struct worker){manager, begin + duration, i, 0};
        must(pthread_create(&threads[i], NULL, work, &workers[i]) == 0, "no thread");
    }
    for (unsigned i = 0; i < n; i++) {
        (void)pthread_join(threads[i], NULL);
        cycles += workers[i].cycles;
    }
    begin = now() - begin;
    must(locker_destroy(manager, NULL) == 0, "destroy");
    berth_sqlite_free(store);
    return (double)cycles / begin;
}

/* Has the file open, so that its log stays when the manager closes it. */
static sqlite3 *keep_log(const char *path)
{
    sqlite3 *db;

    must(sqlite3_open(path, &db) == SQLITE_OK &&
             sqlite3_exec(db, "SELECT * FROM _berth", NULL, NULL, NULL) == SQLITE_OK,
         "the file cannot be kept open");
    return db;
}

static double measure_cycles(bool full, unsigned n)
{
    const char *path = fresh("store.db");
    sqlite3 *keeper;
    double rate;

    must(n >= 1 && n <= MOST_THREADS, "so many threads");
    must(locker_destroy(open_locker(berth_sqlite_store(berth_sqlite_create(path, NULL))), NULL) ==
             0,
         "destroy");
    keeper = keep_log(path);
    (void)run_threads(berth_sqlite_create(path, NULL), 1, warm_up);
    rate =
        run_threads(berth_sqlite_create(path, &(berth_sqlite_options){.full = full}), n, seconds);
    must(sqlite3_close(keeper) == SQLITE_OK, "sqlite3_close");
    return rate;
}

/* The rows that a cycle writes, as its commits give them to the store */

struct recorded {
    unsigned table;
    bool deleted;
    berth_store_value values[MOST_COLUMNS];
    char texts[MOST_COLUMNS][64];
};

static struct {
    berth_store functions;
    const berth_store *inner;
    const berth_store_table *tables;
    unsigned n_tables;
    bool records;
    struct recorded changes[MOST_COMMITS][MOST_CHANGES];
    unsigned n_changes[MOST_COMMITS], n_commits;
    size_t bytes;
} record;

static void as_text(struct recorded *to, unsigned at, berth_store_type type,
                    const berth_store_value *value)
{
    char *text = to->texts[at];

    if (type == BERTH_STORE_TEXT)
        (void)snprintf(text, 64, "%s", value->text);
    else if (type == BERTH_STORE_UUID)
        for (unsigned i = 0; i < 16; i++)
            (void)snprintf(text + (size_t)2 * i, 64 - (size_t)2 * i, "%02x", value->uuid[i]);
    else if (type == BERTH_STORE_TEXTS)
        (void)snprintf(text, 64, "[\"%s\"]", value->texts.count > 0 ? value->texts.items[0] : "");
    to->values[at] = (berth_store_value){.number = value->number};
    record.bytes += type < BERTH_STORE_TEXT ? 8 : strlen(text);
}

static int record_commit(void *ctx, const berth_store_commit *commit)
{
    if (record.records) {
        must(record.n_commits < MOST_COMMITS && commit->n_changes <= MOST_CHANGES, "too much");
        for (uint32_t i = 0; i < commit->n_changes; i++) {
            const berth_store_change *change = &commit->changes[i];
            const berth_store_table *table = &record.tables[change->table];
            struct recorded *to = &record.changes[record.n_commits][i];

            must(table->n_columns <= MOST_COLUMNS, "too many columns");
            to->table = change->table;
            to->deleted = change->deleted;
            for (unsigned j = 0; j < (change->deleted ? table->n_key : table->n_columns); j++)
                as_text(to, j, table->columns[j].type, &change->values[j]);
        }
        record.n_changes[record.n_commits++] = commit->n_changes;
    }
    return record.inner->commit(ctx, commit);
}

static int record_open(void *ctx, const berth_store_manager *manager,
                       int (*accept)(void *arg, const berth_store_manager *stored), void *arg,
                       berth_store_link link, int64_t deadline, berth_store_opened *opened)
{
    record.tables = manager->tables; /* the manager keeps them */
    record.n_tables = manager->n_tables;
    return record.inner->open(ctx, manager, accept, arg, link, deadline, opened);
}

/* Bare transactions */

struct bare {
    sqlite3 *db;
    sqlite3_stmt *write[MOST_COLUMNS], *erase[MOST_COLUMNS], *begin, *commit;
};

static void bare_run(struct bare *bare, const char *sql)
{
    must(sqlite3_exec(bare->db, sql, NULL, NULL, NULL) == SQLITE_OK, sql);
}

static sqlite3_stmt *bare_prepare(struct bare *bare, const char *sql)
{
    sqlite3_stmt *statement = NULL;

    must(sqlite3_prepare_v3(bare->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL) ==
             SQLITE_OK,
         sql);
    return statement;
}

/* Adds to a text. */
__attribute__((format(printf, 3, 4))) static void add(char *text, size_t size, const char *format,
                                                      ...)
{
    const size_t length = strlen(text);
    va_list list;
    int n;

    va_start(list, format);
    n = vsnprintf(text + length, size - length, format, list);
    va_end(list);
    must(n >= 0 && length + (size_t)n < size, "a statement is too long");
}

static void bare_table(struct bare *bare, unsigned at)
{
    const berth_store_table *table = &record.tables[at];
    const bool numbered = table->n_key == 1 && table->columns[0].type == BERTH_STORE_UNSIGNED;
    char create[2048], write[1024], erase[1024];

    (void)snprintf(create, sizeof create, "CREATE TABLE \"%s\"(", table->name);
    (void)snprintf(write, sizeof write, "INSERT OR REPLACE INTO \"%s\" VALUES(?", table->name);
    (void)snprintf(erase, sizeof erase, "DELETE FROM \"%s\" WHERE ", table->name);
    for (unsigned i = 0; i < table->n_columns; i++) {
        const bool number = table->columns[i].type < BERTH_STORE_TEXT;

        add(create, sizeof create, "%s\"%s\" %s%s", i > 0 ? ", " : "", table->columns[i].name,
            number ? "INTEGER" : "TEXT", numbered && i == 0 ? " PRIMARY KEY" : "");
        if (i > 0)
            add(write, sizeof write, ", ?");
        if (i < table->n_key)
            add(erase, sizeof erase, "%s\"%s\" = ?", i > 0 ? " AND " : "", table->columns[i].name);
    }
    if (!numbered)
        add(create, sizeof create, ", PRIMARY KEY(");
    for (unsigned i = 0; i < table->n_key && !numbered; i++)
        add(create, sizeof create, "%s\"%s\"", i > 0 ? ", " : "", table->columns[i].name);
    add(create, sizeof create, numbered ? ")" : ")) WITHOUT ROWID");
    add(write, sizeof write, ")");
    bare_run(bare, create);
    bare->write[at] = bare_prepare(bare, write);
    bare->erase[at] = bare_prepare(bare, erase);
}

static void bare_change(struct bare *bare, const struct recorded *change)
{
    const berth_store_table *table = &record.tables[change->table];
    sqlite3_stmt *statement =
        change->deleted ? bare->erase[change->table] : bare->write[change->table];

    for (unsigned i = 0; i < (change->deleted ? table->n_key : table->n_columns); i++)
        if (table->columns[i].type < BERTH_STORE_TEXT)
            (void)sqlite3_bind_int64(statement, (int)i + 1,
                                     (sqlite3_int64)change->values[i].number);
        else
            (void)sqlite3_bind_text(statement, (int)i + 1, change->texts[i], -1, SQLITE_STATIC);
    must(sqlite3_step(statement) == SQLITE_DONE, "a bare row");
    (void)sqlite3_reset(statement);
}

static void bare_step(sqlite3_stmt *statement)
{
    must(sqlite3_step(statement) == SQLITE_DONE, "a bare transaction");
    (void)sqlite3_reset(statement);
}

static unsigned long run_bare(struct bare *bare, double duration)
{
    const double end = now() + duration;
    unsigned long cycles = 0;

    for (; now() < end; cycles++)
        for (unsigned i = 0; i < record.n_commits; i++) {
            bare_step(bare->begin);
            for (unsigned j = 0; j < record.n_changes[i]; j++)
                bare_change(bare, &record.changes[i][j]);
            bare_step(bare->commit);
        }
    return cycles;
}

static double measure_bare(bool full)
{
    struct bare bare = {.db = NULL};
    double begin, rate;

    must(sqlite3_open(fresh("bare.db"), &bare.db) == SQLITE_OK, "sqlite3_open");
    bare_run(&bare, "PRAGMA journal_mode = WAL");
    bare_run(&bare, "PRAGMA synchronous = NORMAL");
    bare.begin = bare_prepare(&bare, "BEGIN IMMEDIATE");
    bare.commit = bare_prepare(&bare, "COMMIT");
    for (unsigned i = 0; i < record.n_tables; i++)
        bare_table(&bare, i);
    (void)run_bare(&bare, warm_up);
    if (full)
        bare_run(&bare, "PRAGMA synchronous = FULL");
    begin = now();
    rate = (double)run_bare(&bare, seconds);
    rate /= now() - begin;
    for (unsigned i = 0; i < record.n_tables; i++) {
        (void)sqlite3_finalize(bare.write[i]);
        (void)sqlite3_finalize(bare.erase[i]);
    }
    (void)sqlite3_finalize(bare.begin);
    (void)sqlite3_finalize(bare.commit);
    must(sqlite3_close(bare.db) == SQLITE_OK, "sqlite3_close");
    return rate;
}

/* As many appends as a cycle has commits, each flushed. The file is there beforehand. */
static double measure_append(void)
{
    const size_t size = 64u << 20, each = record.bytes / record.n_commits + 32;
    char *bytes = calloc(1, each);
    int file = open(fresh("append"), O_RDWR | O_CREAT | O_EXCL, 0600);
    unsigned long cycles = 0;
    off_t at = 0;
    double begin;

    must(bytes && file >= 0 && posix_fallocate(file, 0, (off_t)size) == 0, "the file");
    for (begin = now(); now() < begin + seconds; cycles++)
        for (unsigned i = 0; i < record.n_commits; i++) {
            must(pwrite(file, bytes, each, at) == (ssize_t)each && fdatasync(file) == 0, "append");
            at = at + 2 * (off_t)each < (off_t)size ? at + (off_t)each : 0;
        }
    begin = now() - begin;
    (void)close(file);
    free(bytes);
    return (double)cycles / begin;
}

/* The recorded tables are those of a manager that stays. */
static locker *record_cycle(berth_sqlite *store)
{
    locker *manager;

    record.inner = berth_sqlite_store(store);
    record.functions = *record.inner;
    record.functions.open = record_open;
    record.functions.commit = record_commit;
    manager = open_locker(&record.functions);
    cycle(manager, "/images/box-0000");
    record.records = true;
    cycle(manager, "/images/box-0000");
    record.records = false;
    return manager;
}

/* Look-ups */

static int do_nothing_plain(void *ctx, berth_call *call, const closet_box *box)
{
    (void)ctx;
    (void)call;
    (void)box;
    return 0;
}

/* A manager of the same spec, but for `store`. */
static double measure_plain_look_ups(void)
{
    const closet_backend backend = {.version = CLOSET_BACKEND_VERSION,
                                    .hall = {.put = do_nothing_plain, .remove = do_nothing_plain}};
    closet_box_config box = CLOSET_BOX_CONFIG_DEFAULT;
    closet *manager;
    uuid_t id = {0};
    unsigned long n = 0;
    double begin;

    box.name = "/images/box-0000";
    must(closet_create(NULL, &backend, NULL, &manager, NULL) == 0, "create");
    must(closet_rent(manager, &box, id, NULL) == 0, "rent");
    for (begin = now(); n % 1024 != 0 || now() < begin + seconds; n++)
        must(closet_look(manager, &box, id, NULL) == 0, "look");
    return (double)n / (now() - begin);
}

static double measure_look_ups(void)
{
    berth_sqlite *store = berth_sqlite_create(fresh("store.db"), NULL);
    locker *manager = open_locker(berth_sqlite_store(store));
    locker_box_config box = LOCKER_BOX_CONFIG_DEFAULT;
    uuid_t id = {0};
    unsigned long n = 0;
    double begin;

    box.name = "/images/box-0000";
    must(locker_rent(manager, &box, id, "bench", NULL) == 0, "rent");
    for (begin = now(); n % 1024 != 0 || now() < begin + seconds; n++)
        must(locker_look(manager, &box, id, NULL) == 0, "look");
    return (double)n / (now() - begin);
}

/* Loading */

static double checked, read_all; /* seconds: the file is opened; its rows are given */

static int timed_open(void *ctx, const berth_store_manager *manager,
                      int (*accept)(void *arg, const berth_store_manager *stored), void *arg,
                      berth_store_link link, int64_t deadline, berth_store_opened *opened)
{
    double begin = now();
    int rc = record.inner->open(ctx, manager, accept, arg, link, deadline, opened);

    checked = now() - begin;
    return rc;
}

static int put_nothing(void *arg, uint16_t table, const berth_store_value *values)
{
    (void)table;
    (void)values;
    ++*(unsigned long *)arg;
    return 0;
}

/* Twice: once for the store alone. */
static int timed_load(void *ctx,
                      int (*put)(void *arg, uint16_t table, const berth_store_value *values),
                      void *arg, int64_t deadline)
{
    double begin = now();
    unsigned long rows = 0;
    int rc = record.inner->load(ctx, put_nothing, &rows, deadline);

    read_all = now() - begin;
    return rc == 0 ? record.inner->load(ctx, put, arg, deadline) : rc;
}

/* The order of the ids of reservations is not that of their numbers. */
static void fill(const char *path, bool reserved)
{
    struct bare file = {.db = NULL};
    char sql[2048];

    must(sqlite3_open(path, &file.db) == SQLITE_OK, "sqlite3_open");
    (void)snprintf(
        sql, sizeof sql,
        "BEGIN; WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d) "
        "INSERT INTO box(_id, _state, _ended, name, kind, size, locked, id, _sum) SELECT i, "
        "'there', 0, printf('/images/box-%%08d', i), 'wood', i, 0, "
        "printf('%%08x-0000-4000-8000-000000000000', i * 7919 %% %d), NULL FROM n; %s COMMIT",
        LOADED, LOADED,
        reserved ? "INSERT INTO _reservations(_id, _number, _owner, _instance, _held, "
                   "_releasing, _sum) SELECT id, _id, 'bench', _id, '[\"box\"]', 0, NULL "
                   "FROM box;"
                 : "");
    bare_run(&file, sql);
    must(sqlite3_close(file.db) == SQLITE_OK, "sqlite3_close");
}

/* Seconds, and those that the store needs to check the file and to read its rows. */
static void measure_load(bool reserved)
{
    const char *path = fresh("large.db");
    berth_sqlite *store = berth_sqlite_create(path, NULL);
    berth_error error;
    locker *manager = open_locker(berth_sqlite_store(store));
    double begin;

    must(locker_destroy(manager, NULL) == 0, "destroy");
    fill(path, reserved);
    record.inner = berth_sqlite_store(store);
    record.functions = *record.inner;
    record.functions.open = timed_open;
    record.functions.load = timed_load;
    begin = now();
    manager = open_locker(&record.functions);
    begin = now() - begin;
    printf("%.3f %.3f %.3f\n", begin - read_all, checked, read_all);
    must(locker_save(manager, NULL, &error) == 0, "save");
    must(locker_destroy(manager, NULL) == 0, "destroy");
    berth_sqlite_free(store);
}

static bool is_word(const char *word, const char *one, const char *other)
{
    must(word && (strcmp(word, one) == 0 || strcmp(word, other) == 0), "which?");
    return strcmp(word, one) == 0;
}

static void measure(const char *what, const char *how, const char *threads)
{
    berth_sqlite *store;
    locker *manager;

    if (strcmp(what, "load") == 0) {
        measure_load(is_word(how, "reserved", "boxes"));
        return;
    }
    if (strcmp(what, "look-ups") == 0) {
        printf("%.0f\n",
               is_word(how, "plain", "stored") ? measure_plain_look_ups() : measure_look_ups());
        return;
    }
    store = berth_sqlite_create(fresh("recorded.db"), NULL);
    manager = record_cycle(store);
    if (strcmp(what, "append") == 0)
        printf("%.1f\n", measure_append());
    else if (is_word(what, "bare", "cycles"))
        printf("%.1f\n", measure_bare(is_word(how, "full", "normal")));
    else
        printf("%.1f\n", measure_cycles(is_word(how, "full", "normal"),
                                        threads ? (unsigned)strtoul(threads, NULL, 10) : 1));
    must(locker_destroy(manager, NULL) == 0, "destroy");
    berth_sqlite_free(store);
}

/* One thread that does not wait for the disk: then other programs do not count. */
static bool uses_one_processor(int argc, char **argv)
{
    return argc > 3 && strcmp(argv[3], "full") != 0 && (argc < 5 || strcmp(argv[4], "1") == 0);
}

int main(int argc, char **argv)
{
    char command[64];

    must(argc >= 3, "SECONDS CASE");
    seconds = strtod(argv[1], NULL);
    if (uses_one_processor(argc, argv))
        measured = CLOCK_PROCESS_CPUTIME_ID;
    must(mkdtemp(folder) != NULL, "mkdtemp");
    measure(argv[2], argc > 3 ? argv[3] : NULL, argc > 4 ? argv[4] : NULL);
    (void)snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command);
}
