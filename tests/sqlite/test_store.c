/* What a store in a file keeps, and whom it refuses. */
#define _GNU_SOURCE

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <sqlite3.h>

#include "object.h"
#include "support/fake.h"

static void rows_come_back(void **unused)
{
    struct fake fake;

    (void)unused;
    fake_start(&fake, NULL);
    assert_int_equal(fake_open(&fake), 0);
    assert_int_equal(fake.opened.epoch, 1);
    assert_int_equal(fake.opened.sequence, 0);
    fake_check(&fake);
    fake_commit_to(&fake, 200);
    fake_check(&fake);
    fake_close(&fake);
    assert_int_equal(fake_open(&fake), 0);
    assert_int_equal(fake.opened.epoch, 2);
    assert_int_equal(fake.opened.sequence, 200);
    fake_check(&fake);
    fake_commit_to(&fake, 201);
    fake_check(&fake);
    fake_stop(&fake);
}

static void full_keeps_the_same(void **unused)
{
    struct fake fake;

    (void)unused;
    fake_start(&fake, &(berth_sqlite_options){.full = true, .backend = "vm 1"});
    assert_string_equal(fake.store->backend, "vm 1");
    assert_int_equal(fake_open(&fake), 0);
    fake_commit_to(&fake, 20);
    fake_close(&fake);
    assert_int_equal(fake_open(&fake), 0);
    fake_check(&fake);
    fake_stop(&fake);
}

/* One row with the largest numbers, in the order of numbers. */
static int commit_numbers(struct fake *fake, uint64_t *ids, uint32_t n)
{
    static const unsigned char nil[16];
    berth_store_value values[8][7] = {{{0}}};
    berth_store_change changes[16];
    berth_store_value references[8][2];

    for (uint32_t i = 0; i < n; i++) {
        values[i][0].number = ids[i];
        values[i][1].text = "";
        values[i][3].number = ids[i];
        values[i][4].number = ids[i];
        values[i][5].uuid = nil;
        changes[2 * i] = (berth_store_change){0, false, values[i]};
        references[i][0].number = ids[i];
        references[i][1].text = "ann";
        changes[2 * i + 1] = (berth_store_change){2, false, references[i]};
    }
    return fake->store->commit(fake->store->ctx, &(berth_store_commit){.epoch = fake->opened.epoch,
                                                                       .sequence = ++fake->sequence,
                                                                       .changes = changes,
                                                                       .n_changes = 2 * n,
                                                                       .clear = true});
}

static void large_numbers_survive_in_order(void **unused)
{
    uint64_t ids[] = {UINT64_MAX, 0, (uint64_t)INT64_MAX + 1, (uint64_t)INT64_MAX, 1};
    char dump[DUMP_SIZE];
    struct fake fake;

    (void)unused;
    fake_start(&fake, NULL);
    assert_int_equal(fake_open(&fake), 0);
    fake_commit_to(&fake, 5);
    assert_int_equal(commit_numbers(&fake, ids, 5), 0);
    assert_int_equal(fake_load(&fake, dump), 0);
    assert_string_equal(
        dump, "box 0 '' 0 0 0 00000000000000000000000000000000 []\n"
              "box 1 '' 0 1 1 00000000000000000000000000000000 []\n"
              "box 9223372036854775807 '' 0 9223372036854775807 9223372036854775807 "
              "00000000000000000000000000000000 []\n"
              "box 9223372036854775808 '' 0 9223372036854775808 9223372036854775808 "
              "00000000000000000000000000000000 []\n"
              "box 18446744073709551615 '' 0 18446744073709551615 18446744073709551615 "
              "00000000000000000000000000000000 []\n"
              "_references 0 'ann'\n_references 1 'ann'\n_references 9223372036854775807 'ann'\n"
              "_references 9223372036854775808 'ann'\n_references 18446744073709551615 'ann'\n");
    assert_string_equal(
        fake_ask(&fake, "SELECT printf('%u', serial) FROM box WHERE _id < 0 ORDER BY _id DESC"),
        "18446744073709551615");
    fake_stop(&fake);
}

static void operators_read_rows(void **unused)
{
    struct fake fake;

    (void)unused;
    fake_start(&fake, NULL);
    assert_int_equal(fake_open(&fake), 0);
    fake_commit_to(&fake, 3);
    assert_string_equal(fake_ask(&fake, "SELECT _state || _ended || weight || mark FROM box WHERE "
                                        "_id = 7"),
                        "attached1-11f304152-6374-8596-a7b8-c9daebfc0d1e");
    assert_string_equal(fake_ask(&fake, "SELECT json_extract(content, '$[0]') FROM box"), "pins 1");
    fake_stop(&fake);
}

static void header_says_whose_rows_they_are(void **unused)
{
    struct fake fake;

    (void)unused;
    fake_start(&fake, NULL);
    assert_int_equal(fake_open(&fake), 0);
    fake_commit_to(&fake, 3);
    assert_string_equal(fake_ask(&fake, "SELECT manager || '|' || format || '|' || hash || '|' || "
                                        "options || '|' || absent || '|' || backend || '|' || "
                                        "epoch || '|' || sequence || '|' || tables FROM _berth"),
                        "fake|1|fedcba9876543210|rooms=2||vm 1|1|3|"
                        "[\"box\",\"_reservations\",\"_references\"]");
    fake_stop(&fake);
}

static void later_opening_fences(void **unused)
{
    struct fake first, second;

    (void)unused;
    fake_start(&first, NULL);
    assert_int_equal(fake_open(&first), 0);
    fake_commit_to(&first, 10);
    fake_join(&second, &first, NULL);
    assert_int_equal(fake_open(&second), 0);
    assert_int_equal(second.opened.epoch, 2);
    assert_int_equal(fake_commit(&first), -ESTALE);
    assert_non_null(strstr(fake_reason(&first), "epoch 2 has the store, and this is epoch 1"));
    assert_int_equal(fake_replace(&first, 3), -ESTALE);
    fake_commit_to(&second, 11);
    assert_int_equal(fake_commit(&first), -ESTALE);
    assert_int_equal(first.store->load(first.store->ctx, NULL, NULL, BERTH_NO_DEADLINE), -ESTALE);
    fake_check(&second);
    fake_close(&first);
    fake_commit_to(&second, 12);
    fake_check(&second);
    fake_leave(&second);
    fake_stop(&first);
}

static void commit_that_is_sent_again_is_made_once(void **unused)
{
    struct fake fake;

    (void)unused;
    fake_start(&fake, NULL);
    assert_int_equal(fake_open(&fake), 0);
    fake_commit_to(&fake, 6);
    fake.sequence--;
    assert_int_equal(fake_commit(&fake), 0);
    fake_check(&fake);
    fake.sequence = 3;
    assert_int_equal(fake_commit(&fake), -EPROTO);
    fake.sequence = 9;
    assert_int_equal(fake_commit(&fake), -EPROTO);
    assert_non_null(strstr(fake_reason(&fake), "commit 10 comes after commit 6"));
    fake.sequence = 6;
    fake_commit_to(&fake, 7);
    fake_check(&fake);
    fake_stop(&fake);
}

/* COMMIT fails, and leaves the transaction open. */
static void commit_that_stays_open_is_not_made(void **unused)
{
    struct fake fake;
    int rc;

    (void)unused;
    fake_start(&fake, NULL);
    assert_int_equal(fake_open(&fake), 0);
    fake_commit_to(&fake, 6);
    fake_sql(&fake, "CREATE TABLE p(a INTEGER PRIMARY KEY)");
    fake_sql(&fake, "CREATE TABLE c(a REFERENCES p DEFERRABLE INITIALLY DEFERRED)");
    fake_sql(&fake, "CREATE TRIGGER t AFTER INSERT ON box BEGIN INSERT INTO c VALUES(1); END");
    assert_int_equal(sqlite3_exec(fake.object->db, "PRAGMA foreign_keys = ON", NULL, NULL, NULL),
                     SQLITE_OK);
    rc = fake_commit(&fake);
    assert_in_range(-rc, 1, 4095); /* it is certain */
    fake_check(&fake);
    fake_sql(&fake, "DROP TRIGGER t");
    fake_commit_to(&fake, 7);
    fake_check(&fake);
    fake_stop(&fake);
}

static void replace_takes_all_or_nothing(void **unused)
{
    struct fake fake;

    (void)unused;
    fake_start(&fake, NULL);
    assert_int_equal(fake_open(&fake), 0);
    fake_commit_to(&fake, 50);
    assert_int_equal(fake_replace(&fake, 31), 0);
    fake_check(&fake);
    fake_close(&fake);
    assert_int_equal(fake_open(&fake), 0);
    assert_int_equal(fake.opened.sequence, 31);
    fake_check(&fake);
    fake_stop(&fake);
}

static int see_place(void *arg, const berth_store_manager *stored)
{
    *(berth_store_place *)arg = stored->place;
    return stored->place == BERTH_STORE_HERE ? 0 : -ESTALE;
}

/* Opens as a manager of this epoch does that saves (0: that loads). `place`: the one it had. */
static int open_at(struct fake *fake, uint64_t epoch, berth_store_place *place)
{
    berth_store_manager manager = fake_manager;
    int rc;

    manager.epoch = epoch;
    manager.place = epoch > 0 ? BERTH_STORE_ARRIVING : BERTH_STORE_HERE;
    rc = fake->store->open(fake->store->ctx, &manager, see_place, place, (berth_store_link){NULL},
                           BERTH_NO_DEADLINE, &fake->opened);
    fake->is_open = rc == 0;
    return rc;
}

static void place_and_epoch_are_kept(void **unused)
{
    struct fake fake, other;
    berth_store_place place = BERTH_STORE_MOVED;

    (void)unused;
    fake_start(&fake, NULL);
    assert_int_equal(open_at(&fake, 41, &place), 0);
    assert_int_equal(fake.opened.epoch, 42);
    assert_int_equal(fake_replace(&fake, 9), 0);
    fake_join(&other, &fake, NULL);
    assert_int_equal(open_at(&other, 0, &place), -ESTALE);
    assert_int_equal(place, BERTH_STORE_ARRIVING);
    assert_int_equal(fake.store->set_place(fake.store->ctx, 42, BERTH_STORE_HERE), 0);
    fake_close(&fake);
    assert_int_equal(open_at(&other, 0, &place), 0);
    assert_int_equal(other.opened.epoch, 43);
    assert_int_equal(other.opened.sequence, 9);
    other.sequence = 9;
    fake_commit_to(&other, 12);
    assert_int_equal(open_at(&fake, 7, &place), 0);
    assert_int_equal(fake.opened.epoch, 44);
    assert_int_equal(other.store->set_place(other.store->ctx, 43, BERTH_STORE_MOVED), -ESTALE);
    fake.sequence = fake.opened.sequence;
    fake_commit_to(&fake, 13);
    assert_int_equal(fake.store->set_place(fake.store->ctx, 44, BERTH_STORE_MOVED), 0);
    assert_string_equal(fake_ask(&fake, "SELECT place || ' ' || sequence FROM _berth"), "moved 13");
    fake_check(&fake);
    fake_close(&fake);
    fake_leave(&other);
    fake_join(&other, &fake, &(berth_sqlite_options){.reclaim = true});
    assert_int_equal(open_at(&fake, 0, &place), -ESTALE);
    assert_int_equal(place, BERTH_STORE_MOVED);
    assert_int_equal(open_at(&other, 0, &place), 0); /* the user says so */
    fake_close(&other);
    assert_int_equal(open_at(&fake, 0, &place), 0); /* it is here again */
    fake.sequence = fake.opened.sequence;
    fake_check(&fake);
    fake_leave(&other);
    fake_stop(&fake);
}

/* It gives two rows, and then an error. */
static int give_up(void *arg, berth_store_change *row)
{
    static const berth_store_value values[2] = {{.number = 4}, {.text = "bob"}};
    unsigned *n = arg;

    *row = (berth_store_change){2, false, values};
    return (*n)++ < 2 ? 1 : -EINTR;
}

static void replace_that_is_given_up_changes_nothing(void **unused)
{
    struct fake fake;
    unsigned n = 0;

    (void)unused;
    fake_start(&fake, NULL);
    assert_int_equal(fake_open(&fake), 0);
    fake_commit_to(&fake, 50);
    assert_int_equal(fake.store->replace(fake.store->ctx, 1, 51, give_up, &n), -EINTR);
    fake_check(&fake);
    fake_commit_to(&fake, 51);
    fake_check(&fake);
    fake_stop(&fake);
}

static int refuse(void *arg, const berth_store_manager *stored)
{
    assert_string_equal(stored->manager, "fake");
    assert_string_equal(stored->options, "rooms=2");
    assert_string_equal(stored->backend, "vm 1");
    assert_int_equal(stored->epoch, 1);
    assert_int_equal(stored->spec_hash, UINT64_C(0xfedcba9876543210));
    assert_int_equal(stored->n_tables, 3);
    for (unsigned i = 0; i < 3; i++) {
        const berth_store_table *found = &stored->tables[i], *wanted = &fake_manager.tables[i];

        assert_string_equal(found->name, wanted->name);
        assert_int_equal(found->n_key, wanted->n_key);
        assert_int_equal(found->n_columns, wanted->n_columns);
        for (unsigned j = 0; j < found->n_columns; j++) {
            assert_string_equal(found->columns[j].name, wanted->columns[j].name);
            assert_int_equal(found->columns[j].type, wanted->columns[j].type);
        }
    }
    ++*(unsigned *)arg;
    return -EXDEV;
}

static void rows_that_are_not_accepted_stay(void **unused)
{
    struct fake fake, other;
    berth_store_opened opened;
    unsigned asked = 0;

    (void)unused;
    fake_start(&fake, NULL);
    assert_int_equal(fake_open(&fake), 0);
    fake_commit_to(&fake, 9);
    fake_join(&other, &fake, NULL);
    assert_int_equal(other.store->open(other.store->ctx, &fake_manager, refuse, &asked,
                                       (berth_store_link){NULL}, BERTH_NO_DEADLINE, &opened),
                     -EXDEV);
    assert_int_equal(asked, 1);
    fake_commit_to(&fake, 10); /* it was not fenced */
    fake_check(&fake);
    fake_leave(&other);
    fake_stop(&fake);
}

static void one_object_serves_one_manager(void **unused)
{
    struct fake fake;

    (void)unused;
    fake_start(&fake, NULL);
    assert_int_equal(fake_open(&fake), 0);
    fake_commit_to(&fake, 2);
    assert_int_equal(fake.store->open(fake.store->ctx, &fake_manager, NULL, NULL,
                                      (berth_store_link){NULL}, BERTH_NO_DEADLINE, &fake.opened),
                     -EBUSY);
    fake_check(&fake);
    fake_stop(&fake);
}

/* Tables of another version of the spec */

static const berth_store_column later_columns[] = {
    {"_id", BERTH_STORE_UNSIGNED},  {"_state", BERTH_STORE_TEXT},  {"colour", BERTH_STORE_TEXT},
    {"weight", BERTH_STORE_TEXT},   {"doors", BERTH_STORE_SIGNED}, {"owner", BERTH_STORE_UUID},
    {"aliases", BERTH_STORE_TEXTS}, {"mark", BERTH_STORE_UUID}};
static const berth_store_column lid_columns[] = {{"_id", BERTH_STORE_UNSIGNED}};

static int dump_later(void *arg, uint16_t table, const berth_store_value *values)
{
    char *dump = arg;
    size_t at = strlen(dump);

    if (table == 0)
        (void)snprintf(dump + at, 1024 - at, "%u %s '%s' '%s' %u %02x %u %02x\n",
                       (unsigned)values[0].number, values[1].text, values[2].text, values[3].text,
                       (unsigned)values[4].number, values[5].uuid[0], values[6].texts.count,
                       values[7].uuid[0]);
    else
        (void)snprintf(dump + at, 1024 - at, "table %u\n", table);
    return 0;
}

static int accept_any(void *arg, const berth_store_manager *stored)
{
    (void)arg;
    (void)stored;
    return 0;
}

static void tables_change_with_the_spec(void **unused)
{
    const berth_store_table tables[] = {
        {"box", later_columns, 8, 1}, {"lid", lid_columns, 1, 1}, fake_manager.tables[1]};
    berth_store_manager later = fake_manager;
    char dump[1024] = "";
    struct fake fake;
    unsigned asked = 0;

    (void)unused;
    later.tables = tables;
    later.n_tables = 3;
    fake_start(&fake, NULL);
    assert_int_equal(fake_open(&fake), 0);
    fake_commit_to(&fake, 2);
    fake_close(&fake);
    assert_int_equal(fake.store->open(fake.store->ctx, &later, refuse, &asked,
                                      (berth_store_link){NULL}, BERTH_NO_DEADLINE, &fake.opened),
                     -EXDEV);
    assert_int_equal(asked, 1);
    assert_int_equal(fake_open(&fake), 0);
    fake_check(&fake);
    fake_close(&fake);
    fake.is_open = true;
    assert_int_equal(fake.store->open(fake.store->ctx, &later, accept_any, NULL,
                                      (berth_store_link){NULL}, BERTH_NO_DEADLINE, &fake.opened),
                     0);
    assert_int_equal(fake.store->load(fake.store->ctx, dump_later, dump, BERTH_NO_DEADLINE), 0);
    assert_string_equal(dump, "7 attached '' '' 0 00 0 1f\n14 it's \"lost\" '' '' 0 00 0 3e\n"
                              "table 2\ntable 2\n");
    assert_string_equal(fake_ask(&fake, "SELECT count(*) FROM sqlite_schema WHERE name = "
                                        "'_references' OR name = '_berth_old'"),
                        "0");
    fake_stop(&fake);
}

static int dump_weights(void *arg, uint16_t table, const berth_store_value *values)
{
    char *dump = arg;
    size_t at = strlen(dump);

    if (table == 0)
        (void)snprintf(dump + at, 64 - at, "'%s' ", values[3].text);
    return 0;
}

/* One column has another type, and nothing else is different. */
static void a_column_changes_its_type(void **unused)
{
    berth_store_table tables[3];
    berth_store_column columns[8];
    berth_store_manager later = fake_manager;
    char dump[64] = "";
    struct fake fake;

    (void)unused;
    memcpy(tables, fake_manager.tables, sizeof tables);
    memcpy(columns, tables[0].columns, tables[0].n_columns * sizeof *columns);
    tables[0].columns = columns;
    columns[3].type = BERTH_STORE_TEXT; /* weight */
    later.tables = tables;
    fake_start(&fake, NULL);
    assert_int_equal(fake_open(&fake), 0);
    fake_commit_to(&fake, 2);
    fake_close(&fake);
    fake.is_open = true;
    assert_int_equal(fake.store->open(fake.store->ctx, &later, accept_any, NULL,
                                      (berth_store_link){NULL}, BERTH_NO_DEADLINE, &fake.opened),
                     0);
    assert_int_equal(fake.store->load(fake.store->ctx, dump_weights, dump, BERTH_NO_DEADLINE), 0);
    assert_string_equal(dump, "'' '' ");
    fake_stop(&fake);
}

static void names_of_sqlite_are_refused(void **unused)
{
    const berth_store_table table = {"sqlite_thing", lid_columns, 1, 1};
    berth_store_manager manager = fake_manager;
    struct fake fake;

    (void)unused;
    manager.tables = &table;
    manager.n_tables = 1;
    fake_start(&fake, NULL);
    assert_int_equal(fake.store->open(fake.store->ctx, &manager, NULL, NULL,
                                      (berth_store_link){NULL}, BERTH_NO_DEADLINE, &fake.opened),
                     -EINVAL);
    assert_int_equal(fake_open(&fake), 0); /* it is still empty */
    assert_int_equal(fake.opened.epoch, 1);
    fake_stop(&fake);
}

static void too_many_columns_are_refused(void **unused)
{
    enum { MOST = 2000 }; /* SQLite's limit; the sum of a row is a column, too */
    static berth_store_column columns[MOST];
    static char names[MOST][8];
    const berth_store_table table = {"wide", columns, MOST, 1};
    berth_store_manager manager = fake_manager;
    char reason[256];
    struct fake fake;

    (void)unused;
    for (unsigned i = 0; i < MOST; i++) {
        (void)snprintf(names[i], sizeof names[i], "c%u", i);
        columns[i] = (berth_store_column){names[i], BERTH_STORE_UNSIGNED};
    }
    manager.tables = &table;
    manager.n_tables = 1;
    fake_start(&fake, NULL);
    assert_int_equal(fake.store->open(fake.store->ctx, &manager, NULL, NULL,
                                      (berth_store_link){NULL}, BERTH_NO_DEADLINE, &fake.opened),
                     -E2BIG);
    berth_sqlite_reason(fake.object, reason, sizeof reason);
    assert_non_null(strstr(reason, "table wide has more than 1999 columns"));
    fake_stop(&fake);
}

/* Others that use the file */

static void other_writers_are_waited_for(void **unused)
{
    struct fake fake;
    sqlite3 *db = NULL;

    (void)unused;
    fake_start(&fake, &(berth_sqlite_options){.busy_ms = 50});
    assert_int_equal(fake_open(&fake), 0);
    fake_commit_to(&fake, 5);
    assert_int_equal(sqlite3_open(fake.path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(fake_commit(&fake), -EBUSY);
    fake_close(&fake);
    assert_int_equal(fake_open(&fake), -EBUSY);
    assert_int_equal(fake.store->open(fake.store->ctx, &fake_manager, accept_any, NULL,
                                      (berth_store_link){NULL}, 0, &fake.opened),
                     -ETIMEDOUT);
    assert_int_equal(sqlite3_exec(db, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(fake_open(&fake), 0);
    fake_commit_to(&fake, 6);
    fake_check(&fake);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    fake_stop(&fake);
}

static int open_until(struct fake *fake, int64_t deadline)
{
    int rc = fake->store->open(fake->store->ctx, &fake_manager, accept_any, NULL,
                               (berth_store_link){NULL}, deadline, &fake->opened);

    fake->is_open = rc == 0;
    return rc;
}

/* The wait for another program would take twenty seconds. */
static void waits_end_at_the_deadline_of_open(void **unused)
{
    const int64_t ms = 1000000, begin = clock_now();
    struct fake fake;
    sqlite3 *db = NULL;

    (void)unused;
    fake_start(&fake, &(berth_sqlite_options){.busy_ms = 20000});
    assert_int_equal(fake_open(&fake), 0);
    fake_close(&fake);
    assert_int_equal(sqlite3_open(fake.path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(open_until(&fake, clock_now() + 10 * ms), -ETIMEDOUT);
    assert_true(clock_now() < begin + 10000 * ms);
    assert_int_equal(sqlite3_exec(db, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(open_until(&fake, clock_now() + 60000 * ms), 0);
    assert_int_equal(fake.object->deadline, BERTH_NO_DEADLINE); /* commits have none */
    assert_false(fake.object->late);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    fake_stop(&fake);
}

static int count_row(void *arg, uint16_t table, const berth_store_value *values)
{
    (void)table;
    (void)values;
    ++*(unsigned *)arg;
    return 0;
}

static void reading_ends_at_its_deadline(void **unused)
{
    struct fake fake;
    unsigned n = 0;

    (void)unused;
    fake_start(&fake, NULL);
    assert_int_equal(fake_open(&fake), 0);
    fake_sql(&fake,
             "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000) "
             "INSERT INTO box(_id, _state, _ended, weight, serial, mark, content) "
             "SELECT i, 'attached', 0, 0, 0, '1f304152-6374-8596-a7b8-c9daebfc0d1e', '[]' "
             "FROM n");
    assert_int_equal(fake.store->load(fake.store->ctx, count_row, &n, 1), -ETIMEDOUT);
    assert_in_range(n, 1, 1999);
    for (unsigned i = 0; i < 2; i++) {
        const int64_t deadline = i == 0 ? BERTH_NO_DEADLINE : clock_now() + INT64_C(60000000000);

        n = 0;
        assert_int_equal(fake.store->load(fake.store->ctx, count_row, &n, deadline), 0);
        assert_int_equal(n, 2000);
    }
    fake_close(&fake);
    assert_int_equal(open_until(&fake, 1), -ETIMEDOUT); /* it looks at all pages */
    fake_stop(&fake);
}

static void readers_do_not_disturb(void **unused)
{
    struct fake fake;
    sqlite3 *db = NULL;
    sqlite3_stmt *row = NULL;

    (void)unused;
    fake_start(&fake, &(berth_sqlite_options){.busy_ms = 50});
    assert_int_equal(fake_open(&fake), 0);
    fake_commit_to(&fake, 5);
    assert_int_equal(sqlite3_open(fake.path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, "SELECT * FROM box", -1, &row, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(row), SQLITE_ROW);
    fake_commit_to(&fake, 50);
    fake_check(&fake);
    assert_int_equal(sqlite3_finalize(row), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    fake_stop(&fake);
}

static void row_changed_by_hand_is_taken_without_its_sum(void **unused)
{
    char dump[DUMP_SIZE];
    struct fake fake;

    (void)unused;
    fake_start(&fake, NULL);
    assert_int_equal(fake_open(&fake), 0);
    fake_commit_to(&fake, 1);
    fake_sql(&fake, "UPDATE box SET _state = 'gone'");
    assert_int_equal(fake_load(&fake, dump), -EBADMSG);
    assert_non_null(strstr(fake_reason(&fake), "row 7 of table box"));
    fake_sql(&fake, "UPDATE box SET content = ' [ \"a\\u00e4\" , \"\\/\" ] ', _sum = NULL");
    assert_int_equal(fake_load(&fake, dump), 0);
    assert_non_null(strstr(dump, "'gone'"));
    assert_non_null(strstr(dump, "[a\xc3\xa4;/;]"));
    fake_stop(&fake);
}

static void cells_of_another_type_are_damage(void **unused)
{
    static const char *const changes[] = {"_state = NULL",
                                          "_state = x'00ff'",
                                          "_state = 'a' || char(0) || 'b'",
                                          "_ended = 2",
                                          "_ended = 'x'",
                                          "weight = 1.5",
                                          "serial = NULL",
                                          "mark = 'abc'",
                                          "content = ''",
                                          "content = '['",
                                          "content = '[1]'",
                                          "content = '[\"a\"'",
                                          "content = '[\"a\\u0000\"]'",
                                          "content = '[\"a\\q\"]'",
                                          "content = '[\"a\",]'",
                                          "content = '[\"a\"]]'",
                                          "content = '[\"\\ud800\"]'",
                                          "content = '[\"\\u12\"]'",
                                          "mark = '1f304152-6374-8596-a7b8-c9daebfc0d1g'",
                                          "mark = '1f304152+6374-8596-a7b8-c9daebfc0d1e'"};
    char dump[DUMP_SIZE], sql[128];

    (void)unused;
    for (unsigned i = 0; i < sizeof changes / sizeof *changes; i++) {
        struct fake fake;

        fake_start(&fake, NULL);
        assert_int_equal(fake_open(&fake), 0);
        fake_commit_to(&fake, 1);
        (void)snprintf(sql, sizeof sql, "UPDATE box SET _sum = NULL, %s", changes[i]);
        fake_sql(&fake, sql);
        if (fake_load(&fake, dump) != -EBADMSG)
            fail_msg("%s: %s", changes[i], dump);
        fake_stop(&fake);
    }
}

/* Files that are no stores */

static void file_of_another_program_is_not_touched(void **unused)
{
    struct fake fake;
    unsigned char *before, *after;
    size_t size, size_after;

    (void)unused;
    fake_start(&fake, NULL);
    fake_sql(&fake, "PRAGMA journal_mode = WAL");
    fake_sql(&fake, "CREATE TABLE box(_id INTEGER PRIMARY KEY)");
    before = fake_bytes(&fake, "", &size);
    assert_int_equal(fake_open(&fake), -EBADMSG);
    assert_non_null(strstr(fake_reason(&fake), "another program"));
    after = fake_bytes(&fake, "", &size_after);
    assert_int_equal(size, size_after);
    assert_memory_equal(before, after, size);
    free(before);
    free(after);
    fake_stop(&fake);
}

static void log_of_another_program_is_not_played(void **unused)
{
    struct fake fake;
    sqlite3 *db = NULL;
    unsigned char *before, *after;
    size_t size, size_after;

    (void)unused;
    fake_start(&fake, NULL);
    fake_sql(&fake, "PRAGMA journal_mode = WAL");
    assert_int_equal(sqlite3_open(fake.path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "CREATE TABLE t(a)", NULL, NULL, NULL), SQLITE_OK);
    before = fake_bytes(&fake, "-wal", &size);
    assert_true(size > 0);
    assert_int_equal(fake_open(&fake), -EBADMSG);
    after = fake_bytes(&fake, "-wal", &size_after);
    assert_int_equal(size, size_after);
    assert_memory_equal(before, after, size);
    free(before);
    free(after);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    fake_stop(&fake);
}

static void what_is_no_database_is_refused(void **unused)
{
    struct fake fake;

    (void)unused;
    fake_start(&fake, NULL);
    fake_put_bytes(&fake, "", "", 0);
    assert_int_equal(fake_open(&fake), -EBADMSG);
    assert_non_null(strstr(fake_reason(&fake), "empty"));
    fake_put_bytes(&fake, "", "some text\n", 10);
    assert_int_equal(fake_open(&fake), -EBADMSG);
    assert_int_equal(unlink(fake.path), 0);
    assert_int_equal(symlink("/", fake.path), 0);
    assert_int_equal(fake_open(&fake), -EBADMSG);
    fake_stop(&fake);
}

static void another_layout_is_refused(void **unused)
{
    struct fake fake;

    (void)unused;
    fake_start(&fake, NULL);
    assert_int_equal(fake_open(&fake), 0);
    fake_close(&fake);
    fake_sql(&fake, "PRAGMA user_version = 2");
    assert_int_equal(fake_open(&fake), -EPROTO);
    assert_non_null(strstr(fake_reason(&fake), "layout 2"));
    fake_stop(&fake);
}

static void missing_files_are_told(void **unused)
{
    struct fake fake, there;
    char log[128];

    (void)unused;
    fake_start(&fake, &(berth_sqlite_options){.must_exist = true});
    assert_int_equal(fake_open(&fake), -ENOENT);
    fake_join(&there, &fake, NULL);
    (void)snprintf(log, sizeof log, "%s-wal", fake.path);
    fake_put_bytes(&fake, "-wal", "x", 1);
    assert_int_equal(fake_open(&there), -EBADMSG);
    assert_non_null(strstr(fake_reason(&there), "its log is there"));
    assert_int_equal(unlink(log), 0);
    assert_int_equal(fake_open(&there), 0);
    assert_int_equal(fake_open(&fake), 0);
    fake_leave(&there);
    fake_stop(&fake);
    fake_start(&fake, NULL);
    (void)snprintf(log, sizeof log, "rmdir %s", fake.folder);
    assert_int_equal(system(log), 0);
    assert_int_equal(fake_open(&fake), -ENOENT);
    fake_stop(&fake);
}

static void file_that_was_deleted_is_stale(void **unused)
{
    struct fake fake, fresh;

    (void)unused;
    fake_start(&fake, NULL);
    assert_int_equal(fake_open(&fake), 0);
    fake_commit_to(&fake, 3);
    (void)fake_ask(&fake, "SELECT 1");
    assert_int_equal(unlink(fake.path), 0);
    assert_int_equal(fake_commit(&fake), -ESTALE);
    assert_non_null(strstr(fake_reason(&fake), "moved or deleted"));
    assert_int_equal(fake_replace(&fake, 3), -ESTALE);
    assert_int_equal(fake.store->set_place(fake.store->ctx, 1, BERTH_STORE_MOVED), -ESTALE);
    fake_join(&fresh, &fake, NULL);
    assert_int_equal(fake_open(&fresh), -EBADMSG); /* the log is still there */
    fake_leave(&fresh);
    fake_stop(&fake);
}

enum { MAKERS = 4, ROUNDS = 25 };

struct maker {
    struct fake fake;
    atomic_uint *ready;
    int rc;
};

static void *make(void *arg)
{
    struct maker *maker = arg;

    atomic_fetch_add(maker->ready, 1);
    while (atomic_load(maker->ready) < MAKERS)
        ;
    maker->rc = fake_open(&maker->fake);
    return NULL;
}

static void count_files(const char *path, unsigned wanted)
{
    DIR *folder = opendir(path);
    unsigned n = 0;

    assert_non_null(folder);
    for (const struct dirent *found; (found = readdir(folder)) != NULL;)
        n += found->d_name[0] != '.';
    (void)closedir(folder);
    assert_int_equal(n, wanted);
}

/* Threads of one process make the file at once: nobody touches the half-made file of another. */
static void threads_make_one_file(void **unused)
{
    struct maker makers[MAKERS];
    pthread_t threads[MAKERS];

    (void)unused;
    for (unsigned round = 0; round < ROUNDS; round++) {
        atomic_uint ready = 0;

        fake_start(&makers[0].fake, NULL);
        for (unsigned i = 1; i < MAKERS; i++)
            fake_join(&makers[i].fake, &makers[0].fake, NULL);
        for (unsigned i = 0; i < MAKERS; i++) {
            makers[i].ready = &ready;
            if (pthread_create(&threads[i], NULL, make, &makers[i]) != 0)
                abort();
        }
        for (unsigned i = 0; i < MAKERS; i++)
            (void)pthread_join(threads[i], NULL);
        for (unsigned i = 0; i < MAKERS; i++)
            if (makers[i].rc != 0)
                fail_msg("round %u: %d, %s", round, makers[i].rc, fake_reason(&makers[i].fake));
        count_files(makers[0].fake.folder, 3); /* the file, its log, the index of that */
        for (unsigned i = MAKERS - 1; i > 0; i--)
            fake_leave(&makers[i].fake);
        fake_stop(&makers[0].fake);
    }
}

static void odd_paths_work(void **unused)
{
    static const char *const names[] = {"a b?c#d%41.db", "file:x.db", "\xc3\xa4'\".db"};

    (void)unused;
    for (unsigned i = 0; i < 3; i++) {
        struct fake fake;

        fake_start(&fake, NULL);
        berth_sqlite_free(fake.object);
        (void)snprintf(fake.path, sizeof fake.path, "%s/%s", fake.folder, names[i]);
        fake.object = berth_sqlite_create(fake.path, NULL);
        fake.store = berth_sqlite_store(fake.object);
        assert_int_equal(fake_open(&fake), 0);
        fake_commit_to(&fake, 4);
        fake_close(&fake);
        assert_int_equal(access(fake.path, F_OK), 0);
        assert_int_equal(fake_open(&fake), 0);
        fake_check(&fake);
        fake_stop(&fake);
    }
}

static void objects_without_a_path_are_not_made(void **unused)
{
    char reason[64] = "";

    (void)unused;
    assert_null(berth_sqlite_create(NULL, NULL));
    assert_null(berth_sqlite_create("", NULL));
    assert_null(berth_sqlite_store(NULL));
    berth_sqlite_reason(NULL, reason, sizeof reason);
    assert_non_null(strstr(reason, "no store"));
    berth_sqlite_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_come_back),
        cmocka_unit_test(full_keeps_the_same),
        cmocka_unit_test(large_numbers_survive_in_order),
        cmocka_unit_test(operators_read_rows),
        cmocka_unit_test(header_says_whose_rows_they_are),
        cmocka_unit_test(later_opening_fences),
        cmocka_unit_test(commit_that_is_sent_again_is_made_once),
        cmocka_unit_test(commit_that_stays_open_is_not_made),
        cmocka_unit_test(replace_takes_all_or_nothing),
        cmocka_unit_test(place_and_epoch_are_kept),
        cmocka_unit_test(replace_that_is_given_up_changes_nothing),
        cmocka_unit_test(rows_that_are_not_accepted_stay),
        cmocka_unit_test(one_object_serves_one_manager),
        cmocka_unit_test(tables_change_with_the_spec),
        cmocka_unit_test(names_of_sqlite_are_refused),
        cmocka_unit_test(a_column_changes_its_type),
        cmocka_unit_test(too_many_columns_are_refused),
        cmocka_unit_test(other_writers_are_waited_for),
        cmocka_unit_test(waits_end_at_the_deadline_of_open),
        cmocka_unit_test(reading_ends_at_its_deadline),
        cmocka_unit_test(readers_do_not_disturb),
        cmocka_unit_test(row_changed_by_hand_is_taken_without_its_sum),
        cmocka_unit_test(cells_of_another_type_are_damage),
        cmocka_unit_test(file_of_another_program_is_not_touched),
        cmocka_unit_test(log_of_another_program_is_not_played),
        cmocka_unit_test(what_is_no_database_is_refused),
        cmocka_unit_test(another_layout_is_refused),
        cmocka_unit_test(missing_files_are_told),
        cmocka_unit_test(file_that_was_deleted_is_stale),
        cmocka_unit_test(threads_make_one_file),
        cmocka_unit_test(odd_paths_work),
        cmocka_unit_test(objects_without_a_path_are_not_made),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
