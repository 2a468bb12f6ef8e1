/*
 * What must not be NULL, and buffers that are too small: each operation refuses them, and nothing
 * happens.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../suite/suite_internal.h"

/* A valid call of one operation, in which one thing after the other is NULL. */
typedef struct null_test {
    berth_suite *suite;
    const berth_suite_function *function;
    berth_suite_call call;
    uuid_t gives;
    berth_error error;
} null_test;

/*
 * Runs the operation. `resource`: what the error must name; 0: none. The reservation that it would
 * give is zeroed.
 */
static void expect_refused(null_test *test, int code, const char *what, uint8_t resource)
{
    berth_suite *suite = test->suite;
    const char *named = resource > 0 ? suite->type->resources[resource].name : "";
    berth_suite_text before, after;
    int rc;

    suite_text_init(&before, suite);
    suite_text_init(&after, suite);
    suite_snapshot(suite, &before);
    memset(test->gives, 0xff, sizeof test->gives);
    test->call.memory = suite_allocate(test->function->memory_size);
    rc = test->function->run(&test->call);
    free(test->call.memory);
    suite_snapshot(suite, &after);
    if (rc != -code || test->error.code != rc)
        suite_fail(suite, "%s with %s: expected %s, came %s", test->function->name, what,
                   berth_errno_name(code), berth_errno_name(rc));
    if (strcmp(test->error.resource != NULL ? test->error.resource : "", named) != 0)
        suite_fail(suite, "%s with %s: the error does not name '%s'", test->function->name, what,
                   named);
    if (suite->total > 0 || strcmp(before.data, after.data) != 0)
        suite_fail(suite, "%s with %s: something happened", test->function->name, what);
    if (test->call.gives != NULL && test->function->gives && !uuid_is_null(test->gives))
        suite_fail(suite, "%s with %s: the reservation is not all-zero", test->function->name,
                   what);
    suite_text_free(&before);
    suite_text_free(&after);
}

size_t berth_suite_short(const berth_suite_call *call, unsigned n)
{
    return call->only_text == 0 || call->only_text == n ? call->shrink : 0;
}

/* `step` is one of the operation whose arguments are valid. */
static void try_operation(suite_group *group, const berth_suite_step *step)
{
    const berth_suite_function *function = &group->manager->operations[step->operation];
    const void *config[BERTH_SUITE_LEVELS];
    uuid_t by, reservation;
    null_test test = {.function = function};
    berth_suite_call *call = &test.call;

    test.suite = suite_begin(group, function->name, &group->manager->environments[0]);
    suite_create(test.suite);
    *call = suite_step_call(test.suite, step, by);
    suite_foreign_uuid(reservation);
    memcpy(config, step->config, sizeof config);
    call->config = config;
    call->reservation = reservation;
    call->gives = test.gives;
    call->error = &test.error;
    if (function->gives) {
        call->gives = NULL;
        expect_refused(&test, EINVAL, "NULL for the reservation to give", 0);
        call->gives = test.gives;
    }
    if (step->reservation > 0) {
        call->reservation = NULL;
        expect_refused(&test, EINVAL, "NULL for the reservation", 0);
        call->reservation = reservation;
    }
    for (size_t i = 0; function->path != NULL && function->path[i] != 0; i++) {
        config[i] = NULL;
        expect_refused(&test, EINVAL, "NULL for a config", function->path[i]);
        config[i] = step->config[i];
    }
    if (function->value > 0) {
        call->by_text = NULL;
        call->by_uuid = NULL;
        call->no_slot = true;
        expect_refused(&test, EINVAL, "NULL for the value", function->value);
        call->by_text = step->by_text;
        call->by_uuid = by;
        call->no_slot = false;
    }
    call->shrink = 1;
    while (call->only_text++ < function->n_texts)
        expect_refused(&test, ENOBUFS, "a buffer that is too small", 0);
    suite_close(test.suite);
}

void suite_test_nulls(void **state)
{
    suite_group *group = *state;
    const berth_suite_manager *type = group->manager;

    for (uint8_t i = 0; i < type->n_operations; i++) {
        uint32_t n = 0;

        while (n < type->n_steps && (type->steps[n].operation != i || type->steps[n].error != 0))
            n++;
        if (n < type->n_steps && type->operations[i].run != NULL)
            try_operation(group, &type->steps[n]);
    }
}
