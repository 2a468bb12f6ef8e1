/* A blocking call. */
#ifndef BERTH_SRC_REQUEST_H
#define BERTH_SRC_REQUEST_H

#include "../base/linkage.h"
#include "../core/fast.h"
#include "../core/operation.h"

/* Does berth_manager_run(). */
internal int request_run(berth_manager *manager, const berth_request *request, berth_error *error);

/*
 * Runs an operation that operation_init() has begun, and whose `type` (NULL: drain) and arguments
 * are there, to its end. `fast`: what the fast path has left, NULL: it was not arguments. Its code.
 */
internal int request_execute(struct operation *operation, const berth_operation *type,
                             const struct fast *fast);

#endif
