#include "world.h"

#include <stdlib.h>
#include <string.h>

#include "../../src/core/stored/recovery.h"
#include "../../src/model/stored/owner.h"
#include "../../src/model/stored/tables.h"
#include "backend.h"
#include "../base/fatal.h"
#include "rows.h"

_Alignas(64) static unsigned char world_memory[WORLD_MEMORY];

struct image {
    size_t size;
    unsigned char bytes[];
};

/* The parts of the world, one after the other in an image. */
struct piece {
    void *at;
    size_t size;
};

enum { PIECES = 7 };

static struct piece world_included;

static void world_include(void *memory, size_t size)
{
    world_included = (struct piece){memory, size};
}

/* Their sizes depend on the plan alone, or on what is in the first. */
static struct piece world_piece_of(unsigned i)
{
    switch (i) {
    case 0:
        return (struct piece){&w, offsetof(struct world, callers)};
    case 1:
        return (struct piece){w.callers, plan.callers * sizeof w.callers[0]};
    case 2:
        return (struct piece){w.things, w.n_things * sizeof w.things[0]};
    case 3:
        return (struct piece){world_memory, w.arena.cut};
    case 4:
        return (struct piece){w.values, plan.callers * plan.values_size};
    case 5:
        return (struct piece){store_memory, w.store.used};
    default:
        return world_included;
    }
}

static struct image *world_save(void)
{
    struct image *image;
    size_t size = 0;

    for (unsigned i = 0; i < PIECES; i++)
        size += world_piece_of(i).size;
    image = malloc(sizeof *image + size);
    if (!image)
        fatal_memory();
    image->size = size;
    size = 0;
    for (unsigned i = 0; i < PIECES; i++) {
        struct piece piece = world_piece_of(i);

        if (piece.size > 0)
            memcpy(image->bytes + size, piece.at, piece.size);
        size += piece.size;
    }
    return image;
}

static void world_restore(const struct image *image)
{
    size_t at = 0;

    for (unsigned i = 0; i < PIECES; i++) {
        struct piece piece = world_piece_of(i); /* the first one restores the sizes of the others */

        if (piece.size > 0)
            memcpy(piece.at, image->bytes + at, piece.size);
        at += piece.size;
    }
}

static void world_drop(struct image *image)
{
    free(image);
}

/* Unique, so that none names two things; the first one is the seed of the hash tables. */
static int world_next_uuid(void *ctx, uuid_t out)
{
    (void)ctx;
    w.made++;
    memset(out, 0, sizeof(uuid_t));
    memcpy(out, &w.made, sizeof w.made);
    out[15] = 0xbe; /* callers' UUIDs have 0 here */
    return 0;
}

/* Makes the manager, of what its store has. */
static void world_make_manager(void)
{
    static berth_config config;
    berth_manager *manager;
    berth_error error;
    int rc;

    berth_arena_init(&w.arena, world_memory, sizeof world_memory);
    config = (berth_config){
        .allocator = &w.arena.allocator, .trace = rows_trace, .uuid = world_next_uuid};
    rc = plan_is_stored() ? berth_stored_open(&stored_type, plan.options, &backend_nothing, &config,
                                              store_functions(), &manager, &error)
                          : berth_manager_create(&type, plan.options, &backend_nothing, &config,
                                                 &manager, &error);
    if (rc != 0)
        fatal_broken("%s fails: %s", plan_is_stored() ? "open" : "create",
                     error.reason ? error.reason : "no memory");
    w.manager = (struct berth_manager *)manager;
}

static void world_begin(void)
{
    memset(&w, 0, sizeof w);
    world_make_manager();
    world_n_gone = 0;
}

/* Things that were there before get their new addresses. */
static void world_find_again(struct instance *instance)
{
    for (; instance; instance = instance_next(instance)) {
        uint64_t id = stored_instance(w.manager, instance)->id;

        for (unsigned i = 0; i < w.n_things; i++)
            if (w.things[i].id == id)
                w.things[i].at = instance;
        world_find_again(instance_first(w.manager, instance));
    }
}

/* Recovers at once what only waits for settle: nobody can ask for that root before. */
static void world_settle(void)
{
    if (stored_type.settle && store_has(tables_other(&type, TABLE_INTENTS)) && !world_is_locked())
        fatal_broken("a call without an outcome locks no root");
    if (world_is_locked() && world_raised().event == 0 &&
        berth_stored_recover((berth_manager *)w.manager, BERTH_NO_DEADLINE, NULL) != 0)
        fatal_broken("recover fails, and nothing has to be run");
}

static void world_load(void)
{
    world_make_manager();
    world_settle();
    for (unsigned i = 0; i < w.n_things; i++)
        w.things[i].at = NULL;
    world_find_again(w.manager->roots);
    for (unsigned i = 0; i < plan.callers; i++)
        for (unsigned j = 0; w.callers[i].is != IS_IDLE && j < w.callers[i].n_path; j++) {
            int thing = world_find(w.callers[i].path[j]);

            w.callers[i].path[j].at = thing < 0 ? NULL : w.things[thing].at;
        }
}

static struct raised world_raised(void)
{
    const struct stored *stored = manager_stored(w.manager);
    const struct recovery *recovery = stored ? stored->recoveries : NULL;
    const struct operation *operation;

    if (!recovery)
        return (struct raised){NULL, 0};
    if (recovery->next)
        fatal_broken("two roots wait for recovery after one crash");
    operation = &recovery->block.operation;
    return (struct raised){operation->levels[operation->n_levels - 1].instance, recovery->event};
}

static const char *world_owner(unsigned who)
{
    static char name[2];

    name[0] = (char)('A' + who);
    return name;
}

static bool world_has_reference(const struct instance *at, unsigned who)
{
    return at->anonymous > 0 && owner_find_reference(w.manager, at, world_owner(who));
}

static int world_thing(const struct instance *at)
{
    for (unsigned i = 0; i < w.n_things; i++)
        if (w.things[i].at == at)
            return (int)i;
    return NO_THING;
}

static int world_find(struct ref ref)
{
    for (unsigned i = 0; i < w.n_things && ref.born != 0; i++)
        if (w.things[i].born == ref.born)
            return (int)i;
    return NO_THING;
}

static struct ref world_ref(int thing)
{
    return (struct ref){w.things[thing].at, w.things[thing].born};
}

static int world_add(struct instance *at)
{
    struct thing *thing;
    const berth_resource *resource = &type.resources[at->resource];
    struct instance *parent = instance_parent(at);

    if (parent && world_thing(parent) < 0)
        (void)world_add(parent);
    thing = &w.things[w.n_things];
    if (w.n_things == WORLD_THINGS)
        fatal_limit("instances");
    *thing = (struct thing){
        .at = at,
        .born = ++w.born,
        .parent = (int16_t)(parent ? world_thing(parent) : NO_THING),
        .resource = at->resource,
        .level = resource->level,
        .id = manager_stored(w.manager) ? stored_instance(w.manager, at)->id : 0,
    };
    for (unsigned i = 0; i < resource->n_assigned; i++)
        thing->slots |= resource->assigned[i].kind == BERTH_ASSIGN_POOL;
    if (world_meets)
        world_meets(at);
    thing->choice = backend_choice(thing->resource, thing->level);
    thing->kind = plan.choices[thing->choice].kind;
    backend_made(thing);
    return (int)w.n_things++;
}

static bool world_seen[WORLD_THINGS];

static void world_look_at(struct instance *instance)
{
    for (; instance; instance = instance_next(instance)) {
        int i = world_thing(instance);
        struct thing *thing;

        if (i < 0) {
            i = world_add(instance);
            world_seen[i] = false;
        }
        thing = &w.things[i];
        if (world_seen[i])
            fatal_broken("an instance is tracked twice");
        world_seen[i] = true;
        thing->state = instance->state;
        thing->anonymous = instance->anonymous;
        thing->holds = instance->holds;
        thing->children = instance->n_children;
        world_look_at(instance_first(w.manager, instance));
    }
}

static void world_look(void)
{
    unsigned kept = 0;
    int16_t to[WORLD_THINGS];

    world_n_gone = 0;
    memset(world_seen, 0, w.n_things * sizeof world_seen[0]);
    world_look_at(w.manager->roots);
    for (unsigned i = 0; i < w.n_things; i++) {
        to[i] = NO_THING;
        if (!world_seen[i]) {
            world_gone[world_n_gone++] = w.things[i];
            continue;
        }
        to[i] = (int16_t)kept;
        w.things[kept] = w.things[i];
        if (w.things[kept].parent >= 0)
            w.things[kept].parent = to[w.things[kept].parent];
        kept++;
    }
    w.n_things = kept;
}

static uint8_t world_holds(const struct reservation *reservation, unsigned levels)
{
    uint8_t holds = (uint8_t)~reservation_hold_set(reservation, levels).drained;

    for (unsigned i = 0; i < levels; i++)
        if (reservation->holds[i] == HOLD_DROPPED)
            holds &= (uint8_t) ~(1u << i);
    return holds & (uint8_t)((1u << levels) - 1);
}

static void world_look_at_holds(void)
{
    for (unsigned i = 0; i < plan.callers; i++) {
        struct caller *caller = &w.callers[i];

        caller->held =
            caller->is == IS_WITH ? world_holds(caller->reservation, caller->n_path) : caller->own;
    }
}

static bool world_is_below(int thing, int above)
{
    while (thing >= 0 && thing != above)
        thing = w.things[thing].parent;
    return thing == above && above >= 0;
}

static void world_leave_path(int thing)
{
    for (unsigned i = 0; i < w.n_things; i++) {
        int parent = w.things[i].parent;

        if (world_is_below(thing, (int)i) || (parent >= 0 && !world_is_below(thing, parent)))
            continue; /* on the path, or it ends with the one above it */
        if (parent >= 0)
            w.things[parent].at->n_children--;
        instance_end(w.manager, w.things[i].at);
    }
    world_look();
}

static int world_child(int parent, uint8_t resource, uint16_t key)
{
    for (unsigned i = 0; i < w.n_things; i++)
        if (w.things[i].parent == parent && w.things[i].resource == resource &&
            plan.choices[w.things[i].choice].key == key)
            return (int)i;
    return NO_THING;
}

static struct key_path world_key_path(int thing)
{
    struct key_path path = {.levels = w.things[thing].level + 1u};

    for (unsigned i = path.levels; i-- > 0; thing = w.things[thing].parent) {
        path.resource[i] = w.things[thing].resource;
        path.key[i] = plan.choices[w.things[thing].choice].key;
    }
    return path;
}

static int world_at(const struct key_path *path)
{
    int thing = NO_THING;

    for (unsigned i = 0; i < path->levels; i++) {
        thing = world_child(thing, path->resource[i], path->key[i]);
        if (thing < 0)
            return NO_THING;
    }
    return thing;
}

static int world_found_reservation(void *arg, const unsigned char *reservation)
{
    (void)reservation;
    *(bool *)arg = true;
    return 1;
}

static bool world_has_reservations(void)
{
    bool found = false;

    (void)berth_manager_for_each_reservation((berth_manager *)w.manager, world_found_reservation,
                                             &found);
    return found;
}
