/* A suite from its begin to its end, and how it fails. */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "suite_internal.h"

void suite_fail(berth_suite *suite, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    (void)fprintf(stderr, "%s %s%s: ", suite->type->name, suite->name,
                  suite_mode_name(suite->mode));
    (void)vfprintf(stderr, format, arguments);
    (void)fputc('\n', stderr);
    va_end(arguments);
    if (suite->group->stop) {
        (void)fflush(NULL);
        _exit(EXIT_FAILURE);
    }
    fail();
    abort();
}

berth_suite *suite_begin(suite_group *group, const char *name,
                         const berth_suite_environment *environment)
{
    berth_suite *suite = suite_allocate(sizeof *suite);
    unsigned i;

    suite->group = group;
    suite->type = group->manager;
    suite->environment = environment;
    suite->name = name;
    suite_memory_init(suite);
    if (pthread_mutex_init(&suite->lock, NULL) != 0)
        abort();
    suite->config =
        (berth_config){.allocator = &suite->allocator, .trace = suite_trace, .trace_ctx = suite};
#ifdef BERTH_NO_LIBUUID
    suite->config.uuid = suite_count_uuid;
    suite->config.uuid_ctx = suite;
#endif
    suite_text_init(&suite->calls, suite);
    suite_text_init(&suite->trace, suite);
    suite->sections = suite_allocate((suite->type->n_resources + 1u) * sizeof *suite->sections);
    for (i = 0; i <= suite->type->n_resources; i++)
        suite_text_init(&suite->sections[i], suite);
    return suite;
}

void suite_create(berth_suite *suite)
{
    const int rc =
        suite->type->create(suite, suite->environment, 0, 0, &suite->config, &suite->manager, NULL);

    if (rc != 0)
        suite_fail(suite, "create: expected 0, came %s", berth_errno_name(rc));
}

void suite_end(berth_suite *suite)
{
    unsigned i;

    suite_jobs_free(suite);
    if (suite->memory.blocks != 0)
        suite_fail(suite, "%zu blocks of memory were not released", suite->memory.blocks);
    if (suite->memory.wrong_size)
        suite_fail(suite, "a block of memory was released with another size than it was asked for");
    if (suite->memory.overrun)
        suite_fail(suite, "something was written behind a block of memory");
    for (i = 0; i <= suite->type->n_resources; i++)
        suite_text_free(&suite->sections[i]);
    suite_text_free(&suite->calls);
    suite_text_free(&suite->trace);
    for (i = 0; i < sizeof suite->news / sizeof suite->news[0]; i++)
        free(suite->news[i]);
    free(suite->sections);
    free(suite->held);
    free(suite->items);
    free(suite->reservations);
    free(suite->uuids);
    (void)pthread_mutex_destroy(&suite->lock);
    (void)pthread_mutex_destroy(&suite->memory.lock);
    free(suite);
}

void suite_destroy(berth_suite *suite)
{
    const int rc = suite->type->destroy(suite->manager, NULL);

    if (rc != 0)
        suite_fail(suite, "destroy: expected 0, came %s", berth_errno_name(rc));
}

void suite_expect_nothing_held(berth_suite *suite)
{
    if (suite->n_held > 0)
        suite_fail(suite, "the backend still holds what %s did",
                   suite->type->hooks[suite->held[0].hook].name);
}

void suite_close(berth_suite *suite)
{
    berth_error error;
    int rc;

    suite->mode = SUITE_BLOCKING;
    suite->outcomes = NULL;
    suite->fail_call = 0;
    suite->fail_hook = 0;
    rc = suite->type->drain(suite->manager, &error);
    if (rc != 0)
        suite_fail(suite, "drain: expected 0, came %s", berth_errno_name(rc));
    suite_expect_nothing_held(suite);
    if (suite->type->destroy(suite->manager, NULL) != 0)
        suite_fail(suite, "destroy after drain: expected 0");
    suite_end(suite);
}
