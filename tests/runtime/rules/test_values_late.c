/* Values from hooks that pend: when they count, and what they name. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "support/rules.h"

#include "values.h"

/* Started operations */

struct job {
    depot_op op;
    berth_error error;
    int code;
    bool over;
};

static void end_job(void *arg, int code)
{
    struct job *job = arg;

    job->code = code;
    job->over = true;
}

static void start_use(struct depot *depot, struct job *job, const char *rack)
{
    struct path path;
    const berth_request request = {.operation = OP_USE,
                                   .config = depot_path(&path, rack, 0)->config,
                                   .deadline = BERTH_NO_DEADLINE};

    assert_int_equal(
        berth_manager_start(depot->manager, &request, &job->error, &job->op, end_job, job), 0);
}

TEST(a_late_completion_replaces_what_the_hook_wrote)
{
    const rack_out later = {.door = 8};
    struct job job = {0};
    START_SCRIPT();

    script.answer = BERTH_PENDING;
    start_use(&depot, &job, "a");
    assert_int_equal(berth_complete(script.token, BERTH_UNCERTAIN(-EIO), &later, sizeof later), 0);
    assert_true(job.over);
    assert_int_equal(job.code, -EIO);
    assert_names(by_door(&depot, 8), "0");
    assert_names_none(by_badge(&depot, "blue"));
    depot_stop(&depot);
}

TEST(a_late_completion_without_values_keeps_what_the_hook_wrote)
{
    struct job job = {0};
    START_SCRIPT();

    script.answer = BERTH_PENDING;
    start_use(&depot, &job, "a");
    assert_int_equal(berth_complete(script.token, BERTH_UNCERTAIN(-EIO), NULL, 0), 0);
    assert_int_equal(job.code, -EIO);
    assert_names(by_badge(&depot, "blue"), "0");
    depot_stop(&depot);
}

TEST(s10_a_value_names_nobody_while_its_hook_is_pending)
{
    struct job job = {0};
    START_SCRIPT();

    script.answer = BERTH_PENDING;
    start_use(&depot, &job, "a");
    assert_names_none(by_badge(&depot, "blue"));
    assert_int_equal(berth_complete(script.token, 0, NULL, 0), 0);
    assert_names(by_badge(&depot, "blue"), "0");
    depot_stop(&depot);
}

TEST(of_two_pending_calls_with_one_value_the_first_that_ends_has_it)
{
    struct job a = {0}, b = {0};
    berth_token first;
    START_SCRIPT();

    script.answer = BERTH_PENDING;
    start_use(&depot, &a, "a");
    first = script.token;
    start_use(&depot, &b, "b");
    assert_int_equal(berth_complete(script.token, 0, NULL, 0), 0);
    assert_int_equal(b.code, 0);
    assert_int_equal(berth_complete(first, 0, NULL, 0), 0);
    assert_int_equal(a.code, -EEXIST);
    assert_where(&a.error, "rack", "idle", "open", "rack.open");
    assert_names(by_badge(&depot, "blue"), "1");
    depot_stop(&depot);
}

TEST(a_discard_while_pending_keeps_nothing)
{
    struct job job = {0};
    START_SCRIPT();

    script.answer = BERTH_PENDING;
    start_use(&depot, &job, "a");
    assert_int_equal(berth_manager_discard(depot.manager), 0);
    assert_int_equal(berth_complete(script.token, 0, NULL, 0), 0);
    assert_int_equal(job.code, -ECANCELED);
    assert_names_none(by_badge(&depot, "blue"));
    depot_stop(&depot);
}

/* The caller's own number need not live as long as the operation. */
TEST(a_started_look_up_keeps_its_number)
{
    struct job opening = {0}, finding = {0};
    int32_t door = -3;
    const berth_request find = {
        .operation = OP_BY_DOOR, .by = &door, .deadline = BERTH_NO_DEADLINE};
    struct path path;
    const berth_request open = {.operation = OP_FIND_SHELF,
                                .config = depot_path(&path, "a", 1)->config,
                                .deadline = BERTH_NO_DEADLINE};
    uuid_t id;
    START_SCRIPT();

    assert_int_equal(on_rack(&depot, OP_USE, "a", NULL), 0);
    assert_int_equal(reserve(&depot, "a", 1, id, NULL), 0);
    depot.outcome[SHELF_OPEN] = BERTH_PENDING;
    assert_int_equal(
        berth_manager_start(depot.manager, &open, &opening.error, &opening.op, end_job, &opening),
        0);
    assert_int_equal(
        berth_manager_start(depot.manager, &find, &finding.error, &finding.op, end_job, &finding),
        0);
    door = 99;
    assert_false(finding.over); /* it waits for the rack */
    assert_int_equal(berth_complete(script.token, 0, NULL, 0), 0);
    assert_true(opening.over && finding.over);
    assert_int_equal(finding.code, 0);
    depot_stop(&depot);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_late_completion_replaces_what_the_hook_wrote),
        cmocka_unit_test(a_late_completion_without_values_keeps_what_the_hook_wrote),
        cmocka_unit_test(s10_a_value_names_nobody_while_its_hook_is_pending),
        cmocka_unit_test(of_two_pending_calls_with_one_value_the_first_that_ends_has_it),
        cmocka_unit_test(a_discard_while_pending_keeps_nothing),
        cmocka_unit_test(a_started_look_up_keeps_its_number),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
