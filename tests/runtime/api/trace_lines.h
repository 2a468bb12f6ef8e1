/* The lines of a trace, for the tests of the trace. */
#ifndef BERTH_TEST_TRACE_LINES_H
#define BERTH_TEST_TRACE_LINES_H

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "support/clock.h"
#include "support/started.h"
#include "support/threads.h"

/* What the trace was told since it was last asked, a line each. */
static char lines[8192];
static uuid_t last_reservation; /* of the last line; nil: it has none */

/* What must be true whatever is told. */
static inline void check(const berth_transition *t)
{
    bool row = t->kind == BERTH_TRACE_ROW;

    assert_string_equal(t->manager, "depot");
    assert_non_null(t->key);
    assert_int_equal(t->outcome != 0, row);
    assert_int_equal(t->next != NULL, row);
    assert_int_equal(t->refusal != NULL, t->kind == BERTH_TRACE_REFUSAL);
    assert_int_equal(t->instance == NULL, t->kind == BERTH_TRACE_REFUSAL);
    if (t->kind != BERTH_TRACE_ROW)
        assert_int_equal(t->duration_ns, 0);
    if (t->refusal) {
        assert_int_equal(t->refusal->code, t->error);
        assert_ptr_equal(t->refusal->state, t->state);
        assert_true(t->error < 0);
        assert_int_equal(t->row, 0);
    }
    if (t->kind == BERTH_TRACE_CALL)
        assert_true(t->hook && t->row > 0 && t->error == 0);
}

static inline void record(void *ctx, const berth_transition *t)
{
    berth_transition plain = *t;
    size_t length = strlen(lines);

    (void)ctx;
    check(t);
    uuid_clear(last_reservation);
    if (t->reservation)
        memcpy(last_reservation, t->reservation, sizeof last_reservation);
    plain.reservation = NULL;
    plain.duration_ns = 0;
    (void)berth_transition_text(&plain, lines + length, sizeof lines - length - 1);
    strcat(lines, "\n");
}

static inline void assert_traced(const char *expected)
{
    assert_string_equal(lines, expected);
    lines[0] = '\0';
}

static inline void start(struct depot *depot, const depot_options *options)
{
    depot_start(depot, options, &(berth_config){.trace = record});
    lines[0] = '\0';
}

#endif
