/* Brings a manager to what its store has. */
#ifndef BERTH_SRC_LOAD_H
#define BERTH_SRC_LOAD_H

#include "persist.h"

/*
 * Loads everything from the open store of a new manager, settles the intents, and locks the roots
 * that have to be recovered. Writes nothing. After an error the manager tracks a part, which is to
 * be forgotten. `reason`: what is wrong with the rows (-EBADMSG), or NULL.
 */
internal int load_all(struct berth_manager *manager, const char **reason);

#endif
