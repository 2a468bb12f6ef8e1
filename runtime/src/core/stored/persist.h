/*
 * Durability of one operation (rule S13). Before each hook call, and at its end, an operation notes
 * what has changed, and waits until that is durable. Nothing is taken away in memory before, so it
 * can be undone. What is new can be found by others at once: they wait for the root.
 *
 * The sched floor sends the commits: see sched/commit.h.
 */
#ifndef BERTH_SRC_PERSIST_H
#define BERTH_SRC_PERSIST_H

#include "../../base/linkage.h"
#include "../../model/stored/stored.h"
#include "../operation.h"

/* Level flags of these managers, besides those of operation.h. */
enum {
    LEVEL_NAMED = 32,  /* the owner's reference is in the instance's list */
    LEVEL_ADDED = 64,  /* the same, and not durable yet */
    LEVEL_LINKED = 128 /* made by this operation, in the maps, and not durable yet */
};

/* The part of an operation that only managers have whose spec has `store`; behind the operation. */
struct persist {
    struct commit commit;
    struct batch batch;
    const char *owner;            /* the caller's, or NULL */
    struct reference *references; /* made before the first call, for `take` */
    struct persist *next, **at;   /* in stored.blocking; `at` NULL: it is not there */
    uint64_t intent;              /* id of the root whose intent the store has, or 0 */
    uint8_t before;               /* enum keep_before */
    uint8_t called_level;         /* of the hook that was called since the last commit */
    uint8_t called_hook;          /* that hook */
    bool called;                  /* there was such a call */
    bool committed;               /* a commit is durable: no way back */
    bool linked;                  /* the reservation that it gives is in the map */
    bool at_end;                  /* nothing has to be kept any more */
    bool recovers;                /* it is a recovery: see recovery.h */
    bool refused;                 /* its first commit was refused: it may be tried again */
};

struct stored_block {
    struct operation operation;
    struct persist persist;
};

static inline struct persist *persist_of(const struct operation *operation)
{
    return (struct persist *)(void *)((char *)(uintptr_t)operation +
                                      offsetof(struct stored_block, persist));
}

static inline void persist_init(struct operation *operation, const char *owner)
{
    struct persist *persist = persist_of(operation);

    memset(persist, 0, sizeof *persist);
    persist->owner = owner;
    batch_init(&persist->batch, &operation->call.manager->allocator);
}

/* Is this thread in a hook of a call that blocks, or of a recovery, or in settle? */
internal bool persist_is_inside(const struct stored *stored);

/* For `stored.calls`. */
internal const struct stored_calls *persist_calls(void);

/* The changes of a commit are durable: what the store has now is noted at their subjects. */
internal void persist_note_kept(struct berth_manager *manager, const struct batch *batch);

/* Adds a commit to the manager's queue. */
internal void persist_queue(struct stored *stored, struct commit *commit);

/* Has it to wait for a discard of its root? Then persist_hold() notes its commit instead. */
internal bool persist_is_held(const struct operation *operation);
internal void persist_hold(struct stored *stored, struct commit *commit);

#endif
