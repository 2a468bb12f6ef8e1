/* Can a store with limits take all commits of an operation? */
#ifndef BERTH_SRC_LIMITS_H
#define BERTH_SRC_LIMITS_H

#include "persist.h"

/*
 * Looks before the first call, when the operation can still fail: at the most that a later commit
 * can have. Nobody else changes that meanwhile, since the operation owns its root. Uses the
 * operation's batch. 0, -E2BIG, or -ENOMEM.
 */
internal int limits_check(struct operation *operation);

#endif
