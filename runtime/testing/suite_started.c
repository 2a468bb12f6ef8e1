/* Tests of started operations that are the same for every manager: the scripts, queues, cancelling, deadlines, the end. */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "suite_internal.h"

#define CALLERS BERTH_SUITE_THREADS
#define HOUR INT64_C(3600000000000)
#define ROUNDS 3

static void all_scripts(suite_group *group, suite_mode mode, bool failing_allocations)
{
    uint32_t i;

    for (i = 0; i < group->manager->n_scripts; i++)
        suite_script(group, &group->manager->scripts[i], mode, failing_allocations);
}

void suite_test_at_once(void **state)
{
    all_scripts(*state, SUITE_AT_ONCE, false);
}

void suite_test_early(void **state)
{
    all_scripts(*state, SUITE_EARLY, false);
}

void suite_test_later(void **state)
{
    all_scripts(*state, SUITE_LATER, false);
}

void suite_test_loop(void **state)
{
    all_scripts(*state, SUITE_LOOP, false);
}

void suite_test_start_allocations(void **state)
{
    all_scripts(*state, SUITE_LATER, true);
}

/* Some callers, and what each has started last. */
typedef struct party {
    berth_suite *suite;
    const berth_suite_phase *phase;
    suite_caller callers[CALLERS];
    suite_configs *configs; /* one for each */
    suite_job *jobs[CALLERS];
    bool own_roots;
    unsigned calls;          /* when all was noted, */
    berth_suite_text before; /* with what was tracked */
    berth_suite_text after;
} party;

static const void *const *configs_of(party *p, const berth_suite_phase *phase, unsigned i)
{
    memset(&p->configs[i], 0, sizeof p->configs[i]);
    if (phase->levels > 0 && !suite_keyed(p->suite, &p->configs[i], phase->config, phase->path, 0, p->own_roots ? i + 1 : 0))
        abort();
    return p->configs[i].config;
}

static void begin(party *p, suite_group *group, const char *name, suite_mode mode)
{
    *p = (party){.suite = suite_begin(group, name, &group->manager->environments[0])};
    p->configs = suite_allocate(CALLERS * sizeof *p->configs);
    suite_text_init(&p->before, p->suite);
    suite_text_init(&p->after, p->suite);
    suite_mode_set(p->suite, mode);
    suite_create(p->suite);
    p->suite->counting = true;
    p->suite->keeps = true;
}

static void end(party *p)
{
    free(p->configs);
    suite_text_free(&p->before);
    suite_text_free(&p->after);
    suite_close(p->suite);
}

static const char *operation_of(const party *p)
{
    return p->suite->type->operations[p->phase->operation].name;
}

static void expect_code(const party *p, const char *what, int code, int expected)
{
    if (code != expected)
        suite_fail(p->suite, "%s %s: expected %s, came %s", operation_of(p), what, expected == 0 ? "ok" : berth_errno_name(expected),
                   code == 0 ? "ok" : berth_errno_name(code));
}

/* Runs a phase with the blocking function. */
static void block(party *p, const berth_suite_phase *phase, unsigned i)
{
    const suite_mode mode = p->suite->mode;
    int rc;

    p->suite->mode = SUITE_BLOCKING;
    rc = suite_phase(p->suite, phase, &p->callers[i], configs_of(p, phase, i), BERTH_NO_DEADLINE);
    p->suite->mode = mode;
    if (rc != 0)
        suite_fail(p->suite, "%s: expected ok, came %s", p->suite->type->operations[phase->operation].name, berth_errno_name(rc));
}

/* Brings everybody before the first phase that calls a hook; false where there is none. */
static bool begin_calling(party *p, suite_group *group, const char *name, suite_mode mode)
{
    unsigned number, n, i;
    const berth_suite_phase *phase = suite_calling_phase(group->manager, &number);

    if (phase == NULL)
        return false;
    begin(p, group, name, mode);
    p->phase = phase;
    for (n = 0; n < number; n++) {
        for (i = 0; i < CALLERS; i++)
            block(p, &p->suite->type->phases[n], i);
    }
    return true;
}

static void go(party *p, unsigned i, int64_t deadline)
{
    p->jobs[i] = suite_phase_start(p->suite, p->phase, &p->callers[i], configs_of(p, p->phase, i), deadline);
    expect_code(p, "is started", p->jobs[i]->refused, 0);
}

static void finish(party *p, unsigned i, int expected)
{
    expect_code(p, "started", suite_phase_finish(p->phase, &p->callers[i], p->jobs[i]), expected);
    if (p->callers[i].error.code != expected)
        suite_fail(p->suite, "%s: error.code is %d, not %d", operation_of(p), p->callers[i].error.code, expected);
    if (expected != 0 && p->suite->type->operations[p->phase->operation].gives && !uuid_is_null(p->callers[i].reservation))
        suite_fail(p->suite, "%s: the reservation is not all-zero after %s", operation_of(p), berth_errno_name(expected));
}

static void finish_all(party *p)
{
    unsigned i;

    for (i = 0; i < CALLERS; i++)
        finish(p, i, 0);
}

/* The call that the first caller's operation waits for. */
static suite_pending *the_pending(const party *p)
{
    if (p->jobs[0]->n_done > 0 || p->suite->pending == NULL || p->suite->pending->next != NULL)
        suite_fail(p->suite, "%s: expected one pending hook", operation_of(p));
    return p->suite->pending;
}

/* In a loop, what happens waits for poll. */
static void settle(berth_suite *suite)
{
    while (suite->woken)
        (void)suite_poll(suite);
}

static void expect_open(const party *p, unsigned i)
{
    if (p->jobs[i]->n_done > 0)
        suite_fail(p->suite, "%s of caller %u is over: %s", operation_of(p), i + 1, berth_errno_name(p->jobs[i]->code));
}

static void expect_over(const party *p, unsigned i, int code)
{
    if (p->jobs[i]->n_done == 0)
        suite_fail(p->suite, "%s of caller %u is not over", operation_of(p), i + 1);
    expect_code(p, "started", p->jobs[i]->code, code);
}

static void note(party *p)
{
    p->calls = p->suite->total;
    suite_snapshot(p->suite, &p->before);
}

static void expect_unchanged(party *p, const char *what)
{
    suite_snapshot(p->suite, &p->after);
    if (p->suite->total != p->calls)
        suite_fail(p->suite, "%s called a hook", what);
    if (strcmp(p->before.data, p->after.data) != 0)
        suite_fail(p->suite, "%s changed\n  %s\n  to\n  %s", what, p->before.data, p->after.data);
}

static void cancel(const party *p, unsigned i, int expected)
{
    expect_code(p, "cancelled", p->suite->type->cancel(p->suite->manager, p->jobs[i]->call.op), expected);
}

/* Runs a test with completions that go on by themselves, and in a loop. */
static void in_both_modes(suite_group *group, void (*test)(suite_group *group, suite_mode mode))
{
    test(group, SUITE_LATER);
    test(group, SUITE_LOOP);
}

static void cancel_queued(suite_group *group, suite_mode mode)
{
    party p;

    if (!begin_calling(&p, group, "a_queued_start_is_cancelled", mode))
        return;
    go(&p, 0, BERTH_NO_DEADLINE);
    (void)the_pending(&p);
    note(&p);
    go(&p, 1, BERTH_NO_DEADLINE);
    go(&p, 2, BERTH_NO_DEADLINE);
    expect_open(&p, 1);
    expect_unchanged(&p, "a start that waits");
    cancel(&p, 1, 0);
    settle(p.suite);
    expect_over(&p, 1, -ECANCELED);
    expect_unchanged(&p, "a cancel");
    finish(&p, 1, -ECANCELED);
    cancel(&p, 1, -ENOENT);
    expect_open(&p, 2);
    (void)the_pending(&p);
    finish(&p, 0, 0);
    finish(&p, 2, 0);
    cancel(&p, 0, -ENOENT);
    go(&p, 1, BERTH_NO_DEADLINE);
    finish(&p, 1, 0);
    end(&p);
}

void suite_test_cancel_queued(void **state)
{
    in_both_modes(*state, cancel_queued);
}

static void expect_next(const party *p, int64_t came, int64_t expected)
{
    if (came != expected)
        suite_fail(p->suite, "poll tells %lld as the next deadline, not %lld", (long long)came, (long long)expected);
}

static void deadline_queued(suite_group *group, suite_mode mode)
{
    const int64_t now = berth_now();
    party p;

    if (!begin_calling(&p, group, "a_queued_start_passes_its_deadline", mode))
        return;
    go(&p, 0, BERTH_NO_DEADLINE);
    (void)the_pending(&p);
    note(&p);
    go(&p, 1, now + HOUR);
    go(&p, 2, now - 1);
    go(&p, 3, now + 2 * HOUR);
    expect_next(&p, suite_poll(p.suite), now + HOUR);
    expect_over(&p, 2, -ETIMEDOUT);
    expect_unchanged(&p, "a deadline");
    finish(&p, 2, -ETIMEDOUT);
    cancel(&p, 2, -ENOENT);
    expect_open(&p, 1);
    cancel(&p, 1, 0);
    settle(p.suite);
    expect_next(&p, suite_poll(p.suite), now + 2 * HOUR);
    finish(&p, 1, -ECANCELED);
    (void)the_pending(&p);
    finish(&p, 0, 0);
    finish(&p, 3, 0);
    expect_next(&p, suite_poll(p.suite), BERTH_NO_DEADLINE);
    go(&p, 2, now - 1); /* need not wait, and so runs */
    finish(&p, 2, 0);
    end(&p);
}

void suite_test_deadline_queued(void **state)
{
    in_both_modes(*state, deadline_queued);
}

static void count(void *told)
{
    ++*(unsigned *)told;
}

static void expect_told(const party *p, const suite_pending *pending, unsigned told, unsigned expected)
{
    if (told != expected)
        suite_fail(p->suite, "%s was told %u times, not %u times", p->suite->type->hooks[pending->hook].name, told, expected);
    if (berth_call_cancelled(pending->call) != (expected > 0))
        suite_fail(p->suite, "%s: berth_call_cancelled() is wrong", p->suite->type->hooks[pending->hook].name);
}

/* The call was told: it may be, all the same, that it takes effect, and so it goes on as if nothing had been. */
static void finish_told(party *p, unsigned *told)
{
    const suite_pending *pending = the_pending(p);

    expect_told(p, pending, *told, 1);
    expect_code(p, "asks to be told too late", berth_call_on_cancel(pending->call, count, told), -ECANCELED);
    expect_unchanged(p, "telling a hook");
    while (p->suite->pending != NULL) {
        if (!berth_call_cancelled(p->suite->pending->call))
            suite_fail(p->suite, "%s does not see that the operation was cancelled", p->suite->type->hooks[p->suite->pending->hook].name);
        suite_complete(p->suite, p->suite->pending);
        settle(p->suite);
    }
    finish(p, 0, 0);
    cancel(p, 0, -ENOENT);
    if (*told != 1)
        suite_fail(p->suite, "%s: told %u times", operation_of(p), *told);
}

static void cancel_pending(suite_group *group, suite_mode mode)
{
    unsigned told = 0, replaced = 0;
    party p;

    if (!begin_calling(&p, group, "a_pending_hook_is_told_of_a_cancel", mode))
        return;
    go(&p, 0, BERTH_NO_DEADLINE);
    if (berth_call_deadline(the_pending(&p)->call) != BERTH_NO_DEADLINE)
        suite_fail(p.suite, "%s has a deadline", operation_of(&p));
    expect_code(&p, "asks to be told", berth_call_on_cancel(the_pending(&p)->call, count, &replaced), 0);
    expect_code(&p, "asks to be told again", berth_call_on_cancel(the_pending(&p)->call, count, &told), 0);
    note(&p);
    expect_told(&p, the_pending(&p), told, 0);
    cancel(&p, 0, 0);
    expect_told(&p, the_pending(&p), told, 1);
    cancel(&p, 0, 0);
    settle(p.suite);
    finish_told(&p, &told);
    if (replaced > 0)
        suite_fail(p.suite, "%s: told through what was replaced", operation_of(&p));
    end(&p);
}

void suite_test_cancel_pending(void **state)
{
    in_both_modes(*state, cancel_pending);
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

    if (!begin_calling(&p, group, "a_pending_hook_is_told_of_its_deadline", mode))
        return true;
    go(&p, 0, deadline);
    if (berth_call_deadline(the_pending(&p)->call) != deadline)
        suite_fail(p.suite, "%s has another deadline than its caller gave", operation_of(&p));
    rc = berth_call_on_cancel(the_pending(&p)->call, count, &told);
    if (rc == 0) {
        note(&p);
        sleep_until(deadline);
        expect_next(&p, suite_poll(p.suite), BERTH_NO_DEADLINE);
        finish_told(&p, &told);
    } else {
        expect_code(&p, "asks to be told after its deadline", rc, -ECANCELED);
        finish(&p, 0, 0);
    }
    end(&p);
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
    in_both_modes(*state, deadline_pending);
}

static void discard_started(suite_group *group, suite_mode mode)
{
    unsigned told = 0, n;
    berth_error error;
    suite_job *drain;
    suite_pending *pending;
    party p;

    if (!begin_calling(&p, group, "discard_ends_what_was_started", mode))
        return;
    go(&p, 0, BERTH_NO_DEADLINE);
    go(&p, 1, BERTH_NO_DEADLINE);
    go(&p, 2, berth_now() + HOUR);
    drain =
        suite_job_start(p.suite, NULL, &(berth_suite_call){.manager = p.suite->manager, .deadline = BERTH_NO_DEADLINE, .error = &error});
    pending = the_pending(&p);
    expect_code(&p, "asks to be told", berth_call_on_cancel(pending->call, count, &told), 0);
    expect_code(&p, "waits for destroy", p.suite->type->destroy(p.suite->manager), -EBUSY);
    expect_code(&p, "is discarded", p.suite->type->discard(p.suite->manager), 0);
    p.suite->n_held = 0;
    note(&p);
    if (strcmp(p.before.data, "-") != 0)
        suite_fail(p.suite, "discard left %s", p.before.data);
    settle(p.suite);
    expect_over(&p, 1, -ECANCELED);
    expect_over(&p, 2, -ECANCELED);
    expect_open(&p, 0);
    expect_told(&p, pending, told, 1);
    if (drain->n_done != 1 || suite_job_finish(drain) != -ECANCELED || error.code != -ECANCELED)
        suite_fail(p.suite, "a drain that waits does not end with ECANCELED");
    expect_code(&p, "waits for destroy", p.suite->type->destroy(p.suite->manager), -EBUSY);
    suite_complete(p.suite, pending);
    settle(p.suite);
    for (n = 0; n < 3; n++)
        finish(&p, n, -ECANCELED);
    expect_unchanged(&p, "a completion after discard");
    for (n = 0; n < p.suite->type->n_phases; n++)
        block(&p, &p.suite->type->phases[n], 3);
    end(&p);
}

void suite_test_discard_started(void **state)
{
    in_both_modes(*state, discard_started);
}

static void check_counts(const party *p, const uint16_t *each, unsigned callers)
{
    unsigned h;

    for (h = 1; h <= p->suite->type->n_hooks; h++) {
        if (p->suite->counts[h] != each[h] * callers)
            suite_fail(p->suite, "%s: expected %u calls of %s, came %u", operation_of(p), each[h] * callers, p->suite->type->hooks[h].name,
                       p->suite->counts[h]);
    }
}

static bool calls(const party *p, const uint16_t *counts)
{
    unsigned h;

    for (h = 1; h <= p->suite->type->n_hooks; h++) {
        if (counts[h] > 0)
            return true;
    }
    return false;
}

/* All are inside a hook at the same time. Who is answered first is over first, whoever began first. */
static void complete_backwards(party *p)
{
    unsigned n = 0, i;
    suite_pending *last;

    for (last = p->suite->pending; last != NULL; last = last->next)
        n++;
    if (n != CALLERS)
        suite_fail(p->suite, "%s: of %u callers on roots of their own, %u are in a hook", operation_of(p), CALLERS, n);
    while (p->suite->pending != NULL) {
        for (last = p->suite->pending; last->next != NULL;)
            last = last->next;
        suite_complete(p->suite, last);
        settle(p->suite);
    }
    for (i = 1; i < CALLERS; i++) {
        expect_over(p, i, 0);
        if (p->jobs[i]->order > p->jobs[i - 1]->order)
            suite_fail(p->suite, "%s: one root waits for another", operation_of(p));
    }
}

static void starts_on_roots(suite_group *group, suite_mode mode, bool own_roots)
{
    const berth_suite_manager *type = group->manager;
    unsigned n, i;
    party p;

    begin(&p, group, own_roots ? "starts_on_many_roots" : "starts_on_one_root", mode);
    p.own_roots = own_roots;
    for (n = 0; n < type->n_phases; n++) {
        p.phase = &type->phases[n];
        suite_zero_counts(p.suite);
        for (i = 0; i < CALLERS; i++)
            go(&p, i, BERTH_NO_DEADLINE);
        if (own_roots && calls(&p, p.phase->alone))
            complete_backwards(&p);
        finish_all(&p);
        check_counts(&p, own_roots ? p.phase->alone : p.phase->together, own_roots ? CALLERS : 1);
    }
    end(&p);
}

static void starts_on_many_roots(suite_group *group, suite_mode mode)
{
    const berth_suite_manager *type = group->manager;

    if (type->n_phases > 0 && type->resources[type->phases[0].path[0]].set_key != NULL)
        starts_on_roots(group, mode, true);
}

void suite_test_starts_on_many_roots(void **state)
{
    in_both_modes(*state, starts_on_many_roots);
}

static void starts_on_one_root(suite_group *group, suite_mode mode)
{
    starts_on_roots(group, mode, false);
}

void suite_test_starts_on_one_root(void **state)
{
    in_both_modes(*state, starts_on_one_root);
}

/* Everybody has asked when the first one's call fails. */
static void share_failure(suite_group *group, const berth_suite_sharing *sharing, suite_mode mode)
{
    unsigned failed = 0, n, i;
    party p;

    begin(&p, group, "queued_starts_share_the_outcome", mode);
    for (n = 0; n < sharing->phase; n++) {
        for (i = 0; i < CALLERS; i++)
            block(&p, &p.suite->type->phases[n], i);
    }
    suite_zero_counts(p.suite);
    p.phase = &p.suite->type->phases[sharing->phase];
    p.suite->fail_hook = sharing->hook;
    p.suite->fail_error = sharing->error;
    for (i = 0; i < CALLERS; i++)
        go(&p, i, BERTH_NO_DEADLINE);
    for (i = 0; i < CALLERS; i++) {
        while (p.jobs[i]->n_done == 0 && suite_go_on(p.suite))
            ;
        if (p.jobs[i]->n_done == 1 && p.jobs[i]->code == -sharing->error && failed++ == 0)
            finish(&p, i, -sharing->error);
        else
            finish(&p, i, -sharing->others);
    }
    if (failed == 0)
        suite_fail(p.suite, "%s: nobody got %s", operation_of(&p), berth_errno_name(sharing->error));
    end(&p);
}

void suite_test_sharing_started(void **state)
{
    suite_group *group = *state;
    unsigned i;

    for (i = 0; i < group->manager->n_sharings; i++) {
        share_failure(group, &group->manager->sharings[i], SUITE_LATER);
        share_failure(group, &group->manager->sharings[i], SUITE_LOOP);
    }
}

/* One caller, who goes from one phase to the next within `done`. */
typedef struct chain {
    party *party;
    unsigned left; /* phases */
    bool over;
} chain;

static void go_to_next(suite_job *job)
{
    chain *c = job->suite->at_end_arg;
    party *p = c->party;
    const berth_suite_manager *type = job->suite->type;

    p->jobs[0] = job;
    finish(p, 0, 0);
    c->over = --c->left == 0;
    if (c->over)
        return;
    p->phase = &type->phases[(type->n_phases - c->left % type->n_phases) % type->n_phases];
    p->jobs[0] = NULL; /* what is started here may be over before the start returns */
    expect_code(p, "is started by `done`",
                suite_phase_start(p->suite, p->phase, &p->callers[0], configs_of(p, p->phase, 0), BERTH_NO_DEADLINE)->refused, 0);
}

static void start_from_done(suite_group *group, suite_mode mode)
{
    const berth_suite_manager *type = group->manager;
    uint16_t expected[256] = {0};
    unsigned n, h;
    chain c;
    party p;

    if (type->n_phases == 0)
        return;
    begin(&p, group, "done_starts_the_next", mode);
    c = (chain){.party = &p, .left = type->n_phases * ROUNDS};
    p.phase = &type->phases[0];
    p.suite->at_end = go_to_next;
    p.suite->at_end_arg = &c;
    (void)suite_phase_start(p.suite, p.phase, &p.callers[0], configs_of(&p, p.phase, 0), BERTH_NO_DEADLINE);
    while (suite_go_on(p.suite))
        ;
    if (!c.over)
        suite_fail(p.suite, "%u operations were not done", c.left);
    for (n = 0; n < type->n_phases; n++) {
        for (h = 1; h <= type->n_hooks; h++)
            expected[h] = (uint16_t)(expected[h] + type->phases[n].alone[h]);
    }
    check_counts(&p, expected, ROUNDS);
    p.suite->at_end = NULL;
    end(&p);
}

void suite_test_start_from_done(void **state)
{
    start_from_done(*state, SUITE_AT_ONCE);
    start_from_done(*state, SUITE_EARLY);
    in_both_modes(*state, start_from_done);
}

/* Nothing can be asked of a manager that is locked. */
static void ask_locked(berth_suite *suite)
{
    party *p = suite->on_row_arg;
    berth_error error = {0};
    int64_t next;
    const suite_job *drain;

    suite->on_row = NULL;
    drain = suite_job_start(suite, NULL, &(berth_suite_call){.manager = suite->manager, .deadline = BERTH_NO_DEADLINE, .error = &error});
    expect_code(p, "and drain from a trace", drain->refused, -EDEADLK);
    expect_code(p, "and drain from a trace: error.code", error.code, -EDEADLK);
    p->jobs[1] = suite_phase_start(suite, p->phase, &p->callers[1], configs_of(p, p->phase, 1), BERTH_NO_DEADLINE);
    finish(p, 1, -EDEADLK);
    expect_code(p, "and poll from a trace", suite->type->poll(suite->manager, &next), -EDEADLK);
    cancel(p, 0, -EDEADLK);
}

/* A start without what it needs: refused, and nothing has happened. */
static void refuse(party *p, unsigned i, bool without_manager)
{
    void *manager = p->suite->manager;

    note(p);
    p->suite->no_done = !without_manager;
    p->suite->manager = without_manager ? NULL : manager;
    p->jobs[i] = suite_phase_start(p->suite, p->phase, &p->callers[i], configs_of(p, p->phase, i), BERTH_NO_DEADLINE);
    p->suite->manager = manager;
    p->suite->no_done = false;
    finish(p, i, -EINVAL);
    expect_unchanged(p, "a start that is refused");
}

static void refuse_without_block(party *p, unsigned i)
{
    note(p);
    p->suite->no_blocks = true;
    p->jobs[i] = suite_phase_start(p->suite, p->phase, &p->callers[i], configs_of(p, p->phase, i), BERTH_NO_DEADLINE);
    p->suite->no_blocks = false;
    finish(p, i, -ENOMEM);
    expect_unchanged(p, "a start without a block");
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
    begin(&p, group, "start_refuses", SUITE_LATER);
    for (n = 0; n < type->n_phases; n++) {
        p.phase = &type->phases[n];
        refuse(&p, 0, false);
        refuse(&p, 0, true);
        if (type->limited)
            refuse_without_block(&p, 0);
        if (n == number) {
            other = suite_begin(group, "start_refuses", &group->manager->environments[0]);
            suite_create(other);
            go(&p, 0, BERTH_NO_DEADLINE);
            expect_code(&p, "cancelled by nobody", type->cancel(NULL, p.jobs[0]->call.op), -EINVAL);
            expect_code(&p, "cancelled without a block", type->cancel(p.suite->manager, NULL), -EINVAL);
            expect_code(&p, "cancelled by another manager", type->cancel(other->manager, p.jobs[0]->call.op), -EINVAL);
            expect_code(&p, "polled by nobody", type->poll(NULL, NULL), -EINVAL);
            expect_code(&p, "polled", type->poll(p.suite->manager, NULL), 0);
            p.suite->on_row = ask_locked;
            p.suite->on_row_arg = &p;
            finish(&p, 0, 0);
            if (p.suite->on_row != NULL)
                suite_fail(p.suite, "%s reported no row", operation_of(&p));
            suite_close(other);
        } else {
            block(&p, p.phase, 0);
        }
    }
    end(&p);
}
