#include "reservation.h"

#include <stddef.h>
#include <string.h>

#include "../../base/store/memory.h"
#include "../stored/stored.h"

uint32_t reservation_hash(const struct map *map, const struct link *link)
{
    const struct berth_manager *manager =
        (const struct berth_manager *)(const void *)((const char *)map -
                                                     offsetof(struct berth_manager, reservations));

    return hash_uuid(&manager->seed, ((const struct reservation *)link)->id);
}

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
        (uuid_is_null(reservation->id) || reservation_look_up(manager, reservation->id)))
        rc = -EEXIST;
    if (rc < 0) {
        reservation_unmake(manager, reservation, levels);
        return rc;
    }
    *out = reservation;
    return 0;
}

cold int reservation_make_owned(struct berth_manager *manager, uint8_t levels,
                                const unsigned char *id, const char *owner,
                                struct reservation **out)
{
    size_t at = stored_reservation_at(levels) + sizeof(struct stored_reservation) +
                levels * sizeof(struct naming);
    size_t length = strlen(owner) + 1;
    struct reservation *reservation = memory_alloc(&manager->allocator, at + length);
    struct stored_reservation *part;
    int rc = 0;

    if (!reservation)
        return -ENOMEM;
    part = stored_reservation(reservation, levels);
    part->size = (uint16_t)(at + length);
    part->owner = memcpy((char *)reservation + at, owner, length);
    if (uuid_is_null(id))
        rc = uuid_source_next(&manager->uuids, reservation->id);
    else
        memcpy(reservation->id, id, sizeof(uuid_t));
    if (rc == 0 && (uuid_is_null(reservation->id) || reservation_look_up(manager, reservation->id)))
        rc = -EEXIST;
    if (rc < 0) {
        reservation_unmake(manager, reservation, levels);
        return rc;
    }
    *out = reservation;
    return 0;
}

/* The rest of reservation_unmake() in a manager whose spec has `store`. */
static cold size_t forget_owned(struct berth_manager *manager, struct reservation *reservation,
                                unsigned levels)
{
    if (!reservation)
        return 0;
    stored_unname(manager, reservation, levels);
    return stored_reservation(reservation, levels)->size;
}

static inline void free_record(struct berth_manager *manager, struct reservation *reservation,
                               unsigned levels)
{
    memory_free(&manager->allocator, reservation,
                manager_stored(manager) ? forget_owned(manager, reservation, levels)
                                        : record_size(levels));
}

void reservation_unmake(struct berth_manager *manager, struct reservation *reservation,
                        unsigned levels)
{
    free_record(manager, reservation, levels);
}

enum { DIGIT_BITS = 4, DIGITS = 1 << DIGIT_BITS };

/* Puts a list where `end` is, sorted by the digits from `shift` down. Returns the new end. */
static struct link **sort(struct link *list, int shift, struct link **end)
{
    struct link *piles[DIGITS] = {NULL};
    struct link *next;

    if (!list || shift < 0) { /* no two have the same number */
        *end = list;
        return list ? &list->next : end;
    }
    for (; list; list = next) {
        struct link **pile = &piles[(((struct reservation *)list)->number >> shift) & (DIGITS - 1)];

        next = list->next;
        list->next = *pile;
        *pile = list;
    }
    for (unsigned i = 0; i < DIGITS; i++)
        end = sort(piles[i], shift - DIGIT_BITS, end);
    return end;
}

struct reservation *reservation_in_order(struct berth_manager *manager)
{
    struct link *list = NULL, *first, *next;
    size_t chain = 0;
    int shift = 32 - DIGIT_BITS;

    while (shift > 0 && manager->last_reservation >> shift == 0)
        shift -= DIGIT_BITS;
    for (struct link *at = map_walk(&manager->reservations, NULL, &chain); at; at = next) {
        next = map_walk(&manager->reservations, at, &chain);
        at->next = list;
        list = at;
    }
    map_forget(&manager->reservations);
    *sort(list, shift, &first) = NULL;
    return (struct reservation *)first;
}

void reservation_put_back(struct berth_manager *manager, struct reservation *first)
{
    struct reservation *next;

    for (struct reservation *at = first; at; at = next) {
        next = reservation_next(at);
        map_attach(&manager->reservations, &at->link, hash_uuid(&manager->seed, at->id));
    }
}

static cold void renumber(struct berth_manager *manager)
{
    struct reservation *first = reservation_in_order(manager);

    manager->last_reservation = 0;
    for (struct reservation *at = first; at; at = reservation_next(at))
        at->number = ++manager->last_reservation;
    reservation_put_back(manager, first);
}

void reservation_link(struct berth_manager *manager, struct reservation *reservation,
                      struct instance *last, unsigned levels)
{
    struct instance *instance = last;

    for (unsigned i = levels; i-- > 0; instance = instance_parent(instance)) {
        instance->holds++;
        reservation->holds[i] = instance->epoch;
    }
    if (manager->last_reservation == UINT32_MAX)
        renumber(manager);
    reservation->number = ++manager->last_reservation;
    reservation->last = last;
    instance_ref(last);
    map_link(&manager->reservations, &manager->allocator, &reservation->link,
             hash_uuid(&manager->seed, reservation->id));
}

void reservation_remove(struct berth_manager *manager, struct reservation *reservation,
                        unsigned levels)
{
    struct instance *last = reservation->last;

    map_unlink(&manager->reservations, &reservation->link,
               hash_uuid(&manager->seed, reservation->id));
    free_record(manager, reservation, levels);
    instance_unref(manager, last);
}

void reservation_remove_below(struct berth_manager *manager, const struct instance *root)
{
    size_t chain = 0;
    struct link *next = map_walk(&manager->reservations, NULL, &chain);

    while (next) {
        struct reservation *reservation = (struct reservation *)next;
        unsigned levels = reservation_levels(manager, reservation);

        next = map_walk(&manager->reservations, next, &chain);
        if (reservation_instance(reservation, levels, 0) == root)
            reservation_remove(manager, reservation, levels);
    }
}

bool reservation_has_left(const struct berth_manager *manager,
                          const struct reservation *reservation)
{
    const struct stored *stored = manager_stored(manager);

    return !stored || !stored->has_store ||
           stored_reservation(reservation, reservation_levels(manager, reservation))->gone;
}

void reservation_drop_drained(const struct berth_manager *manager, struct reservation *reservation)
{
    unsigned levels = reservation_levels(manager, reservation);
    struct hold_set hold_set = reservation_hold_set(reservation, levels);

    for (unsigned i = 0; i < levels; i++)
        if ((hold_set.drained >> i) & 1)
            reservation->holds[i] = HOLD_DROPPED;
}

/* Marks the holds that have ended, while their epochs still tell. */
static void keep_drained(const struct berth_manager *manager, struct reservation *reservation)
{
    unsigned levels = reservation_levels(manager, reservation);
    struct hold_set hold_set = reservation_hold_set(reservation, levels);

    for (unsigned i = 0; i < levels; i++)
        if ((hold_set.drained >> i) & 1)
            reservation->holds[i] = HOLD_DRAINED;
}

static void restart_epoch(const struct berth_manager *manager, struct reservation *reservation)
{
    struct instance *instance = reservation->last;

    for (unsigned i = reservation_levels(manager, reservation); i-- > 0;
         instance = instance_parent(instance)) {
        if (reservation->holds[i] <= LAST_EPOCH)
            reservation->holds[i] = 0;
        else if (reservation->holds[i] & HOLD_RELEASING)
            reservation->holds[i] = HOLD_RELEASING;
        instance->epoch = 0;
    }
}

void reservation_restart_epochs(struct berth_manager *manager)
{
    const struct map *map = &manager->reservations;
    size_t chain = 0;

    for (struct link *at = map_walk(map, NULL, &chain); at; at = map_walk(map, at, &chain))
        keep_drained(manager, (struct reservation *)at);
    chain = 0;
    for (struct link *at = map_walk(map, NULL, &chain); at; at = map_walk(map, at, &chain))
        restart_epoch(manager, (struct reservation *)at);
}
