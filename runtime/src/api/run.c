/* The blocking functions of the library; request.c does the work. */
#include <errno.h>

#include "../base/memory.h"
#include "request.h"

int berth_manager_run(berth_manager *manager, const berth_request *request, berth_error *error)
{
    return request_run(manager, request, error);
}

int berth_manager_drain(berth_manager *manager, int64_t deadline, berth_error *error)
{
    struct operation operation;
    struct drain drain = {0};

    if (error)
        memory_zero(error, sizeof *error);
    if (!manager) {
        if (error)
            error->code = -EINVAL;
        return -EINVAL;
    }
    operation_init(&operation, manager, "drain", deadline);
    operation.drain = &drain;
    operation.error = error;
    return request_execute(&operation, NULL, NULL);
}
