#include "stated.h"

#include "../../src/model/row.h"
#include "../reachable/future.h"
#include "judge.h"
#include "../base/known.h"
#include "left.h"
#include "../state/rows.h"

static struct known stated_by_state, stated_in_all, stated_resting;

static void stated_begin(void)
{
    known_clear(&stated_by_state);
    known_clear(&stated_in_all);
    known_clear(&stated_resting);
}

/* States. */

static void stated_judge_thing(struct faults *faults, const struct thing *thing)
{
    const struct plan_state *state = &plan.resources[thing->resource].states[thing->state];
    effects absent = state->always & ~thing->truth, there = thing->truth & ~state->allowed;
    effects perhaps = thing->open & ~thing->truth & ~state->allowed;

    if (!state->stated || !(absent | there | perhaps))
        return;
    for (unsigned i = n_ran; i-- > 0;) {
        if (ran[i].resource != thing->resource || ran[i].row == 0 ||
            ran[i].outcome == BERTH_REJECTED)
            continue;
        fault_add(faults, EFFECTS, EFFECTS_COMES, judge_row_place(ran[i].row),
                  (uint64_t)thing->resource << 16 | thing->state, absent, there, perhaps);
        return;
    }
    fault_add(faults, EFFECTS, EFFECTS_MADE, judge_state_place(thing->resource, thing->state),
              (uint64_t)thing->resource << 16 | thing->state, absent, there, perhaps);
}

static void stated_judge(struct faults *faults)
{
    if (!plan.any_stated || change.nothing)
        return;
    for (unsigned i = 0; i < w.n_things; i++) {
        int was = step_before(world_ref((int)i));

        if (was < 0 || before.things[was].state != w.things[i].state ||
            before.things[was].truth != w.things[i].truth)
            stated_judge_thing(faults, &w.things[i]);
    }
}

/* Successes. */

static struct digest stated_success_of(const struct thing *thing, uint16_t state)
{
    struct digest digest = digest_start(5);

    digest_add(&digest, (uint64_t)change.move.op | (uint64_t)thing->resource << 8 |
                            (uint64_t)thing->kind << 16 | (uint64_t)state << 32);
    return digest;
}

/* Does a success say something of the thing at this level of the path? */
static bool stated_says_of(unsigned level)
{
    if (change.code != 0 || change.path[level] < 0)
        return false;
    if (change.move.part == PART_FREE)
        return (plan.operations[change.move.op].asked & (1u << level)) != 0;
    return change.move.part == PART_USES || change.move.part == PART_ACQUIRES;
}

static void stated_note(struct known *known, struct digest digest, effects there)
{
    *known_put(known, digest, there, NULL) &= there;
}

static void stated_learn(void)
{
    for (unsigned i = 0; i < type.operations[change.move.op].levels; i++) {
        const struct thing *thing = &w.things[stated_says_of(i) ? change.path[i] : 0];

        if (!stated_says_of(i))
            continue;
        stated_note(&stated_by_state, stated_success_of(thing, thing->state),
                    thing->truth | thing->open);
        if (!(type.resources[thing->resource].marks[thing->state] & BERTH_RESIDENT))
            stated_note(&stated_in_all, stated_success_of(thing, 0), thing->truth | thing->open);
    }
}

static effects stated_promised_of(const struct thing *thing)
{
    const struct plan_state *state = &plan.resources[thing->resource].states[thing->state];
    bool free = change.move.part == PART_FREE;
    const uint64_t *known = known_find(&stated_by_state, stated_success_of(thing, thing->state));
    effects promised;

    if (known) {
        promised = *known;
    } else {
        /* a state that was never seen promises what all others do */
        known = known_find(&stated_in_all, stated_success_of(thing, 0));
        promised = known ? *known : 0;
        if (free)
            promised &= plan.operations[change.move.op].brings;
    }
    /* What a state says is promised. It takes nothing back from one who asked to use it. */
    if (state->stated)
        promised = free ? state->always : promised | state->always;
    return promised;
}

static struct place stated_success_place(const struct thing *thing)
{
    for (unsigned i = 0; i < n_ran; i++)
        if (ran[i].resource == thing->resource && ran[i].row > 0)
            return judge_row_place(ran[i].row);
    return (struct place){.resource = thing->resource,
                          .state = thing->state,
                          .shown = SHOWN_OPERATION,
                          .op = change.move.op};
}

static void stated_judge_success(struct faults *faults)
{
    static struct faults some;

    some.n = 0;
    for (unsigned i = 0; i < type.operations[change.move.op].levels; i++) {
        const struct thing *thing = &w.things[stated_says_of(i) ? change.path[i] : 0];
        effects missing;

        if (!stated_says_of(i))
            continue;
        missing = stated_promised_of(thing) & ~(thing->truth | thing->open);
        if (missing)
            fault_add(&some, MISSING_EFFECT, MISSING_EFFECT_OF, stated_success_place(thing),
                      change.move.op, missing, 0, 0);
    }
    fault_append_up_to(faults, &some);
}

/* Slots. */

static struct digest stated_resting_at(const struct thing *thing)
{
    struct digest digest = digest_start(6);

    digest_add(&digest, (uint64_t)thing->resource | (uint64_t)thing->kind << 16 |
                            (uint64_t)thing->state << 32);
    return digest;
}

static void stated_learn_slots(void)
{
    for (unsigned i = 0; i < w.n_things; i++)
        if (w.things[i].slots)
            (void)known_add(&stated_resting, stated_resting_at(&w.things[i]));
}

static bool stated_rests_idle(const struct thing *thing)
{
    return thing->slots && world_refs(thing) == 0 && thing->children == 0 &&
           !known_find(&stated_resting, stated_resting_at(thing));
}

static bool stated_keeps_now(int thing)
{
    struct key_path path;

    if (thing < 0 || world_is_locked() || !stated_rests_idle(&w.things[thing]))
        return false;
    path = world_key_path(thing);
    return !future_ends(&path);
}

static bool stated_kept_before(struct ref ref)
{
    struct future_kept *kept = future_keep();
    bool keeps;

    world_restore(left_source);
    keeps = stated_keeps_now(world_find(ref));
    future_bring_back(kept);
    return keeps;
}

static bool stated_is_of_path(int thing)
{
    for (unsigned i = 0; i < type.operations[change.move.op].levels; i++)
        if (change.path[i] == thing)
            return true;
    return false;
}

static void stated_judge_slots(struct faults *faults)
{
    static struct faults some;

    if (change.nothing)
        return;
    some.n = 0;
    for (unsigned i = 0; i < w.n_things; i++)
        if (stated_is_of_path((int)i) && stated_keeps_now((int)i) &&
            !stated_kept_before(world_ref((int)i)))
            fault_add(&some, LEAK, LEAK_SLOT, judge_blame(&w.things[i]), w.things[i].resource, 0, 0,
                      0);
    fault_append_up_to(faults, &some);
}
