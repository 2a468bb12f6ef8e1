/* The states of a search, each with the request by which it was first reached from another. */
#ifndef BERTH_EXPLORE_TRAIL_H
#define BERTH_EXPLORE_TRAIL_H

#include "state/step.h"

/* One request of a script. */
struct request {
    struct move move;
    unsigned n_there; /* which choice of effects that were there, from 0 */
    effects there;
    unsigned n_chosen;
    uint8_t chosen[BACKEND_CALLS];
    bool clean;
    uint8_t commits; /* the process dies when so many are durable; 0: it does not */
    bool late;       /* the call that has begun then takes effect */
};

struct trail_node {
    struct image *image; /* NULL: it is made again, by trail_restore() */
    size_t step;         /* its request, in the trail */
    uint32_t from;
    unsigned failures;
};

static struct trail_node *trail_nodes;
static uint32_t trail_n;

/* Forgets all states. */
static void trail_begin(void);

/* The request that the script and `change` tell of. */
static struct request trail_request(unsigned n_there, bool clean);

/* Adds the present state as the first one. */
static uint32_t trail_add_first(void);
/* Adds the present state, which the request of trail_request() has made. Returns its number. */
static uint32_t trail_add(uint32_t from, unsigned n_there, bool clean, unsigned failures);
/* The state was reached by another way, with fewer failures. */
static void trail_replace(uint32_t node, uint32_t from, unsigned n_there, bool clean,
                          unsigned failures);

/* Brings a state back. */
static void trail_restore(uint32_t node);
/* Its image is not needed any more. */
static void trail_drop(uint32_t node);

/* How many requests lead to a state, and the last of them. */
static unsigned trail_length(uint32_t node);
static struct request trail_last(uint32_t node);

#endif
