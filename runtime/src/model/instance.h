/*
 * A tracked thing. One block of memory holds all of it: an entry, by which it is found; this
 * header; the view that hooks see; where the resource has resources below it, a pointer to the
 * first child; a node per index; and the text that the view points to. What an instance has only
 * for a while is elsewhere: see struct root_lock. An only child has no entry: its resource has no
 * key and no other beside it, so that its parent's pointer finds it.
 *
 * Memory is counted (`refs`): the maps, reservations, children and running operations each keep it.
 * An instance that has ended may therefore still be looked at, but is found by nobody.
 */
#ifndef BERTH_SRC_INSTANCE_H
#define BERTH_SRC_INSTANCE_H

#include <stdalign.h>
#include <string.h>

#include "../base/linkage.h"
#include "manager.h"

/* S3: holders that an instance may have. A build for tests may set a number that they can reach. */
#ifndef BERTH_MAX_HOLDERS
#define BERTH_MAX_HOLDERS UINT32_MAX
#endif

/* Counters below this can take what one operation adds. */
#define BERTH_MANY_HOLDERS (BERTH_MAX_HOLDERS < UINT32_MAX ? 1 : UINT32_C(1) << 30)

/*
 * Epochs begin again when they run out, which takes a walk over all reservations, as every drain
 * ends with: see reservations_restart_epochs().
 */
enum { EPOCH_BITS = 1, LAST_EPOCH = (1 << EPOCH_BITS) - 1 };

/*
 * The entry is before it and the view behind it, so its size is a multiple of any member's of a
 * view.
 */
struct instance {
    uint32_t refs;      /* keeps the memory */
    uint32_t holds;     /* reservations that hold it */
    uint32_t anonymous; /* anonymous references */
    uint32_t n_children;
    uint32_t size; /* of the block */
    uint16_t state;
    uint8_t resource;
    bool root : 1;
    bool ended : 1;
    bool only : 1;              /* an only child */
    bool locked : 1;            /* a root: an operation owns it, or `waking` */
    bool awaited : 1;           /* a root: its lock has lines, in which somebody waits or did */
    bool waking : 1;            /* a root without an owner, whose waiters are being woken */
    bool visited : 1;           /* a root: a drain will come to it, or did */
    uint8_t epoch : EPOCH_BITS; /* goes on when drain lets all holders go: holds of another epoch
                                   hold nothing */
};

/* How it is found, unless it is an only child. */
struct entry {
    alignas(uint64_t) struct link link; /* first; in the manager's map */
    uint32_t hash;
    uint32_t serial;       /* of a root: grows in order of creation */
    struct instance *next; /* siblings in order of creation */
    union {
        struct instance *previous; /* of the first one: the last; of the first root: NULL */
        struct root_lock *lock;    /* while it is `locked`: its lock has `previous` */
    };
};

/* An instance without a parent: operations take turns on it and what is below. */
struct root {
    struct entry entry;
    struct instance instance;
};

/*
 * Who waits for a root that an operation has: in that operation's block. While the root is
 * `waking`, the lock is in the block of the operation that released it: see waiters.h.
 */
struct root_lock {
    struct instance *previous;  /* the root's */
    struct operation *lines[2]; /* those that wait, if the root is `awaited`: the first of each
                                   line, see queue.h */
};

static inline struct entry *instance_entry(struct instance *instance)
{
    return (struct entry *)(void *)instance - 1;
}

static inline struct instance *instance_of_entry(struct link *link)
{
    return (struct instance *)((struct entry *)link + 1);
}

static inline struct root *instance_as_root(struct instance *instance)
{
    return (struct root *)instance_entry(instance);
}

static inline void *instance_view(const struct berth_manager *manager, struct instance *instance)
{
    (void)manager;
    return instance + 1;
}

/* One that has a parent is known to have one: its view begins with a pointer to the parent's. */
static inline struct instance *instance_above(const struct instance *child)
{
    void *view;

    memcpy(&view, child + 1, sizeof view);
    return (struct instance *)view - 1;
}

/* Its parent; NULL: it is a root. */
static inline struct instance *instance_parent(const struct instance *instance)
{
    return instance->root ? NULL : instance_above(instance);
}

/* The next of its siblings, or NULL. */
static inline struct instance *instance_next(struct instance *instance)
{
    return instance->only ? NULL : instance_entry(instance)->next;
}

static inline const berth_resource *instance_type(const struct berth_manager *manager,
                                                  const struct instance *instance)
{
    return manager->layouts[instance->resource].type;
}

/* Where it has its first child; NULL: its resource has none below it. */
static inline struct instance **instance_children(const struct berth_manager *manager,
                                                  struct instance *instance)
{
    uint32_t at = manager->layouts[instance->resource].children;

    return at > 0 ? (struct instance **)(void *)((char *)instance + at) : NULL;
}

/* Its first child, or NULL. */
static inline struct instance *instance_first(const struct berth_manager *manager,
                                              struct instance *instance)
{
    struct instance **children = instance_children(manager, instance);

    return children ? *children : NULL;
}

internal struct root *instance_root(struct instance *instance);

/* The hash of an instance in the manager's map. */
internal map_hash instance_map_hash;

/* The hash of the key that `config` has, below `parent`. */
internal uint32_t instance_key_hash(struct berth_manager *manager, const struct instance *parent,
                                    uint8_t resource, const void *config);

/* The one with that key, or NULL. */
internal struct instance *instance_find(struct berth_manager *manager, struct instance *parent,
                                        uint8_t resource, const void *config, uint32_t hash);

/*
 * The first field that is not part of the key and that it has otherwise than `config`, 1-based; 0:
 * there is none.
 */
internal uint8_t instance_conflict(struct berth_manager *manager, struct instance *instance,
                                   uint8_t resource, const void *config);

/*
 * Makes one that is found by nobody yet; its slots are taken. `at`: parts of the slot of pool
 * `at_pool` (1-based, 0: none). It has one ref. -ENOMEM, -ENOSPC, -EBUSY, or the error of the
 * caller's own UUIDs; then nothing has happened.
 */
struct making {
    struct instance *parent;
    const void *config;
    const uint32_t *at;
    uint32_t hash;
    uint16_t state;
    uint8_t resource;
    uint8_t at_pool;
};
internal int instance_make(struct berth_manager *manager, const struct making *making,
                           struct instance **out);

/* Takes instance_make back. */
internal void instance_unmake(struct berth_manager *manager, struct instance *instance);

/* Lets it be found; its numbers are used up. The maps take a ref. */
internal void instance_link(struct berth_manager *manager, struct instance *instance);

/* It, and everything below, leaves the maps; their slots are free. */
internal void instance_end(struct berth_manager *manager, struct instance *instance);

/*
 * Refs that are left for operations, which may come and go without asking; what stays is refused
 * first.
 */
enum { INSTANCE_SPARE_REFS = 1 << 24 };

static inline void instance_ref(struct instance *instance)
{
    instance->refs++;
}

/* Nobody keeps its memory any more: frees it, and lets its parent go. */
internal void instance_free(struct berth_manager *manager, struct instance *instance);

static inline void instance_unref(struct berth_manager *manager, struct instance *instance)
{
    if (--instance->refs == 0)
        instance_free(manager, instance);
}

#endif
