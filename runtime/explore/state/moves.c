#include "moves.h"

#include <stdlib.h>
#include <string.h>

#include "../../src/model/field.h"
#include "../../src/model/tracked/values.h"
#include "../base/fatal.h"
#include "../base/known.h"
#include "shape.h"

static struct known moves_refused;

static void moves_begin(void)
{
    known_clear(&moves_refused);
}

static struct digest moves_question(const struct move *move)
{
    struct digest digest = digest_start(move->op);

    for (unsigned i = 0; i < move->n_config; i++)
        digest_add(&digest, plan.choices[move->choice[i]].kind);
    return digest;
}

static void moves_refuse(const struct move *move)
{
    (void)known_add(&moves_refused, moves_question(move));
}

static struct move *moves_append_move(struct moves *moves, const struct move *move)
{
    if (moves->n == moves->room) {
        moves->room = moves->room ? moves->room * 2 : 64;
        moves->at = fatal_realloc(moves->at, moves->room * sizeof *moves->at);
    }
    moves->at[moves->n] = *move;
    return &moves->at[moves->n++];
}

/* Values. */

static void moves_value(const struct plan_value *value, const struct thing *thing,
                        unsigned char *to)
{
    const berth_assigned *assigned = &type.resources[value->resource].assigned[value->assigned - 1];
    const char *view = world_view(thing);

    if (assigned->kind != BERTH_ASSIGN_POOL) {
        memcpy(to, view + assigned->view_offset, value->size);
        return;
    }
    for (unsigned i = 0; i < assigned->n_parts; i++) {
        uint32_t part =
            (uint32_t)field_integer(assigned->parts[i].type, view + assigned->parts[i].view_offset);

        memcpy(to + i * sizeof part, &part, sizeof part);
    }
}

static const struct plan_value *moves_value_of(const berth_operation *operation)
{
    for (unsigned i = 0; i < plan.n_values; i++)
        if (plan.values[i].resource == operation->resource &&
            plan.values[i].assigned == operation->by)
            return &plan.values[i];
    fatal_broken("%s finds by a value that is not indexed", operation->name);
}

static int moves_named(const struct plan_value *value, const unsigned char *bytes)
{
    uint32_t at[BERTH_MAX_LEVELS];
    struct instance *found;
    const berth_assigned *assigned = &type.resources[value->resource].assigned[value->assigned - 1];

    if (assigned->kind == BERTH_ASSIGN_POOL)
        memcpy(at, bytes, value->size);
    found = values_find(w.manager, value->resource, (uint8_t)(value->assigned - 1), bytes, at);
    return found ? world_thing(found) : NO_THING;
}

static struct move moves_look_up(unsigned who, enum part part, uint8_t op, enum by by,
                                 unsigned thing, const unsigned char *value)
{
    const berth_operation *operation = &type.operations[op];
    struct move move = {.who = (uint8_t)who,
                        .part = (uint8_t)part,
                        .op = op,
                        .by = (uint8_t)by,
                        .thing = (uint16_t)thing,
                        .value = value};
    const struct plan_value *of = moves_value_of(operation);
    unsigned char bytes[PLAN_VALUE_BYTES];
    int found;

    if (by == BY_THING)
        moves_value(of, &w.things[thing], bytes);
    else
        memcpy(bytes, by == BY_TOLD ? world_values(who) + of->offset : value, of->size);
    found = moves_named(of, bytes);
    for (unsigned i = operation->levels; i-- > 0 && found >= 0; found = w.things[found].parent)
        move.path[i] = world_ref(found);
    return move;
}

/* Paths. */

struct asking {
    struct moves *moves;
    const berth_operation *operation;
    struct move move;
    uint64_t named;
    bool more;
};

static void moves_ask_path(struct asking *asking)
{
    const berth_operation *operation = asking->operation;
    struct move *move = &asking->move;
    uint16_t last = move->choice[operation->levels - 1];

    if (known_find(&moves_refused, moves_question(move)))
        return;
    (void)moves_append_move(asking->moves, move);
    if (operation->form != BERTH_OBTAIN || plan.choices[last].conflict < 0)
        return;
    for (unsigned i = 0; i < operation->levels; i++)
        if (move->path[i].born == MOVE_NEW)
            return;
    moves_append_move(asking->moves, move)->choice[operation->levels - 1] =
        (uint16_t)plan.choices[last].conflict;
}

/* Every path that the operation may name: what is there, and one new instance of each kind. */
static void moves_ask_level(struct asking *asking, unsigned level, int parent, bool below_new)
{
    const berth_operation *operation = asking->operation;
    uint8_t resource;
    const struct plan_list *list;
    bool last = level + 1u == operation->levels, plain;
    uint64_t new_kinds[16] = {0};
    /* the order is: a choice, with all that is below it; so the kinds are noted first */
    bool takes[512];

    if (level == operation->levels) {
        moves_ask_path(asking);
        return;
    }
    resource = operation->path[level];
    list = asking->more ? &plan.resources[resource].more : &plan.resources[resource].choices;
    plain = !plan.symmetric || ((asking->named >> (resource % 64)) & 1);
    if (list->n > 512)
        fatal_limit("values that callers give");
    for (unsigned i = 0; i < list->n; i++) {
        const struct plan_choice *choice = &plan.choices[list->at[i]];
        int there = below_new ? NO_THING : world_child(parent, resource, choice->key);
        bool makes = operation->form == BERTH_OBTAIN || (operation->form == BERTH_CREATE && last);

        takes[i] = false;
        if (there >= 0) {
            takes[i] = !(operation->form == BERTH_CREATE && last);
            continue;
        }
        if (choice->kind >= 1024)
            fatal_limit("kinds of instances");
        if (!makes || (!plain && (new_kinds[choice->kind / 64] >> (choice->kind % 64) & 1)) ||
            (level == 0 && w.n_things > 0 && plan.one_root))
            continue;
        new_kinds[choice->kind / 64] |= (uint64_t)1 << (choice->kind % 64);
        takes[i] = true;
    }
    for (unsigned i = 0; i < list->n; i++) {
        int there;

        if (!takes[i])
            continue;
        there = below_new ? NO_THING : world_child(parent, resource, plan.choices[list->at[i]].key);
        asking->move.choice[level] = list->at[i];
        asking->move.path[level] = there >= 0 ? world_ref(there) : (struct ref){NULL, MOVE_NEW};
        moves_ask_level(asking, level + 1, there, below_new || there < 0);
    }
}

/* The lowest free slot of the pool that the operation names one of. False: there is none. */
static bool moves_free_slot(const berth_operation *operation, uint32_t *at)
{
    const berth_assigned *pool = &type.resources[operation->resource].assigned[operation->at - 1];
    uint64_t slot = 0;
    bool taken = true;

    while (taken) {
        taken = false;
        for (unsigned i = 0; i < w.n_things && !taken; i++)
            taken = w.things[i].resource == operation->resource &&
                    plan_slot(pool, world_view(&w.things[i])) == slot;
        slot += taken;
    }
    for (unsigned i = pool->n_parts; i-- > 0;) {
        uint32_t size = plan_part_size(&pool->parts[i]);

        at[i] = (uint32_t)(slot % size);
        slot /= size;
    }
    return slot == 0;
}

static void moves_ask_by_config(struct moves *moves, unsigned who, enum part part, uint8_t op,
                                bool with_more)
{
    struct asking asking = {.moves = moves,
                            .operation = &type.operations[op],
                            .more = with_more,
                            .named = moves_named_resources(),
                            .move = {.who = (uint8_t)who,
                                     .part = (uint8_t)part,
                                     .op = op,
                                     .n_config = type.operations[op].levels}};

    if (asking.operation->at > 0 && !moves_free_slot(asking.operation, asking.move.at))
        return;
    moves_ask_level(&asking, 0, NO_THING, false);
}

/* By what callers give; or by a value of anything that is there. */
static void moves_ask(struct moves *moves, unsigned who, enum part part, uint8_t op, bool with_more)
{
    if (type.operations[op].by == 0) {
        moves_ask_by_config(moves, who, part, op, with_more);
        return;
    }
    for (unsigned i = 0; i < w.n_things; i++) {
        if (w.things[i].resource == type.operations[op].resource) {
            struct move move = moves_look_up(who, part, op, BY_THING, i, NULL);

            (void)moves_append_move(moves, &move);
        }
    }
}

/* Callers. */

static void moves_with_reservation(struct moves *moves, unsigned who, enum part part)
{
    const struct caller *caller = &w.callers[who];

    for (unsigned op = 1; op <= type.n_operations; op++) {
        struct move move = {.who = (uint8_t)who, .part = (uint8_t)part, .op = (uint8_t)op};

        if (plan.operations[op].part != part)
            continue;
        memcpy(move.path, caller->path, sizeof move.path);
        (void)moves_append_move(moves, &move);
    }
}

static void moves_uses(struct moves *moves, unsigned who)
{
    if (w.callers[who].is == IS_WITH && !w.callers[who].releasing)
        moves_with_reservation(moves, who, PART_USES);
}

/* Where a look-up by keys leads. Where nothing is there it fails, or makes it. */
static void moves_find_by_keys(struct move *move, const berth_operation *operation)
{
    int parent = NO_THING;
    bool makes = operation->form == BERTH_OBTAIN;

    for (unsigned i = 0; i < operation->levels; i++) {
        int there = i > 0 && parent < 0 ? NO_THING
                                        : world_child(parent, operation->path[i],
                                                      plan.choices[move->choice[i]].key);

        if (there < 0 && !makes) {
            memset(move->path, 0, sizeof move->path);
            return;
        }
        move->path[i] = there >= 0 ? world_ref(there) : (struct ref){NULL, MOVE_NEW};
        parent = there;
    }
}

static bool moves_may_release(const struct caller *caller, uint8_t op)
{
    const berth_operation *operation = &type.operations[op];

    if (operation->levels > caller->n_config || !(plan.operations[op].drops & caller->took))
        return false;
    for (unsigned i = 0; i < operation->levels; i++)
        if (plan.choices[caller->config[i]].resource != operation->path[i])
            return false;
    return true;
}

static void moves_releases(struct moves *moves, unsigned who)
{
    const struct caller *caller = &w.callers[who];

    if (caller->is == IS_WITH) {
        moves_with_reservation(moves, who, PART_ENDS);
        return;
    }
    for (unsigned op = 1; op <= type.n_operations; op++) {
        const berth_operation *operation = &type.operations[op];
        struct move move = {.who = (uint8_t)who, .part = PART_RELEASES, .op = (uint8_t)op};

        if (plan.operations[op].part != PART_RELEASES || !moves_may_release(caller, (uint8_t)op))
            continue;
        if (operation->by == 0) {
            move.n_config = operation->levels;
            memcpy(move.choice, caller->config, sizeof move.choice);
            moves_find_by_keys(&move, operation);
        } else if (caller->told & (1u << (operation->levels - 1))) {
            move = moves_look_up(who, PART_RELEASES, (uint8_t)op, BY_TOLD, 0, NULL);
        } else {
            continue;
        }
        (void)moves_append_move(moves, &move);
    }
}

static uint64_t moves_named_resources(void)
{
    uint64_t named = 0;

    if (!plan.by_key)
        return 0;
    for (unsigned i = 0; i < plan.callers; i++)
        for (unsigned j = 0; w.callers[i].is == IS_LOOSE && j < w.callers[i].n_config; j++)
            if (world_find(w.callers[i].path[j]) < 0)
                named |= (uint64_t)1 << (plan.choices[w.callers[i].config[j]].resource % 64);
    return named;
}

static void moves_find_recovery(struct move *move)
{
    int at = world_thing(world_raised().at);

    if (at < 0)
        fatal_broken("an instance waits for recovery that is not tracked");
    *move = (struct move){
        .who = MOVE_NOBODY, .part = PART_RECOVER, .op = plan_recovery(w.things[at].resource)};
    for (; at >= 0; at = w.things[at].parent)
        move->path[w.things[at].level] = world_ref(at);
}

/* Has an idle caller that comes before it the same references? Mostly both have none. */
static bool moves_is_like_earlier(unsigned who)
{
    for (unsigned i = 0; i < who; i++) {
        bool same = w.callers[i].is == IS_IDLE;

        for (unsigned j = 0; j < w.n_things && same && plan_is_stored(); j++)
            same =
                world_has_reference(w.things[j].at, i) == world_has_reference(w.things[j].at, who);
        if (same)
            return true;
    }
    return false;
}

static void moves_list(struct moves *moves, bool with_more)
{
    unsigned first_idle = plan.callers, busy = 0;
    bool asks[PLAN_CALLERS];

    if (world_is_locked()) {
        struct move move;

        moves_find_recovery(&move);
        (void)moves_append_move(moves, &move);
        return;
    }
    for (unsigned i = 0; i < plan.callers; i++) {
        if (w.callers[i].is != IS_IDLE) {
            busy++;
            continue;
        }
        first_idle = first_idle < plan.callers ? first_idle : i;
        if (plan.symmetric && moves_is_like_earlier(i))
            continue;
        for (unsigned op = 1; op <= type.n_operations; op++)
            if (plan.operations[op].part == PART_GIVES)
                moves_ask_by_config(moves, i, PART_GIVES, (uint8_t)op, with_more);
        for (unsigned op = 1; op <= type.n_operations; op++)
            if (plan.operations[op].part == PART_ACQUIRES)
                moves_ask(moves, i, PART_ACQUIRES, (uint8_t)op, with_more);
    }
    for (unsigned op = 1; op <= type.n_operations; op++)
        if (plan.operations[op].part == PART_FREE)
            moves_ask(moves, first_idle < plan.callers ? first_idle : 0, PART_FREE, (uint8_t)op,
                      with_more);
    shape_distinct(asks, busy > 1 && plan.symmetric);
    for (unsigned i = 0; i < plan.callers; i++) {
        if (!asks[i])
            continue;
        moves_uses(moves, i);
        moves_releases(moves, i);
    }
}

static void moves_find_path(struct move *move)
{
    const berth_operation *operation = &type.operations[move->op];
    int parent = NO_THING;

    if (move->part == PART_RECOVER) {
        moves_find_recovery(move);
        return;
    }
    if (operation->form == BERTH_WITH) {
        memcpy(move->path, w.callers[move->who].path, sizeof move->path);
        return;
    }
    if (operation->by > 0) {
        *move = moves_look_up(move->who, (enum part)move->part, move->op, (enum by)move->by,
                              move->thing, move->value);
        return;
    }
    if (operation->at > 0)
        (void)moves_free_slot(operation, move->at);
    for (unsigned i = 0; i < operation->levels; i++) {
        int there = i > 0 && parent < 0 ? NO_THING
                                        : world_child(parent, operation->path[i],
                                                      plan.choices[move->choice[i]].key);

        move->path[i] = there >= 0 ? world_ref(there) : (struct ref){NULL, MOVE_NEW};
        parent = there;
    }
}
