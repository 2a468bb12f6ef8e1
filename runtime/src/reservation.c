#include "reservation.h"

#include <string.h>

#include "memory.h"

static size_t record_size(uint8_t levels)
{
    return sizeof(struct reservation) + levels * sizeof(struct pin);
}

/* The first bytes of a UUID are random, unless the caller makes them; so they are mixed with the manager's own seed. */
static uint32_t id_hash(const struct berth_manager *manager, const unsigned char *id)
{
    struct hash hash;

    hash_start(&hash, &manager->seed);
    hash_bytes(&hash, id, sizeof(uuid_t), false);
    return (uint32_t)hash_end(&hash);
}

static struct reservation *look_up(struct berth_manager *manager, const unsigned char *id)
{
    for (struct node *node = map_first(&manager->reservations, id_hash(manager, id)); node; node = map_next(node)) {
        struct reservation *reservation = (struct reservation *)node;

        if (uuid_compare(reservation->id, id) == 0)
            return reservation;
    }
    return NULL;
}

int reservation_make(struct berth_manager *manager, uint8_t levels, struct reservation **out)
{
    struct reservation *reservation = memory_take(&manager->allocator, record_size(levels));
    int rc;

    if (!reservation)
        return -ENOMEM;
    reservation->levels = levels;
    rc = uuid_source_next(&manager->uuids, reservation->id);
    if (rc == 0 && (uuid_is_null(reservation->id) || look_up(manager, reservation->id)))
        rc = -EEXIST;
    if (rc < 0) {
        reservation_unmake(manager, reservation);
        return rc;
    }
    *out = reservation;
    return 0;
}

void reservation_unmake(struct berth_manager *manager, struct reservation *reservation)
{
    if (reservation)
        memory_give(&manager->allocator, reservation, record_size(reservation->levels));
}

void reservation_pin(struct reservation *reservation, uint8_t i, struct instance *instance)
{
    instance_ref(instance);
    reservation->pins[i] = (struct pin){.instance = instance, .epoch = instance->epoch, .held = true};
}

void reservation_link(struct berth_manager *manager, struct reservation *reservation)
{
    struct reservation **first = &manager->reserved;

    map_insert(&manager->reservations, &manager->allocator, &reservation->node, id_hash(manager, reservation->id));
    reservation->previous = *first ? (*first)->previous : reservation;
    if (*first)
        (*first)->previous->next = reservation;
    else
        *first = reservation;
    (*first)->previous = reservation;
}

void reservation_remove(struct berth_manager *manager, struct reservation *reservation)
{
    struct reservation **first = &manager->reserved;
    struct reservation *after = reservation->next ? reservation->next : *first;

    map_remove(&manager->reservations, &reservation->node);
    if (*first == reservation)
        *first = reservation->next;
    else
        reservation->previous->next = reservation->next;
    after->previous = reservation->previous;
    for (uint8_t i = 0; i < reservation->levels; i++)
        instance_unref(manager, reservation->pins[i].instance);
    reservation_unmake(manager, reservation);
}

struct reservation *reservation_find(struct berth_manager *manager, const unsigned char *id)
{
    struct reservation *reservation = uuid_is_null(id) ? NULL : look_up(manager, id);

    return reservation && reservation_spent(reservation) ? NULL : reservation;
}

/* Has drain let it go? */
static bool drained(const struct pin *pin)
{
    return pin->held && pin->epoch != pin->instance->epoch;
}

bool reservation_holds(const struct reservation *reservation, uint8_t i)
{
    const struct pin *pin = &reservation->pins[i];

    return pin->held && !drained(pin) && !pin->instance->ended;
}

bool reservation_begun(const struct reservation *reservation)
{
    for (uint8_t i = 0; i < reservation->levels; i++)
        if (!reservation->pins[i].held || drained(&reservation->pins[i]))
            return true;
    return false;
}

static bool holds_any(const struct reservation *reservation)
{
    for (uint8_t i = 0; i < reservation->levels; i++)
        if (reservation_holds(reservation, i))
            return true;
    return false;
}

bool reservation_spent(const struct reservation *reservation)
{
    bool any = false;

    for (uint8_t i = 0; i < reservation->levels; i++)
        any = any || drained(&reservation->pins[i]);
    return any && !holds_any(reservation);
}

void reservation_sweep(struct berth_manager *manager)
{
    struct reservation *next;

    for (struct reservation *reservation = manager->reserved; reservation; reservation = next) {
        next = reservation->next;
        if (!holds_any(reservation))
            reservation_remove(manager, reservation);
    }
}
