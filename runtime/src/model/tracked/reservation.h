/* One caller's hold on a path of instances, known by a UUID. */
#ifndef BERTH_SRC_RESERVATION_H
#define BERTH_SRC_RESERVATION_H

#include "../../base/linkage.h"
#include "instance.h"

/*
 * A reservation's hold on one instance of its path: the epoch of the instance when the hold began,
 * or one of these, which are no epochs.
 */
enum {
    HOLD_DRAINED = LAST_EPOCH + 1, /* a drain ended it, which still runs */
    HOLD_DROPPED,                  /* the reservation released it */
    /* added to an epoch, only if the spec has `store`: an operation that ends it has begun */
    HOLD_RELEASING = 0x40
};

struct reservation {
    struct link link;      /* first; in the manager's map */
    struct instance *last; /* the end of the path; a ref to it keeps the whole path in memory */
    uuid_t id;
    uint32_t number; /* grows in the order given */
    uint8_t holds[]; /* one per level of the path */
};

/*
 * Makes a reservation of `levels` levels with a UUID, which nobody finds yet. -ENOMEM; -EEXIST: the
 * caller's source gave a UUID that is in use; or an error of that source.
 */
internal int reservation_make(struct berth_manager *manager, uint8_t levels,
                              struct reservation **out);
/* The same in a manager whose spec has `store`. `id` nil: a new one. -EEXIST: it is in use. */
internal int reservation_make_owned(struct berth_manager *manager, uint8_t levels,
                                    const unsigned char *id, const char *owner,
                                    struct reservation **out);
/* Frees a reservation of so many levels that was never linked. NULL is fine. */
internal void reservation_unmake(struct berth_manager *manager, struct reservation *reservation,
                                 unsigned levels);

/* Holds the path of so many levels that ends with `last`, and enters the map. */
internal void reservation_link(struct berth_manager *manager, struct reservation *reservation,
                               struct instance *last, unsigned levels);

static inline unsigned reservation_levels(const struct berth_manager *manager,
                                          const struct reservation *reservation)
{
    return instance_type(manager, reservation->last)->level + 1u;
}

/* The instance at level i of a path of so many levels. */
ALWAYS_INLINE struct instance *reservation_instance(const struct reservation *reservation,
                                                    unsigned levels, unsigned i)
{
    struct instance *instance = reservation->last;

    while (++i < levels)
        instance = instance_parent(instance);
    return instance;
}

/* Removes a reservation of so many levels. The caller counts the instances' holds down. */
internal void reservation_remove(struct berth_manager *manager, struct reservation *reservation,
                                 unsigned levels);

/* Removes all reservations whose path begins with `root`, which is discarded. */
internal void reservation_remove_below(struct berth_manager *manager, const struct instance *root);

/* The holds of a reservation, a bit for each level of its path. */
struct hold_set {
    uint8_t held;    /* in force */
    uint8_t drained; /* ended by a drain that still runs */
    uint8_t dropped; /* released by the reservation or a drain, or about to be */
};

static inline struct hold_set reservation_hold_set(const struct reservation *reservation,
                                                   unsigned levels)
{
    const struct instance *instance = reservation->last;
    struct hold_set hold_set = {0, 0, 0};

    for (unsigned i = levels; i-- > 0; instance = instance_parent(instance)) {
        uint8_t hold = reservation->holds[i];
        uint8_t bit = (uint8_t)(1u << i);

        if (hold == instance->epoch)
            hold_set.held |= instance->ended ? 0 : bit;
        else if (hold == HOLD_DROPPED)
            hold_set.dropped |= bit;
        else if (hold == (instance->epoch | HOLD_RELEASING)) {
            hold_set.held |= instance->ended ? 0 : bit;
            hold_set.dropped |= bit;
        } else
            hold_set.drained |= bit;
    }
    return hold_set;
}

/* Has the reservation begun to release its holds? */
static inline bool reservation_is_releasing(struct hold_set hold_set)
{
    return (hold_set.drained | hold_set.dropped) != 0;
}

/*
 * Did a drain that still runs end the last hold? Then it has ended, though it is in memory. With a
 * store, it has ended when the store has it no more.
 */
internal cold bool reservation_has_left(const struct berth_manager *manager,
                                        const struct reservation *reservation);
static inline bool reservation_is_released(const struct berth_manager *manager,
                                           const struct reservation *reservation,
                                           struct hold_set hold_set)
{
    return hold_set.drained != 0 && hold_set.held == 0 &&
           reservation_has_left(manager, reservation);
}

/* A drain is over: the holds that it has ended count as released by the reservation. */
internal void reservation_drop_drained(const struct berth_manager *manager,
                                       struct reservation *reservation);

/* The reservation with this UUID, even if it is released; or NULL. */
internal struct reservation *reservation_look_up(struct berth_manager *manager,
                                                 const unsigned char *id);

/* The hash of a reservation in the manager's map. */
internal map_hash reservation_hash;

/* Begins the epochs of all instances again. Holds that have ended stay so. */
internal void reservation_restart_epochs(struct berth_manager *manager);

/*
 * The oldest reservation, followed by the others: see reservation_next(). The map is empty until
 * reservation_put_back(). It takes longer than a walk, so only what users see is in order.
 */
internal struct reservation *reservation_in_order(struct berth_manager *manager);
internal void reservation_put_back(struct berth_manager *manager, struct reservation *first);

/* The next in a list of reservation_in_order(). */
static inline struct reservation *reservation_next(const struct reservation *reservation)
{
    return (struct reservation *)reservation->link.next;
}

#endif
