#include "queue.h"

#include "ready.h"

bool queue_by_key(const struct operation *operation)
{
    const berth_operation *type = operation->type;

    return type && type->form != BERTH_WITH && (type->form != BERTH_FIND || type->by == 0);
}

static struct operation **line_of(struct root *root, unsigned line)
{
    if (!root->instance.awaited) {
        root->instance.awaited = true;
        root->entry.lock->lines[LINE_KEY] = NULL;
        root->entry.lock->lines[LINE_OTHER] = NULL;
    }
    return &root->entry.lock->lines[line];
}

static unsigned line_number(const struct operation *operation)
{
    return queue_by_key(operation) ? LINE_KEY : LINE_OTHER;
}

struct root *queue_root(const struct operation *operation)
{
    while (!operation->queued)
        operation = operation->previous;
    return operation->queued;
}

/* Joins two rings: `second` and those after it come last. */
static void join_lines(struct operation *first, struct operation *second)
{
    struct operation *last = second->previous;

    first->previous->next = second;
    second->previous = first->previous;
    last->next = first;
    first->previous = last;
}

static void append(struct operation *operation, struct root *root)
{
    struct berth_manager *manager = operation->call.manager;
    unsigned line = line_number(operation);
    struct operation **first = line_of(root, line);

    operation->next = operation;
    operation->previous = operation;
    if (*first)
        join_lines(*first, operation);
    else
        *first = operation;
    operation->queued = *first == operation || line == LINE_OTHER ? root : NULL;
    operation->waits = true;
    operation->turn = ++manager->last_turn;

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
    struct root *root = operation->queued;
    bool alone = operation->next == operation;
    struct operation **first = root ? line_of(root, line_number(operation)) : NULL;

    if (first && *first == operation) {
        *first = alone ? NULL : operation->next;
        operation->next->queued = root;
    }
    operation->previous->next = operation->next;
    operation->next->previous = operation->previous;
    operation->waits = false;

    if (operation->done)
        return;
    if (operation->previous_waiting)
        operation->previous_waiting->next_waiting = operation->next_waiting;
    else
        manager->waiting = operation->next_waiting;
    if (operation->next_waiting)
        operation->next_waiting->previous_waiting = operation->previous_waiting;
}

void queue_pass_on(struct root *root, struct root *successor)
{
    struct operation **from = line_of(root, LINE_KEY);
    struct operation *first = *from;
    struct operation **line;

    if (!first)
        return;
    *from = NULL;
    line = line_of(successor, LINE_KEY);
    if (*line) {
        first->queued = NULL;
        join_lines(*line, first);
    } else {
        first->queued = successor;
        *line = first;
    }
}

/* The newest operation that the thread waits for, or NULL. Older ones cannot go on before it. */
static struct operation *waiting_of(const struct berth_manager *manager, thread_id thread)
{
    struct operation *operation = manager->waiting;

    while (operation && !thread_same(operation->thread, thread))
        operation = operation->next_waiting;
    return operation;
}

/*
 * Would the operation's thread wait for itself? The owner of the root may be inside a hook, on a
 * thread that itself waits for a root from there, and so on. Only a thread that waits makes such a
 * chain longer, and it asks here first. So the chain has an end.
 */
static bool closes_circle(const struct operation *operation, const struct root *root)
{
    while (root && queue_owner(root)) {
        const struct operation *owner = queue_owner(root);
        const struct operation *blocked;

        if (owner->done && !owner->in_hook)
            return false; /* no thread runs it */
        if (thread_same(owner->thread, operation->thread))
            return true;
        blocked = waiting_of(operation->call.manager, owner->thread);
        root = blocked ? queue_root(blocked) : NULL;
    }
    return false;
}

int queue_enter_slow(struct operation *operation, struct root *root)
{
    if (!queue_release(operation)) /* it waited for a root that it no longer needs */
        return 1;
    if (!root->instance.locked) {
        queue_own(operation, root);
        return 0;
    }
    if (!operation->done && closes_circle(operation, root))
        return -EDEADLK;
    operation->queued = root;
    if (ready_can_run(operation))
        return 1;
#ifdef BERTH_NO_THREADS
    if (!operation->done)
        return -EDEADLK; /* no other thread could release it */
#endif
    append(operation, root);
    return 1;
}
