#include "queue.h"

#include "error.h"

void queue_wake(struct operation *operation)
{
#ifndef BERTH_NO_THREADS
    if (operation->sleeper)
        sleeper_wake(operation->sleeper);
#else
    (void)operation;
#endif
}

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

/* What the thread waits for, or NULL. */
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
    if (closes_circle(operation, root))
        return -EDEADLK;
    append(operation, root);
    return 1;
}

void queue_own_new(struct operation *operation, struct root *root)
{
    root->owner = operation;
    operation->root = root;
}

/* Everyone who waited for a root that ended gets the error that ended it, or starts again. */
static void root_ended(struct operation *by, struct root *root)
{
    struct operation *next;

    while ((next = take_first(root))) {
        if (by->code != 0 && !by->discarded && !next->drain) {
            error_fill(next->error, next->call.operation, by);
            next->error = NULL;
            next->code = by->code;
            operation_finish(next);
        } else if (operation_advance(next, false) == PROGRESS_QUEUED) {
            continue;
        }
        queue_wake(next);
    }
}

void queue_release(struct operation *operation)
{
    struct root *root = operation->root;
    struct operation *next;

    if (!root)
        return;
    operation->root = NULL;
    root->owner = NULL;
    if (root->instance.ended) {
        root_ended(operation, root);
        return;
    }
    next = take_first(root);
    if (next) {
        root->owner = next;
        next->root = root;
        queue_wake(next);
    }
}

/* Ends an operation that has not touched anything. */
static void cancel(struct operation *operation)
{
    operation->root = NULL;
    operation_fail(operation, -ECANCELED, (struct where){0});
    operation_finish(operation);
    queue_wake(operation);
}

void queue_discard(struct root *root)
{
    struct operation *next;

    while ((next = take_first(root)))
        cancel(next);
    if (!root->owner)
        return;
    if (root->owner->stage == STAGE_REACH) { /* it was handed the root and has not woken up yet */
        cancel(root->owner);
        root->owner = NULL;
    } else {
        root->owner->discarded = true;
        atomic_store(&root->owner->call.cancelled, true);
    }
}
