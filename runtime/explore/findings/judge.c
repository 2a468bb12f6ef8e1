#include "judge.h"

#include "left.h"
#include "../state/rows.h"

static struct place judge_row_place(uint16_t row)
{
    const struct rows_cell *cell = rows_cell(row);

    return (struct place){.resource = cell->resource,
                          .event = cell->event,
                          .state = cell->state,
                          .shown = SHOWN_ROW,
                          .row = row};
}

static struct place judge_operation_place(uint8_t op)
{
    return (struct place){
        .resource = type.operations[op].resource, .shown = SHOWN_OPERATION, .op = op};
}

static struct place judge_state_place(uint8_t resource, uint16_t state)
{
    return (struct place){.resource = resource, .state = state, .shown = SHOWN_STATE};
}

static struct place judge_blame(const struct thing *thing)
{
    for (unsigned i = n_ran; i-- > 0;) {
        if (ran[i].resource != thing->resource)
            continue;
        if (ran[i].row > 0)
            return judge_row_place(ran[i].row);
        return (struct place){.resource = thing->resource,
                              .event = ran[i].event,
                              .state = ran[i].state,
                              .shown = SHOWN_STEP,
                              .op = change.move.op,
                              .step = ran[i].event};
    }
    return (struct place){.resource = thing->resource,
                          .state = thing->state,
                          .shown = SHOWN_OPERATION,
                          .op = change.move.op};
}

/* Calls. */

/* Another caller relies on what the call takes back, and what was there before the request. */
static void judge_interference(struct faults *faults, const struct called *call, effects lost)
{
    unsigned level = call->thing.level;
    int at = change.path_before[level];

    lost &= at < 0 ? 0 : before.things[at].truth | before.things[at].open;
    if (change.move.part == PART_FREE && rows_state_is_meant(call->thing.resource, call->state))
        lost &= plan.held; /* a freeze and its thaw are those of others, and the spec says so */
    for (unsigned i = 0; i < plan.callers && lost; i++) {
        const struct caller *other = &before.callers[i];

        if (i == change.move.who || other->is == IS_IDLE || level >= other->n_path ||
            other->path[level].born != before.things[at].born || !(other->relies[level] & lost))
            continue;
        fault_add(faults, INTERFERENCE, INTERFERENCE_EFFECT, judge_row_place(call->row), call->hook,
                  lost, call->thing.resource, 0);
        return;
    }
}

static void judge_calls(struct faults *faults, struct faults *interference)
{
    for (unsigned i = 0; i < n_called; i++) {
        const struct called *call = &called[i];
        const struct plan_hook *hook = &plan.hooks[call->hook];

        if (!hook->repeatable && (hook->own & call->before))
            fault_add(faults, DOUBLE, DOUBLE_THERE, judge_row_place(call->row), call->hook, 0, 0,
                      0);
        if (!hook->repeatable && hook->undoes &&
            !(hook->undoes & (call->before | call->open_before)))
            fault_add(faults, DOUBLE, DOUBLE_NOTHING, judge_row_place(call->row), call->hook,
                      hook->undoes, 0, 0);
        if (backend_lost(call))
            judge_interference(interference, call, backend_lost(call));
    }
}

static void judge_needs_of(struct faults *faults, struct needing *needing,
                           const struct called *call)
{
    const struct plan_hook *hook = &plan.hooks[call->hook];
    unsigned level = call->thing.level;
    effects there = 0, held = needing->held | call->after, lost = backend_lost(call);

    for (unsigned i = 0; i <= level; i++)
        there |= needing->truth[i] | (needing->open[i] & needing->unsaid[i]);
    if (hook->needs & ~there)
        fault_add(faults, NEEDS, NEEDS_MISSING, judge_row_place(call->row), call->hook,
                  hook->needs & ~there, 0, 0);
    for (unsigned i = level + 1; i < needing->levels; i++)
        held |= needing->truth[i];
    for (unsigned i = 1; i <= type.n_hooks && lost; i++) {
        if (!(plan.hooks[i].needs & lost) || !(plan.hooks[i].own & held))
            continue;
        fault_add(faults, NEEDS, NEEDS_LOST, judge_row_place(call->row), call->hook, lost, i, 0);
        break;
    }
    needing->truth[level] = call->after;
    needing->open[level] = call->open;
}

static bool judge_before_is_below(int thing, int above)
{
    while (thing >= 0 && thing != above)
        thing = before.things[thing].parent;
    return thing == above && above >= 0;
}

/* The effects of instances below the one at the level, but for those of the path. */
static effects judge_effects_below(const berth_operation *operation, unsigned level)
{
    effects found = 0;

    for (unsigned i = 0; i < before.n_things; i++) {
        bool on_path = false;

        for (unsigned j = 0; j < operation->levels; j++)
            on_path |= change.path_before[j] == (int)i;
        if (!on_path && judge_before_is_below((int)i, change.path_before[level]))
            found |= before.things[i].truth;
    }
    return found;
}

static void judge_needs(struct faults *faults)
{
    const berth_operation *operation = &type.operations[change.move.op];
    const struct plan_operation *planned = &plan.operations[change.move.op];
    struct needing needing = {.levels = operation->levels};

    for (unsigned i = 0; i < operation->levels; i++) {
        int at = change.path_before[i];
        bool made = at < 0 && operation->form == BERTH_CREATE && i + 1u == operation->levels;
        uint16_t state = at >= 0 ? before.things[at].state : made ? operation->enter : 0;

        needing.truth[i] = at >= 0 ? before.things[at].truth
                           : made  ? planned->there | change.there
                                   : 0;
        needing.open[i] = at >= 0 ? before.things[at].open
                          : made  ? planned->there | change.there | planned->unsaid
                                  : 0;
        needing.unsaid[i] = state > 0 ? plan.resources[operation->path[i]].states[state].unsaid : 0;
    }
    for (unsigned i = 0; i < n_called; i++) {
        needing.held =
            backend_lost(&called[i]) ? judge_effects_below(operation, called[i].thing.level) : 0;
        judge_needs_of(faults, &needing, &called[i]);
    }
}

/* A retry of a release that dropped the caller's reference before drops somebody else's. */
static void judge_robbed(struct faults *faults)
{
    const struct caller *own = &before.callers[change.move.who];
    const berth_operation *operation = &type.operations[change.move.op];

    for (unsigned i = 0; i < operation->levels; i++) {
        int was = change.path_before[i], now = change.path[i];
        bool others = false;

        if (was < 0 || !(plan.operations[change.move.op].drops & (1u << i)) ||
            ((own->own & (1u << i)) && i < own->n_path &&
             own->path[i].born == before.things[was].born))
            continue;
        for (unsigned j = 0; j < plan.callers; j++)
            others |= j != change.move.who && before.callers[j].is == IS_LOOSE &&
                      i < before.callers[j].n_path &&
                      before.callers[j].path[i].born == before.things[was].born &&
                      (before.callers[j].own & (1u << i));
        if (others && (now < 0 || w.things[now].anonymous < before.things[was].anonymous))
            fault_add(faults, INTERFERENCE, INTERFERENCE_HOLD, judge_blame(&before.things[was]),
                      change.move.op, before.things[was].resource, 0, 0);
    }
}

/* What ended. */

/* The row that ended an instance: its own, or one of an instance above it. */
static const struct ran *judge_ender_of(const struct thing *gone)
{
    uint8_t resource = gone->resource;

    for (; resource > 0; resource = type.resources[resource].parent)
        for (unsigned i = n_ran; i-- > 0;)
            if (ran[i].resource == resource && ran[i].row > 0 &&
                (type.resources[resource].marks[ran[i].next] & BERTH_FINAL))
                return &ran[i];
    return NULL;
}

/* Did the caller get hold of the instance by the very request that ended it? */
static bool judge_is_given(const struct thing *gone)
{
    const struct caller *caller = &w.callers[change.move.who];

    if (change.move.part == PART_RECOVER || before.callers[change.move.who].is != IS_IDLE ||
        caller->is == IS_IDLE)
        return false;
    return gone->level < caller->n_path && caller->path[gone->level].born == gone->born;
}

static void judge_dangling(struct faults *faults, const struct thing *gone, const struct ran *ender,
                           struct place place)
{
    unsigned level = gone->level;

    for (unsigned i = 0; i < plan.callers; i++) {
        const struct caller *holder = &before.callers[i];

        if (holder->is == IS_IDLE || level >= holder->n_path ||
            holder->path[level].born != gone->born || !(holder->held & (1u << level)))
            continue;
        if (holder->interrupted)
            continue; /* recovery has gone on with its own release */
        if (i != change.move.who) {
            fault_add(faults, DANGLING, DANGLING_OTHER, place, gone->resource, 0, 0, 0);
            return;
        }
        if (!(plan.operations[change.move.op].drops & (1u << level))) {
            fault_add(faults, DANGLING, DANGLING_OWN, place, gone->resource, 0, 0, 0);
            return;
        }
    }
    if (judge_is_given(gone))
        fault_add(faults, DANGLING, DANGLING_GIVEN, place, gone->resource, 0, 0, 0);
    else if (ender && ender->resource != gone->resource &&
             step_before((struct ref){gone->at, gone->born}) >= 0)
        fault_add(faults, DANGLING, DANGLING_BELOW, place, gone->resource, ender->resource, 0, 0);
}

static void judge_endings(struct faults *faults, bool dangling)
{
    for (unsigned i = 0; i < world_n_gone; i++) {
        const struct thing *gone = &world_gone[i];
        const struct ran *ender = judge_ender_of(gone);
        struct place place = ender ? judge_row_place(ender->row)
                                   : (struct place){.resource = gone->resource,
                                                    .shown = SHOWN_OPERATION,
                                                    .op = change.move.op};

        if (gone->truth)
            fault_add(faults, LEAK, LEAK_ENDS, place, gone->resource, gone->truth, 0, 0);
        if (dangling)
            judge_dangling(faults, gone, ender, place);
    }
}

static void judge_change(struct faults *faults)
{
    static struct faults interference, some;
    bool known;

    interference.n = some.n = 0;
    judge_calls(faults, &interference);
    if (n_called > 0 && plan.any_needs)
        judge_needs(faults);
    if (change.move.part == PART_RELEASES)
        judge_robbed(&interference);
    fault_append_up_to(&some, &interference); /* what else it does to others is the same fault */
    known = fault_all_accepted(&some);
    fault_append_up_to(faults, &some);
    judge_endings(faults, known);
    if (change.nothing)
        return;
    some.n = 0;
    left_judge(&some);
    fault_append_up_to(faults, &some);
}
