/*
 * A depot in which a rack ends as soon as it has been opened: each OP_USE makes a rack, calls a
 * hook and ends the rack.
 */
#ifndef BERTH_TEST_PASSING_H
#define BERTH_TEST_PASSING_H

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "model/manager.h"
#include "support/clock.h"
#include "support/loop.h"
#include "support/threads.h"

/*
 * Queues of this length take milliseconds; minutes, when each end of a root costs something for
 * each that waits.
 */
enum { MANY = 100000, PATIENCE = 120 };

static inline void start_passing(struct depot *depot, struct shelf_of_calls *shelf)
{
    depot_start_changed(
        depot, &(struct depot_change){
                   .state = IDLE, .event = OPEN, .ok = {.state = GONE}, .fail = {.state = GONE}});
    if (shelf)
        shelf_init(shelf, depot);
}

#endif
