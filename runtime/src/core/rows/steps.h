/* Steps and rows: what a state does with an event. */
#ifndef BERTH_SRC_STEPS_H
#define BERTH_SRC_STEPS_H

#include "../../base/linkage.h"
#include "../operation.h"

/* True: the hook of call.row is to be called. False: the steps are over, in success or failure. */
internal bool steps_run(struct operation *operation);

/* Follows the outcome of a hook. `error`: 0 or its own. steps_run() goes on from there. */
internal void steps_apply_outcome(struct operation *operation, berth_outcome outcome, int error);

/* A dry run: would the operation get as far as its first hook call, or succeed? Changes nothing. */
internal cold bool steps_dry_run(const struct operation *operation);

/* Admits a reservation that the operation gives: runs the `take` row of a level. */
internal void steps_admit(struct operation *operation, uint8_t level);

#endif
