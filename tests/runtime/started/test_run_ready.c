/* Blocking calls that run the ready list before they sleep. */
#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/operation.h"
#include "support/clock.h"
#include "support/loop.h"
#include "support/threads.h"

/* What is left hanging ends the program, after many times what the slowest machine takes. */
enum { PATIENCE = 300 };

/*
 * Inside hooks: rack "a" is taken by what pends, and the thread that blocks for it has something
 * else to run.
 */

struct tangle {
    struct job held, outer, ready, last;
    berth_token token;    /* of the call that pends */
    const char *discards; /* a rack; "": all of them; NULL: none */
    const char *label;    /* of rack a; NULL: "0" */
    bool drains;          /* the blocking call */
    bool then_all;        /* completes the call of the rack that is gone; then discards all */
    int rc;
    berth_error error;
};

static int pend(struct tangle *tangle, berth_call *call)
{
    tangle->token = berth_call_token(call);
    return BERTH_PENDING;
}

/*
 * "outer" starts "ready" and blocks for rack a, which pends: so "ready" runs, and completes it. The
 * blocking call gets the rack. Its own call pends as well, and is completed by what its hook
 * starts.
 */
static int entangle(struct depot *depot, uint8_t hook, berth_call *call, const void *view,
                    void *out)
{
    struct tangle *tangle = depot->arg;
    const char *rack = ((const rack_view *)view)->name;

    (void)out;
    if (hook == RACK_OPEN && strcmp(rack, "a") == 0)
        return pend(tangle, call);
    if (hook == RACK_EJECT) {
        job_go(&tangle->ready, depot, OP_USE, "later");
        return pend(tangle, call);
    }
    if (strcmp(rack, "outer") == 0) {
        job_go(&tangle->ready, depot, OP_USE, "ready");
        tangle->rc = tangle->drains
                         ? berth_manager_drain(depot->manager, BERTH_NO_DEADLINE, &tangle->error)
                         : by_label(depot, tangle->label ? tangle->label : "0", &tangle->error);
    } else if (strcmp(rack, "last") == 0) {
        assert_done(&tangle->held, -ECANCELED);
        assert_int_equal(berth_manager_discard(depot->manager), 0);
    } else if (hook == RACK_OPEN) {
        if (tangle->discards && strcmp(rack, "ready") == 0)
            assert_int_equal(*tangle->discards ? discard_rack(depot, tangle->discards, NULL)
                                               : berth_manager_discard(depot->manager),
                             0);
        if (!tangle->discards || *tangle->discards == 'b' || tangle->then_all)
            assert_int_equal(berth_complete(tangle->token, 0, NULL, 0), 0);
        if (tangle->then_all)
            job_go(&tangle->last, depot, OP_USE, "last");
    }
    return 0;
}

static void run_tangle(struct depot *depot, struct tangle *tangle)
{
    *tangle = (struct tangle){.discards = tangle->discards, .rc = 1};
    depot_start(depot, NULL, NULL);
    depot->hook = entangle;
    depot->arg = tangle;
    job_go(&tangle->held, depot, OP_USE, "a");
    job_go(&tangle->outer, depot, OP_USE, "outer");
}

static void a_caller_runs_ready_again_after_it_got_its_root(void **unused)
{
    static struct tangle tangle = {.discards = NULL};
    struct depot depot;

    (void)unused;
    run_tangle(&depot, &tangle);
    assert_done(&tangle.held, 0);
    assert_int_equal(tangle.rc, 0);
    assert_done(&tangle.outer, 0);
    assert_done(&tangle.ready, 0);
    assert_string_equal(
        depot.log,
        "rack.open:a rack.open:outer rack.open:ready rack.eject:a rack.open:later rack.close:a");
    depot_stop(&depot);
}

static void a_discard_finds_callers_that_run_ready(void **unused)
{
    static struct tangle tangle = {.discards = ""};
    struct depot depot;

    (void)unused;
    run_tangle(&depot, &tangle);
    assert_int_equal(tangle.rc, -ECANCELED);
    assert_int_equal(tangle.error.code, -ECANCELED);
    assert_string_equal(tangle.error.key, "\"a\""); /* for which it was to wait */
    assert_not_done(&tangle.held);
    assert_int_equal(berth_complete(tangle.token, 0, NULL, 0), 0);
    assert_done(&tangle.held, -ECANCELED);
    assert_done(&tangle.outer, -ECANCELED);
    assert_done(&tangle.ready, -ECANCELED);
    assert_string_equal(depot.log, "rack.open:a rack.open:outer rack.open:ready");
    depot_stop(&depot);
}

static void so_does_a_discard_of_the_root(void **unused)
{
    static struct tangle tangle = {.discards = "a"};
    struct depot depot;

    (void)unused;
    run_tangle(&depot, &tangle);
    assert_int_equal(tangle.rc, -ECANCELED);
    assert_string_equal(tangle.error.key, "\"a\"");
    assert_not_done(&tangle.held);
    assert_int_equal(berth_complete(tangle.token, 0, NULL, 0), 0);
    assert_done(&tangle.held, -ECANCELED);
    assert_done(&tangle.outer, 0);
    assert_done(&tangle.ready, 0);
    assert_state(&depot, "rack outer on 1+0\nrack ready on 1+0\n");
    depot_stop(&depot);
}

static void not_that_of_another(void **unused)
{
    static struct tangle tangle;
    struct depot depot;

    (void)unused;
    tangle = (struct tangle){.discards = "b", .rc = 1};
    depot_start(&depot, NULL, NULL);
    assert_int_equal(on_rack(&depot, OP_RESOLVE, "b", NULL), 0); /* label "0" is taken */
    depot.hook = entangle;
    depot.arg = &tangle;
    tangle.label = "1";
    job_go(&tangle.held, &depot, OP_USE, "a");
    job_go(&tangle.outer, &depot, OP_USE, "outer");
    assert_int_equal(tangle.rc, 0);
    assert_done(&tangle.held, 0);
    assert_done(&tangle.outer, 0);
    depot_stop(&depot);
}

/* The rack for which it was to wait has no call any more, and is in memory for it alone. */
static void a_drain_that_runs_ready_is_discarded_twice(void **unused)
{
    static struct tangle tangle;
    struct depot depot;

    (void)unused;
    tangle = (struct tangle){.discards = "a", .drains = true, .then_all = true, .rc = 1};
    depot_start(&depot, NULL, NULL);
    depot.hook = entangle;
    depot.arg = &tangle;
    job_go(&tangle.held, &depot, OP_USE, "a");
    job_go(&tangle.outer, &depot, OP_USE, "outer");
    assert_int_equal(tangle.rc, -ECANCELED);
    assert_done(&tangle.held, -ECANCELED);
    assert_done(&tangle.outer, -ECANCELED);
    assert_done(&tangle.ready, 0);
    assert_done(&tangle.last, -ECANCELED);
    assert_state(&depot, "");
    depot_stop(&depot);
}

/* A drain blocks for the rack. */
static void a_drain_that_runs_ready_goes_on_without_the_root(void **unused)
{
    static struct tangle tangle;
    struct depot depot;

    (void)unused;
    tangle = (struct tangle){.discards = "a", .drains = true, .rc = 1};
    depot_start(&depot, NULL, NULL);
    depot.hook = entangle;
    depot.arg = &tangle;
    job_go(&tangle.held, &depot, OP_USE, "a");
    assert_int_equal(on_rack(&depot, OP_RESOLVE, "c", NULL), 0);
    job_go(&tangle.outer, &depot, OP_USE, "outer");
    assert_int_equal(tangle.rc, -ECANCELED);
    assert_string_equal(tangle.error.key, "\"a\"");
    assert_state(&depot, "rack outer on 1+0\nrack ready on 1+0\n"); /* rack c is gone */
    assert_int_equal(berth_complete(tangle.token, 0, NULL, 0), 0);
    assert_done(&tangle.held, -ECANCELED);
    depot_stop(&depot);
}

/* Each hook starts the next one, and blocks for what pends: the thread is one deeper in each. */

enum { MOST_DEEP = 16 };

struct ladder {
    struct job held, jobs[MOST_DEEP + 1];
    berth_token token;
    int rc[MOST_DEEP + 1];
    int drain_rc, look_up_rc;
    berth_error error;
};

/* That there is no such rack is not what the answer is about. */
static int look_up_nothing(struct depot *depot)
{
    const uuid_t uid = {9};
    char label[sizeof((rack_view *)NULL)->label];
    void *const results[] = {label};
    const size_t sizes[] = {sizeof label};
    const berth_request request = {.operation = OP_BY_UID,
                                   .by = uid,
                                   .results = results,
                                   .result_sizes = sizes,
                                   .deadline = BERTH_NO_DEADLINE};

    return berth_manager_run(depot->manager, &request, NULL);
}

static int climb(struct depot *depot, uint8_t hook, berth_call *call, const void *view, void *out)
{
    struct ladder *ladder = depot->arg;
    long at = strtol(((const rack_view *)view)->name, NULL, 10);
    char next[24];

    (void)hook;
    (void)out;
    if (at == 0) {
        ladder->token = berth_call_token(call);
        return BERTH_PENDING;
    }
    if (at < MOST_DEEP) {
        (void)snprintf(next, sizeof next, "%ld", at + 1);
        job_go(&ladder->jobs[at + 1], depot, OP_USE, next);
    }
    ladder->rc[at] = on_rack(depot, OP_RESOLVE, "0", at < MOST_DEEP ? NULL : &ladder->error);
    if (at == MOST_DEEP) {
        ladder->drain_rc = berth_manager_drain(depot->manager, BERTH_NO_DEADLINE, NULL);
        ladder->look_up_rc = look_up_nothing(depot);
        assert_int_equal(berth_complete(ladder->token, 0, NULL, 0), 0);
    }
    return 0;
}

static void no_thread_goes_deeper_than_sixteen(void **unused)
{
    static struct ladder ladder;
    struct depot depot;

    (void)unused;
    depot_start_many(&depot, NULL);
    depot.hook = climb;
    depot.arg = &ladder;
    job_go(&ladder.held, &depot, OP_USE, "0");
    job_go(&ladder.jobs[1], &depot, OP_USE, "1");
    assert_done(&ladder.held, 0);
    for (unsigned i = 1; i <= MOST_DEEP; i++) {
        assert_done(&ladder.jobs[i], 0);
        assert_int_equal(ladder.rc[i], i < MOST_DEEP ? 0 : -EDEADLK);
    }
    assert_int_equal(ladder.error.code, -EDEADLK);
    assert_where(&ladder.error, "rack", NULL, NULL, NULL);
    assert_int_equal(ladder.drain_rc, -EDEADLK);
    assert_int_equal(ladder.look_up_rc, -EDEADLK);
    depot_stop(&depot);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_caller_runs_ready_again_after_it_got_its_root),
        cmocka_unit_test(a_discard_finds_callers_that_run_ready),
        cmocka_unit_test(so_does_a_discard_of_the_root),
        cmocka_unit_test(not_that_of_another),
        cmocka_unit_test(a_drain_that_runs_ready_goes_on_without_the_root),
        cmocka_unit_test(a_drain_that_runs_ready_is_discarded_twice),
        cmocka_unit_test(no_thread_goes_deeper_than_sixteen),
    };

    (void)alarm(PATIENCE);
    return cmocka_run_group_tests_name("run ready", tests, NULL, NULL);
}
