/*
 * One running operation: a state machine in one block of memory.
 *
 * The block of a blocking call is on its thread's stack. That of a started operation is its
 * caller's, or the allocator's. execute_operation() runs it until it has to wait. Everything that
 * it needs to go on is in this block, and nothing on the C stack. The block notes the few numbers
 * of each instance (`struct level`). An operation that fails before its first call restores them:
 * rule S1. Before each hook call, and at the end, new and ended instances enter and leave the maps:
 * a commit.
 *
 * All of this needs the manager's lock, which is released only while a hook runs and while a thread
 * sleeps.
 */
#ifndef BERTH_SRC_OPERATION_H
#define BERTH_SRC_OPERATION_H

#include <stdatomic.h>
#include <stddef.h>

#include <berth/store.h>

#include "../base/linkage.h"
#include "../model/tracked/instance.h"
#include "../model/tracked/pending_drains.h"
#include "../model/tracked/reservation.h"

/* The handle that a hook gets. */
struct berth_call {
    struct node node; /* in the map of calls, while the call has an id and no outcome */
    berth_manager *manager;
    const char *operation;
    int64_t deadline;
    uint64_t id;          /* of its token; 0: it has none */
    berth_notify *notify; /* called on cancellation; or NULL */
    void *notify_ctx;
    int result; /* of berth_complete() */
    uint16_t out_size;
    uint8_t hook;
    bool completed;
    bool out_given;        /* with out-values of its own */
    atomic_bool cancelled; /* read without the lock */
    uint16_t row;          /* that the hook belongs to, of the resource of the operation's level */
    uint32_t root_hash; /* of the root's key, if the operation is `hashed`; here it fills a gap */
};

/* level.flags */
enum {
    LEVEL_MINE = 1,    /* the operation's reservation holds it */
    LEVEL_ENDED = 2,   /* by this operation or before it */
    LEVEL_FRESH = 4,   /* made by this operation and not yet in the maps */
    LEVEL_DROPPED = 8, /* by the operation's reservation; not yet noted there */
    LEVEL_CLEARED = 16 /* by drain: all holds have ended; not yet noted there */
};

/* One level of the operation's path, and what its instance was when the operation loaded it. */
struct level {
    struct instance *instance;
    uint32_t holds, anonymous, n_children; /* as in an instance: one copy takes all */
    uint16_t state;
    uint8_t flags;
};

/* The place of an error; 0: does not apply. */
struct where {
    uint16_t state;
    uint8_t resource, event, hook;
    uint8_t field;  /* 1-based, of the resource */
    uint8_t levels; /* of the path that the key is written for */
    uint8_t rule;   /* 1-based, of the operation's denies */
};

/*
 * The arguments of the caller. The pointers are the caller's. The arrays belong to the caller of a
 * blocking call, or are in a started operation's block.
 */
struct arguments {
    const void *const *config; /* one per level */
    const unsigned char *reservation;
    unsigned char *gives;
    const uint32_t *at;
    const void *by;
    void *const *results;
};

enum stage {
    STAGE_RESOLVE, /* find or make the instances: needs the root */
    STAGE_RUN,     /* steps and rows */
    STAGE_STORE,   /* waits until the store has its changes */
    STAGE_CALL,    /* everything is committed, a hook is to be called */
    STAGE_CALLED,  /* a hook was called; its outcome comes next */
    STAGE_DONE
};

struct operation {
    struct berth_call call; /* first, so that one is the other */

    /* the request */
    const berth_operation *type; /* NULL: drain */
    struct arguments arguments;
    berth_error *error; /* the caller's, or NULL */
    berth_done *done;   /* of a started operation, called at the end; NULL: a blocking call */
    void *done_arg;
    void *out;        /* buffer for the out-values of any hook of the manager */
    thread_id thread; /* a blocking call's; of a started operation only while `in_hook` */

    /* waiting */
    struct root *root;      /* owned */
    struct operation *next; /* in its line, a ring; or in the ready list */
    union {
        struct { /* while it `waits`, or is PROGRESS_BUSY */
            /* the root that it waits for; NULL: the first of its line knows it */
            struct root *queued;
            struct operation *previous; /* in its line */
            uint64_t turn;              /* grows in order of arrival */
        };
        struct root_lock lock; /* of the root, while it owns one */
    };
    union {
        struct {                                               /* a blocking call */
            struct operation *next_waiting, *previous_waiting; /* in the manager's list */
            struct sleeper *sleeper;                           /* NULL: its thread does not sleep */
        };
        struct { /* a started operation, in the manager's heap of deadlines while `watched` */
            struct operation *child, *sibling;
            struct operation *before; /* the sibling before it, or the parent of the first */
        };
    };

    struct level *levels; /* of its path */
    int64_t started;      /* time of the hook's start; only with a trace */

    /* progress, all of it zero at first */
    struct drain *drain;             /* NULL: an operation of the spec */
    struct reservation *reservation; /* BERTH_WITH: the caller's; BERTH_GIVES: the new one */
    struct where where;              /* of the first error; it is zeroed in one or two words */
    int code;
    uint8_t stage;
    uint8_t n_levels; /* loaded */
    uint8_t step;
    uint8_t level;  /* of the step that runs */
    uint8_t event;  /* whose row is next; 0: none */
    bool called;    /* a hook: S1 no longer applies */
    bool report;    /* rows to the trace callback */
    bool discarded; /* by berth_manager_discard() */
    bool absent;    /* nothing was found, which the operation allows */
    bool in_step;   /* the step has begun: `level` and `event` are its own */
    bool in_hook;   /* `thread` is inside its hook */
    bool ready;     /* in the ready list */
    bool watched;   /* in the heap of deadlines */
    bool changed;   /* some level has flags for the next commit */
    bool ran_ready; /* a blocking call has run the ready list: it may queue */
    bool waits;     /* in the queue of a root */
    bool hashed;    /* call.root_hash is known */
    /* it made its root, and another thread ran it up to its first hook: operation_step_back() */
    bool ahead;
    uint16_t block; /* bytes that go back to the allocator; 0: the block is the caller's */
};

enum progress {
    PROGRESS_DONE,
    PROGRESS_QUEUED,  /* waits for a root */
    PROGRESS_BUSY,    /* would have to wait for a root; its thread runs the ready list first */
    PROGRESS_PENDING, /* waits for a completion */
    PROGRESS_STORE,   /* waits until the store has its changes; commit_send() comes next */
    PROGRESS_READY,   /* a hook comes next, and may not be called here */
    /* the root is to be released, and others wait for it: waiters_wake() comes next */
    PROGRESS_RELEASED
};

/* Bytes of the first part of a block: the operation, and what it has besides with a store. */
static inline size_t operation_head(const struct berth_manager *manager)
{
    return sizeof(struct operation) + (manager_stored(manager) ? BERTH_OP_STORED : 0);
}

/* Bytes of a started operation's block. `type` NULL: drain. */
internal size_t operation_size(const struct berth_manager *manager, const berth_operation *type);

/* Does it wait until the store has its changes, while a commit is pending? */
internal cold bool operation_waits_for_store(const struct operation *operation);

/* Does it wait for a root, for a completion, or for the store? */
static inline bool operation_waits(const struct operation *operation)
{
    return operation->waits || (operation->stage == STAGE_CALLED && !operation->call.completed) ||
           (operation->stage == STAGE_STORE && operation_waits_for_store(operation));
}

/*
 * Can it be cancelled as if it had never been? Then it waits for its root, or owns it and has not
 * run. A drain: it is between two instances.
 */
static inline bool operation_is_new(const struct operation *operation)
{
    return operation->stage == STAGE_RESOLVE ||
           (operation->stage == STAGE_CALL && operation->ahead && !operation->called);
}

/* What a discarded operation ends with. The store may have been lost, which discards all. */
internal cold int operation_discard_code(const struct operation *operation);

/* Ends an operation that never began, without the lock. Returns its code. */
internal cold int operation_refuse(struct operation *operation);

/*
 * Its first hook is to be called, on another thread than this one. Until then the operation may be
 * cancelled as if it had never been. So it goes back to the state where it has just got its root.
 * False: it has made its root, and others may queue for that already. It stays where it is.
 */
internal cold bool operation_step_back(struct operation *operation);

/* Notes the first error of an operation; later ones are ignored. */
internal cold void operation_fail(struct operation *operation, int code, struct where where);

/* Reports the error of `by` as this operation's: to its caller, and to the trace. */
internal cold void operation_report_error(const struct operation *operation,
                                          const struct operation *by);

/* Notes the refusal of a request. */
static inline void operation_fail_request(struct operation *operation, berth_refusal refusal)
{
    operation_fail(
        operation, refusal.code,
        (struct where){.resource = refusal.resource, .field = refusal.field, .rule = refusal.rule});
}

/*
 * Sets what may be read before it is written. Zeroing the whole block takes longer than a look-up.
 * `type` NULL: drain.
 */
static inline void operation_init(struct operation *operation, struct berth_manager *manager,
                                  const berth_operation *type, int64_t deadline)
{
    struct berth_call *call = &operation->call;

    call->manager = manager;
    call->operation = type ? type->name : "drain";
    call->deadline = deadline;
    call->id = 0;
    call->notify = NULL;
    call->completed = false;
    atomic_init(&call->cancelled, false);
    operation->type = type;
    operation->error = NULL;
    operation->done = NULL;
    operation->root = NULL;
    operation->sleeper = NULL;
    memset(&operation->drain, 0, sizeof *operation - offsetof(struct operation, drain));
}

/* Notes the numbers of an instance. */
static inline void operation_note_level(struct level *level, struct instance *instance)
{
    level->instance = instance;
    level->holds = instance->holds;
    level->anonymous = instance->anonymous;
    level->n_children = instance->n_children;
    level->state = instance->state;
}

/* Restores the noted numbers. */
static inline void operation_restore_level(const struct level *level)
{
    level->instance->holds = level->holds;
    level->instance->anonymous = level->anonymous;
    level->instance->n_children = level->n_children;
    level->instance->state = level->state;
}

/* The resource of a level. */
static inline const berth_resource *operation_resource(const struct operation *operation,
                                                       unsigned level)
{
    const struct berth_manager *manager = operation->call.manager;

    return instance_type(manager, operation->levels[level].instance);
}

/* Loads level i with an instance, and keeps the instance's memory. */
static inline struct level *operation_load_at(struct operation *operation, unsigned i,
                                              struct instance *instance)
{
    struct level *level = &operation->levels[i];

    instance_ref(instance);
    operation_note_level(level, instance);
    level->flags = instance->ended ? LEVEL_ENDED : 0;
    operation->n_levels = (uint8_t)(i + 1);
    return level;
}

static inline struct level *operation_load(struct operation *operation, struct instance *instance)
{
    return operation_load_at(operation, operation->n_levels, instance);
}

/* Loads the whole path of an instance, root first. */
internal void operation_load_path(struct operation *operation, struct instance *instance);

/* Unloads all levels. */
static inline void operation_unload(struct operation *operation)
{
    while (operation->n_levels > 0)
        instance_unref(operation->call.manager, operation->levels[--operation->n_levels].instance);
}

/* Sets a flag for the next commit. */
static inline void operation_mark(struct operation *operation, struct level *level, uint8_t flag)
{
    level->flags |= flag;
    operation->changed = true;
}

/* Fills a result of the caller, if it is wanted. `instance` NULL: nothing was found. */
static inline void operation_fill_result(void *result, const berth_return *returns,
                                         struct instance *instance)
{
    if (result && instance)
        memcpy(result, (const char *)instance_view(instance) + returns->view_offset, returns->size);
    else if (result)
        memset(result, 0, returns->size);
}

/* Restores all levels, and unmakes new instances. */
internal cold void operation_undo(struct operation *operation);

#endif
