/* What the tests of started operations do with their callers. */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "suite_party.h"

const void *const *party_configs(party *p, const berth_suite_phase *phase, unsigned i)
{
    memset(&p->configs[i], 0, sizeof p->configs[i]);
    if (phase->levels > 0 && !suite_keyed(p->suite, &p->configs[i], phase->config, phase->path, 0,
                                          p->own_roots ? i + 1 : 0))
        abort();
    return p->configs[i].config;
}

void party_begin(party *p, suite_group *group, const char *name, suite_mode mode)
{
    *p = (party){.suite = suite_begin(group, name, &group->manager->environments[0])};
    p->configs = suite_allocate(PARTY * sizeof *p->configs);
    suite_text_init(&p->before, p->suite);
    suite_text_init(&p->after, p->suite);
    suite_mode_set(p->suite, mode);
    suite_create(p->suite);
    p->suite->counting = true;
    p->suite->keeps = true;
}

void party_end(party *p)
{
    free(p->configs);
    suite_text_free(&p->before);
    suite_text_free(&p->after);
    suite_close(p->suite);
}

const char *party_operation(const party *p)
{
    return p->suite->type->operations[p->phase->operation].name;
}

void party_expect(const party *p, const char *what, int code, int expected)
{
    if (code != expected)
        suite_fail(p->suite, "%s %s: expected %s, came %s", party_operation(p), what,
                   berth_errno_name(expected), berth_errno_name(code));
}

void party_block(party *p, const berth_suite_phase *phase, unsigned i)
{
    const suite_mode mode = p->suite->mode;
    int rc;

    p->suite->mode = SUITE_BLOCKING;
    rc =
        suite_phase(p->suite, phase, &p->callers[i], party_configs(p, phase, i), BERTH_NO_DEADLINE);
    p->suite->mode = mode;
    if (rc != 0)
        suite_fail(p->suite, "%s: expected ok, came %s",
                   p->suite->type->operations[phase->operation].name, berth_errno_name(rc));
}

bool party_begin_calling(party *p, suite_group *group, const char *name, suite_mode mode)
{
    unsigned number, n, i;
    const berth_suite_phase *phase = suite_calling_phase(group->manager, &number);

    if (phase == NULL)
        return false;
    party_begin(p, group, name, mode);
    p->phase = phase;
    for (n = 0; n < number; n++) {
        for (i = 0; i < PARTY; i++)
            party_block(p, &p->suite->type->phases[n], i);
    }
    return true;
}

void party_go(party *p, unsigned i, int64_t deadline)
{
    p->jobs[i] = suite_phase_start(p->suite, p->phase, &p->callers[i],
                                   party_configs(p, p->phase, i), deadline);
    party_expect(p, "is started", p->jobs[i]->refused, 0);
}

void party_finish(party *p, unsigned i, int expected)
{
    party_expect(p, "started", suite_phase_finish(p->phase, &p->callers[i], p->jobs[i]), expected);
    if (p->callers[i].error.code != expected)
        suite_fail(p->suite, "%s: error.code is %d, not %d", party_operation(p),
                   p->callers[i].error.code, expected);
    if (expected != 0 && p->suite->type->operations[p->phase->operation].gives &&
        !uuid_is_null(p->callers[i].reservation))
        suite_fail(p->suite, "%s: the reservation is not all-zero after %s", party_operation(p),
                   berth_errno_name(expected));
}

suite_pending *party_pending(const party *p)
{
    if (p->jobs[0]->n_done > 0 || p->suite->pending == NULL || p->suite->pending->next != NULL)
        suite_fail(p->suite, "%s: expected one pending hook", party_operation(p));
    return p->suite->pending;
}

void suite_settle(berth_suite *suite)
{
    while (suite->woken)
        (void)suite_poll(suite);
}

void party_expect_open(const party *p, unsigned i)
{
    if (p->jobs[i]->n_done > 0)
        suite_fail(p->suite, "%s of caller %u is over: %s", party_operation(p), i + 1,
                   berth_errno_name(p->jobs[i]->code));
}

void party_expect_over(const party *p, unsigned i, int code)
{
    if (p->jobs[i]->n_done == 0)
        suite_fail(p->suite, "%s of caller %u is not over", party_operation(p), i + 1);
    party_expect(p, "started", p->jobs[i]->code, code);
}

void party_note(party *p)
{
    p->calls = p->suite->total;
    suite_snapshot(p->suite, &p->before);
}

void party_expect_unchanged(party *p, const char *what)
{
    suite_snapshot(p->suite, &p->after);
    if (p->suite->total != p->calls)
        suite_fail(p->suite, "%s called a hook", what);
    if (strcmp(p->before.data, p->after.data) != 0)
        suite_fail(p->suite, "%s changed\n  %s\n  to\n  %s", what, p->before.data, p->after.data);
}

void party_cancel(const party *p, unsigned i, int expected)
{
    party_expect(p, "cancelled", p->suite->type->cancel(p->suite->manager, p->jobs[i]->call.op),
                 expected);
}

void suite_in_both_modes(suite_group *group, void (*test)(suite_group *group, suite_mode mode))
{
    test(group, SUITE_LATER);
    test(group, SUITE_LOOP);
}
