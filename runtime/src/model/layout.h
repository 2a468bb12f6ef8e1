/* Where the parts of an instance are in its block. */
#ifndef BERTH_SRC_LAYOUT_H
#define BERTH_SRC_LAYOUT_H

#include "../base/linkage.h"
#include "manager.h"

/* The number of assigned values of all resources. */
internal uint32_t layout_count_values(const berth_manager_type *type);

/* Fills in the layout of a resource. `values`: its first struct value. */
internal void layout_init(struct berth_manager *manager, uint8_t id, struct value *values);

#endif
