#include "poisoned.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../../src/model/field.h"
#include "../findings/clean.h"
#include "future.h"
#include "../findings/judge.h"
#include "../base/known.h"
#include "../state/rows.h"
#include "../state/shape.h"

static struct known poisoned_usual, poisoned_good;

static void poisoned_begin(void)
{
    known_clear(&poisoned_usual);
    known_clear(&poisoned_good);
}

/* Does somebody hold the thing, or one below it? */
static bool poisoned_is_held(int thing)
{
    for (unsigned i = 0; i < w.n_things; i++)
        if (world_refs(&w.things[i]) > 0 && world_is_below((int)i, thing))
            return true;
    return false;
}

static bool poisoned_lists(const struct plan_list *list, unsigned number)
{
    for (unsigned i = 0; i < list->n; i++)
        if (list->at[i] == number)
            return true;
    return false;
}

/* Does the request give the fields of the thing? Others are in conflict. */
static bool poisoned_gives_the_same(const struct move *move, int thing)
{
    uint16_t given = move->choice[w.things[thing].level];

    return move->n_config > 0 && given == w.things[thing].choice;
}

/* What newcomers who ask for the thing get, policy and absent hooks aside. */
struct asked {
    unsigned n;
    bool somebody; /* not all callers are busy elsewhere */
    bool meant, taken;
    bool refused;
    struct change change; /* the first that is refused */
    struct ran last;
};

static struct asked poisoned_ask_for(const struct image *image, int thing)
{
    struct asked asked = {0};
    struct moves moves = {0};
    uint32_t born = w.things[thing].born;
    const struct plan_list *newcomers = &plan.resources[w.things[thing].resource].newcomers;
    uint8_t level = w.things[thing].level;

    moves_list(&moves, false);
    for (unsigned i = 0; i < moves.n; i++) {
        const struct move *move = &moves.at[i];

        if (!poisoned_lists(newcomers, move->op) || level >= type.operations[move->op].levels ||
            move->path[level].born != born || !poisoned_gives_the_same(move, thing))
            continue;
        asked.somebody = true;
        world_restore(image);
        step_look();
        step_run_clean(move);
        step_read_refusal();
        if (change.code != 0 && !clean_is_by_row())
            continue;
        asked.n++;
        asked.taken |= change.code == 0;
        asked.meant |= clean_is_meant();
        if (change.code != 0 && !asked.refused) {
            asked.refused = true;
            asked.change = change;
            asked.last = ran[n_ran - 1];
        }
    }
    world_restore(image);
    free(moves.at);
    return asked;
}

static void poisoned_learn(const struct image *image)
{
    world_restore(image);
    for (unsigned i = 0; i < w.n_things; i++) {
        const struct plan_resource *resource = &plan.resources[w.things[i].resource];
        struct digest kinds;
        struct asked asked;

        if (resource->by_free || poisoned_is_held((int)i))
            continue;
        kinds = shape_kinds((int)i);
        if (known_find(&poisoned_usual, kinds))
            continue;
        asked = poisoned_ask_for(image, (int)i);
        if (!asked.meant && (asked.somebody || resource->newcomers.n == 0))
            (void)known_add(&poisoned_usual, kinds);
    }
}

struct opening {
    struct key_path path;
    const struct plan_list *newcomers;
};

/* The instance is gone, or one of the operations comes to it and succeeds. */
static bool poisoned_is_open(const struct future *future, void *arg)
{
    const struct opening *opening = arg;
    int at = world_at(&opening->path);

    if (at < 0)
        return true;
    if (!future->changed || change.code != 0 ||
        !poisoned_lists(opening->newcomers, change.move.op) ||
        w.things[at].level >= type.operations[change.move.op].levels)
        return false;
    return change.path[w.things[at].level] == at;
}

/* The instance is gone, or where instances are while nothing fails. */
static bool poisoned_is_usual(const struct future *future, void *arg)
{
    int at = world_at(arg);

    (void)future;
    return at < 0 || known_find(&poisoned_good, shape_kept(at)) ||
           known_find(&poisoned_usual, shape_kinds(at));
}

/* A fault where only `create` makes such instances, and this one never ends. */
static bool poisoned_is_taken(const struct image *image, int thing, struct fault *fault,
                              struct move *shown)
{
    struct key_path path = world_key_path(thing);
    const struct plan_list *makers = &plan.resources[w.things[thing].resource].makers;
    struct thing copy = w.things[thing];

    if (future_ever(poisoned_is_usual, &path)) {
        (void)known_add(&poisoned_good, shape_kept(thing));
        return false;
    }
    for (unsigned i = 0; i < makers->n; i++) {
        const berth_operation *operation = &type.operations[makers->at[i]];
        struct move move = {.op = (uint8_t)makers->at[i],
                            .part = plan.operations[makers->at[i]].part,
                            .n_config = operation->levels};
        int at = thing;

        for (unsigned level = operation->levels; level-- > 0; at = w.things[at].parent) {
            move.path[level] = world_ref(at);
            move.choice[level] = w.things[at].choice;
        }
        if (operation->at > 0) {
            const berth_assigned *pool = &type.resources[copy.resource].assigned[operation->at - 1];

            for (unsigned j = 0; j < pool->n_parts; j++)
                move.at[j] = (uint32_t)field_integer(pool->parts[j].type,
                                                     (const char *)world_view(&w.things[thing]) +
                                                         pool->parts[j].view_offset);
        }
        step_look();
        step_run_clean(&move);
        world_restore(image);
        if (change.code != -EEXIST)
            continue;
        *fault = (struct fault){.finding = POISONED,
                                .sentence = POISONED_KEY,
                                .place = judge_state_place(copy.resource, copy.state),
                                .arguments = {move.op, EEXIST, copy.resource}};
        *shown = move;
        return true;
    }
    return false;
}

static bool poisoned_judge_thing(const struct image *image, int thing, struct fault *fault,
                                 struct move *shown)
{
    const struct plan_resource *resource = &plan.resources[w.things[thing].resource];
    struct asked asked;
    struct opening opening = {world_key_path(thing), &resource->newcomers};

    if (poisoned_is_held(thing) || known_find(&poisoned_good, shape_kept(thing)) ||
        known_find(&poisoned_usual, shape_kinds(thing)))
        return false;
    if (resource->makers.n > 0 && poisoned_is_taken(image, thing, fault, shown))
        return true;
    if (resource->newcomers.n == 0)
        return false;
    asked = poisoned_ask_for(image, thing);
    if (asked.n == 0)
        return false; /* nobody may ask now */
    if (!asked.refused || asked.taken || future_ever(poisoned_is_open, &opening)) {
        (void)known_add(&poisoned_good, shape_kept(thing));
        return false;
    }
    *shown = asked.change.move;
    *fault = (struct fault){.finding = POISONED,
                            .sentence = POISONED_KEY,
                            .arguments = {asked.change.move.op, (uint64_t)-asked.change.code,
                                          w.things[thing].resource}};
    fault->place = asked.last.row > 0 ? judge_row_place(asked.last.row)
                                      : judge_state_place(asked.last.resource, asked.last.state);
    fault->place.event = asked.last.event;
    return true;
}

static bool poisoned_judge(const struct image *image, struct fault *fault, struct move *shown)
{
    for (unsigned i = 0; i < w.n_things; i++)
        if (poisoned_judge_thing(image, (int)i, fault, shown))
            return true;
    return false;
}
