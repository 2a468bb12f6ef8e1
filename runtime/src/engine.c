#include "engine.h"

#include <string.h>

#include "row.h"

static const berth_manager_type *type_of(const struct operation *operation)
{
    return operation->call.manager->type;
}

static const berth_resource *resource_of(const struct operation *operation)
{
    return instance_type(operation->call.manager, operation->levels[operation->level].instance);
}

static const void *view_of(const struct operation *operation)
{
    return instance_view(operation->call.manager, operation->levels[operation->level].instance);
}

/* The row for the event in the level's state, and what it does; 0: a hole. */
static uint16_t find_row(const struct operation *operation, const berth_resource *resource, struct deed *deed)
{
    uint16_t row = row_first(resource, operation->levels[operation->level].state, operation->event);

    for (; row > 0; row = row_next(resource, row)) {
        *deed = row_deed(resource, row);
        if (deed->guard == 0 || type_of(operation)->guard(deed->guard, operation->call.manager->options, view_of(operation)))
            break;
    }
    return row;
}

/* Most managers have no trace; they pay no more than this question. */
static bool is_traced(const struct operation *operation)
{
    return operation->report && operation->call.manager->trace;
}

static void report(const struct operation *operation, uint16_t row, berth_outcome outcome, int error, uint16_t next)
{
    const struct berth_manager *manager = operation->call.manager;
    const berth_resource *resource = resource_of(operation);
    bool called = row > 0 && operation->stage >= STAGE_CALL;
    berth_transition transition;

    transition = (berth_transition){
        .operation = operation->call.operation,
        .resource = resource->name,
        .instance = view_of(operation),
        .state = resource->states[operation->levels[operation->level].state],
        .event = resource->events[operation->event],
        .hook = called ? manager->type->hooks[operation->call.hook].name : NULL,
        .outcome = outcome,
        .error = error,
        .next = resource->states[next],
        .duration_ns = called ? berth_now() - operation->started : 0,
        .row = row > 0 ? (uint16_t)(resource->first_row + row) : 0,
    };
    manager->trace(manager->trace_ctx, &transition);
}

static void fail(struct operation *operation, int code, uint8_t hook)
{
    struct where where = {
        .state = operation->levels[operation->level].state,
        .resource = operation->levels[operation->level].instance->resource,
        .event = operation->event,
        .hook = hook,
        .levels = (uint8_t)(operation->level + 1),
    };

    operation_fail(operation, code, where);
}

static void reject(struct operation *operation, uint16_t row, uint8_t error)
{
    if (is_traced(operation))
        report(operation, row, BERTH_REJECTED, -error, operation->levels[operation->level].state);
    fail(operation, -error, 0);
    operation->event = 0;
}

/* An outcome leads to its state, where the next event may be raised. */
static inline void follow(struct operation *operation, const berth_resource *resource, uint16_t row, berth_outcome outcome, int error)
{
    struct target target = row_target(resource, row, outcome);

    if (is_traced(operation))
        report(operation, row, outcome, error, target.state);
    if (error < 0)
        fail(operation, error, operation->call.hook);
    operation->levels[operation->level].state = target.state;
    operation->event = target.raise;
}

/* Has the backend this hook? */
static bool is_there(const struct operation *operation, uint8_t hook)
{
    return type_of(operation)->has(operation->call.manager->backend, hook);
}

/* The error that a row without a call that can be made rejects its event with; 0: it does not. Row 0 is a hole. */
static uint8_t refusal(const struct operation *operation, const berth_resource *resource, uint16_t row, struct deed deed)
{
    if (row == 0)
        return resource->otherwise > 0 ? resource->otherwise : EPROTO; /* without `otherwise` berthc lets no event get here */
    return deed.hook > 0 ? type_of(operation)->hooks[deed.hook].absent : deed.reject;
}

/* Runs the event, and what it raises. True: a hook is to be called first. */
static bool run_event(struct operation *operation)
{
    const berth_resource *resource = resource_of(operation);

    while (operation->event > 0) {
        struct deed deed = {0};
        uint16_t row = find_row(operation, resource, &deed);
        uint8_t error;

        if (row > 0 && deed.hook > 0 && is_there(operation, deed.hook)) {
            operation->row = row;
            operation->call.hook = deed.hook;
            return true;
        }
        error = refusal(operation, resource, row, deed);
        if (error > 0)
            reject(operation, row, error);
        else
            follow(operation, resource, row, BERTH_OK, 0);
    }
    return false;
}

void engine_settle(struct operation *operation, berth_outcome outcome, int error)
{
    follow(operation, resource_of(operation), operation->row, outcome, error);
}

static bool with(const struct operation *operation)
{
    return operation->type && operation->type->form == BERTH_WITH;
}

/* S4: is there a holder besides the caller? */
static bool somebody_else(const struct operation *operation, const struct level *level)
{
    uint64_t holders = (uint64_t)level->pins + level->anonymous + level->n_children;
    uint64_t own = with(operation) || level->anonymous > 0 ? 1 : 0;

    return holders > own;
}

/* The caller's own hold goes. */
static void let_go(struct operation *operation, struct level *level)
{
    if (with(operation)) {
        level->mine = false;
        level->dropped = true;
        level->pins--;
    } else if (level->anonymous > 0) {
        level->anonymous--;
    }
}

static void let_all_go(struct level *level)
{
    level->pins = 0;
    level->anonymous = 0;
    level->cleared = true;
}

static uint8_t n_steps(const struct operation *operation)
{
    return operation->drain ? 1 : operation->type->n_steps;
}

static uint8_t step_level(const struct operation *operation)
{
    return operation->drain ? (uint8_t)(operation->n_levels - 1) : operation->type->steps[operation->step].level;
}

static uint8_t step_event(const struct operation *operation)
{
    return operation->drain ? resource_of(operation)->drop : operation->type->steps[operation->step].event;
}

/* False: there is nothing to do. */
static bool begin_step(struct operation *operation)
{
    struct level *level;

    operation->level = step_level(operation);
    level = &operation->levels[operation->level];
    if (level->ended || (with(operation) && !level->mine))
        return false;
    operation->event = step_event(operation);
    if (!operation->drain && operation->event == resource_of(operation)->drop && somebody_else(operation, level)) {
        if (is_traced(operation))
            report(operation, 0, BERTH_RELEASED, 0, level->state);
        let_go(operation, level);
        return false;
    }
    return true;
}

/* S8: what is below an instance ends with it. */
static void end_if_final(struct operation *operation)
{
    if (!state_is(resource_of(operation), operation->levels[operation->level].state, BERTH_FINAL))
        return;
    for (uint8_t i = operation->level; i < operation->n_levels; i++)
        operation->levels[i].ended = true;
    if (operation->level > 0)
        operation->levels[operation->level - 1].n_children--;
}

static void end_step(struct operation *operation)
{
    struct level *level = &operation->levels[operation->level];
    const berth_resource *resource = resource_of(operation);
    uint8_t event = step_event(operation);

    if (operation->code == 0) {
        if (operation->drain)
            let_all_go(level);
        else if (event == resource->drop)
            let_go(operation, level);
        else if (event == resource->take && !with(operation))
            level->anonymous++;
    }
    end_if_final(operation);
}

bool engine_run(struct operation *operation)
{
    for (;; operation->step++) {
        if (!operation->in_step) {
            if (operation->code != 0 || operation->step >= n_steps(operation))
                return false;
            if (!begin_step(operation))
                continue;
            operation->in_step = true;
        }
        if (run_event(operation))
            return true;
        end_step(operation);
        operation->in_step = false;
    }
}

bool engine_rehearse(const struct operation *operation)
{
    struct level levels[BERTH_MAX_LEVELS];
    struct operation copy = *operation;

    memcpy(levels, operation->levels, operation->n_levels * sizeof *levels);
    copy.levels = levels;
    copy.report = false;
    (void)engine_run(&copy);
    return copy.code == 0;
}

void engine_take(struct operation *operation, uint8_t level)
{
    operation->level = level;
    operation->event = resource_of(operation)->take;
    if (run_event(operation)) { /* berthc lets no `take` row call a hook */
        reject(operation, 0, EPROTO);
    }
    if (operation->code == 0)
        end_if_final(operation);
}
