/* One step of a script: run it and compare everything that came of it. */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "suite_internal.h"

void suite_fail(berth_suite *suite, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    (void)fprintf(stderr, "%s %s%s: ", suite->type->name, suite->name,
                  suite_mode_name(suite->mode));
    (void)vfprintf(stderr, format, arguments);
    (void)fputc('\n', stderr);
    va_end(arguments);
    if (suite->group->stop) {
        (void)fflush(NULL);
        _exit(EXIT_FAILURE);
    }
    fail();
    abort();
}

berth_suite *suite_begin(suite_group *group, const char *name,
                         const berth_suite_environment *environment)
{
    berth_suite *suite = suite_allocate(sizeof *suite);
    unsigned i;

    suite->group = group;
    suite->type = group->manager;
    suite->environment = environment;
    suite->name = name;
    suite_memory_init(suite);
    if (pthread_mutex_init(&suite->lock, NULL) != 0)
        abort();
    suite->config =
        (berth_config){.allocator = &suite->allocator, .trace = suite_trace, .trace_ctx = suite};
#ifdef BERTH_NO_LIBUUID
    suite->config.uuid = suite_count_uuid;
    suite->config.uuid_ctx = suite;
#endif
    suite_text_init(&suite->calls, suite);
    suite_text_init(&suite->trace, suite);
    suite->sections = suite_allocate((suite->type->n_resources + 1u) * sizeof *suite->sections);
    for (i = 0; i <= suite->type->n_resources; i++)
        suite_text_init(&suite->sections[i], suite);
    return suite;
}

void suite_create(berth_suite *suite)
{
    const int rc =
        suite->type->create(suite, suite->environment, 0, 0, &suite->config, &suite->manager, NULL);

    if (rc != 0)
        suite_fail(suite, "create: expected 0, came %s", berth_errno_name(rc));
}

void suite_end(berth_suite *suite)
{
    unsigned i;

    suite_jobs_free(suite);
    if (suite->memory.blocks != 0)
        suite_fail(suite, "%zu blocks of memory were not released", suite->memory.blocks);
    if (suite->memory.wrong_size)
        suite_fail(suite, "a block of memory was released with another size than it was asked for");
    if (suite->memory.overrun)
        suite_fail(suite, "something was written behind a block of memory");
    for (i = 0; i <= suite->type->n_resources; i++)
        suite_text_free(&suite->sections[i]);
    suite_text_free(&suite->calls);
    suite_text_free(&suite->trace);
    for (i = 0; i < sizeof suite->news / sizeof suite->news[0]; i++)
        free(suite->news[i]);
    free(suite->sections);
    free(suite->held);
    free(suite->items);
    free(suite->reservations);
    free(suite->uuids);
    (void)pthread_mutex_destroy(&suite->lock);
    (void)pthread_mutex_destroy(&suite->memory.lock);
    free(suite);
}

static void destroyed(berth_suite *suite)
{
    const int rc = suite->type->destroy(suite->manager, NULL);

    if (rc != 0)
        suite_fail(suite, "destroy: expected 0, came %s", berth_errno_name(rc));
}

static void nothing_held(berth_suite *suite)
{
    if (suite->n_held > 0)
        suite_fail(suite, "the backend still holds what %s did",
                   suite->type->hooks[suite->held[0].hook].name);
}

void suite_close(berth_suite *suite)
{
    berth_error error;
    int rc;

    suite->mode = SUITE_BLOCKING;
    suite->outcomes = NULL;
    suite->fail_call = 0;
    suite->fail_hook = 0;
    rc = suite->type->drain(suite->manager, &error);
    if (rc != 0)
        suite_fail(suite, "drain: expected 0, came %s", berth_errno_name(rc));
    nothing_held(suite);
    if (suite->type->destroy(suite->manager, NULL) != 0)
        suite_fail(suite, "destroy after drain: expected 0");
    suite_end(suite);
}

/* The UUID that a step names; one that is not known yet counts as foreign. */
static void reservation_of(const berth_suite *suite, unsigned number, uuid_t out)
{
    if (number == BERTH_SUITE_NIL || number == 0)
        uuid_clear(out);
    else if (number > suite->n_reservations)
        suite_foreign_uuid(out);
    else
        uuid_copy(out, suite->reservations[number - 1]);
}

/* The results of an operation that failed must be as they were before it. */
#define UNTOUCHED 0xa5

static void check_untouched(berth_suite *suite, const berth_suite_function *function,
                            const unsigned char *results)
{
    size_t i;

    for (i = 0; i < function->results_size; i++) {
        if (results[i] != UNTOUCHED)
            suite_fail(suite, "%s: results were written though it failed", function->name);
    }
}

/* Gives the call room for its results, and copies of its configs. */
static void begin_call(const berth_suite *suite, const berth_suite_function *function,
                       berth_suite_call *call)
{
    suite_loan_begin(suite, function, call);
    call->memory = suite_allocate(function->memory_size);
    memset(call->memory, UNTOUCHED, function->memory_size);
}

/* Tells the results of a call that is over. */
static int end_call(berth_suite *suite, const berth_suite_function *function,
                    berth_suite_call *call, int rc)
{
    suite_loan_end(call);
    if (rc != 0)
        check_untouched(suite, function, call->memory);
    else if (function->tell != NULL)
        function->tell(call);
    free(call->memory);
    call->memory = NULL;
    return rc;
}

/* Runs one operation to its end, as the mode says. */
static int operate(berth_suite *suite, const berth_suite_function *function, berth_suite_call *call)
{
    suite_job *job;
    int rc;

    begin_call(suite, function, call);
    if (suite->mode == SUITE_BLOCKING)
        return end_call(suite, function, call, function->run(call));
    job = suite_job_start(suite, function, call);
    rc = suite_job_finish(job);
    return end_call(suite, function, &job->call, rc);
}

static int64_t deadline_of(const berth_suite *suite)
{
    return suite->deadline != 0 ? suite->deadline : BERTH_NO_DEADLINE;
}

int suite_drain(berth_suite *suite, berth_error *error)
{
    const berth_suite_call call = {
        .manager = suite->manager, .deadline = deadline_of(suite), .error = error};

    if (suite->mode == SUITE_BLOCKING)
        return suite->type->drain(suite->manager, error);
    return suite_job_finish(suite_job_start(suite, NULL, &call));
}

berth_suite_call suite_step_call(const berth_suite *suite, const berth_suite_step *step, uuid_t by)
{
    uuid_clear(by);
    if (step->by_uuid >= BERTH_SUITE_GIVEN && step->by_uuid != BERTH_SUITE_NIL)
        suite_given_uuid(step->by_uuid, by);
    else if (step->by_uuid > 0 && step->by_uuid <= suite->n_uuids)
        uuid_copy(by, suite->uuids[step->by_uuid - 1]);
    return (berth_suite_call){
        .manager = suite->manager,
        .config = step->config,
        .by_text = step->by_text,
        .by_number = step->by_number,
        .by_uuid = by,
        .at = step->at,
        .shrink = step->shrink,
        .deadline = deadline_of(suite),
    };
}

int suite_invoke(berth_suite *suite, const berth_suite_step *step, const unsigned char *reservation,
                 uuid_t gives, berth_suite_text *returns, berth_error *error)
{
    const berth_suite_function *function = &suite->type->operations[step->operation];
    uuid_t by;
    berth_suite_call call = suite_step_call(suite, step, by);

    call.reservation = reservation;
    call.gives = gives;
    call.error = error;
    call.returns = returns;
    if (function->run != NULL)
        return operate(suite, function, &call);
    if (strcmp(function->name, "drain") == 0)
        return suite_drain(suite, error);
    memset(error, 0, sizeof *error);
    suite->n_held = 0;
    return suite->type->discard(suite->manager);
}

suite_job *suite_step_start(berth_suite *suite, const berth_suite_step *step, suite_asked *asked,
                            int64_t deadline)
{
    const berth_suite_function *function = &suite->type->operations[step->operation];
    berth_suite_call call = suite_step_call(suite, step, asked->by);

    reservation_of(suite, step->reservation, asked->reservation);
    call.reservation = step->reservation != 0 ? asked->reservation : NULL;
    call.gives = asked->gives;
    call.error = &asked->error;
    call.deadline = deadline;
    begin_call(suite, function, &call);
    return suite_job_start(suite, function, &call);
}

int suite_step_finish(suite_job *job)
{
    return end_call(job->suite, job->function, &job->call, suite_job_finish(job));
}

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
static void compare_told(const berth_suite *suite, const berth_suite_step *step, int rc,
                         berth_suite_text *report)
{
    const bool refused = rc != 0 && suite->n_calls == 0;

    if (suite->told[BERTH_TRACE_CALL] != suite->n_calls)
        suite_text_add(report, "\n  the trace was told of %u calls, and %u were made",
                       suite->told[BERTH_TRACE_CALL], suite->n_calls);
    if (suite->type->operations[step->operation].run != NULL &&
        suite->told[BERTH_TRACE_REFUSAL] != refused)
        suite_text_add(report, "\n  the trace was told of %u refusals, and there was %s",
                       suite->told[BERTH_TRACE_REFUSAL], refused ? "one" : "none");
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
typedef struct place {
    berth_suite *suite;
    const berth_suite_script *script;
    unsigned number; /* of the step, from 1 */
    const berth_suite_step *step;
} place;

static void report_failure(const place *at, const char *report)
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

static void attempt_step(const place *at, attempt *got)
{
    berth_suite *suite = at->suite;
    uuid_t reservation;

    reservation_of(suite, at->step->reservation, reservation);
    suite_backend_reset(suite, at->step->outcomes, at->step->n_outcomes);
    suite_text_clear(&got->returns);
    memset(got->gives, 0xff, sizeof got->gives);
    memset(&got->error, 0xff, sizeof got->error);
    got->rc = suite_invoke(suite, at->step, at->step->reservation != 0 ? reservation : NULL,
                           got->gives, &got->returns, &got->error);
}

static void narrate(const place *at, const attempt *got)
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
static void check_step(const place *at, attempt *got)
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
        compare_told(suite, step, got->rc, &report);
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
static void step_without_memory(const place *at, attempt *got, berth_suite_text *before)
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
static void finish(const place *at, attempt *got)
{
    berth_suite *suite = at->suite;
    const berth_suite_script *script = at->script;
    berth_error error;
    int rc;

    if (script->drained == NULL) {
        destroyed(suite);
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
        nothing_held(suite);
    if (suite->type->discard(suite->manager) != 0)
        suite_fail(suite, "discard: expected 0");
    destroyed(suite);
}

void suite_script(suite_group *group, const berth_suite_script *script, suite_mode mode,
                  unsigned how)
{
    const bool failing_allocations = how & SCRIPT_WITHOUT_MEMORY;
    berth_suite *suite =
        suite_begin(group, script->name, &group->manager->environments[script->environment]);
    place at = {.suite = suite, .script = script};
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
    place at = {.suite = suite, .script = script};
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

bool suite_keyed(const berth_suite *suite, suite_configs *out, const void *const *config,
                 const uint8_t *path, uint8_t level, unsigned n)
{
    const berth_suite_resource *type = &suite->type->resources[path[level]];

    memcpy(out->config, config, sizeof out->config);
    if (n == 0)
        return true;
    if (type->set_key == NULL)
        return false;
    if (type->config_size > sizeof out->storage)
        abort();
    memcpy(out->storage, config[level], type->config_size);
    type->set_key(out->storage, n, out->text, sizeof out->text);
    out->config[level] = out->storage;
    return true;
}

static berth_suite_call phase_call(const berth_suite *suite, const berth_suite_phase *phase,
                                   suite_caller *caller, const void *const *config,
                                   int64_t deadline)
{
    return (berth_suite_call){
        .manager = suite->manager,
        .config = config,
        .reservation = phase->reserved ? caller->reservation : NULL,
        .gives = caller->reservation,
        .by_text = phase->kept ? caller->kept_text : NULL,
        .by_number = caller->kept_number,
        .by_uuid = caller->kept_uuid,
        .deadline = deadline,
        .error = &caller->error,
    };
}

static void keep(const berth_suite_phase *phase, suite_caller *caller, const berth_suite_call *call)
{
    if (phase->kept || phase->reserved)
        return;
    memcpy(caller->kept_text, call->kept_text, sizeof caller->kept_text);
    caller->kept_number = call->kept_number;
    uuid_copy(caller->kept_uuid, call->kept_uuid);
}

int suite_phase(berth_suite *suite, const berth_suite_phase *phase, suite_caller *caller,
                const void *const *config, int64_t deadline)
{
    const berth_suite_function *function = &suite->type->operations[phase->operation];
    berth_suite_call call = phase_call(suite, phase, caller, config, deadline);
    int rc;

    begin_call(suite, function, &call);
    rc = end_call(suite, function, &call, function->run(&call));
    if (rc == 0)
        keep(phase, caller, &call);
    return rc;
}

suite_job *suite_phase_start(berth_suite *suite, const berth_suite_phase *phase,
                             suite_caller *caller, const void *const *config, int64_t deadline)
{
    const berth_suite_function *function = &suite->type->operations[phase->operation];
    berth_suite_call call = phase_call(suite, phase, caller, config, deadline);

    begin_call(suite, function, &call);
    return suite_job_start(suite, function, &call);
}

int suite_phase_finish(const berth_suite_phase *phase, suite_caller *caller, suite_job *job)
{
    const int rc = suite_job_finish(job);

    (void)end_call(job->suite, job->function, &job->call, rc);
    if (rc == 0)
        keep(phase, caller, &job->call);
    return rc;
}

const berth_suite_phase *suite_calling_phase(const berth_suite_manager *type, unsigned *number)
{
    unsigned h;

    for (*number = 0; *number < type->n_phases; ++*number) {
        for (h = 1; h <= type->n_hooks; h++) {
            if (type->phases[*number].alone[h] > 0)
                return &type->phases[*number];
        }
    }
    return NULL;
}
