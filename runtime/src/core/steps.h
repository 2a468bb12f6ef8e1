/* Steps and rows: what a state does with an event. */
#ifndef BERTH_SRC_STEPS_H
#define BERTH_SRC_STEPS_H

#include "../base/linkage.h"
#include "operation.h"

/*
 * Runs the operation's steps. True: a hook is to be called (`row`), with everything before it done.
 * False: they are over, one way or the other.
 */
internal bool steps_run(struct operation *operation, const berth_operation *type);

/*
 * Goes on after the hook's outcome; steps_run() does the rest. `error` is 0 or the hook's own
 * error.
 */
internal void steps_apply_outcome(struct operation *operation, berth_outcome outcome, int error);

/*
 * Would the operation, as it stands, get as far as its first hook call or its success? Changes
 * nothing.
 */
internal cold bool steps_dry_run(const struct operation *operation);

/* Runs the `take` event's row at a level, for an operation that gives a reservation. */
internal void steps_admit(struct operation *operation, uint8_t level);

#endif
