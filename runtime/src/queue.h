/* Waiting for a root: first come, first served. */
#ifndef BERTH_SRC_QUEUE_H
#define BERTH_SRC_QUEUE_H

#include "operation.h"

/*
 * Makes `root` the operation's own. Another one that it was handed is let go: a slot, or a UUID of the caller's own making, may have gone
 * from one root to another while it waited.
 * 0: it is. 1: it waits in the queue, or (`queued` is NULL) its thread has other things to run first. -EDEADLK: it would wait for itself.
 */
int queue_enter(struct operation *operation, struct root *root);

/* A root that the operation has just made. */
void queue_own_new(struct operation *operation, struct root *root);

/* Gives up waiting. */
void queue_leave(struct operation *operation);

/*
 * Lets the operation's root go. Those that wait are run, in their order, as far as they need no hook: most of them find the work done. The
 * first that needs one gets the root. When the root has ended, who waited has its error, or starts again. No root is fine.
 */
void queue_release(struct operation *operation);

/* The manager is discarded: ends all operations that wait for `root`, and tells the one that runs on it. */
void queue_discard(struct root *root);

#endif
