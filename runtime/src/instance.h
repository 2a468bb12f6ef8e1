/*
 * A tracked thing. One block of memory holds this header, the view that hooks see, a node per index, and the text the view points to.
 *
 * Memory is counted (`refs`): the maps, reservations, children and running operations each keep it. An instance that has ended may
 * therefore still be looked at, but is found by nobody.
 */
#ifndef BERTH_SRC_INSTANCE_H
#define BERTH_SRC_INSTANCE_H

#include "linkage.h"
#include "manager.h"

/* S3: holders that an instance may have. A build for tests may set a number that they can reach. */
#ifndef BERTH_MAX_HOLDERS
#define BERTH_MAX_HOLDERS UINT32_MAX
#endif

/* Counters below this can take what one operation adds. */
#define BERTH_MANY_HOLDERS (BERTH_MAX_HOLDERS < UINT32_MAX ? 1 : UINT32_C(1) << 30)

struct instance {
    struct node node; /* in the manager's map; first, so that one is the other */
    struct instance *parent;
    struct instance *next; /* siblings in order of creation; the first one's `previous` is the last */
    struct instance *previous;
    struct instance *children; /* the first */
    uint32_t size;             /* of the block */
    uint32_t refs;             /* keeps the memory */
    uint32_t pins;             /* reservations that hold it */
    uint32_t anonymous;        /* anonymous references */
    uint32_t n_children;
    uint32_t epoch; /* grows when drain lets all holders go: pins of an earlier epoch hold nothing */
    uint16_t state;
    uint8_t resource;
    bool ended;
    bool awaited; /* a root: somebody waits for it or will come to it, or did; else nobody */
};

/* An instance without a parent: operations take turns on it and what is below. */
struct root {
    struct instance instance;
    struct operation *owner;    /* the operation that runs */
    struct operation *lines[2]; /* those that wait: the first of each line, see queue.h */
    struct operation *comers;   /* drains whose next root it is, and that have not begun there: the first */
    uint64_t serial;            /* grows in order of creation */
};

static inline void *instance_view(const struct berth_manager *manager, struct instance *instance)
{
    return (char *)instance + manager->layouts[instance->resource].view;
}

static inline const berth_resource *instance_type(const struct berth_manager *manager, const struct instance *instance)
{
    return manager->layouts[instance->resource].type;
}

OWN struct root *instance_root(struct instance *instance);

/* The hash of the key that `config` has, below `parent`. */
OWN uint32_t instance_hash(struct berth_manager *manager, const struct instance *parent, uint8_t resource, const void *config);

/* The one with that key, or NULL. */
OWN struct instance *instance_find(struct berth_manager *manager, struct instance *parent, uint8_t resource, const void *config,
                                   uint32_t hash);

/*
 * The one that this assigned value (0-based; indexed), given as in berth_request, names, or NULL.
 */
OWN struct instance *instance_find_by(struct berth_manager *manager, uint8_t resource, uint8_t assigned, const void *by,
                                      const uint32_t *at);

/* The first field that is not part of the key and that it has otherwise than `config`, 1-based; 0: there is none. */
OWN uint8_t instance_conflict(struct berth_manager *manager, struct instance *instance, uint8_t resource, const void *config);

/* Number of the slot with these parts. False: one is outside its pool. */
OWN bool instance_slot(const struct berth_manager *manager, const berth_assigned *assigned, const uint32_t *at, uint64_t *slot);

/*
 * Makes one that is found by nobody yet; its slots are taken. `at`: parts of the slot of pool `at_pool` (1-based, 0: none).
 * It has one ref. -ENOMEM, -ENOSPC, -EBUSY, or the error of the caller's own UUIDs; then nothing has happened.
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
OWN int instance_make(struct berth_manager *manager, const struct making *making, struct instance **out);

/* Takes instance_make back. */
OWN void instance_unmake(struct berth_manager *manager, struct instance *instance);

/* Lets it be found; its numbers are used up. The maps take a ref. */
OWN void instance_link(struct berth_manager *manager, struct instance *instance);

/*
 * Takes the out-values of a call of `hook` into the view, and lets the instance be found by them.
 * It must be in the maps. False: another instance is found by one of them, so that this one is not.
 * Asks for no memory.
 */
OWN bool instance_accept(struct berth_manager *manager, struct instance *instance, uint8_t hook, const void *out);

/* It, and everything below, leaves the maps; their slots are free. */
OWN void instance_end(struct berth_manager *manager, struct instance *instance);

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
OWN void instance_free(struct berth_manager *manager, struct instance *instance);

static inline void instance_unref(struct berth_manager *manager, struct instance *instance)
{
    if (--instance->refs == 0)
        instance_free(manager, instance);
}

/* Walks a tree: children before their parent, siblings in order of creation. NULL after `root`. */
OWN struct instance *instance_first_below(struct instance *root);
OWN struct instance *instance_following(struct instance *instance);

/*
 * Walks all trees from the first root on: parents before their children, siblings in order of
 * creation. NULL: that was the last.
 */
static inline struct instance *instance_next_down(struct instance *instance)
{
    if (instance->children)
        return instance->children;
    while (instance->parent && !instance->next)
        instance = instance->parent;
    return instance->next;
}

#endif
