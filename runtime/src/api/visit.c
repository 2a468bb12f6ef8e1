/* Visiting all instances and reservations. */
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
        if (!reservation_is_released(reservation_hold_set(at, reservation_levels(manager, at))))
            rc = visit(arg, at->id);
    lock_leave_callback(&manager->lock);
    reservation_put_back(manager, first);
    lock_release(&manager->lock);
    return rc;
}
