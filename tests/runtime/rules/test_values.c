/* "Values from hooks" of docs/semantics.md: which are kept, and what they name. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "support/rules.h"

#include "values.h"

TEST(an_uncertain_call_keeps_its_values_for_the_hook_that_undoes_it)
{
    uuid_t id;
    START_SCRIPT();

    script.answer = BERTH_UNCERTAIN(-ETIMEDOUT);
    assert_int_equal(reserve(&depot, "a", 1, id, NULL), 0);
    assert_int_equal(with(&depot, OP_OPEN, id, &error), -ETIMEDOUT);
    assert_where(&error, "rack", "idle", "open", "rack.open");
    assert_names(by_badge(&depot, "blue"), "0");
    assert_int_equal(with(&depot, OP_CLOSE, id, &error), 0);
    assert_int_equal(script.seen.door, -3);
    assert_int_equal(script.seen.watt, 9);
    assert_string_equal(script.seen.badge, "blue");
    assert_memory_equal(script.seen.session, script.out.session, sizeof(uuid_t));
    assert_names_none(by_badge(&depot, "blue"));
    depot_stop(&depot);
}

TEST(a_wrong_outcome_counts_as_uncertain_and_keeps_values)
{
    START_SCRIPT();

    script.answer = 77;
    assert_int_equal(on_rack(&depot, OP_USE, "a", &error), -EPROTO);
    assert_names(by_door(&depot, -3), "0");
    depot_stop(&depot);
}

TEST(a_failed_call_keeps_nothing)
{
    START_SCRIPT();

    script.answer = -EIO;
    assert_int_equal(on_rack(&depot, OP_USE, "a", &error), -EIO);
    assert_names_none(by_badge(&depot, "blue"));
    assert_names_none(by_door(&depot, -3));
    depot_stop(&depot);
}

/* In a table of its own, where opening leads back to idle. */
TEST(values_that_a_hook_does_not_write_stay)
{
    static const struct depot_change again = {
        .state = IDLE, .event = OPEN, .ok = {IDLE, 0}, .fail = {IDLE, 0}};
    START_SCRIPT();

    depot_stop(&depot);
    depot_start_changed(&depot, &again);
    depot.hook = play;
    depot.arg = &script;
    assert_int_equal(on_rack(&depot, OP_USE, "a", NULL), 0);
    script.silent = true;
    assert_int_equal(on_rack(&depot, OP_USE, "a", NULL), 0);
    assert_int_equal(script.seen.watt, 9);
    assert_names(by_badge(&depot, "blue"), "0");
    script.silent = false;
    script.out = (rack_out){.badge = "red"};
    script.answer = -EIO;
    assert_int_equal(on_rack(&depot, OP_USE, "a", NULL), -EIO);
    assert_names(by_badge(&depot, "blue"), "0");
    script.answer = 0;
    /* replaces all: door and session are zero now */
    assert_int_equal(on_rack(&depot, OP_USE, "a", NULL), 0);
    assert_names_none(by_badge(&depot, "blue"));
    assert_names_none(by_door(&depot, -3));
    assert_names(by_badge(&depot, "red"), "0");
    depot_stop(&depot);
}

TEST(zero_values_name_nobody)
{
    const uuid_t nil = {0};
    START_SCRIPT();

    script.out = (rack_out){.watt = 1};
    assert_int_equal(on_rack(&depot, OP_USE, "a", NULL), 0);
    assert_int_equal(on_rack(&depot, OP_USE, "b", NULL), 0); /* and are no duplicates */
    assert_names_none(by_door(&depot, 0));
    assert_names_none(by_badge(&depot, ""));
    assert_names_none(named(&depot, OP_BY_SESSION, nil));
    depot_stop(&depot);
}

TEST(texts_are_compared_byte_by_byte)
{
    START_SCRIPT();

    memcpy(script.out.badge, "sevenxx", sizeof script.out.badge);
    assert_int_equal(on_rack(&depot, OP_USE, "a", NULL), 0);
    assert_names(by_badge(&depot, "sevenxx"), "0");
    assert_names_none(by_badge(&depot, "Sevenxx"));
    assert_names_none(by_badge(&depot, "sevenx"));
    assert_names_none(by_badge(&depot, "sevenxxx"));
    assert_int_equal(
        berth_manager_run(depot.manager,
                          &(berth_request){.operation = OP_BY_BADGE, .deadline = BERTH_NO_DEADLINE},
                          &error),
        -EINVAL);
    assert_where(&error, "rack", NULL, NULL, NULL);
    depot_stop(&depot);
}

TEST(a_value_that_another_has_is_an_error_of_a_call_that_took_effect)
{
    uuid_t id;
    START_SCRIPT();

    assert_int_equal(on_rack(&depot, OP_USE, "a", NULL), 0);
    script.out.door = 4; /* badge and session are a's */
    assert_int_equal(reserve(&depot, "b", 1, id, NULL), 0);
    assert_int_equal(with(&depot, OP_OPEN, id, &error), -EEXIST);
    assert_where(&error, "rack", "idle", "open", "rack.open");
    assert_string_equal(error.key, "\"b\"");
    assert_state(&depot, "rack a on 1+0\nrack b odd 1+1\n shelf 1 idle 1+1\n  book idle 1+0\n");
    assert_names(by_badge(&depot, "blue"), "0");
    assert_names(by_door(&depot, 4), "1"); /* what is free names it */
    /* a ends: b has the badge, and is not found by it */
    assert_int_equal(by_label(&depot, "0", NULL), 0);
    assert_int_equal(with(&depot, OP_CLOSE, id, &error), 0);
    assert_string_equal(script.seen.badge, "blue");
    depot_stop(&depot);
}

/* Of the session, which is looked at first; the door and the badge that come after it are free. */
TEST(one_value_of_several_is_a_duplicate)
{
    START_SCRIPT();

    assert_int_equal(on_rack(&depot, OP_USE, "a", NULL), 0);
    script.out.door = 4;
    strcpy(script.out.badge, "red");
    assert_int_equal(on_rack(&depot, OP_USE, "b", &error), -EEXIST);
    assert_where(&error, "rack", "idle", "open", "rack.open");
    assert_state(&depot, "rack a on 1+0\nrack b odd 0+0\n");
    assert_names(by_door(&depot, 4), "1");
    assert_names(by_badge(&depot, "red"), "1");
    assert_string_equal(named(&depot, OP_BY_SESSION, script.out.session), "0");
    depot_stop(&depot);
}

/* The index has room for those that there are, and not for all that there were. */
TEST(an_ended_instance_leaves_its_value_free)
{
    uint64_t each = 0;
    START_SCRIPT();

    for (int i = 0; i < 200; i++) {
        char label[8];
        uint64_t before = depot.allocations;

        snprintf(label, sizeof label, "%u", (unsigned)i % 1000u);
        assert_int_equal(on_rack(&depot, OP_USE, "a", NULL), 0);
        assert_int_equal(by_label(&depot, label, NULL), 0);
        if (i <= 1) /* the first makes what is kept for later */
            each = depot.allocations - before;
        assert_int_equal(depot.allocations - before, each);
    }
    depot_stop(&depot);
}

/* The door comes from another hook, which is never called here. */
static void start_with_another_door(struct depot *depot)
{
    static berth_manager_type type;
    static berth_resource resources[BOOK + 1];
    static berth_assigned assigned[16];
    struct depot_backend backend = {depot};

    type = depot_type;
    memcpy(resources, depot_type.resources, sizeof resources);
    memcpy(assigned, resources[RACK].assigned, resources[RACK].n_assigned * sizeof *assigned);
    for (unsigned i = 0; i < resources[RACK].n_assigned; i++)
        if (strcmp(assigned[i].name, "door") == 0)
            assigned[i].hook = RACK_EJECT;
    resources[RACK].assigned = assigned;
    type.resources = resources;
    depot_init(depot);
    assert_int_equal(berth_manager_create(&type, NULL, &backend,
                                          &(berth_config){.allocator = &depot->allocator},
                                          &depot->manager, NULL),
                     0);
}

/* A value that names nobody, because another had it, goes on doing so whatever other hooks give. */
TEST(a_call_looks_at_the_values_of_its_own_hook)
{
    START_SCRIPT();

    depot_stop(&depot);
    start_with_another_door(&depot);
    depot.hook = play;
    depot.arg = &script;
    assert_int_equal(on_rack(&depot, OP_USE, "a", NULL), 0);
    assert_names(by_badge(&depot, "blue"), "0");
    assert_names_none(by_door(&depot, -3)); /* the view has it, and its hook has not given it */
    depot_stop(&depot);
}

TEST(the_end_of_the_other_gives_no_name)
{
    START_SCRIPT();

    assert_int_equal(on_rack(&depot, OP_USE, "a", NULL), 0);
    assert_int_equal(on_rack(&depot, OP_USE, "b", NULL), -EEXIST);
    assert_int_equal(by_label(&depot, "0", NULL), 0);
    assert_state(&depot, "rack b odd 0+0\n");
    assert_names_none(by_badge(&depot, "blue"));
    assert_int_equal(on_rack(&depot, OP_USE, "c", NULL), 0); /* the value is free */
    assert_names(by_badge(&depot, "blue"), "2");
    depot_stop(&depot);
}

TEST(an_uncertain_duplicate_keeps_its_own_error)
{
    START_SCRIPT();

    assert_int_equal(on_rack(&depot, OP_USE, "a", NULL), 0);
    script.answer = BERTH_UNCERTAIN(-ETIMEDOUT);
    assert_int_equal(on_rack(&depot, OP_USE, "b", &error), -ETIMEDOUT);
    assert_names(by_badge(&depot, "blue"), "0");
    assert_state(&depot, "rack a on 1+0\nrack b odd 0+0\n");
    depot_stop(&depot);
}

TEST(a_discard_forgets_what_values_name)
{
    START_SCRIPT();

    assert_int_equal(on_rack(&depot, OP_USE, "a", NULL), 0);
    assert_int_equal(berth_manager_discard(depot.manager), 0);
    assert_names_none(by_badge(&depot, "blue"));
    assert_int_equal(on_rack(&depot, OP_USE, "a", NULL), 0);
    assert_names(by_badge(&depot, "blue"), "1");
    depot_stop(&depot);
}

TEST(many_values_are_found_and_go)
{
    START_SCRIPT();

    depot_stop(&depot);
    depot_start_many(&depot, NULL);
    depot.hook = play;
    depot.arg = &script;
    for (int i = 1; i <= 100; i++) {
        char name[8], badge[8];

        snprintf(name, sizeof name, "n%u", (unsigned)i % 1000u);
        snprintf(script.out.badge, sizeof script.out.badge, "b%u", (unsigned)i % 1000u);
        script.out.door = i;
        memset(script.out.session, i, sizeof script.out.session);
        assert_int_equal(on_rack(&depot, OP_USE, name, NULL), 0);
        for (int j = 1; j <= i; j += 9) {
            snprintf(name, sizeof name, "%u", (unsigned)(j - 1) % 1000u);
            snprintf(badge, sizeof badge, "b%u", (unsigned)j % 1000u);
            assert_names(by_badge(&depot, badge), name);
        }
    }
    for (int i = 1; i <= 100; i++) {
        char badge[8];

        memset(script.out.session, i, sizeof script.out.session);
        assert_non_null(named(&depot, OP_BY_SESSION, script.out.session)); /* which lets go of it */
        snprintf(badge, sizeof badge, "b%u", (unsigned)i % 1000u);
        assert_names_none(by_badge(&depot, badge));
        snprintf(badge, sizeof badge, "b%u", (unsigned)(i + 1) % 1000u);
        assert_true(i == 100 || by_badge(&depot, badge));
    }
    depot_stop(&depot);
}

/* S12: every allocation after the first call may fail. */
TEST(naming_asks_for_no_memory)
{
    START_SCRIPT();

    depot_stop(&depot);
    depot_start_many(&depot, NULL);
    depot.hook = play;
    depot.arg = &script;
    for (int i = 1; i <= 40; i++) {
        char name[8];

        snprintf(name, sizeof name, "n%u", (unsigned)i % 1000u);
        assert_int_equal(on_rack(&depot, OP_RESOLVE, name, NULL), 0);
    }
    for (int i = 1; i <= 40; i++) {
        char name[8], label[8];
        uint64_t before = depot.allocations;

        snprintf(name, sizeof name, "n%u", (unsigned)i % 1000u);
        snprintf(label, sizeof label, "%u", (unsigned)(i - 1) % 1000u);
        script.out = (rack_out){.door = i};
        assert_int_equal(on_rack(&depot, OP_USE, name, NULL), 0);
        assert_int_equal(depot.allocations, before);
        assert_names(by_door(&depot, i), label);
    }
    depot_stop(&depot);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_uncertain_call_keeps_its_values_for_the_hook_that_undoes_it),
        cmocka_unit_test(a_wrong_outcome_counts_as_uncertain_and_keeps_values),
        cmocka_unit_test(a_failed_call_keeps_nothing),
        cmocka_unit_test(values_that_a_hook_does_not_write_stay),
        cmocka_unit_test(zero_values_name_nobody),
        cmocka_unit_test(texts_are_compared_byte_by_byte),
        cmocka_unit_test(a_value_that_another_has_is_an_error_of_a_call_that_took_effect),
        cmocka_unit_test(one_value_of_several_is_a_duplicate),
        cmocka_unit_test(an_ended_instance_leaves_its_value_free),
        cmocka_unit_test(a_call_looks_at_the_values_of_its_own_hook),
        cmocka_unit_test(the_end_of_the_other_gives_no_name),
        cmocka_unit_test(an_uncertain_duplicate_keeps_its_own_error),
        cmocka_unit_test(a_discard_forgets_what_values_name),
        cmocka_unit_test(many_values_are_found_and_go),
        cmocka_unit_test(naming_asks_for_no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
