/* One call of an operation, in the way of the suite's mode. */
#define _POSIX_C_SOURCE 200809L
#include <stdlib.h>
#include <string.h>

#include "suite_internal.h"

/* The UUID that a step names; one that is not known yet counts as foreign. */
void suite_reservation(const berth_suite *suite, unsigned number, uuid_t out)
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

/* Copies of the configs that an operation is given */

typedef struct block {
    struct block *next;
    size_t size;
    void *memory;
} block;

struct berth_suite_loan {
    block *blocks;
    const void *const *given;
    const void *config[BERTH_SUITE_LEVELS]; /* the copies of what was given */
};

static void *lend(berth_suite_loan *loan, const void *memory, size_t size)
{
    block *copy = suite_allocate(sizeof *copy);

    *copy = (block){.next = loan->blocks, .size = size, .memory = suite_allocate(size)};
    loan->blocks = copy;
    return memcpy(copy->memory, memory, size);
}

const char *berth_suite_lend_text(berth_suite_loan *loan, const char *text)
{
    return text != NULL ? lend(loan, text, strlen(text) + 1) : NULL;
}

void berth_suite_lend_strings(berth_suite_loan *loan, berth_strings *strings)
{
    const char **items;
    uint32_t i;

    if (strings->items == NULL || strings->count == 0)
        return;
    items = lend(loan, strings->items, strings->count * sizeof *items);
    for (i = 0; i < strings->count; i++)
        items[i] = berth_suite_lend_text(loan, items[i]);
    strings->items = items;
}

static void lend_configs(const berth_suite *suite, const berth_suite_function *function,
                         berth_suite_call *call)
{
    berth_suite_loan *loan;
    unsigned i;

    if (function->path == NULL)
        return;
    loan = suite_allocate(sizeof *loan);
    *loan = (berth_suite_loan){.given = call->config};
    for (i = 0; function->path[i] != 0; i++) {
        const berth_suite_resource *type = &suite->type->resources[function->path[i]];
        void *config =
            call->config[i] != NULL ? lend(loan, call->config[i], type->config_size) : NULL;

        if (config != NULL && type->lend != NULL)
            type->lend(loan, config);
        loan->config[i] = config;
    }
    call->config = loan->config;
    call->loan = loan;
}

void suite_call_return(berth_suite_call *call)
{
    berth_suite_loan *loan = call->loan;

    if (loan == NULL)
        return;
    call->config = loan->given;
    call->loan = NULL;
    while (loan->blocks != NULL) {
        block *copy = loan->blocks;

        loan->blocks = copy->next;
        memset(copy->memory, SUITE_SCRIBBLE, copy->size);
        free(copy->memory);
        free(copy);
    }
    free(loan);
}

/* Gives the call room for its results, and copies of its configs. */
void suite_call_begin(const berth_suite *suite, const berth_suite_function *function,
                      berth_suite_call *call)
{
    lend_configs(suite, function, call);
    call->memory = suite_allocate(function->memory_size);
    memset(call->memory, UNTOUCHED, function->memory_size);
}

/* Tells the results of a call that is over. */
int suite_call_end(berth_suite *suite, const berth_suite_function *function, berth_suite_call *call,
                   int rc)
{
    suite_call_return(call);
    if (rc != 0)
        check_untouched(suite, function, call->memory);
    else if (function->tell != NULL)
        function->tell(call);
    free(call->memory);
    call->memory = NULL;
    return rc;
}

/* Forgets what the backend holds of instances that are tracked no more. */
static void forget_untracked(berth_suite *suite)
{
    berth_suite_text state;
    size_t i, n = 0;

    suite_text_init(&state, suite);
    suite_snapshot(suite, &state);
    suite_text_free(&state);
    for (i = 0; i < suite->n_held; i++) {
        if (suite_is_tracked(suite, suite->held[i].instance))
            suite->held[n++] = suite->held[i];
    }
    suite->n_held = n;
}

/* Runs one operation to its end, as the mode says. */
static int operate(berth_suite *suite, const berth_suite_function *function, berth_suite_call *call)
{
    suite_job *job;
    int rc;

    suite_call_begin(suite, function, call);
    if (suite->mode == SUITE_BLOCKING || function->start == NULL) {
        rc = suite_call_end(suite, function, call, function->run(call));
        if (function->start == NULL)
            forget_untracked(suite);
        return rc;
    }
    job = suite_job_start(suite, function, call);
    rc = suite_job_finish(job);
    return suite_call_end(suite, function, &job->call, rc);
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

suite_job *suite_step_start(berth_suite *suite, const berth_suite_step *step,
                            suite_arguments *arguments, int64_t deadline)
{
    const berth_suite_function *function = &suite->type->operations[step->operation];
    berth_suite_call call = suite_step_call(suite, step, arguments->by);

    suite_reservation(suite, step->reservation, arguments->reservation);
    call.reservation = step->reservation != 0 ? arguments->reservation : NULL;
    call.gives = arguments->gives;
    call.error = &arguments->error;
    call.deadline = deadline;
    suite_call_begin(suite, function, &call);
    return suite_job_start(suite, function, &call);
}

int suite_step_finish(suite_job *job)
{
    return suite_call_end(job->suite, job->function, &job->call, suite_job_finish(job));
}
