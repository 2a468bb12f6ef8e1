/* What the board gives to the programs here: time, UUIDs, and memory of fixed size. */
#ifndef BOARD_H
#define BOARD_H

#include <berth/arena.h>

/*
 * For berth_config.uuid: a number of the board's own and a counter. A board with a source of random
 * numbers would use that.
 */
int board_uuid(void *ctx, uuid_t out);

#endif
