/* One caller's hold on a path of instances, known by a UUID. */
#ifndef BERTH_SRC_RESERVATION_H
#define BERTH_SRC_RESERVATION_H

#include "instance.h"
#include "linkage.h"

/* A reservation's hold on one instance. It keeps the memory, so that it can never mean another instance. */
struct pin {
    struct instance *instance;
    uint32_t epoch; /* of the instance, when it was pinned */
    bool held;      /* not dropped by the reservation itself */
};

struct reservation {
    struct node node;                    /* first */
    struct reservation *next, *previous; /* in the order given; like siblings */
    uuid_t id;
    uint8_t levels;
    struct pin pins[];
};

/* Memory for a reservation of `levels` levels, with a UUID of its own, known to nobody yet. -ENOMEM, -EEXIST: the caller's UUID was used before, or its error. */
OWN int reservation_make(struct berth_manager *manager, uint8_t levels, struct reservation **out);
/* For one that was never linked. NULL is fine. */
OWN void reservation_unmake(struct berth_manager *manager, struct reservation *reservation);

/* Pins level i. */
OWN void reservation_pin(struct reservation *reservation, uint8_t i, struct instance *instance);
OWN void reservation_link(struct berth_manager *manager, struct reservation *reservation);
/* Forgets it, which has so many levels. The instances' count of pins is the caller's business. */
OWN void reservation_remove(struct berth_manager *manager, struct reservation *reservation, unsigned levels);

/* What a reservation of so many levels has of its path, a bit for each. */
struct grip {
    uint8_t holds;   /* still has */
    uint8_t drained; /* drain took */
    uint8_t dropped; /* let go of itself */
};

ALWAYS_INLINE struct grip reservation_grip(const struct reservation *reservation, unsigned levels)
{
    struct grip grip = {0, 0, 0};

    UNROLL
    for (unsigned i = 0; i < levels; i++) {
        const struct pin *pin = &reservation->pins[i];
        uint8_t bit = (uint8_t)(1u << i);

        if (!pin->held)
            grip.dropped |= bit;
        else if (pin->epoch != pin->instance->epoch)
            grip.drained |= bit;
        else if (!pin->instance->ended)
            grip.holds |= bit;
    }
    return grip;
}

/* Has it begun to let go? */
static inline bool grip_begun(struct grip grip)
{
    return (grip.drained | grip.dropped) != 0;
}

/* Did drain take the last of its holds? Then it has ended, though its record may still be there. */
static inline bool grip_spent(struct grip grip)
{
    return grip.drained != 0 && grip.holds == 0;
}

/* The one with this UUID, also when it is spent; NULL. */
OWN struct reservation *reservation_look_up(struct berth_manager *manager, const unsigned char *id);

/* Forgets those that have ended because drains took the last of their holds. `empty`: and ends all others that hold nothing. */
OWN void reservation_sweep(struct berth_manager *manager, bool empty);

#endif
