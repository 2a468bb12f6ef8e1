/* The dump: what it shows. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <berth/file.h>

#include "support/clock.h"
#include "support/started.h"

#include "dump_lines.h"

/*
 * What `text` has of the lines that contain `word`; UUIDs are shown as theirs alone where they are
 * `id`.
 */
static void assert_lines(const char *text, const char *word, const char *expected)
{
    static char found[8192];
    const char *end;

    found[0] = '\0';
    for (; (end = strchr(text, '\n')); text = end + 1) {
        char line[BERTH_DUMP_LINE_SIZE];

        snprintf(line, sizeof line, "%.*s", (int)(end - text), text);
        if (strstr(line, word))
            strcat(strcat(found, line), "\n");
    }
    assert_string_equal(found, expected);
}

static const char *with_id(const char *format, const uuid_t id)
{
    static char made[4][1024];
    static unsigned n;
    char *text = made[n++ % 4];
    char word[UUID_STR_LEN];

    uuid_unparse_lower(id, word);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    snprintf(text, sizeof made[0], format, word);
#pragma GCC diagnostic pop
    return text;
}

static void an_empty_manager(void **unused)
{
    struct depot depot;

    (void)unused;
    depot_start(&depot, NULL, NULL);
    assert_string_equal(dump(&depot), "pool rack.place: 0 of 6 slots taken\n"
                                      "pool rack.deep: 0 of 100000 slots taken\n"
                                      "pool shelf.bay: 0 of 4 slots taken\n");
    depot_stop(&depot);
}

/* Everything that there is of one rack, in its order; the values by the spec's names. */
static void instances_with_their_values(void **unused)
{
    struct depot depot;
    struct path path;
    uuid_t id, owner = {0xaa, 0xbb};
    const char *order[] = {"x", "y\n\"z"}, *tags[] = {"t"};
    berth_request request = {
        .operation = OP_RESERVE, .config = depot_path(&path, "a\"\t", 1)->config, .gives = id};
    const char *text;

    (void)unused;
    depot_start(&depot, NULL, NULL);
    path.rack.u8 = 200;
    path.rack.u64 = UINT64_MAX - 1;
    path.rack.i32 = -5;
    path.rack.i64 = INT64_MIN;
    path.rack.kind = 2;
    path.rack.order = (berth_strings){order, 2};
    path.rack.tags = (berth_strings){tags, 1};
    memcpy(path.rack.owner, owner, sizeof owner);
    assert_int_equal(berth_manager_run(depot.manager, &request, NULL), 0);
    text = dump(&depot);
    assert_lines(text, "references", "");
    assert_lines(text, "rack \"a\\\"\\t\" idle", "rack \"a\\\"\\t\" idle: 1 reference, 1 child\n");
    assert_lines(text, "shelf \"a\\\"\\t\"/1,\"z\" idle",
                 "  shelf \"a\\\"\\t\"/1,\"z\" idle: 1 reference, 1 child\n");
    assert_lines(text, "    book", "    book \"a\\\"\\t\"/1,\"z\" idle: 1 reference, 0 children\n");
    assert_lines(text, "isbn", "      isbn=01000000-0000-0000-0000-000000000000\n");
    assert_lines(text, "steel", "    steel=false, bay=0\n");
    assert_non_null(
        strstr(text, "locked=false, u8=200, u16=0, u32=0, u64=18446744073709551614, i32=-5, "));
    assert_non_null(strstr(text, "i64=-9223372036854775808"));
    assert_non_null(strstr(text, "owner=aabb0000-0000-0000-0000-000000000000"));
    assert_non_null(
        strstr(text, "order=[\"x\",\"y\\n\\\"z\"], tags=[\"t\"], serial=7\n  label=\"0\", uid="));
    assert_non_null(strstr(text, "row=0, column=0, deep=0, path=\"yard/0/0\"\n  watt=0, session="));
    assert_lines(text, "reservation ",
                 with_id("reservation %s holds rack \"a\\\"\\t\", shelf \"a\\\"\\t\"/1,\"z\", book "
                         "\"a\\\"\\t\"/1,\"z\"\n",
                         id));
    assert_lines(text, "slots",
                 "pool rack.place: 1 of 6 slots taken\n"
                 "pool rack.deep: 1 of 100000 slots taken\n"
                 "pool shelf.bay: 1 of 4 slots taken\n");
    depot_stop(&depot);
}

/* Roots in order of creation; a reservation that has let go of a part. */
static void holders_and_reservations(void **unused)
{
    struct depot depot;
    uuid_t id;
    const char *text;

    (void)unused;
    depot_start(&depot, NULL, NULL);
    assert_int_equal(on_rack(&depot, OP_USE, "second", NULL), 0);
    assert_int_equal(on_rack(&depot, OP_USE, "second", NULL), 0);
    assert_int_equal(reserve(&depot, "first", 3, id, NULL), 0);
    assert_int_equal(with(&depot, OP_CLOSE_BOOK, id, NULL), 0);
    text = dump(&depot);
    assert_true(strstr(text, "rack \"second\" on: 2 references, 0 children") <
                strstr(text, "rack \"first\" idle: 1 reference, 1 child"));
    assert_lines(text, "shelf \"first\"/3,\"z\" idle",
                 "  shelf \"first\"/3,\"z\" idle: 1 reference, 0 children\n");
    assert_lines(text, "reservation ",
                 with_id("reservation %s holds rack \"first\", shelf \"first\"/3,\"z\"\n", id));
    assert_int_equal(on_rack(&depot, OP_KICK, "first", NULL), 0); /* it ends under its holders */
    assert_lines(dump(&depot), "reservation ", with_id("reservation %s holds nothing\n", id));
    depot_stop(&depot);
}

static void dump_in_a_hook(struct depot *depot)
{
    assert_lines(dump(depot), "operation", "  operation use is in rack.open of rack \"a\"\n");
}

static int look(struct depot *depot, uint8_t hook, berth_call *call, const void *view, void *out)
{
    (void)hook;
    (void)call;
    (void)view;
    (void)out;
    dump_in_a_hook(depot);
    return 0;
}

static int discard_and_look(struct depot *depot, uint8_t hook, berth_call *call, const void *view,
                            void *out)
{
    (void)hook;
    (void)call;
    (void)view;
    (void)out;
    assert_int_equal(berth_manager_discard(depot->manager), 0);
    assert_lines(dump(depot), "operation", "1 operation that has no root\n");
    return 0;
}

static void running_operations(void **unused)
{
    struct depot depot;
    struct shelf_of_calls shelf;
    struct job first, open, reserving;
    uuid_t id;

    (void)unused;
    depot_start(&depot, NULL, NULL);
    depot.hook = look;
    assert_int_equal(on_rack(&depot, OP_USE, "a", NULL), 0);
    depot.hook = discard_and_look;
    assert_int_equal(on_rack(&depot, OP_USE, "gone", NULL), -ECANCELED);
    assert_int_equal(reserve(&depot, "b", 1, id, NULL), 0);
    shelf_init(&shelf, &depot);
    job_go(&first, &depot, OP_USE, "b");
    job_init(&open, &depot);
    open.id = id;
    assert_int_equal(job_start(&open, OP_OPEN, NULL, BERTH_NO_DEADLINE), 0);
    job_go(&reserving, &depot, OP_USE, "b");
    assert_lines(dump(&depot), "operation",
                 with_id("  operation use waits for rack.open of rack \"b\"\n"
                         "  operation use waits for this root\n"
                         "  operation open waits for this root, with reservation %s\n",
                         id));
    assert_int_equal(berth_manager_discard(depot.manager), 0);
    assert_lines(dump(&depot), "operation", "1 operation that has no root\n");
    assert_int_equal(shelf_complete(&shelf, 0, 0), 0);
    assert_lines(dump(&depot), "operation", "");
    depot_stop(&depot);
}

static void no_wake(void *ctx)
{
    (void)ctx;
}

/* Starts another operation, which is left to the loop. */
static void start_another(struct job *job, int code)
{
    struct job *other = job->arg;

    assert_int_equal(code, 0);
    job_go(other, job->depot, OP_USE, "b");
    assert_lines(dump(job->depot), "operation",
                 "  operation drop has this root and goes on\n"
                 "operation use has not begun\n");
}

/*
 * What is ready and not run yet: its call is completed, it was handed its root, or it has only been
 * started.
 */
static void operations_left_to_the_loop(void **unused)
{
    struct depot depot;
    struct shelf_of_calls shelf;
    struct job first, second, other;
    int64_t next;

    (void)unused;
    depot_start(&depot, NULL, &(berth_config){.wake = no_wake});
    shelf_init(&shelf, &depot);
    job_go(&first, &depot, OP_USE, "a");
    first.then = start_another;
    first.arg = &other;
    job_go(&second, &depot, OP_DROP, "0"); /* by label */
    assert_int_equal(shelf_complete(&shelf, 0, 0), 0);
    assert_lines(dump(&depot), "operation",
                 "  operation use has this root and goes on\n"
                 "  operation drop waits for this root\n");
    assert_int_equal(berth_manager_poll(depot.manager, &next), 0);
    assert_done(&first, 0);
    assert_int_equal(berth_manager_poll(depot.manager, NULL), 0);
    assert_lines(dump(&depot), "operation",
                 "  operation drop waits for rack.eject of rack \"a\"\n"
                 "  operation use waits for rack.open of rack \"b\"\n");
    for (unsigned i = 1; i < shelf.n; i++) {
        assert_int_equal(shelf_complete(&shelf, i, 0), 0);
        assert_int_equal(berth_manager_poll(depot.manager, NULL), 0);
    }
    assert_done(&second, 0);
    assert_done(&other, 0);
    depot_stop(&depot);
}

/* It has ended, although the drain that took its last hold goes on elsewhere. */
static void a_reservation_that_was_drained_is_not_shown(void **unused)
{
    struct depot depot;
    struct shelf_of_calls shelf;
    struct job drain;
    uuid_t id;

    (void)unused;
    depot_start(&depot, NULL, NULL);
    assert_int_equal(reserve(&depot, "a", 1, id, NULL), 0);
    assert_int_equal(on_rack(&depot, OP_USE, "b", NULL), 0);
    shelf_init(&shelf, &depot);
    job_init(&drain, &depot);
    assert_int_equal(job_start(&drain, 0, NULL, BERTH_NO_DEADLINE), 0);
    assert_lines(dump(&depot), "reservation", "");
    assert_lines(dump(&depot), "operation",
                 "  operation drain waits for rack.eject of rack \"b\"\n");
    for (unsigned i = 0; i < shelf.n; i++)
        assert_int_equal(shelf_complete(&shelf, i, 0), 0);
    assert_done(&drain, 0);
    depot_stop(&depot);
}

static void no_trace(void *ctx, const berth_transition *transition)
{
    (void)ctx;
    (void)transition;
}

/* With a trace the manager knows when a hook began. */
static void since_when(void **unused)
{
    struct depot depot;
    struct shelf_of_calls shelf;
    struct job job;
    unsigned long long us = 0;
    const char *text;

    (void)unused;
    depot_start(&depot, NULL, &(berth_config){.trace = no_trace});
    shelf_init(&shelf, &depot);
    job_go(&job, &depot, OP_USE, "a");
    clock_shift(HOUR);
    text = strstr(dump(&depot), "operation use");
    assert_int_equal(
        sscanf(text, "operation use waits for rack.open of rack \"a\" for %llu us", &us), 1);
    assert_true(us >= HOUR / 1000 && us < 2 * HOUR / 1000);
    assert_int_equal(shelf_complete(&shelf, 0, 0), 0);
    depot_stop(&depot);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_manager),
        cmocka_unit_test(instances_with_their_values),
        cmocka_unit_test(holders_and_reservations),
        cmocka_unit_test(running_operations),
        cmocka_unit_test_teardown(since_when, clock_back),
        cmocka_unit_test(operations_left_to_the_loop),
        cmocka_unit_test(a_reservation_that_was_drained_is_not_shown),
    };

    return cmocka_run_group_tests_name("dump", tests, NULL, NULL);
}
