/* Creating a manager, for the two functions that do so. */
#ifndef BERTH_SRC_CREATE_H
#define BERTH_SRC_CREATE_H

#include "../base/linkage.h"
#include "../model/manager.h"

struct creating {
    const berth_manager_type *type;
    const void *options, *backend;
    const berth_config *config;
    struct stored *stored; /* if the spec has `store`; else NULL */
};

/* Makes a manager. `error` is zeroed, and says what is refused. */
internal int create_manager(const struct creating *creating, berth_manager **out,
                            berth_error *error);

#endif
