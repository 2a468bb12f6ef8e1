/*
 * All fields of a resource at once, for what callers give (a config) and what is kept of it (a view). Most fields are numbers and texts without
 * rules of their own; those are dealt with here, where no call is needed for each, and the others in field.c.
 */
#ifndef BERTH_SRC_FIELDS_H
#define BERTH_SRC_FIELDS_H

#include "field.h"
#include "linkage.h"

/* The first field that is not valid, 1-based; 0: there is none. `only_key`: the others do not matter. */
OWN uint8_t fields_invalid(const berth_resource *resource, const void *config, bool only_key);

/* The key's fields. */
OWN void fields_hash(const berth_resource *resource, const void *config, struct hash *hash, const struct hash_seed *seed,
                     const berth_allocator *allocator);

/* The first of the key's fields (`key`), or of the others, that differs, 1-based; 0: they are equal. */
OWN uint8_t fields_difference(const berth_resource *resource, const void *view, const void *config, bool key, const struct hash_seed *seed,
                              const berth_allocator *allocator);

OWN void fields_measure(const berth_resource *resource, const void *config, struct storage_size *size);
OWN void fields_copy(const berth_resource *resource, void *view, const void *config, struct storage *storage);

#endif
