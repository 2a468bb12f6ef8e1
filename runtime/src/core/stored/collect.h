/* Collects what one operation has changed since its last commit, as rows. */
#ifndef BERTH_SRC_COLLECT_H
#define BERTH_SRC_COLLECT_H

#include "persist.h"

/* Fills the operation's batch; it stays empty if the store has everything. */
internal void collect_changes(struct operation *operation, enum keep_before before);

/* Rows of an instance and all below it, when it ends. */
internal void collect_end(struct batch *batch, struct berth_manager *manager,
                          struct instance *instance);

/* Rows that go when an instance and all below it are forgotten: for a discard. */
internal void collect_tree(struct batch *batch, struct berth_manager *manager,
                           struct instance *root);

#endif
