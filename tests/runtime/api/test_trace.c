/* The trace callback: what happened, and nothing of what was taken back. */
#include <errno.h>
#include <string.h>

#include "support/depot.h"

static void start(struct depot *depot)
{
    berth_config config;

    depot_init(depot);
    config = depot_tracing(depot);
    assert_int_equal(depot_create(depot, NULL, &config), 0);
}

static void rows_in_order(void **unused)
{
    struct depot depot;
    uuid_t a, b;

    (void)unused;
    start(&depot);
    assert_int_equal(reserve(&depot, "a", 1, a, NULL), 0);
    assert_string_equal(
        depot.trace,
        "rack idle hold ok idle#1; shelf idle hold ok idle#28; book idle hold ok idle#55");
    depot_clear_log(&depot);
    depot.outcome[SHELF_OPEN] = BERTH_UNCERTAIN(-EIO);
    assert_int_equal(with(&depot, OP_OPEN, a, NULL), -EIO);
    assert_string_equal(
        depot.trace,
        "rack idle open rack.open ok on#4; shelf idle open shelf.open unsure odd#31 EIO");
    depot_clear_log(&depot);
    /* the rack's hold ran, and was taken back */
    assert_int_equal(reserve(&depot, "a", 1, b, NULL), -ENOTRECOVERABLE);
    assert_string_equal(depot.trace, "");
    depot.outcome[SHELF_CLOSE] = -ENXIO;
    assert_int_equal(with(&depot, OP_CLOSE, a, NULL), -ENXIO);
    assert_string_equal(depot.trace, "book idle close ok gone#56; shelf odd close shelf.close "
                                     "failed odd#45 ENXIO; shelf odd wipe rejected odd#47 ENODATA");
    depot_clear_log(&depot);
    depot.outcome[SHELF_CLOSE] = 0;
    assert_int_equal(with(&depot, OP_CLOSE, a, NULL), 0);
    assert_string_equal(depot.trace, "shelf odd close shelf.close ok gone#45; rack on close "
                                     "rack.eject ok left#9; rack left close rack.close ok gone#22");
    depot_stop(&depot);
}

static void undone_rows_are_not_reported(void **unused)
{
    struct depot depot;

    (void)unused;
    start(&depot);
    assert_int_equal(on_rack(&depot, OP_USE, "L", NULL), -EACCES);
    assert_int_equal(on_rack(&depot, OP_RESOLVE, "a", NULL), 0);
    assert_int_equal(on_rack(&depot, OP_WIPE, "a", NULL), -ENOTRECOVERABLE);
    assert_string_equal(depot.trace, "");
    assert_int_equal(on_rack(&depot, OP_KICK, "a", NULL), 0);
    assert_string_equal(depot.trace, "rack idle kick ok gone#6");
    depot_stop(&depot);
}

static void rejects_after_a_call_are_reported(void **unused)
{
    struct depot depot;
    uuid_t a;

    (void)unused;
    start(&depot);
    assert_int_equal(reserve(&depot, "a", 1, a, NULL), 0);
    assert_int_equal(with(&depot, OP_OPEN, a, NULL), 0);
    depot_lack(&depot, SHELF_EJECT, true);
    depot_lack(&depot, BOOK_EJECT, true);
    depot_clear_log(&depot);
    assert_int_equal(with(&depot, OP_CLOSE, a, NULL), -EOPNOTSUPP);
    assert_string_equal(depot.trace, "book on close ok left#63; book left close book.close ok "
                                     "gone#76; shelf on close rejected on#36 EOPNOTSUPP");
    depot_stop(&depot);
}

static void a_release_and_a_hole(void **unused)
{
    struct depot depot;

    (void)unused;
    start(&depot);
    assert_int_equal(on_rack(&depot, OP_USE, "a", NULL), 0);
    assert_int_equal(on_rack(&depot, OP_USE, "a", NULL), 0);
    depot_clear_log(&depot);
    assert_int_equal(by_label(&depot, "0", NULL), 0);
    assert_string_equal(depot.trace, "rack on close released on#0");
    assert_int_equal(place(&depot, "r", 1, 1, NULL), 0);
    depot.outcome[RACK_CLOSE] = -EIO;
    depot_clear_log(&depot);
    assert_int_equal(on_rack(&depot, OP_CRASH, "r", NULL), -EIO);
    assert_string_equal(depot.trace, "rack rest crash rack.close failed rest#27 EIO");
    depot_stop(&depot);
}

static void drain_reports_what_happened_to_each_instance(void **unused)
{
    struct depot depot;
    uuid_t a;

    (void)unused;
    start(&depot);
    assert_int_equal(reserve(&depot, "a", 1, a, NULL), 0);
    depot_lack(&depot, SHELF_EJECT, true);
    assert_int_equal(with(&depot, OP_OPEN, a, NULL), 0);
    depot_clear_log(&depot);
    assert_int_equal(berth_manager_drain(depot.manager, BERTH_NO_DEADLINE, NULL), -EOPNOTSUPP);
    assert_string_equal(
        depot.trace, "book on close book.eject ok left#63; book left close book.close ok gone#76");
    depot_stop(&depot);
}

static int discard(struct depot *depot, uint8_t hook, berth_call *call, const void *view, void *out)
{
    (void)hook;
    (void)call;
    (void)view;
    (void)out;
    assert_int_equal(berth_manager_discard(depot->manager), 0);
    return 0;
}

/*
 * A discarded operation changes nothing when its hook ends, whatever that answers: no row has
 * ended.
 */
static void a_discarded_operation_reports_no_more(void **unused)
{
    struct depot depot;

    (void)unused;
    start(&depot);
    depot.hook = discard;
    assert_int_equal(on_rack(&depot, OP_USE, "a", NULL), -ECANCELED);
    assert_string_equal(depot.trace, "");
    depot.hook = NULL;
    assert_int_equal(on_rack(&depot, OP_USE, "b", NULL), 0);
    depot_clear_log(&depot);
    depot.hook = discard;
    assert_int_equal(berth_manager_drain(depot.manager, BERTH_NO_DEADLINE, NULL), -ECANCELED);
    assert_string_equal(depot.trace, "");
    assert_string_equal(depot.log, "rack.eject:b");
    depot_stop(&depot);
}

static void outcomes_have_words(void **unused)
{
    static const char *const lines[] = {
        [BERTH_OK] = "m_o: ok -> c",
        [BERTH_FAILED] = "m_o: failed -> c",
        [BERTH_UNSURE] = "m_o: uncertain -> c",
        [BERTH_REJECTED] = "m_o: rejected -> c",
        [BERTH_RELEASED] = "m_o: released -> c",
        [BERTH_ANSWERED_YES] = "m_o: yes -> c",
        [BERTH_ANSWERED_NO] = "m_o: no -> c",
        [BERTH_ANSWERED_UNKNOWN] = "m_o: cannot tell -> c",
    };
    berth_transition row = {.kind = BERTH_TRACE_ROW, .manager = "m", .operation = "o", .next = "c"};
    char line[64];

    (void)unused;
    for (unsigned i = BERTH_OK; i <= BERTH_ANSWERED_UNKNOWN; i++) {
        row.outcome = (berth_outcome)i;
        assert_string_equal(berth_transition_text(&row, line, sizeof line), lines[i]);
    }
}

/* Calling back from where the manager is locked. */

static int call_back(void *arg, const berth_item *item)
{
    struct depot *depot = arg;
    berth_error error;
    uuid_t id;
    berth_token token = {.manager = depot->manager, .id = 1};

    (void)item;
    assert_int_equal(reserve(depot, "b", 1, id, &error), -EDEADLK);
    assert_int_equal(error.code, -EDEADLK);
    assert_true(uuid_is_null(id));
    assert_int_equal(berth_manager_drain(depot->manager, BERTH_NO_DEADLINE, &error), -EDEADLK);
    assert_int_equal(berth_manager_discard(depot->manager), -EDEADLK);
    assert_int_equal(berth_manager_destroy(depot->manager, NULL), -EDEADLK);
    assert_int_equal(berth_manager_for_each(depot->manager, call_back, arg), -EDEADLK);
    assert_int_equal(
        berth_manager_for_each_reservation(
            depot->manager, (int (*)(void *, const unsigned char *))(void (*)(void))call_back, arg),
        -EDEADLK);
    assert_int_equal(berth_complete(token, 0, NULL, 0), -EDEADLK);
    return 17;
}

static void callbacks_under_the_lock_get_edeadlk(void **unused)
{
    struct depot depot;
    unsigned n = 0;

    (void)unused;
    start(&depot);
    assert_int_equal(on_rack(&depot, OP_RESOLVE, "a", NULL), 0);
    assert_int_equal(on_rack(&depot, OP_RESOLVE, "b", NULL), 0);
    assert_int_equal(berth_manager_for_each(depot.manager, call_back, &depot), 17);
    assert_int_equal(n, 0);
    depot_stop(&depot);
}

static int stop_at_second(void *arg, const unsigned char *id)
{
    (void)id;
    return ++*(int *)arg == 2 ? -42 : 0;
}

static void a_visit_can_stop(void **unused)
{
    struct depot depot;
    uuid_t id[3];
    int n = 0;

    (void)unused;
    start(&depot);
    for (uint16_t i = 0; i < 3; i++)
        assert_int_equal(reserve(&depot, "a", i, id[i], NULL), 0);
    assert_int_equal(berth_manager_for_each_reservation(depot.manager, stop_at_second, &n), -42);
    assert_int_equal(n, 2);
    depot_stop(&depot);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_in_order),
        cmocka_unit_test(undone_rows_are_not_reported),
        cmocka_unit_test(rejects_after_a_call_are_reported),
        cmocka_unit_test(a_release_and_a_hole),
        cmocka_unit_test(drain_reports_what_happened_to_each_instance),
        cmocka_unit_test(a_discarded_operation_reports_no_more),
        cmocka_unit_test(outcomes_have_words),
        cmocka_unit_test(callbacks_under_the_lock_get_edeadlk),
        cmocka_unit_test(a_visit_can_stop),
    };

    return cmocka_run_group_tests_name("trace", tests, NULL, NULL);
}
