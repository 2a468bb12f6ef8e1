/* What a store is told of a manager. */
#ifndef BERTH_SRC_OPEN_H
#define BERTH_SRC_OPEN_H

#include "../base/linkage.h"
#include "../model/stored/stored.h"

/* May this store be used? -EINVAL, with reason and versions in the error. */
internal int open_check_store(const berth_store *store, berth_error *error);

/* Is this the name of the manager, or an earlier one? */
internal bool open_is_own(const struct berth_manager *manager, const char *name);

struct open_header {
    berth_store_manager manager;
    void *memory; /* of its texts */
    size_t size;
};

/* Fills it for this store. -ENOMEM. */
internal int open_header(struct berth_manager *manager, const berth_store *store,
                         struct open_header *header);
internal void open_free_header(struct berth_manager *manager, struct open_header *header);

#endif
