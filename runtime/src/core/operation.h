/*
 * One running operation: a state machine in one block of memory.
 *
 * The block of a blocking call is on its thread's stack; that of a started operation is its
 * caller's, or the allocator's. execute_operation() runs it as far as it gets; where it has to
 * wait, everything it needs to go on is in this block and nothing on the C stack. It keeps what the
 * few numbers of each instance were when it began (`struct level`); what fails before the first
 * call puts them back: that is rule S1. What it makes and ends enters and leaves the maps
 * ("commits") before each hook call and at its end.
 *
 * All of this happens with the manager's lock held, which is given up only while a hook runs and
 * while a thread sleeps.
 */
#ifndef BERTH_SRC_OPERATION_H
#define BERTH_SRC_OPERATION_H

#include <stdatomic.h>

#include "../base/linkage.h"
#include "../model/instance.h"
#include "../model/pending_drains.h"
#include "../model/reservation.h"

/* The handle that a hook gets. */
struct berth_call {
    struct node node; /* in the manager's map of calls while `id` is known and no outcome is */
    berth_manager *manager;
    const char *operation;
    int64_t deadline;
    uint64_t id;          /* of its token; 0: nobody arguments for one */
    berth_notify *notify; /* to be told of a cancellation; NULL: nobody */
    void *notify_ctx;
    int result; /* what berth_complete() was told */
    uint16_t out_size;
    uint8_t hook;
    bool completed;
    bool out_given;        /* with out-values of its own */
    atomic_bool cancelled; /* read without the lock */
    uint16_t row;          /* whose hook it is, of the resource of the operation's level */
    uint32_t root_hash; /* of the operation, if it is `hashed`: of its root's key. Here it takes no
                           room */
};

/* level.flags */
enum {
    LEVEL_MINE = 1,    /* the operation's reservation holds it */
    LEVEL_ENDED = 2,   /* by this operation or before it */
    LEVEL_FRESH = 4,   /* made by this operation and not yet in the maps */
    LEVEL_DROPPED = 8, /* by the operation's reservation; not yet noted there */
    LEVEL_CLEARED = 16 /* drain let all holders go; likewise */
};

/* One level of the operation's path, and what its instance was when the operation loaded it. */
struct level {
    struct instance *instance;
    uint32_t holds, anonymous, n_children; /* as in an instance, so that they are copied together */
    uint16_t state;
    uint8_t flags;
};

/* Where an error happened; 0: does not apply. */
struct where {
    uint16_t state;
    uint8_t resource, event, hook;
    uint8_t field;  /* 1-based, of the resource */
    uint8_t levels; /* of the path that the key is written from */
    uint8_t rule;   /* 1-based, of the operation's denies */
};

/*
 * What the caller passed. The pointers are the caller's; the arrays are those of a blocking call's
 * caller, or in a started operation's block.
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
    STAGE_RESOLVE, /* get at the instances: needs the root */
    STAGE_RUN,     /* steps and rows */
    STAGE_CALL,    /* everything is written back, a hook is to be called */
    STAGE_CALLED,  /* a hook answered that it is pending */
    STAGE_DONE
};

/* A new member that may be read before it is written is set in operation_init(), too. */
struct operation {
    struct berth_call call; /* first, so that one is the other */

    /* what is arguments */
    const berth_operation *type; /* NULL: drain */
    struct arguments arguments;
    berth_error *error; /* the caller's, or NULL */
    berth_done *done;   /* started: what to call at the end; NULL: a blocking call */
    void *done_arg;
    void *out;        /* room for the out-values of any hook of the manager */
    thread_id thread; /* a blocking call's; of a started operation only while `in_hook` */

    /* waiting */
    struct root *root;      /* owned */
    struct operation *next; /* in its line, a ring, or in the manager's list of what is ready */
    union {
        struct {                 /* while it `waits` */
            struct root *queued; /* the root that it waits for; NULL: that of the one before it in
                                    its line */
            struct operation *previous; /* in its line */
            uint64_t turn;              /* grows in the order they came */
        };
        struct root_lock lock; /* while it has a root: that root's */
    };
    union {
        struct {                                               /* a blocking call */
            struct operation *next_waiting, *previous_waiting; /* in the manager's list */
            struct sleeper *sleeper;                           /* NULL: nobody sleeps */
        };
        struct { /* a started operation, in the manager's heap of deadlines while `watched` */
            struct operation *child, *sibling;
            struct operation *before; /* the sibling before it, or the parent of the first */
        };
    };

    /* progress */
    struct reservation *reservation; /* BERTH_WITH: the caller's; BERTH_GIVES: the one to be given
                                      */
    int64_t started;                 /* that hook; only with a trace */
    struct where where; /* of the first error; all of this in one word, or two, to be zeroed at once
                           and read in parts */
    int code;
    uint8_t stage;
    uint8_t n_levels; /* loaded */
    uint8_t step;
    uint8_t level;  /* of the step that runs */
    uint8_t event;  /* whose row is next; 0: none */
    bool called;    /* a hook: S1 is behind us */
    bool report;    /* rows to the trace callback */
    bool discarded; /* by berth_manager_discard() */
    bool absent;    /* nothing found, and that is fine */
    bool in_step;   /* the step has begun: `level` and `event` are its own */
    bool in_hook;   /* `thread` is inside its hook */
    bool ready;     /* in the manager's list of what is ready */
    bool watched;   /* in the manager's heap of deadlines */
    bool changed;   /* some level has flags that a commit sees to */
    bool ran_ready; /* a blocking call has run what was ready: it may queue */
    bool waits;     /* in the queue of a root */
    bool hashed;    /* call.root_hash is known */
    bool ahead;     /* it has made its root and run up to its first hook, on another thread than its
                       own: see step_back() */
    uint16_t block; /* bytes to give back to the allocator at the end; 0: the block is the caller's
                     */

    struct drain *drain;  /* NULL: an operation of the spec */
    struct level *levels; /* room for the path */
};

enum progress {
    PROGRESS_DONE,
    PROGRESS_QUEUED, /* waits for a root */
    PROGRESS_BUSY,   /* would have to wait for a root, and its thread has other things to run first:
                        see scheduler_run_ready() */
    PROGRESS_PENDING, /* waits for a completion */
    PROGRESS_READY,   /* the next thing is a hook, and it may not be called here */
    PROGRESS_RELEASED /* lets its root go, which others wait for: waiters_wake() comes next */
};

/* Bytes of a started operation's block. `type` NULL: drain. */
internal size_t operation_size(const struct berth_manager *manager, const berth_operation *type);

/* Is what it waited for there, or has it nothing to wait for? */
static inline bool operation_waits(const struct operation *operation)
{
    return operation->waits || (operation->stage == STAGE_CALLED && !operation->call.completed);
}

/*
 * Can it still be as if it had never been: does it wait for its root, or has it that and not run
 * on? A drain: is it between two instances?
 */
static inline bool operation_is_new(const struct operation *operation)
{
    return operation->stage == STAGE_RESOLVE ||
           (operation->stage == STAGE_CALL && operation->ahead && !operation->called);
}

/*
 * Ends one that never began, for what is wrong with its arguments or its moment: fills in the
 * error. Its code. Without the lock.
 */
internal cold int operation_refuse(struct operation *operation);

/*
 * Its first hook is to be called, but not on this thread. Until it is, the operation may be
 * cancelled, and then nothing has happened: so it goes back to where it has just got its root.
 * False: it stays where it is. It has made its root, which others find to queue up there.
 */
internal cold bool operation_step_back(struct operation *operation);

/* The first error of an operation, and where; later ones are ignored. */
internal cold void operation_fail(struct operation *operation, int code, struct where where);

/* The same for a request that is refused. */
static inline void operation_fail_request(struct operation *operation, berth_refusal refusal)
{
    operation_fail(
        operation, refusal.code,
        (struct where){.resource = refusal.resource, .field = refusal.field, .rule = refusal.rule});
}

/*
 * Begins a blocking call's block. Every member is set that may be read before it is written, one by
 * one: zeroing the whole, of which most is written anyway, took longer than a look-up.
 */
static inline void operation_init(struct operation *operation, struct berth_manager *manager,
                                  const char *name, int64_t deadline)
{
    struct berth_call *call = &operation->call;

    call->manager = manager;
    call->operation = name;
    call->deadline = deadline;
    call->id = 0;
    call->notify = NULL;
    call->completed = false;
    atomic_init(&call->cancelled, false);
    operation->type = NULL;
    operation->error = NULL;
    operation->done = NULL;
    operation->root = NULL;
    operation->sleeper = NULL;
    operation->reservation = NULL;
    operation->code = 0;
    operation->where = (struct where){0};
    operation->stage = STAGE_RESOLVE;
    operation->n_levels = 0;
    operation->step = 0;
    operation->level = 0;
    operation->event = 0;
    operation->called = false;
    operation->report = false;
    operation->discarded = false;
    operation->absent = false;
    operation->in_step = false;
    operation->in_hook = false;
    operation->ready = false;
    operation->watched = false;
    operation->ran_ready = false;
    operation->waits = false;
    operation->ahead = false;
    operation->hashed = false;
    operation->changed = false;
    operation->block = 0;
    operation->drain = NULL;
}

/* Notes what the instance is. */
static inline void operation_note_level(struct level *level, struct instance *instance)
{
    level->instance = instance;
    level->holds = instance->holds;
    level->anonymous = instance->anonymous;
    level->n_children = instance->n_children;
    level->state = instance->state;
}

/* Makes the instance what was noted. */
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

/* Fills in level `n_levels`, and keeps the instance's memory. */
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

/* Fills in a level for the instance and each above it, root first. */
internal void operation_load_path(struct operation *operation, struct instance *instance);

/* Lets go of what is loaded. */
static inline void operation_unload(struct operation *operation)
{
    while (operation->n_levels > 0)
        instance_unref(operation->call.manager, operation->levels[--operation->n_levels].instance);
}

/* Notes for the next commit. */
static inline void operation_mark(struct operation *operation, struct level *level, uint8_t flag)
{
    level->flags |= flag;
    operation->changed = true;
}

/* Fills the caller's results. */
static inline void operation_results(const struct operation *operation, const berth_operation *type)
{
    void *const *results = operation->arguments.results;

    if (!results)
        return;
    for (uint8_t i = 0; i < type->n_returns; i++) {
        const berth_return *returns = &type->returns[i];

        if (!results[i])
            continue;
        if (operation->absent)
            memset(results[i], 0, returns->size);
        else
            memcpy(results[i],
                   (const char *)instance_view(operation->call.manager,
                                               operation->levels[returns->level].instance) +
                       returns->view_offset,
                   returns->size);
    }
}

/* Puts back what the instances were, and unmakes those that are new. */
internal cold void operation_undo(struct operation *operation);

#endif
