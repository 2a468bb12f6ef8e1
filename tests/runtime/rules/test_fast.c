/* Operations that call no hook are done in one go: the same comes of them as in general. */

#include <errno.h>
#include <string.h>

#include "support/rules.h"

enum { N_CELLS = (GONE + 1) * (WIPE + 1) };

/*
 * The depot, but opening what is on makes it bad: a row that leads to another state, and calls
 * nobody.
 */
static const berth_manager_type *worn_type(void)
{
    static berth_manager_type type;
    static berth_resource resources[4];
    static berth_row rows[28];
    static berth_cell cells[N_CELLS];

    type = depot_type;
    memcpy(resources, depot_type.resources, sizeof resources);
    memcpy(rows, resources[RACK].rows, sizeof rows);
    memcpy(cells, resources[RACK].cells, sizeof cells);
    rows[10].ok.state = BAD;
    cells[ON * (WIPE + 1) + OPEN].plain = BAD;
    resources[RACK].rows = rows;
    resources[RACK].cells = cells;
    type.resources = resources;
    return &type;
}

static void told(void *ctx, const berth_transition *transition)
{
    (void)ctx, (void)transition;
}

/* With a trace, rows are walked one by one. */
static void opens_twice(bool traced)
{
    const berth_config config = {.trace = traced ? told : NULL};
    struct depot depot;
    const struct depot_backend backend = {&depot};
    uuid_t id, other;

    depot_init(&depot);
    assert_int_equal(
        berth_manager_create(worn_type(), NULL, &backend, &config, &depot.manager, NULL), 0);
    assert_int_equal(reserve(&depot, "a", 1, id, NULL), 0);
    assert_int_equal(reserve(&depot, "a", 1, other, NULL), 0);
    assert_int_equal(with(&depot, OP_OPEN, id, NULL), 0);
    assert_state(&depot, "rack a on 2+1\n shelf 1 on 2+1\n  book on 2+0\n");
    assert_string_equal(depot.log, "rack.open:a shelf.open:a book.open:a");
    assert_int_equal(with(&depot, OP_OPEN, id, NULL), 0);
    assert_state(&depot, "rack a bad 2+1\n shelf 1 on 2+1\n  book on 2+0\n");
    assert_int_equal(with(&depot, OP_OPEN, id, NULL), -ENOTRECOVERABLE);
    assert_string_equal(depot.log, "rack.open:a shelf.open:a book.open:a");
    assert_int_equal(berth_manager_discard(depot.manager), 0);
    assert_int_equal(berth_manager_destroy(depot.manager, NULL), 0);
}

static void an_event_leads_where_its_row_does(void **unused)
{
    (void)unused;
    opens_twice(false);
    opens_twice(true);
}

/* A level that the reservation has let go of is left alone, also when others hold it. */
static void a_released_hold_is_not_dropped_again(void **unused)
{
    struct depot depot;
    uuid_t a, b, c;

    (void)unused;
    depot_start(&depot, NULL, NULL);
    assert_int_equal(reserve(&depot, "a", 1, a, NULL), 0);
    assert_int_equal(reserve(&depot, "a", 1, b, NULL), 0);
    assert_int_equal(reserve(&depot, "a", 1, c, NULL), 0);
    assert_int_equal(with(&depot, OP_CLOSE_BOOK, a, NULL), 0);
    assert_state(&depot, "rack a idle 3+1\n shelf 1 idle 3+1\n  book idle 2+0\n");
    assert_int_equal(with(&depot, OP_CLOSE, a, NULL), 0);
    assert_state(&depot, "rack a idle 2+1\n shelf 1 idle 2+1\n  book idle 2+0\n");
    assert_int_equal(with(&depot, OP_CLOSE, b, NULL), 0);
    assert_state(&depot, "rack a idle 1+1\n shelf 1 idle 1+1\n  book idle 1+0\n");
    assert_int_equal(with(&depot, OP_CLOSE, c, NULL), 0);
    assert_state(&depot, "");
    depot_stop(&depot);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_event_leads_where_its_row_does),
        cmocka_unit_test(a_released_hold_is_not_dropped_again),
    };

    return cmocka_run_group_tests_name("fast path", tests, NULL, NULL);
}
