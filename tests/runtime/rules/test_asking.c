/*
 * Hooks that ask: every answer that is one, and every one that is not; by the hook itself, and by
 * completing its call.
 */
#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "probe.h"

/* What the hooks of a test answer, and what the test saw. */
typedef struct fixture {
    probe *taps;
    uuid_t held;
    int opens;   /* answer of host.open */
    int has;     /* answer of host.has */
    int assigns; /* answer of net.assign */
    int removed; /* calls of net.remove */
    berth_token token;
    probe_tap_state state;
    int code; /* of the started operation; 1: it has not ended */
} fixture;

static int open_tap(void *ctx, berth_call *call, const probe_tap *tap)
{
    (void)call;
    (void)tap;
    return ((fixture *)ctx)->opens;
}

static int close_tap(void *ctx, berth_call *call, const probe_tap *tap)
{
    (void)ctx;
    (void)call;
    (void)tap;
    return 0;
}

static int has_tap(void *ctx, berth_call *call, const probe_tap *tap)
{
    fixture *f = ctx;

    (void)tap;
    f->token = berth_call_token(call);
    return f->has;
}

static int assign(void *ctx, berth_call *call, const probe_address *address)
{
    fixture *f = ctx;

    (void)address;
    f->token = berth_call_token(call);
    return f->assigns;
}

static int remove_address(void *ctx, berth_call *call, const probe_address *address)
{
    (void)call;
    (void)address;
    ((fixture *)ctx)->removed++;
    return 0;
}

static const probe_tap_config tap = {.name = "tap0"};
static const probe_address_config address = {.ip = "::1"};

/* A tap of which nobody knows whether the host has it. */
static fixture *unsure(void)
{
    static fixture f;
    probe_backend backend = {.version = PROBE_BACKEND_VERSION,
                             .ctx = &f,
                             .host = {.open = open_tap, .close = close_tap, .has = has_tap}};

    f = (fixture){.opens = BERTH_UNCERTAIN(-ETIMEDOUT), .code = 1};
    assert_int_equal(probe_create(NULL, &backend, NULL, &f.taps, NULL), 0);
    assert_int_equal(probe_reserve(f.taps, &tap, &address, f.held, NULL), 0);
    assert_int_equal(probe_bring_up(f.taps, f.held, NULL), -ETIMEDOUT);
    f.opens = 0;
    return &f;
}

static int note_state(void *f, const probe_item *item)
{
    if (item->resource == PROBE_RESOURCE_TAP)
        ((fixture *)f)->state = (probe_tap_state)item->state;
    return 0;
}

static probe_tap_state state_of(fixture *f)
{
    assert_int_equal(probe_for_each(f->taps, note_state, f), 0);
    return f->state;
}

static void end(fixture *f)
{
    f->has = BERTH_YES;
    assert_int_equal(probe_release(f->taps, f->held, NULL), 0);
    assert_int_equal(probe_destroy(f->taps, NULL), 0);
}

static void a_wrong_answer_counts_as_unknown(void **unused)
{
    static const struct {
        int answer;
        int error;
    } cases[] = {{0, -EPROTO},
                 {4, -EPROTO},
                 {INT_MIN, -EPROTO},
                 {-EPIPE, -EPIPE},
                 {BERTH_UNCERTAIN(-EPIPE), -EPIPE}};

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fixture *f = unsure();
        berth_error error;

        f->has = cases[i].answer;
        assert_int_equal(probe_bring_up(f->taps, f->held, &error), cases[i].error);
        assert_string_equal(error.hook, "host.has");
        assert_string_equal(error.state, "unsure");
        assert_int_equal(state_of(f), PROBE_TAP_STATE_UNSURE);
        end(f);
    }
}

static void yes_and_no_lead_on(void **unused)
{
    (void)unused;
    for (int answer = BERTH_YES; answer <= BERTH_NO; answer++) {
        fixture *f = unsure();

        f->has = answer;
        if (answer == BERTH_NO)
            f->opens = -ENODEV; /* after no the tap is opened again */
        assert_int_equal(probe_bring_up(f->taps, f->held, NULL), answer == BERTH_NO ? -ENODEV : 0);
        assert_int_equal(state_of(f),
                         answer == BERTH_NO ? PROBE_TAP_STATE_IDLE : PROBE_TAP_STATE_UP);
        end(f);
    }
}

static void a_hook_that_does_not_ask_cannot_answer(void **unused)
{
    (void)unused;
    for (int answer = BERTH_YES; answer <= BERTH_NO; answer++) {
        fixture *f = unsure();

        f->has = BERTH_NO;
        f->opens = answer;
        assert_int_equal(probe_bring_up(f->taps, f->held, NULL), -EPROTO);
        assert_int_equal(state_of(f), PROBE_TAP_STATE_UNSURE); /* it may have taken effect */
        end(f);
    }
}

static void note_end(void *f, int code)
{
    ((fixture *)f)->code = code;
}

static void start(fixture *f)
{
    f->has = BERTH_PENDING;
    assert_int_equal(
        probe_bring_up_start(f->taps, NULL, f->held, BERTH_NO_DEADLINE, NULL, note_end, f), 0);
    assert_int_equal(f->code, 1);
}

static void a_pending_answer_is_completed_by_an_answer_only(void **unused)
{
    fixture *f = unsure();

    (void)unused;
    start(f);
    assert_int_equal(berth_complete(f->token, 0, NULL, 0), -EINVAL);
    assert_int_equal(berth_complete(f->token, BERTH_PENDING, NULL, 0), -EINVAL);
    assert_int_equal(berth_complete(f->token, 4, NULL, 0), -EINVAL);
    assert_int_equal(f->code, 1);
    assert_int_equal(berth_complete(f->token, BERTH_YES, NULL, 0), 0);
    assert_int_equal(f->code, 0);
    assert_int_equal(berth_complete(f->token, BERTH_NO, NULL, 0), -ENOENT);
    assert_int_equal(state_of(f), PROBE_TAP_STATE_UP);
    end(f);
}

static void a_pending_answer_may_be_that_nobody_can_tell(void **unused)
{
    fixture *f = unsure();

    (void)unused;
    start(f);
    assert_int_equal(berth_complete(f->token, -EPIPE, NULL, 0), 0);
    assert_int_equal(f->code, -EPIPE);
    assert_int_equal(state_of(f), PROBE_TAP_STATE_UNSURE);
    end(f);
}

static void discard_inside_a_hook_that_asks_ends_the_operation(void **unused)
{
    fixture *f = unsure();

    (void)unused;
    start(f);
    assert_int_equal(probe_discard(f->taps), 0);
    assert_int_equal(f->code, 1); /* until the call ends */
    assert_int_equal(berth_complete(f->token, BERTH_YES, NULL, 0), 0);
    assert_int_equal(f->code, -ECANCELED);
    assert_int_equal(probe_destroy(f->taps, NULL), 0);
}

static void half_of_the_hooks_that_come_together_is_refused(void **unused)
{
    probe_backend backend = {.version = PROBE_BACKEND_VERSION,
                             .host = {.open = open_tap, .close = close_tap}};
    berth_error error;
    probe *taps;

    (void)unused;
    backend.net.assign =
        (int (*)(void *, berth_call *, const probe_address *))(void (*)(void))open_tap;
    assert_int_equal(probe_create(NULL, &backend, NULL, &taps, &error), -EINVAL);
    assert_string_equal(error.hook, "net.remove");
    backend.net.remove = backend.net.assign;
    assert_int_equal(probe_create(NULL, &backend, NULL, &taps, NULL), 0);
    assert_int_equal(probe_destroy(taps, NULL), 0);
    backend.net.assign = NULL;
    assert_int_equal(probe_create(NULL, &backend, NULL, &taps, &error), -EINVAL);
    assert_string_equal(error.hook, "net.assign");
}

/* The waiter is run up to its hook by the thread that releases the root, and once more then. */
static void a_waiter_calls_the_hook_behind_a_question_that_nobody_answers(void **unused)
{
    static const probe_address_config other = {.ip = "::2"};
    static fixture f;
    probe_backend backend = {.version = PROBE_BACKEND_VERSION,
                             .ctx = &f,
                             .host = {.open = open_tap, .close = close_tap},
                             .net = {.assign = assign, .remove = remove_address}};
    uuid_t pending;

    (void)unused;
    f = (fixture){.assigns = BERTH_UNCERTAIN(-ETIMEDOUT), .code = 1};
    assert_int_equal(probe_create(NULL, &backend, NULL, &f.taps, NULL), 0);
    assert_int_equal(probe_reserve(f.taps, &tap, &address, f.held, NULL), 0);
    assert_int_equal(probe_reserve(f.taps, &tap, &other, pending, NULL), 0);
    assert_int_equal(probe_bring_up(f.taps, f.held, NULL), -ETIMEDOUT);
    f.assigns = BERTH_PENDING;
    assert_int_equal(
        probe_bring_up_start(f.taps, NULL, pending, BERTH_NO_DEADLINE, NULL, note_end, &f), 0);
    assert_int_equal(
        probe_release_start(f.taps, NULL, f.held, BERTH_NO_DEADLINE, NULL, note_end, &f), 0);
    assert_int_equal(f.code, 1);
    assert_int_equal(berth_complete(f.token, 0, NULL, 0), 0);
    assert_int_equal(f.removed, 1);
    assert_int_equal(f.code, -EOPNOTSUPP); /* net.shows is not there to be asked */
    assert_int_equal(probe_release(f.taps, f.held, NULL), 0);
    assert_int_equal(probe_release(f.taps, pending, NULL), 0);
    assert_int_equal(f.removed, 2);
    assert_int_equal(probe_destroy(f.taps, NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_wrong_answer_counts_as_unknown),
        cmocka_unit_test(yes_and_no_lead_on),
        cmocka_unit_test(a_hook_that_does_not_ask_cannot_answer),
        cmocka_unit_test(a_pending_answer_is_completed_by_an_answer_only),
        cmocka_unit_test(a_pending_answer_may_be_that_nobody_can_tell),
        cmocka_unit_test(discard_inside_a_hook_that_asks_ends_the_operation),
        cmocka_unit_test(a_waiter_calls_the_hook_behind_a_question_that_nobody_answers),
        cmocka_unit_test(half_of_the_hooks_that_come_together_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
