#include "drain.h"

#include "../model/stored/stored.h"
#include "../model/tracked/pending_drains.h"
#include "../model/tracked/reservation.h"
#include "../model/row.h"
#include "../model/tracked/tree.h"
#include "report/error.h"
#include "waiting/queue.h"
#include "report/trace.h"

/* Does the hook ask, and does the backend lack it? */
static bool is_mute(const struct berth_manager *manager, uint8_t hook)
{
    return hook > 0 && manager->type->hooks[hook].asks && !manager_has(manager, hook);
}

/*
 * One drop: follows the rows as steps_run() does when all hooks end ok, and changes nothing. Guards
 * see the instance's values, not its state. False: a row rejects. `state` is where the drop leads,
 * `calls` whether it calls a hook.
 */
static bool drop_leads(const struct berth_manager *manager, struct instance *instance,
                       uint16_t *state, bool *calls)
{
    const berth_resource *resource = instance_type(manager, instance);
    uint8_t event = resource->drop;

    *calls = false;
    while (event > 0) {
        struct row_ref ref = row_first(resource, row_cell(resource, *state, event).row,
                                       manager->options, instance_view(instance));
        struct target target;

        if (ref.row == 0 || ref.reject > 0)
            return false;
        if (ref.hook > 0 && manager_has(manager, ref.hook))
            *calls = true;
        else if (ref.hook > 0 && manager->type->hooks[ref.hook].absent > 0)
            return false;
        target = row_target(resource, ref.row,
                            is_mute(manager, ref.hook) ? BERTH_ANSWERED_UNKNOWN : BERTH_OK);
        *state = target.state;
        event = target.raise;
    }
    return true;
}

bool drain_has_work(const struct berth_manager *manager, struct instance *instance)
{
    const berth_resource *resource = instance_type(manager, instance);
    uint16_t state = instance->state;

    for (unsigned drops = 0; drops < resource->n_states; drops++) { /* as often as drops_again() */
        uint16_t before = state;
        bool calls;

        if (!drop_leads(manager, instance, &state, &calls) || state == before)
            return false;
        if (calls)
            return true;
        if (row_state_is(resource, state, BERTH_FINAL))
            return false;
    }
    return false;
}

void drain_begin(struct operation *operation)
{
    struct berth_manager *manager = operation->call.manager;

    operation->drain->last = manager->last_root;
    pending_drains_add(manager, operation->drain);
}

static void note_error(struct operation *operation)
{
    trace_refusal(operation, operation);
    if (operation->drain->code != 0)
        return;
    operation->drain->code = operation->code;
    error_fill(operation->error, operation->call.operation, operation);
}

static void forget_instance(struct operation *operation)
{
    operation_unload(operation);
    operation->code = 0;
    operation->where = (struct where){0};
    operation->called = false;
    operation->step = 0;
    operation->stage = STAGE_RESOLVE;
}

void drain_skip_root(struct operation *operation, struct instance *root, int code)
{
    struct drain *drain = operation->drain;

    if (operation->waits)
        queue_leave(operation);
    if (drain->root == root) /* else the root has ended */
        pending_drains_move(operation->call.manager, drain, instance_next(root));
    operation_load(operation, root);
    operation_fail(operation, code, (struct where){.resource = root->resource, .levels = 1});
    note_error(operation);
    if (operation->root)
        drain->begun = true; /* `at` is NULL: drain_next() leaves the root, which is loaded */
    else
        forget_instance(operation);
}

void drain_lose_root(struct operation *operation)
{
    struct drain *drain = operation->drain;

    drain->lost = false;
    drain->at = NULL; /* instances below the root have left the maps */
    drain->drops = 0;
    atomic_store(&operation->call.cancelled, drain->cancelled);
    operation->discarded = false;
    operation->called = false; /* no row reports the call */
    operation->in_step = false;
    operation->code = -ECANCELED;
    operation->where =
        (struct where){.resource = operation->levels[0].instance->resource, .levels = 1};
    note_error(operation);
    operation->stage = STAGE_RESOLVE;
}

/* Goes to the next root that it can own. True: it has to wait for the root. */
static bool next_root(struct operation *operation)
{
    struct drain *drain = operation->drain;

    while (!operation->root && drain->root && instance_entry(drain->root)->serial <= drain->last) {
        struct instance *root = drain->root;
        int rc;

        rc = queue_enter(operation, instance_as_root(root));
        if (rc > 0)
            return true;
        if (rc < 0)
            drain_skip_root(operation, root, rc);
    }
    return false;
}

/* Loads the next instance of the root that is to be released. False: there is none. */
static bool next_instance(struct operation *operation)
{
    const struct berth_manager *manager = operation->call.manager;
    struct drain *drain = operation->drain;

    while (drain->at) {
        struct instance *instance = drain->at;
        const berth_resource *resource = instance_type(manager, instance);
        uint8_t bit = (uint8_t)(1u << resource->level);
        bool leave = drain->leave & bit;

        drain->at = tree_following(manager, instance);
        drain->leave &= (uint8_t)~bit;
        if (leave || resource->drop == 0 || instance->n_children > 0)
            continue;
        operation_load_path(operation, instance);
        return true;
    }
    return false;
}

void drain_void_holds(struct berth_manager *manager, const struct level *level)
{
    if (level->holds == 0)
        return;
    if (level->instance->epoch == LAST_EPOCH)
        reservation_restart_epochs(manager);
    level->instance->epoch++;
}

/* Releases the root. False: others wait for it. */
static bool leave_root(struct operation *operation)
{
    operation->drain->begun = false;
    return queue_release(operation);
}

bool drain_next(struct operation *operation)
{
    struct berth_manager *manager = operation->call.manager;
    struct drain *drain = operation->drain;

    if (operation->n_levels > 0) { /* the instance that was released last */
        if (!drain->at && !leave_root(operation))
            return true; /* before its error is forgotten: the waiters may have to share it */
        forget_instance(operation);
    }
    if (drain->fresh)
        pending_drains_move(manager, drain, manager->roots);
    for (;;) {
        if (next_root(operation))
            return true;
        if (!operation->root)
            return false;
        if (!drain->begun) {
            drain->begun = true;
            pending_drains_move(manager, drain, instance_next(&operation->root->instance));
            drain->leave = 0;
            drain->at = tree_first_below(manager, &operation->root->instance);
        }
        if (next_instance(operation))
            return false;
        if (!leave_root(operation))
            return true;
    }
}

/* Has its drop led to another state, which has more to release? The bound ends cycles. */
static bool drops_again(struct operation *operation)
{
    const struct level *level = &operation->levels[operation->n_levels - 1];
    const berth_resource *resource = instance_type(operation->call.manager, level->instance);
    struct drain *drain = operation->drain;

    if (operation->code != 0 || (level->flags & LEVEL_ENDED) ||
        level->instance->state == level->state)
        return false;
    drain->drops++;
    return drain->drops < UINT8_MAX && drain->drops < resource->n_states;
}

void drain_finish_instance(struct operation *operation)
{
    struct drain *drain = operation->drain;

    if (operation->code != 0) {
        note_error(operation);
        drain->leave |= (uint8_t)((1u << (operation->n_levels - 1)) - 1);
    }
    if (drops_again(operation))
        drain->at = operation->levels[operation->n_levels - 1].instance;
    else
        drain->drops = 0;
    operation->stage = STAGE_RESOLVE;
}

/* Does the sweep remove the reservation? With a store, those that the store has no more. */
static bool is_swept(const struct berth_manager *manager, const struct reservation *reservation,
                     unsigned levels, enum sweep sweep)
{
    struct hold_set hold_set;

    if (sweep == SWEEP_ALL)
        return true;
    if (manager_stored(manager) && manager_stored(manager)->has_store)
        return stored_reservation(reservation, levels)->gone;
    hold_set = reservation_hold_set(reservation, levels);
    return sweep == SWEEP_EMPTY ? hold_set.held == 0
                                : reservation_is_released(manager, reservation, hold_set);
}

void drain_remove_reservations(struct berth_manager *manager, enum sweep sweep)
{
    size_t chain = 0;
    struct link *next = map_walk(&manager->reservations, NULL, &chain);

    while (next) {
        struct reservation *reservation = (struct reservation *)next;
        unsigned levels = reservation_levels(manager, reservation);

        next = map_walk(&manager->reservations, next, &chain);
        if (is_swept(manager, reservation, levels, sweep))
            reservation_remove(manager, reservation, levels);
        else
            reservation_drop_drained(manager, reservation);
    }
}

void drain_end(struct operation *operation)
{
    struct berth_manager *manager = operation->call.manager;

    pending_drains_move(manager, operation->drain, NULL);
    if (manager_stored(manager) && operation->code != 0 && operation->code != -ECANCELED &&
        !operation->discarded) { /* the store has refused its last commit */
        note_error(operation);
        operation->code = 0;
    }
    if (operation->discarded || operation->code != 0) {
        /* what it has released stays released, and nothing else has happened */
        drain_remove_reservations(manager, SWEEP_RELEASED);
        operation->code = operation->discarded ? operation_discard_code(operation) : -ECANCELED;
        if (operation->discarded)
            operation->where = (struct where){0};
        operation_report_error(operation, operation);
        return;
    }
    operation->code = operation->drain->code;
    drain_remove_reservations(manager, SWEEP_EMPTY);
}
