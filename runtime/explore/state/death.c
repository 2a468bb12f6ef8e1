#include "death.h"

#include <errno.h>
#include <string.h>

#include "../../src/core/stored/persist.h"
#include "../../src/model/row.h"
#include "../base/fatal.h"
#include "rows.h"

/* The call that had begun counts as uncertain: the manager never hears how it ended. */
static void death_note_call(const struct operation *operation)
{
    struct instance *instance = operation->levels[operation->level].instance;
    const struct plan_hook *hook = &plan.hooks[operation->call.hook];
    struct ending ending = {.outcome = hook->asks ? BERTH_ANSWERED_UNKNOWN : BERTH_UNSURE,
                            .effect = script.late};
    const struct called *call =
        backend_note_call(instance, operation->call.hook, operation->call.row, ending);
    const berth_resource *resource = &type.resources[instance->resource];

    rows_add(&(struct ran){
        .row = call->row,
        .state = call->state,
        .next = row_target(resource, operation->call.row, (berth_outcome)ending.outcome).state,
        .resource = instance->resource,
        .event = call->event,
        .outcome = ending.outcome,
        .called = true,
        .born = call->thing.born,
    });
}

static struct instance *death_begun(const struct operation *operation)
{
    return persist_of(operation)->before == BEFORE_CALL
               ? operation->levels[operation->level].instance
               : NULL;
}

static void death_note(void)
{
    const struct operation *operation = w.manager->stored->sent->operation;

    script.failures++;
    if (death_begun(operation))
        death_note_call(operation);
}

static void death_begin(void)
{
    store_dies = death_note;
}

static void death_load(struct move *move)
{
    bool drains = move->part == PART_DRAIN;
    unsigned levels = drains ? 0 : type.operations[move->op].levels;

    if (change.code != -EOWNERDEAD || !w.manager->stored->lost)
        fatal_broken("%s goes on without a store",
                     drains ? "drain" : type.operations[move->op].name);
    world_load();
    for (unsigned i = 0; i < levels; i++) {
        int thing = world_find(move->path[i]);

        if (move->path[i].born != MOVE_NEW)
            move->path[i].at = thing < 0 ? NULL : w.things[thing].at;
    }
    for (unsigned i = 0; i < plan.callers; i++) {
        struct caller *caller = &w.callers[i];

        if (caller->is != IS_WITH)
            continue;
        caller->reservation = reservation_look_up(w.manager, caller->id);
        if (!caller->reservation && i != move->who && !drains)
            fatal_broken("a crash has lost the reservation of another caller");
    }
}

/* The caller's reservation that nobody had before; NULL: there is none. */
static const unsigned char *death_new_reservation(unsigned who)
{
    const struct map *map = &w.manager->reservations;
    size_t chain = 0;

    for (struct link *at = map_walk(map, NULL, &chain); at; at = map_walk(map, at, &chain)) {
        struct reservation *found = (struct reservation *)at;
        unsigned levels = reservation_levels(w.manager, found);
        bool known = false;

        for (unsigned i = 0; i < plan.callers; i++)
            known |= w.callers[i].is == IS_WITH && w.callers[i].reservation == found;
        if (!known && strcmp(stored_reservation(found, levels)->owner, world_owner(who)) == 0)
            return found->id;
    }
    return NULL;
}

/* It relies on nothing until its next use succeeds. */
static void death_keep_reservation(struct caller *caller)
{
    if (!caller->reservation) {
        memset(caller, 0, sizeof *caller);
        return;
    }
    memset(caller->relies, 0, sizeof caller->relies);
    caller->releasing = stored_reservation(caller->reservation, caller->n_path)->releasing;
}

static void death_keep_references(struct caller *caller, unsigned who)
{
    uint8_t has = 0;

    for (unsigned i = 0; i < caller->n_path; i++) {
        int thing = world_find(caller->path[i]);

        if (thing >= 0 && (caller->took & (1u << i)) &&
            world_has_reference(w.things[thing].at, who))
            has |= (uint8_t)(1u << i);
    }
    memset(caller->relies, 0, sizeof caller->relies);
    caller->own = caller->took = has;
    if (has == 0)
        memset(caller, 0, sizeof *caller);
}

static void death_release(struct caller *caller, unsigned who)
{
    if (caller->is == IS_WITH)
        death_keep_reservation(caller);
    else
        death_keep_references(caller, who);
    caller->releasing = caller->is != IS_IDLE;
    caller->interrupted = caller->releasing && world_is_locked();
    if (caller->is == IS_IDLE)
        memset(world_values(who), 0, plan.values_size);
}

static void death_release_all(void)
{
    for (unsigned i = 0; i < plan.callers; i++)
        if (w.callers[i].is != IS_IDLE)
            death_release(&w.callers[i], i);
}

static void death_end_recovery(void)
{
    for (unsigned i = 0; i < plan.callers && !world_is_locked(); i++)
        w.callers[i].interrupted = false;
}

static void death_update_caller(const struct move *move)
{
    struct caller *caller;
    const unsigned char *id;

    if (move->part == PART_RECOVER) {
        death_end_recovery();
        return;
    }
    caller = &w.callers[move->who];
    switch ((enum part)move->part) {
    case PART_GIVES:
        id = death_new_reservation(move->who);
        if (id)
            step_take_hold(move, id);
        break;
    case PART_USES:
    case PART_ENDS:
        death_keep_reservation(caller);
        break;
    case PART_ACQUIRES:
        step_take_hold(move, NULL);
        __attribute__((fallthrough));
    case PART_RELEASES:
        death_keep_references(caller, move->who);
        caller->releasing = move->part == PART_RELEASES && caller->is != IS_IDLE;
        break;
    default: /* nobody */
        return;
    }
    caller->interrupted = (move->part == PART_ENDS || move->part == PART_RELEASES) &&
                          caller->is != IS_IDLE && world_is_locked();
    if (caller->is == IS_IDLE)
        memset(world_values(move->who), 0, plan.values_size);
}
