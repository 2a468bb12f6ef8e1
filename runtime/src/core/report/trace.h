/* Reports to berth_config.trace, with the lock held (but trace_refused_early()). */
#ifndef BERTH_SRC_TRACE_H
#define BERTH_SRC_TRACE_H

#include "../../base/linkage.h"
#include "../operation.h"

/* The end of a level's event. */
struct traced {
    uint16_t row; /* 0: none ran */
    berth_outcome outcome;
    int error;
    uint16_t next;
};

/* Reports a row that ended, or that was left out because the instance has another holder. */
internal cold void trace_row(const struct operation *operation, unsigned level, uint8_t event,
                             struct traced traced);

/* Reports that the hook of the operation's row is called next. */
internal cold void trace_call(const struct operation *operation);

/* The operation has failed with the error of `by`: reports that, unless a row has reported it. */
internal cold void trace_refusal(const struct operation *operation, const struct operation *by);

/* Reports the refusal of an operation without a block. Takes the lock. */
internal void trace_refused_early(berth_manager *manager, const berth_error *error,
                                  const unsigned char *reservation);

#endif
