/* Finds or makes the instances of an operation: step 3 of "An operation, in order". */
#ifndef BERTH_SRC_RESOLVE_H
#define BERTH_SRC_RESOLVE_H

#include "../base/linkage.h"
#include "operation.h"

/*
 * The place of an error before an operation has run: the root that it has loaded, else the root
 * that its caller named, else none.
 */
internal struct where resolve_where(const struct operation *operation);

/* True: the operation has to wait for a root. False: its levels are loaded, or it has failed. */
internal bool resolve_instances(struct operation *operation);

#endif
