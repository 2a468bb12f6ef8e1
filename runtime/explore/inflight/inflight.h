/*
 * Are whole operations enough (S10)? Searches everything that can happen to one root with several
 * operations in flight. Between operations there must be the same states.
 */
#ifndef BERTH_EXPLORE_INFLIGHT_H
#define BERTH_EXPLORE_INFLIGHT_H

#include "../base/known.h"

/*
 * Searches, and prints how far that went. `whole`: the states that whole operations lead to; NULL:
 * they are not compared. A difference is a fault of Berth, and ends the program.
 */
static void inflight_run(const struct known *whole);

#endif
