/* Waiting for a root: first come, first served. */
#ifndef BERTH_SRC_QUEUE_H
#define BERTH_SRC_QUEUE_H

#include "handover.h"
#include "linkage.h"
#include "operation.h"

/* For queue_enter(), unless the root is free and the operation has none. */
INTERNAL int queue_enter_slowly(struct operation *operation, struct root *root);

/*
 * Makes `root` the operation's own. Another one that it was handed is let go: a slot, or a UUID of the caller's own making, may have gone
 * from one root to another while it waited.
 * 0: it is. 1: it waits in the queue, or (`queued` is NULL) its thread has other things to run first. -EDEADLK: it would wait for itself.
 */
static inline int queue_enter(struct operation *operation, struct root *root)
{
    if (operation->root == root) /* it waited, and has it now */
        return 0;
    if (operation->root || root->owner)
        return queue_enter_slowly(operation, root);
    root->owner = operation;
    operation->root = root;
    return 0;
}

/* A root that the operation has just made. */
INTERNAL void queue_own_new(struct operation *operation, struct root *root);

/* Gives up waiting. */
INTERNAL void queue_leave(struct operation *operation);

/*
 * Lets the operation's root go. Those that wait are run, in their order, as far as they need no hook: most of them find the work done. The
 * first that needs one gets the root. When the root has ended, who waited has its error, or starts again. No root is fine.
 */
static inline void queue_release(struct operation *operation)
{
    struct root *root = operation->root;

    if (!root)
        return;
    operation->root = NULL;
    root->owner = NULL;
    if (root->queue)
        handover(operation, root);
}

/* The manager is discarded: ends all operations that wait for `root`, and tells the one that runs on it. */
INTERNAL void queue_discard(struct root *root);

#endif
