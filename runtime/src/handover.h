/* What those who waited for a root get when it is let go. */
#ifndef BERTH_SRC_HANDOVER_H
#define BERTH_SRC_HANDOVER_H

#include "linkage.h"
#include "operation.h"

/* `by` has just let go of `root`, which nobody owns now and somebody waits for; see queue_release(). */
SHARED void handover(struct operation *by, struct root *root);

#endif
