/* The state of one manager. What is above `lock` is constant; the lock protects the rest. */
#ifndef BERTH_SRC_MANAGER_H
#define BERTH_SRC_MANAGER_H

#include <berth/table.h>

#include "../base/data/hash.h"
#include "../base/linkage.h"
#include "../base/sync/lock.h"
#include "../base/store/map.h"
#include "../base/store/pool.h"
#include "../base/data/strings.h"
#include "../base/data/uuid.h"

struct worker;
struct instance;
struct operation;
struct stored;

/* The manager's part of an assigned value of a resource. */
struct value {
    uint64_t next;    /* counter: the next number */
    struct pool pool; /* pool */
    struct map index; /* `indexed`: instances by this value */
    uint32_t link;    /* `indexed`: offset of its node in an instance */
};

/* Where the parts of an instance are in its block. */
struct layout {
    const berth_resource *type;
    struct value *values;
    /* offset of the pointer to the first child; 0: no resource is below this one */
    uint32_t children;
    uint32_t fixed;  /* bytes of a block without strings */
    uint32_t blocks; /* instances in memory; all other members are constant */
    uint8_t head; /* bytes of a block before the instance; 0: it is an only child, see instance.h */
    bool numbered;     /* it has counters or indexed values */
    bool in_pools;     /* it has slots */
    bool hook_indexed; /* hooks give values that it is found by */
};

struct berth_manager {
    const berth_manager_type *type; /* the descriptor: all that the runtime knows of a spec */
    berth_allocator allocator;
    berth_trace *trace;
    void *trace_ctx;
    struct hash_seed seed;
    berth_sets sets; /* how sets are hashed and compared */
    size_t size;     /* of this block, which also holds the copies of backend and options */
    void *backend;
    void *options;
    uint64_t hooks[4];      /* bit i: the backend has hook i */
    struct layout *layouts; /* by resource id */
    void (*wake)(void *ctx);
    void *wake_ctx;
    uint16_t max_out;   /* bytes that the out-values of any hook need, in whole words of 8 */
    uint8_t max_levels; /* of any path */

    struct lock lock;
    struct uuid_source uuids;
    struct map instances;
    struct map reservations;
    struct map calls;          /* that have a token and are not completed */
    struct instance *roots;    /* in order of creation; the first */
    struct operation *waiting; /* blocking calls that wait for a root */
    struct map stops;          /* drains by the next root: see pending_drains.h */
    uint32_t last_root;        /* serial number of the newest root */
    uint32_t last_reservation; /* number of the newest */
    uint64_t last_call;
    uint64_t last_turn;    /* of an operation that waits for a root */
    uint64_t n_operations; /* that run or wait; a started one until its `done` is called */

    /* started operations; see scheduler.h */
    struct operation *ready, *last_ready; /* the ready list: first and last */
    uint64_t n_ready;
    uint64_t n_unscheduled; /* ready, and no thread is on its way to them; it may be too large */
    struct worker *workers;
    /* of the thread that waits until there are no workers, or no operations; or NULL */
    struct sleeper *waits_for_idle;
    struct operation *deadlines;  /* the operation whose deadline comes first */
    thread_id loop;               /* the last thread that polled */
    struct sleeper *loop_sleeper; /* of that thread, while it sleeps in a blocking call; or NULL */
    bool has_loop;

    struct stored *stored; /* what a spec with `store` has besides; NULL: the spec has none */
};

/* Takes the lock of a manager that a caller gave. -EINVAL: it is NULL. Else as lock_acquire(). */
static inline int manager_lock(struct berth_manager *manager)
{
    return manager ? lock_acquire(&manager->lock) : -EINVAL;
}

/* Of a spec with `store`, or NULL. With BERTH_NO_STORE no manager has it. */
static inline struct stored *manager_stored(const struct berth_manager *manager)
{
#ifdef BERTH_NO_STORE
    (void)manager;
    return NULL;
#else
    return manager->stored;
#endif
}

/* An operation is over. */
static inline void manager_end_operation(struct berth_manager *manager)
{
    manager->n_operations--;
#ifndef BERTH_NO_THREADS
    if (manager->n_operations == 0 && manager->waits_for_idle)
        sleeper_wake(manager->waits_for_idle);
#endif
}

/* Does the backend have this hook? */
static inline bool manager_has(const struct berth_manager *manager, uint8_t hook)
{
    return (manager->hooks[hook / 64] >> (hook % 64)) & 1;
}

/* The resource at `level` of the path that ends in `resource`. */
static inline uint8_t manager_path_resource(const berth_manager_type *type, uint8_t resource,
                                            uint8_t level)
{
    while (type->resources[resource].level > level)
        resource = type->resources[resource].parent;
    return resource;
}

/* Parts of the manager's block, which it keeps until destroy. */
struct manager_plan {
    size_t layouts, values, backend, options, storage, end; /* offsets */
    berth_storage_size text;                                /* of the options */
};

/* `text`: what the copies of the options take beside their struct. */
internal void manager_plan(const berth_manager_type *type, berth_storage_size text,
                           struct manager_plan *plan);

/* Sets up a zeroed block of that plan, which has its type and allocator. */
internal void manager_init(struct berth_manager *manager, const berth_config *config,
                           const void *options, const void *backend,
                           const struct manager_plan *plan);

/* Makes the hash tables of a manager with limits, which do not grow later. 0 or -ENOMEM. */
internal int manager_prepare(struct berth_manager *manager);

/* Frees the block, and the maps and pools of the manager, which are empty. */
internal void manager_free(struct berth_manager *manager);

#endif
