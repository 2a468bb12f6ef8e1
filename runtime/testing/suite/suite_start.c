/* Started operations on one thread: starts them, and runs them to their end. */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "suite_internal.h"

/*
 * The call buffers of a started operation. They are freed when its `done` is called, so that a late
 * look at them is noticed.
 */
typedef struct suite_call_buffers {
    berth_error error;
    uuid_t gives;
    uuid_t reservation;
} suite_call_buffers;

const char *suite_mode_name(suite_mode mode)
{
    static const char *const names[] = {[SUITE_BLOCKING] = "",
                                        [SUITE_AT_ONCE] = ", started and answered at once",
                                        [SUITE_EARLY] = ", started and completed early",
                                        [SUITE_LATER] = ", started and completed later",
                                        [SUITE_LOOP] = ", started in a loop"};

    return names[mode];
}

static void wake(void *suite)
{
    ((berth_suite *)suite)->woken = true;
}

void suite_mode_set(berth_suite *suite, suite_mode mode)
{
    suite->mode = mode;
    suite->no_blocks = mode == SUITE_AT_ONCE && !suite->type->limited;
    if (mode != SUITE_BLOCKING) {
        /* a page of random bytes for each manager would be most of the time that a script takes */
        suite->config.uuid = suite_count_uuid;
        suite->config.uuid_ctx = suite;
    }
    if (mode == SUITE_LOOP) {
        suite->config.wake = wake;
        suite->config.wake_ctx = suite;
    }
}

static bool is_scribble(const unsigned char *memory, size_t size)
{
    size_t i;

    for (i = 0; i < size; i++) {
        if (memory[i] != SUITE_SCRIBBLE)
            return false;
    }
    return true;
}

static void wreck(void *memory, size_t size)
{
    memset(memory, SUITE_SCRIBBLE, size);
    free(memory);
}

static const char *name_of(const suite_job *job)
{
    return job->function != NULL ? job->function->name : "drain";
}

/* Frees the call buffers of an operation that is over. */
static void release_buffers(suite_job *job)
{
    berth_suite_call *call = &job->call;

    if (job->error != NULL)
        *job->error = job->buffers->error;
    if (job->gives != NULL)
        memcpy(job->gives, job->buffers->gives, sizeof job->buffers->gives);
    call->error = job->error;
    call->gives = job->gives;
    suite_call_return(call);
    wreck(job->buffers, sizeof *job->buffers);
    job->buffers = NULL;
    if (job->function != NULL) {
        void *results = suite_copy(call->memory, job->function->memory_size);

        wreck(call->memory, job->function->memory_size);
        call->memory = results;
    }
    if (call->op != NULL && job->n_done > 0 && is_scribble(call->op, job->suite->type->op_size))
        suite_fail(job->suite, "%s did not use the block that it was given", name_of(job));
    if (call->op != NULL && !job->keeps) {
        wreck(call->op, job->suite->type->op_size);
        call->op = NULL;
    }
}

static void done(void *arg, int code)
{
    suite_job *job = arg;
    berth_suite *suite = job->suite;

    if (++job->n_done != 1)
        suite_fail(suite, "`done` of one operation was called %u times", job->n_done);
    if (suite->mode == SUITE_LOOP && suite->inside == 0)
        suite_fail(suite, "`done` was called outside of start and poll");
    job->code = code;
    job->order = ++suite->n_over;
    release_buffers(job);
    if (suite->at_end != NULL)
        suite->at_end(job);
}

static int start(suite_job *job)
{
    berth_suite *suite = job->suite;
    int rc;

    suite->inside++;
    rc = job->function != NULL ? job->function->start(&job->call)
                               : suite->type->drain_start(&job->call);
    suite->inside--;
    return rc;
}

suite_job *suite_job_start(berth_suite *suite, const berth_suite_function *function,
                           const berth_suite_call *call)
{
    suite_job *job = suite_allocate(sizeof *job);

    *job = (suite_job){.next = suite->jobs,
                       .suite = suite,
                       .function = function,
                       .call = *call,
                       .error = call->error,
                       .gives = call->gives};
    suite->jobs = job;
    job->keeps = suite->keeps;
    job->buffers = suite_allocate(sizeof *job->buffers);
    memset(job->buffers, SUITE_SCRIBBLE, sizeof *job->buffers);
    if (call->error != NULL)
        job->call.error = &job->buffers->error;
    if (call->gives != NULL)
        job->call.gives = memcpy(job->buffers->gives, call->gives, sizeof job->buffers->gives);
    if (call->reservation != NULL)
        job->call.reservation =
            memcpy(job->buffers->reservation, call->reservation, sizeof job->buffers->reservation);
    if (!suite->no_blocks) {
        job->call.op = suite_allocate(suite->type->op_size);
        memset(job->call.op, SUITE_SCRIBBLE, suite->type->op_size);
    }
    job->call.done = suite->no_done ? NULL : done;
    job->call.arg = job;
    job->refused = start(job);
    if (job->refused != 0 && job->n_done > 0)
        suite_fail(suite, "%s: its start returned %s, and called `done`", name_of(job),
                   berth_errno_name(job->refused));
    if (job->refused != 0)
        release_buffers(job);
    return job;
}

int64_t suite_poll(berth_suite *suite)
{
    int64_t next = 0;
    int rc;

    suite->woken = false;
    suite->inside++;
    rc = suite->type->poll(suite->manager, &next);
    suite->inside--;
    if (rc != 0)
        suite_fail(suite, "poll: expected 0, came %s", berth_errno_name(rc));
    return next;
}

bool suite_run_next(berth_suite *suite)
{
    if (suite->woken)
        (void)suite_poll(suite);
    else if (suite->pending != NULL)
        suite_complete(suite, suite->pending);
    else
        return false;
    return true;
}

/* Refused by a policy, though nothing is missing and no value is wrong. */
static bool is_denied(const suite_job *job)
{
    const berth_suite_call *call = &job->call;
    const bool asks = call->manager != NULL && call->done != NULL && call->config != NULL &&
                      call->config[0] != NULL;

    return asks && job->refused == -EINVAL && job->error->resource == NULL;
}

/*
 * Did the error come the way that it should: what is wrong with the arguments from the start, all
 * else from `done`?
 */
static void check_way(const suite_job *job)
{
    const berth_error *error = job->error;
    const int code = job->code;

    if (job->refused != 0 && job->refused != -EINVAL && job->refused != -ENOBUFS &&
        job->refused != -ENOMEM && job->refused != -EDEADLK)
        suite_fail(job->suite, "%s: %s came from its start, not from `done`", name_of(job),
                   berth_errno_name(job->refused));
    if (is_denied(job))
        suite_fail(job->suite, "%s: what a policy refuses came from its start, not from `done`",
                   name_of(job));
    if (job->refused == 0 &&
        (code == -ENOBUFS || (code == -EINVAL && error != NULL && error->field != NULL)))
        suite_fail(job->suite, "%s: %s came from `done`, not from its start", name_of(job),
                   berth_errno_name(code));
}

int suite_job_finish(suite_job *job)
{
    berth_suite *suite = job->suite;

    while (job->refused == 0 && job->n_done == 0) {
        if (!suite_run_next(suite))
            suite_fail(suite, "%s: it is not over, and no hook is pending", name_of(job));
    }
    check_way(job);
    if (suite->stale.id != 0)
        suite_expect_completed(suite, "completing a call that its hook has answered",
                               berth_complete(suite->stale, 0, NULL, 0), -ENOENT);
    suite->stale = (berth_token){0};
    return job->refused != 0 ? job->refused : job->code;
}

void suite_jobs_free(berth_suite *suite)
{
    while (suite->jobs != NULL) {
        suite_job *job = suite->jobs;

        if (job->n_done != (job->refused == 0 ? 1 : 0))
            suite_fail(suite, "%s: `done` was called %u times", name_of(job), job->n_done);
        suite->jobs = job->next;
        free(job->call.op);
        free(job);
    }
    if (suite->pending != NULL)
        suite_fail(suite, "%s is pending, though all operations are over",
                   suite->type->hooks[suite->pending->hook].name);
}
