/*
 * The scripted backend: writes down each call, answers as the step says, and remembers what it
 * holds.
 */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "suite_internal.h"

static const char *const kinds[] = {
    [BERTH_SUITE_OK] = "ok", [BERTH_SUITE_FAIL] = "fail", [BERTH_SUITE_UNCERTAIN] = "uncertain"};
static const char *const answers[] = {[BERTH_SUITE_OK] = "yes",
                                      [BERTH_SUITE_FAIL] = "unknown",
                                      [BERTH_SUITE_UNCERTAIN] = "unknown",
                                      [BERTH_SUITE_NO] = "no"};

void suite_backend_reset(berth_suite *suite, const berth_suite_outcome *outcomes,
                         unsigned n_outcomes)
{
    suite->outcomes = outcomes;
    suite->n_outcomes = n_outcomes;
    suite->n_calls = 0;
    suite_text_clear(&suite->calls);
    suite_text_clear(&suite->trace);
    memset(suite->traced, 0, sizeof suite->traced);
}

void suite_zero_counts(berth_suite *suite)
{
    (void)pthread_mutex_lock(&suite->lock);
    memset(suite->counts, 0, sizeof suite->counts);
    (void)pthread_mutex_unlock(&suite->lock);
}

/* How the call that just began ends. */
static berth_suite_outcome decide(berth_suite *suite, uint8_t hook)
{
    berth_suite_outcome outcome = {.kind = BERTH_SUITE_OK};

    if (suite->fail_hook == hook && suite->counts[hook] == 1)
        outcome = (berth_suite_outcome){.kind = BERTH_SUITE_FAIL, .error = suite->fail_error};
    else if (suite->fail_call != 0 && suite->total == suite->fail_call)
        outcome = (berth_suite_outcome){.kind = suite->fail_kind, .error = EIO};
    else if (suite->outcomes != NULL && suite->n_calls <= suite->n_outcomes)
        outcome = suite->outcomes[suite->n_calls - 1];
    return outcome;
}

static void hold(berth_suite *suite, uint8_t hook, const void *instance)
{
    size_t i;

    for (i = 0; i < suite->n_held; i++) {
        if (suite->held[i].hook == hook && suite->held[i].instance == instance)
            return;
    }
    if (suite->n_held == suite->held_capacity) {
        suite->held_capacity = suite->held_capacity * 2 + 8;
        suite->held = realloc(suite->held, suite->held_capacity * sizeof *suite->held);
        if (suite->held == NULL)
            abort();
    }
    suite->held[suite->n_held++] = (suite_held){hook, instance};
}

static bool contains(const uint8_t *hooks, uint8_t hook)
{
    for (; hooks != NULL && *hooks != 0; hooks++) {
        if (*hooks == hook)
            return true;
    }
    return false;
}

bool berth_suite_left_out(const berth_suite_environment *environment, uint8_t missing, uint8_t hook)
{
    return hook == missing || contains(environment->without, hook);
}

static void let_go(berth_suite *suite, const uint8_t *hooks, const void *instance)
{
    size_t i = 0;

    while (i < suite->n_held) {
        if (suite->held[i].instance == instance && contains(hooks, suite->held[i].hook))
            suite->held[i] = suite->held[--suite->n_held];
        else
            i++;
    }
}

static void end_as_scripted(berth_suite *suite, uint8_t hook, berth_suite_outcome outcome,
                            const void *instance)
{
    const berth_suite_hook *type = &suite->type->hooks[hook];

    if (type->undone && outcome.kind != BERTH_SUITE_FAIL)
        hold(suite, hook, instance);
    if (outcome.kind == BERTH_SUITE_OK)
        let_go(suite, type->undoes, instance);
    suite->answer = outcome.kind == BERTH_SUITE_OK     ? 0
                    : outcome.kind == BERTH_SUITE_FAIL ? -outcome.error
                                                       : BERTH_UNCERTAIN(-outcome.error);
}

/* The script says what is there, and so what the backend holds: an answer is always the truth. */
static void answer_as_scripted(berth_suite *suite, const berth_suite_hook *type,
                               berth_suite_outcome outcome, const void *instance)
{
    if (outcome.kind == BERTH_SUITE_OK)
        hold(suite, type->asks[0], instance);
    else if (outcome.kind == BERTH_SUITE_NO)
        let_go(suite, type->asks, instance);
    suite->answer = outcome.kind == BERTH_SUITE_OK   ? BERTH_YES
                    : outcome.kind == BERTH_SUITE_NO ? BERTH_NO
                                                     : -outcome.error;
}

berth_suite_text *berth_suite_hook_begin(berth_suite *suite, uint8_t hook, const void *instance)
{
    const berth_suite_hook *type = &suite->type->hooks[hook];
    berth_suite_outcome outcome;

    (void)pthread_mutex_lock(&suite->lock);
    suite->current = hook;
    suite->counts[hook]++;
    suite->numbers[hook]++;
    suite->n_calls++;
    suite->total++;
    outcome = decide(suite, hook);
    if (type->asks != NULL)
        answer_as_scripted(suite, type, outcome, instance);
    else
        end_as_scripted(suite, hook, outcome, instance);
    suite->writes = outcome.writes;
    if (suite->counting)
        return NULL;
    suite_text_add(&suite->calls, "%s%s %s", suite->n_calls > 1 ? "; " : "", type->name,
                   type->asks != NULL ? answers[outcome.kind] : kinds[outcome.kind]);
    return &suite->calls;
}

bool berth_suite_hook_writes(berth_suite *suite, void *out, uint32_t out_size)
{
    const void *news = suite->news[suite->current];

    if (suite->writes == BERTH_SUITE_ZEROS || (suite->writes == BERTH_SUITE_LAST && news == NULL))
        memset(out, 0, out_size);
    else if (suite->writes == BERTH_SUITE_LAST)
        memcpy(out, news, out_size);
    return suite->writes == BERTH_SUITE_NEW;
}

static void keep_news(berth_suite *suite, uint8_t hook, const void *out, uint32_t out_size)
{
    if (out_size == 0 || suite->writes != BERTH_SUITE_NEW)
        return;
    if (suite->news[hook] == NULL)
        suite->news[hook] = suite_allocate(out_size);
    memcpy(suite->news[hook], out, out_size);
}

int berth_suite_hook_end(berth_suite *suite, berth_call *call, void *out, uint32_t out_size)
{
    const int answer = suite->answer;
    const uint8_t hook = suite->current;
    suite_during *during = suite->during;

    keep_news(suite, hook, out, out_size);
    (void)pthread_mutex_unlock(&suite->lock);
    if (during != NULL)
        during(suite, hook);
    return suite_answer(suite, call, hook, answer, out, out_size);
}

uint64_t berth_suite_hook_number(const berth_suite *suite)
{
    return suite->numbers[suite->current];
}

void berth_suite_hook_text(const berth_suite *suite, const char *name, char *out, size_t size)
{
    (void)snprintf(out, size, "%s-%llu", name, (unsigned long long)berth_suite_hook_number(suite));
}

void berth_suite_hook_uuid(berth_suite *suite, uuid_t out)
{
    (void)suite_count_uuid(suite, out);
}

/* Checks a row that is reported against the table the suite was made from. */
static bool as_declared(const berth_suite_manager *type, const berth_transition *t)
{
    const berth_suite_row *row;

    if (t->row == 0)
        return t->outcome == BERTH_RELEASED || t->outcome == BERTH_REJECTED;
    if (t->row > type->n_rows)
        return false;
    row = &type->rows[t->row];
    return strcmp(row->resource, t->resource) == 0 && strcmp(row->state, t->state) == 0 &&
           strcmp(row->event, t->event) == 0 &&
           (t->hook == NULL || (row->hook != NULL && strcmp(row->hook, t->hook) == 0));
}

void suite_trace(void *suite_, const berth_transition *t)
{
    static const char *const outcomes[] = {[BERTH_OK] = "ok",
                                           [BERTH_FAILED] = "fail",
                                           [BERTH_UNSURE] = "uncertain",
                                           [BERTH_REJECTED] = "rejected",
                                           [BERTH_RELEASED] = "released",
                                           [BERTH_ANSWERED_YES] = "yes",
                                           [BERTH_ANSWERED_NO] = "no",
                                           [BERTH_ANSWERED_UNKNOWN] = "unknown"};
    berth_suite *suite = suite_;
    const berth_suite_manager *type = suite->type;

    (void)pthread_mutex_lock(&suite->lock);
    suite->traced[t->kind]++;
    if (t->kind != BERTH_TRACE_ROW) {
        (void)pthread_mutex_unlock(&suite->lock);
        return;
    }
    if (!suite->counting) {
        suite_text_add(&suite->trace, "%s%s", suite->trace.length > 0 ? "; " : "", t->resource);
        if (t->row == 0)
            suite_text_add(&suite->trace, " %s", outcomes[t->outcome]);
        else
            suite_text_add(&suite->trace, " %s %s %s %s", t->state, t->event, outcomes[t->outcome],
                           t->next);
        if (!as_declared(type, t))
            suite_text_add(&suite->trace, " (row %u is not that one)", t->row);
    }
    if (suite->covers && t->row >= 1 && t->row <= type->n_rows) {
        const bool went_on = t->outcome == BERTH_OK || t->outcome == BERTH_ANSWERED_UNKNOWN;
        const bool left_out = went_on && t->hook == NULL && type->rows[t->row].hook != NULL;

        suite->group->taken[t->row] |= left_out ? BERTH_SUITE_LEFT_OUT : 1u << t->outcome;
    }
    (void)pthread_mutex_unlock(&suite->lock);
    if (suite->on_row != NULL)
        suite->on_row(suite);
}
