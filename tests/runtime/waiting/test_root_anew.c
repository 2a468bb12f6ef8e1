/*
 * Many wait for a root that ends well, again and again: the first makes the root anew, and the
 * others wait for that one.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "model/manager.h"
#include "support/clock.h"
#include "support/loop.h"
#include "support/threads.h"

#include "passing.h"

/* A hundred thousand */

enum { EVENT_NONE, EVENT_PENDS, EVENT_FAILS };

/*
 * Many that wait for one root. What happens when the `nth` hook is called, from 1, is up to the
 * test.
 */
struct waiters {
    struct depot depot;
    depot_op *ops;
    struct member {
        struct waiters *waiters;
        unsigned number;
        unsigned nth; /* to be done, from 1; 0: not yet */
        int code;
    } * members;
    unsigned n_done;
    unsigned n_calls;
    unsigned nth;
    int event;
    berth_token tokens[2];
    unsigned n_tokens;
};

static struct waiters waiters;

static int call_of_waiter(struct depot *depot, uint8_t hook, berth_call *call, const void *view,
                          void *out)
{
    unsigned n = ++waiters.n_calls;

    (void)depot;
    (void)view;
    (void)out;
    assert_int_equal(hook, RACK_OPEN);
    depot->log[0] = '\0';
    if (n == waiters.nth && waiters.event == EVENT_FAILS)
        return -EIO;
    if (n > 1 && (n != waiters.nth || waiters.event != EVENT_PENDS))
        return 0;
    waiters.tokens[waiters.n_tokens++] = berth_call_token(call);
    return BERTH_PENDING;
}

static void leave_waiters(void *arg, int code)
{
    struct member *member = arg;

    assert_int_equal(member->nth, 0);
    member->nth = ++member->waiters->n_done;
    member->code = code;
}

static void start_member(unsigned i, uint8_t operation, int64_t deadline)
{
    static const rack_config rack = {.name = "a"};
    berth_request request = {.operation = operation,
                             .deadline = deadline,
                             .config = (const void *const[]){&rack},
                             .by = "0"};

    waiters.members[i] = (struct member){.waiters = &waiters, .number = i};
    if (operation == 0)
        assert_int_equal(berth_manager_drain_start(waiters.depot.manager, deadline, NULL,
                                                   &waiters.ops[i], leave_waiters,
                                                   &waiters.members[i]),
                         0);
    else
        assert_int_equal(berth_manager_start(waiters.depot.manager, &request, NULL, &waiters.ops[i],
                                             leave_waiters, &waiters.members[i]),
                         0);
}

/*
 * A queue of `n` behind the first, whose hook pends; waiters_go_on() adds those that are missing.
 */
static void waiters_begin(unsigned nth, int event, unsigned n)
{
    memset(&waiters, 0, sizeof waiters);
    start_passing(&waiters.depot, NULL);
    waiters.depot.hook = call_of_waiter;
    waiters.nth = nth;
    waiters.event = event;
    waiters.ops = malloc(MANY * sizeof *waiters.ops);
    waiters.members = malloc(MANY * sizeof *waiters.members);
    assert_non_null(waiters.ops);
    assert_non_null(waiters.members);
    for (unsigned i = 0; i < n; i++)
        start_member(i, OP_USE, BERTH_NO_DEADLINE);
}

static void waiters_go_on(unsigned from)
{
    for (unsigned i = from; i < MANY; i++)
        start_member(i, OP_USE, BERTH_NO_DEADLINE);
    assert_int_equal(waiters.n_calls, 1);
}

static void waiters_end(void)
{
    assert_int_equal(waiters.n_done, MANY);
    assert_state(&waiters.depot, "");
    assert_int_equal(berth_manager_destroy(waiters.depot.manager, NULL), 0);
    assert_int_equal(waiters.depot.live_bytes, 0);
    free(waiters.ops);
    free(waiters.members);
}

/* Those from `from` to before `to` were done with this code, as the `nth` and the following. */
static void assert_members(unsigned from, unsigned to, unsigned nth, int code)
{
    for (unsigned i = from; i < to; i++) {
        assert_int_equal(waiters.members[i].nth, nth + i - from);
        assert_int_equal(waiters.members[i].code, code);
    }
}

static void each_makes_the_root_anew_in_turn(void **unused)
{
    (void)unused;
    waiters_begin(0, EVENT_NONE, MANY);
    waiters_go_on(MANY);
    assert_int_equal(berth_complete(waiters.tokens[0], 0, NULL, 0), 0);
    assert_members(0, MANY, 1, 0);
    assert_int_equal(waiters.n_calls, MANY);
    waiters_end();
}

static void one_fails_and_those_behind_it_share_its_error(void **unused)
{
    (void)unused;
    waiters_begin(MANY / 2, EVENT_FAILS, MANY);
    waiters_go_on(MANY);
    assert_int_equal(berth_complete(waiters.tokens[0], 0, NULL, 0), 0);
    for (unsigned i = 0; i < MANY; i++)
        assert_int_equal(waiters.members[i].code, i < MANY / 2 - 1 ? 0 : -EIO);
    assert_int_equal(waiters.n_calls, MANY / 2);
    waiters_end();
}

static void some_are_cancelled_where_they_stand(void **unused)
{
    /* the first in line, and the last, twice */
    const unsigned cancelled[] = {MANY / 2, MANY / 2 + 1, MANY - 1, MANY - 2, MANY / 4 * 3};

    (void)unused;
    waiters_begin(MANY / 2, EVENT_PENDS, MANY);
    waiters_go_on(MANY);
    assert_int_equal(berth_complete(waiters.tokens[0], 0, NULL, 0), 0);
    assert_members(0, MANY / 2 - 1, 1, 0);
    assert_int_equal(waiters.n_done, MANY / 2 - 1);
    for (unsigned i = 0; i < 5; i++) {
        assert_int_equal(berth_manager_cancel(waiters.depot.manager, &waiters.ops[cancelled[i]]),
                         0);
        assert_members(cancelled[i], cancelled[i] + 1, MANY / 2 + i, -ECANCELED);
    }
    assert_int_equal(berth_complete(waiters.tokens[1], 0, NULL, 0), 0);
    assert_members(MANY / 2 - 1, MANY / 2, MANY / 2 + 5, 0);
    assert_members(MANY / 2 + 2, MANY / 4 * 3, MANY / 2 + 6, 0);
    assert_members(MANY / 4 * 3 + 1, MANY - 2, MANY / 4 * 3 + 4, 0);
    assert_int_equal(waiters.n_calls, MANY - 5);
    waiters_end();
}

/*
 * The one whose turn it is has made its root, and its hook is the loop's: it is gone again, and so
 * is the root.
 */
static void deadlines_pass_where_they_stand(void **unused)
{
    (void)unused;
    waiters_begin(MANY / 2, EVENT_PENDS, MANY / 4 * 3);
    start_member(MANY / 4 * 3, OP_USE, berth_now() + HOUR);
    waiters_go_on(MANY / 4 * 3 + 1);
    assert_int_equal(berth_complete(waiters.tokens[0], 0, NULL, 0), 0);
    clock_shift(HOUR);
    assert_int_equal(berth_manager_poll(waiters.depot.manager, NULL), 0);
    clock_shift(0);
    assert_members(MANY / 4 * 3, MANY / 4 * 3 + 1, MANY / 2, -ETIMEDOUT);
    assert_int_equal(waiters.n_done, MANY / 2);
    assert_int_equal(berth_complete(waiters.tokens[1], 0, NULL, 0), 0);
    assert_members(MANY / 2 - 1, MANY / 4 * 3, MANY / 2 + 1, 0);
    assert_members(MANY / 4 * 3 + 1, MANY, MANY / 4 * 3 + 2, 0);
    assert_int_equal(waiters.n_calls, MANY - 1);
    waiters_end();
}

static void all_that_still_wait_are_discarded(void **unused)
{
    (void)unused;
    waiters_begin(MANY / 2, EVENT_PENDS, MANY);
    waiters_go_on(MANY);
    assert_int_equal(berth_complete(waiters.tokens[0], 0, NULL, 0), 0);
    assert_int_equal(berth_manager_discard(waiters.depot.manager), 0);
    assert_members(MANY / 2, MANY, MANY / 2, -ECANCELED);
    assert_int_equal(waiters.n_done, MANY - 1);
    assert_int_equal(berth_complete(waiters.tokens[1], 0, NULL, 0), 0);
    assert_members(MANY / 2 - 1, MANY / 2, MANY, -ECANCELED);
    assert_int_equal(waiters.n_calls, MANY / 2);
    waiters_end();
}

/*
 * A drain, and one that looks for the first rack by its label: when that rack has ended they have
 * nothing to wait for.
 */
static void others_among_them_do_not_wait_for_the_next_root(void **unused)
{
    enum { DRAIN = MANY / 4, DROP = MANY / 2 };

    (void)unused;
    waiters_begin(2, EVENT_PENDS, DRAIN);
    start_member(DRAIN, 0, BERTH_NO_DEADLINE);
    for (unsigned i = DRAIN + 1; i < DROP; i++)
        start_member(i, OP_USE, BERTH_NO_DEADLINE);
    start_member(DROP, OP_DROP, BERTH_NO_DEADLINE);
    waiters_go_on(DROP + 1);
    assert_int_equal(berth_complete(waiters.tokens[0], 0, NULL, 0), 0);
    assert_int_equal(waiters.n_calls, 2);
    assert_members(0, 1, 1, 0);
    assert_members(DRAIN, DRAIN + 1, 2, 0);
    assert_members(DROP, DROP + 1, 3, 0);
    assert_int_equal(waiters.n_done, 3);
    assert_int_equal(berth_complete(waiters.tokens[1], 0, NULL, 0), 0);
    assert_members(1, DRAIN, 4, 0);
    assert_members(DRAIN + 1, DROP, DRAIN + 3, 0);
    assert_members(DROP + 1, MANY, DROP + 2, 0);
    assert_int_equal(waiters.n_calls, MANY - 2);
    waiters_end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_makes_the_root_anew_in_turn),
        cmocka_unit_test(one_fails_and_those_behind_it_share_its_error),
        cmocka_unit_test(some_are_cancelled_where_they_stand),
        cmocka_unit_test(deadlines_pass_where_they_stand),
        cmocka_unit_test(all_that_still_wait_are_discarded),
        cmocka_unit_test(others_among_them_do_not_wait_for_the_next_root),
    };

    (void)alarm(PATIENCE);
    return cmocka_run_group_tests_name("root anew", tests, NULL, NULL);
}
