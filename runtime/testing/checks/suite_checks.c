/*
 * Tests that are the same for every manager: memory, failing calls, pools, creation, and whether
 * every row was taken.
 */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../suite/suite_internal.h"

#define MOST_TRIES 3
#define CALLERS 3

void suite_test_allocations(void **state)
{
    suite_group *group = *state;
    uint32_t i;

    for (i = 0; i < group->manager->n_scripts; i++)
        suite_script(group, &group->manager->scripts[i], SUITE_BLOCKING, SCRIPT_WITHOUT_MEMORY);
}

/* Without a trace most operations without hooks take the fast path: runtime/src/core/fast.c. */
void suite_test_untraced(void **state)
{
    suite_group *group = *state;
    uint32_t i;

    for (i = 0; i < group->manager->n_scripts; i++) {
        suite_script(group, &group->manager->scripts[i], SUITE_BLOCKING, SCRIPT_UNTRACED);
        suite_script(group, &group->manager->scripts[i], SUITE_BLOCKING,
                     SCRIPT_UNTRACED | SCRIPT_WITHOUT_MEMORY);
    }
}

void suite_test_create_allocations(void **state)
{
    suite_group *group = *state;
    size_t k;

    for (k = 1;; k++) {
        berth_suite *suite = suite_begin(group, "create", &group->manager->environments[0]);
        int rc;

        suite_memory_fail_at(suite, k);
        rc = group->manager->create(suite, suite->environment, 0, 0, &suite->config,
                                    &suite->manager, NULL);
        if (!suite_memory_failed(suite)) {
            if (rc != 0)
                suite_fail(suite, "create: expected 0, came %s", berth_errno_name(rc));
            suite_close(suite);
            return;
        }
        if (rc != -ENOMEM || suite->manager != NULL)
            suite_fail(suite, "create without allocation %zu: expected ENOMEM and NULL, came %s", k,
                       berth_errno_name(rc));
        suite_end(suite);
    }
}

/* Runs a phase until it succeeds, a few times. */
static int persistent(berth_suite *suite, const berth_suite_phase *phase, suite_caller *caller,
                      const void *const *config)
{
    int rc = 0;
    int i;

    for (i = 0; i < MOST_TRIES; i++) {
        rc = suite_phase(suite, phase, caller, config, BERTH_NO_DEADLINE);
        if (rc == 0)
            break;
    }
    return rc;
}

/*
 * Three callers, two of one root, go through all phases while one call fails; false when there were
 * not so many calls.
 */
static bool calls_with_failure(suite_group *group, const berth_suite_environment *environment,
                               unsigned k, berth_suite_kind kind)
{
    berth_suite *suite = suite_begin(group, "failing_every_call", environment);
    const berth_suite_manager *type = suite->type;
    suite_caller callers[CALLERS] = {0};
    bool out[CALLERS] = {false};
    bool reached;
    unsigned p, c;

    suite_create(suite);
    suite->counting = true;
    suite->fail_call = k;
    suite->fail_kind = kind;
    for (p = 0; p < type->n_phases; p++) {
        const berth_suite_phase *phase = &type->phases[p];

        for (c = 0; c < CALLERS; c++) {
            suite_configs configs;
            const unsigned key = c < 2 ? 0 : 1;
            int rc;

            if (out[c])
                continue;
            if (phase->levels > 0 &&
                !suite_keyed(suite, &configs, phase->config, phase->path, 0, key)) {
                out[c] = true;
                continue;
            }
            rc = persistent(suite, phase, &callers[c], configs.config);
            out[c] = rc != 0 && p == 0;
            if (rc != 0 && p + 1u == type->n_phases)
                suite_fail(
                    suite,
                    "call %u ends %s: letting go does not succeed though hooks work again: %s", k,
                    kind == BERTH_SUITE_FAIL ? "failed" : "uncertain", berth_errno_name(rc));
        }
    }
    reached = suite->total >= k;
    suite_close(suite);
    return reached;
}

void suite_test_calls(void **state)
{
    suite_group *group = *state;
    unsigned e, k;

    if (group->manager->n_phases == 0)
        return;
    for (e = 0; e < group->manager->n_environments; e++) {
        for (k = 1;
             calls_with_failure(group, &group->manager->environments[e], k, BERTH_SUITE_FAIL); k++)
            (void)calls_with_failure(group, &group->manager->environments[e], k,
                                     BERTH_SUITE_UNCERTAIN);
    }
}

/* The parts of the n-th slot (from 0) as they show in the text of an instance. */
static void slot_text(const berth_suite_pool *pool, uint32_t n, char *out, size_t size)
{
    uint32_t parts[BERTH_SUITE_PARTS];
    size_t length = 0;
    unsigned i;

    for (i = pool->n_parts; i-- > 0;) {
        parts[i] = n % pool->sizes[i];
        n /= pool->sizes[i];
    }
    for (i = 0; i < pool->n_parts; i++)
        length += (size_t)snprintf(out + length, size - length, " %s=%u", pool->parts[i],
                                   (unsigned)parts[i]);
}

/* Is the n-th instance (from 0) of the pool's resource in the n-th slot? */
static void check_slot(berth_suite *suite, const berth_suite_pool *pool, uint32_t n)
{
    const char *name = suite->type->resources[pool->target].name;
    char label[80], slot[256];
    const char *begin, *end, *found;

    (void)snprintf(label, sizeof label, " | %s#%u ", name, (unsigned)n + 1);
    slot_text(pool, n, slot, sizeof slot);
    begin = strstr(suite->sections[pool->target].data, label);
    end = begin != NULL ? strstr(begin + 3, " | ") : NULL;
    found = begin != NULL ? strstr(begin, slot) : NULL;
    if (found == NULL || (end != NULL && found > end) || found[strlen(slot)] != ' ')
        suite_fail(suite, "pool %s: instance %u is not in slot%s", pool->name, (unsigned)n + 1,
                   slot);
}

static int take_slot(berth_suite *suite, const berth_suite_pool *pool, unsigned n,
                     berth_error *error)
{
    suite_configs configs;
    berth_suite_step step = {.operation = pool->operation};
    berth_suite_text returns;
    uuid_t gives;
    int rc;

    (void)suite_keyed(suite, &configs, pool->config, pool->path, pool->level, n);
    memcpy(step.config, configs.config, sizeof step.config);
    suite_text_init(&returns, suite);
    rc = suite_invoke(suite, &step, NULL, gives, &returns, error);
    suite_text_free(&returns);
    return rc;
}

static void fill_pool(suite_group *group, const berth_suite_pool *pool)
{
    berth_suite *suite =
        suite_begin(group, pool->name, &group->manager->environments[pool->environment]);
    berth_suite_text full, after;
    berth_error error;
    uint32_t slots = 1;
    uint32_t n;
    int rc;

    for (n = 0; n < pool->n_parts; n++)
        slots *= pool->sizes[n];
    suite_text_init(&full, suite);
    suite_text_init(&after, suite);
    suite_create(suite);
    for (n = 0; n < slots; n++) {
        rc = take_slot(suite, pool, n + 1, &error);
        if (rc != 0)
            suite_fail(suite, "pool %s: slot %u of %u: expected 0, came %s", pool->name,
                       (unsigned)n, (unsigned)slots, berth_errno_name(rc));
    }
    suite_snapshot(suite, &full);
    for (n = 0; n < slots; n++)
        check_slot(suite, pool, n);
    rc = take_slot(suite, pool, slots + 1, &error);
    if (rc != -ENOSPC)
        suite_fail(suite, "pool %s is full: expected ENOSPC, came %s", pool->name,
                   berth_errno_name(rc));
    if (error.resource == NULL ||
        strcmp(error.resource, suite->type->resources[pool->target].name) != 0 ||
        error.state != NULL)
        suite_fail(suite, "pool %s is full: the error does not name the resource", pool->name);
    suite_snapshot(suite, &after);
    if (strcmp(full.data, after.data) != 0)
        suite_fail(suite, "pool %s is full: ENOSPC changed what is tracked to\n  %s", pool->name,
                   after.data);
    if (suite->type->discard(suite->manager) != 0 || take_slot(suite, pool, 1, &error) != 0)
        suite_fail(suite, "pool %s: no slot after discard", pool->name);
    suite_snapshot(suite, &after);
    check_slot(suite, pool, 0);
    if (suite->type->discard(suite->manager) != 0 ||
        suite->type->destroy(suite->manager, NULL) != 0)
        suite_fail(suite, "pool %s: the manager cannot be destroyed after discard", pool->name);
    suite_text_free(&full);
    suite_text_free(&after);
    suite_end(suite);
}

void suite_test_pools(void **state)
{
    suite_group *group = *state;
    unsigned i;

    for (i = 0; i < group->manager->n_pools; i++)
        fill_pool(group, &group->manager->pools[i]);
}

void suite_test_creations(void **state)
{
    suite_group *group = *state;
    unsigned i;

    for (i = 0; i < group->manager->n_creations; i++) {
        const berth_suite_creation *creation = &group->manager->creations[i];
        const berth_suite_environment environment = {.name = creation->name,
                                                     .options = creation->options};
        berth_suite *suite = suite_begin(group, creation->name, &environment);
        berth_error error;
        const int rc = group->manager->create(suite, &environment, 0, 0, &suite->config,
                                              &suite->manager, &error);

        if (rc != -creation->error)
            suite_fail(suite, "create: expected %s, came %s", berth_errno_name(creation->error),
                       berth_errno_name(rc));
        if (rc == 0 && creation->usable && group->manager->n_phases > 0) {
            const berth_suite_phase *phase = &group->manager->phases[0];
            suite_caller caller;

            if (suite_phase(suite, phase, &caller, phase->config, BERTH_NO_DEADLINE) != 0)
                suite_fail(suite, "%s: expected ok",
                           group->manager->operations[phase->operation].name);
            (void)group->manager->discard(suite->manager);
        }
        if (error.code != rc || (error.field != NULL) != (rc != 0))
            suite_fail(suite, "create: the error is %d and names the option %s", error.code,
                       error.field != NULL ? error.field : "none");
        if (rc == 0)
            (void)group->manager->destroy(suite->manager, NULL);
        else if (suite->manager != NULL)
            suite_fail(suite, "create failed and gave a manager all the same");
        suite_end(suite);
    }
}

static void backend_refused(suite_group *group, const char *what, uint32_t version, uint8_t missing)
{
    berth_suite *suite = suite_begin(group, what, &group->manager->environments[0]);
    berth_error error;
    const int rc = group->manager->create(suite, suite->environment, version, missing,
                                          &suite->config, &suite->manager, &error);
    char line[256];

    if (rc != -EINVAL || error.code != rc)
        suite_fail(suite, "create: expected EINVAL, came %s", berth_errno_name(rc));
    if (missing != 0 ? error.hook == NULL || strcmp(error.hook, what) != 0
                     : error.given != error.wanted + version)
        suite_fail(suite, "create without %s: %s", what,
                   berth_error_text(&error, line, sizeof line));
    suite_end(suite);
}

void suite_test_backends(void **state)
{
    suite_group *group = *state;
    const berth_suite_manager *type = group->manager;
    unsigned i;

    backend_refused(group, "backend of another version", 1, 0);
    for (i = 1; i <= type->n_hooks; i++) {
        if (type->hooks[i].required)
            backend_refused(group, type->hooks[i].name, 0, (uint8_t)i);
    }
    if (type->destroy(NULL, NULL) != 0) {
        berth_suite *suite = suite_begin(group, "destroy", &type->environments[0]);

        suite_fail(suite, "destroying NULL: expected 0");
    }
}

/* Bits of berth_suite_row.declared with a word for each. */
static const struct {
    unsigned bit;
    const char *word;
} outcomes[] = {
    {1u << BERTH_OK, "ok"},
    {1u << BERTH_FAILED, "fail"},
    {1u << BERTH_UNSURE, "uncertain"},
    {1u << BERTH_REJECTED, "rejected"},
    {1u << BERTH_ANSWERED_YES, "yes"},
    {1u << BERTH_ANSWERED_NO, "no"},
    {1u << BERTH_ANSWERED_UNKNOWN, "unknown"},
    {BERTH_SUITE_LEFT_OUT, "left out"},
};

static void add_outcomes(berth_suite_text *text, unsigned bits)
{
    size_t i;

    for (i = 0; i < sizeof outcomes / sizeof *outcomes; i++) {
        if ((bits & outcomes[i].bit) != 0)
            suite_text_add(text, " %s", outcomes[i].word);
    }
}

static unsigned count_bits(unsigned bits)
{
    unsigned n = 0;

    for (; bits != 0; bits &= bits - 1)
        n++;
    return n;
}

void suite_test_rows(void **state)
{
    suite_group *group = *state;
    const berth_suite_manager *type = group->manager;
    berth_suite *suite = suite_begin(group, "every_row_was_taken", &type->environments[0]);
    berth_suite_text line;
    unsigned declared = 0, taken = 0, unreachable = 0, unsearched = 0, rows_taken = 0, i;

    suite_text_init(&line, suite);
    for (i = 1; i <= type->n_rows; i++) {
        const berth_suite_row *row = &type->rows[i];
        const unsigned seen = group->taken[i] & row->declared;
        const unsigned missing = row->declared & ~seen;

        declared += count_bits(row->declared);
        taken += count_bits(seen);
        rows_taken += missing == 0;
        suite_text_clear(&line);
        suite_text_add(&line, "%s.%s %s%s%s:", row->resource, row->state, row->event,
                       row->hook != NULL ? " " : "", row->hook != NULL ? row->hook : "");
        add_outcomes(&line, seen);
        if (missing != 0) {
            suite_text_add(&line, "   NEVER");
            add_outcomes(&line, missing);
        }
        if (row->unreachable != 0) {
            suite_text_add(&line, "   no caller can bring about:");
            add_outcomes(&line, row->unreachable);
            unreachable += count_bits(row->unreachable);
        }
        if (row->unsearched != 0) {
            suite_text_add(&line, "   not searched:");
            add_outcomes(&line, row->unsearched);
            unsearched += count_bits(row->unsearched);
        }
        if ((group->taken[i] & row->unreachable) != 0)
            suite_fail(suite, "%s: taken all the same", line.data);
        (void)printf("%4u  %s\n", i, line.data);
    }
    (void)printf("%s: rows taken in full %u of %u, outcomes taken %u of %u, that no caller can "
                 "bring about %u, not searched %u\n",
                 type->name, rows_taken, (unsigned)type->n_rows, taken, declared, unreachable,
                 unsearched);
    suite_text_free(&line);
    if (taken != declared)
        suite_fail(suite, "%u outcomes of the table were never taken", declared - taken);
    suite_end(suite);
}
