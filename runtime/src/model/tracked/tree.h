/* The lists that instances stand in: roots, and the children of each instance. */
#ifndef BERTH_SRC_TREE_H
#define BERTH_SRC_TREE_H

#include "../../base/linkage.h"
#include "instance.h"

/* Roots, or the children of one instance, in order of creation. `first`: where the first one is. */
internal void tree_add(struct instance **first, struct instance *instance);
internal void tree_remove(struct instance **first, struct instance *instance);

/* Walks a tree, children before their parent, siblings in order of creation. NULL after `root`. */
internal struct instance *tree_first_below(const struct berth_manager *manager,
                                           struct instance *root);
internal struct instance *tree_following(const struct berth_manager *manager,
                                         struct instance *instance);

/* Walks all trees, parents before children, siblings by age. NULL after the last. */
static inline struct instance *tree_next_down(const struct berth_manager *manager,
                                              struct instance *instance)
{
    struct instance *first = instance_first(manager, instance);

    if (first)
        return first;
    while (!instance->root && !instance_next(instance))
        instance = instance_above(instance);
    return instance_next(instance);
}

#endif
