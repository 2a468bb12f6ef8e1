/* Every way in which one request can end: as its calls do, and where the process can die. */
#ifndef BERTH_EXPLORE_WAYS_H
#define BERTH_EXPLORE_WAYS_H

#include "step.h"

/* Is called after each way, which step_run() has taken. */
typedef void ways_take(void *arg);

/*
 * Takes all ways from the state of the image, which step_look() has seen. With a store, and
 * MODE_FREE, the process dies at each commit. `there`: see step_run().
 */
static void ways_each(const struct image *image, const struct move *move, effects there,
                      enum mode mode, ways_take *take, void *arg);

/*
 * Likewise all drains in which the process dies. Calls end in every way at the instance at which it
 * dies; at those before it they end ok.
 */
static void ways_each_dying_drain(const struct image *image, ways_take *take, void *arg);

#endif
