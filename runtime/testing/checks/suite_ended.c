/* Started operations that do not get as far as they would: cancelled, late, discarded, refused. */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <string.h>
#include <time.h>

#include "suite_callers.h"

static void cancel_queued(suite_group *group, suite_mode mode)
{
    caller_group p;

    if (!callers_begin_calling(&p, group, "a_queued_start_is_cancelled", mode))
        return;
    callers_start(&p, 0, BERTH_NO_DEADLINE);
    (void)callers_pending(&p);
    callers_note(&p);
    callers_start(&p, 1, BERTH_NO_DEADLINE);
    callers_start(&p, 2, BERTH_NO_DEADLINE);
    callers_expect_open(&p, 1);
    callers_expect_unchanged(&p, "a start that waits");
    callers_cancel(&p, 1, 0);
    suite_poll_all(p.suite);
    callers_expect_over(&p, 1, -ECANCELED);
    callers_expect_unchanged(&p, "a cancel");
    callers_finish(&p, 1, -ECANCELED);
    callers_cancel(&p, 1, -ENOENT);
    callers_expect_open(&p, 2);
    (void)callers_pending(&p);
    callers_finish(&p, 0, 0);
    callers_finish(&p, 2, 0);
    callers_cancel(&p, 0, -ENOENT);
    callers_start(&p, 1, BERTH_NO_DEADLINE);
    callers_finish(&p, 1, 0);
    callers_end(&p);
}

void suite_test_cancel_queued(void **state)
{
    suite_in_both_modes(*state, cancel_queued);
}

static void expect_next(const caller_group *p, int64_t came, int64_t expected)
{
    if (came != expected)
        suite_fail(p->suite, "poll tells %lld as the next deadline, not %lld", (long long)came,
                   (long long)expected);
}

/* A drain, which waits for the root that the first caller has. */
static suite_job *start_drain(const caller_group *p, int64_t deadline, berth_error *error)
{
    suite_job *drain = suite_job_start(
        p->suite, NULL,
        &(berth_suite_call){.manager = p->suite->manager, .deadline = deadline, .error = error});

    if (drain->refused != 0 || drain->n_done > 0)
        suite_fail(p->suite, "a drain does not wait for a pending hook");
    return drain;
}

static void finish_drain(const caller_group *p, suite_job *drain, int expected,
                         const berth_error *error)
{
    if (drain->n_done != 1 || suite_job_finish(drain) != expected || error->code != expected)
        suite_fail(p->suite, "a drain that waits does not end with %s", berth_errno_name(expected));
}

static void deadline_queued(suite_group *group, suite_mode mode)
{
    const int64_t now = berth_now();
    berth_error error;
    suite_job *drain;
    caller_group p;

    if (!callers_begin_calling(&p, group, "a_queued_start_passes_its_deadline", mode))
        return;
    callers_start(&p, 0, BERTH_NO_DEADLINE);
    (void)callers_pending(&p);
    callers_note(&p);
    callers_start(&p, 1, now + SUITE_HOUR);
    callers_start(&p, 2, now - 1);
    callers_start(&p, 3, now + 2 * SUITE_HOUR);
    drain = start_drain(&p, now - 1, &error);
    expect_next(&p, suite_poll(p.suite), now + SUITE_HOUR);
    callers_expect_over(&p, 2, -ETIMEDOUT);
    callers_expect_unchanged(&p, "a deadline");
    callers_finish(&p, 2, -ETIMEDOUT);
    finish_drain(&p, drain, -ETIMEDOUT, &error);
    callers_cancel(&p, 2, -ENOENT);
    callers_expect_open(&p, 1);
    callers_cancel(&p, 1, 0);
    suite_poll_all(p.suite);
    expect_next(&p, suite_poll(p.suite), now + 2 * SUITE_HOUR);
    callers_finish(&p, 1, -ECANCELED);
    (void)callers_pending(&p);
    callers_finish(&p, 0, 0);
    callers_finish(&p, 3, 0);
    expect_next(&p, suite_poll(p.suite), BERTH_NO_DEADLINE);
    callers_start(&p, 2, now - 1); /* need not wait, and so runs */
    callers_finish(&p, 2, 0);
    callers_end(&p);
}

void suite_test_deadline_queued(void **state)
{
    suite_in_both_modes(*state, deadline_queued);
}

static void count(void *notified)
{
    ++*(unsigned *)notified;
}

static void expect_notified(const caller_group *p, const suite_pending *pending, unsigned notified,
                            unsigned expected)
{
    if (notified != expected)
        suite_fail(p->suite, "%s was notified %u times, not %u times",
                   p->suite->type->hooks[pending->hook].name, notified, expected);
    if (berth_call_cancelled(pending->call) != (expected > 0))
        suite_fail(p->suite, "%s: berth_call_cancelled() is wrong",
                   p->suite->type->hooks[pending->hook].name);
}

/*
 * The call was notified. It may still take effect, so the operation goes on as if nothing
 * had been.
 */
static void finish_notified(caller_group *p, unsigned *notified)
{
    const suite_pending *pending = callers_pending(p);

    expect_notified(p, pending, *notified, 1);
    callers_expect(p, "asks to be notified too late",
                   berth_call_on_cancel(pending->call, count, notified), -ECANCELED);
    callers_expect_unchanged(p, "telling a hook");
    while (p->suite->pending != NULL) {
        if (!berth_call_cancelled(p->suite->pending->call))
            suite_fail(p->suite, "%s does not see that the operation was cancelled",
                       p->suite->type->hooks[p->suite->pending->hook].name);
        suite_complete(p->suite, p->suite->pending);
        suite_poll_all(p->suite);
    }
    callers_finish(p, 0, 0);
    callers_cancel(p, 0, -ENOENT);
    if (*notified != 1)
        suite_fail(p->suite, "%s: notified %u times", callers_operation(p), *notified);
}

static void cancel_pending(suite_group *group, suite_mode mode)
{
    unsigned notified = 0, replaced = 0;
    caller_group p;

    if (!callers_begin_calling(&p, group, "a_pending_hook_is_told_of_a_cancel", mode))
        return;
    callers_start(&p, 0, BERTH_NO_DEADLINE);
    if (berth_call_deadline(callers_pending(&p)->call) != BERTH_NO_DEADLINE)
        suite_fail(p.suite, "%s has a deadline", callers_operation(&p));
    callers_expect(&p, "asks to be notified",
                   berth_call_on_cancel(callers_pending(&p)->call, count, &replaced), 0);
    callers_expect(&p, "asks to be notified again",
                   berth_call_on_cancel(callers_pending(&p)->call, count, &notified), 0);
    callers_note(&p);
    expect_notified(&p, callers_pending(&p), notified, 0);
    callers_cancel(&p, 0, 0);
    expect_notified(&p, callers_pending(&p), notified, 1);
    callers_cancel(&p, 0, 0);
    suite_poll_all(p.suite);
    finish_notified(&p, &notified);
    if (replaced > 0)
        suite_fail(p.suite, "%s: notified through what was replaced", callers_operation(&p));
    callers_end(&p);
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

/* False when the deadline was over before the hook asked to be notified of it. */
static bool deadline_notifies(suite_group *group, suite_mode mode, int64_t milliseconds)
{
    const int64_t deadline = berth_now() + milliseconds * 1000000;
    unsigned notified = 0;
    caller_group p;
    int rc;

    if (!callers_begin_calling(&p, group, "a_pending_hook_is_told_of_its_deadline", mode))
        return true;
    callers_start(&p, 0, deadline);
    if (berth_call_deadline(callers_pending(&p)->call) != deadline)
        suite_fail(p.suite, "%s has another deadline than its caller gave", callers_operation(&p));
    rc = berth_call_on_cancel(callers_pending(&p)->call, count, &notified);
    if (rc == 0) {
        callers_note(&p);
        sleep_until(deadline);
        expect_next(&p, suite_poll(p.suite), BERTH_NO_DEADLINE);
        finish_notified(&p, &notified);
    } else {
        callers_expect(&p, "asks to be notified after its deadline", rc, -ECANCELED);
        callers_finish(&p, 0, 0);
    }
    callers_end(&p);
    return rc == 0;
}

static void deadline_pending(suite_group *group, suite_mode mode)
{
    int64_t milliseconds = 1;

    while (!deadline_notifies(group, mode, milliseconds))
        milliseconds *= 2;
}

void suite_test_deadline_pending(void **state)
{
    suite_in_both_modes(*state, deadline_pending);
}

/* Discards everything, or the root that all callers work on. Nothing is left then. */
static void discard(caller_group *p, bool one)
{
    const berth_suite_manager *type = p->suite->type;
    const berth_suite_phase *first = &type->phases[0];
    berth_error error;
    berth_suite_call call = {
        .manager = p->suite->manager, .config = callers_configs(p, first, 3), .error = &error};

    if (one) {
        callers_expect(p, "has its root discarded", type->resources[first->path[0]].discard(&call),
                       0);
        callers_expect(p, "has no root any more", type->resources[first->path[0]].discard(&call),
                       -ENOENT);
    } else {
        callers_expect(p, "is discarded", type->discard(p->suite->manager), 0);
    }
    p->suite->n_held = 0;
    callers_note(p);
    if (strcmp(p->before.data, "-") != 0)
        suite_fail(p->suite, "discard left %s", p->before.data);
}

static void discard_started(suite_group *group, suite_mode mode, bool one)
{
    unsigned notified = 0, n;
    berth_error error;
    suite_job *drain;
    suite_pending *pending;
    caller_group p;

    if (!callers_begin_calling(&p, group, "discard_ends_what_was_started", mode))
        return;
    callers_start(&p, 0, BERTH_NO_DEADLINE);
    callers_start(&p, 1, BERTH_NO_DEADLINE);
    callers_start(&p, 2, berth_now() + SUITE_HOUR);
    drain = start_drain(&p, BERTH_NO_DEADLINE, &error);
    pending = callers_pending(&p);
    callers_expect(&p, "asks to be notified", berth_call_on_cancel(pending->call, count, &notified),
                   0);
    callers_expect(&p, "waits for destroy", p.suite->type->destroy(p.suite->manager, NULL), -EBUSY);
    discard(&p, one);
    suite_poll_all(p.suite);
    callers_expect_over(&p, 1, -ECANCELED);
    callers_expect_over(&p, 2, -ECANCELED);
    callers_expect_open(&p, 0);
    expect_notified(&p, pending, notified, 1);
    finish_drain(&p, drain, -ECANCELED, &error);
    callers_expect(&p, "waits for destroy", p.suite->type->destroy(p.suite->manager, NULL), -EBUSY);
    suite_complete(p.suite, pending);
    suite_poll_all(p.suite);
    for (n = 0; n < 3; n++)
        callers_finish(&p, n, -ECANCELED);
    callers_expect_unchanged(&p, "a completion after discard");
    for (n = 0; n < p.suite->type->n_phases; n++)
        callers_block(&p, &p.suite->type->phases[n], 3);
    callers_end(&p);
}

static void discard_all(suite_group *group, suite_mode mode)
{
    discard_started(group, mode, false);
}

void suite_test_discard_started(void **state)
{
    suite_in_both_modes(*state, discard_all);
}

static void discard_one(suite_group *group, suite_mode mode)
{
    if (group->manager->n_phases > 0 && group->manager->phases[0].levels > 0)
        discard_started(group, mode, true);
}

void suite_test_discard_root_started(void **state)
{
    suite_in_both_modes(*state, discard_one);
}
