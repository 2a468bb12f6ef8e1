#include "drains.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "../base/fatal.h"
#include "../findings/judge.h"
#include "../findings/seen.h"
#include "../base/known.h"
#include "../state/rows.h"
#include "../state/shape.h"
#include "../findings/stated.h"

/* Does some ending of the calls there end the instance? By situation. */
static struct known drains_ends;

/* An instance that some drains have left. */
struct left {
    struct image *image;
    uint32_t origin, born;
    unsigned most; /* calls that may still fail */
    struct drain_steps steps;
};

static struct {
    struct left *at;
    size_t first, n, room;
} drains_left;

static void drains_begin(void)
{
    known_clear(&drains_ends);
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

/* Finds endings for the instances below one that end them, lowest first. */
static void drains_end_those_below(const struct image *image, uint32_t born)
{
    uint32_t below[WORLD_THINGS];
    unsigned n = 0;

    backend_forget_below();
    world_restore(image);
    for (unsigned i = w.n_things; i-- > 0;)
        if (w.things[i].born != born && world_is_below((int)i, drains_thing_born(born)))
            below[n++] = w.things[i].born;
    for (unsigned i = 0; i < n; i++) {
        script.n_chosen = 0;
        do {
            drains_drain(image, below[i]);
            if (drains_thing_born(below[i]) < 0) {
                backend_end_below(below[i], script.chosen, script.n_chosen);
                break;
            }
        } while (backend_next());
    }
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

static void drains_judge_drain(struct faults *faults, uint32_t born)
{
    int was = NO_THING, now = drains_thing_born(born);
    struct needing needing = {0};

    for (unsigned i = 0; i < before.n_things; i++)
        if (before.things[i].born == born)
            was = (int)i;
    needing.levels = before.things[was].level + 1u;
    for (int at = was; at >= 0; at = before.things[at].parent) {
        const struct thing *thing = &before.things[at];

        needing.truth[thing->level] = thing->truth;
        needing.open[thing->level] = thing->open;
        needing.unsaid[thing->level] = plan.resources[thing->resource].states[thing->state].unsaid;
    }
    for (unsigned i = 0; i < n_called && plan.any_needs; i++)
        judge_needs_of(faults, &needing, &called[i]);
    if (plan.crash)
        seen_look_at_drained(was, now);
    if (now >= 0 && (before.things[was].state != w.things[now].state ||
                     before.things[was].truth != w.things[now].truth))
        stated_judge_thing(faults, &w.things[now]);
}

/* Comes again to an instance that a drain left. */
static void drains_come_again(const struct left *left, const struct drain_steps *steps,
                              unsigned failures)
{
    if (steps->n == DRAIN_STEPS)
        return;
    if (drains_left.n == drains_left.room) {
        drains_left.room = drains_left.room ? drains_left.room * 2 : 64;
        drains_left.at = fatal_realloc(drains_left.at, drains_left.room * sizeof *drains_left.at);
    }
    (void)step_after_drain();
    drains_left.at[drains_left.n++] =
        (struct left){.image = world_save(),
                      .origin = left->origin,
                      .born = left->born,
                      .most = left->most == UINT_MAX ? UINT_MAX : left->most - failures,
                      .steps = *steps};
}

/* Every ending of the calls at one instance. */
static void drains_drain_at(const struct left *left, struct digest situation, drains_told *told)
{
    static struct faults faults;
    struct drain_steps steps = left->steps;
    struct drain_step *step = &steps.at[steps.n++];

    *known_put(&drains_ends, situation, 0, NULL) = 0;
    drains_end_those_below(left->image, left->born);
    world_restore(left->image);
    step->thing = (unsigned)drains_thing_born(left->born);
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
            *known_put(&drains_ends, situation, 1, NULL) = 1;
        else if (faults.n == 0)
            drains_come_again(left, &steps, failures);
    } while (backend_next());
    backend_forget_below();
}

static void drains_judge(uint32_t origin, unsigned most, drains_told *told)
{
    struct digest situations[WORLD_THINGS];
    bool stays[WORLD_THINGS] = {false}; /* it has something below it that no drain ends */
    struct image *image;
    unsigned n = w.n_things;

    if (n == 0)
        return;
    image = world_save();
    for (unsigned i = 0; i < n; i++)
        situations[i] = drains_situation_of((int)i, most);
    for (unsigned i = n; i-- > 0;) {
        int parent;
        const uint64_t *end;

        world_restore(image);
        parent = w.things[i].parent;
        if (!stays[i] && !known_find(&drains_ends, situations[i]))
            drains_drain_at(
                &(struct left){
                    .image = image, .origin = origin, .born = w.things[i].born, .most = most},
                situations[i], told);
        end = known_find(&drains_ends, situations[i]);
        if (parent >= 0 && (stays[i] || !end || !*end))
            stays[parent] = true;
    }
    world_drop(image);
}

static void drains_again(drains_told *told)
{
    for (; drains_left.first < drains_left.n; drains_left.first++) {
        struct left left = drains_left.at[drains_left.first];
        struct digest situation;

        world_restore(left.image);
        situation = drains_situation_of(drains_thing_born(left.born), left.most);
        if (!known_find(&drains_ends, situation))
            drains_drain_at(&left, situation, told);
        world_drop(left.image);
    }
}
