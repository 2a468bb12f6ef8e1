/* The moves that led to each state: they are told with a fault of the runtime. */
#ifndef BERTH_EXPLORE_HISTORY_H
#define BERTH_EXPLORE_HISTORY_H

#include "../state/moves.h"

/* From now on a fault tells the way, and the next moves come from the first state. */
static void history_begin(void);

/* There will be so many states. */
static void history_reserve(size_t room);

/* The next moves come from this state. */
static void history_from(size_t state);

/* The next move. */
static void history_start(const struct move *move);
static void history_end(unsigned who, uint8_t hook, uint8_t outcome);
static void history_cancel(unsigned who);

/* The move has led to a new state. */
static void history_keep(size_t state);

#endif
