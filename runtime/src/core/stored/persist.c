#include "persist.h"

#include <errno.h>
#include <string.h>

#include "../../model/stored/owner.h"
#include "../../model/stored/record.h"
#include "../../model/stored/tables.h"
#include "../../model/tracked/values.h"
#include "collect.h"
#include "limits.h"

_Static_assert(sizeof(struct persist) <= BERTH_OP_STORED, "BERTH_OP_STORED is too small");

/* Before the first call */

static bool is_owned(const struct operation *operation)
{
    return operation->type && (operation->type->flags & BERTH_OWNED);
}

/* Does some step take a reference at this level? */
static bool takes(const struct operation *operation, unsigned level)
{
    const berth_operation *type = operation->type;

    for (unsigned i = 0; i < type->n_steps; i++)
        if (type->steps[i].level == level &&
            type->steps[i].event == operation_resource(operation, level)->take)
            return true;
    return false;
}

static void free_references(struct operation *operation)
{
    struct persist *persist = persist_of(operation);

    while (persist->references) {
        struct reference *reference = persist->references;

        persist->references = reference->next;
        owner_free_reference(operation->call.manager, reference);
    }
}

/* Finds the owner's references, and makes those that steps may take. False: no memory. */
static bool find_references(struct operation *operation)
{
    struct berth_manager *manager = operation->call.manager;
    struct persist *persist = persist_of(operation);

    for (unsigned i = 0; i < operation->n_levels; i++) {
        struct level *level = &operation->levels[i];
        struct reference *reference;

        if (owner_find_reference(manager, level->instance, persist->owner)) {
            level->flags |= LEVEL_MINE | LEVEL_NAMED;
        } else if (takes(operation, i)) {
            reference = owner_make_reference(manager, persist->owner);
            if (!reference)
                return false;
            reference->next = persist->references;
            persist->references = reference;
        }
    }
    return true;
}

static bool is_look_up(const struct operation *operation)
{
    return operation->type && (operation->type->flags & BERTH_LOOK_UP);
}

/* Calls that block, by the thread that made them */

static void enter_blocking(struct operation *operation)
{
    struct persist *persist = persist_of(operation);
    struct persist **first = &operation->call.manager->stored->blocking;

    if (operation->done || persist->at) /* a started one; or it begins anew */
        return;
    persist->next = *first;
    persist->at = first;
    if (*first)
        (*first)->at = &persist->next;
    *first = persist;
}

static void leave_blocking(struct persist *persist)
{
    if (!persist->at)
        return;
    *persist->at = persist->next;
    if (persist->next)
        persist->next->at = persist->at;
    persist->at = NULL;
}

static const struct operation *operation_of(const struct persist *persist)
{
    return (const struct operation *)(const void *)((const char *)persist -
                                                    offsetof(struct stored_block, persist));
}

bool persist_is_inside(const struct stored *stored)
{
    thread_id self = thread_self();
    const struct persist *at = stored->blocking;

    while (at && !thread_same(operation_of(at)->thread, self))
        at = at->next;
    return at || (stored->recovering && thread_same(stored->recoverer, self));
}

/* The operation has its instances. Takes all memory that its commits need, but for subtrees. */
static void begin_keeping(struct operation *operation)
{
    struct berth_manager *manager = operation->call.manager;
    struct persist *persist = persist_of(operation);
    const struct stored *stored = manager->stored;

    enter_blocking(operation);
    free_references(operation); /* if it begins anew */
    if (operation->drain) {     /* another instance */
        persist->intent = 0;
        persist->committed = false;
        persist->called = false;
    }
    if ((is_owned(operation) && !find_references(operation)) ||
        (stored->has_store && !is_look_up(operation) &&
         !batch_prepare(&persist->batch, stored->op_rows, stored->op_bytes)))
        operation_fail(operation, -ENOMEM, (struct where){0});
}

/* Additions, which others can find at once */

static bool gives_now(const struct operation *operation, enum keep_before before)
{
    return operation->type && (operation->type->flags & BERTH_GIVES) && before == BEFORE_END &&
           operation->code == 0;
}

static void show_reservation(struct operation *operation)
{
    struct berth_manager *manager = operation->call.manager;
    unsigned levels = operation->type->levels;
    struct stored_reservation *part = stored_reservation(operation->reservation, levels);

    reservation_link(manager, operation->reservation, operation->levels[levels - 1].instance,
                     levels);
    part->number = ++manager->stored->last_number;
    part->changing = true;
    stored_name(manager, operation->reservation, levels);
    persist_of(operation)->linked = true;
}

static void show_additions(struct operation *operation, enum keep_before before)
{
    struct berth_manager *manager = operation->call.manager;
    struct persist *persist = persist_of(operation);

    for (unsigned i = 0; i < operation->n_levels; i++) {
        struct level *level = &operation->levels[i];

        if (level->flags & LEVEL_FRESH) {
            instance_link(manager, level->instance);
            stored_instance(manager, level->instance)->id = ++manager->stored->last_id;
            level->flags ^= LEVEL_FRESH | LEVEL_LINKED;
        }
        if (is_owned(operation) &&
            (level->flags & (LEVEL_MINE | LEVEL_NAMED | LEVEL_ADDED)) == LEVEL_MINE) {
            struct reference *reference = persist->references;

            persist->references = reference->next;
            owner_add_reference(manager, level->instance, reference);
            level->flags |= LEVEL_ADDED;
        }
    }
    if (gives_now(operation, before))
        show_reservation(operation);
    if (operation->type && (operation->type->flags & BERTH_ENDS) && operation->reservation &&
        before == BEFORE_END && operation->code == 0)
        stored_reservation(operation->reservation, operation->type->levels)->changing = true;
}

/* Takes the additions back. */
static void undo_additions(struct operation *operation)
{
    struct berth_manager *manager = operation->call.manager;
    struct persist *persist = persist_of(operation);
    struct instance *made = NULL;

    if (persist->linked) {
        reservation_remove(manager, operation->reservation, operation->type->levels);
        operation->reservation = NULL;
        persist->linked = false;
    } else if (operation->type && operation->type->form == BERTH_WITH && operation->reservation) {
        stored_reservation(operation->reservation, operation->type->levels)->changing = false;
    }
    for (unsigned i = operation->n_levels; i-- > 0;) {
        struct level *level = &operation->levels[i];

        if (level->flags & LEVEL_ADDED) {
            struct reference *reference =
                owner_find_reference(manager, level->instance, persist->owner);

            owner_remove_reference(manager, reference);
            owner_free_reference(manager, reference);
        }
        if ((level->flags & LEVEL_LINKED) && !level->instance->ended) {
            values_return_numbers(manager, level->instance);
            made = level->instance;
        }
        level->flags &= (uint8_t) ~(LEVEL_ADDED | LEVEL_LINKED);
    }
    if (made)
        instance_end(manager, made);
}

/* Once the changes are durable */

/* The store has the reservation no more. */
static void forget_reservation(struct berth_manager *manager, struct reservation *reservation)
{
    unsigned levels = reservation_levels(manager, reservation);

    stored_reservation(reservation, levels)->gone = true;
    stored_unname(manager, reservation, levels);
}

void persist_note_kept(struct berth_manager *manager, const struct batch *batch)
{
    const berth_manager_type *type = manager->type;

    for (uint32_t i = 0; i < batch->n; i++) {
        const berth_store_change *change = &batch->changes[i];

        if (change->table < type->n_resources) {
            struct instance *instance = batch->subjects[i];
            struct stored_instance *part = stored_instance(manager, instance);

            part->kept = !change->deleted;
            part->state = instance->state;
        } else if (change->table == tables_other(type, TABLE_RESERVATIONS) && change->deleted) {
            struct reservation *reservation =
                reservation_look_up(manager, change->values[RESERVATION_ID].uuid);

            if (reservation)
                forget_reservation(manager, reservation);
        }
    }
}

static void mark_releasing(struct operation *operation)
{
    struct reservation *reservation = operation->reservation;
    struct stored_reservation *part = stored_reservation(reservation, operation->type->levels);

    part->releasing = true;
    for (unsigned i = 0; i < operation->type->levels; i++)
        if (reservation->holds[i] <= LAST_EPOCH)
            reservation->holds[i] |= HOLD_RELEASING;
}

/* Removals, and what the level flags say. */
static void take_over(struct operation *operation)
{
    struct berth_manager *manager = operation->call.manager;
    struct persist *persist = persist_of(operation);

    for (unsigned i = 0; i < operation->n_levels; i++) {
        struct level *level = &operation->levels[i];

        if (level->flags & LEVEL_ADDED)
            level->flags |= LEVEL_NAMED;
        level->flags &= (uint8_t) ~(LEVEL_ADDED | LEVEL_LINKED);
        if ((level->flags & (LEVEL_NAMED | LEVEL_MINE)) == LEVEL_NAMED) {
            struct reference *reference =
                owner_find_reference(manager, level->instance, persist->owner);

            owner_remove_reference(manager, reference);
            owner_free_reference(manager, reference);
            level->flags &= (uint8_t)~LEVEL_NAMED;
        }
        if (level->flags & LEVEL_CLEARED)
            owner_clear_references(manager, level->instance);
    }
    if (persist->linked)
        stored_reservation(operation->reservation, operation->type->levels)->changing = false;
    else if (operation->type && (operation->type->flags & BERTH_ENDS) && operation->reservation &&
             !(persist->before == BEFORE_END && operation->code == 0))
        mark_releasing(operation);
}

static void note_durable(struct operation *operation)
{
    struct berth_manager *manager = operation->call.manager;
    struct persist *persist = persist_of(operation);

    persist_note_kept(manager, &persist->batch);
    take_over(operation);
    persist->committed = persist->before != BEFORE_DROP;
    persist->called = persist->before == BEFORE_CALL;
    persist->called_level = operation->level;
    persist->called_hook = operation->call.hook;
    persist->intent = persist->before == BEFORE_CALL
                          ? stored_instance(manager, operation->levels[0].instance)->id
                          : 0;
}

/* Keeping */

void persist_queue(struct stored *stored, struct commit *commit)
{
    commit->next = NULL;
    commit->done = false;
    commit->held = false;
    commit->result = 0;
    commit->bytes = record_bytes(stored, commit->batch, commit->batch->n);
    if (stored->queue)
        stored->last->next = commit;
    else
        stored->queue = commit;
    stored->last = commit;
}

bool persist_is_held(const struct operation *operation)
{
    const struct discarding *at = operation->call.manager->stored->discards;

    while (at && at->root &&
           (operation->n_levels == 0 || operation->levels[0].instance != at->root))
        at = at->next;
    return at != NULL;
}

void persist_hold(struct stored *stored, struct commit *commit)
{
    struct commit **at = &stored->held;

    while (*at)
        at = &(*at)->next;
    commit->next = NULL;
    commit->done = false;
    commit->held = true;
    *at = commit;
}

/*
 * The end of a drain owns no root. Those that release the reservations which it removes wait until
 * its commit is over.
 */
static bool is_end_of_drain(const struct operation *operation, enum keep_before before)
{
    return !operation->type && before == BEFORE_END;
}

static void mark_removed(struct berth_manager *manager, const struct batch *batch, bool changing)
{
    for (uint32_t i = 0; i < batch->n; i++) {
        const berth_store_change *change = &batch->changes[i];
        struct reservation *reservation;

        if (change->table != tables_other(manager->type, TABLE_RESERVATIONS))
            continue;
        reservation = reservation_look_up(manager, change->values[RESERVATION_ID].uuid);
        if (reservation)
            stored_reservation(reservation, reservation_levels(manager, reservation))->changing =
                changing;
    }
}

static enum kept wait_for_commit(struct operation *operation, enum keep_before before)
{
    struct persist *persist = persist_of(operation);
    struct stored *stored = operation->call.manager->stored;

    persist->before = (uint8_t)before;
    persist->commit.operation = operation;
    persist->commit.batch = &persist->batch;
    persist->commit.firm = persist->committed;
    persist->commit.alone = is_end_of_drain(operation, before);
    if (persist->commit.alone)
        mark_removed(operation->call.manager, &persist->batch, true);
    if (before != BEFORE_RETRY && persist_is_held(operation))
        persist_hold(stored, &persist->commit);
    else
        persist_queue(stored, &persist->commit);
    operation->stage = STAGE_STORE;
    return KEPT_LATER;
}

/* Can the store take the batch in one commit? */
static bool fits(const struct stored *stored, const struct batch *batch)
{
    return stored_fits(stored, batch->n, record_bytes(stored, batch, batch->n));
}

/* Nothing has happened: an error that a row without a call has noted counts no more. */
static void fail_with_store(struct operation *operation, int code)
{
    operation->in_step = false;
    operation->code = code;
    operation->where = (struct where){0};
}

static enum kept refuse_batch(struct operation *operation, int code)
{
    struct persist *persist = persist_of(operation);

    if (!persist->committed) {
        fail_with_store(operation, code);
        persist->refused = persist->recovers;
        return persist->refused ? KEPT_AGAIN : KEPT_NOT;
    }
    persist->commit.broken = true; /* no way back: as after a crash */
    return KEPT_LATER;
}

static enum kept keep_changes(struct operation *operation, enum keep_before before)
{
    struct stored *stored = operation->call.manager->stored;
    struct persist *persist = persist_of(operation);
    enum kept kept = KEPT_LATER;
    int refused = 0;

    if (persist->refused)
        return KEPT_AGAIN;
    if (stored->lost)
        operation->discarded = true;
    if (persist->at_end || operation->discarded ||
        (before != BEFORE_CALL && operation->code != 0 && !operation->called))
        return KEPT;
    show_additions(operation, before);
    persist->before = (uint8_t)before;
    if (!stored->has_store) {
        take_over(operation);
        persist->committed = before != BEFORE_DROP;
        return KEPT;
    }
    if (before == BEFORE_CALL && !persist->committed)
        refused = limits_check(operation);
    if (refused < 0)
        return refuse_batch(operation, refused);
    collect_changes(operation, before);
    if (persist->batch.n == 0 && !persist->batch.failed) {
        take_over(operation);
        return KEPT;
    }
    if (persist->batch.failed)
        kept = refuse_batch(operation, -ENOMEM);
    else if (!fits(stored, &persist->batch))
        kept = refuse_batch(operation, -E2BIG);
    if (kept != KEPT_LATER)
        return kept;
    return wait_for_commit(operation, before);
}

static enum kept apply_result(struct operation *operation)
{
    struct persist *persist = persist_of(operation);

    if (operation->discarded) {
        if (persist->linked) /* the discard has removed it */
            operation->reservation = NULL;
        return KEPT_NOT;
    }
    if (persist->before == BEFORE_RETRY)
        return KEPT;
    if (persist->commit.result < 0) {
        if (persist->commit.alone)
            mark_removed(operation->call.manager, &persist->batch, false);
        fail_with_store(operation, persist->commit.result);
        persist->refused = persist->recovers;
        return KEPT_NOT;
    }
    note_durable(operation);
    return KEPT;
}

/* Is the commit that it waits for over? */
static enum kept look_at_commit(struct operation *operation, enum keep_before *before)
{
    struct persist *persist = persist_of(operation);
    enum kept kept;

    if (!persist->commit.done)
        return KEPT_LATER;
    *before = (enum keep_before)persist->before;
    persist->at_end = *before == BEFORE_END;
    kept = apply_result(operation);
    record_release(&persist->batch, operation->call.manager);
    return kept;
}

static bool waits_for_commit(const struct operation *operation)
{
    const struct commit *commit = &persist_of(operation)->commit;

    return !commit->done && (commit->held || operation->call.manager->stored->busy);
}

/* Reservations */

/* A commit is pending that makes or ends its reservation: it looks again after that. */
static bool retry_later(struct operation *operation)
{
    struct berth_manager *manager = operation->call.manager;
    const unsigned char *id = operation->type->flags & BERTH_GIVES
                                  ? operation->arguments.gives
                                  : operation->arguments.reservation;
    struct reservation *found;

    if (!id || uuid_is_null(id))
        return false;
    found = reservation_look_up(manager, id);
    if (!found || !stored_reservation(found, reservation_levels(manager, found))->changing)
        return false;
    batch_clear(&persist_of(operation)->batch);
    (void)wait_for_commit(operation, BEFORE_RETRY);
    return true;
}

/* Does a reservation have the id that the caller has chosen? */
static bool is_taken(const struct operation *operation)
{
    return !uuid_is_null(operation->arguments.gives) &&
           reservation_look_up(operation->call.manager, operation->arguments.gives);
}

static bool has_reference_of(const struct operation *operation, const struct instance *instance)
{
    return owner_find_reference(operation->call.manager, instance, persist_of(operation)->owner);
}

static int make_owned(struct operation *operation, uint8_t levels, struct reservation **out)
{
    return reservation_make_owned(operation->call.manager, levels, operation->arguments.gives,
                                  persist_of(operation)->owner, out);
}

static void end_keeping(struct operation *operation)
{
    leave_blocking(persist_of(operation));
    free_references(operation);
    record_release(&persist_of(operation)->batch, operation->call.manager);
    batch_free(&persist_of(operation)->batch);
}

const struct stored_calls *persist_calls(void)
{
    static const struct stored_calls calls = {
        .begin = begin_keeping,
        .keep = keep_changes,
        .look = look_at_commit,
        .waits = waits_for_commit,
        .retry = retry_later,
        .is_taken = is_taken,
        .has_reference = has_reference_of,
        .give = make_owned,
        .undo = undo_additions,
        .end = end_keeping,
    };

    return &calls;
}
