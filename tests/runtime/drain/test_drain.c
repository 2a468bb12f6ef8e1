/* drain: its order, failures, and what stays. */
#include <errno.h>
#include <string.h>

#include "support/depot.h"

static int drain(struct depot *depot, berth_error *error)
{
    return berth_manager_drain(depot->manager, BERTH_NO_DEADLINE, error);
}

static void children_before_parents_in_order_of_creation(void **unused)
{
    struct depot depot;
    uuid_t id[3];

    (void)unused;
    depot_start(&depot, NULL, NULL);
    assert_int_equal(reserve(&depot, "a", 1, id[0], NULL), 0);
    assert_int_equal(reserve(&depot, "b", 1, id[1], NULL), 0);
    assert_int_equal(reserve(&depot, "a", 2, id[2], NULL), 0);
    assert_int_equal(on_rack(&depot, OP_USE, "c", NULL), 0);
    for (int i = 0; i < 3; i++)
        assert_int_equal(with(&depot, OP_OPEN, id[i], NULL), 0);
    depot_clear_log(&depot);
    assert_int_equal(drain(&depot, NULL), 0);
    assert_string_equal(depot.log, "book.eject:a book.close:a shelf.eject:a shelf.close:a "
                                   "book.eject:a book.close:a shelf.eject:a shelf.close:a "
                                   "rack.eject:a rack.close:a book.eject:b book.close:b "
                                   "shelf.eject:b shelf.close:b rack.eject:b rack.close:b "
                                   "rack.eject:c rack.close:c");
    assert_state(&depot, "");
    assert_int_equal(depot_reservations(&depot), 0);
    assert_int_equal(with(&depot, OP_CLOSE, id[0], NULL), -ENOENT);
    assert_int_equal(drain(&depot, NULL), 0);
    assert_int_equal(berth_manager_destroy(depot.manager, NULL), 0);
    assert_int_equal(depot.live_bytes, 0);
}

static void a_failure_leaves_what_is_above_and_goes_on(void **unused)
{
    struct depot depot;
    uuid_t a, b;
    berth_error error;

    (void)unused;
    depot_start(&depot, NULL, NULL);
    assert_int_equal(reserve(&depot, "a", 1, a, NULL), 0);
    assert_int_equal(with(&depot, OP_OPEN, a, NULL), 0);
    assert_int_equal(reserve(&depot, "a", 2, b, NULL), 0);
    assert_int_equal(on_rack(&depot, OP_USE, "b", NULL), 0);
    depot_clear_log(&depot);
    depot.outcome[BOOK_EJECT] = -EIO;
    depot.outcome[RACK_EJECT] = -ENXIO;
    assert_int_equal(drain(&depot, &error), -EIO); /* the first error */
    assert_string_equal(error.operation, "drain");
    assert_where(&error, "book", "on", "close", "book.eject");
    assert_string_equal(error.key, "\"a\"/1,\"z\"");
    assert_string_equal(depot.log, "book.eject:a rack.eject:b");
    /* both hold the rack, shelf 2 is gone */
    assert_state(&depot, "rack a on 2+1\n shelf 1 on 1+1\n  book on 1+0\nrack b on 1+0\n");
    assert_int_equal(depot_reservations(&depot), 2);
    depot.outcome[BOOK_EJECT] = 0;
    assert_int_equal(drain(&depot, &error), -ENXIO);
    assert_where(&error, "rack", "on", "close", "rack.eject");
    assert_state(&depot, "rack a on 2+0\nrack b on 1+0\n");
    assert_int_equal(depot_reservations(&depot), 2);
    assert_int_equal(with(&depot, OP_OPEN, a, NULL), -ECANCELED);
    depot.outcome[RACK_EJECT] = 0;
    assert_int_equal(with(&depot, OP_CLOSE, a, NULL), 0);
    assert_state(&depot, "rack a on 1+0\nrack b on 1+0\n");
    assert_int_equal(drain(&depot, &error), 0);
    assert_int_equal(error.code, 0);
    assert_state(&depot, "");
    depot_stop(&depot);
}

/* A drain has released the book and the shelf, somebody else has ended the rack. */
static void half_drained_reservation_stays_until_it_is_ended(void **unused)
{
    struct depot depot;
    uuid_t a, b;

    (void)unused;
    depot_start(&depot, NULL, NULL);
    assert_int_equal(reserve(&depot, "a", 1, a, NULL), 0);
    assert_int_equal(with(&depot, OP_OPEN, a, NULL), 0);
    assert_int_equal(reserve(&depot, "a", 1, b, NULL), 0);
    depot.outcome[RACK_EJECT] = -ENXIO;
    assert_int_equal(drain(&depot, NULL), -ENXIO);
    assert_state(&depot, "rack a on 2+0\n");
    assert_int_equal(on_rack(&depot, OP_KICK, "a", NULL), 0);
    assert_state(&depot, "");
    assert_int_equal(depot_reservations(&depot), 2);
    assert_int_equal(berth_manager_destroy(depot.manager, NULL), -EBUSY);
    assert_int_equal(with(&depot, OP_OPEN, a, NULL), -ECANCELED);
    assert_int_equal(with(&depot, OP_CLOSE, a, NULL), 0);
    assert_int_equal(with(&depot, OP_CLOSE, a, NULL), -ENOENT);
    assert_int_equal(depot_reservations(&depot), 1);
    assert_int_equal(drain(&depot, NULL), 0);
    assert_int_equal(depot_reservations(&depot), 0);
    assert_int_equal(with(&depot, OP_CLOSE, b, NULL), -ENOENT);
    depot_stop(&depot);
}

static void a_failure_that_raises_leaves_what_is_above(void **unused)
{
    struct depot depot;
    uuid_t a;
    berth_error error;

    (void)unused;
    depot_start(&depot, NULL, NULL);
    assert_int_equal(reserve(&depot, "a", 1, a, NULL), 0);
    assert_int_equal(with(&depot, OP_OPEN, a, NULL), 0);
    depot.outcome[BOOK_CLOSE] = BERTH_UNCERTAIN(-EIO);
    assert_int_equal(drain(&depot, NULL), -EIO);
    assert_state(&depot, "rack a on 1+1\n shelf 1 on 1+1\n  book odd 1+0\n");
    depot.outcome[BOOK_CLOSE] = -EIO; /* odd: fail raises wipe, which is rejected */
    assert_int_equal(drain(&depot, &error), -EIO);
    assert_where(&error, "book", "odd", "close", "book.close");
    depot_stop(&depot);
}

/*
 * A shelf that ends although its drop failed: its rack has no child any more, and is left alone all
 * the same.
 */
static void an_end_by_failure_still_leaves_what_is_above(void **unused)
{
    struct depot depot;
    uuid_t a, b;
    berth_error error;

    (void)unused;
    depot_start_changed(
        &depot, &(struct depot_change){.state = ODD, .event = CLOSE, .fail = {.state = GONE}});
    depot.outcome[SHELF_OPEN] = BERTH_UNCERTAIN(-ENXIO);
    assert_int_equal(reserve(&depot, "a", 1, a, NULL), 0);
    assert_int_equal(with(&depot, OP_OPEN, a, NULL), -ENXIO);
    depot.outcome[SHELF_OPEN] = 0;
    assert_int_equal(reserve(&depot, "b", 2, b, NULL), 0);
    depot.outcome[SHELF_CLOSE] = -EIO;
    assert_int_equal(drain(&depot, &error), -EIO);
    assert_where(&error, "shelf", "odd", "close", "shelf.close");
    assert_state(&depot, "rack a on 1+0\n"); /* the next rack is not */
    assert_int_equal(drain(&depot, NULL), 0);
    assert_state(&depot, "");
    depot_stop(&depot);
}

static void a_rejected_instance_stays_as_it_was(void **unused)
{
    struct depot depot;
    uuid_t a;
    berth_error error;

    (void)unused;
    depot_start(&depot, NULL, NULL);
    assert_int_equal(reserve(&depot, "a", 1, a, NULL), 0);
    assert_int_equal(with(&depot, OP_OPEN, a, NULL), 0);
    depot_lack(&depot, SHELF_EJECT, true);
    assert_int_equal(drain(&depot, &error), -EOPNOTSUPP);
    assert_where(&error, "shelf", "on", "close", NULL);
    assert_state(&depot, "rack a on 1+1\n shelf 1 on 1+0\n");
    depot_stop(&depot);
}

/*
 * Closing leads to another state, and only what is raised there is rejected: no hook was called, so
 * the state is the old one (S1).
 */
static void an_instance_rejected_after_a_raise_stays_as_it_was(void **unused)
{
    static const char before[] = "rack a idle 1+1\n shelf 1 idle 1+1\n  book idle 1+0\n";
    struct depot depot;
    uuid_t a;
    berth_error error;

    (void)unused;
    depot_start_changed(
        &depot,
        &(struct depot_change){.state = IDLE, .event = CLOSE, .ok = {.state = ODD, .raise = WIPE}});
    assert_int_equal(reserve(&depot, "a", 1, a, NULL), 0);
    assert_state(&depot, before);
    assert_int_equal(drain(&depot, &error), -ENODATA);
    assert_where(&error, "book", "odd", "wipe", NULL);
    assert_state(&depot, before);
    assert_int_equal(depot_reservations(&depot), 1);
    assert_string_equal(depot.log, "");
    depot_stop(&depot);
}

static void residents_stay_and_lose_their_holders(void **unused)
{
    struct depot depot;
    uuid_t a, b;

    (void)unused;
    depot_start(&depot, NULL, NULL);
    assert_int_equal(place(&depot, "a", 1, 1, NULL), 0);
    assert_int_equal(reserve(&depot, "a", 1, a, NULL), 0);
    assert_int_equal(on_rack(&depot, OP_USE, "a", NULL), 0);
    assert_int_equal(berth_manager_destroy(depot.manager, NULL), -EBUSY);
    assert_int_equal(drain(&depot, NULL), 0);
    assert_state(&depot, "rack a rest 0+0\n");
    assert_int_equal(depot_reservations(&depot), 0);
    assert_int_equal(reserve(&depot, "a", 1, b, NULL), 0);
    assert_int_equal(with(&depot, OP_CLOSE, a, NULL), -ENOENT);
    /* drained before it was pinned: no matter */
    assert_int_equal(with(&depot, OP_OPEN, b, NULL), 0);
    assert_int_equal(with(&depot, OP_CLOSE, b, NULL), 0);
    assert_state(&depot, "rack a rest 0+0\n");
    assert_int_equal(berth_manager_destroy(depot.manager, NULL), 0);
    assert_int_equal(depot.live_bytes, 0);
}

static void drain_ends_reservations_that_hold_nothing(void **unused)
{
    struct depot depot;
    uuid_t a;

    (void)unused;
    depot_start(&depot, NULL, NULL);
    assert_int_equal(reserve(&depot, "a", 1, a, NULL), 0);
    assert_int_equal(with(&depot, OP_KICK_ALL, a, NULL), 0); /* what it held has ended */
    assert_int_equal(depot_reservations(&depot), 1);
    assert_int_equal(drain(&depot, NULL), 0);
    assert_int_equal(depot_reservations(&depot), 0);
    depot_stop(&depot);
}

/* Looks and tries things in the middle of a drain. */
static int peek(struct depot *depot, uint8_t hook, berth_call *call, const void *view, void *out)
{
    unsigned char *ids = depot->arg;

    (void)call;
    (void)view;
    (void)out;
    /* at the second rack: the first one's reservation is spent */
    if (hook == RACK_EJECT && depot->n_of[RACK_EJECT] == 2) {
        assert_int_equal(with(depot, OP_CLOSE, ids, NULL), -ENOENT);
        assert_int_equal(depot_reservations(depot), 1);
        assert_int_equal(drain(depot, NULL), -EDEADLK); /* its own root */
        assert_int_equal(on_rack(depot, OP_USE, "late", NULL), 0);
    }
    return 0;
}

/* While the first is drained, and stays: the next one and the last one end, and one more comes. */
static int stir(struct depot *depot, uint8_t hook, berth_call *call, const void *view, void *out)
{
    (void)call;
    (void)view;
    (void)out;
    if (hook == RACK_EJECT && depot->n_of[RACK_EJECT] == 1) {
        assert_int_equal(on_rack(depot, OP_USE, "late", NULL), 0);
        assert_int_equal(on_rack(depot, OP_KICK, "b", NULL), 0);
        assert_int_equal(on_rack(depot, OP_KICK, "d", NULL), 0);
        return -EIO;
    }
    return 0;
}

static void roots_come_and_go_during_a_drain(void **unused)
{
    struct depot depot;

    (void)unused;
    depot_start(&depot, NULL, NULL);
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(
            on_rack(&depot, OP_USE, (const char *const[]){"a", "b", "c", "d"}[i], NULL), 0);
    depot_clear_log(&depot);
    depot.hook = stir;
    assert_int_equal(drain(&depot, NULL), -EIO);
    assert_state(&depot, "rack a on 1+0\nrack late on 1+0\n");
    assert_string_equal(depot.log, "rack.eject:a rack.open:late rack.eject:c rack.close:c");
    depot_stop(&depot);
}

/*
 * At the last rack: what the first one's reservation held is gone, though it let go of some itself.
 */
static int ask_at_z(struct depot *depot, uint8_t hook, berth_call *call, const void *view,
                    void *out)
{
    (void)call;
    (void)out;
    if (hook == RACK_EJECT && strcmp(((const rack_view *)view)->name, "z") == 0) {
        assert_int_equal(with(depot, OP_CLOSE, depot->arg, NULL), -ENOENT);
        assert_int_equal(depot_reservations(depot), 0);
    }
    return 0;
}

static void a_reservation_that_let_go_of_the_root_still_holds_the_rest(void **unused)
{
    struct depot depot;
    uuid_t a;

    (void)unused;
    depot_start(&depot, NULL, NULL);
    assert_int_equal(on_rack(&depot, OP_USE, "a", NULL), 0);
    assert_int_equal(on_rack(&depot, OP_USE, "z", NULL), 0);
    assert_int_equal(reserve(&depot, "a", 1, a, NULL), 0);
    assert_int_equal(with(&depot, OP_OPEN, a, NULL), 0);
    depot.outcome[BOOK_EJECT] = -EIO;
    depot.outcome[RACK_EJECT] = -EIO;
    assert_int_equal(with(&depot, OP_CLOSE_TWICE, a, NULL), -EIO);
    assert_state(&depot, "rack a on 1+1\n shelf 1 on 0+1\n  book on 1+0\nrack z on 1+0\n");
    assert_int_equal(drain(&depot, NULL), -EIO);
    assert_int_equal(depot_reservations(&depot), 1); /* the book */
    depot.hook = ask_at_z;
    depot.arg = a;
    assert_int_equal(drain(&depot, NULL), 0);
    assert_state(&depot, "");
    depot_stop(&depot);
}

static void during_a_drain(void **unused)
{
    struct depot depot;
    uuid_t ids[2];
    char line[100];
    berth_error error;

    (void)unused;
    depot_start(&depot, NULL, NULL);
    assert_int_equal(place(&depot, "r", 1, 1, NULL), 0);
    assert_int_equal(reserve(&depot, "r", 1, ids[0], NULL), 0);
    assert_int_equal(on_rack(&depot, OP_USE, "a", NULL), 0);
    assert_int_equal(reserve(&depot, "b", 1, ids[1], NULL), 0);
    assert_int_equal(with(&depot, OP_OPEN, ids[1], NULL), 0);
    depot.hook = peek;
    depot.arg = ids[0];
    assert_int_equal(drain(&depot, &error), 0);
    /* what came later is not drained */
    assert_state(&depot, "rack r rest 0+0\nrack late on 1+0\n");
    depot.hook = NULL;
    assert_string_equal(berth_error_text(&error, line, sizeof line), "Success");
    depot_stop(&depot);
}

static void a_resource_without_drop_is_left_alone(void **unused)
{
    struct depot depot;
    struct depot_backend backend = {&depot};
    berth_manager_type type = depot_type;
    berth_resource resources[4];
    berth_config config;
    uuid_t a;

    (void)unused;
    memcpy(resources, depot_type.resources, sizeof resources);
    resources[SHELF].drop = 0;
    type.resources = resources;
    depot_init(&depot);
    config = (berth_config){.allocator = &depot.allocator};
    assert_int_equal(berth_manager_create(&type, NULL, &backend, &config, &depot.manager, NULL), 0);
    assert_int_equal(reserve(&depot, "a", 1, a, NULL), 0);
    assert_int_equal(drain(&depot, NULL), 0);
    assert_state(&depot, "rack a idle 1+1\n shelf 1 idle 1+0\n");
    depot_stop(&depot);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(children_before_parents_in_order_of_creation),
        cmocka_unit_test(a_failure_leaves_what_is_above_and_goes_on),
        cmocka_unit_test(half_drained_reservation_stays_until_it_is_ended),
        cmocka_unit_test(a_failure_that_raises_leaves_what_is_above),
        cmocka_unit_test(an_end_by_failure_still_leaves_what_is_above),
        cmocka_unit_test(a_rejected_instance_stays_as_it_was),
        cmocka_unit_test(an_instance_rejected_after_a_raise_stays_as_it_was),
        cmocka_unit_test(residents_stay_and_lose_their_holders),
        cmocka_unit_test(drain_ends_reservations_that_hold_nothing),
        cmocka_unit_test(roots_come_and_go_during_a_drain),
        cmocka_unit_test(a_reservation_that_let_go_of_the_root_still_holds_the_rest),
        cmocka_unit_test(during_a_drain),
        cmocka_unit_test(a_resource_without_drop_is_left_alone),
    };

    return cmocka_run_group_tests_name("drain", tests, NULL, NULL);
}
