/*
 * Telling berth_config.trace what happens; nothing happens in a manager without a trace. All of
 * these but trace_refused_early() with the lock held.
 */
#ifndef BERTH_SRC_TRACE_H
#define BERTH_SRC_TRACE_H

#include "../base/linkage.h"
#include "operation.h"

/* How an event of a level ended. */
struct traced {
    uint16_t row; /* 0: none ran */
    berth_outcome outcome;
    int error;
    uint16_t next;
};

/* A row ended, or was left out because somebody else holds the instance. */
internal cold void trace_row(const struct operation *operation, unsigned level, uint8_t event,
                             struct traced traced);

/* The hook of the operation's row is called next. */
internal cold void trace_call(const struct operation *operation);

/*
 * The operation has failed with what `by` failed with: fills in its caller's error, and tells the
 * trace.
 */
internal cold void trace_error(const struct operation *operation, const struct operation *by);

/* Tells the trace alone. Not told where a row has told it. */
internal void trace_refusal(const struct operation *operation, const struct operation *by);

/* An operation was refused that has no block. Takes the lock. */
internal void trace_refused_early(berth_manager *manager, const berth_error *error,
                                  const unsigned char *reservation);

#endif
