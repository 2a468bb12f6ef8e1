/* Pending drains: drains that will come to a root. */
#ifndef BERTH_SRC_PENDING_DRAINS_H
#define BERTH_SRC_PENDING_DRAINS_H

#include "../../base/linkage.h"
#include "instance.h"

/* The part of an operation that only drains have. A stop is the next root of a drain. */
struct drain {
    struct link link; /* first; the first drain of a stop is in the manager's map of stops */
    struct drain *next, *previous; /* others with the same stop */
    struct instance *root;         /* its stop, for which it may wait; NULL: it has none */
    struct instance *at;           /* the next instance of the root at work */
    uint32_t last;                 /* serial number of the last root to visit */
    int code;                      /* first error */
    uint8_t leave; /* bit l: skip the next instance of level l, because something below it failed */
    uint8_t drops; /* drops of the instance at work that led to another state */
    bool fresh;    /* it has looked for no root yet */
    bool begun;    /* `at` is set for the root that it owns */
    bool lost;     /* the root that it owns was discarded, and a hook of it runs */
    bool cancelled; /* the drain itself was, or is late: call.cancelled may be for a lost root */
};

/* The hash of a drain in the manager's map of stops. */
internal map_hash pending_drains_hash;

/* Adds a new drain, which has no stop yet. */
internal void pending_drains_add(struct berth_manager *manager, struct drain *drain);

/* Makes `root` the stop of the drain, until the drain visits it; NULL: it has no more. */
internal void pending_drains_move(struct berth_manager *manager, struct drain *drain,
                                  struct instance *root);

/* A visited root leaves the maps: its drains stop at the next root. */
internal void pending_drains_pass_root(struct berth_manager *manager, struct instance *root);

/* Renumbers the roots in the same order, because the numbers have run out. */
internal cold void pending_drains_renumber_roots(struct berth_manager *manager);

#endif
