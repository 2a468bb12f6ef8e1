/* Drains that will come to a root. */
#ifndef BERTH_SRC_COMERS_H
#define BERTH_SRC_COMERS_H

#include "linkage.h"
#include "operation.h"

/* The hash of a drain in the manager's map of stops. */
internal map_hash comers_stop_hash;

/* The drain has begun, and comes to no root yet. */
internal void comers_begin(struct berth_manager *manager, struct drain *drain);

/*
 * The next root of the drain is `root`, or NULL: there is none. It is found by that root until it
 * begins to visit it.
 */
internal void comers_next(struct berth_manager *manager, struct drain *drain,
                          struct instance *root);

/* For comers_root_leaves(). */
internal void comers_go_on(struct berth_manager *manager, struct instance *root);

/* A root leaves the maps: drains must not meet it. */
static inline void comers_root_leaves(struct berth_manager *manager, struct instance *root)
{
    if (root->visited)
        comers_go_on(manager, root);
}

/* Numbers the roots anew, in the same order, because the numbers have run out. */
internal cold void comers_renumber(struct berth_manager *manager);

#endif
