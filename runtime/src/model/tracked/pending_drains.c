#include "pending_drains.h"

#include <stddef.h>

/*
 * A stop is the root that a drain comes to next. When a root ends, its drains move to the next
 * root, and no others do. So drains are found by their stop. The first drain of a stop is in the
 * manager's map, the others are linked to it. Drains that have not begun share one stop, which is
 * no root.
 */

static uint32_t hash_of_stop(const struct berth_manager *manager, const struct instance *root)
{
    return hash_pair(&manager->seed, (uint64_t)(uintptr_t)root, 0);
}

uint32_t pending_drains_hash(const struct map *map, const struct link *link)
{
    const struct berth_manager *manager =
        (const struct berth_manager *)(const void *)((const char *)map -
                                                     offsetof(struct berth_manager, stops));

    return hash_of_stop(manager, ((const struct drain *)link)->root);
}

static struct drain *first_at(const struct berth_manager *manager, const struct instance *root)
{
    struct link *link = *map_chain(&manager->stops, hash_of_stop(manager, root));

    while (link && ((struct drain *)link)->root != root)
        link = link->next;
    return (struct drain *)link;
}

static void join_stop(struct berth_manager *manager, struct drain *drain)
{
    struct drain *first = first_at(manager, drain->root);

    drain->previous = first;
    drain->next = first ? first->next : NULL;
    if (drain->next)
        drain->next->previous = drain;
    if (first)
        first->next = drain;
    else
        map_link(&manager->stops, &manager->allocator, &drain->link,
                 hash_of_stop(manager, drain->root));
}

static void leave_stop(struct berth_manager *manager, struct drain *drain)
{
    uint32_t hash = hash_of_stop(manager, drain->root);

    if (drain->next)
        drain->next->previous = drain->previous;
    if (drain->previous) {
        drain->previous->next = drain->next;
    } else {
        map_detach(&manager->stops, &drain->link, hash);
        if (drain->next)
            map_attach(&manager->stops, &drain->next->link, hash);
        else
            map_release(&manager->stops);
    }
}

void pending_drains_add(struct berth_manager *manager, struct drain *drain)
{
    drain->fresh = true;
    join_stop(manager, drain);
}

void pending_drains_move(struct berth_manager *manager, struct drain *drain, struct instance *root)
{
    if (drain->root || drain->fresh)
        leave_stop(manager, drain);
    drain->fresh = false;
    drain->root = root;
    if (!root)
        return;
    join_stop(manager, drain);
    root->visited = true;
}

void pending_drains_pass_root(struct berth_manager *manager, struct instance *root)
{
    struct drain *drain;

    while ((drain = first_at(manager, root)))
        pending_drains_move(manager, drain, instance_next(root));
}

/* The number of roots with no greater serial number. */
static uint32_t rank(const struct berth_manager *manager, uint32_t serial)
{
    uint32_t n = 0;

    for (struct instance *at = manager->roots; at && instance_entry(at)->serial <= serial;
         at = instance_next(at))
        n++;
    return n;
}

void pending_drains_renumber_roots(struct berth_manager *manager)
{
    size_t chain = 0;

    for (struct link *link = map_walk(&manager->stops, NULL, &chain); link;
         link = map_walk(&manager->stops, link, &chain))
        for (struct drain *at = (struct drain *)link; at; at = at->next)
            at->last = rank(manager, at->last);
    manager->last_root = 0;
    for (struct instance *at = manager->roots; at; at = instance_next(at))
        instance_entry(at)->serial = ++manager->last_root;
}
