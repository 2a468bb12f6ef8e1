/*
 * Draining and destroying while others are at work: drains that wait for a root, what they leave
 * behind, and who comes in while destroy waits.
 */
#include <errno.h>
#include <time.h>

#include "support/loop.h"
#include "support/threads.h"

static void drain_waits_its_turn(void **unused)
{
    struct depot depot;
    struct gate gate;
    struct task first, drains, late;

    (void)unused;
    depot_start_held(&depot, &gate, &first);
    task_start_waiting(&drains, &depot, 0, NULL, 1);
    /* another one, that does not want to wait */
    task_start_until(&late, &depot, 0, NULL, berth_now() + 10000000);
    assert_int_equal(task_join(&late), -ETIMEDOUT);
    assert_where(&late.error, "rack", NULL, NULL, NULL);
    assert_string_equal(late.error.key, "\"a\"");
    gate_open(&gate, 3);
    assert_int_equal(task_join(&first), 0);
    assert_int_equal(task_join(&drains), 0);
    assert_string_equal(depot.log, "rack.open:a rack.eject:a rack.close:a");
    assert_state(&depot, "");
    depot_stop(&depot);
}

static void drain_goes_on_when_what_it_waited_for_is_gone(void **unused)
{
    struct depot depot;
    struct gate gate;
    struct task first, drains;

    (void)unused;
    depot_start_gated(&depot, &gate);
    depot.outcome[RACK_OPEN] = -EIO;
    task_start(&first, &depot, OP_CRASH, "a"); /* fails, and ends a */
    gate_wait(&gate, 1);
    assert_int_equal(on_rack(&depot, OP_RESOLVE, "b", NULL), 0);
    assert_int_equal(on_rack(&depot, OP_RESOLVE, "c", NULL), 0);
    task_start_waiting(&drains, &depot, 0, NULL, 1);
    /* the next one is gone before it gets there */
    assert_int_equal(on_rack(&depot, OP_KICK, "b", NULL), 0);
    gate_open(&gate, 1);
    assert_int_equal(task_join(&first), -EIO);
    assert_int_equal(task_join(&drains), 0); /* that error is not the drain's */
    assert_state(&depot, "");
    depot_stop(&depot);
}

static void waiter_retries_after_root_was_drained(void **unused)
{
    struct depot depot;
    struct gate gate;
    struct task drains, second;

    (void)unused;
    depot_start_gated(&depot, &gate);
    gate_open(&gate, 1);
    assert_int_equal(on_rack(&depot, OP_USE, "a", NULL), 0);
    task_start(&drains, &depot, 0, NULL);
    gate_wait(&gate, 2);
    task_start_waiting(&second, &depot, OP_USE, "a", 1);
    gate_open(&gate, 3);
    assert_int_equal(task_join(&drains), 0);
    assert_int_equal(task_join(&second), 0);
    assert_state(&depot, "rack a on 1+0\n");
    depot_stop(&depot);
}

static void two_drains_end_in_the_order_they_came(void **unused)
{
    struct depot depot;
    struct gate gate;
    struct task first, drains[2];

    (void)unused;
    depot_start_held(&depot, &gate, &first);
    task_start_waiting(&drains[0], &depot, 0, NULL, 1);
    task_start_waiting(&drains[1], &depot, 0, NULL, 2);
    depot.outcome[RACK_EJECT] = -EIO;
    gate_open(&gate, 2);
    assert_int_equal(task_join(&first), 0);
    assert_int_equal(task_join(&drains[0]), -EIO);
    gate_wait(&gate, 3); /* the second one tries again */
    gate_open(&gate, 1);
    assert_int_equal(task_join(&drains[1]), -EIO);
    assert_state(&depot, "rack a on 1+0\n");
    depot_stop(&depot);
}

/* It has let go of the first root and waits for the second. */
static void a_cancelled_drain_ends_the_reservations_it_has_emptied(void **unused)
{
    struct depot depot;
    struct shelf_of_calls shelf;
    struct job opens, drains;
    uuid_t a, b, kicked;

    (void)unused;
    depot_start(&depot, NULL, NULL);
    assert_int_equal(reserve(&depot, "k", 1, kicked, NULL), 0);
    /* holds nothing, and not by the drain's doing */
    assert_int_equal(with(&depot, OP_KICK_ALL, kicked, NULL), 0);
    assert_int_equal(reserve(&depot, "a", 1, a, NULL), 0);
    assert_int_equal(with(&depot, OP_OPEN, a, NULL), 0);
    assert_int_equal(reserve(&depot, "b", 1, b, NULL), 0);
    depot_clear_log(&depot);
    shelf_init(&shelf, &depot);
    job_init(&opens, &depot);
    opens.id = b;
    assert_int_equal(job_start(&opens, OP_OPEN, NULL, BERTH_NO_DEADLINE), 0);
    job_go(&drains, &depot, 0, NULL);
    for (unsigned i = 1; i < shelf.n; i++)
        assert_int_equal(shelf_complete(&shelf, i, 0), 0);
    assert_string_equal(depot.log, "rack.open:b book.eject:a book.close:a shelf.eject:a "
                                   "shelf.close:a rack.eject:a rack.close:a");
    assert_not_done(&drains);
    assert_int_equal(job_cancel(&drains), 0);
    assert_done(&drains, -ECANCELED);
    /* what was let go of stays so */
    assert_state(&depot, "rack b idle 1+1\n shelf 1 idle 1+1\n  book idle 1+0\n");
    assert_int_equal(with(&depot, OP_CLOSE, a, NULL), -ENOENT);
    assert_int_equal(with(&depot, OP_CLOSE, kicked, NULL), 0);
    assert_int_equal(shelf_complete(&shelf, 0, -EIO), 0);
    assert_done(&opens, -EIO);
    depot.hook = NULL;
    assert_int_equal(with(&depot, OP_CLOSE, b, NULL), 0);
    assert_state(&depot, "");
    assert_int_equal(berth_manager_destroy(depot.manager, NULL), 0); /* nothing is held */
    assert_int_equal(depot.live_bytes, 0);
}

/*
 * A blocking drain on the loop's thread runs what is ready when it meets a root that is taken, and
 * goes back to that root.
 */
static void a_drain_comes_back_to_the_root_it_had_to_wait_for(void **unused)
{
    struct depot depot;
    struct shelf_of_calls shelf;
    struct job use;

    (void)unused;
    loop_start(&depot, &shelf);
    job_go(&use, &depot, OP_USE, "a");
    assert_int_equal(berth_manager_poll(depot.manager, NULL), 0); /* this is the loop's thread */
    depot.hook = NULL;
    assert_int_equal(on_rack(&depot, OP_USE, "b", NULL), 0);
    assert_int_equal(shelf_complete(&shelf, 0, 0), 0);
    assert_not_done(&use);
    depot_clear_log(&depot);
    assert_int_equal(berth_manager_drain(depot.manager, BERTH_NO_DEADLINE, NULL), 0);
    assert_done(&use, 0);
    assert_string_equal(depot.log, "rack.eject:a rack.close:a rack.eject:b rack.close:b");
    assert_state(&depot, "");
    depot_stop(&depot);
}

/* The first rack pends when it is closed. While the next one is opened, that is completed. */
static int complete_from_inside(struct depot *depot, uint8_t hook, berth_call *call,
                                const void *view, void *out)
{
    if (hook == RACK_CLOSE && depot->n_of[RACK_CLOSE] == 1)
        return leave_token(depot, hook, call, view, out);
    if (hook == RACK_OPEN)
        assert_int_equal(berth_complete(*(berth_token *)depot->arg, 0, NULL, 0), 0);
    return 0;
}

/*
 * The drain's last hook ran on the thread that has the next root: but it is no longer that
 * thread's, and can wait for it.
 */
static void a_drain_waits_for_a_root_of_the_thread_that_ran_its_hook(void **unused)
{
    struct depot depot;
    struct job drain;
    berth_token token;

    (void)unused;
    depot_start(&depot, NULL, NULL);
    depot.outcome[RACK_OPEN] = BERTH_UNCERTAIN(-EIO);
    assert_int_equal(on_rack(&depot, OP_USE, "a", NULL), -EIO);
    assert_int_equal(on_rack(&depot, OP_RESOLVE, "b", NULL), 0);
    depot_clear_log(&depot);
    depot.hook = complete_from_inside;
    depot.arg = &token;
    job_go(&drain, &depot, 0, NULL);
    assert_not_done(&drain);
    assert_int_equal(on_rack(&depot, OP_USE, "b", NULL), 0);
    assert_done(&drain, 0);
    assert_string_equal(depot.log, "rack.close:a rack.open:b rack.eject:b rack.close:b");
    assert_state(&depot, "");
    depot_stop(&depot);
}

struct latecomer {
    struct depot depot;
    berth_token token;
    atomic_bool called;
};

/*
 * Nothing is tracked any more. Destroy gets the time to see that, and to wait for this to return.
 */
static void track_one_more(void *arg, int code)
{
    struct latecomer *late = arg;

    assert_int_equal(code, -EIO);
    atomic_store(&late->called, true);
    nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
    assert_int_equal(on_rack(&late->depot, OP_RESOLVE, "late", NULL), 0);
}

static void *complete(void *arg)
{
    assert_int_equal(berth_complete(((struct latecomer *)arg)->token, -EIO, NULL, 0), 0);
    return NULL;
}

static void destroy_looks_again_when_it_had_to_wait(void **unused)
{
    struct latecomer late;
    struct path path;
    depot_op op;
    pthread_t other;
    berth_request request = {.operation = OP_USE,
                             .config = depot_path(&path, "a", 0)->config,
                             .deadline = BERTH_NO_DEADLINE};

    (void)unused;
    depot_start_changed(
        &late.depot, &(struct depot_change){.state = IDLE, .event = OPEN, .fail = {.state = GONE}});
    late.depot.hook = leave_token;
    late.depot.arg = &late.token;
    atomic_store(&late.called, false);
    assert_int_equal(
        berth_manager_start(late.depot.manager, &request, NULL, &op, track_one_more, &late), 0);
    assert_int_equal(pthread_create(&other, NULL, complete, &late), 0);
    while (!atomic_load(&late.called))
        nanosleep(&(struct timespec){.tv_nsec = 100000}, NULL);
    assert_int_equal(berth_manager_destroy(late.depot.manager, NULL), -EBUSY);
    pthread_join(other, NULL);
    late.depot.hook = NULL;
    assert_state(&late.depot, "rack late idle 0+0\n");
    depot_stop(&late.depot);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(drain_waits_its_turn),
        cmocka_unit_test(drain_goes_on_when_what_it_waited_for_is_gone),
        cmocka_unit_test(waiter_retries_after_root_was_drained),
        cmocka_unit_test(two_drains_end_in_the_order_they_came),
        cmocka_unit_test(a_cancelled_drain_ends_the_reservations_it_has_emptied),
        cmocka_unit_test(a_drain_comes_back_to_the_root_it_had_to_wait_for),
        cmocka_unit_test(a_drain_waits_for_a_root_of_the_thread_that_ran_its_hook),
        cmocka_unit_test(destroy_looks_again_when_it_had_to_wait),
    };

    return cmocka_run_group_tests_name("drain, waits", tests, NULL, NULL);
}
