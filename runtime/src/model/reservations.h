/* All reservations of a manager. */
#ifndef BERTH_SRC_RESERVATIONS_H
#define BERTH_SRC_RESERVATIONS_H

#include "../base/linkage.h"
#include "reservation.h"

/* The hash of a reservation in the manager's map. */
internal map_hash reservations_hash;

/*
 * The epochs of all instances begin again. Pins of those before hold nothing, and go on doing so.
 */
internal void reservations_restart_epochs(struct berth_manager *manager);

/* Numbers them anew, in the same order, because the numbers have run out. */
internal cold void reservations_renumber(struct berth_manager *manager);

/*
 * The oldest, followed by the others in the order given: see reservation_next(). None is in the map
 * until reservations_put_back(). It takes longer than to look at all of them, so only those ask who
 * show them to somebody.
 */
internal struct reservation *reservations_in_order(struct berth_manager *manager);
internal void reservations_put_back(struct berth_manager *manager, struct reservation *first);

#endif
