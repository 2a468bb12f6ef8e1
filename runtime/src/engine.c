#include "engine.h"

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

/* The row for the event in the level's state; NULL: a hole. */
static const berth_row *find_row(const struct operation *operation)
{
    const berth_resource *resource = resource_of(operation);
    uint16_t state = operation->levels[operation->level].state;
    const berth_cell *cell = &resource->cells[(size_t)state * (resource->n_events + 1u) + operation->event];

    for (uint8_t i = 0; i < cell->count; i++) {
        const berth_row *row = &resource->rows[cell->first + i];

        if (row->guard == 0 || type_of(operation)->guard(row->guard, operation->call.manager->options, view_of(operation)))
            return row;
    }
    return NULL;
}

static void report(const struct operation *operation, const berth_row *row, berth_outcome outcome, int error, uint16_t next)
{
    const struct berth_manager *manager = operation->call.manager;
    const berth_resource *resource = resource_of(operation);
    bool called = row && operation->stage >= STAGE_CALL;
    berth_transition transition;

    if (!manager->trace || !operation->report)
        return;
    transition = (berth_transition){
        .operation = operation->call.operation,
        .resource = resource->name,
        .instance = view_of(operation),
        .state = resource->states[operation->levels[operation->level].state].name,
        .event = resource->events[operation->event],
        .hook = called ? manager->type->hooks[row->hook].name : NULL,
        .outcome = outcome,
        .error = error,
        .next = resource->states[next].name,
        .duration_ns = called ? berth_now() - operation->started : 0,
        .row = row ? (uint16_t)(resource->first_row + (row - resource->rows)) : 0,
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

static void reject(struct operation *operation, const berth_row *row, uint16_t error)
{
    report(operation, row, BERTH_REJECTED, -error, operation->levels[operation->level].state);
    fail(operation, -error, 0);
    operation->event = 0;
}

/* An outcome leads to its state, where the next event may be raised. */
static void follow(struct operation *operation, const berth_row *row, berth_outcome outcome, int error, uint8_t hook)
{
    const berth_target *target = &row->ok;

    if (outcome != BERTH_OK)
        target = outcome == BERTH_UNSURE && row->uncertain.state > 0 ? &row->uncertain : &row->fail;
    report(operation, row, outcome, error, target->state);
    if (error < 0)
        fail(operation, error, hook);
    operation->levels[operation->level].state = target->state;
    operation->event = target->raise;
}

/* Has the backend this hook? */
static bool is_there(const struct operation *operation, uint8_t hook)
{
    return type_of(operation)->has(operation->call.manager->backend, hook);
}

/* The error that a row rejects its event with; 0: it does not. */
static uint16_t refusal(const struct operation *operation, const berth_row *row)
{
    if (!row) {
        uint16_t otherwise = resource_of(operation)->otherwise;

        return otherwise > 0 ? otherwise : EPROTO; /* without `otherwise` berthc lets no event get here */
    }
    if (row->reject > 0 || row->hook == 0)
        return row->reject;
    return is_there(operation, row->hook) ? 0 : type_of(operation)->hooks[row->hook].absent;
}

/* Runs the event, and what it raises. True: a hook is to be called first. */
static bool run_event(struct operation *operation)
{
    while (operation->event > 0) {
        const berth_row *row = find_row(operation);
        uint16_t error = refusal(operation, row);

        if (error > 0) {
            reject(operation, row, error);
        } else if (row->hook > 0 && is_there(operation, row->hook)) {
            operation->row = row;
            return true;
        } else {
            follow(operation, row, BERTH_OK, 0, 0);
        }
    }
    return false;
}

void engine_settle(struct operation *operation, berth_outcome outcome, int error)
{
    follow(operation, operation->row, outcome, error, operation->row->hook);
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
        report(operation, NULL, BERTH_RELEASED, 0, level->state);
        let_go(operation, level);
        return false;
    }
    return true;
}

/* S8: what is below an instance ends with it. */
static void end_if_final(struct operation *operation)
{
    if (!resource_of(operation)->states[operation->levels[operation->level].state].final)
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
    struct operation copy = *operation;

    copy.report = false;
    (void)engine_run(&copy);
    return copy.code == 0;
}

void engine_take(struct operation *operation, uint8_t level)
{
    operation->level = level;
    operation->event = resource_of(operation)->take;
    if (run_event(operation)) { /* berthc lets no `take` row call a hook */
        reject(operation, NULL, EPROTO);
    }
    if (operation->code == 0)
        end_if_final(operation);
}
