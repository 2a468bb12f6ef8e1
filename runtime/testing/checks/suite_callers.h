/* Some callers of a manager, and the operations that they have started. For tests on one thread. */
#ifndef BERTH_SUITE_CALLERS_H
#define BERTH_SUITE_CALLERS_H

#include "../suite/suite_internal.h"

#define N_CALLERS BERTH_SUITE_THREADS /* callers */

typedef struct caller_group {
    berth_suite *suite;
    const berth_suite_phase *phase; /* that they are at */
    suite_caller callers[N_CALLERS];
    suite_configs *configs;     /* one for each */
    suite_job *jobs[N_CALLERS]; /* what each has started last */
    bool own_roots;
    unsigned calls;          /* when all was noted, */
    berth_suite_text before; /* with what was tracked */
    berth_suite_text after;
} caller_group;

void callers_begin(caller_group *p, suite_group *group, const char *name, suite_mode mode);
/*
 * The same, with everybody before the first phase that calls a hook; false, and nothing was begun,
 * where there is none.
 */
bool callers_begin_calling(caller_group *p, suite_group *group, const char *name, suite_mode mode);
void callers_end(caller_group *p);
/* Runs a test with completions that go on by themselves, and in a loop. */
void suite_in_both_modes(suite_group *group, void (*test)(suite_group *group, suite_mode mode));

/* What a caller gives in a phase; stays until the next time. */
const void *const *callers_configs(caller_group *p, const berth_suite_phase *phase, unsigned i);
/* Runs a phase with the blocking function, which must succeed. */
void callers_block(caller_group *p, const berth_suite_phase *phase, unsigned i);
/*
 * Starts the phase that they are at, which must be accepted; goes on until it is over, as expected;
 * cancels it.
 */
void callers_start(caller_group *p, unsigned i, int64_t deadline);
void callers_finish(caller_group *p, unsigned i, int expected);
void callers_cancel(const caller_group *p, unsigned i, int expected);
/* In a loop, what happens waits for poll. */
void suite_poll_all(berth_suite *suite);

/* For messages: the operation of the phase that they are at. */
const char *callers_operation(const caller_group *p);
/* Fails with `what`, unless the code is that. */
void callers_expect(const caller_group *p, const char *what, int code, int expected);
void callers_expect_open(const caller_group *p, unsigned i);
void callers_expect_over(const caller_group *p, unsigned i, int code);
/* The call that the first caller's operation waits for, which must be the only one. */
suite_pending *callers_pending(const caller_group *p);
/* Remembers what is tracked and how many calls there were; fails if that has changed since. */
void callers_note(caller_group *p);
void callers_expect_unchanged(caller_group *p, const char *what);

#endif
