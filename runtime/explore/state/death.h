/*
 * The process of a manager with a store dies at a commit. The manager is loaded again, and the
 * caller that has lost its answer asks what it holds.
 */
#ifndef BERTH_EXPLORE_DEATH_H
#define BERTH_EXPLORE_DEATH_H

#include "step.h"

/* Has the store tell when the process dies. */
static void death_begin(void);

/* The instance for which a call begins, after the commit that is durable now; NULL: none. */
static struct instance *death_begun(const struct operation *operation);

/*
 * After the request in which the process has died: loads the manager. The paths of `change` and of
 * `move` get the new addresses; world_look() has to follow.
 */
static void death_load(struct move *move);

/*
 * After world_look(): what the callers are when the process has died in a drain. It releases for
 * all of them, so each goes on to release what it still holds.
 */
static void death_release_all(void);

/* After a recovery: if it is over, no caller waits for it. */
static void death_end_recovery(void);

/* After world_look(): what the caller is that has asked. */
static void death_update_caller(const struct move *move);

#endif
