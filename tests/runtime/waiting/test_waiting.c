/* S10: one operation at a time per root, first come first served. */
#include <errno.h>
#include <string.h>

#include "support/clock.h"
#include "support/threads.h"

static void a_waiter_finds_the_work_done(void **unused)
{
    struct depot depot;
    struct gate gate;
    struct task first, others[3];

    (void)unused;
    depot_start_held(&depot, &gate, &first);
    assert_state(&depot, "rack a idle 0+0\n"); /* while the hook runs */
    for (unsigned i = 0; i < 3; i++) {
        task_start_waiting(&others[i], &depot, OP_USE, "a", i + 1);
    }
    gate_open(&gate, 1);
    assert_int_equal(task_join(&first), 0);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(task_join(&others[i]), 0);
    assert_string_equal(depot.log, "rack.open:a");
    assert_state(&depot, "rack a on 4+0\n");
    depot_stop(&depot);
}

static void first_come_first_served(void **unused)
{
    enum { N = 4 }; /* bays */
    struct depot depot;
    struct gate gate;
    struct task first, others[N];

    (void)unused;
    depot_start_held(&depot, &gate, &first);
    for (unsigned i = 0; i < N; i++) {
        task_start_reserve(&others[i], &depot, "a", (uint16_t)(N - i));
        wait_for_waiters(&depot, i + 1);
    }
    gate_open(&gate, 1);
    assert_int_equal(task_join(&first), 0);
    for (unsigned i = 0; i < N; i++)
        assert_int_equal(task_join(&others[i]), 0);
    assert_state(&depot, "rack a on 5+4\n shelf 4 idle 1+1\n  book idle 1+0\n shelf 3 idle 1+1\n  "
                         "book idle 1+0\n shelf 2 idle 1+1\n  book idle 1+0\n"
                         " shelf 1 idle 1+1\n  book idle 1+0\n");
    depot_stop(&depot);
}

static void different_roots_run_at_the_same_time(void **unused)
{
    struct depot depot;
    struct gate gate;
    struct task a, b;

    (void)unused;
    depot_start_gated(&depot, &gate);
    task_start(&a, &depot, OP_USE, "a");
    task_start(&b, &depot, OP_USE, "b");
    gate_wait(&gate, 2); /* both hooks at once */
    gate_open(&gate, 2);
    assert_int_equal(task_join(&a), 0);
    assert_int_equal(task_join(&b), 0);
    depot_stop(&depot);
}

static void waiters_get_the_error_of_a_root_that_ended(void **unused)
{
    struct depot depot;
    struct gate gate;
    struct task first, others[3];

    (void)unused;
    depot_start_gated(&depot, &gate);
    depot.outcome[RACK_OPEN] = -ENODEV;
    task_start(&first, &depot, OP_CRASH, "a");
    gate_wait(&gate, 1);
    task_start_waiting(&others[0], &depot, OP_CRASH, "a", 1);
    task_start_reserve(&others[1], &depot, "a", 1);
    wait_for_waiters(&depot, 2);
    task_start_waiting(&others[2], &depot, OP_DROP, "0", 3);
    gate_open(&gate, 1);
    assert_int_equal(task_join(&first), -ENODEV);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(task_join(&others[i]), -ENODEV);
        assert_where(&others[i].error, "rack", "idle", "crash", "rack.open");
        assert_string_equal(others[i].error.key, "\"a\"");
    }
    assert_string_equal(others[1].error.operation, "reserve");
    assert_true(uuid_is_null(others[1].id));
    assert_string_equal(depot.log, "rack.open:a"); /* nobody repeated it */
    assert_state(&depot, "");
    depot.outcome[RACK_OPEN] = 0;
    gate_open(&gate, 1);
    assert_int_equal(on_rack(&depot, OP_CRASH, "a", NULL), 0); /* who comes later starts afresh */
    depot_stop(&depot);
}

static void waiter_goes_on_after_a_failure_of_a_root_that_stays(void **unused)
{
    struct depot depot;
    struct gate gate;
    struct task first, second;

    (void)unused;
    depot_start_gated(&depot, &gate);
    depot.outcome[RACK_OPEN] = -EIO;
    task_start(&first, &depot, OP_USE, "a");
    gate_wait(&gate, 1);
    task_start_waiting(&second, &depot, OP_USE, "a", 1);
    gate_open(&gate, 1);
    assert_int_equal(task_join(&first), -EIO);
    assert_int_equal(task_join(&second), -ENOTRECOVERABLE);
    assert_where(&second.error, "rack", "bad", "open", NULL);
    depot_stop(&depot);
}

static void waiters_retry_in_order_after_root_ended(void **unused)
{
    struct depot depot;
    struct gate gate;
    struct task last, others[6];
    uuid_t id;

    (void)unused;
    depot_start_gated(&depot, &gate);
    gate_open(&gate, 1);
    assert_int_equal(on_rack(&depot, OP_USE, "a", NULL), 0);
    task_start(&last, &depot, OP_DROP, "0");
    gate_wait(&gate, 2); /* eject */
    task_start_waiting(&others[0], &depot, OP_KICK, "a", 1);
    task_start(&others[1], &depot, OP_USE, "a"); /* makes it anew */
    wait_for_waiters(&depot, 2);
    task_start(&others[2], &depot, OP_USE, "a"); /* waits for that one */
    wait_for_waiters(&depot, 3);
    task_start_reserve(&others[4], &depot, "a", 1);
    wait_for_waiters(&depot, 4);
    task_start(&others[3], &depot, OP_DROP, "0"); /* absent: fine */
    wait_for_waiters(&depot, 5);
    gate_open(&gate, 1);
    gate_wait(&gate, 3); /* close */
    gate_open(&gate, 1);
    assert_int_equal(task_join(&last), 0);
    assert_int_equal(task_join(&others[0]), -ENOENT);
    assert_where(&others[0].error, "rack", NULL, NULL, NULL);
    assert_int_equal(task_join(&others[3]), 0);
    gate_wait(&gate, 4); /* the new one's open */
    wait_for_waiters(&depot, 2);
    assert_state(&depot, "rack a idle 0+0\n");
    gate_open(&gate, 1);
    assert_int_equal(task_join(&others[1]), 0);
    assert_int_equal(task_join(&others[2]), 0);
    assert_int_equal(task_join(&others[4]), 0);
    assert_string_equal(depot.log, "rack.open:a rack.eject:a rack.close:a rack.open:a");
    assert_state(&depot, "rack a on 3+1\n shelf 1 idle 1+1\n  book idle 1+0\n");

    memcpy(id, others[4].id, sizeof id);
    depot.hook = NULL;
    assert_int_equal(with(&depot, OP_CLOSE, id, NULL), 0);
    depot_stop(&depot);
}

static void every_form_waits(void **unused)
{
    struct depot depot;
    struct gate gate;
    struct task first, create_root, create_child, find, by;

    (void)unused;
    depot_start_held(&depot, &gate, &first);
    task_start_waiting(&create_root, &depot, OP_RESOLVE, "a", 1);
    task_start_waiting(&create_child, &depot, OP_ADD, "a", 2);
    task_start(&find, &depot, OP_FIND_SHELF, "a"); /* finds what was created before it */
    wait_for_waiters(&depot, 3);
    task_start_waiting(&by, &depot, OP_DROP, "0", 4);
    gate_open(&gate, 2);
    assert_int_equal(task_join(&first), 0);
    assert_int_equal(task_join(&create_root), 0);
    assert_int_equal(task_join(&create_child), 0);
    assert_int_equal(task_join(&find), 0);
    assert_int_equal(task_join(&by), 0);
    assert_string_equal(depot.log, "rack.open:a shelf.open:a");
    assert_state(&depot, "rack a on 0+1\n shelf 0 on 0+0\n");
    depot_stop(&depot);
}

static void a_creation_that_waits_finds_it_there(void **unused)
{
    struct depot depot;
    struct gate gate;
    struct task first, second;
    static const uint32_t at[] = {1, 1};
    struct path path;
    berth_error error;
    berth_request request = {.operation = OP_PLACE,
                             .config = depot_path(&path, "a", 0)->config,
                             .at = at,
                             .deadline = 0};

    (void)unused;
    depot_start_held(&depot, &gate, &first);
    assert_int_equal(berth_manager_run(depot.manager, &request, &error), -ETIMEDOUT);
    task_start_waiting(&second, &depot, OP_USE, "a", 1);
    gate_open(&gate, 1);
    request.deadline = BERTH_NO_DEADLINE;
    assert_int_equal(berth_manager_run(depot.manager, &request, &error), -EEXIST);
    assert_where(&error, "rack", "on", NULL, NULL);
    assert_int_equal(task_join(&first), 0);
    assert_int_equal(task_join(&second), 0);
    depot_stop(&depot);
}

static void a_retry_that_waits_finds_its_reservation_ended(void **unused)
{
    struct depot depot;
    struct gate gate;
    struct task first, second;
    uuid_t id;

    (void)unused;
    depot_start_gated(&depot, &gate);
    gate_open(&gate, 3);
    assert_int_equal(reserve(&depot, "a", 1, id, NULL), 0);
    assert_int_equal(with(&depot, OP_OPEN, id, NULL), 0);
    task_start_with(&first, &depot, OP_CLOSE, id);
    gate_wait(&gate, 4);
    task_start_with(&second, &depot, OP_CLOSE, id);
    wait_for_waiters(&depot, 1);
    gate_open(&gate, 6);
    assert_int_equal(task_join(&first), 0);
    assert_int_equal(task_join(&second), -ENOENT);
    assert_state(&depot, "");
    depot_stop(&depot);
}

/*
 * What it looks for has ended, and its slot is another root's now: it goes there, and does not keep
 * the root that it was handed.
 */
static void a_slot_that_moves_while_waiting_is_followed(void **unused)
{
    struct depot depot;
    struct gate gate;
    struct task first, busy, second;

    (void)unused;
    depot_start_gated(&depot, &gate);
    assert_int_equal(on_rack(&depot, OP_RESOLVE, "a", NULL), 0);
    assert_int_equal(on_rack(&depot, OP_RESOLVE, "b", NULL), 0);
    assert_int_equal(on_rack(&depot, OP_ADD, "a", NULL), 0);
    task_start(&first, &depot, OP_SHELF_CRASH, "a");
    gate_wait(&gate, 1);
    task_start(&second, &depot, OP_BY_BAY, NULL); /* bay 0 */
    wait_for_waiters(&depot, 1);
    gate_open(&gate, 1);
    gate_wait(&gate, 2); /* the shelf has ended, the rack has not */
    assert_int_equal(on_rack(&depot, OP_ADD, "b", NULL), 0);
    task_start(&busy, &depot, OP_USE, "b");
    gate_wait(&gate, 3);
    gate_open(&gate, 1);
    assert_int_equal(task_join(&first), 0);
    assert_int_equal(on_rack(&depot, OP_RESOLVE, "a", NULL), 0); /* handed on */
    wait_for_waiters(&depot, 1);
    assert_int_equal(until(&depot, OP_RESOLVE, "b", 0, NULL), -ETIMEDOUT);
    assert_int_equal(until(&depot, OP_RESOLVE, "a", 0, NULL), 0);
    gate_open(&gate, 2);
    assert_int_equal(task_join(&busy), 0);
    assert_int_equal(task_join(&second), 0);
    assert_string_equal(depot.log, "shelf.open:a rack.open:a rack.open:b shelf.open:b");
    assert_int_equal(until(&depot, OP_RESOLVE, "b", 0, NULL), 0);
    assert_state(&depot, "rack a on 0+0\nrack b on 1+1\n shelf 0 on 0+0\n");
    depot_stop(&depot);
}

static void a_deadline_passes_while_waiting(void **unused)
{
    struct depot depot;
    struct gate gate;
    struct task first, second, third;

    (void)unused;
    depot_start_held(&depot, &gate, &first);
    task_start_waiting(&third, &depot, OP_USE, "a", 1);
    task_start_until(&second, &depot, OP_USE, "a", berth_now() + 20000000);
    assert_int_equal(task_join(&second), -ETIMEDOUT);
    assert_where(&second.error, "rack", NULL, NULL, NULL);
    assert_int_equal(until(&depot, OP_USE, "a", -5, NULL), -ETIMEDOUT); /* long past */
    assert_int_equal(until(&depot, OP_USE, "a", 0, NULL), -ETIMEDOUT);
    wait_for_waiters(&depot, 1);
    gate_open(&gate, 2);
    assert_int_equal(until(&depot, OP_USE, "b", 0, NULL), 0); /* nobody to wait for: it runs */
    assert_int_equal(until(&depot, OP_USE, "a", berth_now() + HOUR, NULL), 0);
    assert_int_equal(task_join(&first), 0);
    assert_int_equal(task_join(&third), 0);
    assert_state(&depot, "rack a on 3+0\nrack b on 1+0\n");
    depot_stop(&depot);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_waiter_finds_the_work_done),
        cmocka_unit_test(first_come_first_served),
        cmocka_unit_test(different_roots_run_at_the_same_time),
        cmocka_unit_test(waiters_get_the_error_of_a_root_that_ended),
        cmocka_unit_test(waiter_goes_on_after_a_failure_of_a_root_that_stays),
        cmocka_unit_test(waiters_retry_in_order_after_root_ended),
        cmocka_unit_test(every_form_waits),
        cmocka_unit_test(a_creation_that_waits_finds_it_there),
        cmocka_unit_test(a_retry_that_waits_finds_its_reservation_ended),
        cmocka_unit_test(a_slot_that_moves_while_waiting_is_followed),
        cmocka_unit_test(a_deadline_passes_while_waiting),
    };

    return cmocka_run_group_tests_name("waiting", tests, NULL, NULL);
}
