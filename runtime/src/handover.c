#include "handover.h"

#include "error.h"
#include "queue.h"

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

/* An operation that is run here may be over at once, and let the root go in its turn: that ends up here again, and is left to this loop. */
void handover(struct operation *by, struct root *root)
{
    struct berth_manager *manager = by->call.manager;
    unsigned run = 0;

    if (root->instance.handing)
        return;
    instance_ref(&root->instance);
    root->instance.handing = true;
    while (!root->owner && root->queue) {
        bool had_ended = root->instance.ended;
        struct operation *next = root->queue;

        queue_leave(next);
        if (hand_over(by, root, next, run < MOST_SHARED) && !had_ended)
            by = next;
        run++;
    }
    root->instance.handing = false;
    instance_unref(manager, &root->instance);
}
