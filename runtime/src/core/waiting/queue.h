/* Waiting for a root: first come, first served. */
#ifndef BERTH_SRC_QUEUE_H
#define BERTH_SRC_QUEUE_H

#include <stddef.h>

#include "../../base/linkage.h"
#include "../operation.h"

/*
 * Operations wait for a root in two lines, each a ring. Each knows its turn. Operations that find
 * the root by its key are one line. When the root ends, they all look for the same key again. So
 * the whole line goes to the next root with that key in one step. Only its first operation knows
 * the root. In the other line are operations that may look for something else then: with a
 * reservation, by an assigned value, and drains. They look at once when the root ends.
 */
enum { LINE_KEY, LINE_OTHER };

/* The operation that owns the root, or NULL. */
static inline struct operation *queue_owner(const struct root *root)
{
    if (!root->instance.locked || root->instance.waking)
        return NULL;
    return (struct operation *)(void *)((char *)root->entry.lock -
                                        offsetof(struct operation, lock));
}

/* The operation with the earliest turn. NULL: none waits. */
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
 * The root that the operation waits for. Takes as many steps as there are operations before it in
 * its line. So only the search for circles of threads asks: there a thread waits in the middle of a
 * line, inside a hook of another root.
 */
internal struct root *queue_root(const struct operation *operation);

/* Does the operation find its root by the root's key? */
internal bool queue_by_key(const struct operation *operation);

/* `root` has ended: its waiters by key go behind those of `successor`, which has the key now. */
internal void queue_pass_on(struct root *root, struct root *successor);

/* The operation becomes the owner of a free root. */
static inline void queue_own(struct operation *operation, struct root *root)
{
    operation->lock.previous = root->entry.previous;
    operation->root = root;
    root->entry.lock = &operation->lock;
    root->instance.locked = true;
}

/* The rest of queue_enter(), if the root has an owner or the operation has another root. */
internal int queue_enter_slow(struct operation *operation, struct root *root);

/*
 * Makes `root` the operation's own. If the operation was granted another root, it releases that
 * one. A slot or a UUID may have gone from one root to another meanwhile.
 *
 * 0: it owns `root`. 1: it waits in the queue. 1 without `waits`: it has to release the other root,
 * or its thread has to run the ready list. -EDEADLK: it would wait for itself.
 */
static inline int queue_enter(struct operation *operation, struct root *root)
{
    if (operation->root == root) /* it was granted the root while it waited */
        return 0;
    if (operation->root || root->instance.locked)
        return queue_enter_slow(operation, root);
    queue_own(operation, root);
    return 0;
}

/* Leaves the queue. */
internal void queue_leave(struct operation *operation);

/* Releases the root, if it owns one. False: others wait, and it keeps it until waiters_wake(). */
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
