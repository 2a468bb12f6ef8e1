/*
 * The plan of one search, written by berthc: what the descriptor of a manager does not say. It has
 * the bounds, the callers' contract, the values that callers give, and what the author states.
 *
 * Effects are numbered from 0; a mask has a bit for each. Levels of a path are bits of a uint8_t.
 */
#ifndef BERTH_EXPLORE_PLAN_H
#define BERTH_EXPLORE_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <berth/stored.h>

typedef uint64_t effects;

enum { PLAN_CALLERS = 26, PLAN_VALUES = 16, PLAN_VALUE_BYTES = 1024 };

/* The role of an operation for its callers. */
enum part {
    PART_NONE, /* it is about another root */
    PART_GIVES,
    PART_USES,
    PART_ENDS,
    PART_ACQUIRES,
    PART_RELEASES,
    PART_FREE,
    PART_TOLD, /* a free operation, by which a caller is told of an instance */
    PART_DRAIN,
    PART_RECOVER
};

struct plan_hook {
    effects own, undoes, asked, needs;
    bool repeatable, tells, names, asks, asks_more, absent;
};

struct plan_operation {
    uint8_t part;
    uint8_t takes, drops, asked; /* levels */
    uint8_t relied;              /* levels from the root on */
    effects brings;
    effects there, maybe, unsaid; /* when it makes an instance (create) */
};

struct plan_state {
    bool stated; /* `always` and `allowed` are the author's */
    effects always, allowed;
    effects adopted; /* not known: it was there before the manager, or not */
    effects unsaid;  /* of an instance that `create` has made in this state */
    bool failure;    /* something has gone wrong: what it refuses, it refuses on purpose */
};

/* What callers give for one resource. Those of one kind behave alike. */
struct plan_choice {
    uint8_t resource;
    uint16_t kind;
    uint16_t key; /* number of the key; equal keys of a resource have equal numbers */
    int conflict; /* the choice that conflicts with it; -1: none */
    void *config; /* typed config */
};

struct plan_list {
    unsigned n;
    uint16_t *at;
};

struct plan_resource {
    struct plan_list choices;   /* that a search uses */
    struct plan_list more;      /* with a key more, for who helps others out */
    struct plan_list newcomers; /* operations by which a newcomer comes to an instance */
    struct plan_list makers;    /* `create` operations, where there are no newcomers */
    bool by_free;               /* newcomers need no hold, and there are no makers */
    uint8_t slot;               /* 1-based: the pool by which callers look up; 0: none */
    struct plan_list names;     /* 1-based: values from hooks by which callers look up */
    struct plan_state *states;  /* by id */
    bool *meant;                /* by row: it refuses on purpose */
};

/* A value by which operations find instances, and which callers remember. */
struct plan_value {
    uint8_t resource;
    uint8_t assigned; /* 1-based */
    size_t offset;    /* in a caller's values */
    size_t size;
};

struct plan_pair {
    uint8_t teller, op;
};

struct plan_accept {
    uint8_t finding;
    uint8_t resource, event; /* 0: any */
    uint16_t state;
};

/* A row with an outcome that a search wants to see. */
struct plan_wanted {
    uint16_t row;
    uint8_t outcome;
};

struct plan {
    unsigned callers;
    unsigned in_flight; /* operations at a time; 0: whole operations alone are searched */
    unsigned failures;  /* UINT_MAX: any number */
    uint64_t states;
    size_t memory; /* bytes; 0: any */
    bool symmetric, one_root;
    bool crash; /* what a crash leaves is asked for: look at calls, and drain every state */
    uint8_t root;
    void *options; /* typed; NULL: the manager has none */
    struct plan_hook *hooks;
    struct plan_operation *operations;
    struct plan_resource *resources;
    struct plan_choice *choices;
    unsigned n_choices;
    struct plan_pair *pairs;
    unsigned n_pairs;
    struct plan_accept *accepts;
    unsigned n_accepts;
    struct plan_wanted *wanted;
    unsigned n_wanted;
    effects held, asked;
    bool by_key; /* some operation looks up by a key that may be another's by then */
    bool any_needs, any_stated;
    struct plan_value values[PLAN_VALUES];
    unsigned n_values;
    size_t values_size; /* of a caller's values */
};

static struct plan plan;

/* The manager's descriptor, with the sizes of pools that the plan says and this program's hooks. */
static berth_manager_type type;
/* The same with what the store needs; `type` NULL: the spec has no `store`. */
static berth_stored_type stored_type;

static inline bool plan_is_stored(void)
{
    return stored_type.type != NULL;
}

/*
 * The number of an operation that recovers an instance of the resource. It is behind those of the
 * spec in `type.operations` and `plan.operations`, and `n_operations` does not count it.
 */
static inline uint8_t plan_recovery(uint8_t resource)
{
    return (uint8_t)(type.n_operations + resource);
}

/*
 * Reads the plan of a manager from standard input; ends the program if it is none. `stored`: NULL
 * if the spec has no `store`.
 */
static void plan_read(const berth_manager_type *of, const berth_stored_type *stored);

/* Digits of a slot: the values of its parts in a view, as one number. */
static uint64_t plan_slot(const berth_assigned *pool, const void *view);

/* Slots that a pool has, with the plan's options. */
static uint32_t plan_part_size(const berth_pool_part *part);

#endif
