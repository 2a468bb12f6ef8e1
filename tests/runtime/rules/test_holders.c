/* Rules S3 and S4 of docs/semantics.md, for one caller at a time: holders. */
#include <errno.h>

#include "model/tracked/instance.h"
#include "support/rules.h"

/* S3, S4: holders */

TEST(s4_only_the_last_holder_drops)
{
    START(NULL);

    assert_int_equal(on_rack(&depot, OP_USE, "a", NULL), 0);
    assert_int_equal(on_rack(&depot, OP_USE, "a", NULL), 0);
    assert_state(&depot, "rack a on 2+0\n");
    assert_string_equal(depot.log, "rack.open:a");
    assert_int_equal(by_label(&depot, "0", NULL), 0);
    assert_state(&depot, "rack a on 1+0\n");
    assert_string_equal(depot.log, "rack.open:a");
    depot.outcome[RACK_EJECT] = -ETIMEDOUT;
    assert_int_equal(by_label(&depot, "0", &error), -ETIMEDOUT);
    assert_where(&error, "rack", "on", "close", "rack.eject");
    assert_state(&depot, "rack a on 1+0\n"); /* the hold stays */
    depot.outcome[RACK_EJECT] = 0;
    depot.outcome[RACK_CLOSE] = BERTH_UNCERTAIN(-EIO);
    assert_int_equal(by_label(&depot, "0", &error), -EIO);
    assert_where(&error, "rack", "left", "close", "rack.close");
    assert_state(&depot, "rack a odd 1+0\n");
    depot.outcome[RACK_CLOSE] = 0;
    assert_int_equal(by_label(&depot, "0", &error), 0);
    assert_state(&depot, "");
    assert_int_equal(berth_manager_destroy(depot.manager, NULL), 0);
    assert_int_equal(depot.live_bytes, 0);
}

TEST(s4_a_child_is_a_holder)
{
    START(NULL);

    assert_int_equal(place(&depot, "a", 0, 0, NULL), 0);
    assert_int_equal(on_path(&depot, OP_ADD, "a", 1, NULL), 0);
    assert_int_equal(on_rack(&depot, OP_USE, "a", NULL), 0);
    assert_int_equal(by_label(&depot, "0", NULL), 0); /* only the reference goes */
    assert_state(&depot, "rack a rest 0+1\n shelf 1 idle 0+0\n");
    assert_int_equal(by_label(&depot, "0", NULL), 0); /* no reference left, the child holds it */
    assert_state(&depot, "rack a rest 0+1\n shelf 1 idle 0+0\n");
    depot_stop(&depot);
}

TEST(s4_reservation_and_reference_hold_each_other_up)
{
    uuid_t a;
    START(NULL);

    assert_int_equal(reserve(&depot, "a", 1, a, NULL), 0);
    assert_int_equal(on_rack(&depot, OP_USE, "a", NULL), 0);
    assert_state(&depot, "rack a on 2+1\n shelf 1 idle 1+1\n  book idle 1+0\n");
    assert_int_equal(with(&depot, OP_CLOSE, a, NULL), 0);
    assert_state(&depot, "rack a on 1+0\n");
    assert_int_equal(by_label(&depot, "0", NULL), 0);
    assert_state(&depot, "");
    assert_string_equal(depot.log, "rack.open:a rack.eject:a rack.close:a");
    depot_stop(&depot);
}

TEST(s4_without_any_hold_the_row_runs)
{
    START(NULL);

    assert_int_equal(on_rack(&depot, OP_RESOLVE, "a", NULL), 0);
    assert_int_equal(by_label(&depot, "0", NULL), 0);
    assert_state(&depot, "");
    depot_stop(&depot);
}

/* S3: the limit. The counts are set, because nobody waits for 2^32 calls. */

#define MOST "4294967295"

static struct instance *tracked_rack(const struct depot *depot)
{
    return depot->manager->roots;
}

TEST(s3_one_reference_too_many_is_refused_before_the_first_call)
{
    START(NULL);

    assert_int_equal(on_rack(&depot, OP_RESOLVE, "a", NULL), 0);
    tracked_rack(&depot)->anonymous = UINT32_MAX - 1;
    assert_int_equal(on_rack(&depot, OP_USE, "a", NULL), 0); /* the last that can be counted */
    assert_state(&depot, "rack a on " MOST "+0\n");
    depot_clear_log(&depot);
    assert_int_equal(on_rack(&depot, OP_USE, "a", &error), -EOVERFLOW);
    assert_where(&error, "rack", NULL, NULL, NULL);
    assert_string_equal(error.key, "\"a\"");
    /* it would call, and then take */
    assert_int_equal(on_rack(&depot, OP_CRASH, "a", &error), -EOVERFLOW);
    assert_state(&depot, "rack a on " MOST "+0\n");
    assert_string_equal(depot.log, "");
    assert_int_equal(on_rack(&depot, OP_RESOLVE, "a", NULL), 0); /* takes nothing */
    assert_int_equal(by_label(&depot, "0", NULL), 0);            /* one of many goes, and no more */
    assert_state(&depot, "rack a on 4294967294+0\n");
    assert_string_equal(depot.log, "");
    assert_int_equal(on_rack(&depot, OP_USE, "a", NULL), 0);
    depot_stop(&depot);
}

/* None of the counts is near the limit. */
TEST(s3_it_is_the_sum_that_is_limited)
{
    struct instance *rack;
    START(NULL);

    assert_int_equal(on_rack(&depot, OP_RESOLVE, "a", NULL), 0);
    rack = tracked_rack(&depot);
    rack->anonymous = rack->holds = rack->n_children = UINT32_MAX / 3;
    assert_int_equal(on_rack(&depot, OP_USE, "a", &error), -EOVERFLOW);
    assert_where(&error, "rack", NULL, NULL, NULL);
    rack->anonymous--;
    assert_int_equal(on_rack(&depot, OP_USE, "a", NULL), 0);
    assert_int_equal(rack->anonymous, UINT32_MAX / 3);
    rack->anonymous = rack->holds = rack->n_children = 0;
    depot_stop(&depot);
}

TEST(s3_one_reservation_too_many_is_refused)
{
    struct instance *book;
    uuid_t id, other;
    START(NULL);

    assert_int_equal(reserve(&depot, "a", 1, id, NULL), 0);
    assert_state(&depot, "rack a idle 1+1\n shelf 1 idle 1+1\n  book idle 1+0\n");
    tracked_rack(&depot)->holds = UINT32_MAX - 1; /* and one child */
    assert_int_equal(reserve(&depot, "a", 1, other, &error), -EOVERFLOW);
    assert_where(&error, "rack", NULL, NULL, NULL);
    assert_true(uuid_is_null(other));
    assert_int_equal(reserve(&depot, "a", 2, other, &error), -EOVERFLOW);
    assert_int_equal(depot_reservations(&depot), 1);
    assert_state(&depot, "rack a idle 4294967294+1\n shelf 1 idle 1+1\n  book idle 1+0\n");
    /* room for a reservation, but not for another child, too */
    tracked_rack(&depot)->holds = UINT32_MAX - 2;
    assert_int_equal(reserve(&depot, "a", 2, other, &error), -EOVERFLOW);
    assert_int_equal(reserve(&depot, "a", 1, other, &error), 0);
    assert_int_equal(with(&depot, OP_FORGET, other, NULL), 0);
    tracked_rack(&depot)->holds = 1;
    book = instance_first(depot.manager, instance_first(depot.manager, tracked_rack(&depot)));
    book->holds = UINT32_MAX; /* the last level counts like the first */
    assert_int_equal(reserve(&depot, "a", 1, other, &error), -EOVERFLOW);
    assert_where(&error, "book", NULL, NULL, NULL);
    assert_state(&depot, "rack a idle 1+1\n shelf 1 idle 1+1\n  book idle " MOST "+0\n");
    depot_stop(&depot);
}

/* A depot whose operation by_serial holds the rack, where it closes it otherwise. */
static void start_holding(struct depot *depot)
{
    static berth_manager_type type;
    static berth_operation operations[N_OPERATIONS + 1];
    static const berth_step hold[] = {{.level = 0, .event = HOLD}};
    struct depot_backend backend = {depot};
    const berth_config config = {.allocator = &depot->allocator};

    type = depot_type;
    memcpy(operations, depot_type.operations, sizeof operations);
    operations[OP_BY_SERIAL].steps = hold;
    operations[OP_BY_SERIAL].n_steps = 1;
    type.operations = operations;
    depot_init(depot);
    assert_int_equal(berth_manager_create(&type, NULL, &backend, &config, &depot->manager, NULL),
                     0);
}

TEST(s3_one_reference_too_many_is_refused_when_found_by_a_value)
{
    const uint64_t serial = 7;
    const berth_request find = {
        .operation = OP_BY_SERIAL, .by = &serial, .deadline = BERTH_NO_DEADLINE};
    struct depot depot;
    berth_error error;

    (void)unused_;
    start_holding(&depot);
    assert_int_equal(on_rack(&depot, OP_RESOLVE, "a", NULL), 0);
    tracked_rack(&depot)->anonymous = UINT32_MAX - 1;
    assert_int_equal(berth_manager_run(depot.manager, &find, NULL), 0);
    assert_int_equal(berth_manager_run(depot.manager, &find, &error), -EOVERFLOW);
    assert_where(&error, "rack", NULL, NULL, NULL);
    assert_state(&depot, "rack a idle " MOST "+0\n");
    depot_stop(&depot);
}

TEST(s3_one_child_too_many_is_refused)
{
    START(NULL);

    assert_int_equal(place(&depot, "a", 0, 0, NULL), 0);
    tracked_rack(&depot)->n_children = UINT32_MAX;
    assert_int_equal(on_path(&depot, OP_ADD, "a", 1, &error), -EOVERFLOW);
    assert_where(&error, "rack", NULL, NULL, NULL);
    assert_int_equal(on_path(&depot, OP_USE_ALL, "a", 1, &error), -EOVERFLOW);
    /* absent, and nothing is made */
    assert_int_equal(on_path(&depot, OP_FIND_SHELF, "a", 1, NULL), 0);
    assert_state(&depot, "rack a rest 0+" MOST "\n");
    tracked_rack(&depot)->n_children = 0;
    tracked_rack(&depot)->anonymous = UINT32_MAX - 1;
    assert_int_equal(on_path(&depot, OP_ADD, "a", 1, NULL), 0);
    assert_int_equal(on_path(&depot, OP_ADD, "a", 2, &error), -EOVERFLOW);
    assert_state(&depot, "rack a rest 4294967294+1\n shelf 1 idle 0+0\n");
    /* adds nothing to the rack, which is full */
    assert_int_equal(on_path(&depot, OP_USE_ALL, "a", 1, &error), 0);
    depot_stop(&depot);
}

/* Reservations that have let go keep the memory of what they held. */
TEST(s3_what_keeps_memory_is_counted_too)
{
    uuid_t id;
    START(NULL);

    assert_int_equal(place(&depot, "a", 0, 0, NULL), 0);
    tracked_rack(&depot)->refs = UINT32_MAX - 1000;
    assert_int_equal(reserve(&depot, "a", 1, id, &error), -ENOMEM);
    assert_int_equal(on_path(&depot, OP_ADD, "a", 1, &error), -ENOMEM);
    assert_int_equal(on_rack(&depot, OP_RESOLVE, "a", NULL), 0);
    assert_int_equal(tracked_rack(&depot)->refs, UINT32_MAX - 1000);
    assert_state(&depot, "rack a rest 0+0\n");
    tracked_rack(&depot)->refs = 1;
    depot_stop(&depot);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(s4_only_the_last_holder_drops),
        cmocka_unit_test(s4_a_child_is_a_holder),
        cmocka_unit_test(s4_reservation_and_reference_hold_each_other_up),
        cmocka_unit_test(s4_without_any_hold_the_row_runs),
        cmocka_unit_test(s3_one_reference_too_many_is_refused_before_the_first_call),
        cmocka_unit_test(s3_it_is_the_sum_that_is_limited),
        cmocka_unit_test(s3_one_reservation_too_many_is_refused),
        cmocka_unit_test(s3_one_reference_too_many_is_refused_when_found_by_a_value),
        cmocka_unit_test(s3_one_child_too_many_is_refused),
        cmocka_unit_test(s3_what_keeps_memory_is_counted_too),
    };

    return cmocka_run_group_tests_name("holders", tests, NULL, NULL);
}
