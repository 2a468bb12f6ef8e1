/* What the trace hears besides rows: calls that begin. And its line of text. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "support/clock.h"
#include "support/started.h"
#include "support/threads.h"

#include "trace_lines.h"

static void an_operation_from_its_start_to_its_end(void **unused)
{
    struct depot depot;
    uuid_t id;

    (void)unused;
    start(&depot, NULL);
    assert_int_equal(reserve(&depot, "a", 1, id, NULL), 0);
    /* it is known before the caller knows it */
    assert_memory_equal(last_reservation, id, sizeof id);
    assert_traced("depot_reserve: rack \"a\" idle on hold: ok -> idle\n"
                  "depot_reserve: shelf \"a\"/1,\"z\" idle on hold: ok -> idle\n"
                  "depot_reserve: book \"a\"/1,\"z\" idle on hold: ok -> idle\n");
    depot.outcome[SHELF_OPEN] = BERTH_UNCERTAIN(-EIO);
    assert_int_equal(with(&depot, OP_OPEN, id, NULL), -EIO); /* told by its row, and not again */
    assert_memory_equal(last_reservation, id, sizeof id);
    assert_traced(
        "depot_open: rack \"a\" idle on open: rack.open starts\n"
        "depot_open: rack \"a\" idle on open: rack.open ok -> on, 0 us\n"
        "depot_open: shelf \"a\"/1,\"z\" idle on open: shelf.open starts\n"
        "depot_open: shelf \"a\"/1,\"z\" idle on open: shelf.open uncertain EIO -> odd, 0 us\n");
    assert_int_equal(on_rack(&depot, OP_RESOLVE, "b", NULL), 0);
    assert_traced(""); /* it has no rows */
    depot_stop(&depot);
}

static int look_what_was_traced(struct depot *depot, uint8_t hook, berth_call *call,
                                const void *view, void *out)
{
    (void)depot;
    (void)hook;
    (void)call;
    (void)view;
    (void)out;
    assert_traced("depot_use: rack \"a\" idle on open: rack.open starts\n");
    return 0;
}

/* So that one that never returns can be seen. */
static void a_call_is_traced_before_its_hook_runs(void **unused)
{
    struct depot depot;

    (void)unused;
    start(&depot, NULL);
    depot.hook = look_what_was_traced;
    assert_int_equal(on_rack(&depot, OP_USE, "a", NULL), 0);
    assert_true(uuid_is_null(last_reservation));
    assert_traced("depot_use: rack \"a\" idle on open: rack.open ok -> on, 0 us\n"
                  "depot_use: rack \"a\" on on hold: ok -> on\n");
    depot_stop(&depot);
}

/* A drain goes on: each instance that it leaves alone before any call is a refusal. */
static void a_drain_that_is_refused_here_and_there(void **unused)
{
    struct depot depot;
    uuid_t id;

    (void)unused;
    start(&depot, NULL);
    assert_int_equal(reserve(&depot, "a", 1, id, NULL), 0);
    depot_lack(&depot, SHELF_EJECT, true);
    assert_int_equal(with(&depot, OP_OPEN, id, NULL), 0);
    assert_int_equal(on_rack(&depot, OP_USE, "b", NULL), 0);
    depot.outcome[RACK_EJECT] = -EIO;
    lines[0] = '\0';
    assert_int_equal(berth_manager_drain(depot.manager, BERTH_NO_DEADLINE, NULL), -EOPNOTSUPP);
    assert_traced("depot_drain: book \"a\"/1,\"z\" on on close: book.eject starts\n"
                  "depot_drain: book \"a\"/1,\"z\" on on close: book.eject ok -> left, 0 us\n"
                  "depot_drain: book \"a\"/1,\"z\" left on close: book.close starts\n"
                  "depot_drain: book \"a\"/1,\"z\" left on close: book.close ok -> gone, 0 us\n"
                  "depot_drain: refused: shelf \"a\"/1,\"z\" on on close: Operation not supported\n"
                  "depot_drain: rack \"b\" on on close: rack.eject starts\n"
                  "depot_drain: rack \"b\" on on close: rack.eject failed EIO -> on, 0 us\n");
    depot_stop(&depot);
}

static unsigned depth;

static void call_back(void *ctx, const berth_transition *t)
{
    struct depot *depot = ctx;
    struct path path;
    berth_request request = {.operation = OP_USE, .config = depot_path(&path, NULL, 0)->config};
    berth_error error;

    (void)t;
    assert_int_equal(depth++, 0);
    assert_int_equal(on_rack(depot, OP_USE, "b", &error), -EDEADLK);
    assert_int_equal(error.code, -EDEADLK);
    path.config[0] = NULL;
    assert_int_equal(berth_manager_run(depot->manager, &request, NULL), -EINVAL);
    depth--;
}

/* It would hear of what it does itself, for ever. */
static void calls_of_the_trace_are_not_traced(void **unused)
{
    struct depot depot;

    (void)unused;
    depot_start(&depot, NULL, &(berth_config){.trace = call_back, .trace_ctx = &depot});
    assert_int_equal(on_rack(&depot, OP_USE, "a", NULL), 0);
    assert_int_equal(on_rack(&depot, OP_KICK, "b", NULL), -ENOENT);
    depot_stop(&depot);
}

/* The line of text */

static void a_line_is_cut_like_that_of_an_error(void **unused)
{
    static const unsigned char id[16] = {1, 2};
    const berth_transition t = {
        .kind = BERTH_TRACE_ROW,
        .manager = "scsi",
        .operation = "map",
        .reservation = id,
        .resource = "disk",
        .key = "\"/img/\xc3\xa4\"",
        .state = "reserved",
        .event = "attach",
        .hook = "vm.add",
        .outcome = BERTH_FAILED,
        .error = -EIO,
        .next = "broken",
        .duration_ns = 1234567,
    };
    const char *whole =
        "scsi_map: disk \"/img/\xc3\xa4\" reserved on attach: vm.add failed EIO -> broken, 1234 us "
        "(reservation 01020000-0000-0000-0000-000000000000)";
    char line[256];

    (void)unused;
    assert_ptr_equal(berth_transition_text(&t, line, sizeof line), line);
    assert_string_equal(line, whole);
    assert_string_equal(berth_transition_text(&t, line, strlen(whole) + 1), whole);
    /* not half of a character */
    assert_string_equal(berth_transition_text(&t, line, 26), "scsi_map: disk \"/img/...");
    assert_string_equal(berth_transition_text(&t, line, 1), "");
    line[0] = 'x';
    assert_ptr_equal(berth_transition_text(&t, line, 0), line);
    assert_int_equal(line[0], 'x');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_operation_from_its_start_to_its_end),
        cmocka_unit_test(a_call_is_traced_before_its_hook_runs),
        cmocka_unit_test(a_drain_that_is_refused_here_and_there),
        cmocka_unit_test(calls_of_the_trace_are_not_traced),
        cmocka_unit_test(a_line_is_cut_like_that_of_an_error),
    };

    return cmocka_run_group_tests_name("trace all", tests, NULL, NULL);
}
