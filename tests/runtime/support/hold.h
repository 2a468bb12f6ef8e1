/* Holds a thread up, wherever it is, until the test lets it go on: one at a time. */
#ifndef HOLD_H
#define HOLD_H

#include "support/threads.h"

/*
 * Returns when the task's thread stands still. It must not be inside the manager's lock: asleep,
 * say.
 */
void hold_up(const struct task *task);
/* Lets it go on, and joins it: what its operation returned. */
int release_it(struct task *task);

#endif
