/* Getting at the instances: step 3 of "An operation, in order". */
#ifndef BERTH_SRC_RESOLVE_H
#define BERTH_SRC_RESOLVE_H

#include "../base/linkage.h"
#include "operation.h"

/*
 * Where an operation fails that has not run: at the root that it has loaded or, before it got to
 * one, that its caller named. Nowhere: none is known.
 */
internal struct where resolve_where(const struct operation *operation);

/*
 * Step 3. True: it has to wait for a root. Else the levels are loaded, or the operation has failed.
 */
internal bool resolve_instances(struct operation *operation, const berth_operation *type);

#endif
