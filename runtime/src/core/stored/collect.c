#include "collect.h"

#include "../../model/stored/owner.h"
#include "../../model/stored/record.h"
#include "../../model/tracked/tree.h"

/* Reservations that end with the commit */

typedef void visit_leaving(struct berth_manager *manager, struct batch *batch,
                           struct reservation *reservation, unsigned levels);

/* Does the drain's drop at this level take the last hold of the reservation? */
static bool is_emptied(const struct reservation *reservation, unsigned levels, unsigned level)
{
    struct hold_set hold_set = reservation_hold_set(reservation, levels);

    return (hold_set.held & ~(1u << level)) == 0;
}

/* Is the hold in force? */
static bool is_in_force(const struct reservation *reservation, unsigned level,
                        const struct instance *instance)
{
    return (reservation->holds[level] & ~HOLD_RELEASING) == instance->epoch;
}

/* The instance whose holds a drain's drop ends with this commit; or NULL. */
static struct instance *cleared_instance(const struct operation *operation, enum keep_before before)
{
    const struct level *level;

    if (before != BEFORE_DROP)
        return NULL;
    level = &operation->levels[operation->n_levels - 1];
    return level->flags & LEVEL_CLEARED ? level->instance : NULL;
}

static void visit_emptied(struct operation *operation, const struct instance *cleared,
                          visit_leaving *visit)
{
    struct berth_manager *manager = operation->call.manager;
    const unsigned level = instance_type(manager, cleared)->level;
    struct naming *naming = stored_instance(manager, cleared)->namings;

    for (; naming; naming = naming->next) {
        unsigned levels = reservation_levels(manager, naming->reservation);

        if (is_in_force(naming->reservation, level, cleared) &&
            is_emptied(naming->reservation, levels, level))
            visit(manager, &persist_of(operation)->batch, naming->reservation, levels);
    }
}

/* All that hold nothing: the end of a drain removes them. */
static void visit_empty(struct operation *operation, visit_leaving *visit)
{
    struct berth_manager *manager = operation->call.manager;
    const struct map *map = &manager->reservations;
    size_t chain = 0;

    for (struct link *at = map_walk(map, NULL, &chain); at; at = map_walk(map, at, &chain)) {
        struct reservation *reservation = (struct reservation *)at;
        unsigned levels = reservation_levels(manager, reservation);
        const struct stored_reservation *part = stored_reservation(reservation, levels);

        if (!part->gone && !part->changing && reservation_hold_set(reservation, levels).held == 0)
            visit(manager, &persist_of(operation)->batch, reservation, levels);
    }
}

static bool ends_reservation(const struct operation *operation, enum keep_before before)
{
    return operation->type && (operation->type->flags & BERTH_ENDS) && before == BEFORE_END &&
           operation->code == 0;
}

static void visit_leaving_ones(struct operation *operation, enum keep_before before,
                               visit_leaving *visit)
{
    const struct instance *cleared = cleared_instance(operation, before);

    if (ends_reservation(operation, before))
        visit(operation->call.manager, &persist_of(operation)->batch, operation->reservation,
              operation->type->levels);
    else if (cleared)
        visit_emptied(operation, cleared, visit);
    else if (!operation->type && before == BEFORE_END)
        visit_empty(operation, visit);
}

static void begin_leaving(struct berth_manager *manager, struct batch *batch,
                          struct reservation *reservation, unsigned levels)
{
    struct instance *instance = reservation->last;

    (void)batch;
    for (unsigned i = levels; i-- > 0; instance = instance_parent(instance))
        stored_instance(manager, instance)->leaving++;
}

/* The row of the reservation goes, and those of ended instances that only it named. */
static void record_leaving(struct berth_manager *manager, struct batch *batch,
                           struct reservation *reservation, unsigned levels)
{
    struct instance *instance = reservation->last;

    record_no_reservation(batch, manager, reservation);
    for (unsigned i = levels; i-- > 0; instance = instance_parent(instance)) {
        const struct stored_instance *part = stored_instance(manager, instance);

        if (instance->ended && part->kept && part->named == part->leaving &&
            part->namings->reservation == reservation) /* once, if several leave */
            record_no_instance(batch, manager, instance);
    }
}

static void end_leaving(struct berth_manager *manager, struct batch *batch,
                        struct reservation *reservation, unsigned levels)
{
    struct instance *instance = reservation->last;

    (void)batch;
    for (unsigned i = levels; i-- > 0; instance = instance_parent(instance))
        stored_instance(manager, instance)->leaving--;
}

/* Instances */

static void record_references(struct batch *batch, struct berth_manager *manager,
                              struct instance *instance)
{
    struct reference *at = stored_instance(manager, instance)->references;

    for (; at; at = at->next)
        record_reference(batch, manager, instance, at, true);
}

/* The instance ends. Its row stays while a reservation names it. */
static void record_end(struct batch *batch, struct berth_manager *manager,
                       struct instance *instance)
{
    const struct stored_instance *part = stored_instance(manager, instance);

    record_references(batch, manager, instance);
    if (part->named > part->leaving)
        record_instance(batch, manager, instance, true);
    else if (part->kept)
        record_no_instance(batch, manager, instance);
}

void collect_end(struct batch *batch, struct berth_manager *manager, struct instance *instance)
{
    struct instance *at = tree_first_below(manager, instance);

    for (; at != instance; at = tree_following(manager, at))
        record_end(batch, manager, at);
    record_end(batch, manager, instance);
}

/* May the last call have changed the values of the level's instance? */
static bool has_new_values(const struct operation *operation, unsigned level)
{
    const struct persist *persist = persist_of(operation);

    return persist->called && persist->called_level == level &&
           operation->call.manager->type->hooks[persist->called_hook].out_size > 0;
}

static void record_level(struct operation *operation, unsigned i)
{
    struct berth_manager *manager = operation->call.manager;
    struct persist *persist = persist_of(operation);
    struct level *level = &operation->levels[i];
    const struct stored_instance *part = stored_instance(manager, level->instance);

    if (!part->kept || part->state != level->instance->state || has_new_values(operation, i))
        record_instance(&persist->batch, manager, level->instance, false);
    if (level->flags & LEVEL_ADDED)
        record_reference(&persist->batch, manager, level->instance,
                         owner_find_reference(manager, level->instance, persist->owner), false);
    else if ((level->flags & (LEVEL_NAMED | LEVEL_MINE)) == LEVEL_NAMED)
        record_reference(&persist->batch, manager, level->instance,
                         owner_find_reference(manager, level->instance, persist->owner), true);
    if (level->flags & LEVEL_CLEARED)
        record_references(&persist->batch, manager, level->instance);
}

static void record_levels(struct operation *operation)
{
    struct berth_manager *manager = operation->call.manager;
    struct batch *batch = &persist_of(operation)->batch;
    bool above = false; /* a level above ends, and this one with it */

    for (unsigned i = 0; i < operation->n_levels; i++) {
        const struct level *level = &operation->levels[i];

        if (level->flags & LEVEL_LINKED)
            record_counters(batch, manager, level->instance->resource);
        if (level->instance->ended)
            continue;
        if (!(level->flags & LEVEL_ENDED))
            record_level(operation, i);
        else if (!above)
            collect_end(batch, manager, level->instance);
        above = above || (level->flags & LEVEL_ENDED);
    }
}

/* Reservations that stay */

static void record_own_reservation(struct operation *operation, enum keep_before before)
{
    struct berth_manager *manager = operation->call.manager;
    struct reservation *reservation = operation->reservation;
    struct batch *batch = &persist_of(operation)->batch;
    const struct stored_reservation *part;
    uint8_t dropped = 0;
    bool releases;

    if (!operation->type || !reservation || ends_reservation(operation, before))
        return;
    part = stored_reservation(reservation, operation->type->levels);
    if (operation->type->flags & BERTH_GIVES) {
        record_reservation(batch, manager, reservation, 0, false);
        return;
    }
    releases = part->releasing || (operation->type->flags & BERTH_ENDS);
    for (unsigned i = 0; i < operation->n_levels; i++)
        if (operation->levels[i].flags & LEVEL_DROPPED)
            dropped |= (uint8_t)(1u << i);
    if (dropped != 0 || releases != part->releasing)
        record_reservation(batch, manager, reservation, dropped, releases);
}

/* A drain voids the holds on an instance: the reservations that hold something else stay. */
static void record_voided(struct operation *operation, const struct instance *cleared)
{
    struct berth_manager *manager = operation->call.manager;
    const unsigned level = instance_type(manager, cleared)->level;
    struct naming *naming = stored_instance(manager, cleared)->namings;

    for (; naming; naming = naming->next) {
        unsigned levels = reservation_levels(manager, naming->reservation);

        if (is_in_force(naming->reservation, level, cleared) &&
            !is_emptied(naming->reservation, levels, level))
            record_reservation(&persist_of(operation)->batch, manager, naming->reservation,
                               (uint8_t)(1u << level),
                               stored_reservation(naming->reservation, levels)->releasing);
    }
}

/*
 * A root has at most one intent, that of the operation that owns it. Each commit of the operation
 * overwrites or deletes it, so it is always about the call that comes after the commit.
 */
static void collect_intent(struct operation *operation, enum keep_before before)
{
    struct berth_manager *manager = operation->call.manager;
    struct persist *persist = persist_of(operation);

    if (before == BEFORE_CALL) {
        struct instance *instance = operation->levels[operation->level].instance;
        struct intent intent = {
            .root = stored_instance(manager, operation->levels[0].instance)->id,
            .instance = stored_instance(manager, instance)->id,
            .resource = instance->resource,
            .event = operation->event,
            .hook = operation->call.hook,
            .state = instance->state,
            .operation = operation->call.operation,
        };

        record_intent(&persist->batch, manager, &intent);
    } else if (persist->intent > 0) {
        record_no_intent(&persist->batch, manager, persist->intent);
    }
}

void collect_changes(struct operation *operation, enum keep_before before)
{
    struct persist *persist = persist_of(operation);
    const struct instance *cleared = cleared_instance(operation, before);

    record_release(&persist->batch, operation->call.manager);
    visit_leaving_ones(operation, before, begin_leaving);
    if (before != BEFORE_END || operation->type)
        record_levels(operation);
    if (cleared)
        record_voided(operation, cleared);
    record_own_reservation(operation, before);
    visit_leaving_ones(operation, before, record_leaving);
    collect_intent(operation, before);
    visit_leaving_ones(operation, before, end_leaving);
}

void collect_tree(struct batch *batch, struct berth_manager *manager, struct instance *root)
{
    for (struct instance *at = tree_first_below(manager, root);; at = tree_following(manager, at)) {
        record_references(batch, manager, at);
        record_no_instance(batch, manager, at);
        if (at == root)
            break;
    }
    record_no_intent(batch, manager, stored_instance(manager, root)->id);
}
