/* Brings a manager to what its store has. */
#ifndef BERTH_SRC_LOAD_H
#define BERTH_SRC_LOAD_H

#include "persist.h"

/*
 * Loads everything from the open store of a new manager, settles the intents, and locks the roots
 * that have to be recovered. Writes nothing. After an error the manager tracks a part, which is to
 * be forgotten. `error` says what is wrong with which row (-EBADMSG).
 */
internal int load_all(struct berth_manager *manager, berth_error *error);

/*
 * The same with rows of another version of the spec, while the store is being opened. The error for
 * rows that this version cannot take is -EINVAL. After 0 load_change() says what the rows become.
 * load_end() is called once, in any case.
 */
struct load;
internal int load_stored(struct berth_manager *manager, const berth_store_manager *stored,
                         struct load **load, berth_error *error);
internal int load_change(struct load *load, uint16_t table, const berth_store_value *values,
                         berth_store_change *row);
internal void load_end(struct load *load);

#endif
