/* Discarding one root while started operations pend on it, wait for it, or drain. */
#include <errno.h>

#include "model/manager.h"
#include "support/loop.h"
#include "support/started.h"

static void what_pends_is_told_and_what_waits_ends(void **unused)
{
    struct depot depot;
    struct shelf_of_calls shelf;
    struct job pending, queued, other, behind, last;

    (void)unused;
    depot_start_shelved(&depot, &shelf);
    job_go(&pending, &depot, OP_USE, "a");
    job_go(&other, &depot, OP_USE, "b");
    job_go(&queued, &depot, OP_USE, "a");
    job_go(&behind, &depot, OP_USE, "b");
    assert_int_equal(discard_rack(&depot, "a", NULL), 0);
    assert_done(&queued, -ECANCELED);
    assert_string_equal(queued.error.key, "\"a\"");
    assert_not_done(&pending);
    assert_not_done(&behind);
    assert_int_equal(shelf.calls[0].notified, 1);
    assert_true(berth_call_cancelled(shelf.calls[0].call));
    assert_int_equal(shelf.calls[1].notified, 0);
    assert_false(berth_call_cancelled(shelf.calls[1].call));
    assert_int_equal(berth_manager_destroy(depot.manager, NULL), -EBUSY);
    job_go(&last, &depot, OP_USE, "a"); /* a new one of the same name, whose call pends too */
    assert_int_equal(shelf.n, 3);
    assert_int_equal(shelf_complete(&shelf, 0, 0), 0); /* the late one */
    assert_done(&pending, -ECANCELED);
    assert_int_equal(shelf_complete(&shelf, 0, 0), -ENOENT);
    assert_not_done(&last);
    assert_state(&depot, "rack b idle 0+0\nrack a idle 0+0\n");
    assert_int_equal(shelf_complete(&shelf, 2, 0), 0);
    assert_done(&last, 0);
    assert_int_equal(shelf_complete(&shelf, 1, 0), 0);
    assert_done(&other, 0);
    assert_done(&behind, 0);
    assert_state(&depot, "rack b on 2+0\nrack a on 1+0\n");
    depot_stop(&depot);
}

/* Its call is completed, and nobody has run it yet. */
static void a_completed_call_is_ignored(void **unused)
{
    struct depot depot;
    struct shelf_of_calls shelf;
    struct job job;

    (void)unused;
    loop_start(&depot, &shelf);
    job_go(&job, &depot, OP_USE, "a");
    assert_int_equal(shelf_complete(&shelf, 0, 0), 0);
    assert_int_equal(discard_rack(&depot, "a", NULL), 0);
    assert_int_equal(shelf.calls[0].notified, 0);
    assert_not_done(&job);
    assert_int_equal(poll_depot(&depot), BERTH_NO_DEADLINE);
    assert_done(&job, -ECANCELED);
    assert_state(&depot, "");
    loop_stop(&depot);
}

static void in_a_loop_what_waited_ends_in_poll(void **unused)
{
    struct depot depot;
    struct shelf_of_calls shelf;
    struct job pending, queued;

    (void)unused;
    loop_start(&depot, &shelf);
    job_go(&pending, &depot, OP_USE, "a");
    job_go(&queued, &depot, OP_USE, "a");
    assert_int_equal(discard_rack(&depot, "a", NULL), 0);
    assert_int_equal(wakes(), 1);
    assert_not_done(&queued);
    assert_int_equal(poll_depot(&depot), BERTH_NO_DEADLINE);
    assert_done(&queued, -ECANCELED);
    assert_int_equal(shelf_complete(&shelf, 0, -EIO), 0);
    assert_int_equal(poll_depot(&depot), BERTH_NO_DEADLINE);
    assert_done(&pending, -ECANCELED);
    loop_stop(&depot);
}

/* It was handed the root, and the loop has not run it yet. */
static void what_was_granted_the_root_ends_too(void **unused)
{
    struct depot depot;
    struct shelf_of_calls shelf;
    struct job first, granted;

    (void)unused;
    loop_start(&depot, &shelf);
    job_go(&first, &depot, OP_USE, "a");
    job_go(&granted, &depot, OP_DROP, "0");
    assert_int_equal(shelf_complete(&shelf, 0, 0), 0);
    assert_int_equal(poll_depot(&depot), 0);
    assert_done(&first, 0);
    assert_not_done(&granted);
    assert_int_equal(discard_rack(&depot, "a", NULL), 0);
    assert_int_equal(poll_depot(&depot), BERTH_NO_DEADLINE);
    assert_done(&granted, -ECANCELED);
    assert_string_equal(depot.log, "rack.open:a");
    loop_stop(&depot);
}

static void discard_in_done(struct job *job, int code)
{
    struct job *next = job->arg;

    assert_int_equal(code, 0);
    assert_int_equal(job_start(next, OP_USE, "a", BERTH_NO_DEADLINE), 0);
    assert_int_equal(discard_rack(job->depot, "a", NULL), 0);
    assert_not_done(next);
}

/* It has not looked for the root yet, and makes a new one. */
static void what_has_not_looked_for_it_is_not_discarded(void **unused)
{
    struct depot depot;
    struct job job, next;

    (void)unused;
    depot_start(&depot, NULL, NULL);
    job_init(&job, &depot);
    job_init(&next, &depot);
    job.then = discard_in_done;
    job.arg = &next;
    assert_int_equal(job_start(&job, OP_USE, "a", BERTH_NO_DEADLINE), 0);
    assert_done(&next, 0);
    assert_string_equal(depot.log, "rack.open:a rack.open:a");
    assert_state(&depot, "rack a on 1+0\n");
    depot_stop(&depot);
}

/* Drains */

static void racks_in_use(struct depot *depot, struct shelf_of_calls *shelf, const char *names)
{
    depot_start(depot, NULL, NULL);
    for (; *names; names++)
        assert_int_equal(on_rack(depot, OP_USE, (const char[]){*names, '\0'}, NULL), 0);
    depot_clear_log(depot);
    shelf_init(shelf, depot);
}

static void a_drain_that_pends_goes_on_with_the_next(void **unused)
{
    struct depot depot;
    struct shelf_of_calls shelf;
    struct job drains;

    (void)unused;
    racks_in_use(&depot, &shelf, "ab");
    job_go(&drains, &depot, 0, NULL);
    assert_int_equal(discard_rack(&depot, "a", NULL), 0);
    assert_int_equal(shelf.calls[0].notified, 1);
    assert_int_equal(shelf_complete(&shelf, 0, 0), 0);
    assert_string_equal(depot.log, "rack.eject:a rack.eject:b");
    assert_int_equal(shelf.calls[1].registered, 0); /* its call is not cancelled */
    assert_false(berth_call_cancelled(shelf.calls[1].call));
    assert_int_equal(shelf_complete(&shelf, 1, 0), 0);
    assert_int_equal(shelf_complete(&shelf, 2, 0), 0);
    assert_done(&drains, -ECANCELED);
    assert_string_equal(drains.error.key, "\"a\"");
    assert_state(&depot, "");
    depot_stop(&depot);
}

/* It works below the root, and has more to release there. */
static void a_drain_releases_nothing_more_of_the_root(void **unused)
{
    struct depot depot;
    struct shelf_of_calls shelf;
    struct job drains;
    uuid_t ids[2];

    (void)unused;
    depot_start(&depot, NULL, NULL);
    for (uint16_t i = 0; i < 2; i++) {
        assert_int_equal(reserve(&depot, "a", i, ids[i], NULL), 0);
        assert_int_equal(with(&depot, OP_OPEN, ids[i], NULL), 0);
    }
    depot_clear_log(&depot);
    shelf_init(&shelf, &depot);
    job_go(&drains, &depot, 0, NULL);
    assert_int_equal(discard_rack(&depot, "a", NULL), 0);
    assert_state(&depot, "");
    assert_int_equal(shelf_complete(&shelf, 0, 0), 0);
    assert_done(&drains, -ECANCELED);
    assert_string_equal(depot.log, "book.eject:a");
    depot_stop(&depot);
}

static int discard_in_the_second(struct depot *depot, uint8_t hook, berth_call *call,
                                 const void *view, void *out)
{
    (void)hook;
    (void)call;
    (void)view;
    (void)out;
    if (depot->n_calls == 2)
        assert_int_equal(discard_rack(depot, "a", NULL), 0);
    return 0;
}

/* Its drops lead round in a circle: each root has as many as there are states. */
static void drops_of_the_root_do_not_count_for_the_next(void **unused)
{
    struct depot depot;
    const berth_resource *rack;
    uint8_t row;

    (void)unused;
    depot_start_changed(&depot,
                        &(struct depot_change){.state = ON, .event = CLOSE, .ok = {.state = LEFT}});
    rack = &depot.manager->type->resources[RACK]; /* a copy, which may be changed */
    row = rack->cells[LEFT * (rack->n_events + 1) + CLOSE].row;
    ((berth_row *)(uintptr_t)rack->rows)[row].ok.state = ON;
    assert_int_equal(on_rack(&depot, OP_USE, "a", NULL), 0);
    assert_int_equal(on_rack(&depot, OP_USE, "b", NULL), 0);
    depot.n_calls = 0;
    depot.hook = discard_in_the_second;
    assert_int_equal(berth_manager_drain(depot.manager, BERTH_NO_DEADLINE, NULL), -ECANCELED);
    assert_int_equal(depot.n_calls, 2 + rack->n_states);
    depot_stop(&depot);
}

/* Before or after the discard: the drain goes on to its end, and its later hooks know. */
static void a_cancelled_drain_stays_cancelled(void **unused)
{
    (void)unused;
    for (unsigned before = 0; before < 2; before++) {
        struct depot depot;
        struct shelf_of_calls shelf;
        struct job drains;

        racks_in_use(&depot, &shelf, "ab");
        job_go(&drains, &depot, 0, NULL);
        if (before)
            assert_int_equal(job_cancel(&drains), 0);
        assert_int_equal(discard_rack(&depot, "a", NULL), 0);
        if (!before)
            assert_int_equal(job_cancel(&drains), 0);
        assert_int_equal(shelf.calls[0].notified, 1);
        assert_int_equal(shelf_complete(&shelf, 0, 0), 0);
        assert_int_equal(shelf.calls[1].registered, -ECANCELED);
        assert_true(berth_call_cancelled(shelf.calls[1].call));
        assert_int_equal(shelf_complete(&shelf, 1, 0), 0);
        assert_int_equal(shelf_complete(&shelf, 2, 0), 0);
        assert_done(&drains, -ECANCELED);
        depot_stop(&depot);
    }
}

static void a_drain_that_waits_goes_on_with_the_next(void **unused)
{
    struct depot depot;
    struct shelf_of_calls shelf;
    struct job drop, drains[2];

    (void)unused;
    racks_in_use(&depot, &shelf, "ab");
    job_go(&drop, &depot, OP_DROP, "0");
    job_go(&drains[0], &depot, 0, NULL);
    job_go(&drains[1], &depot, 0, NULL);
    assert_int_equal(discard_rack(&depot, "a", NULL), 0);
    assert_string_equal(depot.log, "rack.eject:a rack.eject:b");
    assert_not_done(&drains[0]);
    assert_not_done(&drains[1]); /* it waits for rack b now */
    assert_int_equal(shelf_complete(&shelf, 1, 0), 0);
    assert_int_equal(shelf_complete(&shelf, 2, 0), 0);
    for (unsigned i = 0; i < 2; i++) {
        assert_done(&drains[i], -ECANCELED);
        assert_string_equal(drains[i].error.key, "\"a\"");
    }
    assert_int_equal(shelf_complete(&shelf, 0, 0), 0);
    assert_done(&drop, -ECANCELED);
    assert_state(&depot, "");
    depot_stop(&depot);
}

/* It works on an earlier root meanwhile: there is nothing to note. */
static void a_drain_that_has_not_come_to_it_passes_it(void **unused)
{
    struct depot depot;
    struct shelf_of_calls shelf;
    struct job drains;

    (void)unused;
    racks_in_use(&depot, &shelf, "abc");
    job_go(&drains, &depot, 0, NULL);
    assert_int_equal(discard_rack(&depot, "b", NULL), 0);
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(shelf_complete(&shelf, i, 0), 0);
    assert_done(&drains, 0);
    assert_string_equal(depot.log, "rack.eject:a rack.close:a rack.eject:c rack.close:c");
    depot_stop(&depot);
}

/* The loop has not run it since it was handed the root. Others wait for that behind it. */
static void a_drain_that_was_granted_the_root_passes_it(void **unused)
{
    struct depot depot;
    struct shelf_of_calls shelf;
    struct job first, drains, behind;

    (void)unused;
    loop_start(&depot, &shelf);
    job_go(&first, &depot, OP_USE, "a");
    assert_int_equal(on_rack(&depot, OP_RESOLVE, "b", NULL), 0);
    job_go(&drains, &depot, 0, NULL);
    job_go(&behind, &depot, OP_USE, "a");
    assert_int_equal(shelf_complete(&shelf, 0, 0), 0);
    (void)poll_depot(&depot);
    assert_done(&first, 0);
    assert_int_equal(discard_rack(&depot, "a", NULL), 0);
    while (poll_depot(&depot) == 0)
        ;
    assert_done(&behind, -ECANCELED);
    assert_done(&drains, -ECANCELED);
    assert_string_equal(drains.error.key, "\"a\"");
    assert_string_equal(depot.log, "rack.open:a");
    assert_state(&depot, "");
    loop_stop(&depot);
}

/* The manager is discarded as well: there is no root left to go on with. */
static void then_everything_is_discarded(void **unused)
{
    struct depot depot;
    struct shelf_of_calls shelf;
    struct job drains;

    (void)unused;
    racks_in_use(&depot, &shelf, "ab");
    job_go(&drains, &depot, 0, NULL);
    assert_int_equal(discard_rack(&depot, "a", NULL), 0);
    assert_int_equal(berth_manager_discard(depot.manager), 0);
    assert_int_equal(on_rack(&depot, OP_RESOLVE, "c", NULL), 0);
    assert_int_equal(shelf_complete(&shelf, 0, 0), 0);
    assert_done(&drains, -ECANCELED);
    assert_string_equal(depot.log, "rack.eject:a");
    assert_state(&depot, "rack c idle 0+0\n");
    depot_stop(&depot);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_pends_is_told_and_what_waits_ends),
        cmocka_unit_test(a_completed_call_is_ignored),
        cmocka_unit_test(in_a_loop_what_waited_ends_in_poll),
        cmocka_unit_test(what_was_granted_the_root_ends_too),
        cmocka_unit_test(what_has_not_looked_for_it_is_not_discarded),
        cmocka_unit_test(a_drain_that_pends_goes_on_with_the_next),
        cmocka_unit_test(a_drain_releases_nothing_more_of_the_root),
        cmocka_unit_test(drops_of_the_root_do_not_count_for_the_next),
        cmocka_unit_test(a_cancelled_drain_stays_cancelled),
        cmocka_unit_test(a_drain_that_waits_goes_on_with_the_next),
        cmocka_unit_test(a_drain_that_has_not_come_to_it_passes_it),
        cmocka_unit_test(a_drain_that_was_granted_the_root_passes_it),
        cmocka_unit_test(then_everything_is_discarded),
    };

    return cmocka_run_group_tests_name("started, a root discarded", tests, NULL, NULL);
}
