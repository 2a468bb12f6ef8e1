#include "invariants.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../src/base/store/pool.h"
#include "../src/model/field.h"
#include "base/fatal.h"
#include "base/known.h"
#include "state/rows.h"
#include "state/shape.h"

static size_t
    invariants_empty_used; /* memory of a manager that tracks nothing, but for tables that stay */
static struct known invariants_tried, invariants_closed;

static size_t invariants_batch(const struct batch *batch)
{
    size_t size = batch->capacity == 0
                      ? 0
                      : BERTH_ARENA_ROOM(batch->capacity * sizeof *batch->changes) +
                            BERTH_ARENA_ROOM(batch->capacity * sizeof *batch->subjects);

    for (const struct batch_chunk *at = batch->chunks; at; at = at->next)
        size += BERTH_ARENA_ROOM(sizeof *at + at->size);
    return size;
}

/* Bytes of the tables that maps and pools keep. */
static size_t invariants_kept_tables(void)
{
    const struct berth_manager *manager = w.manager;
    size_t size = 0;
    const struct map *maps[] = {&manager->instances, &manager->reservations, &manager->calls};

    for (unsigned i = 0; i < sizeof maps / sizeof maps[0]; i++) {
        if (maps[i]->n > MAP_SMALL)
            size += BERTH_ARENA_ROOM(maps[i]->n * sizeof maps[i]->chains[0]);
        if (maps[i]->old_n > MAP_SMALL)
            size += BERTH_ARENA_ROOM(maps[i]->old_n * sizeof maps[i]->old[0]);
    }
    if (manager_stored(manager))
        size += invariants_batch(&manager->stored->merged);
    return size;
}

static void invariants_begin(void)
{
    invariants_empty_used = w.arena.used - invariants_kept_tables();
    known_clear(&invariants_tried);
    known_clear(&invariants_closed);
}

static bool invariants_are_open(void)
{
    return known_add(&invariants_closed, shape_answers(-1));
}

/* Nodes of pools stay once they are made. */
static bool invariants_has_pools(void)
{
    for (unsigned i = 1; i <= type.n_resources; i++)
        if (w.manager->layouts[i].in_pools)
            return true;
    return false;
}

/* After a crash, what loading has settled waits for the next commit, and names what has ended. */
static bool invariants_has_leftover(void)
{
    return manager_stored(w.manager) && w.manager->stored->leftover;
}

/* Who is below each thing, and which reservations hold it. */
static void invariants_count(uint32_t children[WORLD_THINGS], uint32_t holds[WORLD_THINGS])
{
    memset(children, 0, w.n_things * sizeof children[0]);
    memset(holds, 0, w.n_things * sizeof holds[0]);
    for (unsigned i = 0; i < w.n_things; i++)
        if (w.things[i].parent >= 0)
            children[w.things[i].parent]++;
    for (unsigned i = 0; i < plan.callers; i++) {
        const struct caller *caller = &w.callers[i];

        for (unsigned level = 0; caller->is == IS_WITH && level < caller->n_path; level++) {
            int at = caller->held & (1u << level) ? world_find(caller->path[level]) : NO_THING;

            if (at >= 0)
                holds[at]++;
        }
    }
}

static void invariants_check_counts(void)
{
    uint32_t children[WORLD_THINGS], holds[WORLD_THINGS];
    size_t entries = 0, reservations = 0;

    invariants_count(children, holds);
    for (unsigned i = 0; i < w.n_things; i++) {
        const struct thing *thing = &w.things[i];

        entries += !thing->at->only;
        if (children[i] != thing->children)
            fatal_broken("a %s counts %u children and has %u", type.resources[thing->resource].name,
                         thing->children, children[i]);
        if (holds[i] != thing->holds)
            fatal_broken("a %s counts %u reservations and %u hold it",
                         type.resources[thing->resource].name, thing->holds, holds[i]);
        if (thing->at->ended)
            fatal_broken("a %s has ended and is tracked", type.resources[thing->resource].name);
    }
    for (unsigned i = 0; i < plan.callers; i++)
        reservations += w.callers[i].is == IS_WITH;
    if (w.manager->instances.count != entries)
        fatal_broken("the map of instances counts %zu, and %zu are tracked",
                     w.manager->instances.count, entries);
    if (w.manager->reservations.count != reservations)
        fatal_broken("the map of reservations counts %zu, and callers have %zu",
                     w.manager->reservations.count, reservations);
}

/* A root that waits for recovery is locked, and no other. */
static void invariants_check_locks(void)
{
    int raised = world_thing(world_raised().at);

    while (raised >= 0 && w.things[raised].parent >= 0)
        raised = w.things[raised].parent;
    for (unsigned i = 0; i < w.n_things; i++)
        if (w.things[i].at->locked != ((int)i == raised))
            fatal_broken("a %s stays locked", type.resources[w.things[i].resource].name);
}

/* S1: a request that fails before its first call changes no instance. */
static void invariants_check_refusal(void)
{
    if (w.n_things != before.n_things ||
        memcmp(w.things, before.things, w.n_things * sizeof w.things[0]) != 0)
        fatal_broken("%s is refused, and yet an instance changes",
                     type.operations[change.move.op].name);
}

static void invariants_check(void)
{
    if (change.refused)
        invariants_check_refusal();
    if (w.manager->n_operations > 0 || w.manager->ready || w.manager->waiting)
        fatal_broken("an operation has not ended");
    invariants_check_locks();
    invariants_check_counts();
    if (w.n_things == 0 && w.manager->reservations.count == 0 && !invariants_has_pools() &&
        !invariants_has_leftover() &&
        w.arena.used != invariants_empty_used + invariants_kept_tables())
        fatal_broken("a manager that tracks nothing has %zu bytes, and had %zu", w.arena.used,
                     invariants_empty_used + invariants_kept_tables());
}

static void invariants_expect_nothing(const struct move *move, int code, struct digest state)
{
    if (change.code == 0 || (code != 0 && change.code != code))
        fatal_broken("%s gives %s, and should give %s", type.operations[move->op].name,
                     berth_errno_name(change.code), berth_errno_name(code));
    if (n_called > 0 || !digest_equal(shape_plain(), state))
        fatal_broken("%s is refused, and yet something changes", type.operations[move->op].name);
}

static unsigned invariants_try_uses(const struct image *image, bool tries)
{
    unsigned n = 0;

    for (unsigned i = 0; i < plan.callers; i++) {
        const struct caller *caller = &w.callers[i];

        if (caller->is != IS_WITH || !caller->releasing ||
            caller->held == (1u << caller->n_path) - 1)
            continue;
        for (unsigned op = 1; op <= type.n_operations; op++) {
            struct move move = {.who = (uint8_t)i, .part = PART_NONE, .op = (uint8_t)op};
            struct digest state;

            if (plan.operations[op].part != PART_USES)
                continue;
            n++;
            if (!tries)
                continue;
            state = shape_plain();
            memcpy(move.path, caller->path, sizeof move.path);
            for (unsigned traced = 0; traced < 2; traced++) { /* on both ways of the runtime */
                step_look();
                if (!traced)
                    w.manager->trace = NULL;
                step_run_clean(&move);
                invariants_expect_nothing(&move, change.error.rule ? 0 : -ECANCELED, state);
                world_restore(image);
            }
        }
    }
    return n;
}

static struct digest invariants_question(const struct move *move)
{
    struct digest digest = shape_plain();

    digest_add(&digest, move->op);
    for (unsigned i = 0; i < move->n_config; i++)
        digest_add(&digest, move->choice[i]);
    return digest;
}

/* Takes away all free slots. */
static void invariants_fill_pools(void)
{
    for (unsigned i = 1; i <= type.n_resources; i++)
        for (unsigned j = 0; j < type.resources[i].n_assigned; j++)
            if (type.resources[i].assigned[j].kind == BERTH_ASSIGN_POOL)
                pool_init(&w.manager->layouts[i].values[j].pool, 0);
}

static void invariants_try_full(const struct image *image, const struct move *move)
{
    const berth_operation *operation = &type.operations[move->op];
    bool makes = false;

    for (unsigned i = 0; i < operation->levels; i++)
        makes |= move->path[i].born == MOVE_NEW && w.manager->layouts[operation->path[i]].in_pools;
    if (!makes || operation->at > 0 || !known_add(&invariants_tried, invariants_question(move)))
        return;
    {
        struct digest state = shape_plain();

        step_look();
        invariants_fill_pools();
        step_run_clean(move);
        w.callers[move->who] = before.callers[move->who]; /* a release has begun all the same */
        invariants_expect_nothing(move, 0, state);
    }
    world_restore(image);
}

static void invariants_try_taken(const struct image *image)
{
    for (unsigned op = 1; op <= type.n_operations; op++) {
        const berth_operation *operation = &type.operations[op];
        struct move move = {.op = (uint8_t)op, .n_config = operation->levels};
        struct digest state;
        int there = NO_THING;

        if (operation->at == 0 || operation->path[0] != plan.root)
            continue;
        for (unsigned i = 0; i < w.n_things && there < 0; i++)
            if (w.things[i].resource == operation->resource)
                there = (int)i;
        if (there < 0)
            continue;
        for (unsigned i = 0; i < operation->levels; i++) {
            const struct plan_list *list = &plan.resources[operation->path[i]].choices;

            move.choice[i] = list->at[i + 1u < operation->levels ? 0 : list->n - 1];
            move.path[i].born = MOVE_NEW;
        }
        if (!known_add(&invariants_tried, invariants_question(&move)))
            continue;
        {
            const berth_assigned *pool =
                &type.resources[operation->resource].assigned[operation->at - 1];

            for (unsigned i = 0; i < pool->n_parts; i++)
                move.at[i] = (uint32_t)field_integer(pool->parts[i].type,
                                                     (const char *)world_view(&w.things[there]) +
                                                         pool->parts[i].view_offset);
        }
        state = shape_plain();
        step_look();
        step_run_clean(&move);
        invariants_expect_nothing(&move, 0, state);
        world_restore(image);
    }
}

/* What came of a request with a trace. */
static struct {
    int code;
    const char *event, *resource;
    struct digest state;
} invariants_traced;

static void invariants_note(struct digest state)
{
    invariants_traced.code = change.code;
    invariants_traced.event = change.error.event;
    invariants_traced.resource = change.error.resource;
    invariants_traced.state = state;
}

static void invariants_try_fast(const struct image *image, const struct move *move)
{
    struct script own = script;

    if (type.operations[move->op].form == BERTH_CREATE)
        return; /* what was there before it is chosen anew, and would differ */
    world_restore(image);
    script.n_chosen = 0;
    backend_begin(MODE_FREE);
    w.manager->trace = NULL;
    step_run(move, 0);
    if (n_called > 0 || change.code != invariants_traced.code ||
        change.error.event != invariants_traced.event ||
        change.error.resource != invariants_traced.resource)
        fatal_broken("%s gives %s without a trace, and %s with one", type.operations[move->op].name,
                     berth_errno_name(change.code), berth_errno_name(invariants_traced.code));
    if (!digest_equal(shape_state(-1), invariants_traced.state))
        fatal_broken("%s leaves another state without a trace", type.operations[move->op].name);
    invariants_check_locks();
    invariants_check_counts();
    script = own;
}
