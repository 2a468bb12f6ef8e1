/*
 * A tracked thing. It is one block of memory, with these parts: an entry, by which it is found;
 * this header; the view that hooks see. Then a pointer to the first child, if the resource has
 * resources below it; a node per index; and the text of the view. The lock of a root is elsewhere:
 * see struct root_lock. An only child has no entry. Its resource has no key, and is the only one
 * below its parent, so its parent's pointer finds it.
 *
 * Memory is counted (`refs`): the maps, reservations, children and running operations each keep it.
 * So operations may still look at an instance that has ended, but find it no more.
 */
#ifndef BERTH_SRC_INSTANCE_H
#define BERTH_SRC_INSTANCE_H

#include <stdalign.h>
#include <string.h>

#include "../../base/linkage.h"
#include "../manager.h"

/* S3: the most holders of an instance. A build for tests may set a number within reach. */
#ifndef BERTH_MAX_HOLDERS
#define BERTH_MAX_HOLDERS UINT32_MAX
#endif

/* An operation may add its holders to counters below this without a check. */
#define BERTH_MANY_HOLDERS (BERTH_MAX_HOLDERS < UINT32_MAX ? 1 : UINT32_C(1) << 30)

/*
 * Epochs begin again when they run out. That takes a walk over all reservations, and every drain
 * ends with such a walk anyway. See reservation_restart_epochs().
 */
enum { EPOCH_BITS = 1, LAST_EPOCH = (1 << EPOCH_BITS) - 1 };

/*
 * The entry is before it and the view behind it. So its size is a multiple of any alignment that a
 * view may have.
 */
struct instance {
    uint32_t refs;      /* the memory is freed when it gets 0 */
    uint32_t holds;     /* reservations that hold it */
    uint32_t anonymous; /* anonymous references */
    uint32_t n_children;
    uint32_t size; /* of the block */
    uint16_t state;
    uint8_t resource;
    bool root : 1;
    bool ended : 1;
    bool only : 1;    /* an only child */
    bool locked : 1;  /* a root: an operation owns it, or `waking` */
    bool awaited : 1; /* a root: its lock has lines; somebody waits, or did */
    bool waking : 1;  /* a root without an owner, whose waiters are being woken */
    bool visited : 1; /* a root: a drain will come to it, or did */
    /* goes on when a drain ends all holds: holds of another epoch do not count */
    uint8_t epoch : EPOCH_BITS;
};

/* Finds an instance, unless it is an only child. */
struct entry {
    alignas(uint64_t) struct link link; /* first; in the manager's map */
    uint32_t hash;
    uint32_t serial;       /* of a root: grows in order of creation */
    struct instance *next; /* the next sibling, in order of creation */
    union {
        /* the previous sibling; of the first: the last */
        struct instance *previous;
        struct root_lock *lock; /* of a `locked` root; it has `previous` then */
    };
};

/* An instance without a parent. Operations take turns on it and on what is below it. */
struct root {
    struct entry entry;
    struct instance instance;
};

/*
 * The lock of a root, in the block of the operation that owns the root. While the root is `waking`,
 * it is in the block of the operation that released it: see waiters.h.
 */
struct root_lock {
    struct instance *previous;  /* the root's */
    struct operation *lines[2]; /* if the root is `awaited`: the first of each line, see queue.h */
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

static inline void *instance_view(struct instance *instance)
{
    return instance + 1;
}

/* The parent of an instance that has one: its view begins with a pointer to the parent's. */
static inline struct instance *instance_above(const struct instance *child)
{
    void *view;

    memcpy(&view, child + 1, sizeof view);
    return (struct instance *)view - 1;
}

/* The parent; NULL: it is a root. */
static inline struct instance *instance_parent(const struct instance *instance)
{
    return instance->root ? NULL : instance_above(instance);
}

/* The next sibling, or NULL. */
static inline struct instance *instance_next(struct instance *instance)
{
    return instance->only ? NULL : instance_entry(instance)->next;
}

static inline const berth_resource *instance_type(const struct berth_manager *manager,
                                                  const struct instance *instance)
{
    return manager->layouts[instance->resource].type;
}

/* Where the instance has its first child. NULL: its resource has none below it. */
static inline struct instance **instance_children(const struct berth_manager *manager,
                                                  struct instance *instance)
{
    uint32_t at = manager->layouts[instance->resource].children;

    return at > 0 ? (struct instance **)(void *)((char *)instance + at) : NULL;
}

/* The first child, or NULL. */
static inline struct instance *instance_first(const struct berth_manager *manager,
                                              struct instance *instance)
{
    struct instance **children = instance_children(manager, instance);

    return children ? *children : NULL;
}

internal struct root *instance_root(struct instance *instance);

/* The hash of an instance in the manager's map. */
internal map_hash instance_map_hash;

/* The hash of the key in `config`, below `parent`. */
internal uint32_t instance_key_hash(struct berth_manager *manager, const struct instance *parent,
                                    uint8_t resource, const void *config);

/* The instance with the key in `config`, or NULL. */
internal struct instance *instance_find(struct berth_manager *manager, struct instance *parent,
                                        uint8_t resource, const void *config, uint32_t hash);

/* The first field (1-based) beside the key that differs from `config`; 0: none does. */
internal uint8_t instance_conflict(struct berth_manager *manager, struct instance *instance,
                                   uint8_t resource, const void *config);

/*
 * Makes an instance with one ref, which nobody finds yet. Its slots are taken. `at`: the parts of
 * the slot of pool `at_pool` (1-based, 0: none). -ENOMEM, -ENOSPC, -EBUSY, or an error of the
 * caller's source of UUIDs: nothing has happened then.
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

/* The same for one that a store has: its assigned values are zero. NULL: there is no memory. */
internal struct instance *instance_restore(struct berth_manager *manager,
                                           const struct making *making);

/* Undoes instance_make(). */
internal void instance_unmake(struct berth_manager *manager, struct instance *instance);

/* Enters the maps, which take a ref. The instance's numbers are used up. */
internal void instance_link(struct berth_manager *manager, struct instance *instance);

/* The same for one that a store had, which has its next numbers, too: counters stay as they are. */
internal void instance_link_loaded(struct berth_manager *manager, struct instance *instance);

/* The instance and everything below it leave the maps. Their slots are free. */
internal void instance_end(struct berth_manager *manager, struct instance *instance);

/* Refs left for operations, which take them unchecked. Holders are refused earlier. */
enum { INSTANCE_SPARE_REFS = 1 << 24 };

static inline void instance_ref(struct instance *instance)
{
    instance->refs++;
}

/* The last ref is gone: frees the memory, and drops the ref to the parent. */
internal void instance_free(struct berth_manager *manager, struct instance *instance);

static inline void instance_unref(struct berth_manager *manager, struct instance *instance)
{
    if (--instance->refs == 0)
        instance_free(manager, instance);
}

#endif
