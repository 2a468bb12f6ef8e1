/* What the tests of started operations do with their callers. */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "suite_callers.h"

const void *const *callers_configs(caller_group *p, const berth_suite_phase *phase, unsigned i)
{
    memset(&p->configs[i], 0, sizeof p->configs[i]);
    if (phase->levels > 0 && !suite_keyed(p->suite, &p->configs[i], phase->config, phase->path, 0,
                                          p->own_roots ? i + 1 : 0))
        abort();
    return p->configs[i].config;
}

void callers_begin(caller_group *p, suite_group *group, const char *name, suite_mode mode)
{
    *p = (caller_group){.suite = suite_begin(group, name, &group->manager->environments[0])};
    p->configs = suite_allocate(N_CALLERS * sizeof *p->configs);
    suite_text_init(&p->before, p->suite);
    suite_text_init(&p->after, p->suite);
    suite_mode_set(p->suite, mode);
    suite_create(p->suite);
    p->suite->counting = true;
    p->suite->keeps = true;
}

void callers_end(caller_group *p)
{
    free(p->configs);
    suite_text_free(&p->before);
    suite_text_free(&p->after);
    suite_close(p->suite);
}

const char *callers_operation(const caller_group *p)
{
    return p->suite->type->operations[p->phase->operation].name;
}

void callers_expect(const caller_group *p, const char *what, int code, int expected)
{
    if (code != expected)
        suite_fail(p->suite, "%s %s: expected %s, came %s", callers_operation(p), what,
                   berth_errno_name(expected), berth_errno_name(code));
}

void callers_block(caller_group *p, const berth_suite_phase *phase, unsigned i)
{
    const suite_mode mode = p->suite->mode;
    int rc;

    p->suite->mode = SUITE_BLOCKING;
    rc = suite_phase(p->suite, phase, &p->callers[i], callers_configs(p, phase, i),
                     BERTH_NO_DEADLINE);
    p->suite->mode = mode;
    if (rc != 0)
        suite_fail(p->suite, "%s: expected ok, came %s",
                   p->suite->type->operations[phase->operation].name, berth_errno_name(rc));
}

bool callers_begin_calling(caller_group *p, suite_group *group, const char *name, suite_mode mode)
{
    unsigned number, n, i;
    const berth_suite_phase *phase = suite_calling_phase(group->manager, &number);

    if (phase == NULL)
        return false;
    callers_begin(p, group, name, mode);
    p->phase = phase;
    for (n = 0; n < number; n++) {
        for (i = 0; i < N_CALLERS; i++)
            callers_block(p, &p->suite->type->phases[n], i);
    }
    return true;
}

void callers_start(caller_group *p, unsigned i, int64_t deadline)
{
    p->jobs[i] = suite_phase_start(p->suite, p->phase, &p->callers[i],
                                   callers_configs(p, p->phase, i), deadline);
    callers_expect(p, "is started", p->jobs[i]->refused, 0);
}

void callers_finish(caller_group *p, unsigned i, int expected)
{
    callers_expect(p, "started", suite_phase_finish(p->phase, &p->callers[i], p->jobs[i]),
                   expected);
    if (p->callers[i].error.code != expected)
        suite_fail(p->suite, "%s: error.code is %d, not %d", callers_operation(p),
                   p->callers[i].error.code, expected);
    if (expected != 0 && p->suite->type->operations[p->phase->operation].gives &&
        !uuid_is_null(p->callers[i].reservation))
        suite_fail(p->suite, "%s: the reservation is not all-zero after %s", callers_operation(p),
                   berth_errno_name(expected));
}

suite_pending *callers_pending(const caller_group *p)
{
    if (p->jobs[0]->n_done > 0 || p->suite->pending == NULL || p->suite->pending->next != NULL)
        suite_fail(p->suite, "%s: expected one pending hook", callers_operation(p));
    return p->suite->pending;
}

void suite_poll_all(berth_suite *suite)
{
    while (suite->woken)
        (void)suite_poll(suite);
}

void callers_expect_open(const caller_group *p, unsigned i)
{
    if (p->jobs[i]->n_done > 0)
        suite_fail(p->suite, "%s of caller %u is over: %s", callers_operation(p), i + 1,
                   berth_errno_name(p->jobs[i]->code));
}

void callers_expect_over(const caller_group *p, unsigned i, int code)
{
    if (p->jobs[i]->n_done == 0)
        suite_fail(p->suite, "%s of caller %u is not over", callers_operation(p), i + 1);
    callers_expect(p, "started", p->jobs[i]->code, code);
}

void callers_note(caller_group *p)
{
    p->calls = p->suite->total;
    suite_snapshot(p->suite, &p->before);
}

void callers_expect_unchanged(caller_group *p, const char *what)
{
    suite_snapshot(p->suite, &p->after);
    if (p->suite->total != p->calls)
        suite_fail(p->suite, "%s called a hook", what);
    if (strcmp(p->before.data, p->after.data) != 0)
        suite_fail(p->suite, "%s changed\n  %s\n  to\n  %s", what, p->before.data, p->after.data);
}

void callers_cancel(const caller_group *p, unsigned i, int expected)
{
    callers_expect(p, "cancelled", p->suite->type->cancel(p->suite->manager, p->jobs[i]->call.op),
                   expected);
}

void suite_in_both_modes(suite_group *group, void (*test)(suite_group *group, suite_mode mode))
{
    test(group, SUITE_LATER);
    test(group, SUITE_LOOP);
}
