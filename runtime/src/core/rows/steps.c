#include "steps.h"

#include "../../model/row.h"
#include "../report/trace.h"

/*
 * A level of an operation, with everything that belongs to it. It is passed by value, so that the
 * compiler knows that stores do not change it.
 */
struct level_ref {
    struct operation *operation;
    struct berth_manager *manager;
    struct level *level;
    struct instance *instance;
    const berth_resource *resource;
    uint8_t number; /* of the level */
};

static inline struct level_ref level_ref_at(struct operation *operation, unsigned level)
{
    struct berth_manager *manager = operation->call.manager;
    struct instance *instance = operation->levels[level].instance;
    const berth_resource *resource = operation_resource(operation, level);

    return (struct level_ref){operation, manager,  &operation->levels[level],
                              instance,  resource, (uint8_t)level};
}

/* The row for the event in the instance's state: the first whose guard holds. */
static noinline struct row_ref find_any_row(struct level_ref at, uint16_t row)
{
    return row_first(at.resource, row, at.manager->options, instance_view(at.instance));
}

/* find_any_row() for most rows: without a guard, in a narrow table. */
static inline struct row_ref find_row(struct level_ref at, uint16_t row)
{
    if (!at.resource->wide && row > 0) {
        const berth_row *first = &at.resource->rows[row];

        if (first->guard == NULL)
            return (struct row_ref){row, first->hook, first->reject};
    }
    return find_any_row(at, row);
}

/* Without a trace this question is all that a trace costs. */
static inline bool is_traced(struct level_ref at)
{
    return at.manager->trace && at.operation->report;
}

static inline void report(struct level_ref at, uint8_t event, struct traced traced)
{
    if (is_traced(at))
        trace_row(at.operation, at.number, event, traced);
}

static cold void fail_event(struct level_ref at, uint8_t event, int code, uint8_t hook)
{
    struct where where = {
        .state = at.instance->state,
        .resource = at.instance->resource,
        .event = event,
        .hook = hook,
        .levels = (uint8_t)(at.number + 1),
    };

    operation_fail(at.operation, code, where);
}

static cold void reject_event(struct level_ref at, uint8_t event, uint16_t row, uint8_t error)
{
    report(at, event, (struct traced){row, BERTH_REJECTED, -error, at.instance->state});
    fail_event(at, event, -error, 0);
}

/* Follows an outcome to its state. Returns the event that is raised there, or 0. */
static inline uint8_t follow(struct level_ref at, uint8_t event, uint16_t row,
                             berth_outcome outcome, int error)
{
    struct target target = row_target(at.resource, row, outcome);

    report(at, event, (struct traced){row, outcome, error, target.state});
    if (error < 0)
        fail_event(at, event, error, at.operation->call.hook);
    at.instance->state = target.state;
    return target.raise;
}

/* The error of a row without a hook to call; 0: it does not reject. Row 0 is a hole. */
static cold uint8_t refused_with(struct level_ref at, struct row_ref ref)
{
    if (ref.row == 0)
        /* berthc lets no event get here without `otherwise` */
        return at.resource->otherwise > 0 ? at.resource->otherwise : EPROTO;
    return ref.hook > 0 ? at.manager->type->hooks[ref.hook].absent : ref.reject;
}

/* Follows a row whose hook the backend lacks. A question counts as "cannot tell". */
static cold uint8_t follow_without_hook(struct level_ref at, uint8_t event, struct row_ref ref)
{
    if (!at.manager->type->hooks[ref.hook].asks)
        return follow(at, event, ref.row, BERTH_OK, 0);
    at.operation->call.hook = ref.hook;
    return follow(at, event, ref.row, BERTH_ANSWERED_UNKNOWN, -EOPNOTSUPP);
}

/* Runs the event, and those that it raises. True: the hook that is noted is to be called first. */
ALWAYS_INLINE bool run_event(struct level_ref at, uint8_t event)
{
    while (event > 0) {
        berth_wide_cell cell = row_cell(at.resource, at.instance->state, event);
        struct row_ref ref;
        uint8_t error;

        if (cell.plain > 0 && !is_traced(at)) {
            at.instance->state = cell.plain;
            return false;
        }
        ref = find_row(at, cell.row);
        if (ref.hook > 0 && manager_has(at.manager, ref.hook)) {
            at.operation->call.row = ref.row;
            at.operation->call.hook = ref.hook;
            at.operation->level = at.number;
            at.operation->event = event;
            return true;
        }
        error = ref.row > 0 && ref.hook == 0 ? ref.reject : refused_with(at, ref);
        if (error > 0) {
            reject_event(at, event, ref.row, error);
            return false;
        }
        event = ref.hook > 0 ? follow_without_hook(at, event, ref)
                             : follow(at, event, ref.row, BERTH_OK, 0);
    }
    return false;
}

void steps_apply_outcome(struct operation *operation, berth_outcome outcome, int error)
{
    operation->event = follow(level_ref_at(operation, operation->level), operation->event,
                              operation->call.row, outcome, error);
}

/* What the caller's own hold on an instance is. */
enum own {
    OWN_ANY_REFERENCE, /* any anonymous reference */
    OWN_RESERVATION,   /* LEVEL_MINE: that of its reservation */
    OWN_REFERENCE      /* LEVEL_MINE: the reference with the owner's name */
};

static inline enum own own_of(const struct operation *operation)
{
    const berth_operation *type = operation->type;

    if (type->form == BERTH_WITH)
        return OWN_RESERVATION;
    return (type->flags & BERTH_OWNED) && manager_stored(operation->call.manager)
               ? OWN_REFERENCE
               : OWN_ANY_REFERENCE;
}

/* S4: is there a holder besides the caller? */
static inline bool somebody_else(struct level_ref at, enum own own)
{
    uint64_t holders =
        (uint64_t)at.instance->holds + at.instance->anonymous + at.instance->n_children;
    bool mine =
        own == OWN_ANY_REFERENCE ? at.instance->anonymous > 0 : at.level->flags & LEVEL_MINE;

    return holders > mine;
}

/* Releases the caller's own hold. */
static inline void release_hold(struct level_ref at, enum own own)
{
    if (own == OWN_RESERVATION) {
        at.level->flags &= (uint8_t)~LEVEL_MINE;
        operation_mark(at.operation, at.level, LEVEL_DROPPED);
        at.instance->holds--;
    } else if (own == OWN_REFERENCE ? at.level->flags & LEVEL_MINE : at.instance->anonymous > 0) {
        at.level->flags &= (uint8_t)~LEVEL_MINE;
        at.instance->anonymous--;
    }
}

/* Adds an anonymous reference, or the owner's if it has none. */
static inline void add_reference(struct level_ref at, enum own own)
{
    if (own == OWN_REFERENCE && (at.level->flags & LEVEL_MINE))
        return;
    if (own == OWN_REFERENCE)
        at.level->flags |= LEVEL_MINE;
    at.instance->anonymous++;
}

/* S8: the levels below an instance end with it. */
static inline void end_if_final(struct level_ref at)
{
    if (!row_state_is(at.resource, at.instance->state, BERTH_FINAL))
        return;
    for (unsigned i = at.number; i < at.operation->n_levels; i++)
        operation_mark(at.operation, &at.operation->levels[i], LEVEL_ENDED);
    if (at.number > 0)
        at.level[-1].instance->n_children--;
}

/* False: the step has nothing to do. */
static inline bool begin_step(struct level_ref at, uint8_t event, enum own own)
{
    if ((at.level->flags & LEVEL_ENDED) ||
        (own == OWN_RESERVATION && !(at.level->flags & LEVEL_MINE)))
        return false;
    if (event != at.resource->drop || !somebody_else(at, own))
        return true;
    report(at, event, (struct traced){0, BERTH_RELEASED, 0, at.instance->state});
    release_hold(at, own);
    return false;
}

static inline void end_step(struct level_ref at, uint8_t event, enum own own)
{
    if (at.operation->code == 0) {
        if (event == at.resource->drop)
            release_hold(at, own);
        else if (event == at.resource->take && own != OWN_RESERVATION)
            add_reference(at, own);
    }
    end_if_final(at);
}

static bool run_steps(struct operation *operation)
{
    const berth_operation *type = operation->type;
    enum own own = own_of(operation);

    for (uint8_t i = 0; i < type->n_steps; i++) {
        uint8_t event = type->steps[i].event;
        struct level_ref at;

        if (i < operation->step)
            continue;
        at = level_ref_at(operation, type->steps[i].level);
        operation->step = i;
        if (!operation->in_step) {
            if (operation->code != 0)
                return false;
            if (!begin_step(at, event, own))
                continue;
            operation->in_step = true;
            operation->event = event;
        }
        if (run_event(at, operation->event))
            return true;
        end_step(at, event, own);
        operation->in_step = false;
    }
    return false;
}

/* A drain has one step, the drop of the last level. Other holders do not count. */
static cold bool run_drain(struct operation *operation)
{
    struct level_ref at = level_ref_at(operation, operation->n_levels - 1u);

    if (!operation->in_step) {
        if (operation->step > 0 || (at.level->flags & LEVEL_ENDED))
            return false;
        operation->in_step = true;
        operation->event = at.resource->drop;
    }
    if (run_event(at, operation->event))
        return true;
    if (operation->code == 0) {
        at.instance->holds = 0;
        at.instance->anonymous = 0;
        operation_mark(operation, at.level, LEVEL_CLEARED);
    }
    end_if_final(at);
    operation->in_step = false;
    operation->step = 1;
    return false;
}

bool steps_run(struct operation *operation)
{
    return operation->type ? run_steps(operation) : run_drain(operation);
}

void steps_admit(struct operation *operation, uint8_t level)
{
    struct level_ref at = level_ref_at(operation, level);

    if (run_event(at, at.resource->take)) /* berthc lets no `take` row call a hook */
        reject_event(at, at.resource->take, 0, EPROTO);
    if (operation->code == 0)
        end_if_final(at);
}

bool steps_dry_run(const struct operation *operation)
{
    struct level levels[BERTH_MAX_LEVELS], now[BERTH_MAX_LEVELS];
    struct operation copy = *operation;
    bool calls;

    for (unsigned i = 0; i < operation->n_levels; i++) {
        levels[i] = operation->levels[i];
        operation_note_level(&now[i], levels[i].instance);
    }
    copy.levels = levels;
    copy.report = false;
    calls = steps_run(&copy);
    for (unsigned i = 0; i < operation->n_levels; i++)
        operation_restore_level(&now[i]);
    return calls || copy.code == 0;
}
