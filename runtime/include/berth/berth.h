/*
 * Berth runtime: what every generated manager has in common.
 *
 * Applications include the generated <manager>.h, which includes this file. See docs/runtime.md for
 * the whole contract.
 *
 * Caveats
 * - All functions of a manager may be called from any thread at any time, except <manager>_destroy,
 *   which must be the last one.
 * - Operations on different roots run in parallel; operations on the same root queue, first come
 *   first served.
 * - No lock is held while a hook runs. A hook may call the manager about another root; about its
 *   own it gets -EDEADLK, and so it does where blocking calls are 16 deep inside hooks that
 *   blocking calls run.
 * - Every operation can be started instead: it returns at once, and calls back at the end. See
 *   <manager>_op in the generated header.
 * - The trace callback, the for_each visitor and the function that gets the lines of a dump run
 *   with the manager locked: they must not call the manager (they get -EDEADLK) nor block.
 * - Functions return 0 or a negative errno value. Nothing is printed, no global is kept, nothing
 *   exits.
 */
#ifndef BERTH_BERTH_H
#define BERTH_BERTH_H

#include <stddef.h>
#include <stdint.h>

#include <berth/backend.h>
#include <berth/uuid.h>

#define BERTH_VERSION "0.1.0"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Where memory comes from. Both functions must be thread-safe, and must not call the manager (it
 * may be locked). `alloc` returns memory aligned for any type, or NULL. `release` gets the size
 * that was asked for; never NULL.
 */
typedef struct berth_allocator {
    void *(*alloc)(void *ctx, size_t size);
    void (*release)(void *ctx, void *memory, size_t size);
    void *ctx;
} berth_allocator;

/* A list or set of strings. `items` may be NULL when `count` is 0. */
typedef struct berth_strings {
    const char *const *items;
    uint32_t count;
} berth_strings;

/* How a row ended. */
typedef enum berth_outcome {
    BERTH_OK = 1,       /* the call ended ok, or the row has none */
    BERTH_FAILED,       /* the call failed */
    BERTH_UNSURE,       /* the call may have taken effect */
    BERTH_REJECTED,     /* the row rejects the event */
    BERTH_RELEASED,     /* no row ran: somebody else still holds the instance */
    BERTH_ANSWERED_YES, /* a hook that asks says that the effect is there */
    BERTH_ANSWERED_NO,
    BERTH_ANSWERED_UNKNOWN /* it could not tell */
} berth_outcome;

/* What the trace is told. */
typedef enum berth_trace_kind {
    BERTH_TRACE_ROW = 1, /* a row ran, or a release needed none */
    BERTH_TRACE_CALL,    /* a hook is called next; its row is told when it has ended */
    BERTH_TRACE_REFUSAL  /* an operation has failed, and no row has told that */
} berth_trace_kind;

struct berth_error;

/*
 * Something that happened. `manager`, `operation`, `resource`, `state`, `event`, `hook` and `next`
 * are static strings, and NULL where they do not apply. Everything else that is pointed to is valid
 * during the callback.
 */
typedef struct berth_transition {
    berth_trace_kind kind;
    const char *manager;   /* "scsi" */
    const char *operation; /* "map_to_guest"; "drain" */
    /* UUID that the operation is with or gives, 16 bytes; NULL: none, or not known yet */
    const unsigned char *reservation;
    const char *resource; /* "disk"; NULL with a refusal that is about none */
    const char *key;      /* of the instance, as in berth_error */
    const void *instance; /* typed view: const scsi_disk *; NULL with a refusal */
    const char *state;    /* before */
    const char *event;
    const char *hook;      /* "vm.add_disk"; NULL when no hook was called */
    berth_outcome outcome; /* of a row; else 0 */
    int error;        /* 0, or the negative errno value of the call, the reject or the operation */
    const char *next; /* state after a row; else NULL */
    /* time from the hook's start to its outcome; 0 when no hook was called, or has not ended */
    int64_t duration_ns;
    /*
     * For coverage: 1-based index into the manager's rows; 0 with BERTH_RELEASED, a refusal, and
     * for a hole in the table.
     */
    uint16_t row;
    const struct berth_error *refusal; /* what the caller of a refused operation gets; else NULL */
} berth_transition;

/*
 * See the caveats. An operation that fails is told once. If it failed with a row after its first
 * call, that row tells it. All others are refusals: arguments or a moment that are not valid, a
 * denial, nothing found, cancelled, late, discarded, and rows that failed before the first call,
 * which are not told themselves. A drain tells a refusal for each instance and root that it leaves
 * alone. Calls that callbacks make while the manager is locked (-EDEADLK) are not told.
 */
typedef void berth_trace(void *ctx, const berth_transition *transition);

/*
 * One line about what the trace was told, without a newline:
 *
 *   scsi_map_to_guest: mount "/img/a.vhdx"/1 reserved on mount: guest.mount ok -> mounted, 1200 us
 *   scsi_map_to_guest: mount "/img/a.vhdx"/1 reserved on mount: guest.mount starts
 *   scsi_reserve: refused: disk "/img/a.vhdx" attached: read_only: File exists
 *
 * The first two end in the reservation, as (reservation 7e1f...). Writes at most `size` bytes,
 * always NUL-terminated when size > 0; what is too long is cut between characters and marked "...".
 * Returns `line`. Thread-safe, also inside the callback.
 */
const char *berth_transition_text(const berth_transition *transition, char *line, size_t size);

/*
 * The end of a started operation: called exactly once, with what the blocking call would have
 * returned. No lock is held; it may call the manager (start, cancel, block, discard; destroy gets
 * -EDEADLK). The operation's block is the caller's again, or was given back.
 */
typedef void berth_done(void *arg, int code);

/*
 * Bytes of the block of a started operation, but for its out-values: `levels` of the longest path,
 * greatest numbers of results and of parts of a slot. For generated headers.
 */
#define BERTH_OP_SIZE(levels, returns, parts)                                                      \
    (BERTH_OP_BASE + (levels)*BERTH_OP_LEVEL +                                                     \
     (BERTH_OP_ASKED(levels, returns, parts) > BERTH_OP_DRAIN                                      \
          ? BERTH_OP_ASKED(levels, returns, parts)                                                 \
          : BERTH_OP_DRAIN))
#define BERTH_OP_BASE (28u * sizeof(void *) + 80u)
#define BERTH_OP_LEVEL (sizeof(void *) + 16u)
#define BERTH_OP_ASKED(levels, returns, parts)                                                     \
    (((levels) + (returns)) * sizeof(void *) + ((parts)*4u + 15u) / 8u * 8u)
#define BERTH_OP_DRAIN (5u * sizeof(void *) + 16u)

/*
 * Settings of a manager; every member may be zero. Copied by <manager>_create; what the pointers
 * lead to must outlive the manager.
 */
typedef struct berth_config {
    /* NULL: malloc and free; with BERTH_NO_MALLOC it must be given */
    const berth_allocator *allocator;
    berth_trace *trace; /* NULL: none, and nothing is spent on it */
    void *trace_ctx;
    /*
     * Makes a UUID: 0, or a negative errno value, which the operation then fails with (anything
     * else: -EPROTO). Runs with the manager locked. A reservation's must be neither nil nor in use
     * (-EEXIST). NULL: version 4, from a pool of random bytes that is safe across fork(), or from
     * libuuid where there is none. With BERTH_NO_LIBUUID it must be given, and <manager>_create
     * asks it once more, for the seed of the hash tables: where callers choose keys, what it makes
     * must be hard to guess.
     */
    int (*uuid)(void *ctx, uuid_t out);
    void *uuid_ctx;
    /*
     * For event loops: called when there is something for <manager>_poll to do, so that the loop
     * wakes up and calls it. Runs with the manager locked, on any thread: it must only signal
     * (write to an eventfd), and must not call the manager. NULL: the thread that lets a started
     * operation go on (it completes a hook, cancels, lets a root go, …) runs it on and calls its
     * `done`. With it, <manager>_poll does, on the thread that calls it; a start still runs its own
     * operation as far as it gets.
     */
    void (*wake)(void *ctx);
    void *wake_ctx;
} berth_config;

/* Bytes of an instance's key in berth_error, with the NUL; longer keys are cut and end in "...". */
#define BERTH_ERROR_KEY_SIZE 96

struct berth_field;

/*
 * Where an operation failed. Filled when the operation returns a negative value, zeroed when it
 * returns 0. The names are static strings and NULL where they do not apply. A value: it holds no
 * memory.
 *
 * <manager>_create says which argument, option or hook it refuses, <manager>_destroy what still
 * holds the manager.
 *
 * What ended before it ran, because it was late (-ETIMEDOUT), cancelled or discarded (-ECANCELED),
 * or would have waited for itself (-EDEADLK), names the root that it waited for or had been handed,
 * whatever it was to do below that. If it had not looked for one yet, that is what the caller's
 * first config names, and nothing where it was to be found by a value or a reservation.
 */
typedef struct berth_error {
    int code;              /* what the operation returned */
    const char *manager;   /* "scsi" */
    const char *operation; /* "map_to_guest" */
    const char *resource;
    const char *state; /* the state that rejected the event, or whose call failed */
    const char *event;
    const char *hook;
    /* not valid (-EINVAL; of create: an option), or the instance has it otherwise (-EEXIST) */
    const char *field;
    /* the instance, keys from the root on: "/img/layer.vhdx"/1; empty where there is none */
    char key[BERTH_ERROR_KEY_SIZE];
    const char *rule; /* of `deny`, which refused: its brief, or its condition as the spec has it */

    /* <manager>_create and <manager>_destroy only. */
    /* what is wrong, in words: "backend lacks" (`hook`), "option" (`field`), "backend is NULL" */
    const char *reason;
    const struct berth_field *limits; /* what the option may be; for berth_error_text() */
    uint32_t given, wanted; /* two versions that differ; 0 where they are not what is wrong */
    const char *holder;     /* an operation that has not ended: "map_to_guest" */
    /* of the instance that is held: reservations and anonymous references; children */
    uint32_t refs, children;
    uuid_t reservation; /* one that exists; nil: none is named */
} berth_error;

/*
 * One line about an error, without a newline:
 *
 *   scsi_map_to_guest: mount "/img/layer.vhdx"/1 reserved on mount: guest.mount: Input/output error
 *
 * Writes at most `size` bytes, always NUL-terminated when size > 0. Returns `line`. Thread-safe.
 */
const char *berth_error_text(const berth_error *error, char *line, size_t size);

/*
 * Bytes of a line of a dump, with the NUL; longer ones are cut between characters and end in "...".
 */
#define BERTH_DUMP_LINE_SIZE 512

/*
 * Gets a line of a dump, without a newline, valid during the call. 0 to go on; anything else ends
 * the dump and is what it returns.
 */
typedef int berth_put(void *arg, const char *line);

/*
 * "EIO" for EIO or -EIO; "ok" for 0; "E?" for a number that has no name here. Static string.
 * Thread-safe.
 */
const char *berth_errno_name(int error);

/* Version of the runtime that is linked: BERTH_VERSION of its headers. */
const char *berth_version(void);

/*
 * Now, in the nanoseconds that deadlines are given in (CLOCK_MONOTONIC). Thread-safe. With
 * BERTH_NO_CLOCK the library has none and the program defines it; built with BERTH_NO_THREADS too,
 * the library asks it for the durations of a trace and for the deadlines that callers give.
 */
int64_t berth_now(void);

#ifdef __cplusplus
}
#endif
#endif
