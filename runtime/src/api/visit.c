/* Visiting all instances and reservations. */
#include "../model/stored/owner.h"
#include "../model/stored/stored.h"
#include "../model/tracked/instance.h"
#include "../model/tracked/reservation.h"
#include "../model/tracked/tree.h"

static int visit_one(struct instance *instance, berth_visit *visit, void *arg)
{
    berth_item item = {
        .resource = instance->resource,
        .state = instance->state,
        .refs = instance->holds + instance->anonymous,
        .children = instance->n_children,
        .view = instance_view(instance),
        .parent = instance->root ? NULL : instance_view(instance_above(instance)),
    };

    return visit(arg, &item);
}

int berth_manager_for_each(berth_manager *manager, berth_visit *visit, void *arg)
{
    int rc = visit ? manager_lock(manager) : -EINVAL;

    if (rc != 0)
        return rc;
    lock_enter_callback(&manager->lock);
    for (struct instance *at = manager->roots; at && rc == 0; at = tree_next_down(manager, at))
        rc = visit_one(at, visit, arg);
    lock_leave_callback(&manager->lock);
    lock_release(&manager->lock);
    return rc;
}

int berth_manager_for_each_reservation(berth_manager *manager,
                                       int (*visit)(void *arg, const unsigned char *reservation),
                                       void *arg)
{
    struct reservation *first;
    int rc = visit ? manager_lock(manager) : -EINVAL;

    if (rc != 0)
        return rc;
    first = reservation_in_order(manager);
    lock_enter_callback(&manager->lock);
    for (struct reservation *at = first; at && rc == 0; at = reservation_next(at))
        if (!reservation_is_released(manager, at,
                                     reservation_hold_set(at, reservation_levels(manager, at))))
            rc = visit(arg, at->id);
    lock_leave_callback(&manager->lock);
    reservation_put_back(manager, first);
    lock_release(&manager->lock);
    return rc;
}

static int visit_owned(struct berth_manager *manager, const struct reservation *reservation,
                       int (*visit)(void *arg, const berth_reservation *reservation), void *arg)
{
    unsigned levels = reservation_levels(manager, reservation);
    const struct stored_reservation *part = stored_reservation(reservation, levels);
    struct hold_set hold_set = reservation_hold_set(reservation, levels);
    berth_reservation item = {
        .id = reservation->id,
        .owner = part->owner,
        .resource = reservation->last->resource,
        .view = instance_view(reservation->last),
        .held = hold_set.held,
        .releasing = part->releasing,
    };

    _Static_assert(sizeof item.states / sizeof *item.states == BERTH_MAX_LEVELS, "a state a level");
    for (struct instance *at = reservation->last; levels-- > 0; at = instance_parent(at))
        item.states[levels] = at->state;
    return reservation_is_released(manager, reservation, hold_set) ? 0 : visit(arg, &item);
}

int berth_stored_for_each_reservation(berth_manager *manager,
                                      int (*visit)(void *arg, const berth_reservation *reservation),
                                      void *arg)
{
    struct reservation *first;
    int rc = visit ? manager_lock(manager) : -EINVAL;

    if (rc != 0)
        return rc;
    first = reservation_in_order(manager);
    lock_enter_callback(&manager->lock);
    for (struct reservation *at = first; at && rc == 0; at = reservation_next(at))
        rc = visit_owned(manager, at, visit, arg);
    lock_leave_callback(&manager->lock);
    reservation_put_back(manager, first);
    lock_release(&manager->lock);
    return rc;
}

static int visit_references(struct berth_manager *manager, struct instance *instance,
                            int (*visit)(void *arg, const berth_reference *reference), void *arg)
{
    const struct reference *at;
    int rc = 0;

    owner_sort_references(manager, instance);
    at = stored_instance(manager, instance)->references;
    for (; at && rc == 0; at = at->next)
        rc = visit(arg, &(berth_reference){
                            .owner = at->owner,
                            .resource = instance->resource,
                            .view = instance_view(instance),
                        });
    return rc;
}

int berth_stored_for_each_reference(berth_manager *manager,
                                    int (*visit)(void *arg, const berth_reference *reference),
                                    void *arg)
{
    int rc = visit ? manager_lock(manager) : -EINVAL;

    if (rc != 0)
        return rc;
    lock_enter_callback(&manager->lock);
    for (struct instance *at = manager->roots; at && rc == 0; at = tree_next_down(manager, at))
        rc = visit_references(manager, at, visit, arg);
    lock_leave_callback(&manager->lock);
    lock_release(&manager->lock);
    return rc;
}

int berth_stored_for_each_owner(const berth_manager *manager, const void *view,
                                int (*visit)(void *arg, const char *owner), void *arg)
{
    const struct instance *instance = (const struct instance *)view - 1;
    const struct reference *at = stored_instance(manager, instance)->references;
    int rc = 0;

    for (; at && rc == 0; at = at->next)
        rc = visit(arg, at->owner);
    return rc;
}
