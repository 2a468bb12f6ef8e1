#include "tree.h"

static struct instance **previous_at(struct instance *instance)
{
    struct entry *entry = instance_entry(instance);

    return instance->locked ? &entry->lock->previous : &entry->previous;
}

void tree_add(struct instance **first, struct instance *instance)
{
    struct instance *last = instance;

    if (*first) {
        last = *previous_at(*first);
        instance_entry(last)->next = instance;
        *previous_at(*first) = instance;
    } else {
        *first = instance;
    }
    *previous_at(instance) = last;
}

void tree_remove(struct instance **first, struct instance *instance)
{
    struct instance *next = instance_entry(instance)->next, *previous = *previous_at(instance);

    *previous_at(next ? next : *first) = previous;
    if (*first == instance)
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
