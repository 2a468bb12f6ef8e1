/*
 * Reads the states, rows and cells of a resource. The tables have numbers of 8 bits, unless there
 * are too many states or rows. No other file knows that there are two widths.
 */
#ifndef BERTH_SRC_ROW_H
#define BERTH_SRC_ROW_H

#include <berth/table.h>

static inline bool row_state_is(const berth_resource *resource, uint16_t state, uint8_t mark)
{
    return (resource->marks[state] & mark) != 0;
}

/* The target of an outcome, as in berth_target. */
struct target {
    uint16_t state;
    uint8_t raise;
};

static inline berth_wide_cell row_cell(const berth_resource *resource, uint16_t state,
                                       uint8_t event)
{
    size_t cell = (size_t)state * (resource->n_events + 1u) + event;

    if (resource->wide)
        return resource->wide_cells[cell];
    return (berth_wide_cell){resource->cells[cell].row, resource->cells[cell].plain};
}

/* The action of a row: what comes before its target. */
struct action {
    berth_guard *guard; /* NULL: none */
    uint8_t hook;
    uint8_t reject;
    bool or_next;
};

static inline struct action row_action(const berth_resource *resource, uint16_t row)
{
    if (resource->wide) {
        const berth_wide_row *at = &resource->wide_rows[row];

        return (struct action){at->guard, at->hook, at->reject, at->or_next};
    } else {
        const berth_row *at = &resource->rows[row];

        return (struct action){at->guard, at->hook, at->reject, at->or_next};
    }
}

/* Reference to a row, and its action; row 0: a hole. It fits into a register. */
struct row_ref {
    uint16_t row;
    uint8_t hook;
    uint8_t reject;
};

/* The first row of a cell whose guard holds. `row`: the first row of the cell. */
static inline struct row_ref row_first(const berth_resource *resource, uint16_t row,
                                       const void *options, const void *view)
{
    while (row > 0) {
        struct action action = row_action(resource, row);

        if (action.guard == NULL || action.guard(options, view))
            return (struct row_ref){row, action.hook, action.reject};
        row = action.or_next ? (uint16_t)(row + 1) : 0;
    }
    return (struct row_ref){0, 0, 0};
}

static inline struct target row_target(const berth_resource *resource, uint16_t row,
                                       berth_outcome outcome)
{
    const bool first = outcome == BERTH_OK || outcome == BERTH_ANSWERED_YES;
    /* a row may lack the target `uncertain` or `no` */
    const bool third = outcome == BERTH_UNSURE || outcome == BERTH_ANSWERED_NO;

    if (resource->wide) {
        const berth_wide_row *at = &resource->wide_rows[row];
        const berth_wide_target to = first                              ? at->ok
                                     : third && at->uncertain.state > 0 ? at->uncertain
                                                                        : at->fail;

        return (struct target){to.state, to.raise};
    } else {
        const berth_row *at = &resource->rows[row];
        const berth_target to = first                              ? at->ok
                                : third && at->uncertain.state > 0 ? at->uncertain
                                                                   : at->fail;

        return (struct target){to.state, to.raise};
    }
}

#endif
