#include "waiters.h"

#include "../core/call.h"
#include "../core/execute.h"
#include "../core/queue.h"
#include "../core/ready.h"
#include "../core/resolve.h"
#include "../core/trace.h"

/*
 * How many of those that wait are run by the thread that lets go, before it sees to its own
 * business.
 */
enum { MOST_SHARED = 64 };

#ifndef BERTH_NO_THREADS

/*
 * Is it over, and does its thread sleep? Then the thread has nothing left to do but to return. What
 * else it would do in the manager is done here.
 */
static bool excuse(const struct operation *operation, struct sleepers *woken)
{
    struct berth_manager *manager = operation->call.manager;
    struct sleeper *sleeper = operation->sleeper;

    if (operation->stage != STAGE_DONE || !sleeper_excuse(woken, sleeper))
        return false;
    if (manager->loop_sleeper == sleeper)
        manager->loop_sleeper = NULL;
    manager->n_operations--;
    return true;
}

/* A tool that looks for races sees only what the lock orders. */
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

/* The attempt that they waited for has failed, and ended the root: its error is theirs. */
static void share_error(const struct operation *by, struct operation *next)
{
    trace_error(next, by);
    next->error = NULL;
    next->code = by->code;
    next->called = true;        /* the call was made for it, too: the trace is not told again */
    (void)execute_finish(next); /* it has no root */
}

/*
 * May it be run here? A drain has time. What a trace was told cannot be taken back, should the
 * operation be cancelled before its first hook. When the root has ended, the order in which they
 * look for another one is that in which they waited.
 */
static bool may_run(const struct operation *next, const struct root *root, unsigned n)
{
    if (next->drain)
        return false;
    return root->instance.ended || (n < MOST_SHARED && !next->call.manager->trace);
}

/*
 * The root has ended; `next` had this turn, has looked for another root, and is not over. In the
 * queue of one that is newer than root number `newest` it keeps its turn, as does everybody who
 * waited with it; in the queue of one that was there before it comes last. If it looks by key,
 * those behind it in its line would find what it has found: they go there as they are, and look
 * when it is their turn.
 */
static void keep_turn(struct operation *next, struct root *ended, uint64_t turn, uint32_t newest)
{
    /* who comes last in its line is followed by the first */
    struct root *found = next->waits ? queue_root(next->next) : next->root;

    if (!found)
        return;
    if (next->waits && found->entry.serial > newest)
        next->turn = turn;
    if (queue_by_key(next))
        queue_pass_on(ended, found);
}

/* The root's lock moves from one operation's block to another's. */
static void move_lock(struct root *root, const struct operation *from, struct operation *to)
{
    to->lock = from->lock;
    root->entry.lock = &to->lock;
}

/* Its turn has come. */
static void grant_root(struct root *root, const struct operation *by, struct operation *next)
{
    move_lock(root, by, next);
    root->instance.waking = false;
    next->root = root;
}

/* It needs its root no more: the next one's turn comes. */
static void reclaim_root(struct operation *by, struct operation *next)
{
    struct root *root = next->root;

    move_lock(root, next, by);
    root->instance.waking = true;
    next->root = NULL;
    if (next->stage == STAGE_DONE)
        operation_unload(next);
}

/*
 * Runs it up to a hook. What it lets go of on its way is the root that wakes its waiters: nobody can
 * have begun to wait for one that it has just found free.
 */
static void run(struct operation *by, struct operation *next)
{
    while (execute_operation(next, false) == PROGRESS_RELEASED)
        reclaim_root(by, next);
}

/* Everybody has had a turn who could have one now. */
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

/*
 * Whenever nobody owns the root here, its lock is in the block of `by`. Nobody else can get it
 * then: `next` has let it go because it looks elsewhere.
 */
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
            run(by, next);
        if (manager->last_root < newest) /* they were numbered anew, before the newest came */
            newest = manager->last_root - 1;
        if (ended && next->stage != STAGE_DONE)
            keep_turn(next, root, turn, newest);
        if (!next->waits)
            waiters_resume(next, woken);
    }
    end_waking(root, by);
    instance_unref(manager, &root->instance);
    if (by->stage == STAGE_DONE)
        operation_unload(by); /* its error has been shared */
    else
        sleeper_wake_all(woken); /* a drain goes on, to hooks that may take their time */
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

void waiters_discard(struct root *root, struct sleepers *woken)
{
    struct operation *owner = queue_owner(root);
    struct operation *next;

    while ((next = queue_first(root))) {
        waiters_cancel(next, -ECANCELED, woken);
        waiters_resume(next, woken);
    }
    if (!owner)
        return;
    if (operation_is_new(owner)) { /* it was granted the root and has not run yet */
        waiters_cancel(owner, -ECANCELED, woken);
        waiters_resume(owner, woken);
    } else {
        owner->discarded = true;
        call_notify_cancel(owner);
    }
}
