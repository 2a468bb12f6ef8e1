/* Started operations that do not get as far as they would: cancelled, late, discarded, refused. */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <string.h>
#include <time.h>

#include "suite_party.h"

static void cancel_queued(suite_group *group, suite_mode mode)
{
    party p;

    if (!party_begin_calling(&p, group, "a_queued_start_is_cancelled", mode))
        return;
    party_go(&p, 0, BERTH_NO_DEADLINE);
    (void)party_pending(&p);
    party_note(&p);
    party_go(&p, 1, BERTH_NO_DEADLINE);
    party_go(&p, 2, BERTH_NO_DEADLINE);
    party_expect_open(&p, 1);
    party_expect_unchanged(&p, "a start that waits");
    party_cancel(&p, 1, 0);
    suite_settle(p.suite);
    party_expect_over(&p, 1, -ECANCELED);
    party_expect_unchanged(&p, "a cancel");
    party_finish(&p, 1, -ECANCELED);
    party_cancel(&p, 1, -ENOENT);
    party_expect_open(&p, 2);
    (void)party_pending(&p);
    party_finish(&p, 0, 0);
    party_finish(&p, 2, 0);
    party_cancel(&p, 0, -ENOENT);
    party_go(&p, 1, BERTH_NO_DEADLINE);
    party_finish(&p, 1, 0);
    party_end(&p);
}

void suite_test_cancel_queued(void **state)
{
    suite_in_both_modes(*state, cancel_queued);
}

static void expect_next(const party *p, int64_t came, int64_t expected)
{
    if (came != expected)
        suite_fail(p->suite, "poll tells %lld as the next deadline, not %lld", (long long)came,
                   (long long)expected);
}

/* A drain, which waits for the root that the first caller has. */
static suite_job *start_drain(const party *p, int64_t deadline, berth_error *error)
{
    suite_job *drain = suite_job_start(
        p->suite, NULL,
        &(berth_suite_call){.manager = p->suite->manager, .deadline = deadline, .error = error});

    if (drain->refused != 0 || drain->n_done > 0)
        suite_fail(p->suite, "a drain does not wait for a pending hook");
    return drain;
}

static void finish_drain(const party *p, suite_job *drain, int expected, const berth_error *error)
{
    if (drain->n_done != 1 || suite_job_finish(drain) != expected || error->code != expected)
        suite_fail(p->suite, "a drain that waits does not end with %s", berth_errno_name(expected));
}

static void deadline_queued(suite_group *group, suite_mode mode)
{
    const int64_t now = berth_now();
    berth_error error;
    suite_job *drain;
    party p;

    if (!party_begin_calling(&p, group, "a_queued_start_passes_its_deadline", mode))
        return;
    party_go(&p, 0, BERTH_NO_DEADLINE);
    (void)party_pending(&p);
    party_note(&p);
    party_go(&p, 1, now + SUITE_HOUR);
    party_go(&p, 2, now - 1);
    party_go(&p, 3, now + 2 * SUITE_HOUR);
    drain = start_drain(&p, now - 1, &error);
    expect_next(&p, suite_poll(p.suite), now + SUITE_HOUR);
    party_expect_over(&p, 2, -ETIMEDOUT);
    party_expect_unchanged(&p, "a deadline");
    party_finish(&p, 2, -ETIMEDOUT);
    finish_drain(&p, drain, -ETIMEDOUT, &error);
    party_cancel(&p, 2, -ENOENT);
    party_expect_open(&p, 1);
    party_cancel(&p, 1, 0);
    suite_settle(p.suite);
    expect_next(&p, suite_poll(p.suite), now + 2 * SUITE_HOUR);
    party_finish(&p, 1, -ECANCELED);
    (void)party_pending(&p);
    party_finish(&p, 0, 0);
    party_finish(&p, 3, 0);
    expect_next(&p, suite_poll(p.suite), BERTH_NO_DEADLINE);
    party_go(&p, 2, now - 1); /* need not wait, and so runs */
    party_finish(&p, 2, 0);
    party_end(&p);
}

void suite_test_deadline_queued(void **state)
{
    suite_in_both_modes(*state, deadline_queued);
}

static void count(void *told)
{
    ++*(unsigned *)told;
}

static void expect_told(const party *p, const suite_pending *pending, unsigned told,
                        unsigned expected)
{
    if (told != expected)
        suite_fail(p->suite, "%s was told %u times, not %u times",
                   p->suite->type->hooks[pending->hook].name, told, expected);
    if (berth_call_cancelled(pending->call) != (expected > 0))
        suite_fail(p->suite, "%s: berth_call_cancelled() is wrong",
                   p->suite->type->hooks[pending->hook].name);
}

/*
 * The call was told: it may be, all the same, that it takes effect, and so it goes on as if nothing
 * had been.
 */
static void finish_told(party *p, unsigned *told)
{
    const suite_pending *pending = party_pending(p);

    expect_told(p, pending, *told, 1);
    party_expect(p, "asks to be told too late", berth_call_on_cancel(pending->call, count, told),
                 -ECANCELED);
    party_expect_unchanged(p, "telling a hook");
    while (p->suite->pending != NULL) {
        if (!berth_call_cancelled(p->suite->pending->call))
            suite_fail(p->suite, "%s does not see that the operation was cancelled",
                       p->suite->type->hooks[p->suite->pending->hook].name);
        suite_complete(p->suite, p->suite->pending);
        suite_settle(p->suite);
    }
    party_finish(p, 0, 0);
    party_cancel(p, 0, -ENOENT);
    if (*told != 1)
        suite_fail(p->suite, "%s: told %u times", party_operation(p), *told);
}

static void cancel_pending(suite_group *group, suite_mode mode)
{
    unsigned told = 0, replaced = 0;
    party p;

    if (!party_begin_calling(&p, group, "a_pending_hook_is_told_of_a_cancel", mode))
        return;
    party_go(&p, 0, BERTH_NO_DEADLINE);
    if (berth_call_deadline(party_pending(&p)->call) != BERTH_NO_DEADLINE)
        suite_fail(p.suite, "%s has a deadline", party_operation(&p));
    party_expect(&p, "asks to be told",
                 berth_call_on_cancel(party_pending(&p)->call, count, &replaced), 0);
    party_expect(&p, "asks to be told again",
                 berth_call_on_cancel(party_pending(&p)->call, count, &told), 0);
    party_note(&p);
    expect_told(&p, party_pending(&p), told, 0);
    party_cancel(&p, 0, 0);
    expect_told(&p, party_pending(&p), told, 1);
    party_cancel(&p, 0, 0);
    suite_settle(p.suite);
    finish_told(&p, &told);
    if (replaced > 0)
        suite_fail(p.suite, "%s: told through what was replaced", party_operation(&p));
    party_end(&p);
}

void suite_test_cancel_pending(void **state)
{
    suite_in_both_modes(*state, cancel_pending);
}

static void sleep_until(int64_t time)
{
    while (berth_now() <= time) {
        const struct timespec nap = {.tv_nsec = 200000};

        (void)nanosleep(&nap, NULL);
    }
}

/* False when the deadline was over before the hook asked to be told of it. */
static bool deadline_tells(suite_group *group, suite_mode mode, int64_t milliseconds)
{
    const int64_t deadline = berth_now() + milliseconds * 1000000;
    unsigned told = 0;
    party p;
    int rc;

    if (!party_begin_calling(&p, group, "a_pending_hook_is_told_of_its_deadline", mode))
        return true;
    party_go(&p, 0, deadline);
    if (berth_call_deadline(party_pending(&p)->call) != deadline)
        suite_fail(p.suite, "%s has another deadline than its caller gave", party_operation(&p));
    rc = berth_call_on_cancel(party_pending(&p)->call, count, &told);
    if (rc == 0) {
        party_note(&p);
        sleep_until(deadline);
        expect_next(&p, suite_poll(p.suite), BERTH_NO_DEADLINE);
        finish_told(&p, &told);
    } else {
        party_expect(&p, "asks to be told after its deadline", rc, -ECANCELED);
        party_finish(&p, 0, 0);
    }
    party_end(&p);
    return rc == 0;
}

static void deadline_pending(suite_group *group, suite_mode mode)
{
    int64_t milliseconds = 1;

    while (!deadline_tells(group, mode, milliseconds))
        milliseconds *= 2;
}

void suite_test_deadline_pending(void **state)
{
    suite_in_both_modes(*state, deadline_pending);
}

static void discard_started(suite_group *group, suite_mode mode)
{
    unsigned told = 0, n;
    berth_error error;
    suite_job *drain;
    suite_pending *pending;
    party p;

    if (!party_begin_calling(&p, group, "discard_ends_what_was_started", mode))
        return;
    party_go(&p, 0, BERTH_NO_DEADLINE);
    party_go(&p, 1, BERTH_NO_DEADLINE);
    party_go(&p, 2, berth_now() + SUITE_HOUR);
    drain = start_drain(&p, BERTH_NO_DEADLINE, &error);
    pending = party_pending(&p);
    party_expect(&p, "asks to be told", berth_call_on_cancel(pending->call, count, &told), 0);
    party_expect(&p, "waits for destroy", p.suite->type->destroy(p.suite->manager, NULL), -EBUSY);
    party_expect(&p, "is discarded", p.suite->type->discard(p.suite->manager), 0);
    p.suite->n_held = 0;
    party_note(&p);
    if (strcmp(p.before.data, "-") != 0)
        suite_fail(p.suite, "discard left %s", p.before.data);
    suite_settle(p.suite);
    party_expect_over(&p, 1, -ECANCELED);
    party_expect_over(&p, 2, -ECANCELED);
    party_expect_open(&p, 0);
    expect_told(&p, pending, told, 1);
    finish_drain(&p, drain, -ECANCELED, &error);
    party_expect(&p, "waits for destroy", p.suite->type->destroy(p.suite->manager, NULL), -EBUSY);
    suite_complete(p.suite, pending);
    suite_settle(p.suite);
    for (n = 0; n < 3; n++)
        party_finish(&p, n, -ECANCELED);
    party_expect_unchanged(&p, "a completion after discard");
    for (n = 0; n < p.suite->type->n_phases; n++)
        party_block(&p, &p.suite->type->phases[n], 3);
    party_end(&p);
}

void suite_test_discard_started(void **state)
{
    suite_in_both_modes(*state, discard_started);
}

/* Nothing can be asked of a manager that is locked. */
static void ask_locked(berth_suite *suite)
{
    party *p = suite->on_row_arg;
    berth_error error = {0};
    int64_t next;
    const suite_job *drain;

    suite->on_row = NULL;
    drain = suite_job_start(suite, NULL,
                            &(berth_suite_call){.manager = suite->manager,
                                                .deadline = BERTH_NO_DEADLINE,
                                                .error = &error});
    party_expect(p, "and drain from a trace", drain->refused, -EDEADLK);
    party_expect(p, "and drain from a trace: error.code", error.code, -EDEADLK);
    p->jobs[1] = suite_phase_start(suite, p->phase, &p->callers[1], party_configs(p, p->phase, 1),
                                   BERTH_NO_DEADLINE);
    party_finish(p, 1, -EDEADLK);
    party_expect(p, "and poll from a trace", suite->type->poll(suite->manager, &next), -EDEADLK);
    party_cancel(p, 0, -EDEADLK);
}

/* A start without what it needs: refused, and nothing has happened. */
static void refuse(party *p, unsigned i, bool without_manager)
{
    void *manager = p->suite->manager;

    party_note(p);
    p->suite->no_done = !without_manager;
    p->suite->manager = without_manager ? NULL : manager;
    p->jobs[i] = suite_phase_start(p->suite, p->phase, &p->callers[i],
                                   party_configs(p, p->phase, i), BERTH_NO_DEADLINE);
    p->suite->manager = manager;
    p->suite->no_done = false;
    party_finish(p, i, -EINVAL);
    party_expect_unchanged(p, "a start that is refused");
}

static void refuse_without_block(party *p, unsigned i)
{
    party_note(p);
    p->suite->no_blocks = true;
    p->jobs[i] = suite_phase_start(p->suite, p->phase, &p->callers[i],
                                   party_configs(p, p->phase, i), BERTH_NO_DEADLINE);
    p->suite->no_blocks = false;
    party_finish(p, i, -ENOMEM);
    party_expect_unchanged(p, "a start without a block");
}

void suite_test_start_refuses(void **state)
{
    suite_group *group = *state;
    const berth_suite_manager *type = group->manager;
    berth_suite *other;
    unsigned number, n;
    party p;

    if (suite_calling_phase(type, &number) == NULL)
        return;
    party_begin(&p, group, "start_refuses", SUITE_LATER);
    for (n = 0; n < type->n_phases; n++) {
        p.phase = &type->phases[n];
        refuse(&p, 0, false);
        refuse(&p, 0, true);
        if (type->limited)
            refuse_without_block(&p, 0);
        if (n == number) {
            other = suite_begin(group, "start_refuses", &group->manager->environments[0]);
            suite_create(other);
            party_go(&p, 0, BERTH_NO_DEADLINE);
            party_expect(&p, "cancelled by nobody", type->cancel(NULL, p.jobs[0]->call.op),
                         -EINVAL);
            party_expect(&p, "cancelled without a block", type->cancel(p.suite->manager, NULL),
                         -EINVAL);
            party_expect(&p, "cancelled by another manager",
                         type->cancel(other->manager, p.jobs[0]->call.op), -EINVAL);
            party_expect(&p, "polled by nobody", type->poll(NULL, NULL), -EINVAL);
            party_expect(&p, "polled", type->poll(p.suite->manager, NULL), 0);
            p.suite->on_row = ask_locked;
            p.suite->on_row_arg = &p;
            party_finish(&p, 0, 0);
            if (p.suite->on_row != NULL)
                suite_fail(p.suite, "%s reported no row", party_operation(&p));
            suite_close(other);
        } else {
            party_block(&p, p.phase, 0);
        }
    }
    party_end(&p);
}

/*
 * The step, started behind a drain whose hook is pending: what waits ends as expected, and nothing
 * has changed. False: it did not wait.
 */
static bool ends_waiting(berth_suite *suite, const berth_suite_step *step, int64_t deadline,
                         int expected)
{
    suite_asked asked = {.error = {.code = 0}};
    berth_suite_text before, after;
    const unsigned calls = suite->total;
    suite_job *job;
    bool waits;

    suite_text_init(&before, suite);
    suite_text_init(&after, suite);
    suite_snapshot(suite, &before);
    job = suite_step_start(suite, step, &asked, deadline);
    waits = job->refused == 0 && job->n_done == 0 && suite->total == calls;
    if (waits) {
        (void)suite_poll(suite);
        if (deadline == BERTH_NO_DEADLINE && suite->type->cancel(suite->manager, job->call.op) != 0)
            suite_fail(suite, "%s waits, and cannot be cancelled", job->function->name);
        if (job->n_done != 1 || job->code != expected || asked.error.code != expected)
            suite_fail(suite, "%s waits, and is not over with %s", job->function->name,
                       berth_errno_name(expected));
        suite_snapshot(suite, &after);
        if (suite->total != calls || strcmp(before.data, after.data) != 0)
            suite_fail(suite, "%s waited, and %s changed\n  %s\n  to\n  %s", job->function->name,
                       berth_errno_name(expected), before.data, after.data);
    }
    (void)suite_step_finish(job);
    suite_text_free(&before);
    suite_text_free(&after);
    return waits;
}

/* The last step of a script, behind a drain. False: it would not wait for it. */
static bool waits_behind_drain(suite_group *group, const berth_suite_script *script,
                               const berth_suite_step *step)
{
    berth_suite *suite =
        suite_begin(group, script->name, &group->manager->environments[script->environment]);
    berth_error error;
    suite_job *drain;
    bool waits;

    suite_create(suite);
    suite_play(suite, script, script->n_steps - 1u);
    suite_mode_set(suite, SUITE_LATER);
    suite_backend_reset(suite, NULL, 0);
    suite->keeps = true;
    drain = suite_job_start(suite, NULL,
                            &(berth_suite_call){.manager = suite->manager,
                                                .deadline = BERTH_NO_DEADLINE,
                                                .error = &error});
    waits = drain->n_done == 0 && ends_waiting(suite, step, berth_now() - 1, -ETIMEDOUT);
    if (waits && !ends_waiting(suite, step, BERTH_NO_DEADLINE, -ECANCELED))
        suite_fail(suite, "%s waits once only", group->manager->operations[step->operation].name);
    (void)suite_job_finish(drain);
    suite->n_held = 0;
    if (suite->type->discard(suite->manager) != 0 ||
        suite->type->destroy(suite->manager, NULL) != 0)
        suite_fail(suite, "the manager cannot be destroyed after discard");
    suite_end(suite);
    return waits;
}

void suite_test_each_waits(void **state)
{
    suite_group *group = *state;
    const berth_suite_manager *type = group->manager;
    bool shown[256] = {false};
    uint32_t i;

    for (i = 0; i < type->n_scripts; i++) {
        const berth_suite_script *script = &type->scripts[i];
        const berth_suite_step *step = &type->steps[script->steps[script->n_steps - 1u]];

        if (type->operations[step->operation].start != NULL && !shown[step->operation])
            shown[step->operation] = waits_behind_drain(group, script, step);
    }
}
