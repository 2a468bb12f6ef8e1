/* From one state to the next: one request, with one way in which the backend answers. */
#ifndef BERTH_EXPLORE_STEP_H
#define BERTH_EXPLORE_STEP_H

#include "backend.h"
#include "moves.h"

/* What was there before a request. */
struct before {
    unsigned n_things;
    struct thing things[WORLD_THINGS];
    struct caller callers[PLAN_CALLERS];
};

/* What came of it. The rows are in `ran`, the calls in `called`, the ended things in world_gone. */
struct change {
    struct move move;
    int code;
    berth_error error;          /* filled if `code` is not 0 */
    bool refused;               /* before its first call: nothing has happened but to the caller */
    bool nothing;               /* not even to the caller */
    int path[BERTH_MAX_LEVELS]; /* the things of the path now; NO_THING: it has ended */
    int path_before[BERTH_MAX_LEVELS];   /* those in `before` */
    struct ref levels[BERTH_MAX_LEVELS]; /* their names, of those that ended too */
    effects there;                       /* effects that were there when it made an instance */
};

static struct before before;
static struct change change;

/* Notes the present state in `before`. */
static void step_look(void);

/*
 * Makes the request in the present state, which step_look() has seen, and leaves the next one.
 * Calls end as the script says, which the caller has begun. `there`: effects, of those that may be,
 * that are there when it makes an instance.
 */
static void step_run(const struct move *move, effects there);

/* With every call ending ok. */
static void step_run_clean(const struct move *move);

/* After step_run(): notes what policy refused, for moves_list(). */
static void step_note_refusal(void);
/* The same; and finds the rows of a request that was refused before its first call. */
static void step_read_refusal(void);

/* A request to the manager, with the arrays that it names. */
struct step_request {
    berth_request request;
    const void *config[BERTH_MAX_LEVELS];
    void *results[UINT8_MAX];
    size_t sizes[UINT8_MAX];
    unsigned char value[PLAN_VALUE_BYTES];
    uint32_t at[BERTH_MAX_LEVELS];
};

/* What the caller asks the manager. `id` gets the new reservation's. */
static void step_ask(struct step_request *asked, const struct move *move, unsigned char *id);

/*
 * After `change`: what the caller holds and knows now. `dropped`: the levels whose anonymous
 * reference a release that failed has let go of.
 */
static void step_update_caller(const struct move *move, const unsigned char *id, uint8_t dropped);

/* The caller holds what the request made or found. `id`: of its reservation; NULL: it has none. */
static void step_take_hold(const struct move *move, const unsigned char *id);

/* A drain. False: it failed. Things keep their places until world_look(). */
static bool step_drain(void);

/*
 * A drain in which the process dies, as the script says. Afterwards `change` has the new state. Of
 * the instances, in order of creation, `thing` is the one whose calls the choices decide.
 */
static void step_die_in_drain(unsigned thing);

/* After a drain nobody holds anything: all callers are idle. False: somebody's hold is left. */
static bool step_after_drain(void);

/* The next choice of effects, of those in `maybe`; after the last 0. */
static effects step_next_there(effects there, effects maybe);

/* The thing of `before` with this name; NO_THING: none. */
static int step_before(struct ref ref);

#endif
