#include "queue.h"

#include "call.h"
#include "dispatch.h"
#include "error.h"

static void append(struct operation *operation, struct root *root)
{
    struct berth_manager *manager = operation->call.manager;
    struct operation **first = &root->queue;

    operation->next = NULL;
    operation->previous = *first ? (*first)->previous : operation;
    if (*first)
        (*first)->previous->next = operation;
    else
        *first = operation;
    (*first)->previous = operation;
    operation->queued = root;

    if (operation->done)
        return;
    operation->previous_waiting = NULL;
    operation->next_waiting = manager->waiting;
    if (manager->waiting)
        manager->waiting->previous_waiting = operation;
    manager->waiting = operation;
}

void queue_leave(struct operation *operation)
{
    struct berth_manager *manager = operation->call.manager;
    struct operation **first = &operation->queued->queue;
    struct operation *after = operation->next ? operation->next : *first;

    if (*first == operation)
        *first = operation->next;
    else
        operation->previous->next = operation->next;
    after->previous = operation->previous;
    operation->queued = NULL;

    if (operation->done)
        return;
    if (operation->previous_waiting)
        operation->previous_waiting->next_waiting = operation->next_waiting;
    else
        manager->waiting = operation->next_waiting;
    if (operation->next_waiting)
        operation->next_waiting->previous_waiting = operation->previous_waiting;
}

static struct operation *take_first(struct root *root)
{
    struct operation *first = root->queue;

    if (first)
        queue_leave(first);
    return first;
}

/* What the thread waits for, or NULL. The newest comes first: what it called before cannot go on until then. */
static struct operation *waiting_of(const struct berth_manager *manager, thread_id thread)
{
    struct operation *operation = manager->waiting;

    while (operation && !thread_same(operation->thread, thread))
        operation = operation->next_waiting;
    return operation;
}

/*
 * Would the operation's thread wait for itself? Who has the root may be inside a hook, on a thread that itself waits for a root from there, and so
 * on. Only a thread that waits can make such a chain longer, and it asks here first, so the chain has an end.
 */
static bool closes_circle(const struct operation *operation, const struct root *root)
{
    while (root && root->owner) {
        const struct operation *owner = root->owner;
        const struct operation *blocked;

        if (owner->done && !owner->in_hook)
            return false; /* it is no thread's */
        if (thread_same(owner->thread, operation->thread))
            return true;
        blocked = waiting_of(operation->call.manager, owner->thread);
        root = blocked ? blocked->queued : NULL;
    }
    return false;
}

int queue_enter(struct operation *operation, struct root *root)
{
    if (operation->root == root) /* it waited, and has it now */
        return 0;
    queue_release(operation); /* it waited for another root, and what it looks for is no longer there */
    if (!root->owner) {
        root->owner = operation;
        operation->root = root;
        return 0;
    }
    if (!operation->done && closes_circle(operation, root))
        return -EDEADLK;
    if (dispatch_can_help(operation))
        return 1;
#ifdef BERTH_NO_THREADS
    if (!operation->done)
        return -EDEADLK; /* nobody would let it go while this thread waits */
#endif
    append(operation, root);
    return 1;
}

void queue_own_new(struct operation *operation, struct root *root)
{
    root->owner = operation;
    operation->root = root;
}

/* How many of those that wait are run by the thread that lets go, before it sees to its own business. */
enum { MOST_SHARED = 64 };

/* Gives one of those who waited what `by`, who let go of the root, leaves it. True: it may be the next to let go. */
static bool hand_over(struct operation *by, struct root *root, struct operation *next, bool run)
{
    if (!root->instance.ended) {
        root->owner = next;
        next->root = root;
    } else if (by->code != 0 && !by->discarded && !next->drain) {
        error_fill(next->error, next->call.operation, by);
        next->error = NULL;
        next->code = by->code;
        operation_finish(next);
    }
    if (root->instance.ended || run)
        (void)operation_advance(next, false);
    if (!next->queued)
        operation_wake(next);
    return next->stage == STAGE_DONE;
}

/*
 * An operation that is run here may be over at once, and let the root go in its turn: that ends up in queue_release() again, which leaves it
 * to this loop.
 */
static void hand_over_all(struct operation *by, struct root *root)
{
    struct berth_manager *manager = by->call.manager;
    unsigned run = 0;

    instance_ref(&root->instance);
    root->instance.handing = true;
    while (!root->owner && root->queue) {
        bool had_ended = root->instance.ended;
        struct operation *next = take_first(root);

        if (hand_over(by, root, next, run < MOST_SHARED) && !had_ended)
            by = next;
        run++;
    }
    root->instance.handing = false;
    instance_unref(manager, &root->instance);
}

void queue_release(struct operation *operation)
{
    struct root *root = operation->root;

    if (!root)
        return;
    operation->root = NULL;
    root->owner = NULL;
    if (root->queue && !root->instance.handing)
        hand_over_all(operation, root);
}

void queue_discard(struct root *root)
{
    struct operation *owner = root->owner;

    while (root->queue) {
        struct operation *next = root->queue;

        operation_abandon(next, -ECANCELED);
        operation_wake(next);
    }
    if (!owner)
        return;
    if (owner->stage == STAGE_REACH) { /* it was handed the root and has not gone on yet */
        operation_abandon(owner, -ECANCELED);
        operation_wake(owner);
    } else {
        owner->discarded = true;
        call_tell(owner);
    }
}
