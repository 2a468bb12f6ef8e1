/* destroy and discard: what they refuse, and what they forget. */
#include <errno.h>
#include <string.h>

#include "support/depot.h"

static int drain(struct depot *depot, berth_error *error)
{
    return berth_manager_drain(depot->manager, BERTH_NO_DEADLINE, error);
}

static void discard_calls_nothing_and_counters_go_on(void **unused)
{
    struct depot depot;
    uuid_t a, b;
    char label[21] = "";
    void *results[] = {label, NULL, NULL};
    const size_t sizes[] = {sizeof label, 0, 0};
    struct path path;
    berth_request request = {.operation = OP_RESOLVE,
                             .config = depot_path(&path, "n", 0)->config,
                             .results = results,
                             .result_sizes = sizes,
                             .deadline = BERTH_NO_DEADLINE};

    (void)unused;
    depot_start(&depot, NULL, NULL);
    assert_int_equal(reserve(&depot, "a", 1, a, NULL), 0);
    assert_int_equal(reserve(&depot, "b", 1, b, NULL), 0);
    assert_int_equal(with(&depot, OP_OPEN, a, NULL), 0);
    depot_clear_log(&depot);
    assert_int_equal(berth_manager_discard(depot.manager), 0);
    assert_string_equal(depot.log, "");
    assert_state(&depot, "");
    assert_int_equal(depot_reservations(&depot), 0);
    assert_int_equal(with(&depot, OP_CLOSE, a, NULL), -ENOENT);
    assert_int_equal(berth_manager_run(depot.manager, &request, NULL), 0);
    assert_string_equal(label, "2");
    assert_state(&depot, "rack n idle 0+0\n");
    /* n has the lowest slot: those of a and b were free */
    assert_int_equal(place(&depot, "b", 0, 0, NULL), -EBUSY);
    depot_stop(&depot);
}

static void destroy_refuses_while_anything_is_held(void **unused)
{
    struct depot depot;
    uuid_t a;

    (void)unused;
    depot_start(&depot, NULL, NULL);
    assert_int_equal(place(&depot, "p", 0, 0, NULL), 0);
    assert_int_equal(reserve(&depot, "a", 1, a, NULL), 0);
    assert_int_equal(berth_manager_destroy(depot.manager, NULL), -EBUSY);
    assert_int_equal(with(&depot, OP_CLOSE, a, NULL), 0);
    /* nobody holds it, but idle is not resident */
    assert_int_equal(on_rack(&depot, OP_RESOLVE, "a", NULL), 0);
    assert_int_equal(berth_manager_destroy(depot.manager, NULL), -EBUSY);
    assert_int_equal(by_label(&depot, "2", NULL), 0);
    assert_int_equal(on_rack(&depot, OP_USE, "p", NULL), 0);
    assert_int_equal(berth_manager_destroy(depot.manager, NULL), -EBUSY); /* resident, but held */
    assert_int_equal(by_label(&depot, "0", NULL), 0);
    assert_int_equal(on_path(&depot, OP_ADD, "p", 1, NULL), 0);
    assert_int_equal(berth_manager_destroy(depot.manager, NULL), -EBUSY); /* a child */
    assert_int_equal(drain(&depot, NULL), 0);
    assert_state(&depot, "rack p rest 0+0\n");
    assert_int_equal(berth_manager_destroy(depot.manager, NULL), 0);
    assert_int_equal(depot.live_bytes, 0);
}

/* A depot in which the drop of a rack that rests is this row. Book.eject asks. */
static void start_with_drop_at_rest(struct depot *depot, berth_row drop)
{
    static berth_manager_type type;
    static berth_resource resources[BOOK + 1];
    static berth_row rows[64];
    static berth_hook hooks[BOOK_EJECT + 1];
    struct depot_backend backend = {depot};
    unsigned n_rows = depot_type.resources[RACK].n_rows;

    type = depot_type;
    memcpy(resources, depot_type.resources, sizeof resources);
    memcpy(hooks, depot_type.hooks, sizeof hooks);
    assert_true(n_rows < 64);
    memcpy(rows, resources[RACK].rows, (n_rows + 1) * sizeof *rows);
    rows[resources[RACK].cells[REST * (WIPE + 1) + CLOSE].row] = drop;
    hooks[BOOK_EJECT].asks = true;
    resources[RACK].rows = rows;
    type.resources = resources;
    type.hooks = hooks;
    depot_init(depot);
    assert_int_equal(berth_manager_create(&type, NULL, &backend,
                                          &(berth_config){.allocator = &depot->allocator},
                                          &depot->manager, NULL),
                     0);
}

/* What destroy says of a rack at rest with this drop, while the backend lacks a hook. */
static void assert_work(berth_row drop, const char *rack, uint8_t lacking, int expected)
{
    struct depot depot;
    berth_error error;

    start_with_drop_at_rest(&depot, drop);
    if (lacking > 0)
        depot_lack(&depot, lacking, true);
    assert_int_equal(place(&depot, rack, 0, 0, NULL), 0);
    assert_int_equal(berth_manager_destroy(depot.manager, &error), expected);
    if (expected != 0) {
        assert_string_equal(error.reason, "it has something to drain");
        depot_stop(&depot);
        return;
    }
    assert_int_equal(depot.live_bytes, 0);
    assert_string_equal(depot.log, "");
    pthread_mutex_destroy(&depot.lock);
}

/* Its drop would call a hook and lead to another state. */
static void destroy_refuses_what_has_something_to_drain(void **unused)
{
    const berth_row ends = {.hook = RACK_CLOSE, .ok = {GONE, 0}, .fail = {REST, 0}};
    const berth_row stays = {.hook = RACK_CLOSE, .ok = {REST, 0}, .fail = {GONE, 0}};
    const berth_row raises = {.ok = {LEFT, CLOSE}};
    const berth_row opens = {.ok = {IDLE, OPEN}}; /* a rack that is locked rejects that */
    const berth_row forgets = {.ok = {IDLE, 0}};
    const berth_row rejects = {.reject = EBUSY};

    (void)unused;
    assert_work(ends, "a", 0, -EBUSY);
    assert_work(stays, "a", 0, 0);
    assert_work(raises, "a", 0, -EBUSY);
    assert_work(opens, "a", 0, -EBUSY);
    assert_work(opens, "L", 0, 0);
    assert_work(forgets, "a", 0, 0);
    assert_work(rejects, "a", 0, 0);
}

/* Left out, a hook has ended ok, rejects, or cannot tell. */
static void destroy_knows_what_hooks_that_are_left_out_do(void **unused)
{
    const berth_row plain = {.hook = RACK_EJECT, .ok = {LEFT, CLOSE}, .fail = {REST, 0}};
    const berth_row needed = {.hook = SHELF_EJECT, .ok = {LEFT, CLOSE}, .fail = {REST, 0}};
    const berth_row asks = {.hook = BOOK_EJECT, .ok = {LEFT, CLOSE}, .fail = {REST, 0}};

    (void)unused;
    assert_work(plain, "a", RACK_EJECT, -EBUSY);
    assert_work(plain, "a", RACK_CLOSE, -EBUSY);
    assert_work(needed, "a", 0, -EBUSY);
    assert_work(needed, "a", SHELF_EJECT, 0);
    assert_work(asks, "a", 0, -EBUSY);
    assert_work(asks, "a", BOOK_EJECT, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(discard_calls_nothing_and_counters_go_on),
        cmocka_unit_test(destroy_refuses_while_anything_is_held),
        cmocka_unit_test(destroy_refuses_what_has_something_to_drain),
        cmocka_unit_test(destroy_knows_what_hooks_that_are_left_out_do),
    };

    return cmocka_run_group_tests_name("destroy", tests, NULL, NULL);
}
