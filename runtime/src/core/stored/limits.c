#include "limits.h"

#include <errno.h>
#include <string.h>

#include "../../model/row.h"
#include "../../model/stored/record.h"
#include "collect.h"

/* Which instances may end */

/* Events of a resource that may come, a bit each. */
struct events {
    uint64_t bits[4];
};

/* False: it is there already. */
static bool add_event(struct events *events, uint8_t event)
{
    uint64_t bit = UINT64_C(1) << (event & 63);

    if (event == 0 || (events->bits[event >> 6] & bit))
        return false;
    events->bits[event >> 6] |= bit;
    return true;
}

static bool has_event(const struct events *events, unsigned event)
{
    return (events->bits[event >> 6] >> (event & 63)) & 1;
}

/* Does the row lead to a final state? True in `grows`: it raises an event that was not there. */
static bool row_ends(const berth_resource *resource, uint16_t row, struct events *events,
                     bool *grows)
{
    static const berth_outcome all[] = {BERTH_OK, BERTH_FAILED, BERTH_UNSURE};

    for (unsigned i = 0; i < sizeof all / sizeof *all; i++) {
        struct target target = row_target(resource, row, all[i]);

        if (target.state > 0 && row_state_is(resource, target.state, BERTH_FINAL))
            return true;
        if (add_event(events, target.raise))
            *grows = true;
    }
    return false;
}

static bool event_ends(const berth_resource *resource, uint8_t event, struct events *events,
                       bool *grows)
{
    for (uint16_t state = 1; state <= resource->n_states; state++) {
        uint16_t row = row_cell(resource, state, event).row;

        while (row > 0) {
            if (row_ends(resource, row, events, grows))
                return true;
            row = row_action(resource, row).or_next ? (uint16_t)(row + 1) : 0;
        }
    }
    return false;
}

/* May one of the events, or what they raise, end an instance? In any state: that is a bound. */
static bool may_end(const berth_resource *resource, struct events *events)
{
    bool grows = true;

    while (grows) {
        grows = false;
        for (unsigned event = 1; event <= resource->n_events; event++)
            if (has_event(events, event) && event_ends(resource, (uint8_t)event, events, &grows))
                return true;
    }
    return false;
}

/*
 * The events of the steps that are left. A step that drops runs only if nobody else holds the
 * instance, and then nothing ends with it.
 */
static struct events events_of(const struct operation *operation, unsigned level)
{
    const berth_operation *type = operation->type;
    const berth_resource *resource = operation_resource(operation, level);
    struct events events = {{0}};

    for (unsigned i = operation->step; i < type->n_steps; i++) {
        if (type->steps[i].level != level || type->steps[i].event == resource->drop)
            continue;
        (void)add_event(&events, i == operation->step ? operation->event : type->steps[i].event);
    }
    return events;
}

/* Rows of what ends with the instances of the path, but for those of the path itself. */
static void record_ends(struct operation *operation, struct batch *batch)
{
    for (unsigned i = 0; i < operation->n_levels; i++) {
        struct events events = events_of(operation, i);

        if (operation->levels[i].flags & LEVEL_ENDED)
            return;
        if (!may_end(operation_resource(operation, i), &events))
            continue;
        collect_end(batch, operation->call.manager, operation->levels[i].instance);
        return;
    }
}

/* Rows of a drain's drop that goes well. */
static void record_drop_of_drain(struct operation *operation)
{
    struct level *level = &operation->levels[operation->n_levels - 1];
    uint8_t flags = level->flags;

    level->flags |= LEVEL_CLEARED;
    collect_changes(operation, BEFORE_DROP);
    level->flags = flags;
}

/* Texts that are not there yet */

static uint64_t longest(const char *const *names, unsigned n)
{
    uint64_t most = 0;

    for (unsigned i = 1; i <= n; i++)
        if (most < strlen(names[i]) + 1)
            most = strlen(names[i]) + 1;
    return most;
}

/* A state; values of hooks, and their names; the owner's reference; the intent's names. */
static uint64_t level_bytes(const struct operation *operation, unsigned level, uint64_t owner)
{
    const berth_resource *resource = operation_resource(operation, level);
    uint64_t bytes = sizeof(uint64_t) + owner + 2 * longest(resource->states, resource->n_states) +
                     longest(resource->events, resource->n_events) + strlen(resource->name) + 1;

    for (unsigned i = 0; i < resource->n_assigned; i++)
        if (resource->assigned[i].kind == BERTH_ASSIGN_HOOK)
            bytes += resource->assigned[i].size + strlen(resource->assigned[i].name) + 1;
    return bytes;
}

/* With the numbers of the reservation and of the intent. */
static uint64_t more_bytes(const struct operation *operation)
{
    const struct berth_manager *manager = operation->call.manager;
    const char *name = persist_of(operation)->owner;
    uint64_t owner, bytes = sizeof(uuid_t) + 5 * sizeof(uint64_t);
    uint64_t hook = 0;

    if (operation->type && operation->type->form == BERTH_WITH)
        name = stored_reservation(operation->reservation, operation->type->levels)->owner;
    owner = name ? strlen(name) + 1 : 0;
    for (unsigned i = 1; i <= manager->type->n_hooks; i++)
        if (hook < strlen(manager->type->hooks[i].name) + 1)
            hook = strlen(manager->type->hooks[i].name) + 1;
    bytes += owner + hook + strlen(operation->call.operation) + 1;
    for (unsigned i = 0; i < operation->n_levels; i++)
        bytes += level_bytes(operation, i, owner);
    return bytes;
}

int limits_check(struct operation *operation)
{
    struct berth_manager *manager = operation->call.manager;
    const struct stored *stored = manager->stored;
    struct batch *batch = &persist_of(operation)->batch;
    uint64_t rows;

    if (stored->max_rows == 0 && stored->max_bytes == 0)
        return 0;
    record_release(batch, manager);
    if (operation->type)
        record_ends(operation, batch);
    else
        record_drop_of_drain(operation);
    rows = (uint64_t)batch->n + stored->op_rows;
    for (unsigned i = 0; i < operation->n_levels; i++)
        if (!operation->levels[i].instance->ended)
            record_instance(batch, manager, operation->levels[i].instance, false);
    if (batch->failed)
        return -ENOMEM;
    return stored_fits(stored, rows, record_bytes(stored, batch, batch->n) + more_bytes(operation))
               ? 0
               : -E2BIG;
}
