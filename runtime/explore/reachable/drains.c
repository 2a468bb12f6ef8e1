#include "drains.h"

#include <limits.h>
#include <string.h>

#include "../base/fatal.h"
#include "../findings/judge.h"
#include "../findings/seen.h"
#include "../base/known.h"
#include "../state/rows.h"
#include "../state/shape.h"
#include "../findings/stated.h"

enum { NEVER = UINT8_MAX };

/*
 * By situation: how many more drains it takes to come to those above. 0: some ending of the calls
 * there ends the instance, and its drop ends ok; 1: only if it fails; NEVER: no ending does.
 */
static struct known drains_until_above;

/*
 * An instance that drain comes to next, with those above it and nothing else. Without an image the
 * state `origin`, of which the instances are judged that drain comes to after so many drains.
 */
struct left {
    struct image *image;
    uint32_t origin, born;
    unsigned most; /* calls that may still fail */
    struct drain_steps steps;
};

static struct {
    struct left *at;
    size_t first, n, room;
} drains_left; /* in the order of their number of drains */

static void drains_begin(void)
{
    known_clear(&drains_until_above);
    for (; drains_left.first < drains_left.n; drains_left.first++)
        world_drop(drains_left.at[drains_left.first].image);
    drains_left.first = drains_left.n = 0;
}

static struct digest drains_situation_of(int thing, unsigned most)
{
    struct digest digest = shape_situation(thing);

    digest_add(&digest, most);
    return digest;
}

static int drains_thing_born(uint32_t born)
{
    for (unsigned i = 0; i < w.n_things; i++)
        if (w.things[i].born == born)
            return (int)i;
    return NO_THING;
}

/* Was the instance judged before, in this situation? */
static bool drains_is_judged(const struct left *left)
{
    struct digest situation = drains_situation_of(drains_thing_born(left->born), left->most);

    return known_find(&drains_until_above, situation) != NULL;
}

/* A drain of a state, in which the calls at one instance end as the script says. */
static void drains_drain(const struct image *image, uint32_t born)
{
    world_restore(image);
    step_look();
    script.free = born;
    backend_begin(MODE_DRAIN);
    (void)step_drain();
    world_look();
}

/* Keeps what happened at one instance. Returns how many calls there failed. */
static unsigned drains_keep_own(uint32_t born)
{
    unsigned calls = 0, rows = 0, failures = 0;

    for (unsigned i = 0; i < n_called; i++)
        if (called[i].thing.born == born)
            called[calls++] = called[i];
    n_called = calls;
    for (unsigned i = 0; i < n_ran; i++)
        if (ran[i].born == born)
            ran[rows++] = ran[i];
    n_ran = rows;
    for (unsigned i = 0; i < n_called; i++)
        failures += called[i].ending.outcome == BERTH_FAILED ||
                    called[i].ending.outcome == BERTH_UNSURE ||
                    called[i].ending.outcome == BERTH_ANSWERED_UNKNOWN;
    return failures;
}

/* Did a drop of the instance fail? Then drain leaves those above it alone. */
static bool drains_own_fails(void)
{
    bool fails = false;

    for (unsigned i = 0; i < n_ran; i++)
        fails |= ran[i].outcome == BERTH_FAILED || ran[i].outcome == BERTH_UNSURE ||
                 ran[i].outcome == BERTH_REJECTED || ran[i].outcome == BERTH_ANSWERED_UNKNOWN;
    return fails;
}

/* Judges the calls at an instance, which is in `before`. */
static void drains_judge_needs(struct faults *faults, int was)
{
    uint32_t born = before.things[was].born;
    struct needing needing = {0};

    needing.levels = before.things[was].level + 1u;
    for (int at = was; at >= 0; at = before.things[at].parent) {
        const struct thing *thing = &before.things[at];

        needing.truth[thing->level] = thing->truth;
        needing.open[thing->level] = thing->open;
        needing.unsaid[thing->level] = plan.resources[thing->resource].states[thing->state].unsaid;
    }
    for (unsigned i = 0; i < n_called && plan.any_needs; i++)
        if (called[i].thing.born == born)
            judge_needs_of(faults, &needing, &called[i]);
}

static void drains_judge_death(struct faults *faults)
{
    for (unsigned i = 0; i < before.n_things; i++)
        drains_judge_needs(faults, (int)i);
    if (!world_is_locked())
        stated_judge(faults);
}

static void drains_judge_drain(struct faults *faults, uint32_t born)
{
    int was = NO_THING, now = drains_thing_born(born);

    for (unsigned i = 0; i < before.n_things; i++)
        if (before.things[i].born == born)
            was = (int)i;
    drains_judge_needs(faults, was);
    if (plan.crash)
        seen_look_at_drained(was, now);
    if (now >= 0 && (before.things[was].state != w.things[now].state ||
                     before.things[was].truth != w.things[now].truth))
        stated_judge_thing(faults, &w.things[now]);
}

static void drains_wait(const struct left *left)
{
    if (left->steps.n == DRAIN_STEPS)
        fatal_limit("drains of one script");
    if (drains_left.n == drains_left.room) {
        drains_left.room = drains_left.room ? drains_left.room * 2 : 64;
        drains_left.at = fatal_realloc(drains_left.at, drains_left.room * sizeof *drains_left.at);
    }
    drains_left.at[drains_left.n++] = *left;
}

/* Comes again to an instance that a drain left. */
static void drains_come_again(const struct left *left, const struct drain_steps *steps,
                              unsigned failures)
{
    struct left again = *left;

    (void)step_after_drain();
    again.most -= left->most == UINT_MAX ? 0 : failures;
    again.steps = *steps;
    if (drains_is_judged(&again))
        return;
    again.image = world_save();
    drains_wait(&again);
}

/* Notes that the instance has ended. */
static void drains_note_end(struct digest situation)
{
    uint64_t *until = known_put(&drains_until_above, situation, NEVER, NULL);
    uint64_t now = drains_own_fails();

    if (now < *until)
        *until = now;
}

/* Every ending of the calls at one instance. */
static void drains_drain_at(const struct left *left, drains_told *told)
{
    static struct faults faults;
    struct digest situation = drains_situation_of(drains_thing_born(left->born), left->most);
    struct drain_steps steps = left->steps;
    struct drain_step *step = &steps.at[steps.n++];

    (void)known_put(&drains_until_above, situation, NEVER, NULL);
    script.n_chosen = 0;
    do {
        unsigned failures;

        drains_drain(left->image, left->born);
        failures = drains_keep_own(left->born);
        if (left->most != UINT_MAX && failures > left->most)
            continue;
        step->n_chosen = script.n_chosen;
        memcpy(step->chosen, script.chosen, script.n_chosen);
        faults.n = 0;
        drains_judge_drain(&faults, left->born);
        for (unsigned i = 0; i < faults.n; i++)
            told(left->origin, &faults.at[i], &steps);
        if (drains_thing_born(left->born) < 0)
            drains_note_end(situation);
        else if (faults.n == 0)
            drains_come_again(left, &steps, failures);
    } while (backend_next());
}

/* The same at an instance of a state, of which those below it have ended. */
static void drains_drain_thing(const struct left *state, unsigned thing, drains_told *told)
{
    struct left left = *state;

    left.born = w.things[thing].born;
    left.steps.thing = thing;
    world_leave_path((int)thing);
    left.image = world_save();
    drains_drain_at(&left, told);
    world_drop(left.image);
}

/* The present state, which is the state's origin. */
static void drains_judge_state(const struct left *state, drains_told *told)
{
    struct digest situations[WORLD_THINGS];
    unsigned drains[WORLD_THINGS] = {0}; /* those before the one that comes to it; or NEVER */
    struct image *image = world_save();
    unsigned n = w.n_things;
    bool waits = false;

    for (unsigned i = 0; i < n; i++)
        situations[i] = drains_situation_of((int)i, state->most);
    for (unsigned i = n; i-- > 0;) {
        unsigned above = drains[i];
        const uint64_t *until;
        int parent;

        world_restore(image);
        parent = w.things[i].parent;
        if (drains[i] <= state->steps.n && !known_find(&drains_until_above, situations[i]))
            drains_drain_thing(state, i, told);
        until = known_find(&drains_until_above, situations[i]);
        if (until && drains[i] != NEVER)
            above = *until == NEVER ? NEVER : drains[i] + (unsigned)*until;
        else
            waits |= drains[i] != NEVER;
        if (parent >= 0 && above > drains[parent])
            drains[parent] = above;
    }
    world_drop(image);
    if (waits) {
        struct left again = *state;

        again.steps.n++;
        drains_wait(&again);
    }
}

static void drains_judge(uint32_t origin, unsigned most, drains_told *told)
{
    if (w.n_things > 0)
        drains_judge_state(&(struct left){.origin = origin, .most = most}, told);
}

static void drains_again(drains_told *told, drains_restores *restores)
{
    for (; drains_left.first < drains_left.n; drains_left.first++) {
        struct left left = drains_left.at[drains_left.first];

        if (!left.image) {
            restores(left.origin);
            drains_judge_state(&left, told);
            continue;
        }
        world_restore(left.image);
        if (!drains_is_judged(&left))
            drains_drain_at(&left, told);
        world_drop(left.image);
    }
}
