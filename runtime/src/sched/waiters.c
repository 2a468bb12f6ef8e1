#include "waiters.h"

#include "../core/rows/hook.h"
#include "../core/drain.h"
#include "../core/execute.h"
#include "../core/waiting/queue.h"
#include "../core/waiting/ready.h"
#include "../core/resolve.h"

/* The most waiters that one thread runs when it releases a root. */
enum { MOST_SHARED = 64 };

#ifndef BERTH_NO_THREADS

/* Excuses the sleeping thread of an ended operation: this thread does the rest of its work. */
static bool excuse(const struct operation *operation, struct sleepers *woken)
{
    struct berth_manager *manager = operation->call.manager;
    struct sleeper *sleeper = operation->sleeper;

    if (operation->stage != STAGE_DONE || !sleeper_excuse(woken, sleeper))
        return false;
    if (manager->loop_sleeper == sleeper)
        manager->loop_sleeper = NULL;
    manager_end_operation(manager);
    return true;
}

/*
 * ThreadSanitizer and helgrind know only the order that the lock gives. With them the thread is
 * woken while the lock is held, and does the rest of its work itself.
 */
static void wake_thread(const struct operation *operation, struct sleepers *woken)
{
    if (operation->call.manager->lock.observed)
        sleeper_wake(operation->sleeper);
    else if (!excuse(operation, woken))
        sleeper_add(woken, operation->sleeper);
}

#endif

void waiters_resume(struct operation *operation, struct sleepers *woken)
{
    if (operation->done)
        ready_add(operation);
#ifndef BERTH_NO_THREADS
    else if (operation->sleeper)
        wake_thread(operation, woken);
#endif
    (void)woken;
}

/* The owner has failed and ended the root: the waiter shares its error. */
static void share_error(const struct operation *by, struct operation *next)
{
    operation_report_error(next, by);
    next->error = NULL;
    next->code = by->code;
    /* as after a hook of its own whose row has reported the error: no second report */
    next->called = true;
    (void)execute_finish(next); /* it owns no root */
}

/*
 * May this thread run the waiter? Not a drain, which takes its time. Not with a trace: it cannot
 * take reports back if the operation is cancelled before its first hook. When the root has ended,
 * all look for another one in the order in which they waited.
 */
static bool may_run(const struct operation *next, const struct root *root, unsigned n)
{
    if (next->drain)
        return false;
    return root->instance.ended || (n < MOST_SHARED && !next->call.manager->trace);
}

/*
 * The root has ended. `next` had this turn, has looked for another root, and is not over. Root
 * number `newest` was the newest then. In the queue of a newer root it keeps its turn, as all do
 * who waited with it. In the queue of an older one it comes last. If it looks by key, the
 * operations after it in its line would find the same root. They move there as they are, and look
 * when it is their turn.
 */
static void keep_turn(struct operation *next, struct root *ended, uint64_t turn, uint32_t newest)
{
    /* the next of the last in a line is the first */
    struct root *found = next->waits ? queue_root(next->next) : next->root;

    if (!found)
        return;
    if (next->waits && found->entry.serial > newest)
        next->turn = turn;
    if (queue_by_key(next))
        queue_pass_on(ended, found);
}

/* Moves the root's lock from one operation's block to another's. */
static void move_lock(struct root *root, const struct operation *from, struct operation *to)
{
    to->lock = from->lock;
    root->entry.lock = &to->lock;
}

/* Makes the waiter the owner. */
static void grant_root(struct root *root, const struct operation *by, struct operation *next)
{
    move_lock(root, by, next);
    root->instance.waking = false;
    next->root = root;
}

/* The waiter no longer needs the root: the next one's turn comes. */
static void reclaim_root(struct operation *by, struct operation *next)
{
    struct root *root = next->root;

    move_lock(root, next, by);
    root->instance.waking = true;
    next->root = NULL;
    if (next->stage == STAGE_DONE)
        operation_unload(next);
}

/* All waiters that can have a turn now have had one. */
static void end_waking(struct root *root, const struct operation *by)
{
    const struct root_lock *lock = root->entry.lock;

    root->instance.awaited =
        !root->instance.waking && (lock->lines[LINE_KEY] || lock->lines[LINE_OTHER]);
    if (!root->instance.waking)
        return;
    root->instance.waking = false;
    root->instance.locked = false;
    root->entry.previous = by->lock.previous;
}

/* While the root has no owner here, its lock is in the block of `by`, and no other gets it. */
void waiters_wake(struct operation *by, struct sleepers *woken)
{
    struct berth_manager *manager = by->call.manager;
    struct root *root = by->root;
    uint32_t newest = manager->last_root;
    struct operation *next;
    bool failed = root->instance.ended && by->called && by->code != 0 && !by->discarded;

    root->instance.waking = true;
    by->root = NULL;
    instance_ref(&root->instance);
    for (unsigned n = 0; root->instance.waking && (next = queue_first(root)); n++) {
        bool ended = root->instance.ended;
        uint64_t turn = next->turn;

        queue_leave(next);
        if (!ended)
            grant_root(root, by, next);
        if (failed && !next->drain)
            share_error(by, next);
        else if (may_run(next, root, n))
            /* it can only release this root: nobody else waits for one that it found free */
            while (execute_operation(next, false) == PROGRESS_RELEASED)
                reclaim_root(by, next);
        if (manager->last_root < newest) /* the roots were renumbered before the newest came */
            newest = manager->last_root - 1;
        if (ended && next->stage != STAGE_DONE)
            keep_turn(next, root, turn, newest);
        if (!next->waits)
            waiters_resume(next, woken);
    }
    end_waking(root, by);
    instance_unref(manager, &root->instance);
    if (by->stage == STAGE_DONE)
        operation_unload(by); /* the waiters have shared its error */
    else
        sleeper_wake_all(woken); /* a drain goes on to hooks that may take their time */
}

void waiters_cancel(struct operation *operation, int code, struct sleepers *woken)
{
    struct root *root = operation->waits ? operation->queued : operation->root;

    if (operation->waits)
        queue_leave(operation);
    if (root && operation->n_levels == 0)
        operation_load(operation, &root->instance); /* for the error's key */
    operation_fail(operation, code, resolve_where(operation));
    if (execute_finish(operation) == PROGRESS_RELEASED)
        waiters_wake(operation, woken);
}

/* Discards an operation that waits for the root, or that was granted it and has not run yet. */
static void discard_new(struct operation *operation, struct root *root, bool all,
                        struct sleepers *woken)
{
    if (operation->drain && !all)
        drain_skip_root(operation, &root->instance, -ECANCELED);
    else
        waiters_cancel(operation, operation_discard_code(operation), woken);
}

/* Discards the owner of a root, whose hook runs or is pending. */
static void discard_owner(struct operation *owner, bool all)
{
    struct drain *drain = owner->drain;
    bool cancelled = drain && drain->cancelled;

    owner->discarded = true;
    hook_notify_cancel(owner);
    if (drain && !all) {
        drain->lost = true;
        drain->cancelled = cancelled;
    }
}

void waiters_discard(struct root *root, bool all, struct sleepers *woken)
{
    struct operation *owner = queue_owner(root);
    struct operation *next;

    while ((next = queue_first(root))) {
        discard_new(next, root, all, woken);
        waiters_resume(next, woken);
    }
    if (!owner)
        return;
    if (operation_is_new(owner)) {
        discard_new(owner, root, all, woken);
        waiters_resume(owner, woken);
    } else {
        discard_owner(owner, all);
    }
}

void waiters_discard_busy(struct berth_manager *manager, const struct root *root,
                          struct sleepers *woken)
{
    for (const struct worker *at = manager->workers; at; at = at->next) {
        struct operation *call = at->call;

        if (!call || !operation_is_new(call) || (root && call->queued != root))
            continue;
        if (call->drain && root) {
            drain_skip_root(call, &call->queued->instance, -ECANCELED);
        } else {
            operation_load(call, &call->queued->instance); /* for the error's key */
            waiters_cancel(call, operation_discard_code(call), woken);
        }
    }
}
