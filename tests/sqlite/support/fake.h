/*
 * A manager that is none: it opens a store, makes commits whose rows follow from their numbers, and
 * knows what must be there after each.
 */
#ifndef FAKE_H
#define FAKE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>

#include <berth_sqlite.h>
#include <cmocka.h>

enum { N_BOXES = 60, N_RESERVATIONS = 20, DUMP_SIZE = 65536 };
/* Bytes of a page of a file that the library makes, and of one in the log. */
enum { PAGE = 1024, FRAME = PAGE + 24 };

/* The number of the commit that wrote a row; 0: it is not there. */
struct content {
    uint64_t boxes[N_BOXES];
    uint64_t reservations[N_RESERVATIONS];
};

struct fake {
    char folder[64], path[96];
    berth_sqlite *object;
    const berth_store *store;
    berth_store_opened opened;
    uint64_t sequence;
    bool is_open;
};

extern const berth_store_manager fake_manager;

/* A folder of its own with a store that is not opened yet. */
void fake_start(struct fake *fake, const berth_sqlite_options *options);
/* Closes the store, and removes the folder. */
void fake_stop(struct fake *fake);
/* Another object for the same file. */
void fake_join(struct fake *fake, const struct fake *with, const berth_sqlite_options *options);
void fake_leave(struct fake *fake);

int fake_open(struct fake *fake);
void fake_close(struct fake *fake);
/* Makes the next commit. What the store answers. */
int fake_commit(struct fake *fake);
/* Makes commits until this one was made. */
void fake_commit_to(struct fake *fake, uint64_t sequence);
int fake_replace(struct fake *fake, uint64_t sequence);

/* What is there after a commit with this number, as text. */
const char *fake_wanted(uint64_t sequence);
/* What load gives, as text. Returns what load did. */
int fake_load(struct fake *fake, char dump[DUMP_SIZE]);
/* Loads, and compares with what has to be there. */
void fake_check(struct fake *fake);
const char *fake_reason(struct fake *fake);

/* Runs SQL in the file, beside the store. */
void fake_sql(const struct fake *fake, const char *sql);
/* The first cell that SQL gives, as text; "" without. */
const char *fake_ask(const struct fake *fake, const char *sql);

/* Bytes of the file (suffix "") or of its log (suffix "-wal"); the caller frees them. */
unsigned char *fake_bytes(const struct fake *fake, const char *suffix, size_t *size);
void fake_put_bytes(const struct fake *fake, const char *suffix, const void *bytes, size_t size);

#endif
