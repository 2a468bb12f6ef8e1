/* All reservations of a manager. */
#ifndef BERTH_SRC_RESERVATIONS_H
#define BERTH_SRC_RESERVATIONS_H

#include "../../base/linkage.h"
#include "reservation.h"

/* The hash of a reservation in the manager's map. */
internal map_hash reservations_hash;

/* Begins the epochs of all instances again. Holds that have ended stay so. */
internal void reservations_restart_epochs(struct berth_manager *manager);

/* Renumbers them in the same order, because the numbers have run out. */
internal cold void reservations_renumber(struct berth_manager *manager);

/*
 * The oldest reservation, followed by the others in the order given: see reservation_next(). The
 * map is empty until reservations_put_back(). This takes longer than a walk. So only functions that
 * show reservations to users call it.
 */
internal struct reservation *reservations_in_order(struct berth_manager *manager);
internal void reservations_put_back(struct berth_manager *manager, struct reservation *first);

#endif
