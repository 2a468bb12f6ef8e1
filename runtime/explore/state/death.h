/*
 * The process of a manager with a store dies at a commit. The manager is loaded again, and the
 * caller that has lost its answer asks what it holds.
 */
#ifndef BERTH_EXPLORE_DEATH_H
#define BERTH_EXPLORE_DEATH_H

#include "step.h"

/* Has the store tell when the process dies. */
static void death_begin(void);

/*
 * After the request in which the process has died: loads the manager. The paths of `change` and of
 * `move` get the new addresses; world_look() has to follow.
 */
static void death_load(struct move *move);

/* After a recovery: if it is over, no caller waits for it. */
static void death_end_recovery(void);

/* After world_look(): what the caller is that has asked. */
static void death_update_caller(const struct move *move);

#endif
