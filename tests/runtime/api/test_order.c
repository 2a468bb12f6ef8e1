/* The order in which things were made is kept, also by numbers that have run out. */
#include "model/manager.h"
#include "support/started.h"

enum { MANY = 600 };

/* Reservations that were given and are still there, oldest first. */
struct given {
    uuid_t ids[MANY];
    unsigned n;
    unsigned seen;
};

static int see(void *arg, const unsigned char *id)
{
    struct given *given = arg;

    assert_true(given->seen < given->n);
    assert_memory_equal(id, given->ids[given->seen], sizeof(uuid_t));
    given->seen++;
    return 0;
}

static void assert_in_order(struct depot *depot, struct given *given)
{
    given->seen = 0;
    assert_int_equal(berth_manager_for_each_reservation(depot->manager, see, given), 0);
    assert_int_equal(given->seen, given->n);
}

static void give(struct depot *depot, struct given *given)
{
    assert_int_equal(reserve(depot, "a", 1, given->ids[given->n], NULL), 0);
    given->n++;
}

static void end(struct depot *depot, struct given *given, unsigned i)
{
    assert_int_equal(with(depot, OP_FORGET, given->ids[i], NULL), 0);
    memmove(given->ids[i], given->ids[i + 1], (given->n - i - 1) * sizeof(uuid_t));
    given->n--;
}

static void reservations_are_shown_oldest_first(void **unused)
{
    static struct given given;
    struct depot depot;

    (void)unused;
    depot_start(&depot, NULL, NULL);
    given.n = 0;
    assert_in_order(&depot, &given);
    for (unsigned i = 0; i < MANY; i++) {
        give(&depot, &given);
        if (i % 7 == 6)
            end(&depot, &given, i * 31 % given.n);
        if (i % 13 == 0)
            assert_in_order(&depot, &given); /* also while the table grows */
    }
    assert_in_order(&depot, &given);
    depot_stop(&depot);
}

static void reservations_stay_in_order_when_their_numbers_run_out(void **unused)
{
    static struct given given;
    struct depot depot;

    (void)unused;
    depot_start(&depot, NULL, NULL);
    given.n = 0;
    give(&depot, &given);
    depot.manager->last_reservation = UINT32_MAX - 20; /* as after that many */
    for (unsigned i = 0; i < 60; i++)
        give(&depot, &given);
    assert_int_equal(depot.manager->last_reservation, 61);
    assert_in_order(&depot, &given);
    end(&depot, &given, 0);
    end(&depot, &given, 30);
    give(&depot, &given);
    assert_in_order(&depot, &given);
    depot_stop(&depot);
}

/* A visitor that ends the visit leaves all of them where they are. */
static int stop(void *arg, const unsigned char *id)
{
    (void)arg;
    (void)id;
    return 1;
}

static void all_reservations_are_found_after_a_visit_that_ended(void **unused)
{
    static struct given given;
    struct depot depot;

    (void)unused;
    depot_start(&depot, NULL, NULL);
    given.n = 0;
    while (given.n < 40)
        give(&depot, &given);
    assert_int_equal(berth_manager_for_each_reservation(depot.manager, stop, NULL), 1);
    while (given.n > 0)
        end(&depot, &given, given.n / 2);
    assert_int_equal(depot_reservations(&depot), 0);
    depot_stop(&depot);
}

/*
 * A drain that begins when there are this many of the five roots, and waits for the first; the
 * others come then, and are numbered anew.
 */
static void drain_first(unsigned n, const char *state)
{
    static const char *const names[] = {"a", "b", "c", "d", "e"};
    struct depot depot;
    struct job use, drain;
    berth_token token;

    depot_start(&depot, NULL, NULL);
    depot.hook = leave_token;
    depot.arg = &token;
    job_go(&use, &depot, OP_USE, names[0]);
    depot.manager->last_root = UINT32_MAX - 3; /* as after that many */
    for (unsigned i = 1; i < 5; i++) {
        if (i == n)
            job_go(&drain, &depot, 0, NULL);
        assert_int_equal(on_rack(&depot, OP_RESOLVE, names[i], NULL), 0);
    }
    assert_int_equal(depot.manager->last_root, 5);
    depot.hook = NULL;
    assert_int_equal(berth_complete(token, 0, NULL, 0), 0);
    assert_done(&drain, 0);
    assert_state(&depot, state);
    depot_stop(&depot);
}

static void a_drain_ends_with_the_same_root_when_the_numbers_of_roots_run_out(void **unused)
{
    (void)unused;
    drain_first(1, "rack b idle 0+0\nrack c idle 0+0\nrack d idle 0+0\nrack e idle 0+0\n");
    drain_first(2, "rack c idle 0+0\nrack d idle 0+0\nrack e idle 0+0\n");
    drain_first(4, "rack e idle 0+0\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reservations_are_shown_oldest_first),
        cmocka_unit_test(reservations_stay_in_order_when_their_numbers_run_out),
        cmocka_unit_test(all_reservations_are_found_after_a_visit_that_ended),
        cmocka_unit_test(a_drain_ends_with_the_same_root_when_the_numbers_of_roots_run_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
