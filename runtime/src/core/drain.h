/*
 * Letting go of everything, one instance after the other, as one operation that goes from root to
 * root.
 */
#ifndef BERTH_SRC_DRAIN_H
#define BERTH_SRC_DRAIN_H

#include "../base/linkage.h"
#include "operation.h"

internal void drain_begin(struct operation *operation);

/*
 * Loads the next instance to let go of; no level is loaded when there is none. True: it has to wait
 * for a root.
 */
internal bool drain_next(struct operation *operation);

/* The level's instance has been let go of: its reservations hold nothing of it from now on. */
internal void drain_clears(struct berth_manager *manager, const struct level *level);

/* The instance's rows are over, and what they changed is written back, or undone. */
internal void drain_finish_instance(struct operation *operation);

/* Nobody gets the root that it waited for: it goes on without. */
internal void drain_time_out(struct operation *operation, int code);

internal void drain_end(struct operation *operation);

/* Forgets some reservations. */
enum sweep {
    SWEEP_RELEASED, /* those that have ended because drains took the last of their holds */
    SWEEP_EMPTY,    /* all that hold nothing: the others of them end */
    SWEEP_ALL
};
internal void drain_reservations(struct berth_manager *manager, enum sweep sweep);

/* Would a drop of the instance call a hook, and lead elsewhere when that ends ok? */
internal bool drain_has_work(const struct berth_manager *manager, struct instance *instance);

#endif
