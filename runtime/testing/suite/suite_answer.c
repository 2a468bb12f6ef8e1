/* How hooks of started operations answer: at once, early, or later. */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "suite_internal.h"

void suite_expect_completed(berth_suite *suite, const char *what, int rc, int expected)
{
    if (rc != expected)
        suite_fail(suite, "%s: expected %s, came %s", what, berth_errno_name(expected),
                   berth_errno_name(rc));
}

static berth_token token_of(berth_suite *suite, berth_call *call, uint8_t hook)
{
    const berth_token token = berth_call_token(call);

    if (token.id == 0 || berth_call_token(call).id != token.id)
        suite_fail(suite, "%s: a call has one token, whose id is not 0",
                   suite->type->hooks[hook].name);
    if (strcmp(berth_call_hook(call), suite->type->hooks[hook].name) != 0)
        suite_fail(suite, "%s: its call names %s", suite->type->hooks[hook].name,
                   berth_call_hook(call));
    return token;
}

/*
 * The hook answers by itself. Somebody has completed the call before, or tries to when it is over:
 * neither may count.
 */
static int answer_at_once(berth_suite *suite, berth_call *call, uint8_t hook, int answer,
                          uint32_t out_size)
{
    const berth_token token = token_of(suite, call, hook);
    const int good = suite->type->hooks[hook].asks != NULL ? BERTH_YES : 0;
    unsigned char wrong[256] = {0};

    if (suite->total % 2 == 0) {
        suite->stale = token;
        return answer;
    }
    suite_expect_completed(
        suite, "completing a call whose hook then answers",
        berth_complete(token, answer < 0 ? good : -EPERM, out_size > 0 ? wrong : NULL, out_size),
        0);
    suite_expect_completed(suite, "completing it again", berth_complete(token, 0, NULL, 0),
                           -ENOENT);
    return answer;
}

static void scribble(void *out, uint32_t out_size)
{
    if (out_size > 0)
        memset(out, SUITE_SCRIBBLE, out_size);
}

static int answer_early(berth_suite *suite, berth_call *call, uint8_t hook, int answer, void *out,
                        uint32_t out_size)
{
    const berth_token token = token_of(suite, call, hook);

    suite_expect_completed(suite, "completing a call before its hook returns",
                           berth_complete(token, answer, out, out_size), 0);
    suite_expect_completed(suite, "completing it again",
                           berth_complete(token, answer, out, out_size), -ENOENT);
    scribble(out, out_size); /* what was given with the completion counts */
    return BERTH_PENDING;
}

static int answer_later(berth_suite *suite, berth_call *call, uint8_t hook, int answer, void *out,
                        uint32_t out_size)
{
    suite_pending *pending = suite_allocate(sizeof *pending);
    suite_pending **at = &suite->pending;

    if (suite->deadline != 0 && berth_call_deadline(call) != suite->deadline)
        suite_fail(suite, "%s is told another deadline than the caller gave",
                   suite->type->hooks[hook].name);
    *pending = (suite_pending){.call = call,
                               .token = token_of(suite, call, hook),
                               .hook = hook,
                               .answer = answer,
                               .out_size = out_size};
    if (suite->mode == SUITE_LATER && out_size > 0) {
        pending->out = suite_copy(out, out_size);
        scribble(out, out_size);
    }
    while (*at != NULL)
        at = &(*at)->next;
    *at = pending;
    return BERTH_PENDING;
}

int suite_answer(berth_suite *suite, berth_call *call, uint8_t hook, int answer, void *out,
                 uint32_t out_size)
{
    if (suite->mode == SUITE_BLOCKING)
        return answer;
    if (suite->mode == SUITE_LOOP && suite->inside == 0)
        suite_fail(suite, "%s was called outside of start and poll", suite->type->hooks[hook].name);
    switch (suite->mode) {
    case SUITE_AT_ONCE:
        return answer_at_once(suite, call, hook, answer, out_size);
    case SUITE_EARLY:
        return answer_early(suite, call, hook, answer, out, out_size);
    default:
        return answer_later(suite, call, hook, answer, out, out_size);
    }
}

static void remove_pending(berth_suite *suite, const suite_pending *pending)
{
    suite_pending **at = &suite->pending;

    while (*at != pending)
        at = &(*at)->next;
    *at = pending->next;
}

void suite_complete(berth_suite *suite, suite_pending *pending)
{
    const suite_pending call = *pending;
    const uint32_t given = call.out != NULL ? call.out_size : 0;
    unsigned char wrong[257] = {0};
    const unsigned over = suite->n_over;

    remove_pending(suite, pending);
    free(pending);
    suite_expect_completed(suite, "completing a call as pending",
                           berth_complete(call.token, BERTH_PENDING, call.out, given), -EINVAL);
    suite_expect_completed(suite, "completing a call with out-values of another size",
                           berth_complete(call.token, call.answer, wrong, call.out_size + 1),
                           -EINVAL);
    if (suite->n_over != over)
        suite_fail(suite, "a completion that was refused ended the operation");
    suite_expect_completed(suite, "completing a pending call",
                           berth_complete(call.token, call.answer, call.out, given), 0);
    suite_expect_completed(suite, "completing it again",
                           berth_complete(call.token, call.answer, call.out, given), -ENOENT);
    free(call.out);
}
