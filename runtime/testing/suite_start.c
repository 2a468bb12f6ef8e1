/*
 * Started operations on one thread: starts them, answers their hooks in each of the ways that there
 * are, and sees them to their end.
 */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "suite_internal.h"

#define SCRIBBLE 0x5a /* over what nobody may look at any more */

/*
 * What a started operation is lent until its `done` is called; freed then, so that a late look at
 * it is noticed.
 */
typedef struct suite_lent {
    berth_error error;
    uuid_t gives;
    uuid_t reservation;
} suite_lent;

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
        suite->config.uuid = suite_count_uuid; /* a page of random bytes for each manager would be
                                                  most of the time that a script takes */
        suite->config.uuid_ctx = suite;
    }
    if (mode == SUITE_LOOP) {
        suite->config.wake = wake;
        suite->config.wake_ctx = suite;
    }
}

static void *copy_of(const void *memory, size_t size)
{
    void *copy = suite_allocate(size);

    if (size > 0)
        memcpy(copy, memory, size);
    return copy;
}

static bool is_scribble(const unsigned char *memory, size_t size)
{
    size_t i;

    for (i = 0; i < size; i++) {
        if (memory[i] != SCRIBBLE)
            return false;
    }
    return true;
}

static void wreck(void *memory, size_t size)
{
    memset(memory, SCRIBBLE, size);
    free(memory);
}

/* Hooks */

static void expect_complete(berth_suite *suite, const char *what, int rc, int expected)
{
    if (rc != expected)
        suite_fail(suite, "%s: expected %s, came %s", what, berth_errno_name(expected),
                   berth_errno_name(rc));
}

static berth_token token_of(berth_suite *suite, berth_call *call, uint8_t hook)
{
    const berth_token token = berth_call_token(call);

    if (token.id == 0 || berth_call_token(call).id != token.id)
        suite_fail(suite, "%s: a call has one token, whose id is not 0",
                   suite->type->hooks[hook].name);
    if (strcmp(berth_call_hook(call), suite->type->hooks[hook].name) != 0)
        suite_fail(suite, "%s: its call names %s", suite->type->hooks[hook].name,
                   berth_call_hook(call));
    return token;
}

/*
 * The hook answers by itself. Somebody has completed the call before, or tries to when it is over:
 * neither may count.
 */
static int answer_at_once(berth_suite *suite, berth_call *call, uint8_t hook, int answer,
                          uint32_t out_size)
{
    const berth_token token = token_of(suite, call, hook);
    const int good = suite->type->hooks[hook].asks != NULL ? BERTH_YES : 0;
    unsigned char wrong[256] = {0};

    if (suite->total % 2 == 0) {
        suite->stale = token;
        return answer;
    }
    expect_complete(
        suite, "completing a call whose hook then answers",
        berth_complete(token, answer < 0 ? good : -EPERM, out_size > 0 ? wrong : NULL, out_size),
        0);
    expect_complete(suite, "completing it again", berth_complete(token, 0, NULL, 0), -ENOENT);
    return answer;
}

static void scribble(void *out, uint32_t out_size)
{
    if (out_size > 0)
        memset(out, SCRIBBLE, out_size);
}

static int answer_early(berth_suite *suite, berth_call *call, uint8_t hook, int answer, void *out,
                        uint32_t out_size)
{
    const berth_token token = token_of(suite, call, hook);

    expect_complete(suite, "completing a call before its hook returns",
                    berth_complete(token, answer, out, out_size), 0);
    expect_complete(suite, "completing it again", berth_complete(token, answer, out, out_size),
                    -ENOENT);
    scribble(out, out_size); /* what was given with the completion counts */
    return BERTH_PENDING;
}

static int answer_later(berth_suite *suite, berth_call *call, uint8_t hook, int answer, void *out,
                        uint32_t out_size)
{
    suite_pending *pending = suite_allocate(sizeof *pending);
    suite_pending **at = &suite->pending;

    if (suite->deadline != 0 && berth_call_deadline(call) != suite->deadline)
        suite_fail(suite, "%s is told another deadline than the caller gave",
                   suite->type->hooks[hook].name);
    *pending = (suite_pending){.call = call,
                               .token = token_of(suite, call, hook),
                               .hook = hook,
                               .answer = answer,
                               .out_size = out_size};
    if (suite->mode == SUITE_LATER && out_size > 0) {
        pending->out = copy_of(out, out_size);
        scribble(out, out_size);
    }
    while (*at != NULL)
        at = &(*at)->next;
    *at = pending;
    return BERTH_PENDING;
}

int suite_answer(berth_suite *suite, berth_call *call, uint8_t hook, int answer, void *out,
                 uint32_t out_size)
{
    if (suite->mode == SUITE_BLOCKING)
        return answer;
    if (suite->mode == SUITE_LOOP && suite->inside == 0)
        suite_fail(suite, "%s was called outside of start and poll", suite->type->hooks[hook].name);
    switch (suite->mode) {
    case SUITE_AT_ONCE:
        return answer_at_once(suite, call, hook, answer, out_size);
    case SUITE_EARLY:
        return answer_early(suite, call, hook, answer, out, out_size);
    default:
        return answer_later(suite, call, hook, answer, out, out_size);
    }
}

static void take_out(berth_suite *suite, const suite_pending *pending)
{
    suite_pending **at = &suite->pending;

    while (*at != pending)
        at = &(*at)->next;
    *at = pending->next;
}

void suite_complete(berth_suite *suite, suite_pending *pending)
{
    const suite_pending call = *pending;
    const uint32_t given = call.out != NULL ? call.out_size : 0;
    unsigned char wrong[257] = {0};
    const unsigned over = suite->n_over;

    take_out(suite, pending);
    free(pending);
    expect_complete(suite, "completing a call as pending",
                    berth_complete(call.token, BERTH_PENDING, call.out, given), -EINVAL);
    expect_complete(suite, "completing a call with out-values of another size",
                    berth_complete(call.token, call.answer, wrong, call.out_size + 1), -EINVAL);
    if (suite->n_over != over)
        suite_fail(suite, "a completion that was refused ended the operation");
    expect_complete(suite, "completing a pending call",
                    berth_complete(call.token, call.answer, call.out, given), 0);
    expect_complete(suite, "completing it again",
                    berth_complete(call.token, call.answer, call.out, given), -ENOENT);
    free(call.out);
}

/* Operations */

static const char *name_of(const suite_job *job)
{
    return job->function != NULL ? job->function->name : "drain";
}

/* Nothing that was lent is the operation's any more. */
static void take_back(suite_job *job)
{
    berth_suite_call *call = &job->call;

    if (job->error != NULL)
        *job->error = job->lent->error;
    if (job->gives != NULL)
        memcpy(job->gives, job->lent->gives, sizeof job->lent->gives);
    call->error = job->error;
    call->gives = job->gives;
    suite_loan_end(call);
    wreck(job->lent, sizeof *job->lent);
    job->lent = NULL;
    if (job->function != NULL) {
        void *results = copy_of(call->memory, job->function->memory_size);

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
    take_back(job);
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
    job->lent = suite_allocate(sizeof *job->lent);
    memset(job->lent, SCRIBBLE, sizeof *job->lent);
    if (call->error != NULL)
        job->call.error = &job->lent->error;
    if (call->gives != NULL)
        job->call.gives = memcpy(job->lent->gives, call->gives, sizeof job->lent->gives);
    if (call->reservation != NULL)
        job->call.reservation =
            memcpy(job->lent->reservation, call->reservation, sizeof job->lent->reservation);
    if (!suite->no_blocks) {
        job->call.op = suite_allocate(suite->type->op_size);
        memset(job->call.op, SCRIBBLE, suite->type->op_size);
    }
    job->call.done = suite->no_done ? NULL : done;
    job->call.arg = job;
    job->refused = start(job);
    if (job->refused != 0 && job->n_done > 0)
        suite_fail(suite, "%s: its start returned %s, and called `done`", name_of(job),
                   berth_errno_name(job->refused));
    if (job->refused != 0)
        take_back(job);
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

bool suite_go_on(berth_suite *suite)
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
        if (!suite_go_on(suite))
            suite_fail(suite, "%s: it is not over, and no hook is pending", name_of(job));
    }
    check_way(job);
    if (suite->stale.id != 0)
        expect_complete(suite, "completing a call that its hook has answered",
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
