/* Handing a manager over: everything goes to another store, or stays in its own. */
#include <errno.h>
#include <string.h>

#include "../base/store/memory.h"
#include "../model/stored/record.h"
#include "../model/stored/tables.h"
#include "../model/tracked/tree.h"
#include "../core/rows/hook.h"
#include "../core/stored/recovery.h"
#include "../sched/commit.h"
#include "../sched/forget.h"
#include "../sched/scheduler.h"
#include "open.h"

static int fail_save(const struct berth_manager *manager, int code, const char *reason,
                     berth_error *error)
{
    *error = (berth_error){
        .code = code, .manager = manager->type->name, .operation = "save", .reason = reason};
    return code;
}

/* The same, with what is known of the store that is refused. */
static int fail_check(const struct berth_manager *manager, berth_error *error)
{
    error->code = -EINVAL;
    error->manager = manager->type->name;
    error->operation = "save";
    return -EINVAL;
}

/* Waits until running operations have ended. -EDEADLK: no other thread could end them. */
static int wait_until_idle(struct berth_manager *manager)
{
#ifdef BERTH_NO_THREADS
    return manager->n_operations > 0 ? -EDEADLK : 0;
#else
    struct sleeper sleeper;

    sleeper_init(&sleeper);
    manager->waits_for_idle = &sleeper;
    while (manager->n_operations > 0)
        (void)lock_wait(&manager->lock, &sleeper, BERTH_NO_DEADLINE);
    manager->waits_for_idle = NULL;
    sleeper_destroy(&sleeper);
    return 0;
#endif
}

/* The rows, one after the other: instances by resource, then the others */

struct rows {
    struct berth_manager *manager;
    struct batch batch; /* the row that is given */
    struct instance *at;
    struct reservation *all;         /* the oldest */
    struct reservation *reservation; /* the next */
    struct reference *reference;
    uint16_t table;
    uint8_t level;    /* of the reservation's path, for its ended instances */
    unsigned counter; /* resource */
    uint32_t next;    /* of the counters in the batch */
    bool begun;
};

static struct instance *next_in_tree(const struct rows *rows)
{
    if (!rows->begun)
        return rows->manager->roots;
    return rows->at ? tree_next_down(rows->manager, rows->at) : NULL;
}

/* The next instance of the table's resource that is tracked. */
static bool next_tracked(struct rows *rows)
{
    do {
        rows->at = next_in_tree(rows);
        rows->begun = true;
    } while (rows->at && tables_of(rows->at->resource) != rows->table);
    if (rows->at)
        record_instance(&rows->batch, rows->manager, rows->at, false);
    return rows->at != NULL;
}

/* The next ended instance of the resource that a reservation names, each once. */
static bool next_ended(struct rows *rows)
{
    struct berth_manager *manager = rows->manager;

    for (; rows->reservation; rows->reservation = reservation_next(rows->reservation)) {
        unsigned levels = reservation_levels(manager, rows->reservation);
        unsigned level = manager->type->resources[rows->table + 1].level;
        struct instance *instance;

        if (level >= levels || stored_reservation(rows->reservation, levels)->gone)
            continue;
        instance = reservation_instance(rows->reservation, levels, level);
        if (!instance->ended || tables_of(instance->resource) != rows->table ||
            stored_instance(manager, instance)->namings !=
                &stored_reservation(rows->reservation, levels)->namings[level])
            continue;
        record_instance(&rows->batch, manager, instance, true);
        rows->reservation = reservation_next(rows->reservation);
        return true;
    }
    return false;
}

static bool next_reservation(struct rows *rows)
{
    struct berth_manager *manager = rows->manager;

    while (rows->reservation) {
        struct reservation *reservation = rows->reservation;
        const struct stored_reservation *part =
            stored_reservation(reservation, reservation_levels(manager, reservation));

        rows->reservation = reservation_next(reservation);
        if (part->gone)
            continue;
        record_reservation(&rows->batch, manager, reservation, 0, part->releasing);
        return true;
    }
    return false;
}

static bool next_reference(struct rows *rows)
{
    while (!rows->reference) {
        rows->at = next_in_tree(rows);
        rows->begun = true;
        if (!rows->at)
            return false;
        rows->reference = stored_instance(rows->manager, rows->at)->references;
    }
    record_reference(&rows->batch, rows->manager, rows->at, rows->reference, false);
    rows->reference = rows->reference->next;
    return true;
}

static bool next_of_table(struct rows *rows)
{
    unsigned resources = rows->manager->type->n_resources;

    if (rows->table < resources) {
        if ((!rows->begun || rows->at) && next_tracked(rows))
            return true;
        return next_ended(rows);
    }
    if (rows->table == tables_other(rows->manager->type, TABLE_RESERVATIONS))
        return next_reservation(rows);
    if (rows->table == tables_other(rows->manager->type, TABLE_REFERENCES))
        return next_reference(rows);
    return false;
}

/* All counters are in one batch. */
static bool next_counter(struct rows *rows)
{
    if (rows->counter == 0) {
        record_release(&rows->batch, rows->manager);
        for (unsigned i = 1; i <= rows->manager->type->n_resources; i++)
            record_counters(&rows->batch, rows->manager, (uint8_t)i);
        rows->counter = 1;
    }
    return rows->next < rows->batch.n;
}

static int next_row(void *arg, berth_store_change *row)
{
    struct rows *rows = arg;
    const uint16_t counters = tables_other(rows->manager->type, TABLE_COUNTERS);

    for (; rows->table < counters; rows->table++) {
        record_release(&rows->batch, rows->manager);
        if (next_of_table(rows) || rows->batch.failed) {
            if (rows->batch.failed)
                return -ENOMEM;
            *row = rows->batch.changes[0];
            return 1;
        }
        rows->at = NULL;
        rows->begun = false;
        rows->reservation = rows->all;
    }
    if (!next_counter(rows))
        return rows->batch.failed ? -ENOMEM : 0;
    *row = rows->batch.changes[rows->next++];
    return 1;
}

static int see_row(void *arg, const berth_store_value *values)
{
    (void)arg;
    (void)values;
    return 1;
}

/* Instances, reservations or references; counters do not count. */
static int has_rows(const berth_store_manager *stored)
{
    int rc = 0;

    for (uint16_t i = 0; i < stored->n_tables && rc == 0; i++)
        if (strcmp(stored->tables[i].name, "_counters") != 0)
            rc = stored->read(stored->from, i, see_row, NULL);
    return rc;
}

/* What opens the other store, and what was wrong with it. */
struct save_target {
    const struct berth_manager *manager;
    const char *reason;
};

/* The rows of this manager are replaced, whatever they are. Those of another one are not. */
static int accept_own(void *arg, const berth_store_manager *stored)
{
    struct save_target *target = arg;
    int rc = open_is_own(target->manager, stored->manager) ? 0 : has_rows(stored);

    if (rc != 1)
        return rc;
    target->reason = "the store has rows of another manager";
    return -EINVAL;
}

/* Nothing changes meanwhile: no operation runs, and new ones are refused. */
static int write_all(struct berth_manager *manager, const berth_store *to,
                     const berth_store_opened *opened)
{
    struct rows rows = {.manager = manager};
    int rc;

    batch_init(&rows.batch, &manager->allocator);
    rows.all = reservation_in_order(manager);
    rows.reservation = rows.all;
    rc = to->replace(to->ctx, opened->epoch, opened->sequence + 1, next_row, &rows);
    reservation_put_back(manager, rows.all);
    record_release(&rows.batch, manager);
    batch_free(&rows.batch);
    return rc;
}

/* Opens the other store. Its next opening has a later epoch than all calls of this manager. */
static int open_target(struct berth_manager *manager, const berth_store *to,
                       berth_store_opened *opened, const char **reason)
{
    struct save_target target = {manager, NULL};
    struct open_header header;
    int rc = manager->stored->tables ? 0 : tables_make(manager);

    if (rc == 0)
        rc = open_header(manager, to, &header);
    if (rc < 0)
        return rc;
    header.manager.place = BERTH_STORE_ARRIVING;
    header.manager.epoch = manager->stored->epoch;
    rc = to->open(to->ctx, &header.manager, accept_own, &target, (berth_store_link){NULL},
                  BERTH_NO_DEADLINE, opened);
    open_free_header(manager, &header);
    *reason = target.reason;
    return rc;
}

/* Takes the rows from the manager's store: 0, or an error; what it dies of in `lost`. */
static int leave_store(struct berth_manager *manager, int *lost)
{
    const struct stored *stored = manager->stored;
    int rc = 0;

    if (stored->has_store)
        rc = stored->store.set_place(stored->store.ctx, stored->epoch, BERTH_STORE_MOVED);
    if (rc == -ESTALE)
        *lost = -ESTALE;
    else if (rc != 0 && !hook_is_failure(rc))
        *lost = -EOWNERDEAD;
    return rc;
}

/* Gives them to the other store, or back to the manager's. */
static int enter_store(struct berth_manager *manager, const berth_store *to, uint64_t epoch,
                       int *lost)
{
    const struct stored *stored = manager->stored;
    int rc = to->set_place(to->ctx, epoch, BERTH_STORE_HERE);

    if (rc != 0 && (!hook_is_failure(rc) ||
                    (stored->has_store && stored->store.set_place(stored->store.ctx, stored->epoch,
                                                                  BERTH_STORE_HERE) != 0)))
        *lost = -EOWNERDEAD;
    return rc;
}

/*
 * Wherever the process dies, at most one of the two stores can be opened: the other one has
 * everything before the own one is left, and cannot be opened until that has happened.
 */
static int move_rows(struct berth_manager *manager, const berth_store *to, int *lost,
                     const char **reason)
{
    berth_store_opened opened = {0};
    int rc = open_target(manager, to, &opened, reason);

    if (rc != 0)
        return rc;
    rc = write_all(manager, to, &opened);
    if (rc == 0)
        rc = leave_store(manager, lost);
    if (rc == 0)
        rc = enter_store(manager, to, opened.epoch, lost);
    to->close(to->ctx);
    return rc;
}

static int check_save(const struct berth_manager *manager, const berth_store *to,
                      berth_error *error)
{
    const struct stored *stored = manager->stored;
    int rc = stored_refuses(manager);

    if (rc < 0)
        return fail_save(manager, rc, NULL, error);
    if (ready_inside(manager) || persist_is_inside(stored))
        return fail_save(manager, -EDEADLK, NULL, error);
    if (recovery_is_needed(stored))
        return fail_save(manager, -EBUSY, "a root has to be recovered", error);
    if (!to && !stored->has_store)
        return fail_save(manager, -EINVAL, "the manager has no store to stay in", error);
    if (to && open_check_store(to, error) < 0)
        return fail_check(manager, error);
    if (to && stored->has_store && to->ctx == stored->store.ctx && to->open == stored->store.open)
        return fail_save(manager, -EINVAL, "it is the store that the manager has", error);
    return 0;
}

static int hand_over(struct berth_manager *manager, const berth_store *to, berth_error *error,
                     struct sleepers *woken)
{
    struct stored *stored = manager->stored;
    const char *reason = NULL;
    int lost = 0, rc = check_save(manager, to, error);

    if (rc < 0)
        return rc;
    atomic_store(&stored->refuses, -ECANCELED);
    rc = wait_until_idle(manager);
    if (rc == 0 && to && !stored->lost) {
        lock_enter_callback(&manager->lock); /* the other store does not know this manager */
        rc = move_rows(manager, to, &lost, &reason);
        lock_leave_callback(&manager->lock);
    }
    if (lost < 0)
        commit_lose(manager, lost, woken);
    if (stored->lost)
        return fail_save(manager, stored_refuses(manager), NULL, error);
    if (rc == 0)
        return 0;
    atomic_store(&stored->refuses, 0);
    return fail_save(manager, hook_error(rc), reason, error);
}

int berth_stored_save(berth_manager *manager, const berth_store *to, berth_error *error)
{
    struct sleepers woken = {0};
    berth_error own;
    int rc;

    if (!error)
        error = &own;
    memory_zero(error, sizeof *error);
    if (!manager) {
        error->code = -EINVAL;
        return -EINVAL;
    }
    rc = lock_acquire(&manager->lock);
    if (rc != 0)
        return fail_save(manager, rc, NULL, error);
    rc = hand_over(manager, to, error, &woken);
    if (rc == 0)
        forget_all(manager, &woken);
    scheduler_leave(manager, &woken);
    return rc;
}
