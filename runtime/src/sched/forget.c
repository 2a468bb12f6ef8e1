#include "forget.h"

#include "../core/drain.h"
#include "waiters.h"

void forget_root(struct berth_manager *manager, struct root *root, bool all, struct sleepers *woken)
{
    instance_ref(&root->instance);
    instance_end(manager, &root->instance);
    waiters_discard(root, all, woken);
    instance_unref(manager, &root->instance);
}

void forget_all(struct berth_manager *manager, struct sleepers *woken)
{
    drain_remove_reservations(manager, SWEEP_ALL);
    while (manager->roots)
        forget_root(manager, instance_as_root(manager->roots), true, woken);
    waiters_discard_busy(manager, NULL, woken);
    for (struct operation *operation = manager->ready; operation; operation = operation->next)
        if (operation_is_new(operation))
            waiters_cancel(operation, operation_discard_code(operation), woken);
}
