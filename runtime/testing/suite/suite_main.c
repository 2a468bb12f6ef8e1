/*
 * Turns a generated suite into a cmocka group: one test per script, then those that are the same
 * for every manager.
 */
#define _POSIX_C_SOURCE 200809L
#include <fnmatch.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "suite_internal.h"

/* State of a script's test. */
typedef struct script_test {
    suite_group *group;
    const berth_suite_script *script;
} script_test;

static void run_script(void **state)
{
    const script_test *test = *state;

    suite_script(test->group, test->script, SUITE_BLOCKING, 0);
}

static const struct {
    const char *name;
    CMUnitTestFunction run;
} common[] = {
    {"create_takes_and_refuses_options", suite_test_creations},
    {"create_refuses_incomplete_backends", suite_test_backends},
    {"create_without_memory_leaves_nothing", suite_test_create_allocations},
    {"every_row_was_taken", suite_test_rows}, /* right after the scripts, whose rows it counts */
    {"bad_arguments_are_refused", suite_test_nulls},
    {"failing_every_allocation_changes_nothing", suite_test_allocations},
    {"without_a_trace", suite_test_untraced},
    {"failing_every_call_then_letting_go_leaves_nothing", suite_test_calls},
    {"full_pools", suite_test_pools},
#ifndef BERTH_NO_THREADS
    {"threads_on_many_roots", suite_test_many_roots},
    {"threads_on_one_root", suite_test_one_root},
    {"threads_on_one_root_freely", suite_test_one_root_freely},
    {"waiting_callers_share_the_outcome", suite_test_sharing},
    {"a_deadline_ends_the_wait", suite_test_deadline},
#endif
    {"a_hook_cannot_ask_for_its_own_root", suite_test_reentry},
    {"started_and_answered_at_once", suite_test_at_once},
    {"started_and_completed_early", suite_test_early},
    {"started_and_completed_later", suite_test_later},
    {"started_in_a_loop", suite_test_loop},
    {"failing_every_allocation_of_a_start_changes_nothing", suite_test_start_allocations},
    {"start_refuses", suite_test_start_refuses},
    {"each_operation_can_be_ended_while_it_waits", suite_test_each_waits},
    {"a_queued_start_is_cancelled", suite_test_cancel_queued},
    {"a_queued_start_passes_its_deadline", suite_test_deadline_queued},
    {"a_pending_hook_is_told_of_a_cancel", suite_test_cancel_pending},
    {"a_pending_hook_is_told_of_its_deadline", suite_test_deadline_pending},
    {"discard_ends_what_was_started", suite_test_discard_started},
    {"discard_of_a_root_ends_what_was_started", suite_test_discard_root_started},
    {"starts_on_many_roots", suite_test_starts_on_many_roots},
    {"starts_on_one_root", suite_test_starts_on_one_root},
    {"queued_starts_share_the_outcome", suite_test_sharing_started},
    {"done_starts_the_next", suite_test_start_from_done},
};

#define N_COMMON (sizeof common / sizeof *common)

static bool is_set(const char *name)
{
    const char *value = getenv(name);

    return value != NULL && value[0] != '\0' && strcmp(value, "0") != 0;
}

int berth_suite_main(const berth_suite_manager *manager, int argc, char **argv)
{
    const char *pattern = argc > 1 ? argv[1] : "*";
    suite_group group = {
        .manager = manager,
        .taken = suite_allocate((manager->n_rows + 1u) * sizeof *group.taken),
        .narrate = is_set("BERTH_SUITE_NARRATE"),
        .stop = is_set("BERTH_SUITE_STOP"),
    };
    struct CMUnitTest *tests = suite_allocate((manager->n_scripts + N_COMMON) * sizeof *tests);
    script_test *scripts = suite_allocate(manager->n_scripts * sizeof *scripts);
    size_t n = 0;
    size_t i;
    int failed;

    for (i = 0; i < manager->n_scripts; i++) {
        scripts[i] = (script_test){&group, &manager->scripts[i]};
        if (fnmatch(pattern, scripts[i].script->name, 0) == 0)
            tests[n++] = (struct CMUnitTest){.name = scripts[i].script->name,
                                             .test_func = run_script,
                                             .initial_state = &scripts[i]};
    }
    for (i = 0; i < N_COMMON; i++) {
        if (fnmatch(pattern, common[i].name, 0) == 0)
            tests[n++] = (struct CMUnitTest){
                .name = common[i].name, .test_func = common[i].run, .initial_state = &group};
    }
    failed = _cmocka_run_group_tests(manager->name, tests, n, NULL, NULL);
    free(tests);
    free(scripts);
    free(group.taken);
    return n > 0 && failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
