/* Drains that will come to a root. */
#ifndef BERTH_SRC_PENDING_DRAINS_H
#define BERTH_SRC_PENDING_DRAINS_H

#include "../base/linkage.h"
#include "instance.h"

/* What drain needs besides. */
struct drain {
    struct link link; /* first; the first one of a stop, in the manager's map of them */
    struct drain *next, *previous; /* others with the same stop */
    struct instance *root; /* the next root to visit, which it may wait for, its stop; NULL: there
                              is none */
    struct instance *at;   /* the next instance of the root at work */
    uint32_t last;         /* serial number of the last root to visit */
    int code;              /* first error */
    uint8_t leave; /* bit l: the next instance of level l that comes is left alone, something below
                      it failed */
    uint8_t drops; /* of the instance at work that led to another state */
    bool fresh;    /* it has looked for no root yet */
    bool begun;    /* `at` is set for the root that is owned */
};

/* The hash of a drain in the manager's map of stops. */
internal map_hash pending_drains_hash;

/* The drain has begun, and comes to no root yet. */
internal void pending_drains_add(struct berth_manager *manager, struct drain *drain);

/*
 * The next root of the drain is `root`, or NULL: there is none. It is found by that root until it
 * begins to visit it.
 */
internal void pending_drains_move(struct berth_manager *manager, struct drain *drain,
                                  struct instance *root);

/* For pending_drains_root_leaves(). */
internal void pending_drains_pass_root(struct berth_manager *manager, struct instance *root);

/* A root leaves the maps: drains must not meet it. */
static inline void pending_drains_root_leaves(struct berth_manager *manager, struct instance *root)
{
    if (root->visited)
        pending_drains_pass_root(manager, root);
}

/* Numbers the roots anew, in the same order, because the numbers have run out. */
internal cold void pending_drains_renumber_roots(struct berth_manager *manager);

#endif
