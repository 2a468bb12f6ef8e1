#include "deadline.h"

#include "../core/rows/hook.h"
#include "../core/drain.h"
#include "../core/waiting/ready.h"
#include "waiters.h"

/* Joins two heaps: the later one becomes the first child of the earlier. Either may be NULL. */
static struct operation *join(struct operation *a, struct operation *b)
{
    struct operation *later;

    if (!a || !b)
        return a ? a : b;
    if (b->call.deadline < a->call.deadline) {
        later = a;
        a = b;
    } else {
        later = b;
    }
    later->sibling = a->child;
    if (a->child)
        a->child->before = later;
    later->before = a;
    a->child = later;
    return a;
}

/* Joins a list of siblings into one heap: in pairs from the left, then the pairs from the right. */
static struct operation *join_all(struct operation *first)
{
    struct operation *pairs = NULL;
    struct operation *whole = NULL;

    while (first) {
        struct operation *a = first;
        struct operation *b = a->sibling;

        first = b ? b->sibling : NULL;
        a = join(a, b);
        a->sibling = pairs;
        pairs = a;
    }
    while (pairs) {
        struct operation *pair = pairs;

        pairs = pair->sibling;
        whole = join(pair, whole);
    }
    if (whole) {
        whole->sibling = NULL;
        whole->before = NULL;
    }
    return whole;
}

void deadline_watch(struct operation *operation)
{
    struct berth_manager *manager = operation->call.manager;

    if (operation->call.deadline == BERTH_NO_DEADLINE || operation->watched)
        return;
    if (!operation->waits && atomic_load(&operation->call.cancelled))
        return; /* the call was notified already, which happens once */
    operation->watched = true;
    operation->child = NULL;
    operation->sibling = NULL;
    operation->before = NULL;
    manager->deadlines = join(manager->deadlines, operation);
    if (manager->deadlines == operation)
        ready_wake(manager); /* the loop sleeps until a later deadline */
}

void deadline_forget(struct operation *operation)
{
    struct berth_manager *manager = operation->call.manager;

    operation->watched = false;
    if (!operation->before) {
        manager->deadlines = join_all(operation->child);
        return;
    }
    if (operation->before->child == operation)
        operation->before->child = operation->sibling;
    else
        operation->before->sibling = operation->sibling;
    if (operation->sibling)
        operation->sibling->before = operation->before;
    manager->deadlines = join(manager->deadlines, join_all(operation->child));
}

static void expire(struct operation *operation, struct sleepers *woken)
{
    /* One that was granted its root and has not run yet counts as waiting. */
    if (operation->waits && operation->drain)
        drain_skip_root(operation, &operation->queued->instance, -ETIMEDOUT);
    else if (operation->waits || (operation_is_new(operation) && !operation->drain))
        waiters_cancel(operation, -ETIMEDOUT, woken);
    else if (operation->in_hook || operation_waits(operation))
        hook_notify_cancel(operation);
    if (!operation->in_hook && !operation_waits(operation))
        ready_add(operation);
}

void deadline_expire(struct berth_manager *manager, int64_t now)
{
    struct sleepers woken = {0};

    while (manager->deadlines && manager->deadlines->call.deadline <= now) {
        struct operation *operation = manager->deadlines;

        deadline_forget(operation);
        expire(operation, &woken);
    }
    sleeper_wake_all(&woken);
}
