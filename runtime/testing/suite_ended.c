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
