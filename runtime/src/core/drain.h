/* Drain: an operation that goes from root to root, and releases one instance after the other. */
#ifndef BERTH_SRC_DRAIN_H
#define BERTH_SRC_DRAIN_H

#include "../base/linkage.h"
#include "operation.h"

internal void drain_begin(struct operation *operation);

/* Loads the next instance to release, if any. True: it has to wait, or to release a root. */
internal bool drain_next(struct operation *operation);

/* Voids all holds on the level's instance: its reservations hold nothing of it from now on. */
internal void drain_void_holds(struct berth_manager *manager, const struct level *level);

/* The rows of an instance are over, and their changes committed or undone. */
internal void drain_finish_instance(struct operation *operation);

/* The deadline has passed while the drain waited for a root: it goes on without that root. */
internal void drain_time_out(struct operation *operation, int code);

internal void drain_end(struct operation *operation);

/* Removes some reservations. */
enum sweep {
    SWEEP_RELEASED, /* ended, because a drain took the last of their holds */
    SWEEP_EMPTY,    /* all that hold nothing */
    SWEEP_ALL
};
internal void drain_remove_reservations(struct berth_manager *manager, enum sweep sweep);

/* Would a drop of the instance call a hook, and lead to another state if the hook ends ok? */
internal bool drain_has_work(const struct berth_manager *manager, struct instance *instance);

#endif
