/* Blocking calls. */
#ifndef BERTH_SRC_REQUEST_H
#define BERTH_SRC_REQUEST_H

#include "../base/linkage.h"
#include "../core/fast.h"
#include "../core/operation.h"

/* Does berth_manager_run(). */
internal int request_run(berth_manager *manager, const berth_request *request, berth_error *error);

/*
 * Runs to its end an operation with a block from operation_init(), a `type` (NULL: drain) and
 * arguments. `fast`: the result of fast_run(); NULL for a drain. Returns the code.
 */
internal int request_execute(struct operation *operation, const berth_operation *type,
                             const struct fast *fast);

#endif
