#include "look_up.h"

#ifndef BERTH_NO_THREADS

#include "trace.h"
#include "reach.h"
#include "ready.h"

enum sight { SEEN, ABSENT, BUSY /* nothing is loaded */ };

/* Does an operation run on it? */
static bool is_busy(const struct instance *root)
{
    return ((const struct root *)root)->owner != NULL;
}

static HOT enum sight by_keys(struct operation *operation, const berth_operation *type)
{
    struct berth_manager *manager = operation->call.manager;
    struct instance *at = NULL;

    UNROLL
    for (uint8_t i = 0; i < type->levels; i++) {
        uint8_t resource = path_resource(type_of(manager), type->resource, i);
        uint32_t hash;

        at = instance_find(manager, at, resource, operation->asked.config[i], &hash);
        if (!at) {
            reach_absent(operation, type, (struct where){.resource = resource, .levels = (uint8_t)(i + 1)});
            return ABSENT;
        }
        if (i == 0 && is_busy(at))
            return BUSY;
        operation->levels[operation->n_levels++].instance = at;
    }
    return SEEN;
}

static HOT enum sight by_value(struct operation *operation, const berth_operation *type)
{
    struct instance *instance =
        instance_find_by(operation->call.manager, type->resource, (uint8_t)(type->by - 1), operation->asked.by, operation->asked.at);

    if (!instance) {
        reach_absent(operation, type, (struct where){.resource = type->resource});
        return ABSENT;
    }
    if (is_busy(&instance_root(instance)->instance))
        return BUSY;
    operation->n_levels = type->levels;
    for (unsigned i = type->levels; i-- > 0 && instance; instance = instance->parent)
        operation->levels[i].instance = instance;
    return SEEN;
}

static HOT enum sight by_reservation(struct operation *operation, const berth_operation *type)
{
    struct grip grip;
    const struct reservation *reservation = reach_reservation(operation, type, &grip);

    if (!reservation)
        return ABSENT;
    if (!reservation->pins[0].instance->ended && is_busy(reservation->pins[0].instance))
        return BUSY;
    for (unsigned i = 0; i < type->levels; i++)
        operation->levels[operation->n_levels++].instance = reservation->pins[i].instance;
    return SEEN;
}

static HOT enum sight find(struct operation *operation, const berth_operation *type)
{
    if (type->form == BERTH_WITH)
        return by_reservation(operation, type);
    return type->by > 0 ? by_value(operation, type) : by_keys(operation, type);
}

static HOT bool look(struct operation *operation, const berth_operation *type)
{
    if (find(operation, type) == BUSY)
        return false;
    if (operation->code == 0)
        operation_results(operation, type);
    else
        trace_error(operation, operation);
    return true;
}

APART HOT bool look_up_run(struct operation *operation, const berth_operation *type)
{
    struct berth_manager *manager = operation->call.manager;
    struct level levels[BERTH_MAX_LEVELS];
    struct lane *lane;
    bool over;

    if (lock_share(&manager->lock, &manager->allocator, &lane) != 0)
        return false; /* it is told why when it tries again */
    operation->levels = levels;
    /* Else it might be this thread's to run what is ready, on its way out, or it is not to have anything of its stack any more. */
    over = !manager->ready && !(manager->dispatchers && ready_too_deep(manager)) && look(operation, type);
    lock_unshare(&manager->lock, lane);
    return over;
}

#endif
