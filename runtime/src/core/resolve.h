/* Finds or makes the instances of an operation: step 3 of "An operation, in order". */
#ifndef BERTH_SRC_RESOLVE_H
#define BERTH_SRC_RESOLVE_H

#include "../base/linkage.h"
#include "operation.h"

/* The place of an early error: the root that is loaded, or that the caller named, or none. */
internal struct where resolve_where(const struct operation *operation);

/* True: the operation has to wait for a root. False: its levels are loaded, or it has failed. */
internal bool resolve_instances(struct operation *operation);

#endif
