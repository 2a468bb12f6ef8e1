/* What the trace hears of operations that are refused. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "support/clock.h"
#include "support/started.h"
#include "support/threads.h"

#include "trace_lines.h"

/* Before it has its root. */
static void refused_for_what_it_was_given(void **unused)
{
    struct depot depot;
    struct path path;
    uuid_t id;
    char text[2];
    size_t size = 1;
    void *results[] = {text, NULL, NULL};
    const size_t sizes[] = {size, 0, 0};
    berth_request request = {
        .operation = OP_RESERVE, .config = depot_path(&path, "a", 1)->config, .gives = id};
    berth_request use = {
        .operation = OP_USE, .config = path.config, .results = results, .result_sizes = sizes};

    (void)unused;
    start(&depot, &(depot_options){.strict = true});
    path.shelf.zone = "";
    assert_int_equal(berth_manager_run(depot.manager, &request, NULL), -EINVAL);
    assert_traced("depot_reserve: refused: shelf: zone: Invalid argument\n");
    path.shelf.zone = "z";
    path.rack.locked = true;
    assert_int_equal(berth_manager_run(depot.manager, &request, NULL), -EPERM);
    assert_traced(
        "depot_reserve: refused: denied: Locked racks stay closed: Operation not permitted\n");
    path.rack.locked = false;
    assert_int_equal(berth_manager_run(depot.manager, &use, NULL), -ENOBUFS);
    assert_traced("depot_use: refused: No buffer space available\n");
    memset(id, 7, sizeof id);
    assert_int_equal(with(&depot, OP_STRICT, id, NULL), -EPERM);
    assert_memory_equal(last_reservation, id, sizeof id);
    assert_traced("depot_strict: refused: denied: option.strict: Operation not permitted\n");
    assert_int_equal(with(&depot, OP_OPEN, NULL, NULL), -EINVAL);
    assert_traced("depot_open: refused: Invalid argument\n");
    depot_stop(&depot);
}

/* By what is tracked. */
static void refused_for_what_is_there(void **unused)
{
    struct depot depot;
    struct path path;
    uuid_t id[5];
    berth_request request = {.operation = OP_RESOLVE, .config = depot_path(&path, "a", 1)->config};

    (void)unused;
    start(&depot, NULL);
    memset(id[0], 7, sizeof id[0]);
    assert_int_equal(with(&depot, OP_OPEN, id[0], NULL), -ENOENT);
    assert_memory_equal(last_reservation, id[0], sizeof id[0]);
    assert_traced("depot_open: refused: No such file or directory\n");
    assert_int_equal(with(&depot, OP_LOOK, id[0], NULL), -ENOENT); /* a look-up */
    assert_traced("depot_look: refused: No such file or directory\n");
    assert_int_equal(on_rack(&depot, OP_KICK, "a", NULL), -ENOENT);
    assert_traced("depot_kick: refused: rack \"a\": No such file or directory\n");
    assert_int_equal(place(&depot, "a", 0, 0, NULL), 0);
    assert_int_equal(place(&depot, "b", 0, 0, NULL), -EBUSY);
    assert_traced("depot_place: refused: rack \"b\": Device or resource busy\n");
    assert_int_equal(place(&depot, "a", 0, 1, NULL), -EEXIST);
    assert_traced("depot_place: refused: rack \"a\" rest: File exists\n");
    path.rack.u32 = 9;
    assert_int_equal(berth_manager_run(depot.manager, &request, NULL), -EEXIST);
    assert_traced("depot_resolve: refused: rack \"a\" rest: u32: File exists\n");
    for (uint16_t i = 0; i < 4; i++)
        assert_int_equal(reserve(&depot, "c", i, id[i], NULL), 0);
    lines[0] = '\0';
    assert_int_equal(reserve(&depot, "c", 4, id[4], NULL), -ENOSPC);
    assert_traced("depot_reserve: refused: shelf \"c\"/4,\"z\": No space left on device\n");
    assert_int_equal(with(&depot, OP_CLOSE_BOOK, id[0], NULL), 0);
    lines[0] = '\0';
    assert_int_equal(with(&depot, OP_OPEN, id[0], NULL), -ECANCELED);
    assert_traced("depot_open: refused: Operation canceled\n");
    depot_stop(&depot);
}

/*
 * A row that rejects is told as the refusal of its operation, when that left everything as it was,
 * and as a row after a call.
 */
static void refused_by_a_row(void **unused)
{
    struct depot depot;
    uuid_t id;

    (void)unused;
    start(&depot, NULL);
    assert_int_equal(on_rack(&depot, OP_USE, "L", NULL), -EACCES);
    assert_traced("depot_use: refused: rack \"L\" idle on open: Permission denied\n");
    assert_int_equal(reserve(&depot, "a", 1, id, NULL), 0);
    assert_int_equal(with(&depot, OP_OPEN, id, NULL), 0);
    depot_lack(&depot, SHELF_EJECT, true);
    depot_lack(&depot, BOOK_EJECT, true);
    lines[0] = '\0';
    assert_int_equal(with(&depot, OP_CLOSE, id, NULL), -EOPNOTSUPP);
    assert_traced("depot_close: book \"a\"/1,\"z\" on on close: ok -> left\n"
                  "depot_close: book \"a\"/1,\"z\" left on close: book.close starts\n"
                  "depot_close: book \"a\"/1,\"z\" left on close: book.close ok -> gone, 0 us\n"
                  "depot_close: shelf \"a\"/1,\"z\" on on close: rejected EOPNOTSUPP -> on\n");
    depot_stop(&depot);
}

static void refused_without_memory(void **unused)
{
    struct depot depot;
    struct path path;
    const uuid_t id = {1, 2, 3};
    berth_request request = {.operation = OP_USE, .config = depot_path(&path, "a", 0)->config};
    const berth_request open = {.operation = OP_OPEN, .reservation = id};
    berth_error error;

    (void)unused;
    start(&depot, NULL);
    depot.fail_from = depot.allocations + 1;
    assert_int_equal(on_rack(&depot, OP_USE, "a", NULL), -ENOMEM);
    assert_traced("depot_use: refused: Cannot allocate memory\n");
    assert_int_equal(
        berth_manager_start(depot.manager, &request, &error, NULL, (berth_done *)1, NULL), -ENOMEM);
    assert_string_equal(error.operation, "use");
    assert_traced("depot_use: refused: Cannot allocate memory\n");
    assert_true(uuid_is_null(last_reservation));
    assert_int_equal(berth_manager_start(depot.manager, &open, NULL, NULL, (berth_done *)1, NULL),
                     -ENOMEM);
    assert_memory_equal(last_reservation, id, sizeof id);
    assert_traced("depot_open: refused: Cannot allocate memory\n");
    assert_int_equal(berth_manager_drain_start(depot.manager, BERTH_NO_DEADLINE, NULL, NULL,
                                               (berth_done *)1, NULL),
                     -ENOMEM);
    assert_traced("depot_drain: refused: Cannot allocate memory\n");
    depot.fail_from = 0;
    assert_int_equal(berth_manager_start(depot.manager, &request, NULL, NULL, NULL, NULL), -EINVAL);
    assert_traced("depot_use: refused: Invalid argument\n");
    depot_stop(&depot);
}

static int use_it_again(struct depot *depot, uint8_t hook, berth_call *call, const void *view,
                        void *out)
{
    (void)hook;
    (void)call;
    (void)view;
    (void)out;
    lines[0] = '\0';
    assert_int_equal(on_rack(depot, OP_KICK, "a", NULL), -EDEADLK);
    assert_traced("depot_kick: refused: rack \"a\": Resource deadlock avoided\n");
    assert_int_equal(berth_manager_drain(depot->manager, BERTH_NO_DEADLINE, NULL), -EDEADLK);
    assert_traced("depot_drain: refused: rack \"a\": Resource deadlock avoided\n");
    return 0;
}

static void refused_because_it_would_wait_for_itself(void **unused)
{
    struct depot depot;

    (void)unused;
    start(&depot, NULL);
    depot.hook = use_it_again;
    assert_int_equal(on_rack(&depot, OP_USE, "a", NULL), 0);
    depot_stop(&depot);
}

/*
 * Cancelled, late, discarded, and the error of another: each is told once, with the root that it
 * waited for.
 */
static void refused_while_it_waits(void **unused)
{
    struct depot depot;
    struct shelf_of_calls shelf;
    struct job first, cancelled, late, shares;

    (void)unused;
    start(&depot, NULL);
    shelf_init(&shelf, &depot);
    job_go(&first, &depot, OP_USE, "a");
    job_go(&cancelled, &depot, OP_USE, "a");
    job_init(&late, &depot);
    assert_int_equal(job_start(&late, OP_USE, "a", berth_now() + HOUR), 0);
    lines[0] = '\0';
    assert_int_equal(job_cancel(&cancelled), 0);
    assert_traced("depot_use: refused: rack \"a\": Operation canceled\n");
    clock_shift(2 * HOUR);
    assert_int_equal(berth_manager_poll(depot.manager, NULL), 0);
    assert_traced("depot_use: refused: rack \"a\": Connection timed out\n");
    job_go(&shares, &depot, OP_USE, "a");
    assert_traced("");
    assert_int_equal(berth_manager_discard(depot.manager), 0);
    assert_traced("depot_use: refused: rack \"a\": Operation canceled\n");
    assert_int_equal(shelf_complete(&shelf, 0, 0), 0);
    assert_done(&first, -ECANCELED);
    /* its hook started: this is how it ended */
    assert_traced("depot_use: refused: Operation canceled\n");
    depot_stop(&depot);
}

static int discard_the_first(struct depot *depot, uint8_t hook, berth_call *call, const void *view,
                             void *out)
{
    (void)hook;
    (void)call;
    (void)view;
    (void)out;
    if (depot->n_calls == 1)
        assert_int_equal(discard_rack(depot, "a", NULL), 0);
    return 0;
}

/* A drain goes on. It has told of the call, and tells how that ended. */
static void a_drain_whose_root_is_discarded(void **unused)
{
    struct depot depot;

    (void)unused;
    start(&depot, NULL);
    assert_int_equal(on_rack(&depot, OP_RESOLVE, "a", NULL), 0);
    assert_int_equal(on_rack(&depot, OP_USE, "a", NULL), 0);
    assert_int_equal(on_rack(&depot, OP_USE, "b", NULL), 0);
    lines[0] = '\0';
    depot.n_calls = 0;
    depot.hook = discard_the_first;
    assert_int_equal(berth_manager_drain(depot.manager, BERTH_NO_DEADLINE, NULL), -ECANCELED);
    assert_traced("depot_drain: rack \"a\" on on close: rack.eject starts\n"
                  "depot_drain: refused: rack \"a\": Operation canceled\n"
                  "depot_drain: rack \"b\" on on close: rack.eject starts\n"
                  "depot_drain: rack \"b\" on on close: rack.eject ok -> left, 0 us\n"
                  "depot_drain: rack \"b\" left on close: rack.close starts\n"
                  "depot_drain: rack \"b\" left on close: rack.close ok -> gone, 0 us\n");
    assert_int_equal(discard_rack(&depot, "c", NULL), -ENOENT);
    assert_traced(""); /* a discard is not told, as it is no operation */
    depot_stop(&depot);
}

static void refused_with_the_error_of_another(void **unused)
{
    struct depot depot;
    struct shelf_of_calls shelf;
    struct job first, shares;

    (void)unused;
    start(&depot, NULL);
    depot.outcome[RACK_OPEN] = -ENXIO;
    assert_int_equal(on_rack(&depot, OP_USE, "a", NULL), -ENXIO);
    shelf_init(&shelf, &depot);
    job_go(&first, &depot, OP_WIPE, "a");
    job_go(&shares, &depot, OP_KICK, "a");
    lines[0] = '\0';
    assert_int_equal(shelf_complete(&shelf, 0, -EIO), 0);
    assert_done(&first, -EIO);
    assert_done(&shares, -EIO);
    assert_traced("depot_wipe: rack \"a\" bad on wipe: rack.close failed EIO -> gone, 0 us\n"
                  "depot_kick: refused: rack \"a\" bad on wipe: rack.close: Input/output error\n");
    depot_stop(&depot);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refused_for_what_it_was_given),
        cmocka_unit_test(refused_for_what_is_there),
        cmocka_unit_test(refused_by_a_row),
        cmocka_unit_test(refused_without_memory),
        cmocka_unit_test(refused_because_it_would_wait_for_itself),
        cmocka_unit_test_teardown(refused_while_it_waits, clock_back),
        cmocka_unit_test(a_drain_whose_root_is_discarded),
        cmocka_unit_test(refused_with_the_error_of_another),
    };

    return cmocka_run_group_tests_name("trace refusals", tests, NULL, NULL);
}
