/* Deadlines of started operations: in the queue, while a hook pends, many at a time. */
#include <errno.h>

#include "support/clock.h"
#include "support/loop.h"
#include "support/started.h"

static void a_deadline_passes_in_the_queue(void **unused)
{
    struct depot depot;
    struct shelf_of_calls shelf;
    struct job first, late, later;
    int64_t soon = berth_now() + HOUR;
    int64_t never_reached = berth_now() + 3 * HOUR;

    (void)unused;
    depot_start_shelved(&depot, &shelf);
    assert_int_equal(poll_depot(&depot), BERTH_NO_DEADLINE);
    job_go(&first, &depot, OP_USE, "a");
    assert_int_equal(poll_depot(&depot), BERTH_NO_DEADLINE);
    job_init(&later, &depot);
    assert_int_equal(job_start(&later, OP_USE, "a", never_reached), 0);
    assert_int_equal(poll_depot(&depot), never_reached);
    job_init(&late, &depot);
    assert_int_equal(job_start(&late, OP_USE, "a", soon), 0);
    assert_int_equal(poll_depot(&depot), soon);
    assert_not_done(&late);
    clock_shift(HOUR);
    assert_int_equal(poll_depot(&depot), never_reached);
    assert_done(&late, -ETIMEDOUT);
    assert_where(&late.error, "rack", NULL, NULL, NULL);
    assert_not_done(&later);
    assert_int_equal(shelf_complete(&shelf, 0, 0), 0);
    assert_done(&later, 0);
    assert_int_equal(poll_depot(&depot), BERTH_NO_DEADLINE);
    assert_state(&depot, "rack a on 2+0\n");
    depot_stop(&depot);
}

static void a_deadline_passes_while_a_hook_is_pending(void **unused)
{
    struct depot depot;
    struct shelf_of_calls shelf;
    struct job job;
    int64_t soon = berth_now() + HOUR;

    (void)unused;
    depot_start_shelved(&depot, &shelf);
    job_init(&job, &depot);
    job.keep = true;
    assert_int_equal(job_start(&job, OP_USE, "a", soon), 0);
    assert_int_equal(berth_call_deadline(shelf.calls[0].call), soon);
    clock_shift(HOUR);
    assert_true(berth_call_cancelled(shelf.calls[0].call));
    assert_int_equal(shelf.calls[0].notified, 0); /* that takes somebody who polls */
    assert_int_equal(poll_depot(&depot), BERTH_NO_DEADLINE);
    assert_int_equal(shelf.calls[0].notified, 1);
    assert_int_equal(poll_depot(&depot), BERTH_NO_DEADLINE);
    assert_int_equal(job_cancel(&job), 0);
    assert_int_equal(shelf.calls[0].notified, 1);
    assert_not_done(&job);
    assert_int_equal(shelf_complete(&shelf, 0, 0), 0);
    assert_done(&job, 0);
    depot_stop(&depot);
}

/* It need not wait, so it runs, however late it is; but its hooks see that nobody waits. */
static void an_operation_that_need_not_wait_runs_however_late(void **unused)
{
    struct depot depot;
    struct shelf_of_calls shelf;
    struct job job;

    (void)unused;
    depot_start_shelved(&depot, &shelf);
    job_init(&job, &depot);
    assert_int_equal(job_start(&job, OP_USE, "a", 1), 0);
    assert_true(berth_call_cancelled(shelf.calls[0].call));
    assert_int_equal(shelf.calls[0].registered, -ECANCELED);
    assert_int_equal(shelf_complete(&shelf, 0, 0), 0);
    assert_done(&job, 0);
    job_init(&job, &depot);
    assert_int_equal(job_start(&job, OP_USE, "a", INT64_MIN), 0);
    assert_done(&job, 0);
    depot_stop(&depot);
}

enum { MANY = 600 };

static void deadlines_pass_in_their_order(void **unused)
{
    static struct job jobs[MANY];
    struct depot depot;
    struct shelf_of_calls shelf;
    struct job first;
    atomic_uint counter = 0;
    int64_t base = berth_now() + HOUR;
    int64_t previous = 0;
    unsigned cancelled = 0;

    (void)unused;
    depot_start_shelved(&depot, &shelf);
    job_go(&first, &depot, OP_USE, "a");
    for (unsigned i = 0; i < MANY; i++) {
        job_init(&jobs[i], &depot);
        /* each deadline once */
        assert_int_equal(job_start(&jobs[i], OP_USE, "a", base + i * 7919 % MANY), 0);
    }
    /* out of the heap from anywhere: what is left still comes in order */
    for (unsigned i = 0; i < MANY; i++) {
        int64_t next = poll_depot(&depot);

        assert_true(next > previous && next < base + MANY);
        if (i % 3 == 0) {
            unsigned far = (i * 31 + 17) % MANY;

            if (atomic_load(&jobs[far].n_done) == 0) {
                assert_int_equal(job_cancel(&jobs[far]), 0);
                cancelled++;
            }
            continue;
        }
        for (unsigned j = 0; j < MANY; j++)
            if (base + j * 7919 % MANY == next) {
                assert_int_equal(job_cancel(&jobs[j]), 0);
                cancelled++;
            }
        previous = next;
        if (cancelled == MANY)
            break;
    }
    for (unsigned i = 0; i < MANY; i++)
        if (atomic_load(&jobs[i].n_done) == 0)
            assert_int_equal(job_cancel(&jobs[i]), 0);
    assert_int_equal(poll_depot(&depot), BERTH_NO_DEADLINE);

    /* and all of them at once, by the clock */
    for (unsigned i = 0; i < MANY; i++) {
        job_init(&jobs[i], &depot);
        jobs[i].counter = &counter;
        assert_int_equal(job_start(&jobs[i], OP_USE, "a", 1 + i * 7919 % MANY), 0);
    }
    assert_int_equal(poll_depot(&depot), BERTH_NO_DEADLINE);
    for (unsigned i = 0; i < MANY; i++) {
        assert_done(&jobs[i], -ETIMEDOUT);
        assert_int_equal(jobs[i].nth, 1 + i * 7919 % MANY);
    }
    assert_int_equal(shelf_complete(&shelf, 0, 0), 0);
    depot_stop(&depot);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(a_deadline_passes_in_the_queue, clock_back),
        cmocka_unit_test_teardown(a_deadline_passes_while_a_hook_is_pending, clock_back),
        cmocka_unit_test(an_operation_that_need_not_wait_runs_however_late),
        cmocka_unit_test(deadlines_pass_in_their_order),
    };

    return cmocka_run_group_tests_name("started, deadlines", tests, NULL, NULL);
}
