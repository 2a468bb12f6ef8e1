/* Writes the rows of a store, as they are in memory now, into a batch. */
#ifndef BERTH_SRC_RECORD_H
#define BERTH_SRC_RECORD_H

#include "../../base/linkage.h"
#include "stored.h"

/*
 * Each adds a row to the batch. Without memory the batch has failed. The batch keeps
 * the memory of the instances, where its texts are. All else is copied.
 */
internal void record_instance(struct batch *batch, struct berth_manager *manager,
                              struct instance *instance, bool ended);
internal void record_no_instance(struct batch *batch, struct berth_manager *manager,
                                 struct instance *instance);

/* `released`: bits of the levels that the row holds no more, though the reservation still does. */
internal void record_reservation(struct batch *batch, struct berth_manager *manager,
                                 struct reservation *reservation, uint8_t released, bool releasing);
internal void record_no_reservation(struct batch *batch, struct berth_manager *manager,
                                    struct reservation *reservation);

internal void record_reference(struct batch *batch, struct berth_manager *manager,
                               struct instance *instance, struct reference *reference,
                               bool deleted);

struct intent {
    uint64_t root, instance; /* ids */
    uint8_t resource, event, hook;
    uint16_t state;
    const char *operation;
};
internal void record_intent(struct batch *batch, struct berth_manager *manager,
                            const struct intent *intent);
internal void record_no_intent(struct batch *batch, struct berth_manager *manager, uint64_t root);

/* The counters of a resource. */
internal void record_counters(struct batch *batch, struct berth_manager *manager, uint8_t resource);
internal bool record_is_counter(const struct berth_manager *manager,
                                const berth_store_change *change);

/*
 * Counters belong to no root, so a batch that has waited may be older than what is durable. This
 * gives its counters the numbers of now.
 */
internal void record_renew_counters(const struct batch *batch, const struct berth_manager *manager);

/* Are both changes of the same row? */
internal bool record_is_same(const struct stored *stored, const berth_store_change *a,
                             const berth_store_change *b);

/* Clears a batch of the functions above: it keeps the memory of its instances no longer. */
internal void record_release(struct batch *batch, struct berth_manager *manager);

/*
 * Rows that one commit of an operation has at most, and memory for their cells. Not counted is what
 * ends with an instance (all below it, the references of others) or with a drain's drop: see
 * limits_check().
 */
internal uint32_t record_most_rows(const struct berth_manager *manager);
internal size_t record_most_bytes(const struct berth_manager *manager);

/* The same, but of the first n changes only. Cells stay until the batch is empty. */
internal void record_drop(struct batch *batch, struct berth_manager *manager, uint32_t n);

/* Bytes of the first n changes, as `max_bytes` counts them; 0 if the store has no such limit. */
internal uint64_t record_bytes(const struct stored *stored, const struct batch *batch, uint32_t n);

#endif
