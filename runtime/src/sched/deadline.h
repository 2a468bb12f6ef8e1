/*
 * Deadlines of started operations: a pairing heap of the operations themselves, so that it needs no
 * memory.
 */
#ifndef BERTH_SRC_DEADLINE_H
#define BERTH_SRC_DEADLINE_H

#include "../base/linkage.h"
#include "../core/operation.h"

/*
 * A started operation has to wait: it is told when its deadline passes. Without one, or told
 * already, nothing happens.
 */
internal void deadline_watch(struct operation *operation);

/* It is watched no more. */
internal void deadline_forget(struct operation *operation);

#endif
