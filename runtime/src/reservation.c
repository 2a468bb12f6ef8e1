#include "reservation.h"

#include <string.h>

#include "memory.h"

static size_t record_size(uint8_t levels)
{
    return sizeof(struct reservation) + levels * sizeof(struct pin);
}

static HOT struct reservation *find_record(struct berth_manager *manager, const unsigned char *id, uint32_t hash)
{
    for (struct node *node = map_first(&manager->reservations, hash); node; node = map_next(node)) {
        struct reservation *reservation = (struct reservation *)node;

        if (memcmp(reservation->id, id, sizeof(uuid_t)) == 0)
            return reservation;
    }
    return NULL;
}

static bool is_nil(const unsigned char *id)
{
    static const uuid_t nil;

    return memcmp(id, nil, sizeof nil) == 0;
}

HOT int reservation_make(struct berth_manager *manager, uint8_t levels, struct reservation **out)
{
    const berth_limits *limits = type_of(manager)->limits;
    struct reservation *reservation = NULL;
    int rc;

    if (!limits || manager->reservations.count < limits->reservations)
        reservation = memory_take(&manager->allocator, record_size(levels));
    if (!reservation)
        return -ENOMEM;
    reservation->levels = levels;
    rc = uuid_source_next(&manager->uuids, reservation->id);
    reservation->node.hash = hash_uuid(&manager->seed, reservation->id);
    /* one of 122 random bits is nobody else's, and looking for it would fetch another reservation from far away */
    if (rc == 0 && manager->uuids.custom && (is_nil(reservation->id) || find_record(manager, reservation->id, reservation->node.hash)))
        rc = -EEXIST;
    if (rc < 0) {
        reservation_unmake(manager, reservation);
        return rc;
    }
    *out = reservation;
    return 0;
}

HOT void reservation_unmake(struct berth_manager *manager, struct reservation *reservation)
{
    if (reservation)
        memory_give(&manager->allocator, reservation, record_size(reservation->levels));
}

HOT void reservation_pin(struct reservation *reservation, uint8_t i, struct instance *instance)
{
    instance_ref(instance);
    reservation->pins[i] = (struct pin){.instance = instance, .epoch = instance->epoch, .held = true};
}

HOT void reservation_link(struct berth_manager *manager, struct reservation *reservation)
{
    struct reservation **first = &manager->reserved;

    map_insert(&manager->reservations, &manager->allocator, &reservation->node, reservation->node.hash);
    reservation->previous = *first ? (*first)->previous : reservation;
    if (*first)
        (*first)->previous->next = reservation;
    else
        *first = reservation;
    (*first)->previous = reservation;
}

HOT void reservation_remove(struct berth_manager *manager, struct reservation *reservation, unsigned levels)
{
    struct reservation **first = &manager->reserved;
    struct reservation *after = reservation->next ? reservation->next : *first;

    map_remove(&manager->reservations, &reservation->node);
    if (*first == reservation)
        *first = reservation->next;
    else
        reservation->previous->next = reservation->next;
    after->previous = reservation->previous;
    UNROLL
    for (unsigned i = 0; i < levels; i++)
        instance_unref(manager, reservation->pins[i].instance);
    reservation_unmake(manager, reservation);
}

HOT struct reservation *reservation_look_up(struct berth_manager *manager, const unsigned char *id)
{
    return find_record(manager, id, hash_uuid(&manager->seed, id)); /* the nil UUID is no reservation's */
}

void reservation_sweep(struct berth_manager *manager, bool empty)
{
    struct reservation *next;

    for (struct reservation *reservation = manager->reserved; reservation; reservation = next) {
        struct grip grip = reservation_grip(reservation, reservation->levels);

        next = reservation->next;
        if (empty ? grip.holds == 0 : grip_spent(grip))
            reservation_remove(manager, reservation, reservation->levels);
    }
}
