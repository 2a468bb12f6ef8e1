/* Started operations that are refused, and what each operation does that has to wait. */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <string.h>

#include "suite_callers.h"

/* A locked manager answers no call. */
static void ask_locked(berth_suite *suite)
{
    caller_group *p = suite->on_row_arg;
    berth_error error = {0};
    int64_t next;
    const suite_job *drain;

    suite->on_row = NULL;
    drain = suite_job_start(suite, NULL,
                            &(berth_suite_call){.manager = suite->manager,
                                                .deadline = BERTH_NO_DEADLINE,
                                                .error = &error});
    callers_expect(p, "and drain from a trace", drain->refused, -EDEADLK);
    callers_expect(p, "and drain from a trace: error.code", error.code, -EDEADLK);
    p->jobs[1] = suite_phase_start(suite, p->phase, &p->callers[1], callers_configs(p, p->phase, 1),
                                   BERTH_NO_DEADLINE);
    callers_finish(p, 1, -EDEADLK);
    callers_expect(p, "and poll from a trace", suite->type->poll(suite->manager, &next), -EDEADLK);
    callers_cancel(p, 0, -EDEADLK);
}

/* A start without what it needs: refused, and nothing has happened. */
static void refuse(caller_group *p, unsigned i, bool without_manager)
{
    void *manager = p->suite->manager;

    callers_note(p);
    p->suite->no_done = !without_manager;
    p->suite->manager = without_manager ? NULL : manager;
    p->jobs[i] = suite_phase_start(p->suite, p->phase, &p->callers[i],
                                   callers_configs(p, p->phase, i), BERTH_NO_DEADLINE);
    p->suite->manager = manager;
    p->suite->no_done = false;
    callers_finish(p, i, -EINVAL);
    callers_expect_unchanged(p, "a start that is refused");
}

static void refuse_without_block(caller_group *p, unsigned i)
{
    callers_note(p);
    p->suite->no_blocks = true;
    p->jobs[i] = suite_phase_start(p->suite, p->phase, &p->callers[i],
                                   callers_configs(p, p->phase, i), BERTH_NO_DEADLINE);
    p->suite->no_blocks = false;
    callers_finish(p, i, -ENOMEM);
    callers_expect_unchanged(p, "a start without a block");
}

void suite_test_start_refuses(void **state)
{
    suite_group *group = *state;
    const berth_suite_manager *type = group->manager;
    berth_suite *other;
    unsigned number, n;
    caller_group p;

    if (suite_calling_phase(type, &number) == NULL)
        return;
    callers_begin(&p, group, "start_refuses", SUITE_LATER);
    for (n = 0; n < type->n_phases; n++) {
        p.phase = &type->phases[n];
        refuse(&p, 0, false);
        refuse(&p, 0, true);
        if (type->limited)
            refuse_without_block(&p, 0);
        if (n == number) {
            other = suite_begin(group, "start_refuses", &group->manager->environments[0]);
            suite_create(other);
            callers_start(&p, 0, BERTH_NO_DEADLINE);
            callers_expect(&p, "cancelled by nobody", type->cancel(NULL, p.jobs[0]->call.op),
                           -EINVAL);
            callers_expect(&p, "cancelled without a block", type->cancel(p.suite->manager, NULL),
                           -EINVAL);
            callers_expect(&p, "cancelled by another manager",
                           type->cancel(other->manager, p.jobs[0]->call.op), -EINVAL);
            callers_expect(&p, "polled by nobody", type->poll(NULL, NULL), -EINVAL);
            callers_expect(&p, "polled", type->poll(p.suite->manager, NULL), 0);
            p.suite->on_row = ask_locked;
            p.suite->on_row_arg = &p;
            callers_finish(&p, 0, 0);
            if (p.suite->on_row != NULL)
                suite_fail(p.suite, "%s reported no row", callers_operation(&p));
            suite_close(other);
        } else {
            callers_block(&p, p.phase, 0);
        }
    }
    callers_end(&p);
}

/*
 * The step, started behind a drain whose hook is pending: what waits ends as expected, and nothing
 * has changed. False: it did not wait.
 */
static bool ends_waiting(berth_suite *suite, const berth_suite_step *step, int64_t deadline,
                         int expected)
{
    suite_arguments arguments = {.error = {.code = 0}};
    berth_suite_text before, after;
    const unsigned calls = suite->total;
    suite_job *job;
    bool waits;

    suite_text_init(&before, suite);
    suite_text_init(&after, suite);
    suite_snapshot(suite, &before);
    job = suite_step_start(suite, step, &arguments, deadline);
    waits = job->refused == 0 && job->n_done == 0 && suite->total == calls;
    if (waits) {
        (void)suite_poll(suite);
        if (deadline == BERTH_NO_DEADLINE && suite->type->cancel(suite->manager, job->call.op) != 0)
            suite_fail(suite, "%s waits, and cannot be cancelled", job->function->name);
        if (job->n_done != 1 || job->code != expected || arguments.error.code != expected)
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
