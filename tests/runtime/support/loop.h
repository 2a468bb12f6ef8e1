/*
 * The test as an event loop: berth_config.wake counts, and berth_manager_poll() is called where the
 * test wants it.
 */
#ifndef LOOP_H
#define LOOP_H

#include "support/started.h"

/* With a `wake` that counts; see wakes(). */
extern const berth_config waking;

/* How often any manager was woken since this was asked last. */
unsigned wakes(void);

/* A depot with `waking` whose hooks pend, and are listed in `shelf`. */
void loop_start(struct depot *depot, struct shelf_of_calls *shelf);
/* Discards, runs what is left, and stops the depot. */
void loop_stop(struct depot *depot);

/* Polls; the next deadline. */
int64_t poll_depot(struct depot *depot);

#endif
