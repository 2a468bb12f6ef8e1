/* A group of callers on one thread, and the operations that they have started. */
#ifndef BERTH_SUITE_CALLERS_H
#define BERTH_SUITE_CALLERS_H

#include "../suite/suite_internal.h"

#define N_CALLERS BERTH_SUITE_THREADS /* callers */

typedef struct caller_group {
    berth_suite *suite;
    const berth_suite_phase *phase; /* the current phase */
    suite_caller callers[N_CALLERS];
    suite_configs *configs;     /* one for each */
    suite_job *jobs[N_CALLERS]; /* the last operation of each */
    bool own_roots;
    unsigned calls;          /* calls at callers_note() */
    berth_suite_text before; /* the snapshot of that moment */
    berth_suite_text after;
} caller_group;

void callers_begin(caller_group *p, suite_group *group, const char *name, suite_mode mode);
/*
 * The same, with all callers before the first phase that calls a hook. False: there is no such
 * phase, and nothing was begun.
 */
bool callers_begin_calling(caller_group *p, suite_group *group, const char *name, suite_mode mode);
void callers_end(caller_group *p);
/* Runs a test twice: without and with an event loop. */
void suite_in_both_modes(suite_group *group, void (*test)(suite_group *group, suite_mode mode));

/* The configs of a caller in a phase; they stay until the next call. */
const void *const *callers_configs(caller_group *p, const berth_suite_phase *phase, unsigned i);
/* Runs a phase with the blocking function, which must succeed. */
void callers_block(caller_group *p, const berth_suite_phase *phase, unsigned i);
/* Starts the current phase, which must be accepted; runs it to its end; cancels it. */
void callers_start(caller_group *p, unsigned i, int64_t deadline);
void callers_finish(caller_group *p, unsigned i, int expected);
void callers_cancel(const caller_group *p, unsigned i, int expected);
/* With an event loop: polls. */
void suite_poll_all(berth_suite *suite);

/* The operation of the current phase, for messages. */
const char *callers_operation(const caller_group *p);
/* Fails with `what`, unless the code is as expected. */
void callers_expect(const caller_group *p, const char *what, int code, int expected);
void callers_expect_open(const caller_group *p, unsigned i);
void callers_expect_over(const caller_group *p, unsigned i, int code);
/* The only pending call, which is the first caller's. */
suite_pending *callers_pending(const caller_group *p);
/* Notes what is tracked, and the number of calls; fails if they have changed since. */
void callers_note(caller_group *p);
void callers_expect_unchanged(caller_group *p, const char *what);

#endif
