/*
 * Operations in flight: each caller has at most one. Every hook pends, and its completion is a move
 * of its own.
 */
#ifndef BERTH_EXPLORE_FLIGHT_H
#define BERTH_EXPLORE_FLIGHT_H

#include "../state/step.h"

enum { FLIGHT_VALUE = 64 };

/* What a caller's operation waits for. It is part of the world, as the operation's block is. */
struct flight {
    bool active;
    struct move move;
    effects there;                     /* as in `change` */
    uuid_t id;                         /* of the reservation that it gives */
    unsigned char value[FLIGHT_VALUE]; /* by which it finds */
    unsigned n_calls;
    uint8_t hook; /* that is pending; 0: it waits for a root */
    struct instance *at;
    uint64_t token;
    uint32_t root;    /* that it waits for, by `born`; 0: none */
    uint32_t arrived; /* grows in the order in which flights began to wait for that root */
};

/* By caller. */
static struct flight *flights;
static struct operation *flight_operation(unsigned who);
static unsigned flight_count(void);

/* An operation that the last move has ended. */
struct landed {
    uint8_t who;
    int code;
    struct instance *path[BERTH_MAX_LEVELS]; /* of a success; NULL: nothing was found */
};
static struct landed landed[PLAN_CALLERS]; /* in the order of their ends */
static unsigned n_landed;

/* Makes the manager anew. Its hooks pend from now on, and copies of the world have the flights. */
static void flight_begin(void);

/* The moves: each leaves a state in which every operation waits for a hook or for a root. */
static void flight_start(const struct move *move, effects there);
static void flight_complete(unsigned who, struct ending ending);
static void flight_cancel(unsigned who); /* that waits for a root */

/* How the pending hook can end. Returns the number of endings. */
static unsigned flight_endings(unsigned who, struct ending *endings);

/* By caller, for shape_in_flight(): all that decides how its operation goes on. */
static void flight_digests(struct digest *digests);

#endif
