/*
 * The state of one manager. Everything below `lock` is protected by it; what is above never changes
 * after create.
 */
#ifndef BERTH_SRC_MANAGER_H
#define BERTH_SRC_MANAGER_H

#include <berth/table.h>

#include "../base/hash.h"
#include "../base/linkage.h"
#include "../base/lock.h"
#include "../base/map.h"
#include "../base/pool.h"
#include "../base/strings.h"
#include "../base/uuid.h"

struct worker;
struct instance;
struct operation;

/* What the manager keeps for each assigned value of a resource. */
struct value {
    uint64_t next;    /* counter: the number it hands out next */
    struct pool pool; /* pool */
    struct map index; /* `indexed`: instances by this value */
    uint32_t link;    /* `indexed`: offset of its node in an instance */
};

/* Where things are in the memory of an instance of a resource. */
struct layout {
    const berth_resource *type;
    struct value *values;
    uint32_t children; /* bytes from the instance to where it has its first child; 0: none is ever
                          below it */
    uint32_t fixed;    /* bytes of a block, strings left out */
    uint32_t blocks;   /* instances that take memory; the rest never changes */
    uint8_t head; /* bytes of a block before the instance; 0: it is an only child, see instance.h */
    bool numbered;     /* it has counters, or values that it is found by */
    bool in_pools;     /* it has slots */
    bool hook_indexed; /* it is found by values that hooks give */
};

struct berth_manager {
    const berth_manager_type *type;
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
    struct instance *newest;   /* the last */
    struct operation *waiting; /* blocking calls that wait for a root */
    struct map stops;          /* roots that drains come to next; see drain.c */
    uint32_t last_root;        /* serial number of the newest root */
    uint32_t last_reservation; /* number of the newest */
    uint64_t last_call;
    uint64_t last_turn;    /* of an operation that waits for a root */
    uint64_t n_operations; /* that run or wait; a started one until its `done` is called */

    /* started operations; see scheduler.h */
    struct operation *ready, *last_ready; /* in the order they became so */
    uint64_t n_ready;
    uint64_t
        n_unscheduled; /* ready, and no thread is on its way to them; more than there are is fine
                           */
    struct worker *workers;
    struct sleeper *waits_for_idle; /* who waits for the last of them to leave; NULL: nobody */
    struct operation *deadlines;    /* the one that ends first */
    thread_id loop;                 /* the last that polled */
    struct sleeper *loop_sleeper;   /* of a blocking call of that thread, which sleeps; NULL: none
                                     does */
    uint32_t n_discards;
    bool has_loop;
};

/* The descriptor: all that the runtime knows of what a spec says. */
static inline const berth_manager_type *manager_type(const struct berth_manager *manager)
{
    return manager->type;
}

/* Has the backend this hook? */
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

/*
 * For a manager with limits: makes its hash tables, which do not grow later. 0 or -ENOMEM.
 */
internal int manager_prepare(struct berth_manager *manager);

/* Frees the block, and the maps and pools of the manager, which are empty. */
internal void manager_free(struct berth_manager *manager);

#endif
