/* Plays a script: runs each step, and compares everything that came of it. */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "suite_internal.h"

/* Adds one difference to the report. */
static void compare(berth_suite_text *report, const char *what, const char *expected,
                    const char *came)
{
    if (expected == NULL)
        expected = "";
    if (came == NULL)
        came = "";
    if (strcmp(expected, came) != 0)
        suite_text_add(report, "\n  %-8s expected: %s\n           came:     %s", what, expected,
                       came);
}

static void compare_error(berth_suite *suite, const berth_suite_step *step, int rc,
                          const berth_error *error, berth_suite_text *report)
{
    static const char *const names[] = {"resource", "state", "event", "hook", "rule", "field"};
    const char *const came[] = {error->resource, error->state, error->event,
                                error->hook,     error->rule,  error->field};
    const bool discards =
        suite->type->operations[step->operation].run == NULL && error->code == 0 && rc == 0;
    unsigned i;

    compare(report, "result", berth_errno_name(step->error), berth_errno_name(rc));
    if (rc > 0)
        suite_text_add(report, "\n  the result is positive: %d", rc);
    if (rc != -step->error || discards)
        return;
    if (error->code != rc)
        suite_text_add(report, "\n  error.code is %d, not what was returned", error->code);
    if (rc != 0) {
        compare(report, "manager", suite->type->name, error->manager);
        compare(report, "operation", suite->type->operations[step->operation].name,
                error->operation);
    }
    for (i = 0; i < sizeof names / sizeof *names && !step->without_where; i++)
        compare(report, names[i], step->where[i], came[i]);
}

/*
 * The trace hears of each hook that starts, and of an operation that failed before its first call:
 * once.
 */
static void compare_traced(const berth_suite *suite, const berth_suite_step *step, int rc,
                           berth_suite_text *report)
{
    const bool refused = rc != 0 && suite->n_calls == 0;

    if (suite->traced[BERTH_TRACE_CALL] != suite->n_calls)
        suite_text_add(report, "\n  the trace was told of %u calls, and %u were made",
                       suite->traced[BERTH_TRACE_CALL], suite->n_calls);
    if (suite->type->operations[step->operation].start != NULL &&
        suite->traced[BERTH_TRACE_REFUSAL] != refused)
        suite_text_add(report, "\n  the trace was told of %u refusals, and there was %s",
                       suite->traced[BERTH_TRACE_REFUSAL], refused ? "one" : "none");
}

static void remember(berth_suite *suite, const unsigned char *reservation)
{
    uuid_t *larger = realloc(suite->reservations, (suite->n_reservations + 1) * sizeof *larger);

    if (larger == NULL)
        abort();
    suite->reservations = larger;
    uuid_copy(suite->reservations[suite->n_reservations++], reservation);
}

/* Where in a script we are. */
typedef struct position {
    berth_suite *suite;
    const berth_suite_script *script;
    unsigned number; /* of the step, from 1 */
    const berth_suite_step *step;
} position;

static void report_failure(const position *at, const char *report)
{
    suite_fail(at->suite, "step %u of %u: %s%s", at->number, (unsigned)at->script->n_steps,
               at->step->text, report);
}

/* Everything that came of one attempt at a step. */
typedef struct attempt {
    int rc;
    uuid_t gives;
    berth_error error;
    berth_suite_text returns;
    berth_suite_text state;
} attempt;

static void attempt_step(const position *at, attempt *got)
{
    berth_suite *suite = at->suite;
    uuid_t reservation;

    suite_reservation(suite, at->step->reservation, reservation);
    suite_backend_reset(suite, at->step->outcomes, at->step->n_outcomes);
    suite_text_clear(&got->returns);
    memset(got->gives, 0xff, sizeof got->gives);
    memset(&got->error, 0xff, sizeof got->error);
    got->rc = suite_invoke(suite, at->step, at->step->reservation != 0 ? reservation : NULL,
                           got->gives, &got->returns, &got->error);
}

static void narrate(const position *at, const attempt *got)
{
    const berth_suite *suite = at->suite;

    if (!suite->group->narrate)
        return;
    (void)printf(
        "  %u. %s: %s\n     returns %s\n     calls   %s\n     rows    %s\n     state   %s\n",
        at->number, at->step->text, berth_errno_name(got->rc), got->returns.data, suite->calls.data,
        suite->trace.data, got->state.data);
}

/* Compares a finished attempt with what the step expects. */
static void check_step(const position *at, attempt *got)
{
    berth_suite *suite = at->suite;
    const berth_suite_step *step = at->step;
    const bool gives = suite->type->operations[step->operation].gives;
    berth_suite_text report;

    suite_text_init(&report, suite);
    if (gives && got->rc == 0) {
        remember(suite, got->gives);
        suite_text_add(&got->returns, " reservation=r%u", (unsigned)suite->n_reservations);
    }
    suite_snapshot(suite, &got->state);
    narrate(at, got);
    compare_error(suite, step, got->rc, &got->error, &report);
    if (gives && got->rc != 0 && !uuid_is_null(got->gives))
        suite_text_add(&report, "\n  the reservation is not all-zero after a failure");
    compare(&report, "returns", step->returns, got->returns.data + (got->returns.length > 0));
    compare(&report, "calls", step->calls, suite->calls.data);
    if (suite->config.trace != NULL) {
        compare(&report, "rows", step->trace, suite->trace.data);
        compare_traced(suite, step, got->rc, &report);
    }
    compare(&report, "state", step->state, got->state.data);
    if (report.length > 0)
        report_failure(at, report.data);
    suite_text_free(&report);
    if (step->rejects != 0 && suite->covers)
        suite->group->taken[step->rejects] |= step->where[3] != NULL && *step->where[3] != '\0'
                                                  ? BERTH_SUITE_LEFT_OUT
                                                  : 1u << BERTH_REJECTED;
}

/*
 * Runs a step with its k-th allocation failing, for every k, and at last without: what fails must
 * leave everything as it was.
 */
static void step_without_memory(const position *at, attempt *got, berth_suite_text *before)
{
    berth_suite *suite = at->suite;
    size_t k;

    suite_snapshot(suite, before);
    for (k = 1;; k++) {
        suite_memory_fail_at(suite, k);
        attempt_step(at, got);
        if (!suite_memory_failed(suite) || got->rc != -ENOMEM)
            break;
        suite_memory_fail_at(suite, 0);
        suite_snapshot(suite, &got->state);
        if (suite->calls.length > 0 || suite->trace.length > 0)
            suite_fail(suite, "step %u: %s: without allocation %zu, hooks ran before ENOMEM: %s",
                       at->number, at->step->text, k, suite->calls.data);
        if (strcmp(before->data, got->state.data) != 0)
            suite_fail(suite, "step %u: %s: ENOMEM at allocation %zu changed\n  %s\n  to\n  %s",
                       at->number, at->step->text, k, before->data, got->state.data);
        if (got->error.code != -ENOMEM)
            suite_fail(suite, "step %u: %s: error.code is %d after ENOMEM", at->number,
                       at->step->text, got->error.code);
        if (suite->type->operations[at->step->operation].gives && !uuid_is_null(got->gives))
            suite_fail(suite, "step %u: %s: the reservation is not all-zero after ENOMEM",
                       at->number, at->step->text);
    }
    suite_memory_fail_at(suite, 0);
    check_step(at, got);
}

/* What must be true at the end of a script; the manager is destroyed afterwards. */
static void finish(const position *at, attempt *got)
{
    berth_suite *suite = at->suite;
    const berth_suite_script *script = at->script;
    berth_error error;
    int rc;

    if (script->drained == NULL) {
        suite_destroy(suite);
        return;
    }
    rc = suite->type->destroy(suite->manager, &error);
    if (rc != -script->destroy || error.code != rc)
        suite_fail(suite, "destroy after the last step: expected %s, came %s",
                   berth_errno_name(script->destroy), berth_errno_name(rc));
    if (rc == -EBUSY && error.resource == NULL && uuid_is_null(error.reservation))
        suite_fail(suite, "destroy after the last step: the error does not say what is in use");
    suite_backend_reset(suite, NULL, 0);
    rc = suite_drain(suite, &error);
    suite_snapshot(suite, &got->state);
    if (rc != -script->drain || strcmp(script->drained, got->state.data) != 0)
        suite_fail(suite, "drain after the last step: expected %s and\n  %s\n  came %s and\n  %s",
                   berth_errno_name(script->drain), script->drained, berth_errno_name(rc),
                   got->state.data);
    if (rc == 0 && strcmp(got->state.data, "-") == 0)
        suite_expect_nothing_held(suite);
    if (suite->type->discard(suite->manager) != 0)
        suite_fail(suite, "discard: expected 0");
    suite_destroy(suite);
}

void suite_script(suite_group *group, const berth_suite_script *script, suite_mode mode,
                  unsigned how)
{
    const bool failing_allocations = how & SCRIPT_WITHOUT_MEMORY;
    berth_suite *suite =
        suite_begin(group, script->name, &group->manager->environments[script->environment]);
    position at = {.suite = suite, .script = script};
    attempt got;
    berth_suite_text before;

    suite->covers = mode == SUITE_BLOCKING && how == 0;
    if (how & SCRIPT_UNTRACED)
        suite->config.trace = NULL;
    suite_mode_set(suite, mode);
    if (mode == SUITE_LATER)
        suite->deadline = berth_now() + SUITE_HOUR;
    suite->memory.guarded = failing_allocations;
    suite->no_blocks = suite->no_blocks || (failing_allocations && !suite->type->limited);
    suite_text_init(&got.returns, suite);
    suite_text_init(&got.state, suite);
    suite_text_init(&before, suite);
    suite_create(suite);
    if (group->narrate)
        (void)printf("%s%s (%s)\n", script->name, suite_mode_name(mode), suite->environment->name);
    for (at.number = 1; at.number <= script->n_steps; at.number++) {
        at.step = &group->manager->steps[script->steps[at.number - 1]];
        if (failing_allocations) {
            step_without_memory(&at, &got, &before);
        } else {
            attempt_step(&at, &got);
            check_step(&at, &got);
        }
    }
    finish(&at, &got);
    suite_text_free(&got.returns);
    suite_text_free(&got.state);
    suite_text_free(&before);
    suite_end(suite);
}

void suite_play(berth_suite *suite, const berth_suite_script *script, unsigned n_steps)
{
    position at = {.suite = suite, .script = script};
    attempt got;
    unsigned i;

    suite_text_init(&got.returns, suite);
    for (i = 0; i < n_steps; i++) {
        at.step = &suite->type->steps[script->steps[i]];
        attempt_step(&at, &got);
        if (got.rc == 0 && suite->type->operations[at.step->operation].gives)
            remember(suite, got.gives);
    }
    suite_text_free(&got.returns);
}
