/*
 * The world of a search: one manager in one block of memory, the callers, and what the backend has
 * in truth. It is saved and restored by copying, always to the same addresses.
 */
#ifndef BERTH_EXPLORE_WORLD_H
#define BERTH_EXPLORE_WORLD_H

#include <berth/arena.h>

#include "../../src/model/tracked/reservation.h"
#include "../base/digest.h"
#include "../base/plan.h"
#include "store.h"

enum { WORLD_THINGS = 200, WORLD_MEMORY = 4 << 20, NO_THING = -1 };

/*
 * An instance, in the search's words. What the manager tracks of it is copied by world_look(). The
 * things stand in order of creation, parents before children.
 */
struct thing {
    struct instance *at; /* NULL: it ended before anybody saw it */
    uint32_t born;       /* unique */
    uint64_t id;         /* that the store knows it by; 0: there is no store */
    int16_t parent;      /* thing; NO_THING: a root */
    uint16_t choice;     /* what its maker gave */
    uint16_t kind;
    uint16_t state;
    uint8_t resource;
    uint8_t level;
    bool slots; /* it has some */
    uint32_t anonymous, holds, children;
    effects truth; /* in the backend */
    /*
     * Of an instance that `create` has made: effects that no call has brought about or taken back
     * since, and of which no answer told. Where `truth` has them they were there before; else
     * nobody knows.
     */
    effects open;
};

/* Names an instance for ever, also when another one has its address. */
struct ref {
    struct instance *at;
    uint32_t born; /* 0: none */
};

enum is { IS_IDLE, IS_WITH, IS_LOOSE }; /* with a reservation, or with anonymous references */

struct caller {
    uint8_t is;
    bool releasing;   /* it has begun to let go */
    bool interrupted; /* the process died in that, and recovery goes on with it */
    uint8_t n_path, n_config;
    uint8_t own;  /* levels of which it still has an anonymous reference */
    uint8_t took; /* levels that it took and lets go of until that succeeds */
    uint8_t told; /* levels whose values it knows */
    /*
     * The levels that it holds; those too that ended meanwhile and that it has not let go of. With
     * a reservation this is copied from the manager, by world_look_at_holds().
     */
    uint8_t held;
    uuid_t id;
    struct reservation *reservation;
    struct ref path[BERTH_MAX_LEVELS];
    uint16_t config[BERTH_MAX_LEVELS]; /* choices */
    /* by level: the effects that were there when its last use that reaches so far succeeded */
    effects relies[BERTH_MAX_LEVELS];
};

struct world {
    uint32_t born, made; /* numbers given out: of things, of UUIDs */
    unsigned n_things;
    struct berth_manager *manager;
    struct store store;
    berth_arena arena;
    struct caller callers[PLAN_CALLERS];
    struct thing things[WORLD_THINGS];
    unsigned char values[PLAN_CALLERS * PLAN_VALUE_BYTES]; /* see world_values() */
};

static struct world w;

/* The values that a caller was told, where plan.values says. */
static inline unsigned char *world_values(unsigned who)
{
    return w.values + who * plan.values_size;
}

/* A copy of the world. */
struct image;

static struct image *world_save(void);
static void world_restore(const struct image *image);
static void world_drop(struct image *image); /* NULL is fine */

/* More memory that copies of the world have from now on. */
static void world_include(void *memory, size_t size);

/* Makes the manager anew: nothing is tracked, and all callers are idle. */
static void world_begin(void);

/*
 * The process has died: the manager is loaded from its store. Things and callers keep their names,
 * but for the callers' reservations; world_look() has to follow.
 */
static void world_load(void);

/* A root waits for recovery: the instance there, and the event that is raised at it, if any. */
struct raised {
    struct instance *at; /* NULL: none does */
    uint8_t event;
};
static struct raised world_raised(void);
static inline bool world_is_locked(void)
{
    return world_raised().at != NULL;
}

/* Has a caller with this number a named reference to the instance? */
static bool world_has_reference(const struct instance *at, unsigned who);
/* The name by which it asks. Valid until the next call. */
static const char *world_owner(unsigned who);

/* The thing at an address; NO_THING: none. */
static int world_thing(const struct instance *at);
/* The thing that is named, if it is still there. */
static int world_find(struct ref ref);
static struct ref world_ref(int thing);

/*
 * Enters an instance that nobody has seen. Returns the thing. `world_meets`, if not NULL, is called
 * before: it calls backend_makes() for who made the instance.
 */
static void (*world_meets)(const struct instance *at);
static int world_add(struct instance *at);

/*
 * Copies what the manager tracks. Things that it tracks no more go to `world_gone`, new ones come
 * to the end.
 */
static void world_look(void);

/* Things that were there before the last world_look(), or came and went in between. */
static struct thing world_gone[WORLD_THINGS + BERTH_MAX_LEVELS];
static unsigned world_n_gone;

/* The levels of which a reservation has not let go; those too that have ended. */
static uint8_t world_holds(const struct reservation *reservation, unsigned levels);

/* Copies what callers hold. All reservations that they have must exist. */
static void world_look_at_holds(void);

static inline uint32_t world_refs(const struct thing *thing)
{
    return thing->anonymous + thing->holds;
}

static inline const void *world_view(const struct thing *thing)
{
    return instance_view(thing->at);
}

/* Ends everything but the thing and those above it, and calls nothing. */
static void world_leave_path(int thing);

/* Is the thing at or below `above`? */
static bool world_is_below(int thing, int above);

/* The instance below a parent with a number of a key; NO_THING: none. */
static int world_child(int parent, uint8_t resource, uint16_t key);

/* Keys from the root on: the path of an instance, whatever becomes of it. */
struct key_path {
    unsigned levels;
    uint8_t resource[BERTH_MAX_LEVELS];
    uint16_t key[BERTH_MAX_LEVELS];
};
static struct key_path world_key_path(int thing);
static int world_at(const struct key_path *path);

static bool world_has_reservations(void);

#endif
