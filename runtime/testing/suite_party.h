/* Some callers of a manager, and the operations that they have started. For tests on one thread. */
#ifndef BERTH_SUITE_PARTY_H
#define BERTH_SUITE_PARTY_H

#include "suite_internal.h"

#define PARTY BERTH_SUITE_THREADS /* callers */

typedef struct party {
    berth_suite *suite;
    const berth_suite_phase *phase; /* that they are at */
    suite_caller callers[PARTY];
    suite_configs *configs; /* one for each */
    suite_job *jobs[PARTY]; /* what each has started last */
    bool own_roots;
    unsigned calls;          /* when all was noted, */
    berth_suite_text before; /* with what was tracked */
    berth_suite_text after;
} party;

void party_begin(party *p, suite_group *group, const char *name, suite_mode mode);
/*
 * The same, with everybody before the first phase that calls a hook; false, and nothing was begun,
 * where there is none.
 */
bool party_begin_calling(party *p, suite_group *group, const char *name, suite_mode mode);
void party_end(party *p);
/* Runs a test with completions that go on by themselves, and in a loop. */
void suite_in_both_modes(suite_group *group, void (*test)(suite_group *group, suite_mode mode));

/* What a caller gives in a phase; stays until the next time. */
const void *const *party_configs(party *p, const berth_suite_phase *phase, unsigned i);
/* Runs a phase with the blocking function, which must succeed. */
void party_block(party *p, const berth_suite_phase *phase, unsigned i);
/*
 * Starts the phase that they are at, which must be accepted; goes on until it is over, as expected;
 * cancels it.
 */
void party_go(party *p, unsigned i, int64_t deadline);
void party_finish(party *p, unsigned i, int expected);
void party_cancel(const party *p, unsigned i, int expected);
/* In a loop, what happens waits for poll. */
void suite_settle(berth_suite *suite);

/* For messages: the operation of the phase that they are at. */
const char *party_operation(const party *p);
/* Fails with `what`, unless the code is that. */
void party_expect(const party *p, const char *what, int code, int expected);
void party_expect_open(const party *p, unsigned i);
void party_expect_over(const party *p, unsigned i, int code);
/* The call that the first caller's operation waits for, which must be the only one. */
suite_pending *party_pending(const party *p);
/* Remembers what is tracked and how many calls there were; fails if that has changed since. */
void party_note(party *p);
void party_expect_unchanged(party *p, const char *what);

#endif
