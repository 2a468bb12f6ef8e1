/* The lists that instances stand in: roots, and the children of each instance. */
#ifndef BERTH_SRC_TREE_H
#define BERTH_SRC_TREE_H

#include "../../base/linkage.h"
#include "instance.h"

/* The newest root comes last. */
internal void tree_add_root(struct berth_manager *manager, struct instance *root);
internal void tree_remove_root(struct berth_manager *manager, struct instance *root);

/* `first`: where the parent has its first child. */
internal void tree_add_child(struct instance **first, struct instance *child);
internal void tree_remove_child(struct instance **first, struct instance *child);

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
