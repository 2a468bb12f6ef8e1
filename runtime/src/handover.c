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

/* An operation that is run here may be over at once, and let the root go in its turn: that ends up here again, and is left to this loop. */
void handover(struct operation *by, struct root *root)
{
    struct berth_manager *manager = by->call.manager;
    bool failed = root->instance.ended && by->code != 0 && !by->discarded;

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
        else if (root->instance.ended || n < MOST_SHARED)
            (void)operation_advance(next, false);
        if (!next->queued)
            operation_wake(next);
    }
    root->instance.handing = false;
    instance_unref(manager, &root->instance);
}
