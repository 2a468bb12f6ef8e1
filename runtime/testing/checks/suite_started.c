/*
 * Started operations that come to their end: every script, on many roots, on one, one after the
 * other.
 */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>

#include "suite_callers.h"

#define ROUNDS 3

static void all_scripts(suite_group *group, suite_mode mode, unsigned how)
{
    uint32_t i;

    for (i = 0; i < group->manager->n_scripts; i++)
        suite_script(group, &group->manager->scripts[i], mode, how);
}

void suite_test_at_once(void **state)
{
    all_scripts(*state, SUITE_AT_ONCE, 0);
}

void suite_test_early(void **state)
{
    all_scripts(*state, SUITE_EARLY, 0);
}

void suite_test_later(void **state)
{
    all_scripts(*state, SUITE_LATER, 0);
}

void suite_test_loop(void **state)
{
    all_scripts(*state, SUITE_LOOP, 0);
}

void suite_test_start_allocations(void **state)
{
    all_scripts(*state, SUITE_LATER, SCRIPT_WITHOUT_MEMORY);
}

static void finish_all(caller_group *p)
{
    unsigned i;

    for (i = 0; i < N_CALLERS; i++)
        callers_finish(p, i, 0);
}

static void check_counts(const caller_group *p, const uint16_t *each, unsigned callers)
{
    unsigned h;

    for (h = 1; h <= p->suite->type->n_hooks; h++) {
        if (p->suite->counts[h] != each[h] * callers)
            suite_fail(p->suite, "%s: expected %u calls of %s, came %u", callers_operation(p),
                       each[h] * callers, p->suite->type->hooks[h].name, p->suite->counts[h]);
    }
}

static bool calls(const caller_group *p, const uint16_t *counts)
{
    unsigned h;

    for (h = 1; h <= p->suite->type->n_hooks; h++) {
        if (counts[h] > 0)
            return true;
    }
    return false;
}

/*
 * All are inside a hook at the same time. Who is answered first is over first, whoever began first.
 */
static void complete_backwards(caller_group *p)
{
    unsigned n = 0, i;
    suite_pending *last;

    for (last = p->suite->pending; last != NULL; last = last->next)
        n++;
    if (n != N_CALLERS)
        suite_fail(p->suite, "%s: of %u callers on roots of their own, %u are in a hook",
                   callers_operation(p), N_CALLERS, n);
    while (p->suite->pending != NULL) {
        for (last = p->suite->pending; last->next != NULL;)
            last = last->next;
        suite_complete(p->suite, last);
        suite_poll_all(p->suite);
    }
    for (i = 1; i < N_CALLERS; i++) {
        callers_expect_over(p, i, 0);
        if (p->jobs[i]->order > p->jobs[i - 1]->order)
            suite_fail(p->suite, "%s: one root waits for another", callers_operation(p));
    }
}

static void starts_on_roots(suite_group *group, suite_mode mode, bool own_roots)
{
    const berth_suite_manager *type = group->manager;
    unsigned n, i;
    caller_group p;

    callers_begin(&p, group, own_roots ? "starts_on_many_roots" : "starts_on_one_root", mode);
    p.own_roots = own_roots;
    for (n = 0; n < type->n_phases; n++) {
        p.phase = &type->phases[n];
        suite_zero_counts(p.suite);
        for (i = 0; i < N_CALLERS; i++)
            callers_start(&p, i, BERTH_NO_DEADLINE);
        if (own_roots && calls(&p, p.phase->alone))
            complete_backwards(&p);
        finish_all(&p);
        check_counts(&p, own_roots ? p.phase->alone : p.phase->together, own_roots ? N_CALLERS : 1);
    }
    callers_end(&p);
}

static void starts_on_many_roots(suite_group *group, suite_mode mode)
{
    if (suite_has_many_roots(group->manager))
        starts_on_roots(group, mode, true);
}

void suite_test_starts_on_many_roots(void **state)
{
    suite_in_both_modes(*state, starts_on_many_roots);
}

static void starts_on_one_root(suite_group *group, suite_mode mode)
{
    starts_on_roots(group, mode, false);
}

void suite_test_starts_on_one_root(void **state)
{
    suite_in_both_modes(*state, starts_on_one_root);
}

/* Everybody has asked when the first one's call fails. */
static void share_failure(suite_group *group, const berth_suite_sharing *sharing, suite_mode mode)
{
    unsigned failed = 0, n, i;
    caller_group p;

    callers_begin(&p, group, "queued_starts_share_the_outcome", mode);
    for (n = 0; n < sharing->phase; n++) {
        for (i = 0; i < N_CALLERS; i++)
            callers_block(&p, &p.suite->type->phases[n], i);
    }
    suite_zero_counts(p.suite);
    p.phase = &p.suite->type->phases[sharing->phase];
    p.suite->fail_hook = sharing->hook;
    p.suite->fail_error = sharing->error;
    for (i = 0; i < N_CALLERS; i++)
        callers_start(&p, i, BERTH_NO_DEADLINE);
    for (i = 0; i < N_CALLERS; i++) {
        while (p.jobs[i]->n_done == 0 && suite_run_next(p.suite))
            ;
        if (p.jobs[i]->n_done == 1 && p.jobs[i]->code == -sharing->error && failed++ == 0)
            callers_finish(&p, i, -sharing->error);
        else
            callers_finish(&p, i, -sharing->others);
    }
    if (failed == 0)
        suite_fail(p.suite, "%s: nobody got %s", callers_operation(&p),
                   berth_errno_name(sharing->error));
    callers_end(&p);
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
    caller_group *caller_group;
    unsigned left; /* phases */
    bool over;
} chain;

static void go_to_next(suite_job *job)
{
    chain *c = job->suite->at_end_arg;
    caller_group *p = c->caller_group;
    const berth_suite_manager *type = job->suite->type;

    p->jobs[0] = job;
    callers_finish(p, 0, 0);
    c->over = --c->left == 0;
    if (c->over)
        return;
    p->phase = &type->phases[(type->n_phases - c->left % type->n_phases) % type->n_phases];
    p->jobs[0] = NULL; /* what is started here may be over before the start returns */
    callers_expect(p, "is started by `done`",
                   suite_phase_start(p->suite, p->phase, &p->callers[0],
                                     callers_configs(p, p->phase, 0), BERTH_NO_DEADLINE)
                       ->refused,
                   0);
}

static void start_from_done(suite_group *group, suite_mode mode)
{
    const berth_suite_manager *type = group->manager;
    uint16_t expected[256] = {0};
    unsigned n, h;
    chain c;
    caller_group p;

    if (type->n_phases == 0)
        return;
    callers_begin(&p, group, "done_starts_the_next", mode);
    c = (chain){.caller_group = &p, .left = type->n_phases * ROUNDS};
    p.phase = &type->phases[0];
    p.suite->at_end = go_to_next;
    p.suite->at_end_arg = &c;
    (void)suite_phase_start(p.suite, p.phase, &p.callers[0], callers_configs(&p, p.phase, 0),
                            BERTH_NO_DEADLINE);
    while (suite_run_next(p.suite))
        ;
    if (!c.over)
        suite_fail(p.suite, "%u operations were not done", c.left);
    for (n = 0; n < type->n_phases; n++) {
        for (h = 1; h <= type->n_hooks; h++)
            expected[h] = (uint16_t)(expected[h] + type->phases[n].alone[h]);
    }
    check_counts(&p, expected, ROUNDS);
    p.suite->at_end = NULL;
    callers_end(&p);
}

void suite_test_start_from_done(void **state)
{
    start_from_done(*state, SUITE_AT_ONCE);
    start_from_done(*state, SUITE_EARLY);
    suite_in_both_modes(*state, start_from_done);
}
