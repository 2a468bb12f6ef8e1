#include "fast.h"

#ifndef BERTH_NO_THREADS /* small machines do without the code */

#include <errno.h>
#include <string.h>

#include "../model/row.h"
#include "../model/tracked/values.h"
#include "waiting/queue.h"
#include "waiting/ready.h"

/* Loads a level. False: its counters have to be checked, or its instance has ended. */
static inline bool fast_see(struct fast *fast, unsigned level, struct instance *instance)
{
    struct fast_level *seen = &fast->levels[level];

    seen->instance = instance;
    seen->resource = instance_type(fast->manager, instance);
    seen->holds = instance->holds;
    seen->anonymous = instance->anonymous;
    seen->state = instance->state;
    seen->held = false;
    seen->dropped = false;
    return !instance->ended && (instance->refs | instance->holds | instance->anonymous |
                                instance->n_children) < BERTH_MANY_HOLDERS;
}

/* Has the root no owner? Then no operation waits for it, and no drain is at work there. */
static inline bool fast_is_free(const struct instance *root)
{
    return !root->locked;
}

/* An instance is missing. True: the operation allows that. False: it fails at `where`. */
static cold bool fast_miss(struct fast *fast, int code, struct where where)
{
    if (code == -ENOENT && (fast->type->flags & BERTH_ABSENT_OK)) {
        fast->absent = true;
        return true;
    }
    fast->code = code;
    fast->where = where;
    return false;
}

/* False: an instance is missing, or has other fields. */
static bool fast_see_by_keys(struct fast *fast)
{
    const berth_operation *type = fast->type;
    struct instance *at = NULL;

    for (unsigned i = 0; i < type->levels; i++) {
        const void *config = fast->request->config[i];
        uint32_t hash = instance_key_hash(fast->manager, at, type->path[i], config);

        if (i == 0) {
            fast->hash = hash;
            fast->hashed = true;
        }
        at = instance_find(fast->manager, at, type->path[i], config, hash);
        if (!at)
            return fast_miss(fast, -ENOENT,
                             (struct where){.resource = type->path[i], .levels = (uint8_t)(i + 1)});
        if (!fast_see(fast, i, at) || (i == 0 && !fast_is_free(at)) ||
            (type->form == BERTH_OBTAIN &&
             instance_conflict(fast->manager, at, type->path[i], config) > 0))
            return false;
    }
    return true;
}

static bool fast_see_by_value(struct fast *fast)
{
    const berth_operation *type = fast->type;
    struct instance *at = values_find(fast->manager, type->resource, (uint8_t)(type->by - 1),
                                      fast->request->by, fast->request->at);

    if (!at)
        return fast_miss(fast, -ENOENT, (struct where){.resource = type->resource});
    for (unsigned i = type->levels; i-- > 0; at = instance_parent(at))
        if (!fast_see(fast, i, at) || (i == 0 && !fast_is_free(at)))
            return false;
    return true;
}

static bool fast_see_by_reservation(struct fast *fast)
{
    const berth_operation *type = fast->type;
    struct reservation *reservation =
        reservation_look_up(fast->manager, fast->request->reservation);
    struct hold_set hold_set = {0, 0, 0};
    struct instance *at;

    if (reservation)
        hold_set = reservation_hold_set(reservation, type->levels);
    if (!reservation || reservation_is_released(fast->manager, reservation, hold_set))
        return fast_miss(fast, -ENOENT, (struct where){0});
    if (reservation_is_releasing(hold_set) && !(type->flags & BERTH_ENDS))
        return fast_miss(fast, -ECANCELED, (struct where){0});
    fast->reservation = reservation;
    at = reservation->last;
    for (unsigned i = type->levels; i-- > 0; at = instance_parent(at)) {
        if (!fast_see(fast, i, at) || (i == 0 && !fast_is_free(at)))
            return false;
        fast->levels[i].held = (hold_set.held >> i) & 1;
    }
    return true;
}

/* Follows an event. False: it does more than lead to a state that is not final. */
static inline bool fast_move(struct fast_level *seen, uint8_t event)
{
    uint16_t to = event > 0 ? row_cell(seen->resource, seen->state, event).plain : 0;

    if (to == 0)
        return false;
    seen->state = to;
    return true;
}

/* Releases the caller's own hold. */
static inline void fast_release_hold(struct fast *fast, struct fast_level *seen, bool with)
{
    if (with) {
        seen->held = false;
        seen->dropped = true;
        fast->dropped = true;
        seen->holds--;
    } else if (seen->anonymous > 0) {
        seen->anonymous--;
    }
}

/* Runs a step. False: the general path has to run it. */
static inline bool fast_do_step(struct fast *fast, berth_step step, bool with)
{
    struct fast_level *seen = &fast->levels[step.level];
    bool is_drop = step.event == seen->resource->drop;

    if (with && !seen->held)
        return true;
    if (is_drop) {
        uint64_t holders = (uint64_t)seen->holds + seen->anonymous + seen->instance->n_children;
        bool own = with || seen->anonymous > 0;

        if (holders > own) {
            fast_release_hold(fast, seen, with);
            return true;
        }
    }
    if (!fast_move(seen, step.event))
        return false;
    if (is_drop)
        fast_release_hold(fast, seen, with);
    else if (!with && step.event == seen->resource->take)
        seen->anonymous++;
    return true;
}

static bool fast_do_steps(struct fast *fast)
{
    const berth_operation *type = fast->type;

    if (type->flags & BERTH_GIVES) {
        for (unsigned i = 0; i < type->levels; i++)
            if (!fast_move(&fast->levels[i], fast->levels[i].resource->take))
                return false;
    }
    for (unsigned i = 0; i < type->n_steps; i++)
        if (!fast_do_step(fast, type->steps[i], type->form == BERTH_WITH))
            return false;
    return true;
}

/* The operation succeeds: writes instances and reservation. */
static void fast_write_back(const struct fast *fast)
{
    struct reservation *reservation = fast->reservation;
    const unsigned n = fast->type->levels;
    const uint8_t flags = fast->type->flags;

    for (unsigned i = 0; i < n; i++) {
        const struct fast_level *seen = &fast->levels[i];

        seen->instance->state = seen->state;
        seen->instance->anonymous = seen->anonymous;
        seen->instance->holds = seen->holds;
    }
    if (flags & BERTH_GIVES) {
        reservation_link(fast->manager, reservation, fast->levels[n - 1].instance, n);
        memcpy(fast->request->gives, reservation->id, sizeof(uuid_t));
    } else if (flags & BERTH_ENDS) {
        for (unsigned i = 0; i < n; i++)
            fast->levels[i].instance->holds -= fast->levels[i].held;
        reservation_remove(fast->manager, reservation, n);
    } else if (fast->dropped) {
        for (unsigned i = 0; i < n; i++)
            if (fast->levels[i].dropped)
                reservation->holds[i] = HOLD_DROPPED;
    }
}

static void fast_fill_results(const struct fast *fast)
{
    void *const *results = fast->request->results;

    for (unsigned i = 0; results && i < fast->type->n_returns; i++) {
        const berth_return *returns = &fast->type->returns[i];

        operation_fill_result(results[i], returns,
                              fast->absent ? NULL : fast->levels[returns->level].instance);
    }
}

/* Finds the instance of each level. False: the general path has to do it. */
static bool fast_find(struct fast *fast)
{
    if (fast->type->form == BERTH_WITH)
        return fast_see_by_reservation(fast);
    return fast->type->by > 0 ? fast_see_by_value(fast) : fast_see_by_keys(fast);
}

/* Fails with the lock held, at what was found. */
static cold int fast_fail(const struct fast *fast, berth_error *error)
{
    struct operation operation;
    struct level levels[BERTH_MAX_LEVELS];

    operation_init(&operation, fast->manager, fast->type, fast->request->deadline);
    operation.arguments = (struct arguments){.config = fast->request->config,
                                             .reservation = fast->request->reservation};
    operation.error = error;
    operation.levels = levels;
    for (unsigned i = 0; i + 1u < fast->where.levels; i++)
        levels[operation.n_levels++].instance = fast->levels[i].instance;
    operation_fail(&operation, fast->code, fast->where);
    if (fast->type->flags & BERTH_GIVES)
        memset(fast->request->gives, 0, sizeof(uuid_t));
    operation_report_error(&operation, &operation);
    return fast->code;
}

static inline int fast_change(struct fast *fast, berth_error *error)
{
    fast->found = fast_find(fast);
    if (!fast->found || (!fast->absent && !fast_do_steps(fast)))
        return FAST_NOT;
    if (fast->type->flags & BERTH_GIVES) {
        fast->code = reservation_make(fast->manager, fast->type->levels, &fast->reservation);
        if (fast->code < 0)
            return fast_fail(fast, error);
    }
    fast_fill_results(fast);
    if (!fast->absent)
        fast_write_back(fast);
    return 0;
}

/* Has the thread nothing else to do? Ready operations come first, and deep nesting is an error. */
static inline bool fast_is_alone(const struct berth_manager *manager)
{
    return !manager->ready && !(manager->workers && ready_too_deep(manager));
}

/* Look-ups share the lock. */
static noinline int fast_run_look_up(struct fast *fast, berth_error *error)
{
    struct berth_manager *manager = fast->manager;
    struct reader_slot *slot;
    int rc = 0;

    if (lock_share(&manager->lock, &manager->allocator, &slot) != 0)
        return FAST_NOT; /* the general path finds out why */
    if (!fast_is_alone(manager))
        rc = FAST_NOT;
    else if (fast_find(fast))
        fast_fill_results(fast);
    else
        rc = fast->code < 0 ? fast_fail(fast, error) : FAST_NOT;
    lock_unshare(&manager->lock, slot);
    return rc;
}

static inline void fast_init(struct fast *fast, struct berth_manager *manager,
                             const berth_operation *type, const berth_request *request)
{
    fast->manager = manager;
    fast->type = type;
    fast->request = request;
    fast->where = (struct where){0};
    fast->code = 0;
    fast->hashed = false;
    fast->found = false;
    fast->absent = false;
    fast->dropped = false;
    fast->locked = false;
}

int fast_run(struct fast *fast, struct berth_manager *manager, const berth_operation *type,
             const berth_request *request, berth_error *error)
{
    int rc;

    fast_init(fast, manager, type, request);
    if (type->flags & BERTH_LOOK_UP)
        return fast_run_look_up(fast, error);
    if (type->form == BERTH_CREATE || manager->trace || lock_acquire(&manager->lock) != 0)
        return FAST_NOT;
    rc = fast_is_alone(manager) ? fast_change(fast, error) : FAST_NOT;
    if (rc == FAST_NOT)
        fast->locked = true;
    else
        lock_release(&manager->lock);
    return rc;
}

int fast_look_up(struct fast *fast, struct berth_manager *manager, const berth_operation *type,
                 const berth_request *request, berth_error *error)
{
    fast_init(fast, manager, type, request);
    return fast_run_look_up(fast, error);
}

void fast_hand_on(const struct fast *fast, struct operation *operation)
{
    operation->call.root_hash = fast->hash;
    operation->hashed = fast->hashed;
    if (!fast->found || fast->type->form == BERTH_OBTAIN)
        return;
    (void)queue_enter(operation, instance_as_root(fast->levels[0].instance)); /* the root is free */
    operation->reservation = fast->reservation;
    for (unsigned i = 0; i < fast->type->levels; i++) {
        const struct fast_level *seen = &fast->levels[i];

        operation_load_at(operation, i, seen->instance)->flags |=
            seen->held || seen->dropped ? LEVEL_MINE : 0;
    }
    operation->stage = STAGE_RUN;
}

#endif
