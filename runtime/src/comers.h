/* Drains that will come to a root: each root knows them, so that it can leave. */
#ifndef BERTH_SRC_COMERS_H
#define BERTH_SRC_COMERS_H

#include "linkage.h"
#include "operation.h"

/*
 * The next root of the drain is `root`, or NULL: there is none. The root knows the drain from now
 * until that begins to visit it.
 */
INTERNAL void comers_next(struct operation *operation, struct instance *root);

/* For comers_root_leaves(). */
SHARED void comers_go_on(struct root *root);

/* A root leaves the maps: drains must not meet it. */
static inline void comers_root_leaves(struct instance *root)
{
    if (root->awaited)
        comers_go_on((struct root *)root);
}

#endif
