/* Assigned values: counters, UUIDs, slots of pools, texts, and values of hooks. */
#ifndef BERTH_SRC_VALUES_H
#define BERTH_SRC_VALUES_H

#include "../../base/linkage.h"
#include "instance.h"

/* How many numbers a part of a slot has. */
internal uint64_t values_part_size(const struct berth_manager *manager,
                                   const berth_pool_part *part);

/* Assigns value i (0-based) of a new instance. 0 or an error of instance_make(). */
internal int values_assign(struct berth_manager *manager, const struct making *making,
                           struct instance *instance, uint8_t i);

/* Frees the slots among the first n values of the instance. */
internal void values_free_slots(struct berth_manager *manager, struct instance *instance,
                                uint8_t n);

/* The instance with this assigned value (0-based; indexed), given as in berth_request; or NULL. */
internal struct instance *values_find(struct berth_manager *manager, uint8_t resource,
                                      uint8_t assigned, const void *by, const uint32_t *at);

/* The instance enters the maps: its indexed values find it. `counts`: its counters go on. */
internal void values_link(struct berth_manager *manager, struct instance *instance, bool counts);

/* Undoes that for its counters, unless a later instance has a number already. */
internal void values_return_numbers(struct berth_manager *manager, struct instance *instance);

/*
 * Copies the out-values of a hook into the view, and lets the instance be found by them. The
 * instance must be in the maps. False: another instance has one of the values, and is found by it.
 * Needs no memory.
 */
internal bool values_accept(struct berth_manager *manager, struct instance *instance, uint8_t hook,
                            const void *out);

/*
 * For an instance that a store had, with all its values in the view. values_restore() takes its
 * slots: -EBUSY, if one is taken; -ERANGE, if it is outside its pool; -ENOMEM. Before it is linked,
 * values_mark_name() notes that value i, which a hook gave, is to name it. After that,
 * values_restore_names() has the noted values name it: false, if one is zero or names another
 * instance.
 */
internal int values_restore(struct berth_manager *manager, struct instance *instance);
internal void values_mark_name(const struct berth_manager *manager, struct instance *instance,
                               uint8_t i);
internal bool values_restore_names(struct berth_manager *manager, struct instance *instance);
/* Does value i, which a hook gives, name the instance? */
internal bool values_names(const struct berth_manager *manager, struct instance *instance,
                           uint8_t i);

/* The instance leaves the maps. */
internal void values_unlink(struct berth_manager *manager, struct instance *instance);

#endif
