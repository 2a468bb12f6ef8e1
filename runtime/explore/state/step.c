#include "step.h"

#include <string.h>

#include "../base/fatal.h"
#include "death.h"
#include "rows.h"
#include "shape.h"

enum { SCRATCH = 4096 };
static _Alignas(16) unsigned char step_scratch[SCRATCH]; /* results, which nobody reads */

static void step_look(void)
{
    before.n_things = w.n_things;
    memcpy(before.things, w.things, w.n_things * sizeof w.things[0]);
    memcpy(before.callers, w.callers, plan.callers * sizeof w.callers[0]);
}

static int step_before(struct ref ref)
{
    for (unsigned i = 0; i < before.n_things && ref.born != 0; i++)
        if (before.things[i].born == ref.born)
            return (int)i;
    return NO_THING;
}

static effects step_next_there(effects there, effects maybe)
{
    return (there - maybe) & maybe;
}

static void step_ask(struct step_request *asked, const struct move *move, unsigned char *id)
{
    const berth_operation *operation = &type.operations[move->op];
    berth_request *request = &asked->request;

    *request = (berth_request){.operation = move->op, .deadline = BERTH_NO_DEADLINE};
    for (unsigned i = 0; i < operation->n_returns; i++) {
        asked->results[i] = step_scratch;
        asked->sizes[i] = sizeof step_scratch;
    }
    request->results = asked->results;
    request->result_sizes = asked->sizes;
    if (move->n_config > 0) {
        for (unsigned i = 0; i < operation->levels; i++)
            asked->config[i] = plan.choices[move->choice[i]].config;
        request->config = asked->config;
    }
    if (operation->form == BERTH_WITH)
        request->reservation = w.callers[move->who].id;
    if (operation->flags & BERTH_GIVES)
        request->gives = id;
    if (operation->at > 0)
        request->at = move->at;
    if (operation->by > 0) {
        const struct plan_value *of = moves_value_of(operation);

        if (move->by == BY_THING)
            moves_value(of, &w.things[move->thing], asked->value);
        else
            memcpy(asked->value,
                   move->by == BY_TOLD ? world_values(move->who) + of->offset : move->value,
                   of->size);
        memcpy(asked->at, asked->value, sizeof asked->at);
        request->by = asked->value;
        if (type.resources[of->resource].assigned[of->assigned - 1].kind == BERTH_ASSIGN_POOL) {
            request->by = NULL;
            request->at = asked->at;
        }
    }
}

/* The thing that the request left at a level, where it made one. */
static int step_made_at(unsigned level, int parent)
{
    for (unsigned i = 0; i < w.n_things; i++)
        if (w.things[i].level == level && w.things[i].parent == parent &&
            step_before(world_ref((int)i)) < 0)
            return (int)i;
    return NO_THING;
}

/* Which instances are the request's path, before and after. */
static void step_find_path(const struct move *move)
{
    const berth_operation *operation = &type.operations[move->op];

    for (unsigned i = 0; i < operation->levels; i++) {
        change.path_before[i] =
            move->path[i].born == MOVE_NEW ? NO_THING : step_before(move->path[i]);
        change.levels[i] = move->path[i];
        change.path[i] = NO_THING;
        if (move->path[i].born != MOVE_NEW) {
            change.path[i] = world_find(move->path[i]);
            continue;
        }
        change.levels[i] = (struct ref){NULL, 0};
        if (change.refused)
            continue;
        change.path[i] = step_made_at(i, i > 0 ? change.path[i - 1] : NO_THING);
        if (change.path[i] >= 0) {
            change.levels[i] = world_ref(change.path[i]);
            continue;
        }
        /* it came and went: a call has seen it, or nobody */
        for (unsigned j = 0; j < world_n_gone; j++)
            if (world_gone[j].level == i &&
                step_before((struct ref){world_gone[j].at, world_gone[j].born}) < 0)
                change.levels[i] = (struct ref){world_gone[j].at, world_gone[j].born};
        if (change.levels[i].born == 0) {
            struct thing *gone = &world_gone[world_n_gone++];

            *gone = (struct thing){.born = ++w.born,
                                   .parent = NO_THING,
                                   .choice = move->choice[i],
                                   .kind = plan.choices[move->choice[i]].kind,
                                   .resource = operation->path[i],
                                   .level = (uint8_t)i};
            backend_made(gone);
            change.levels[i] = (struct ref){NULL, gone->born};
        }
    }
}

/* The effects on the first levels of the path that the operation relies on; nothing on failure. */
static void step_rely(struct caller *caller, const struct plan_operation *operation, bool ok)
{
    for (unsigned i = 0; i < operation->relied; i++)
        caller->relies[i] = ok && change.path[i] >= 0
                                ? w.things[change.path[i]].truth | w.things[change.path[i]].open
                                : 0;
}

/* What the caller is told of the instances. */
static void step_tell(unsigned who)
{
    struct caller *caller = &w.callers[who];

    for (unsigned i = 0; i < caller->n_path; i++) {
        if (change.path[i] < 0)
            continue;
        caller->told |= (uint8_t)(1u << i);
        for (unsigned j = 0; j < plan.n_values; j++)
            if (plan.values[j].resource == w.things[change.path[i]].resource)
                moves_value(&plan.values[j], &w.things[change.path[i]],
                            world_values(who) + plan.values[j].offset);
    }
}

static void step_take_hold(const struct move *move, const unsigned char *id)
{
    const berth_operation *operation = &type.operations[move->op];
    struct caller *caller = &w.callers[move->who];
    bool with = id != NULL;

    *caller = (struct caller){.is = with ? IS_WITH : IS_LOOSE, .n_path = operation->levels};
    memset(world_values(move->who), 0, plan.values_size);
    memcpy(caller->path, change.levels, operation->levels * sizeof caller->path[0]);
    if (with) {
        memcpy(caller->id, id, sizeof(uuid_t));
        caller->reservation = reservation_look_up(w.manager, id);
        if (!caller->reservation)
            fatal_broken("%s gives a reservation that nobody finds", operation->name);
        caller->n_config = operation->levels;
        memcpy(caller->config, move->choice, sizeof caller->config);
        return;
    }
    caller->own = caller->took = plan.operations[move->op].takes;
    if (move->n_config > 0) {
        caller->n_config = operation->levels;
        memcpy(caller->config, move->choice, sizeof caller->config);
    } else {
        bool all = true;

        for (unsigned i = 0; i < operation->levels; i++)
            all = all && change.path[i] >= 0;
        caller->n_config = all ? operation->levels : 0;
        for (unsigned i = 0; i < caller->n_config; i++)
            caller->config[i] = w.things[change.path[i]].choice;
    }
    step_tell(move->who);
    step_rely(caller, &plan.operations[move->op], true);
}

/* A success ends what the operation drops. After a failure the caller does not know what it did. */
static void step_let_go(const struct move *move, struct caller *caller, uint8_t dropped)
{
    uint8_t drops = plan.operations[move->op].drops;

    memset(caller->relies, 0, sizeof caller->relies);
    caller->releasing = true;
    if (change.code == 0) {
        caller->own &= (uint8_t)~drops;
        caller->took &= (uint8_t)~drops;
        if (caller->took == 0)
            memset(caller, 0, sizeof *caller);
        return;
    }
    caller->own &= (uint8_t)~dropped;
}

/* The levels of which a release that failed has let go. */
static uint8_t step_dropped(const struct move *move)
{
    const struct caller *caller = &w.callers[move->who];
    uint8_t dropped = 0;

    if (move->part != PART_RELEASES || change.code == 0)
        return 0;

    for (unsigned i = 0; i < caller->n_path; i++) {
        int was = step_before(caller->path[i]), now = world_find(caller->path[i]);

        if (was >= 0 && (now < 0 || w.things[now].anonymous < before.things[was].anonymous))
            dropped |= (uint8_t)(1u << i);
    }
    return dropped;
}

static void step_update_caller(const struct move *move, const unsigned char *id, uint8_t dropped)
{
    struct caller *caller = &w.callers[move->who];
    bool ok = change.code == 0;

    switch ((enum part)move->part) {
    case PART_GIVES:
        if (ok)
            step_take_hold(move, id);
        break;
    case PART_ACQUIRES:
        if (ok)
            step_take_hold(move, NULL);
        break;
    case PART_USES:
        step_rely(caller, &plan.operations[move->op], ok);
        break;
    case PART_ENDS:
        if (ok) {
            memset(caller, 0, sizeof *caller);
        } else {
            memset(caller->relies, 0, sizeof caller->relies);
            caller->releasing = true;
        }
        break;
    case PART_RELEASES:
        step_let_go(move, caller, dropped);
        break;
    default:
        break;
    }
    if (caller->is == IS_IDLE)
        memset(world_values(move->who), 0, plan.values_size);
}

/* Asks the manager. `id` gets the new reservation's; nil: any. */
static int step_send(const struct move *move, unsigned char *id)
{
    berth_manager *manager = (berth_manager *)w.manager;
    struct step_request asked;

    memset(id, 0, sizeof(uuid_t));
    if (move->part == PART_RECOVER)
        return berth_stored_recover(manager, BERTH_NO_DEADLINE, &change.error);
    step_ask(&asked, move, id);
    if (!plan_is_stored())
        return berth_manager_run(manager, &asked.request, &change.error);
    return berth_stored_run(manager, &(berth_stored_request){asked.request, world_owner(move->who)},
                            &change.error);
}

static bool step_is_same_caller(unsigned who)
{
    return memcmp(&before.callers[who], &w.callers[who], sizeof w.callers[0]) == 0;
}

static void step_run(const struct move *asked, effects there)
{
    struct move move = *asked;
    bool recovers = move.part == PART_RECOVER;
    uuid_t id;

    backend_makes(&type.operations[move.op], &plan.operations[move.op],
                  move.n_config > 0 ? move.choice : NULL, there);
    n_ran = 0;
    change.there = there;
    change.code = step_send(&move, id);
    change.refused = change.code != 0 && n_called == 0 && !recovers && !store_has_died;
    if (store_has_died)
        death_load(&move);
    change.move = move;
    world_look();
    if (change.refused && world_n_gone > 0)
        fatal_broken("%s is refused, and yet an instance ends", type.operations[move.op].name);
    step_find_path(&move);
    if (store_has_died)
        death_update_caller(&move);
    else if (recovers)
        death_end_recovery();
    else
        step_update_caller(&move, id, step_dropped(&move));
    world_look_at_holds();
    change.nothing = change.refused && step_is_same_caller(move.who);
}

static void step_run_clean(const struct move *move)
{
    script.n_chosen = 0;
    backend_begin(MODE_CLEAN);
    step_run(move, 0);
}

static void step_note_refusal(void)
{
    if (change.refused && change.error.rule)
        moves_refuse(&change.move);
}

static void step_read_refusal(void)
{
    const struct ran *last;

    step_note_refusal();
    if (!change.refused || change.error.rule)
        return;
    rows_of_refusal(&change.move);
    if (!change.error.event)
        return;
    last = n_ran > 0 ? &ran[n_ran - 1] : NULL;
    if (!last || (last->outcome != BERTH_REJECTED && last->outcome != BERTH_ANSWERED_UNKNOWN))
        fatal_broken("%s is refused by a row that the tables do not name",
                     type.operations[change.move.op].name);
}

static bool step_drain(void)
{
    backend_makes(NULL, NULL, NULL, 0);
    n_ran = 0;
    return (plan_is_stored() ? berth_stored_drain : berth_manager_drain)(
               (berth_manager *)w.manager, BERTH_NO_DEADLINE, NULL) == 0;
}

static void step_die_in_drain(unsigned thing)
{
    struct move move = {.who = MOVE_NOBODY, .part = PART_DRAIN, .thing = (uint16_t)thing};

    backend_makes(NULL, NULL, NULL, 0);
    n_ran = 0;
    change = (struct change){.move = move};
    change.code = berth_stored_drain((berth_manager *)w.manager, BERTH_NO_DEADLINE, &change.error);
    if (!store_has_died)
        fatal_broken("drain makes fewer commits than before");
    death_load(&move);
    world_look();
    death_release_all();
    world_look_at_holds();
}

static bool step_after_drain(void)
{
    bool free = !world_has_reservations();

    memset(w.callers, 0, plan.callers * sizeof w.callers[0]);
    memset(w.values, 0, plan.callers * plan.values_size);
    for (unsigned i = 0; i < w.n_things; i++)
        free = free && world_refs(&w.things[i]) == 0;
    return free;
}
