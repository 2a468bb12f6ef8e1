/* One caller's hold on a path of instances, known by a UUID. */
#ifndef BERTH_SRC_RESERVATION_H
#define BERTH_SRC_RESERVATION_H

#include "../base/linkage.h"
#include "instance.h"

/*
 * A reservation's hold on one instance of its path: the epoch of the instance when it was held,
 * or one of two that no instance has.
 */
enum {
    HOLD_DRAINED = LAST_EPOCH + 1, /* drain took it */
    HOLD_DROPPED                   /* the reservation itself let it go */
};

struct reservation {
    struct link link;      /* first; in the manager's map */
    struct instance *last; /* of the path. It keeps the memory, and so that of what is above */
    uuid_t id;
    uint32_t number; /* grows in the order given */
    uint8_t holds[]; /* one per level of the path */
};

/*
 * Memory for a reservation of `levels` levels, with a UUID of its own, known to nobody yet.
 * -ENOMEM, -EEXIST: the caller's UUID was used before, or its error.
 */
internal int reservation_make(struct berth_manager *manager, uint8_t levels,
                              struct reservation **out);
/* For one that was never linked, with so many levels. NULL is fine. */
internal void reservation_unmake(struct berth_manager *manager, struct reservation *reservation,
                                 unsigned levels);

/* Lets it be found. Its path ends with `last`, and its holds are set. */
internal void reservation_link(struct berth_manager *manager, struct reservation *reservation,
                               struct instance *last);

static inline unsigned reservation_levels(const struct berth_manager *manager,
                                          const struct reservation *reservation)
{
    return instance_type(manager, reservation->last)->level + 1u;
}

/* Level i of its path of so many levels. */
ALWAYS_INLINE struct instance *reservation_instance(const struct reservation *reservation,
                                                    unsigned levels, unsigned i)
{
    struct instance *instance = reservation->last;

    while (++i < levels)
        instance = instance_parent(instance);
    return instance;
}

/* Forgets it, which has so many levels. The instances' count of holds is the caller's business. */
internal void reservation_remove(struct berth_manager *manager, struct reservation *reservation,
                                 unsigned levels);

/* What a reservation of so many levels has of its path, a bit for each. */
struct hold_set {
    uint8_t held;    /* still held */
    uint8_t drained; /* drain took */
    uint8_t dropped; /* let go of itself */
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
        else
            hold_set.drained |= bit;
    }
    return hold_set;
}

/* Has it begun to let go? */
static inline bool reservation_is_releasing(struct hold_set hold_set)
{
    return (hold_set.drained | hold_set.dropped) != 0;
}

/* Did drain take the last of its holds? Then it has ended, though its record may still be there. */
static inline bool reservation_is_released(struct hold_set hold_set)
{
    return hold_set.drained != 0 && hold_set.held == 0;
}

/* The one with this UUID, also when it is spent; NULL. */
internal struct reservation *reservation_look_up(struct berth_manager *manager,
                                                 const unsigned char *id);

/* The next in a list of reservations_in_order(). */
static inline struct reservation *reservation_next(const struct reservation *reservation)
{
    return (struct reservation *)reservation->link.next;
}

#endif
