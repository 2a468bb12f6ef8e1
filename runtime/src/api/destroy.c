/* Destroying and discarding a manager. */
#include <string.h>

#include "../base/store/memory.h"
#include "../core/drain.h"
#include "../core/stored/recovery.h"
#include "../core/report/error.h"
#include "../core/waiting/queue.h"
#include "../core/waiting/ready.h"
#include "../model/stored/stored.h"
#include "../model/tracked/reservation.h"
#include "../model/row.h"
#include "../model/tracked/tree.h"
#include "../sched/forget.h"
#include "../sched/scheduler.h"
#include "../sched/waiters.h"

static void name_instance(struct berth_manager *manager, struct instance *instance,
                          berth_error *error)
{
    const berth_resource *resource = instance_type(manager, instance);

    error->resource = resource->name;
    error->state = resource->states[instance->state];
    error_instance_key(error->key, manager, instance);
}

/* Names an operation that has not ended. One that owns a root comes first: its place is known. */
static void name_operation(struct berth_manager *manager, berth_error *error)
{
    const struct operation *found = manager->waiting ? manager->waiting : manager->ready;

    error->reason = "an operation has not ended";
    for (struct instance *at = manager->roots; at; at = instance_next(at)) {
        const struct operation *owner = queue_owner(instance_as_root(at));

        if (owner) {
            found = owner;
            name_instance(manager, at, error);
            break;
        }
    }
    if (found)
        error->holder = found->call.operation;
}

static void name_reservation(struct berth_manager *manager, berth_error *error)
{
    struct reservation *oldest = reservation_in_order(manager);

    memcpy(error->reservation, oldest->id, sizeof error->reservation);
    error->reason = "a reservation has not ended";
    if (!oldest->last->ended)
        name_instance(manager, oldest->last, error);
    reservation_put_back(manager, oldest);
}

static bool is_held(struct berth_manager *manager, struct instance *instance)
{
    return instance->anonymous > 0 || instance->n_children > 0 ||
           !row_state_is(instance_type(manager, instance), instance->state, BERTH_RESIDENT);
}

static void name_held(struct berth_manager *manager, struct instance *instance, berth_error *error)
{
    name_instance(manager, instance, error);
    error->refs = instance->holds + instance->anonymous;
    error->children = instance->n_children;
    error->reason = error->refs > 0 || error->children > 0 ? "it is held"
                    : is_held(manager, instance)           ? "it may not rest in this state"
                                                           : "it has something to drain";
}

/* Names the first thing that keeps the manager from its end. False: nothing does. */
static bool in_use(struct berth_manager *manager, berth_error *error)
{
    if (manager->n_operations > 0) {
        name_operation(manager, error);
        return true;
    }
    if (manager->reservations.count > 0) {
        name_reservation(manager, error);
        return true;
    }
    if (manager_stored(manager) && recovery_is_needed(manager_stored(manager))) {
        error->reason = "a root has to be recovered";
        return true;
    }
    for (struct instance *root = manager->roots; root; root = instance_next(root))
        for (struct instance *at = tree_first_below(manager, root); at;
             at = tree_following(manager, at))
            if (is_held(manager, at) || drain_has_work(manager, at)) {
                name_held(manager, at, error);
                return true;
            }
    return false;
}

/* Waits for threads that called the last `done`, and may still be in the manager. */
static int may_go(struct berth_manager *manager, berth_error *error)
{
    if (in_use(manager, error))
        return -EBUSY;
    scheduler_wait_idle(manager);
    return in_use(manager, error) ? -EBUSY : 0;
}

static int fail_destroy(const struct berth_manager *manager, int code, berth_error *error)
{
    error->code = code;
    error->manager = manager->type->name;
    error->operation = "destroy";
    return code;
}

int berth_manager_destroy(berth_manager *manager, berth_error *error)
{
    struct sleepers nobody = {0};
    berth_error own;
    int rc;

    if (!error)
        error = &own;
    memory_zero(error, sizeof *error);
    if (!manager)
        return 0;
    rc = lock_acquire(&manager->lock);
    if (rc != 0)
        return fail_destroy(manager, rc, error);
    rc = ready_inside(manager) ? -EDEADLK : may_go(manager, error);
    if (rc != 0) {
        (void)fail_destroy(manager, rc, error);
        lock_release(&manager->lock);
        return rc;
    }
    forget_all(manager, &nobody);
    lock_release(&manager->lock);
    if (manager_stored(manager))
        manager_stored(manager)->close(manager);
    lock_destroy(&manager->lock, &manager->allocator);
    manager_free(manager);
    return 0;
}

int berth_manager_discard(berth_manager *manager)
{
    struct sleepers woken = {0};
    int rc = manager_lock(manager);

    if (rc != 0)
        return rc;
    if (manager_stored(manager))
        return manager_stored(manager)->discard(manager, NULL);
    forget_all(manager, &woken);
    scheduler_leave(manager, &woken);
    return 0;
}

/* Fills the error of a discard that finds no root. */
static int fail_discard(struct berth_manager *manager, const berth_root *named, struct where where,
                        int code, berth_error *error)
{
    struct operation operation;

    operation_init(&operation, manager, NULL, BERTH_NO_DEADLINE);
    operation.arguments.config = &named->config;
    operation_fail(&operation, code, where);
    error_fill(error, named->operation, &operation);
    return code;
}

static struct instance *find_root(struct berth_manager *manager, const berth_root *named)
{
    uint32_t hash = instance_key_hash(manager, NULL, named->resource, named->config);

    return instance_find(manager, NULL, named->resource, named->config, hash);
}

int berth_manager_discard_root(berth_manager *manager, const berth_root *named, berth_error *error)
{
    struct where where = {.resource = named->resource, .levels = 1};
    struct sleepers woken = {0};
    struct instance *root;
    int rc;

    if (error)
        memory_zero(error, sizeof *error);
    if (!manager) {
        if (error)
            error->code = -EINVAL;
        return -EINVAL;
    }
    if (!named->config || named->wrong > 0) {
        where.levels = 0;
        where.field = named->wrong;
        return fail_discard(manager, named, where, -EINVAL, error);
    }
    rc = lock_acquire(&manager->lock);
    if (rc != 0)
        return fail_discard(manager, named, where, rc, error);
    if (stored_refuses(manager) < 0) {
        rc = stored_refuses(manager);
        lock_release(&manager->lock);
        return fail_discard(manager, named, (struct where){0}, rc, error);
    }
    root = find_root(manager, named);
    if (!root) {
        lock_release(&manager->lock);
        return fail_discard(manager, named, where, -ENOENT, error);
    }
    if (manager_stored(manager)) {
        rc = manager_stored(manager)->discard(manager, root);
        return rc == 0 ? 0 : fail_discard(manager, named, (struct where){0}, rc, error);
    }
    reservation_remove_below(manager, root);
    waiters_discard_busy(manager, instance_as_root(root), &woken);
    forget_root(manager, instance_as_root(root), false, &woken);
    scheduler_leave(manager, &woken);
    return 0;
}
