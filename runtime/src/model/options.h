/* The options of a manager: their values, or the defaults of the spec. */
#ifndef BERTH_SRC_OPTIONS_H
#define BERTH_SRC_OPTIONS_H

#include "../base/linkage.h"
#include "manager.h"

/* The first option that is out of range, or NULL. Adds the memory of copies to `size`. */
internal const berth_field *options_check(const berth_manager_type *type, const void *options,
                                          berth_storage_size *size);

/* Copies the options, or their defaults, to where the manager keeps them. */
internal void options_copy(struct berth_manager *manager, const void *options,
                           berth_storage *storage);

#endif
