/* Waiting for a root: first come, first served. */
#ifndef BERTH_SRC_QUEUE_H
#define BERTH_SRC_QUEUE_H

#include <stddef.h>

#include "../base/linkage.h"
#include "operation.h"

/*
 * Those that wait for a root stand in two lines, each a ring, and each knows its turn. Operations
 * that find their root by its key are one line: when the root ends they all look for the same key
 * again, so that line goes to the next root with it in one step, however long it is. Only its first
 * knows the root. In the other line are those that may look for something else then: who has a
 * reservation, who knows an assigned value, and drains. When their root ends they look at once.
 */
enum { LINE_KEY, LINE_OTHER };

/* The operation that has the root, or NULL. */
static inline struct operation *queue_owner(const struct root *root)
{
    if (!root->instance.locked || root->instance.waking)
        return NULL;
    return (struct operation *)(void *)((char *)root->entry.lock -
                                        offsetof(struct operation, lock));
}

/* Who is first, NULL: nobody waits. */
static inline struct operation *queue_first(const struct root *root)
{
    struct operation *by_key, *other;

    if (!root->instance.awaited)
        return NULL;
    by_key = root->entry.lock->lines[LINE_KEY];
    other = root->entry.lock->lines[LINE_OTHER];
    return !other || (by_key && by_key->turn < other->turn) ? by_key : other;
}

/*
 * What the operation waits for. Takes as many steps as there are in its line before it, so only
 * those ask who look for circles of threads: a thread waits in the middle of a line, and is inside
 * a hook of another root.
 */
internal struct root *queue_root(const struct operation *operation);

/* Does it find its root by the root's key? */
internal bool queue_by_key(const struct operation *operation);

/*
 * `root` has ended, and is succeeded by one with its key: who wait for the one by its key wait for
 * the other now, behind those that do already.
 */
internal void queue_pass_on(struct root *root, struct root *successor);

/* The operation has the root, which nobody has had. */
static inline void queue_own(struct operation *operation, struct root *root)
{
    operation->lock.previous = root->entry.previous;
    operation->root = root;
    root->entry.lock = &operation->lock;
    root->instance.locked = true;
}

/* For queue_enter(), unless the root is free and the operation has none. */
internal int queue_enter_slow(struct operation *operation, struct root *root);

/*
 * Makes `root` the operation's own. Another root that it was granted is released: a slot, or a UUID of
 * the caller's own making, may have gone from one root to another while it waited.
 * 0: it is. 1: it waits in the queue; or (it does not `wait`) it has to let that other one go
 * first, or its thread has other things to run first. -EDEADLK: it would wait for itself.
 */
static inline int queue_enter(struct operation *operation, struct root *root)
{
    if (operation->root == root) /* it waited, and has it now */
        return 0;
    if (operation->root || root->instance.locked)
        return queue_enter_slow(operation, root);
    queue_own(operation, root);
    return 0;
}

/* Gives up waiting. */
internal void queue_leave(struct operation *operation);

/*
 * Lets the operation's root go. False: others wait for the root, so the operation keeps it until
 * waiters_wake(). An operation without a root has nothing to let go.
 */
static inline bool queue_release(struct operation *operation)
{
    struct root *root = operation->root;

    if (!root)
        return true;
    if (root->instance.awaited)
        return false;
    operation->root = NULL;
    root->entry.previous = operation->lock.previous;
    root->instance.locked = false;
    return true;
}

#endif
