/*
 * Breadth first through everything that can happen to one root. Every state is kept once. A search
 * does not go on behind a fault that nobody accepts: what follows would be told as faults of other
 * rows.
 */
#ifndef BERTH_EXPLORE_SEARCH_H
#define BERTH_EXPLORE_SEARCH_H

/* Runs the search that the plan says, and prints what it finds. */
static void search_run(void);

#endif
