#include "wanted.h"

#include <stdlib.h>

#include "base/fatal.h"
#include "state/shape.h"
#include "state/ways.h"
#include "trail.h"

/* Is some row wanted that has not been seen? */
static bool wanted_is_missing(void)
{
    for (unsigned i = 0; i < plan.n_wanted; i++)
        if (!rows_taken[plan.wanted[i].row][plan.wanted[i].outcome] &&
            !wanted_behind[plan.wanted[i].row][plan.wanted[i].outcome])
            return true;
    return false;
}

/* States behind a drain that left something, and those whose drains have been tried. */
struct behind {
    struct image **at;
    size_t first, n, room;
    struct known *states; /* of the search, and behind it */
    struct known drained;
};

static void wanted_go_behind(struct behind *behind)
{
    if (behind->states->count >= plan.states || !known_add(behind->states, shape_state(-1)))
        return;
    if (behind->n == behind->room) {
        behind->room = behind->room ? behind->room * 2 : 64;
        behind->at = fatal_realloc(behind->at, behind->room * sizeof(struct image *));
    }
    behind->at[behind->n++] = world_save();
}

/* Every drain of the present state. Of states in which drains do the same, one is enough. */
static void wanted_drain_every_way(struct behind *behind, bool (*taken)[ROWS_OUTCOMES])
{
    struct image *image;

    if (world_is_locked() || !known_add(&behind->drained, shape_tree(NO_THING)))
        return;
    image = world_save();
    script.n_chosen = 0;
    do {
        world_restore(image);
        step_look();
        backend_begin(MODE_FREE);
        (void)step_drain();
        world_look();
        rows_count(taken);
        if (step_after_drain())
            wanted_go_behind(behind);
    } while (backend_next());
    world_restore(image);
    world_drop(image);
}

static void wanted_take_way(void *arg)
{
    step_read_refusal();
    rows_count(wanted_behind);
    if (!change.nothing)
        wanted_go_behind(arg);
}

static void wanted_move_every_way(struct behind *behind, const struct image *image)
{
    struct moves moves = {0};

    moves_list(&moves, false);
    step_look();
    for (unsigned i = 0; i < moves.n; i++) {
        effects there = 0;

        do {
            ways_each(image, &moves.at[i], there, MODE_FREE, wanted_take_way, behind);
            there = step_next_there(there, plan.operations[moves.at[i].op].maybe);
        } while (there != 0);
    }
    free(moves.at);
}

static void wanted_begin(unsigned rows)
{
    wanted_behind = fatal_alloc((rows + 1) * sizeof *wanted_behind);
}

static void wanted_look_for(struct known *states)
{
    struct behind behind = {.states = states};

    for (uint32_t i = 0; i < trail_n && wanted_is_missing(); i++) {
        trail_restore(i);
        wanted_drain_every_way(&behind, rows_taken);
    }
    for (; behind.first < behind.n && wanted_is_missing(); behind.first++) {
        struct image *image = behind.at[behind.first];

        world_restore(image);
        wanted_drain_every_way(&behind, wanted_behind);
        wanted_move_every_way(&behind, image);
        world_drop(image);
    }
}
