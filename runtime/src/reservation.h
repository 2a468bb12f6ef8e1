/* One caller's hold on a path of instances, known by a UUID. */
#ifndef BERTH_SRC_RESERVATION_H
#define BERTH_SRC_RESERVATION_H

#include "instance.h"

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
int reservation_make(struct berth_manager *manager, uint8_t levels, struct reservation **out);
/* For one that was never linked. NULL is fine. */
void reservation_unmake(struct berth_manager *manager, struct reservation *reservation);

/* Pins level i. */
void reservation_pin(struct reservation *reservation, uint8_t i, struct instance *instance);
void reservation_link(struct berth_manager *manager, struct reservation *reservation);
/* Forgets it. The instances' count of pins is the caller's business. */
void reservation_remove(struct berth_manager *manager, struct reservation *reservation);

/* The one with this UUID, unless it has ended; NULL. */
struct reservation *reservation_find(struct berth_manager *manager, const unsigned char *id);

bool reservation_holds(const struct reservation *reservation, uint8_t i);
/* Has it begun to let go? */
bool reservation_begun(const struct reservation *reservation);
/* Did drain take the last of its holds? Then it has ended, though its record may still be there. */
bool reservation_spent(const struct reservation *reservation);
/* Ends all that hold nothing. */
void reservation_sweep(struct berth_manager *manager);

#endif
