#include "future.h"

#include <stdlib.h>
#include <string.h>

#include "../base/fatal.h"
#include "../base/known.h"
#include "../findings/left.h"
#include "../state/rows.h"
#include "../state/shape.h"

static struct future_kept *future_keep(void)
{
    struct future_kept *kept = fatal_alloc(sizeof *kept);

    kept->image = world_save();
    kept->before = before;
    kept->change = change;
    kept->script = script;
    kept->n_called = n_called;
    kept->n_ran = n_ran;
    kept->n_gone = world_n_gone;
    memcpy(kept->called, called, n_called * sizeof called[0]);
    memcpy(kept->ran, ran, n_ran * sizeof ran[0]);
    memcpy(kept->gone, world_gone, world_n_gone * sizeof world_gone[0]);
    return kept;
}

static void future_bring_back(struct future_kept *kept)
{
    world_restore(kept->image);
    world_drop(kept->image);
    before = kept->before;
    change = kept->change;
    script = kept->script;
    n_called = kept->n_called;
    n_ran = kept->n_ran;
    world_n_gone = kept->n_gone;
    memcpy(called, kept->called, n_called * sizeof called[0]);
    memcpy(ran, kept->ran, n_ran * sizeof ran[0]);
    memcpy(world_gone, kept->gone, world_n_gone * sizeof world_gone[0]);
    free(kept);
}

/* States that wait, first in, first out. */
struct queue {
    struct image **at;
    size_t first, n, room;
};

static void future_enqueue(struct queue *queue, struct known *known)
{
    if (!known_add(known, shape_plain()))
        return;
    if (queue->n == queue->room) {
        queue->room = queue->room ? queue->room * 2 : 64;
        queue->at = fatal_realloc(queue->at, queue->room * sizeof(struct image *));
    }
    queue->at[queue->n++] = world_save();
}

/* A drain of a state. True: its result is wanted. */
static bool future_try_drain(struct queue *queue, struct known *known, bool is_first,
                             future_wanted *wanted, void *arg)
{
    bool held_by_nobody;
    struct digest now;

    step_look();
    script.n_chosen = 0;
    script.free = 0;
    backend_begin(MODE_DRAIN);
    (void)step_drain();
    world_look();
    /* The first drain may leave anonymous references: what was there at the beginning. */
    held_by_nobody = step_after_drain() || (is_first && !world_has_reservations());
    if (!held_by_nobody)
        return false;
    now = shape_plain();
    if (known_find(known, now))
        return false;
    future_enqueue(queue, known);
    return wanted(&(struct future){.changed = false}, arg);
}

static bool future_try_moves(struct queue *queue, struct known *known, const struct image *from,
                             future_wanted *wanted, void *arg)
{
    struct moves moves = {0};
    bool found = false;

    world_restore(from);
    moves_list(&moves, false);
    for (unsigned i = 0; i < moves.n && !found; i++) {
        world_restore(from);
        step_look();
        step_run_clean(&moves.at[i]);
        found = wanted(&(struct future){.changed = true}, arg);
        if (!found && !change.nothing && !left_loses_references())
            future_enqueue(queue, known);
    }
    free(moves.at);
    return found;
}

static bool future_ever(future_wanted *wanted, void *arg)
{
    struct future_kept *kept = future_keep();
    struct queue queue = {0};
    struct known known = {0};
    bool found;

    future_enqueue(&queue, &known);
    step_look();
    world_n_gone = 0;
    found = wanted(&(struct future){.changed = false}, arg);
    for (; queue.first < queue.n && !found; queue.first++) {
        struct image *now = queue.at[queue.first];

        world_restore(now);
        found = future_try_drain(&queue, &known, queue.first == 0, wanted, arg) ||
                future_try_moves(&queue, &known, now, wanted, arg);
        world_drop(now);
    }
    for (; queue.first < queue.n; queue.first++)
        world_drop(queue.at[queue.first]);
    free(queue.at);
    known_clear(&known);
    future_bring_back(kept);
    return found;
}

static bool future_is_gone(const struct future *future, void *arg)
{
    (void)future;
    return world_at(arg) < 0;
}

static bool future_ends(const struct key_path *path)
{
    struct key_path copy = *path;

    return future_ever(future_is_gone, &copy);
}

struct taking_back {
    struct key_path path;
    effects left;
};

/* The instance with the path in `before`; NO_THING: none. */
static int future_before_at(const struct key_path *path)
{
    int at = NO_THING;

    for (unsigned i = 0; i < path->levels; i++) {
        int found = NO_THING;

        for (unsigned j = 0; j < before.n_things && found < 0; j++)
            if (before.things[j].parent == at && before.things[j].resource == path->resource[i] &&
                plan.choices[before.things[j].choice].key == path->key[i])
                found = (int)j;
        if (found < 0)
            return NO_THING;
        at = found;
    }
    return at;
}

static bool future_is_taken_back(const struct future *future, void *arg)
{
    struct taking_back *back = arg;
    int at = world_at(&back->path);

    (void)future;
    if (at >= 0) {
        back->left &= w.things[at].truth;
    } else {
        int was = future_before_at(&back->path);

        for (unsigned i = 0; i < world_n_gone && was >= 0; i++)
            if (world_gone[i].born == before.things[was].born)
                back->left &= world_gone[i].truth;
    }
    return back->left == 0;
}

static bool future_takes_back(const struct key_path *path, effects mask)
{
    struct taking_back back = {*path, mask};

    return future_ever(future_is_taken_back, &back);
}
