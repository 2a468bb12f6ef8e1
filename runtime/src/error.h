#ifndef BERTH_SRC_ERROR_H
#define BERTH_SRC_ERROR_H

#include "linkage.h"
#include "operation.h"

/* Fills `error`, unless it is NULL, with what `operation` failed with; `name` is the operation that reports it. */
SHARED SELDOM void error_fill(berth_error *error, const char *name, const struct operation *operation);

/* Writes the key of an instance, keys from the root on: BERTH_ERROR_KEY_SIZE bytes. */
INTERNAL void error_instance_key(char *key, const struct berth_manager *manager, struct instance *instance);

#endif
