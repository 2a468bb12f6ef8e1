/*
 * The order of an operation. All of these take the operation's type, operation->type: where that is a constant, no more is left of them than it
 * needs. NULL: drain.
 */
#ifndef BERTH_SRC_ADVANCE_H
#define BERTH_SRC_ADVANCE_H

#include "linkage.h"
#include "operation.h"

/* As operation_advance(). */
OWN enum progress operation_advance_as(struct operation *operation, const berth_operation *type, bool may_call);

/* As operation_finish(). */
OWN enum progress operation_finish_as(struct operation *operation, const berth_operation *type);

#endif
