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

/* The drain waits for a root, or was granted it: it notes `code`, and goes on without that root. */
internal void drain_skip_root(struct operation *operation, struct instance *root, int code);

/* The root was discarded while a hook of the drain ran: the same when the hook has ended. */
internal cold void drain_lose_root(struct operation *operation);

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
