/* Forgets what is tracked, and calls nothing: for discard and destroy. */
#ifndef BERTH_SRC_FORGET_H
#define BERTH_SRC_FORGET_H

#include "../base/linkage.h"
#include "../core/operation.h"

/*
 * Ends a tree. Running operations keep the memory that they need. `all`: all roots are forgotten,
 * so drains do not go on.
 */
internal void forget_root(struct berth_manager *manager, struct root *root, bool all,
                          struct sleepers *woken);

/* Everything. */
internal void forget_all(struct berth_manager *manager, struct sleepers *woken);

#endif
