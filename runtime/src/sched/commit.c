#include "commit.h"

#include <errno.h>

#include "../base/store/memory.h"
#include "../base/sync/thread.h"
#include "../core/drain.h"
#include "../core/rows/hook.h"
#include "../core/stored/collect.h"
#include "../model/stored/record.h"
#include "../model/stored/tables.h"
#include "forget.h"
#include "scheduler.h"
#include "waiters.h"

/* Ends of commits */

static void wake_commit(const struct commit *commit, const struct operation *self,
                        struct sleepers *woken)
{
    if (commit->operation && commit->operation != self)
        waiters_resume(commit->operation, woken);
#ifndef BERTH_NO_THREADS
    if (commit->sleeper)
        sleeper_wake(commit->sleeper);
#endif
}

/* Is there a thread that sleeps until this commit is over? */
static bool has_thread(const struct commit *commit)
{
    return commit->sleeper ||
           (commit->operation && !commit->operation->done && commit->operation->sleeper);
}

/* Somebody has to send what waits: a thread that sleeps, else a started operation. */
static void promote(const struct stored *stored, const struct operation *self,
                    struct sleepers *woken)
{
    const struct commit *at = stored->queue;

    while (at && !has_thread(at))
        at = at->next;
    if (!at)
        at = stored->queue;
    if (at)
        wake_commit(at, self, woken);
}

static void end_commits(struct commit *first, int result, const struct operation *self,
                        struct sleepers *woken)
{
    while (first) {
        struct commit *next = first->next;

        first->done = true;
        first->result = result;
        wake_commit(first, self, woken);
        first = next;
    }
}

/* Nothing can be made durable any more: everybody ends with `code`. */
static void lose_store(struct berth_manager *manager, int code, const struct operation *self,
                       struct sleepers *woken)
{
    struct stored *stored = manager->stored;
    struct commit *queue = stored->queue;

    atomic_store(&stored->refuses, code);
    stored->lost = true;
    stored->queue = NULL;
    forget_all(manager, woken);
    end_commits(queue, code, self, woken);
}

static void free_leftover(struct berth_manager *manager)
{
    struct stored *stored = manager->stored;

    record_release(stored->leftover, manager);
    batch_free(stored->leftover);
    memory_free(&manager->allocator, stored->leftover, sizeof *stored->leftover);
    stored->leftover = NULL;
}

/*
 * The first n rows are durable. There is no need for persist_note_kept(): loading has noted at the
 * instances that the store has these rows.
 */
static void drop_leftover(struct berth_manager *manager, uint32_t n)
{
    struct stored *stored = manager->stored;

    if (n == stored->leftover->n)
        free_leftover(manager);
    else
        record_drop(stored->leftover, manager, n);
}

static bool is_firm(const struct commit *first)
{
    for (; first; first = first->next)
        if (first->firm)
            return true;
    return false;
}

/* What a store's answer says: 0, a certain failure, or what the manager dies of. */
static int meaning(int answer, bool firm, int *lost)
{
    *lost = 0;
    if (answer == 0)
        return 0;
    if (answer == -ESTALE)
        *lost = -ESTALE;
    else if (!hook_is_failure(answer) || firm)
        *lost = -EOWNERDEAD;
    return *lost < 0 ? *lost : answer;
}

/*
 * Puts what was sent back into the queue, before all else: the last one that was queued stays the
 * last. Returns the number of commits.
 */
static unsigned put_back(struct stored *stored)
{
    struct commit *first = stored->sent, *last = first;
    unsigned n = 1;

    for (; last->next; last = last->next)
        n++;
    last->next = stored->queue;
    stored->queue = first;
    stored->sent = NULL;
    return n;
}

/*
 * Did several commits fail together, with nothing done? Then each is tried alone: one of them may
 * be at fault, and the others know nothing of it.
 */
static bool is_tried_again(const struct stored *stored, int answer)
{
    return stored->sent && stored->sent->next && !stored->lost && hook_is_failure(answer) &&
           answer != -ESTALE;
}

/* The commits that were sent are over. The store has answered, or there was nothing to write. */
static void finish_group(struct berth_manager *manager, int answer, const struct operation *self,
                         struct sleepers *woken)
{
    struct stored *stored = manager->stored;
    struct commit *sent = stored->sent;
    int lost, result = meaning(answer, is_firm(sent), &lost);

    stored->busy = false;
    record_release(&stored->merged, manager);
    if (is_tried_again(stored, answer)) {
        stored->leftover_sent = false;
        stored->singly = put_back(stored);
        promote(stored, self, woken);
        return;
    }
    if (answer == 0 && stored->leftover_sent)
        free_leftover(manager);
    stored->leftover_sent = false;
    if (answer == 0 && stored->leftover_part > 0) {
        drop_leftover(manager, stored->leftover_part);
        if (stored->lost) {
            result = stored_refuses(manager);
        } else if (sent) {
            (void)put_back(stored);
            sent = NULL;
        }
    }
    stored->leftover_part = 0;
    if (answer == 0)
        stored->sequence = stored->commit.sequence;
    if (lost < 0 && !stored->lost)
        lose_store(manager, lost, self, woken);
    stored->sent = NULL;
    end_commits(sent, result, self, woken);
    promote(stored, self, woken);
}

/* Sending */

/* May the next commit go with those that are taken already, which have so much? */
static bool may_join(const struct stored *stored, const struct commit *next, uint64_t rows,
                     uint64_t bytes)
{
    return !next->clear && !next->broken && !next->alone &&
           stored_fits(stored, rows + next->batch->n, bytes + next->bytes);
}

/* Takes commits from the queue, in their order; at least one is there. Returns the first. */
static struct commit *take_group(struct stored *stored, bool several)
{
    struct commit *first = stored->queue, *last = first;
    const struct batch *leftover = stored->leftover;
    uint64_t rows = first->batch->n + (leftover ? leftover->n : 0);
    uint64_t bytes = first->bytes + (leftover ? record_bytes(stored, leftover, leftover->n) : 0);

    while (several && !first->alone && last->next && may_join(stored, last->next, rows, bytes)) {
        last = last->next;
        rows += last->batch->n;
        bytes += last->bytes;
    }
    stored->queue = last->next;
    last->next = NULL;
    stored->sent = first;
    return first;
}

/* Adds the counters of a batch that are not there yet. The array has only counters. */
static bool merge_counters(struct berth_manager *manager, const struct batch *batch)
{
    struct stored *stored = manager->stored;

    for (uint32_t i = 0; i < batch->n; i++) {
        const berth_store_change *change = &batch->changes[i];
        uint32_t at = 0;

        if (!record_is_counter(manager, change))
            continue;
        while (at < stored->merged.n &&
               !record_is_same(stored, &stored->merged.changes[at], change))
            at++;
        if (at == stored->merged.n && !batch_append(&stored->merged, change))
            return false;
    }
    return true;
}

/* Does one of the commits change the row anew? */
static bool is_changed(const struct stored *stored, const struct commit *first,
                       const berth_store_change *change)
{
    for (; first; first = first->next)
        for (uint32_t i = 0; i < first->batch->n; i++)
            if (record_is_same(stored, &first->batch->changes[i], change))
                return true;
    return false;
}

static bool merge_leftover(struct stored *stored, const struct commit *first)
{
    const struct batch *leftover = stored->leftover;

    for (uint32_t i = 0; leftover && !first->clear && i < leftover->n; i++)
        if (!is_changed(stored, first, &leftover->changes[i]) &&
            !batch_append(&stored->merged, &leftover->changes[i]))
            return false;
    return true;
}

static bool merge_rows(struct berth_manager *manager, const struct batch *batch)
{
    for (uint32_t i = 0; i < batch->n; i++)
        if (!record_is_counter(manager, &batch->changes[i]) &&
            !batch_append(&manager->stored->merged, &batch->changes[i]))
            return false;
    return true;
}

/*
 * Puts all changes into one array, each row once. Commits that go together are of different roots,
 * so they have only counters in common. False: there is no memory.
 */
static bool merge_all(struct berth_manager *manager, const struct commit *first)
{
    struct stored *stored = manager->stored;
    const struct commit *at = first;

    batch_clear(&stored->merged);
    do
        if (!merge_counters(manager, at->batch))
            return false;
    while ((at = at->next));
    if (!merge_leftover(stored, first))
        return false;
    for (at = first; at; at = at->next)
        if (!merge_rows(manager, at->batch))
            return false;
    return true;
}

/* Puts what was taken back, and takes the first commit only. */
static void take_one(struct stored *stored)
{
    (void)put_back(stored);
    (void)take_group(stored, false);
}

/* The changes of what is taken, of which this is the first. NULL: there is no memory. */
static const struct batch *changes_of(struct berth_manager *manager, struct commit *first)
{
    struct stored *stored = manager->stored;
    const struct commit *at = first;

    do
        record_renew_counters(at->batch, manager);
    while ((at = at->next));
    if ((!stored->leftover || first->clear) && !first->next)
        return first->batch;
    if (merge_all(manager, first))
        return &stored->merged;
    if (stored->leftover && !first->clear)
        return NULL;
    take_one(stored);
    return first->batch;
}

static int call_store(struct berth_manager *manager, const berth_store_commit *commit)
{
    struct stored *stored = manager->stored;
    int answer;

    stored->in_commit = true;
    stored->answered = false;
    lock_release(&manager->lock);
    answer = stored->store.commit(stored->store.ctx, commit);
    (void)lock_acquire(&manager->lock);
    stored->in_commit = false;
    if (answer == BERTH_PENDING && stored->answered)
        answer = stored->answer;
    return answer;
}

/*
 * There is nothing to write: an operation waits for one whose commit may be over already. The
 * thread of that one has to get the lock.
 */
static void let_others_run(struct berth_manager *manager)
{
    struct stored *stored = manager->stored;

    stored->in_commit = true;
    stored->answered = true; /* the store has none to answer */
    lock_release(&manager->lock);
    thread_yield();
    (void)lock_acquire(&manager->lock);
    stored->in_commit = false;
}

/* Has the leftover to go before the first commit that waits, because both do not fit? */
static bool goes_alone(const struct stored *stored)
{
    const struct batch *leftover = stored->leftover;
    const struct commit *first = stored->queue;

    return leftover && !first->clear && !first->broken &&
           !stored_fits(stored, (uint64_t)leftover->n + first->batch->n,
                        record_bytes(stored, leftover, leftover->n) + first->bytes);
}

/*
 * Rows of the leftover that fit into a commit. What follows from one intent stays together: its
 * last row deletes the intent.
 */
static uint32_t part_of_leftover(const struct berth_manager *manager)
{
    const struct stored *stored = manager->stored;
    const struct batch *leftover = stored->leftover;
    uint32_t part = 0;

    for (uint32_t n = 1; n <= leftover->n; n++) {
        if (part > 0 && !stored_fits(stored, n, record_bytes(stored, leftover, n)))
            break;
        if (leftover->changes[n - 1].table == tables_other(manager->type, TABLE_INTENTS))
            part = n;
    }
    return part;
}

/* Sends a part of the leftover alone. If it fails, the first commit that waits fails with it. */
static void send_leftover(struct berth_manager *manager, const struct operation *self,
                          struct sleepers *woken)
{
    struct stored *stored = manager->stored;
    int answer;

    stored->busy = true;
    stored->leftover_part = part_of_leftover(manager);
    (void)take_group(stored, false);
    stored->commit = (berth_store_commit){
        .epoch = stored->epoch,
        .sequence = stored->sequence + 1,
        .changes = stored->leftover->changes,
        .n_changes = stored->leftover_part,
    };
    answer = call_store(manager, &stored->commit);
    if (answer != BERTH_PENDING)
        finish_group(manager, answer, self, woken);
}

/* Sends one group. Nothing is pending, and something waits. */
static void send_group(struct berth_manager *manager, const struct operation *self,
                       struct sleepers *woken)
{
    struct stored *stored = manager->stored;
    const struct batch *batch;
    struct commit *first;
    int answer = 0;

    if (goes_alone(stored)) {
        send_leftover(manager, self, woken);
        return;
    }
    first = take_group(stored, stored->singly == 0);
    batch = changes_of(manager, first);

    stored->busy = true;
    if (stored->singly > 0)
        stored->singly--;
    if (first->broken) {
        answer = BERTH_UNCERTAIN(-ENOMEM);
    } else if (!batch) {
        answer = -ENOMEM;
    } else if (batch->n > 0 || first->clear) {
        stored->commit = (berth_store_commit){
            .epoch = stored->epoch,
            .sequence = stored->sequence + 1,
            .changes = batch->changes,
            .n_changes = batch->n,
            .clear = first->clear,
        };
        stored->leftover_sent = stored->leftover != NULL;
        answer = call_store(manager, &stored->commit);
        if (answer == BERTH_PENDING)
            return;
    } else {
        let_others_run(manager);
        stored->commit.sequence = stored->sequence;
    }
    finish_group(manager, answer, self, woken);
}

void commit_lose(struct berth_manager *manager, int code, struct sleepers *woken)
{
    if (!manager->stored->lost)
        lose_store(manager, code, NULL, woken);
}

#ifdef BERTH_NO_THREADS

/* The store has what is sent until it answers or is closed: its rows stay with the manager. */
static void keep_sent(struct stored *stored)
{
    struct commit *first = stored->sent;

    if (stored->leftover_part > 0)
        return; /* it has no others */
    if (stored->commit.changes != stored->merged.changes) {
        struct batch empty = stored->merged;

        stored->merged = *first->batch;
        *first->batch = empty;
        return;
    }
    for (; first; first = first->next)
        batch_adopt(&stored->merged, first->batch);
}

/* The only thread cannot wait for a commit: the manager is lost. */
static void lose_pending(struct berth_manager *manager, const struct operation *self,
                         struct sleepers *woken)
{
    struct stored *stored = manager->stored;
    struct commit *sent = stored->sent;

    if (stored->lost)
        return; /* it still waits for an answer */
    keep_sent(stored);
    lose_store(manager, -EOWNERDEAD, self, woken);
    stored->sent = NULL;
    end_commits(sent, -EOWNERDEAD, self, woken);
}

#endif

bool commit_send(struct operation *operation)
{
    struct berth_manager *manager = operation->call.manager;
    struct stored *stored = manager->stored;
    const struct commit *commit = &persist_of(operation)->commit;
    struct sleepers woken = {0};

    while (!commit->done && !commit->held && !stored->busy)
        send_group(manager, operation, &woken);
#ifdef BERTH_NO_THREADS
    if (!commit->done && !operation->done)
        lose_pending(manager, operation, &woken);
#endif
    sleeper_wake_all(&woken);
    return commit->done;
}

/* Commits of no operation */

static void wait_once(struct berth_manager *manager, struct commit *commit)
{
#ifdef BERTH_NO_THREADS
    struct sleepers nobody = {0};

    (void)commit;
    lose_pending(manager, NULL, &nobody);
#else
    struct sleeper sleeper;

    sleeper_init(&sleeper);
    commit->sleeper = &sleeper;
    (void)lock_wait(&manager->lock, &sleeper, BERTH_NO_DEADLINE);
    commit->sleeper = NULL;
    sleeper_destroy(&sleeper);
#endif
}

int commit_wait(struct berth_manager *manager, struct batch *batch, bool clear)
{
    struct stored *stored = manager->stored;
    struct commit commit = {.batch = batch, .clear = clear, .alone = true};

    if (stored->lost)
        return stored_refuses(manager);
    persist_queue(stored, &commit);
    manager->n_operations++;
    while (!commit.done) {
        struct sleepers woken = {0};

        if (stored->busy)
            wait_once(manager, &commit);
        else
            send_group(manager, NULL, &woken);
        sleeper_wake_all(&woken);
    }
    manager_end_operation(manager);
    return commit.result;
}

/* Rows of the reservations below the root, and of what has ended and only they name. */
static void collect_reservations(struct batch *batch, struct berth_manager *manager,
                                 const struct instance *root)
{
    const struct map *map = &manager->reservations;
    size_t chain = 0;

    for (struct link *at = map_walk(map, NULL, &chain); at; at = map_walk(map, at, &chain)) {
        struct reservation *reservation = (struct reservation *)at;
        unsigned levels = reservation_levels(manager, reservation);
        struct instance *instance = reservation->last;

        if (reservation_instance(reservation, levels, 0) != root)
            continue;
        record_no_reservation(batch, manager, reservation);
        for (; instance; instance = instance_parent(instance)) {
            const struct naming *first = stored_instance(manager, instance)->namings;

            if (instance->ended && first && first->reservation == reservation)
                record_no_instance(batch, manager, instance); /* once, if several name it */
        }
    }
}

static void collect_counters(struct batch *batch, struct berth_manager *manager)
{
    for (unsigned i = 1; i <= manager->type->n_resources; i++)
        record_counters(batch, manager, (uint8_t)i);
}

/* A discard is over: the commits that have waited for it are noted now, or end with it. */
static void release_held(struct berth_manager *manager, struct sleepers *woken)
{
    struct stored *stored = manager->stored;
    struct commit *held = stored->held, *ended = NULL;

    stored->held = NULL;
    while (held) {
        struct commit *commit = held;

        held = commit->next;
        if (stored->lost || commit->operation->discarded) {
            commit->held = false;
            commit->next = ended;
            ended = commit;
        } else if (persist_is_held(commit->operation)) {
            persist_hold(stored, commit);
        } else {
            persist_queue(stored, commit);
        }
    }
    end_commits(ended, stored->lost ? stored_refuses(manager) : -ECANCELED, NULL, woken);
    if (!stored->busy)
        promote(stored, NULL, woken);
}

/* Deletes the rows. Nothing else of the root becomes durable meanwhile. */
static int discard_rows(struct berth_manager *manager, struct instance *root)
{
    struct stored *stored = manager->stored;
    struct discarding discarding = {.next = stored->discards, .root = root};
    struct discarding **at = &stored->discards;
    struct batch batch;
    int rc;

    batch_init(&batch, &manager->allocator);
    if (root) {
        collect_reservations(&batch, manager, root);
        collect_tree(&batch, manager, root);
    } else {
        collect_counters(&batch, manager);
    }
    if (batch.failed) {
        rc = -ENOMEM;
    } else if (!stored_fits(stored, batch.n, record_bytes(stored, &batch, batch.n))) {
        rc = -E2BIG;
    } else {
        stored->discards = &discarding;
        rc = commit_wait(manager, &batch, !root);
        while (*at != &discarding)
            at = &(*at)->next;
        *at = discarding.next;
    }
    record_release(&batch, manager);
    batch_free(&batch);
    return rc;
}

int commit_discard(struct berth_manager *manager, struct instance *root)
{
    struct stored *stored = manager->stored;
    struct sleepers woken = {0};
    int rc = stored_refuses(manager);

    if (root)
        instance_ref(root);
    if (rc == 0 && stored->has_store)
        rc = discard_rows(manager, root);
    if (rc == 0 && !root) {
        forget_all(manager, &woken);
    } else if (rc == 0 && !root->ended) { /* another discard may have forgotten it */
        reservation_remove_below(manager, root);
        waiters_discard_busy(manager, instance_as_root(root), &woken);
        forget_root(manager, instance_as_root(root), false, &woken);
    }
    release_held(manager, &woken);
    if (root)
        instance_unref(manager, root);
    scheduler_leave(manager, &woken);
    return rc;
}

/* Of the public header */

int berth_store_committed(berth_store_link link, uint64_t sequence, int result)
{
    struct berth_manager *manager = link.manager;
    struct sleepers woken = {0};
    int rc = 0;

    if (result != 0 && !hook_is_failure(result) && !hook_is_uncertain(result))
        return -EINVAL;
    rc = manager_lock(manager);
    if (rc != 0)
        return rc;
    if (!manager->stored->busy || sequence != manager->stored->commit.sequence ||
        (manager->stored->in_commit && manager->stored->answered)) {
        rc = -ENOENT;
    } else if (manager->stored->in_commit) {
        manager->stored->answered = true;
        manager->stored->answer = result;
    } else {
        finish_group(manager, result, NULL, &woken);
    }
    scheduler_leave(manager, &woken);
    return rc;
}

int berth_store_lost(berth_store_link link)
{
    struct berth_manager *manager = link.manager;
    struct sleepers woken = {0};
    int rc = manager_lock(manager);

    if (rc != 0)
        return rc;
    if (manager->stored->alone) {
        atomic_store(&manager->stored->refuses, -ESTALE);
        lock_release(&manager->lock);
        return 0;
    }
    commit_lose(manager, -ESTALE, &woken);
    scheduler_leave(manager, &woken);
    return 0;
}
