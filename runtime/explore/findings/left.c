#include "left.h"

#include <string.h>

#include "../../src/model/row.h"
#include "../reachable/future.h"
#include "judge.h"
#include "../state/rows.h"

/* References of a thing that no caller has. */
static int left_lost_references(const struct thing *thing, const struct caller *callers)
{
    int lost = (int)thing->anonymous;

    for (unsigned i = 0; i < plan.callers; i++)
        lost -= callers[i].is == IS_LOOSE && thing->level < callers[i].n_path &&
                callers[i].path[thing->level].born == thing->born &&
                (callers[i].own & (1u << thing->level));
    return lost;
}

static int left_all_lost(const struct thing *things, unsigned n, const struct caller *callers)
{
    int lost = 0;

    for (unsigned i = 0; i < n; i++)
        if (things[i].anonymous > 0)
            lost += left_lost_references(&things[i], callers);
    return lost;
}

static bool left_loses_references(void)
{
    int lost = left_all_lost(w.things, w.n_things, w.callers);

    return lost > (int)plan.callers &&
           lost > left_all_lost(before.things, before.n_things, before.callers);
}

/* Does nobody hold the thing though it is not at home, or has it references that nobody has? */
static bool left_is_adrift(const struct thing *thing, const struct caller *callers, int *lost)
{
    bool resident = (type.resources[thing->resource].marks[thing->state] & BERTH_RESIDENT) != 0;

    if (thing->anonymous == 0 && (world_refs(thing) > 0 || thing->children > 0 || resident))
        return false;
    *lost = left_lost_references(thing, callers);
    return *lost > 0 || world_refs(thing) == 0;
}

static void left_judge_adrift(struct faults *faults)
{
    for (unsigned i = w.n_things; i-- > 0;) {
        const struct thing *thing = &w.things[i];
        int lost, old, was;

        if (!left_is_adrift(thing, w.callers, &lost))
            continue;
        was = step_before(world_ref((int)i));
        if (was >= 0 && left_is_adrift(&before.things[was], before.callers, &old) && lost <= old)
            continue;
        fault_add(faults, LEAK, lost > 0 ? LEAK_REFERENCE : LEAK_STAYS, judge_blame(thing),
                  thing->resource, thing->state, 0, 0);
    }
}

/*
 * Which things are below roots that some caller has to do with. False: no other thing has an
 * effect, or a caller still lets go of what has ended, and may come to any of them.
 */
static bool left_find_held(bool held[WORLD_THINGS])
{
    bool any = false;

    memset(held, 0, w.n_things * sizeof held[0]);
    for (unsigned i = 0; i < plan.callers; i++) {
        int root;

        if (w.callers[i].is == IS_IDLE)
            continue;
        root = world_find(w.callers[i].path[0]);
        if (root < 0)
            return false;
        held[root] = true;
    }
    for (unsigned i = 0; i < w.n_things; i++) {
        if (w.things[i].parent >= 0)
            held[i] = held[w.things[i].parent];
        any |= !held[i] && w.things[i].truth;
    }
    return any;
}

/* The effects that not even a drain takes back, of things that are not held. False: none. */
static bool left_undrainable(effects masks[WORLD_THINGS])
{
    bool held[WORLD_THINGS], any = false;
    struct image *image;

    memset(masks, 0, w.n_things * sizeof masks[0]);
    if (world_is_locked() || !left_find_held(held))
        return false;
    image = world_save();
    script.n_chosen = 0;
    script.free = 0;
    backend_begin(MODE_DRAIN);
    (void)step_drain();
    for (unsigned i = 0; i < w.n_things; i++)
        masks[i] = w.things[i].truth;
    world_restore(image);
    world_drop(image);
    for (unsigned i = 0; i < w.n_things; i++) {
        masks[i] = !held[i] && w.things[i].truth ? masks[i] : 0;
        any |= masks[i] != 0;
    }
    return any;
}

/* Has the thing, or one above it, another state now? */
static bool left_has_moved(int thing)
{
    for (; thing >= 0; thing = w.things[thing].parent) {
        int was = step_before(world_ref(thing));

        if (was < 0 || before.things[was].state != w.things[thing].state)
            return true;
    }
    return false;
}

/*
 * The instance that keeps a drain from those above it: the first, lowest one below that it leaves.
 * `below` is a copy of it. False: there is none.
 */
static bool left_stays_below(int thing, struct thing *below)
{
    struct future_kept *kept = future_keep();
    struct ref ref = world_ref(thing);
    bool found = false;

    script.n_chosen = 0;
    script.free = 0;
    backend_begin(MODE_DRAIN);
    (void)step_drain();
    world_look();
    thing = world_find(ref);
    for (unsigned i = 0; i < w.n_things && !found && thing >= 0; i++) {
        if ((int)i == thing || w.things[i].children > 0 || !world_is_below((int)i, thing))
            continue;
        *below = w.things[i];
        found = true;
    }
    future_bring_back(kept);
    return found;
}

/* The row by which an instance lets go where it stays; for want of one its state. */
static struct place left_drop_place(const struct thing *thing)
{
    const berth_resource *resource = &type.resources[thing->resource];
    uint16_t row = resource->drop > 0 ? row_cell(resource, thing->state, resource->drop).row : 0;
    struct place place = judge_state_place(thing->resource, thing->state);

    if (row > 0)
        return judge_row_place((uint16_t)(resource->first_row + row));
    place.event = resource->drop;
    return place;
}

static void left_add_kept(struct faults *faults, int thing, effects mask)
{
    struct thing below;

    if (left_stays_below(thing, &below))
        fault_add(faults, LEAK, LEAK_BELOW, left_drop_place(&below), below.resource, below.state,
                  mask, w.things[thing].resource);
    else
        fault_add(faults, LEAK, LEAK_EFFECT, judge_blame(&w.things[thing]),
                  w.things[thing].resource, mask, 0, 0);
}

/* The masks of the state before the request, by thing of the present state. */
static void left_undrainable_before(effects masks[WORLD_THINGS], effects open[WORLD_THINGS])
{
    effects was[WORLD_THINGS];
    struct image *now = world_save();
    struct ref names[WORLD_THINGS];
    unsigned n = w.n_things;

    for (unsigned i = 0; i < n; i++)
        names[i] = world_ref((int)i);
    world_restore(left_source);
    (void)left_undrainable(was);
    for (unsigned i = 0; i < n; i++) {
        int at = world_find(names[i]);

        masks[i] = at >= 0 ? was[at] : 0;
        open[i] = at >= 0 ? w.things[at].open : 0;
    }
    world_restore(now);
    world_drop(now);
}

/* Did the request of the state before ever take the effects back? */
static bool left_was_taken_back(const struct key_path *path, effects mask)
{
    struct image *now = world_save();
    bool found;

    world_restore(left_source);
    found = future_takes_back(path, mask);
    world_restore(now);
    world_drop(now);
    return found;
}

/* The request's own calls, rows and script, while drains make theirs. */
static struct {
    struct script script;
    unsigned n_called, n_ran;
    struct called called[BACKEND_CALLS];
    struct ran ran[ROWS];
} left_own;

static void left_keep_own(void)
{
    left_own.script = script;
    left_own.n_called = n_called;
    left_own.n_ran = n_ran;
    memcpy(left_own.called, called, n_called * sizeof called[0]);
    memcpy(left_own.ran, ran, n_ran * sizeof ran[0]);
}

static void left_bring_back_own(void)
{
    script = left_own.script;
    n_called = left_own.n_called;
    n_ran = left_own.n_ran;
    memcpy(called, left_own.called, n_called * sizeof called[0]);
    memcpy(ran, left_own.ran, n_ran * sizeof ran[0]);
}

static void left_judge_undrained(struct faults *faults)
{
    effects left[WORLD_THINGS], old[WORLD_THINGS], open[WORLD_THINGS];
    bool held[WORLD_THINGS], any;

    if (!left_find_held(held))
        return;
    left_keep_own();
    any = left_undrainable(left);
    if (any)
        left_undrainable_before(old, open);
    left_bring_back_own();
    for (unsigned i = 0; i < w.n_things && any; i++) {
        effects mask = left[i] & ~w.things[i].open; /* what is open was there before */
        effects known = mask & old[i] & ~open[i];
        struct key_path path;

        if (mask == 0 || (mask == known && !left_has_moved((int)i)))
            continue;
        path = world_key_path((int)i);
        if (future_takes_back(&path, mask))
            continue;
        if (mask != known || left_was_taken_back(&path, mask))
            left_add_kept(faults, (int)i, mask);
        if (!fault_all_accepted(faults))
            return;
    }
}

static void left_judge(struct faults *faults)
{
    left_judge_adrift(faults);
    if (fault_all_accepted(faults))
        left_judge_undrained(faults);
}
