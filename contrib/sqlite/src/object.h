/* The object behind a store, and what its files share. */
#ifndef BERTH_SQLITE_OBJECT_H
#define BERTH_SQLITE_OBJECT_H

#include <pthread.h>
#include <sqlite3.h>
#include <sys/types.h>

#include "berth_sqlite.h"

enum {
    APPLICATION_ID = 0x42527468, /* "BRth", of every store */
    LAYOUT = 1,                  /* of _berth and of the columns' types: user_version */
    LAYOUT_MASK = 0xffff,
    LOG_MARK = 0x10000, /* in user_version of the file alone: its log has what it lacks */
    DEFAULT_BUSY_MS = 5000,
    /* A commit writes whole pages: small ones, since it changes a row in each of a few tables. */
    PAGE_SIZE = 1024,
    LOG_PAGES = 4000 /* of the log, before it is written into the file */
};

/* Tables of a manager, owned. */
struct tables {
    berth_store_table *tables;
    uint16_t n;
};

/* Memory of a cell that was read. Kept for the next row. */
struct cell {
    void *memory;
    size_t size;
    unsigned char uuid[16];
};

/* A table's rows, as statements. */
struct rows {
    const berth_store_table *table;
    const char *sql_name; /* of the table in the file; borrowed */
    uint64_t seed;        /* of its sums: rows of another table never fit */
    sqlite3_stmt *write, *erase, *clear;
};

/* The row of _berth. Texts are owned, and never NULL. */
struct header {
    char *manager, *options, *absent, *hooks, *backend;
    char *tables;    /* their names in order, as JSON */
    uint64_t schema; /* sum over the definitions of tables, and of what a store does not have */
    uint64_t spec_hash;
    uint32_t format;
    uint64_t epoch, sequence;
    berth_store_place place;
};

/* The thread that makes commits, if it runs. */
struct writer {
    pthread_t thread;
    bool runs;
    berth_store_link link;
    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t changed;
    const berth_store_commit *commit; /* that waits for it */
    bool ends;
};

struct berth_sqlite {
    berth_store functions;
    berth_sqlite_options options;
    char *path, *backend;

    pthread_mutex_t lock; /* of the reason alone */
    char reason[512];

    /* In the list of those that are open in this process. */
    struct berth_sqlite *next;
    dev_t device;
    ino_t inode;

    /* While it is open. */
    sqlite3 *db;
    int log_pages;
    bool log_is_held; /* a reader keeps its pages from the file */
    sqlite3_stmt *begin, *commit, *rollback, *advance, *position;
    struct header header;
    struct tables tables;
    struct rows *rows; /* one per table */

    struct writer writer;

    /* The wait for other programs. */
    int64_t deadline; /* of open and load; else BERTH_NO_DEADLINE */
    int64_t waits_since;
    bool late;
};

int64_t clock_now(void);

/*
 * error.c: each returns a negative errno value, and notes the reason. The reason begins with the
 * path.
 */
int error_set(struct berth_sqlite *store, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Translates a result of SQLite. errno was 0 before SQLite was called: sql.c sees to that. */
int error_sql(struct berth_sqlite *store, int rc);
/* Out of memory. */
int error_memory(struct berth_sqlite *store);
int error_damaged(struct berth_sqlite *store, const char *what);

/* file.c: from a path to a connection that is set up, and back. */
/* A file that is made is of `manager`, and in its place from the beginning. */
int file_open(struct berth_sqlite *store, const berth_store_manager *manager);
void file_close(struct berth_sqlite *store);
/* The file was opened whole: its log may be written into it when it is closed. */
void file_accept(struct berth_sqlite *store);
/* Before it is closed. */
void file_leave(const struct berth_sqlite *store);
/* Does a manager of this process have the file, since this epoch? */
bool file_is_used(const struct berth_sqlite *store, uint64_t epoch);
/* Until file_patient, waits end at the deadline. */
void file_impatient(struct berth_sqlite *store, int64_t deadline);
void file_patient(struct berth_sqlite *store);
/* Was the file moved or deleted while it is open? */
bool file_has_moved(struct berth_sqlite *store);

/*
 * log.c: are commits missing in the middle of the log? 1: yes, since the machine was stopped; the
 * log must be made empty.
 */
int log_check(struct berth_sqlite *store);
/* To be freed; NULL: out of memory. */
char *log_path(const struct berth_sqlite *store);
/* 0: it is missing. 1; -ENOMEM. */
int log_exists(struct berth_sqlite *store);
/*
 * Does user_version say that the file is not whole without its log? `schema` is schema_version. The
 * mark has a number of it. SQLite copies the mark with the pages, and gives each copy another
 * schema_version: copies are whole.
 */
bool log_is_needed(int layout, int schema);
/*
 * Writes the log into the file, which gets the mark: without a log it is not whole from now on. The
 * log itself has no mark. So a program that writes all of it into the file removes the mark. What
 * fails here is tried again after later commits.
 */
void log_empty(struct berth_sqlite *store);

/* sql.c: statements. */
int sql_prepare(struct berth_sqlite *store, sqlite3_stmt **out, const char *format, ...);
int sql_run(struct berth_sqlite *store, const char *format, ...);
/* The next row of a statement. 1: there is one. 0: there is none. */
int sql_next(struct berth_sqlite *store, sqlite3_stmt *statement);
/* The number that a PRAGMA gives. */
int sql_number(struct berth_sqlite *store, const char *pragma, int *number);
/* Runs a statement that gives no row, and makes it ready for the next time. */
int sql_step(struct berth_sqlite *store, sqlite3_stmt *statement);
int sql_begin(struct berth_sqlite *store);
/* Whatever happens, no transaction is open afterwards, if SQLite can. */
void sql_rollback(struct berth_sqlite *store);
/* Will the next transactions wait for the disk? */
int sql_synchronous(struct berth_sqlite *store, bool full);
/* Ends a transaction: 0, a negative errno value, or BERTH_UNCERTAIN(). */
int sql_commit(struct berth_sqlite *store);

/* store.c: makes a commit on this thread. */
int store_make_commit(struct berth_sqlite *store, const berth_store_commit *commit);

/* writer.c: another thread makes them, and tells the manager. */
int writer_start(struct berth_sqlite *store, berth_store_link link);
int writer_take(struct berth_sqlite *store, const berth_store_commit *commit);
/* Waits for the commit that it makes. */
void writer_stop(struct berth_sqlite *store);

/* sum.c */
uint64_t sum_bytes(uint64_t sum, const void *bytes, size_t size);
uint64_t sum_text(uint64_t sum, const char *text);
uint64_t sum_number(uint64_t sum, uint64_t number);

/* texts.c: lists as JSON. */
/* The text, to be freed; NULL: out of memory. */
char *texts_write(const berth_strings *texts);
/* Reads what texts_write wrote, or a person. -EBADMSG, -ENOMEM. `cell` holds what `out` has. */
int texts_read(const char *json, size_t size, struct cell *cell, berth_strings *out);
bool cell_reserve(struct cell *cell, size_t size);

/* header.c */
/* Of a new file: epoch 0. */
int header_make(struct berth_sqlite *store, const berth_store_manager *manager);
int header_read(struct berth_sqlite *store);
/* Writes the header with these tables, for the next epoch. */
int header_write(struct berth_sqlite *store, const berth_store_manager *manager);
/* Moves on to a sequence number. `from`: what it must be now. 1: it is there already. */
int header_advance(struct berth_sqlite *store, uint64_t epoch, uint64_t sequence,
                   const uint64_t *from);
/* Does the store still belong to this epoch? */
int header_check(struct berth_sqlite *store, uint64_t epoch);
/* Notes where the rows are. */
int header_set_place(struct berth_sqlite *store, uint64_t epoch, berth_store_place place);
int header_schema(struct berth_sqlite *store, uint64_t *sum);
void header_free(struct header *header);

/* tables.c */
/* The tables that the file has. */
int tables_read(struct berth_sqlite *store, struct tables *tables);
int tables_copy(struct tables *to, const berth_store_manager *from);
void tables_free(struct tables *tables);
/* Changes the tables of the file from `old` into the store's. */
int tables_change(struct berth_sqlite *store, const struct tables *old);
/* The same, with the rows that `manager->change` makes of the old ones. */
int tables_replace(struct berth_sqlite *store, const struct tables *old,
                   const berth_store_manager *manager, void *arg);

/* rows.c */
int rows_prepare(struct berth_sqlite *store, struct rows *rows, const berth_store_table *table,
                 const char *sql_name);
void rows_finalize(struct rows *rows);
int rows_prepare_all(struct berth_sqlite *store);
void rows_finalize_all(struct berth_sqlite *store);
int rows_change(struct berth_sqlite *store, const berth_store_change *change);
int rows_write(struct berth_sqlite *store, const struct rows *rows,
               const berth_store_value *values);
int rows_clear_all(struct berth_sqlite *store);
/* Gives all rows to `put`, by ascending key. */
int rows_read(struct berth_sqlite *store, const struct rows *rows,
              int (*put)(void *arg, const berth_store_value *values), void *arg);

#endif
