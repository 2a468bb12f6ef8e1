/*
 * A store: where a manager keeps what it must not forget when its process dies (rule S13 of
 * docs/semantics.md; docs/survive.md is for users).
 *
 * Applications hand a store to <manager>_open; they use the part "For applications", and
 * berth_rekey. Whoever writes a store implements struct berth_store. A store keeps rows of named
 * columns in tables, and knows nothing of states and holders.
 *
 * The runtime calls one function of a store at a time, on any thread. It does not hold the
 * manager's lock, but for `replace`, `set_place` and the opening for a save.
 */
#ifndef BERTH_STORE_H
#define BERTH_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include <berth/backend.h>
#include <berth/berth.h>

#ifdef __cplusplus
extern "C" {
#endif

/* For applications */

/* Most bytes of an owner's name, without the NUL. */
#define BERTH_OWNER_MAX 255

/* A reservation as <manager>_for_each_reservation shows it. Valid during the visit. */
typedef struct berth_reservation {
    const unsigned char *id; /* 16 bytes */
    const char *owner;
    unsigned resource; /* the last one of its path: a <manager>_resource */
    /* view of the last instance of its path, which leads to the others; it may have ended */
    const void *view;
    /*
     * What it still holds. Bit 0 is the root of its path, bit 1 the child of that, and so on to the
     * instance of `view`.
     */
    uint8_t held;
    bool releasing; /* only the operation that ends it may use it */
    /* Of the instances of its path, in the order of `held`: each a <manager>_<resource>_state. */
    uint16_t states[8];
} berth_reservation;

/* A named reference as <manager>_for_each_reference shows it. Valid during the visit. */
typedef struct berth_reference {
    const char *owner;
    unsigned resource; /* whose instance it is: a <manager>_resource */
    const void *view;  /* of the instance */
} berth_reference;

/* What the block of a started operation has besides, if the manager may have a store. */
#define BERTH_OP_STORED (14u * sizeof(void *) + 56u)

/* For stores */

#define BERTH_STORE_VERSION 1
/* Of the runtime's own columns and tables. */
#define BERTH_STORE_FORMAT 1

typedef enum berth_store_type {
    BERTH_STORE_BOOL = 1, /* number: 0 or 1 */
    BERTH_STORE_UNSIGNED, /* number */
    BERTH_STORE_SIGNED,   /* number: int64_t in two's complement */
    BERTH_STORE_TEXT,     /* text: any bytes but NUL; states and enums are their names */
    BERTH_STORE_UUID,     /* uuid: 16 bytes */
    BERTH_STORE_TEXTS     /* texts */
} berth_store_type;

typedef struct berth_store_column {
    const char *name;
    berth_store_type type;
} berth_store_column;

/*
 * A table. The first `n_key` columns are its key: at most one row has it. The runtime's own tables
 * and columns begin with "_", which names of a spec never do.
 */
typedef struct berth_store_table {
    const char *name;
    const berth_store_column *columns;
    uint16_t n_columns;
    uint16_t n_key;
} berth_store_table;

/* A cell. Which member counts is the column's type. */
typedef union berth_store_value {
    uint64_t number;
    const char *text;          /* never NULL */
    const unsigned char *uuid; /* never NULL */
    berth_strings texts;
} berth_store_value;

/*
 * A row that is written or deleted. Of a deleted row only the key is given. Everything is valid
 * until the function that got it has returned.
 */
typedef struct berth_store_change {
    uint16_t table; /* index into berth_store_manager.tables */
    bool deleted;
    const berth_store_value *values; /* one per column */
} berth_store_change;

/* Which store has the rows: `save` moves them from one to another. */
typedef enum berth_store_place {
    BERTH_STORE_HERE = 0,
    BERTH_STORE_ARRIVING, /* a save into this store has not ended */
    BERTH_STORE_MOVED     /* a save has moved them to another store */
} berth_store_place;

/* Whose rows these are. Texts are never NULL. */
typedef struct berth_store_manager {
    const char *manager; /* "scsi" */
    uint32_t format;     /* BERTH_STORE_FORMAT */
    uint64_t spec_hash;  /* of what the spec means, but for its briefs */
    const char *options; /* "controllers=1 guest=linux" */
    const char *absent;  /* hooks that the backend lacks: "guest.eject guest.format_and_mount" */
    const char *hooks;   /* hooks that it has */
    const char *backend; /* berth_store.backend */
    const berth_store_table *tables; /* parents before their children */
    uint16_t n_tables;
    berth_store_place place; /* kept by the store, as all else; open notes that of `manager` */
    uint64_t epoch;          /* open gives a later one. Of what is stored: its epoch */

    /*
     * Of what a store shows to `accept`: gives the rows of a table to `put`, by ascending key, with
     * the columns that it has there. Returns what `put` returned, if that is not 0.
     */
    int (*read)(void *from, uint16_t table, int (*put)(void *arg, const berth_store_value *values),
                void *arg);
    void *from;

    /*
     * Of what `open` gets, for rows of another version of the spec: `row` gets what a row becomes.
     * `table` and `values` are the stored ones, `arg` is that of `accept`. 1; 0: the row goes; or a
     * negative errno value, which open returns. The row is valid until the next call.
     */
    int (*change)(void *arg, uint16_t table, const berth_store_value *values,
                  berth_store_change *row);
} berth_store_manager;

/* What open found. */
typedef struct berth_store_opened {
    uint64_t epoch;    /* of this opening, from 1 */
    uint64_t sequence; /* of the last commit; 0: there was none */
    /* Operations that may exceed a limit fail with -E2BIG before their first call. */
    uint32_t max_rows;  /* of a commit; 0: any number */
    uint64_t max_bytes; /* of a commit, as berth_store_size() counts; 0: any number */
} berth_store_opened;

/*
 * Names an opening for berth_store_committed() and berth_store_lost(). A value. It is good until
 * `close` has returned. An opening for a save has none: both functions give -EINVAL for it.
 */
typedef struct berth_store_link {
    berth_manager *manager;
} berth_store_link;

/* Changes that become durable together, or not at all. */
typedef struct berth_store_commit {
    uint64_t epoch;
    uint64_t sequence;                 /* one more than that of the commit before it */
    const berth_store_change *changes; /* of each row at most one */
    uint32_t n_changes;
    bool clear; /* every row of every table is deleted first */
} berth_store_commit;

/*
 * The functions of a store. Results: 0; a negative errno value, which says that nothing has
 * happened; BERTH_UNCERTAIN(-errno), which says that nobody knows.
 */
typedef struct berth_store {
    uint32_t version; /* BERTH_STORE_VERSION */
    void *ctx;
    /*
     * Which backend the rows are about, and which life of it: "vm 7f2c, boot 3". NULL: "". Rows of
     * another backend are not loaded.
     */
    const char *backend;

    /*
     * Takes the store. First it shows what it has to `accept`, if it is not empty: what is
     * `stored`, with `stored->tables` as they were then. It is valid until open returns. If accept
     * returns an error, open returns the same and has changed nothing. 1: each row is to be what
     * `manager->change` makes of it; 0: they stay, but for columns that come and go. Then it raises
     * the epoch, durably, and fences all earlier openings: their commits give -ESTALE. That stays
     * if loading the rows fails afterwards. The new epoch is one more than that of the store, or
     * than `manager->epoch` if that is higher. The rows change with the epoch, or not at all. The
     * store notes `manager`, and changes its tables to those of `manager`.
     *
     * `deadline`: CLOCK_MONOTONIC nanoseconds, or BERTH_NO_DEADLINE.
     *
     * -ETIMEDOUT  the deadline has passed
     * -EBADMSG    it holds what is no store, or is damaged
     * -EBUSY      it is taken, and cannot fence
     */
    int (*open)(void *ctx, const berth_store_manager *manager,
                int (*accept)(void *arg, const berth_store_manager *stored), void *arg,
                berth_store_link link, int64_t deadline, berth_store_opened *opened);

    /*
     * Gives all rows to `put`, table by table in the order of `open`, by ascending key: numbers as
     * unsigned or signed ones, texts and UUIDs by their bytes as unsigned ones, the first column of
     * a key counts most. `values` has one per column of the tables that `open` got; a column that
     * was not stored then has zero, "", the nil UUID or no texts. Returns what `put` returned, if
     * that is not 0. After a failure the runtime calls `close`.
     */
    int (*load)(void *ctx, int (*put)(void *arg, uint16_t table, const berth_store_value *values),
                void *arg, int64_t deadline);

    /*
     * Makes a commit durable. One is pending at a time. 0; BERTH_PENDING: berth_store_committed()
     * tells later, from any thread, also before this returns. Then what `commit` points to stays
     * valid until that call.
     *
     * The store may send a commit again whose outcome it does not know: epoch and sequence name it.
     *
     * Against `max_rows` a deleted row counts as one change, against `max_bytes` as no bytes.
     *
     * -ESTALE     a later opening has fenced this one. Nothing has become durable
     * -ENOSPC, …  any other negative errno value: certainly nothing has become durable. The runtime
     *             may make another commit with the same number
     */
    int (*commit)(void *ctx, const berth_store_commit *commit);

    /*
     * Replaces everything by the rows that `next` gives, until that returns 0; it returns 1 with
     * each row, or a negative errno value, which replace returns. Blocks. May be larger than a
     * commit. Nothing is pending meanwhile. After a negative errno value the store has what it had.
     * After BERTH_UNCERTAIN() it has what it had, or all of these rows. Part of a save: the mark
     * that `open` noted (BERTH_STORE_ARRIVING) keeps others from opening it after a failure.
     */
    int (*replace)(void *ctx, uint64_t epoch, uint64_t sequence,
                   int (*next)(void *arg, berth_store_change *row), void *arg);

    /*
     * Gives the store back. What is committed stays. Called once after each open that gave 0, also
     * if the load failed; not called after an open that failed. A commit may be pending if the
     * runtime has no threads (BERTH_NO_THREADS): what it points to is valid until close returns.
     */
    void (*close)(void *ctx);

    /*
     * Notes durably where the rows are: part of a save. Results as those of `commit`. Blocks; the
     * manager is locked. Nothing is pending meanwhile.
     */
    int (*set_place)(void *ctx, uint64_t epoch, berth_store_place place);

    /*
     * An opening deletes rows of another backend, and the epoch goes on; without it, it gives
     * -ENODEV. Stores need not look at this: `accept` returns 1 then, and `change` 0 for each row.
     */
    bool begin_anew;
} berth_store;

/*
 * The pending commit with this sequence number has ended. `result`: 0, a negative errno value or
 * BERTH_UNCERTAIN(). Operations go on on this thread, or in <manager>_poll, as with
 * berth_complete(): hooks and `done` functions may run before this returns. So the store must hold
 * no lock that they, or another commit, could need.
 *
 * 0         accepted
 * -ENOENT   no such commit is pending: it has been answered
 * -EINVAL   `result` is neither
 * -EDEADLK  from a callback that runs with the manager locked
 */
int berth_store_committed(berth_store_link link, uint64_t sequence, int result);

/*
 * Somebody else has the store. The manager begins no more hooks: all operations end with -ESTALE.
 * A hook that runs goes on to its end. `done` functions may run before this returns. A commit that
 * is pending must still be answered with berth_store_committed(); <manager>_destroy waits for that.
 * Look-ups may have answered what is old by then. Any thread; not from `open`. 0, or -EDEADLK.
 */
int berth_store_lost(berth_store_link link);

/*
 * A store that gives the rows of another one under other names: for a manager that has moved to a
 * host which calls its files or devices otherwise. It takes no commit: open the manager with it,
 * save that at once to the store that it will have here, and open that one.
 *
 *     berth_rekey_init(&rekey, received, rename, NULL);
 *     rc = scsi_open(NULL, &backend, NULL, &rekey.store, &disks, &error);
 *     if (rc == 0)
 *         rc = scsi_save(disks, own, &error);
 *
 * Handles stay as they are. Two instances that get the same key: open gives -EBADMSG, and nothing
 * is loaded. Rows of another version of the spec: -EINVAL. The rows of `inner` stay as they were,
 * whatever happens; a save marks it as moved.
 */
typedef struct berth_rekey {
    berth_store store; /* what <manager>_open gets; its address must not change meanwhile */
    const berth_store *inner;
    /*
     * Gets each field and each value of each instance, and may change `value`: parents first, and a
     * row's columns in their order. What it puts there must be valid until it is called for the
     * next row. It must not call the manager. An error ends the opening, which returns it.
     */
    int (*rename)(void *ctx, const char *resource, const berth_store_column *column,
                  berth_store_value *value);
    void *ctx;
    /* Its own. */
    berth_store_link link;
    const berth_store_table *tables;
    uint16_t n_tables;
} berth_rekey;

/* `inner` must outlive the opening. */
void berth_rekey_init(berth_rekey *rekey, const berth_store *inner,
                      int (*rename)(void *ctx, const char *resource,
                                    const berth_store_column *column, berth_store_value *value),
                      void *ctx);

/* Bytes of a row, as `max_bytes` counts: 8 for each number, 16 for a UUID, texts with their NUL. */
uint64_t berth_store_size(const berth_store_table *table, const berth_store_value *values);

#ifdef __cplusplus
}
#endif
#endif
