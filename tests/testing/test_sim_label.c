/* Labels of UUIDs, in both directions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "sim/sim_label.h"

#define LITERAL "6ba7b810-9dad-41d1-80b4-00c04fd430c8"

static void assert_label(sim_labels *labels, const uuid_t uuid, const char *expected)
{
    char text[SIM_LABEL_SIZE];
    assert_string_equal(sim_label_of(labels, uuid, text), expected);
}

static void knows_labels_from_other_text(void **state)
{
    (void)state;
    static const char *const invalid[] = {"",
                                          "u",
                                          "u0",
                                          "u01",
                                          "u1 ",
                                          " u1",
                                          "U1",
                                          "u-1",
                                          "u1x",
                                          "r1",
                                          "1",
                                          "Nil",
                                          "u1234567890",
                                          "6ba7b810-9dad-41d1-80b4",
                                          "6ba7b810-9dad-41d1-80b4-00c04fd430c8x",
                                          "6ba7b810x9dad-41d1-80b4-00c04fd430c8"};
    for (size_t i = 0; i < sizeof invalid / sizeof invalid[0]; i++) {
        if (sim_label_valid(invalid[i]))
            fail_msg("taken for a label: %s", invalid[i]);
    }
    static const char *const valid[] = {
        "nil", "u1", "u10", "u999999999", LITERAL, "6BA7B810-9DAD-41D1-80B4-00C04FD430C8"};
    for (size_t i = 0; i < sizeof valid / sizeof valid[0]; i++) {
        if (!sim_label_valid(valid[i]))
            fail_msg("not taken for a label: %s", valid[i]);
    }
}

static void names_uuids_in_the_order_they_are_shown(void **state)
{
    (void)state;
    sim_labels labels = {0};
    uuid_t one, two;
    sim_label_make(&labels, one);
    sim_label_make(&labels, two);
    assert_label(&labels, two, "u1");
    assert_label(&labels, one, "u2");
    assert_label(&labels, two, "u1");
    sim_labels_clear(&labels);
}

static void binds_a_mentioned_label_for_ever(void **state)
{
    (void)state;
    sim_labels labels = {0};
    uuid_t mentioned, again, other, third;
    sim_label_uuid(&labels, "u2", mentioned);
    sim_label_uuid(&labels, "u2", again);
    assert_memory_equal(mentioned, again, sizeof mentioned);
    assert_label(&labels, mentioned, "u2");
    sim_label_make(&labels, other);
    assert_label(&labels, other, "u1");
    sim_label_make(&labels, third);
    assert_label(&labels, third, "u3"); /* u2 is taken */
    sim_label_uuid(&labels, "u3", again);
    assert_memory_equal(third, again, sizeof third);
    sim_labels_clear(&labels);
}

static void takes_uuids_in_full(void **state)
{
    (void)state;
    sim_labels labels = {0};
    uuid_t uuid, upper;
    sim_label_uuid(&labels, LITERAL, uuid);
    sim_label_uuid(&labels, "6BA7B810-9DAD-41D1-80B4-00C04FD430C8", upper);
    assert_memory_equal(uuid, upper, sizeof uuid);
    assert_int_equal(uuid[0], 0x6b);
    assert_int_equal(uuid[15], 0xc8);
    assert_label(&labels, uuid, "u1");
    sim_labels_clear(&labels);
}

static void shows_zero_as_nil(void **state)
{
    (void)state;
    sim_labels labels = {0};
    uuid_t uuid;
    memset(uuid, 1, sizeof uuid);
    sim_label_uuid(&labels, "nil", uuid);
    assert_int_equal(uuid_is_null(uuid), 1);
    assert_label(&labels, uuid, "nil");
    sim_labels_clear(&labels);
}

static void numbers_reservations_as_given_out(void **state)
{
    (void)state;
    sim_labels labels = {0};
    uuid_t one, other, two, found;
    sim_label_make(&labels, one);
    sim_label_make(&labels, other);
    sim_label_make(&labels, two);
    assert_string_equal(sim_label_reservation(&labels, one), "r1");
    assert_label(&labels, other, "u1");
    assert_string_equal(sim_label_reservation(&labels, two), "r2");
    assert_string_equal(sim_label_reservation(&labels, one), "r1");
    sim_label_find_reservation(&labels, "r2", found);
    assert_memory_equal(found, two, sizeof two);
    sim_labels_clear(&labels);
}

static void has_no_reservation_for_other_text(void **state)
{
    (void)state;
    sim_labels labels = {0};
    uuid_t one, found;
    sim_label_make(&labels, one);
    assert_string_equal(sim_label_reservation(&labels, one), "r1");
    static const char *const others[] = {"r2", "r0", "r01", "r",   "",
                                         "u1", "1",  "R1",  "r1 ", LITERAL};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        sim_label_find_reservation(&labels, others[i], found);
        assert_memory_not_equal(found, one, sizeof one);
        assert_int_equal(uuid_is_null(found), 0);
    }
    sim_label_find_reservation(&labels, "nil", found);
    assert_int_equal(uuid_is_null(found), 1);
    assert_string_equal(sim_label_reservation(&labels, one), "r1");
    sim_labels_clear(&labels);
}

static void keeps_the_label_that_a_caller_chose(void **state)
{
    (void)state;
    sim_labels labels = {0};
    uuid_t mine, again, one, two;
    sim_label_choose(&labels, "r2", mine);
    sim_label_choose(&labels, "r2", again);
    assert_memory_equal(mine, again, sizeof mine);
    assert_string_equal(sim_label_reservation(&labels, mine), "r2");
    sim_label_make(&labels, one);
    sim_label_make(&labels, two);
    assert_string_equal(sim_label_reservation(&labels, one), "r1");
    assert_string_equal(sim_label_reservation(&labels, two), "r3");
    sim_labels_clear(&labels);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_labels_from_other_text),
        cmocka_unit_test(names_uuids_in_the_order_they_are_shown),
        cmocka_unit_test(binds_a_mentioned_label_for_ever),
        cmocka_unit_test(takes_uuids_in_full),
        cmocka_unit_test(shows_zero_as_nil),
        cmocka_unit_test(numbers_reservations_as_given_out),
        cmocka_unit_test(has_no_reservation_for_other_text),
        cmocka_unit_test(keeps_the_label_that_a_caller_chose),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
