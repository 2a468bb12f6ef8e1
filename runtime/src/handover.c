#include "handover.h"

#include "error.h"
#include "queue.h"

/* How many of those that wait are run by the thread that lets go, before it sees to its own business. */
enum { MOST_SHARED = 64 };

/* The attempt that they waited for has failed, and ended the root: its error is theirs. */
static void share_error(const struct operation *by, struct operation *next)
{
    error_fill(next->error, next->call.operation, by);
    next->error = NULL;
    next->code = by->code;
    operation_finish(next);
}

/*
 * May it be run here? A drain has time. What a trace was told cannot be taken back, should the operation be cancelled before its first hook. When
 * the root has ended, the order in which they look for another one is that in which they waited.
 */
static bool may_run(const struct operation *next, const struct root *root, unsigned n)
{
    if (next->drain)
        return false;
    return root->instance.ended || (n < MOST_SHARED && !next->call.manager->trace);
}

/* An operation that is run here may be over at once, and let the root go in its turn: that ends up here again, and is left to this loop. */
void handover(struct operation *by, struct root *root)
{
    struct berth_manager *manager = by->call.manager;
    bool failed = root->instance.ended && by->called && by->code != 0 && !by->discarded;

    if (root->instance.handing)
        return;
    instance_ref(&root->instance);
    root->instance.handing = true;
    for (unsigned n = 0; !root->owner && root->queue; n++) {
        struct operation *next = root->queue;

        queue_leave(next);
        if (!root->instance.ended) {
            root->owner = next;
            next->root = root;
        }
        if (failed && !next->drain)
            share_error(by, next);
        else if (may_run(next, root, n))
            (void)operation_advance(next, false);
        if (!next->queued)
            operation_wake(next);
    }
    root->instance.handing = false;
    instance_unref(manager, &root->instance);
}
