/* What callers can ask in one state: the requests that keep the contract. */
#ifndef BERTH_EXPLORE_MOVES_H
#define BERTH_EXPLORE_MOVES_H

#include "world.h"

#define MOVE_NEW UINT32_MAX   /* ref.born of an instance that the request makes */
#define MOVE_NOBODY UINT8_MAX /* who recovers */

/* Where the value comes from that a request looks up. */
enum by { BY_NOTHING, BY_THING, BY_TOLD, BY_VALUE };

struct move {
    uint8_t who;
    uint8_t part; /* enum part */
    uint8_t op;
    uint8_t by;
    uint8_t n_config; /* 0: it takes none */
    uint16_t thing;   /* BY_THING: its value */
    uint16_t choice[BERTH_MAX_LEVELS];
    struct ref path[BERTH_MAX_LEVELS]; /* the instances that it is about */
    uint32_t at[BERTH_MAX_LEVELS];     /* parts of the slot that it names */
    const unsigned char *value;        /* BY_VALUE */
};

struct moves {
    struct move *at;
    unsigned n, room;
};

/* Operations and kinds that policy refused: fields and options decide, so it always will. */
static void moves_begin(void);
static void moves_refuse(const struct move *move);

/*
 * Everything that a caller who keeps the contract may ask now, after what is in `moves` already; of
 * callers that are alike, one asks. `more`: with the longer lists of choices.
 */
static void moves_list(struct moves *moves, bool more);

/* Uses, or every way to let go, of one caller that holds something. */
static void moves_uses(struct moves *moves, unsigned who);
static void moves_releases(struct moves *moves, unsigned who);

/* A request by a value that a thing has, or that the caller was told, or at an address. */
static struct move moves_look_up(unsigned who, enum part part, uint8_t op, enum by by,
                                 unsigned thing, const unsigned char *value);

/* Finds the instances that a request is about in the present state: it was made in an equal one. */
static void moves_find_path(struct move *move);

/* The value by which an operation finds, of a thing, as callers keep it. */
static void moves_value(const struct plan_value *value, const struct thing *thing,
                        unsigned char *to);
static const struct plan_value *moves_value_of(const berth_operation *operation);

/* The instance that a value names; NO_THING: none. */
static int moves_named(const struct plan_value *value, const unsigned char *bytes);

/* Keys of these resources are not alike now, by bit: see shape.h. */
static uint64_t moves_named_resources(void);

#endif
