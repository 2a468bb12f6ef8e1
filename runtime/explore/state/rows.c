#include "rows.h"

#include <stdlib.h>
#include <string.h>

#include "../../src/model/row.h"
#include "../base/fatal.h"
#include "moves.h"

static struct rows_cell *rows_cells; /* by row */

/* The next row of the same cell; 0: it was the last. */
static uint16_t rows_next(const berth_resource *resource, uint16_t row)
{
    return row_action(resource, row).or_next ? (uint16_t)(row + 1) : 0;
}

static void rows_begin(void)
{
    unsigned n = 1;

    for (unsigned i = 1; i <= type.n_resources; i++)
        n += type.resources[i].n_rows;
    rows_cells = fatal_alloc(n * sizeof *rows_cells);
    rows_taken = fatal_alloc(n * sizeof *rows_taken);
    for (unsigned i = 1; i <= type.n_resources; i++) {
        const berth_resource *resource = &type.resources[i];

        for (uint16_t state = 1; state <= resource->n_states; state++)
            for (uint8_t event = 1; event <= resource->n_events; event++) {
                uint16_t row = row_cell(resource, state, event).row;

                for (; row > 0; row = rows_next(resource, row))
                    rows_cells[resource->first_row + row] =
                        (struct rows_cell){(uint8_t)i, event, state};
            }
    }
}

static const struct rows_cell *rows_cell(uint16_t row)
{
    return &rows_cells[row];
}

static uint16_t rows_own_row(uint16_t row)
{
    return (uint16_t)(row - type.resources[rows_cells[row].resource].first_row);
}

static uint8_t rows_hook(uint16_t row)
{
    return row == 0 ? 0
                    : row_action(&type.resources[rows_cells[row].resource], rows_own_row(row)).hook;
}

static bool rows_refuses_on_purpose(const struct ran *one)
{
    const struct plan_resource *resource = &plan.resources[one->resource];

    return one->outcome == BERTH_REJECTED &&
           ((one->row > 0 && resource->meant[rows_own_row(one->row)]) ||
            resource->states[one->state].failure);
}

static bool rows_state_is_meant(uint8_t resource, uint16_t state)
{
    const berth_resource *of = &type.resources[resource];

    for (uint8_t event = 1; event <= of->n_events; event++)
        for (uint16_t row = row_cell(of, state, event).row; row > 0; row = rows_next(of, row))
            if (plan.resources[resource].meant[row])
                return true;
    return false;
}

static bool rows_are_guarded(uint8_t resource, uint16_t state, uint8_t event)
{
    const berth_resource *of = &type.resources[resource];

    for (uint16_t row = row_cell(of, state, event).row; row > 0; row = rows_next(of, row))
        if (row_action(of, row).guard)
            return true;
    return false;
}

static uint16_t rows_number_of(const char *const *names, unsigned n, const char *name)
{
    for (unsigned i = 1; i <= n; i++)
        if (names[i] == name)
            return (uint16_t)i;
    return 0;
}

static void rows_add(const struct ran *one)
{
    if (n_ran == ROWS)
        fatal_limit("rows of one request");
    ran[n_ran++] = *one;
}

static void rows_trace(void *ctx, const berth_transition *transition)
{
    const struct instance *instance;
    const berth_resource *resource;
    struct ran row;
    int at;

    (void)ctx;
    if (transition->kind != BERTH_TRACE_ROW)
        return;
    instance = (const struct instance *)transition->instance - 1;
    resource = &type.resources[instance->resource];
    row = (struct ran){
        .row = transition->row,
        .resource = instance->resource,
        .outcome = (uint8_t)transition->outcome,
        .called = transition->hook != NULL,
    };
    at = world_thing(instance);
    row.born = at >= 0 ? w.things[at].born : 0;
    if (row.row > 0) {
        row.state = rows_cells[row.row].state;
        row.event = rows_cells[row.row].event;
        row.next = row.outcome == BERTH_REJECTED
                       ? row.state
                       : row_target(resource, rows_own_row(row.row), transition->outcome).state;
    } else {
        row.state = row.next =
            rows_number_of(resource->states, resource->n_states, transition->state);
        row.event =
            (uint8_t)rows_number_of(resource->events, resource->n_events, transition->event);
    }
    rows_add(&row);
}

static void rows_count(bool (*taken)[ROWS_OUTCOMES])
{
    for (unsigned i = 0; i < n_ran; i++)
        if (ran[i].row > 0)
            taken[ran[i].row][ran[i].outcome] = true;
}

static void rows_count_done(bool (*taken)[ROWS_OUTCOMES])
{
    for (unsigned i = 0; i < n_ran; i++)
        if (ran[i].row > 0 && ran[i].outcome != BERTH_REJECTED)
            taken[ran[i].row][ran[i].outcome] = true;
}

static bool rows_lack_hook(void)
{
    for (unsigned i = 0; i < n_ran; i++)
        if (ran[i].outcome == BERTH_ANSWERED_UNKNOWN ||
            (ran[i].outcome == BERTH_REJECTED && rows_hook(ran[i].row) > 0 &&
             plan.hooks[rows_hook(ran[i].row)].absent))
            return true;
    return false;
}

/* A request that was refused. No hook is called on this way, so nothing but the tables decides. */

struct reading {
    unsigned char *view[BERTH_MAX_LEVELS]; /* as the instance's view is, or would be */
    uint16_t state[BERTH_MAX_LEVELS];
    uint32_t holds[BERTH_MAX_LEVELS], anonymous[BERTH_MAX_LEVELS], children[BERTH_MAX_LEVELS];
    bool mine[BERTH_MAX_LEVELS]; /* the caller's reservation holds it */
    bool ended[BERTH_MAX_LEVELS];
    bool refused;
};

static void rows_append(uint8_t resource, uint16_t row, uint16_t state, uint8_t event,
                        uint8_t outcome, uint16_t next)
{
    rows_add(&(struct ran){
        .row = row > 0 ? (uint16_t)(type.resources[resource].first_row + row) : 0,
        .state = state,
        .next = next,
        .resource = resource,
        .event = event,
        .outcome = outcome,
    });
}

/* The event's row and all that it raises. */
static void rows_read_event(struct reading *reading, unsigned level, uint8_t resource,
                            uint8_t event)
{
    const berth_resource *of = &type.resources[resource];

    while (event > 0) {
        uint16_t state = reading->state[level];
        struct row_ref row =
            row_first(of, row_cell(of, state, event).row, plan.options, reading->view[level]);
        bool absent = row.hook > 0 && plan.hooks[row.hook].absent;
        berth_outcome outcome = BERTH_OK;
        struct target target;

        if (row.hook > 0 && !absent) { /* it would be called, so the request ended before */
            reading->refused = true;
            return;
        }
        if (row.row == 0 || row.reject > 0 || (absent && type.hooks[row.hook].absent > 0)) {
            rows_append(resource, row.row, state, event, BERTH_REJECTED, state);
            reading->refused = true;
            return;
        }
        if (absent && type.hooks[row.hook].asks) {
            outcome = BERTH_ANSWERED_UNKNOWN;
            reading->refused = true;
        }
        target = row_target(of, row.row, outcome);
        rows_append(resource, row.row, state, event, (uint8_t)outcome, target.state);
        reading->state[level] = target.state;
        event = target.raise;
    }
}

static size_t rows_size_of_field(const berth_field *field)
{
    switch ((berth_type)field->type) {
    case BERTH_BOOL:
        return sizeof(bool);
    case BERTH_U8:
        return 1;
    case BERTH_U16:
        return 2;
    case BERTH_U32:
    case BERTH_I32:
    case BERTH_ENUM:
        return 4;
    case BERTH_STRING:
        return sizeof(char *);
    case BERTH_UUID:
        return sizeof(uuid_t);
    case BERTH_LIST:
    case BERTH_SET:
        return sizeof(berth_strings);
    default:
        return 8;
    }
}

/* The view that an instance would have, as far as guards read it. */
static unsigned char *rows_new_view(uint8_t resource, const void *config, void *parent)
{
    const berth_resource *of = &type.resources[resource];
    unsigned char *view = fatal_alloc(of->view_size + sizeof(void *));

    if (parent)
        memcpy(view, &parent, sizeof parent);
    for (unsigned i = 0; i < of->n_fields; i++)
        memcpy(view + of->fields[i].view_offset, (const char *)config + of->fields[i].config_offset,
               rows_size_of_field(&of->fields[i]));
    return view;
}

static void rows_read_step(struct reading *reading, const berth_operation *operation,
                           const berth_step *step)
{
    unsigned level = step->level;
    uint8_t resource = operation->path[level];
    bool with = operation->form == BERTH_WITH;
    bool drops = step->event == type.resources[resource].drop;
    uint64_t holders =
        (uint64_t)reading->holds[level] + reading->anonymous[level] + reading->children[level];

    if (reading->ended[level] || (with && !reading->mine[level]))
        return;
    if (drops && holders > (with || reading->anonymous[level] > 0 ? 1u : 0u)) {
        rows_append(resource, 0, reading->state[level], step->event, BERTH_RELEASED,
                    reading->state[level]);
    } else {
        rows_read_event(reading, level, resource, step->event);
        if (reading->refused)
            return;
    }
    if (drops && with)
        reading->mine[level] = false; /* further steps do nothing there */
    else if (drops && reading->anonymous[level] > 0)
        reading->anonymous[level]--;
    else if (!with && step->event == type.resources[resource].take)
        reading->anonymous[level]++;
    if (!row_state_is(&type.resources[resource], reading->state[level], BERTH_FINAL))
        return;
    for (unsigned i = level; i < operation->levels; i++)
        reading->ended[i] = true;
    if (level > 0)
        reading->children[level - 1]--;
}

/* The instances of the path; false: the request is refused before there are any. */
static bool rows_read_path(struct reading *reading, const struct move *move,
                           const berth_operation *operation, unsigned *fresh)
{
    const bool obtains = operation->form == BERTH_OBTAIN;

    for (unsigned i = 0; i < operation->levels; i++) {
        int at = world_find(move->path[i]);
        uint8_t resource = operation->path[i];

        if (at >= 0) {
            const struct thing *thing = &w.things[at];

            reading->view[i] = (unsigned char *)(uintptr_t)world_view(thing);
            reading->state[i] = thing->state;
            reading->holds[i] = thing->holds;
            reading->anonymous[i] = thing->anonymous;
            reading->children[i] = thing->children;
            if (obtains && type.resources[resource].differs &&
                type.resources[resource].differs(
                    reading->view[i], plan.choices[move->choice[i]].config, &w.manager->sets) > 0)
                return false;
        } else if (move->path[i].born == MOVE_NEW) {
            reading->view[i] = rows_new_view(resource, plan.choices[move->choice[i]].config,
                                             i > 0 ? reading->view[i - 1] : NULL);
            *fresh |= 1u << i;
            reading->state[i] = operation->form == BERTH_CREATE ? operation->enter
                                                                : type.resources[resource].initial;
            if (i > 0)
                reading->children[i - 1]++;
        } else if (operation->form != BERTH_WITH) {
            return false;
        } else {
            reading->ended[i] = true;
        }
        if (obtains && (operation->flags & BERTH_GIVES)) {
            if (type.resources[resource].take > 0)
                rows_read_event(reading, i, resource, type.resources[resource].take);
            if (reading->refused)
                return false;
            reading->holds[i]++;
            reading->mine[i] = true;
        }
    }
    return true;
}

static void rows_of_refusal(const struct move *move)
{
    const berth_operation *operation = &type.operations[move->op];
    struct reading reading = {0};
    unsigned fresh = 0;
    uint8_t held = w.callers[move->who].held;

    n_ran = 0;
    if (operation->form == BERTH_WITH)
        for (unsigned i = 0; i < operation->levels; i++)
            reading.mine[i] = (held >> i) & 1;
    if (rows_read_path(&reading, move, operation, &fresh))
        for (unsigned i = 0; i < operation->n_steps && !reading.refused; i++)
            rows_read_step(&reading, operation, &operation->steps[i]);
    for (unsigned i = 0; i < operation->levels; i++)
        if (fresh & (1u << i))
            free(reading.view[i]);
}
