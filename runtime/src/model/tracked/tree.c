#include "tree.h"

/* Where a root has its `previous`. */
static struct instance **previous_at(struct instance *root)
{
    struct entry *entry = instance_entry(root);

    return root->locked ? &entry->lock->previous : &entry->previous;
}

void tree_add_root(struct berth_manager *manager, struct instance *root)
{
    struct instance *newest = manager->newest;

    *previous_at(root) = newest;
    if (newest)
        instance_entry(newest)->next = root;
    else
        manager->roots = root;
    manager->newest = root;
}

void tree_remove_root(struct berth_manager *manager, struct instance *root)
{
    struct instance *next = instance_entry(root)->next, *previous = *previous_at(root);

    if (previous)
        instance_entry(previous)->next = next;
    else
        manager->roots = next;
    if (next)
        *previous_at(next) = previous;
    else
        manager->newest = previous;
}

void tree_add_child(struct instance **first, struct instance *child)
{
    struct instance *last = child;

    if (*first) {
        last = instance_entry(*first)->previous;
        instance_entry(last)->next = child;
        instance_entry(*first)->previous = child;
    } else {
        *first = child;
    }
    instance_entry(child)->previous = last;
}

void tree_remove_child(struct instance **first, struct instance *child)
{
    struct instance *next = instance_entry(child)->next,
                    *previous = instance_entry(child)->previous;

    instance_entry(next ? next : *first)->previous = previous;
    if (*first == child)
        *first = next;
    else
        instance_entry(previous)->next = next;
}

struct instance *tree_first_below(const struct berth_manager *manager, struct instance *root)
{
    struct instance *first;

    while ((first = instance_first(manager, root)))
        root = first;
    return root;
}

struct instance *tree_following(const struct berth_manager *manager, struct instance *instance)
{
    struct instance *next;

    if (instance->root)
        return NULL;
    next = instance_next(instance);
    return next ? tree_first_below(manager, next) : instance_above(instance);
}
