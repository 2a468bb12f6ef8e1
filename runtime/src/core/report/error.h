#ifndef BERTH_SRC_ERROR_H
#define BERTH_SRC_ERROR_H

#include "../../base/linkage.h"
#include "../../base/data/text.h"
#include "../operation.h"

/* Fills `error` (unless NULL) with the failure of `operation`, reported by operation `name`. */
internal void error_fill(berth_error *error, const char *name, const struct operation *operation);

/* Parts of berth_error_text(): "scsi_reserve: "; `disk "/a" attached on attach: `; the rest. */
internal void error_write_operation(const berth_error *error, struct text *text);
internal void error_write_place(const berth_error *error, const char *key, struct text *text);
internal void error_write(const berth_error *error, struct text *text);

/* Writes the keys of an instance's path, root first, into BERTH_ERROR_KEY_SIZE bytes. */
internal void error_instance_key(char *key, const struct berth_manager *manager,
                                 struct instance *instance);

/* Writes them into a text. False: no instance of the path has a key. */
internal bool error_write_key(struct text *text, const struct berth_manager *manager,
                              struct instance *instance);

#endif
