/* All reservations of a manager. */
#include <stddef.h>

#include "reservations.h"

uint32_t reservations_hash(const struct map *map, const struct link *link)
{
    const struct berth_manager *manager =
        (const struct berth_manager *)(const void *)((const char *)map -
                                                     offsetof(struct berth_manager, reservations));

    return hash_uuid(&manager->seed, ((const struct reservation *)link)->id);
}

/* Walks them in no order. `chain` begins with 0. */
static struct reservation *next_of(struct berth_manager *manager, struct reservation *reservation,
                                   size_t *chain)
{
    return (struct reservation *)map_walk(&manager->reservations,
                                          reservation ? &reservation->link : NULL, chain);
}

/* Epochs */

static void keep_drained(struct reservation *reservation, unsigned levels)
{
    struct hold_set hold_set = reservation_hold_set(reservation, levels);

    for (unsigned i = 0; i < levels; i++)
        if ((hold_set.drained >> i) & 1)
            reservation->holds[i] = HOLD_DRAINED;
}

static void restart_epoch(struct reservation *reservation, unsigned levels)
{
    struct instance *instance = reservation->last;

    for (unsigned i = levels; i-- > 0; instance = instance_parent(instance)) {
        if (reservation->holds[i] <= LAST_EPOCH)
            reservation->holds[i] = 0;
        instance->epoch = 0;
    }
}

void reservations_restart_epochs(struct berth_manager *manager)
{
    size_t chain = 0;

    for (struct reservation *at = next_of(manager, NULL, &chain); at;
         at = next_of(manager, at, &chain))
        keep_drained(at, reservation_levels(manager, at));
    chain = 0;
    for (struct reservation *at = next_of(manager, NULL, &chain); at;
         at = next_of(manager, at, &chain))
        restart_epoch(at, reservation_levels(manager, at));
}

/* Order */

enum { DIGIT_BITS = 4, DIGITS = 1 << DIGIT_BITS };

static void pile_up(struct link *piles[], struct link *link, int shift)
{
    struct link **pile = &piles[(((struct reservation *)link)->number >> shift) & (DIGITS - 1)];

    link->next = *pile;
    *pile = link;
}

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
        next = list->next;
        pile_up(piles, list, shift);
    }
    for (unsigned i = 0; i < DIGITS; i++)
        end = sort(piles[i], shift - DIGIT_BITS, end);
    return end;
}

struct reservation *reservations_in_order(struct berth_manager *manager)
{
    struct link *piles[DIGITS] = {NULL};
    struct link *first, **end = &first;
    struct link *next;
    size_t chain = 0;
    int shift = 32 - DIGIT_BITS;

    while (shift > 0 && manager->last_reservation >> shift == 0)
        shift -= DIGIT_BITS;
    for (struct link *at = map_walk(&manager->reservations, NULL, &chain); at; at = next) {
        next = map_walk(&manager->reservations, at, &chain);
        pile_up(piles, at, shift);
    }
    map_forget(&manager->reservations);
    for (unsigned i = 0; i < DIGITS; i++)
        end = sort(piles[i], shift - DIGIT_BITS, end);
    *end = NULL;
    return (struct reservation *)first;
}

void reservations_put_back(struct berth_manager *manager, struct reservation *first)
{
    struct reservation *next;

    for (struct reservation *at = first; at; at = next) {
        next = reservation_next(at);
        map_attach(&manager->reservations, &at->link, hash_uuid(&manager->seed, at->id));
    }
}

void reservations_renumber(struct berth_manager *manager)
{
    struct reservation *first = reservations_in_order(manager);

    manager->last_reservation = 0;
    for (struct reservation *at = first; at; at = reservation_next(at))
        at->number = ++manager->last_reservation;
    reservations_put_back(manager, first);
}
