/* Named references: anonymous references of managers whose spec has `store`. */
#ifndef BERTH_SRC_OWNER_H
#define BERTH_SRC_OWNER_H

#include "../../base/linkage.h"
#include "stored.h"

/* Is it the name of an owner? */
internal bool owner_is_valid(const char *owner);

/* A reference that belongs to no instance yet. NULL: there is no memory. */
internal struct reference *owner_make_reference(struct berth_manager *manager, const char *owner);
internal void owner_free_reference(struct berth_manager *manager, struct reference *reference);

/* The owner's reference to the instance, or NULL. */
internal struct reference *owner_find_reference(const struct berth_manager *manager,
                                                const struct instance *instance, const char *owner);

/* Adds one; takes one out. They do not count. */
internal void owner_add_reference(struct berth_manager *manager, struct instance *instance,
                                  struct reference *reference);
internal void owner_remove_reference(struct berth_manager *manager, struct reference *reference);
/* Puts those of an instance in the order of the owners' bytes. */
internal void owner_sort_references(struct berth_manager *manager, struct instance *instance);
internal void owner_clear_references(struct berth_manager *manager, struct instance *instance);

#endif
