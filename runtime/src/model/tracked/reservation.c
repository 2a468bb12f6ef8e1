#include "reservation.h"
#include "reservations.h"

#include <stddef.h>
#include <string.h>

#include "../../base/store/memory.h"

static size_t record_size(unsigned levels)
{
    size_t size = offsetof(struct reservation, holds) + levels;

    return size > sizeof(struct reservation) ? size : sizeof(struct reservation);
}

struct reservation *reservation_look_up(struct berth_manager *manager, const unsigned char *id)
{
    uint32_t hash = hash_uuid(&manager->seed, id); /* no reservation has the nil UUID */

    for (struct link *link = *map_chain(&manager->reservations, hash); link; link = link->next) {
        struct reservation *reservation = (struct reservation *)link;

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

int reservation_make(struct berth_manager *manager, uint8_t levels, struct reservation **out)
{
    const berth_limits *limits = manager->type->limits;
    struct reservation *reservation = NULL;
    int rc;

    if (!limits || manager->reservations.count < limits->reservations)
        reservation = memory_alloc(&manager->allocator, record_size(levels));
    if (!reservation)
        return -ENOMEM;
    rc = uuid_source_next(&manager->uuids, reservation->id);
    /* a UUID of 122 random bits is new, and a look-up would cost a cache line */
    if (rc == 0 && manager->uuids.custom &&
        (is_nil(reservation->id) || reservation_look_up(manager, reservation->id)))
        rc = -EEXIST;
    if (rc < 0) {
        reservation_unmake(manager, reservation, levels);
        return rc;
    }
    *out = reservation;
    return 0;
}

void reservation_unmake(struct berth_manager *manager, struct reservation *reservation,
                        unsigned levels)
{
    memory_free(&manager->allocator, reservation, record_size(levels));
}

void reservation_link(struct berth_manager *manager, struct reservation *reservation,
                      struct instance *last)
{
    if (manager->last_reservation == UINT32_MAX)
        reservations_renumber(manager);
    reservation->number = ++manager->last_reservation;
    reservation->last = last;
    instance_ref(last);
    map_link(&manager->reservations, &manager->allocator, &reservation->link,
             hash_uuid(&manager->seed, reservation->id));
}

void reservation_remove(struct berth_manager *manager, struct reservation *reservation,
                        unsigned levels)
{
    map_unlink(&manager->reservations, &reservation->link,
               hash_uuid(&manager->seed, reservation->id));
    instance_unref(manager, reservation->last);
    reservation_unmake(manager, reservation, levels);
}
