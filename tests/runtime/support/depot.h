/*
 * A manager written by hand, so that the runtime is tested without the generator: racks, shelves on
 * them, and one book on each shelf. Every field type, every kind of assigned value and every form
 * of operation occurs. The three resources have the same states:
 *
 *   state    hold        close                        open                   crash
 *            kick    wipe
 *   idle     stay        gone                         L...: EACCES           open: on, gone
 *            gone    bad, raise open
 *                                                     else open: on, bad, odd
 *   on       stay        eject: left+close, on        stay                   stay
 *            gone
 *   bad      ENOTREC.    gone                         ENOTRECOVERABLE
 *            close: gone, gone
 *   odd      ENOTREC.    close: gone, odd+wipe, odd   ENOTRECOVERABLE
 *            reject ENODATA
 *   left     EBUSY       close: gone, left, odd       EBUSY
 *   rest     stay        stay                         stay                   close: idle+open, rest
 *   gone     (final)
 *
 * ("open: on, bad, odd": calls open; ok leads to on, fail to bad, uncertain to odd.) `hold` is what
 * takes, `close` what drops. Holes are ENODATA for a rack, and nothing that berthc would let pass
 * for the others. `eject` is optional: for a shelf its absence rejects with EOPNOTSUPP, else it
 * counts as ok.
 */
#ifndef DEPOT_H
#define DEPOT_H

#include <pthread.h>
#include <setjmp.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <berth/table.h>
#include <cmocka.h>

typedef struct rack_config {
    const char *name;
    bool locked;
    uint8_t u8; /* at most 200 */
    uint16_t u16;
    uint32_t u32;
    uint64_t u64; /* not UINT64_MAX */
    int32_t i32;  /* -5 to 5 */
    int64_t i64;
    int kind; /* 0 to 2 */
    uuid_t owner;
    berth_strings order;
    berth_strings tags; /* a set; case ignored */
} rack_config;

typedef struct rack_view {
    const char *name;
    bool locked;
    uint8_t u8;
    uint16_t u16;
    uint32_t u32;
    uint64_t u64;
    int32_t i32;
    int64_t i64;
    int kind;
    uuid_t owner;
    berth_strings order;
    berth_strings tags;
    uint64_t serial; /* counter from 7 */
    char label[21];  /* counter from 0 */
    uuid_t uid;
    uint8_t row;     /* below the option `rows` */
    uint16_t column; /* below 3 */
    uint32_t deep;   /* a pool of its own, below 100000 */
    char path[64];   /* "<site>/<row>/<column>" */
    uint32_t watt;   /* from open */
    uuid_t session;  /* likewise; found by it, and by those below */
    int32_t door;
    char badge[8];
} rack_view;

typedef struct shelf_config {
    uint16_t index;   /* key, at most 999 */
    const char *zone; /* key; case ignored, required, at most 8 bytes */
    bool steel;
} shelf_config;

typedef struct shelf_view {
    const rack_view *rack;
    uint16_t index;
    const char *zone;
    bool steel;
    uint16_t bay; /* pool of 4 */
} shelf_view;

typedef struct book_config {
    uuid_t isbn; /* required */
} book_config;

typedef struct book_view {
    const shelf_view *shelf;
    uuid_t isbn;
} book_view;

typedef struct rack_out {
    uint32_t watt;
    uuid_t session;
    int32_t door;
    char badge[8];
} rack_out;

/* The block of a started operation. */
typedef struct depot_op {
    alignas(max_align_t) unsigned char bytes[BERTH_OP_SIZE(3, 3, 2)];
    rack_out out;
} depot_op;

typedef struct depot_options {
    uint8_t rows; /* 1 to 4; 0 stands for 2 */
    bool strict;
    const char *site; /* NULL stands for "yard" */
    uint16_t u16;
    int32_t i32;
    uint64_t u64; /* default 9 */
    berth_strings list;
    uuid_t uuid;
    int kind;
} depot_options;

enum { RACK = 1, SHELF, BOOK };
enum { IDLE = 1, ON, BAD, ODD, LEFT, REST, GONE };
enum { HOLD = 1, CLOSE, OPEN, CRASH, KICK, WIPE };
enum {
    RACK_OPEN = 1,
    RACK_CLOSE,
    RACK_EJECT,
    SHELF_OPEN,
    SHELF_CLOSE,
    SHELF_EJECT,
    BOOK_OPEN,
    BOOK_CLOSE,
    BOOK_EJECT
};
enum { N_HOOKS = BOOK_EJECT };

enum {
    /* obtain rack, shelf, book; gives; returns uid, bay; EPERM if strict and the rack is locked */
    OP_RESERVE = 1,
    OP_OPEN,        /* with: open rack, shelf, book; returns bay, path */
    OP_CLOSE,       /* with, ends: close book, shelf, rack */
    OP_CLOSE_BOOK,  /* with: close book */
    OP_FORGET,      /* with, ends: nothing */
    OP_LOOK,        /* with: nothing; returns path */
    OP_USE,         /* obtain rack: open, hold; returns label */
    OP_RESOLVE,     /* obtain rack; returns label, serial, watt */
    OP_CRASH,       /* obtain rack: crash, hold */
    OP_DROP,        /* find rack by label, absent ok: close; returns serial */
    OP_BY_SERIAL,   /* find rack by serial: close */
    OP_BY_UID,      /* find rack by uid; returns label */
    OP_BY_PLACE,    /* find rack by place; returns label */
    OP_BY_SESSION,  /* find rack by session: close; returns label */
    OP_BY_DOOR,     /* find rack by door; returns label */
    OP_BY_BADGE,    /* find rack by badge, absent ok; returns label */
    OP_KICK,        /* find rack: kick */
    OP_WIPE,        /* find rack: wipe */
    OP_FIND_SHELF,  /* find rack, shelf, absent ok: open; returns bay */
    OP_PLACE,       /* create rack at place, enter rest */
    OP_ADD,         /* create rack, shelf, enter idle */
    OP_USE_ALL,     /* obtain rack, shelf, book: open each, hold book */
    OP_KICK_ALL,    /* with: kick rack, open book */
    OP_STRICT,      /* with; deny EPERM: strict */
    OP_SHELF_CRASH, /* find rack, shelf: crash, kick, open rack */
    OP_CLOSE_TWICE, /* with, ends: close rack, close rack, close shelf, close book */
    OP_BY_BAY,      /* find shelf by bay: open; returns path */
    N_OPERATIONS = OP_BY_BAY
};

extern const berth_manager_type depot_type;

/* What the backend of a test does. */
struct depot {
    berth_manager *manager;
    int64_t born;

    int outcome[N_HOOKS + 1]; /* what a hook returns */
    bool missing[N_HOOKS + 1];
    /* NULL: return outcome[hook] */
    int (*hook)(struct depot *depot, uint8_t hook, berth_call *call, const void *view, void *out);
    void *arg;
    unsigned fail_at; /* the call with this number, from 1, fails with -EIO; 0: none */
    unsigned n_calls;
    unsigned n_of[N_HOOKS + 1];
    char log[4096]; /* "rack.open:a shelf.open:a/1 …" */
    pthread_mutex_t lock;

    /* allocator */
    berth_allocator allocator;
    uint64_t allocations;
    uint64_t fail_allocation; /* the one with this number, from 1, fails; 0: none */
    uint64_t fail_from;       /* this one and all after it; 0: none */
    int64_t live_bytes;

    /* trace */
    char trace[8192]; /* "rack idle open rack.open ok on; …" */
};

/* Makes a manager with this backend, with the test's allocator. `config` may set trace and uuid. */
void depot_start(struct depot *depot, const depot_options *options, const berth_config *config);
/* The same, without a manager: for tests that create it themselves. */
void depot_init(struct depot *depot);
struct depot_backend {
    struct depot *depot;
};
int depot_create(struct depot *depot, const depot_options *options, const berth_config *config);
/*
 * The same with another outcome in a row of all resources: a table that the depot itself does not
 * have.
 */
struct depot_change {
    uint16_t state;
    uint8_t event;
    berth_target ok, fail; /* state 0: as it was */
};
void depot_start_changed(struct depot *depot, const struct depot_change *change);
/* One without the small pool of places: for any number of racks. */
void depot_start_many(struct depot *depot, const berth_config *config);
/* Discards and destroys; fails when memory is left. */
/* Takes a hook away, or gives it back, behind the back of a manager that was created with it. */
void depot_lack(struct depot *depot, unsigned hook, bool lacks);
void depot_stop(struct depot *depot);
void depot_clear_log(struct depot *depot);
berth_trace depot_trace;
/* A configuration that traces into depot->trace. */
berth_config depot_tracing(struct depot *depot);

/* What is tracked, one line per instance, indented by level: "rack a on 1+1" (refs + children). */
const char *depot_state(struct depot *depot);
#define assert_state(depot, expected) assert_string_equal(depot_state(depot), expected)
unsigned depot_reservations(struct depot *depot);

/* Names a path: rack `name`, shelf `index` in zone "z", its book. */
struct path {
    rack_config rack;
    shelf_config shelf;
    book_config book;
    const void *config[3];
};
const struct path *depot_path(struct path *path, const char *rack, uint16_t shelf);

/* Operations; `error` may be NULL. */
int reserve(struct depot *depot, const char *rack, uint16_t shelf, uuid_t id, berth_error *error);
int with(struct depot *depot, uint8_t operation, const uuid_t id, berth_error *error);
int on_rack(struct depot *depot, uint8_t operation, const char *rack, berth_error *error);
int on_path(struct depot *depot, uint8_t operation, const char *rack, uint16_t shelf,
            berth_error *error);
int by_label(struct depot *depot, const char *label, berth_error *error);
int until(struct depot *depot, uint8_t operation, const char *rack, int64_t deadline,
          berth_error *error);
int place(struct depot *depot, const char *rack, uint32_t row, uint32_t column, berth_error *error);
int discard_rack(struct depot *depot, const char *rack, berth_error *error);

#define assert_where(error, r, s, e, h) check_where(error, r, s, e, h, __FILE__, __LINE__)
void check_where(const berth_error *error, const char *resource, const char *state,
                 const char *event, const char *hook, const char *file, int line);

#endif
