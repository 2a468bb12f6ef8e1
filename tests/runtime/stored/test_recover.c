/* Recover: when it may be called, and what it does for each root. */
#include "hall.h"
#include "support/clock.h"

/* Two boxes, each with a drawer whose opening had no outcome when the process died. */

struct two {
    struct depot_of_halls halls;
    uuid_t a, b;
};

static int die_in_both(struct hall *hall, berth_call *call, const char *what)
{
    struct two *two = hall->arg;

    (void)call;
    if (strcmp(what, "open:drawer a/1") == 0)
        assert_int_equal(use(&two->halls, two->b), -ESTALE);
    else if (strcmp(what, "open:drawer b/1") == 0)
        assert_int_equal(berth_store_lost(two->halls.store.link), 0);
    return 0;
}

static void start_two(struct two *two)
{
    struct depot_of_halls *halls = &two->halls;

    memset(two, 0, sizeof *two);
    halls_start(halls);
    assert_int_equal(rent(halls, "a", 1, two->a, "ann"), 0);
    assert_int_equal(rent(halls, "b", 1, two->b, "bob"), 0);
    halls->hall.during = die_in_both;
    halls->hall.arg = two;
    assert_int_equal(use(halls, two->a), -ESTALE);
    halls->hall.during = NULL;
    halls_reopen(halls);
    assert_non_null(strstr(halls_state(halls), "drawer a/1 stuck"));
    assert_non_null(strstr(halls_state(halls), "drawer b/1 stuck"));
    halls->hall.log[0] = '\0';
}

static int fail_each(struct hall *hall, berth_call *call, const char *what)
{
    (void)hall;
    (void)call;
    return strcmp(what, "close:drawer a/1") == 0 ? -EIO : -EBUSY;
}

static void the_first_error_is_told(void **unused)
{
    struct two two;

    (void)unused;
    start_two(&two);
    two.halls.hall.during = fail_each;
    assert_int_equal(halls_recover(&two.halls), -EIO);
    assert_int_equal(two.halls.error.code, -EIO);
    assert_string_equal(two.halls.error.operation, "recover");
    assert_string_equal(two.halls.error.hook, "hall.close");
    assert_string_equal(two.halls.error.key, "\"a\"/1");
    assert_string_equal(two.halls.hall.log, "settle close:drawer a/1 close:drawer b/1 ");
    two.halls.hall.during = NULL;
    halls_stop(&two.halls);
}

static int recover_again(struct hall *hall, berth_call *call, const char *what)
{
    struct depot_of_halls *halls = hall->arg;
    berth_error error;

    (void)call;
    (void)what;
    assert_int_equal(depository_recover(halls->manager, BERTH_NO_DEADLINE, &error), -EALREADY);
    assert_int_equal(error.code, -EALREADY);
    return 0;
}

static void recover_in_recover_is_refused(void **unused)
{
    struct two two;

    (void)unused;
    start_two(&two);
    two.halls.hall.during = recover_again;
    two.halls.hall.arg = &two.halls;
    assert_int_equal(halls_recover(&two.halls), 0);
    assert_string_equal(two.halls.hall.log, "settle close:drawer a/1 close:drawer b/1 ");
    halls_stop(&two.halls);
}

static void what_is_discarded_is_not_recovered(void **unused)
{
    const depository_box_config box = box_named("a");
    struct two two;

    (void)unused;
    start_two(&two);
    assert_int_equal(depository_discard_box(two.halls.manager, &box, NULL), 0);
    assert_int_equal(halls_recover(&two.halls), 0);
    assert_string_equal(two.halls.hall.log, "settle close:drawer b/1 ");
    halls_kill(&two.halls);
    hall_set(&two.halls.hall, "box a", false);
    hall_set(&two.halls.hall, "drawer a/1", false);
    halls_stop(&two.halls);
}

static int discard_own_root(struct hall *hall, berth_call *call, const char *what)
{
    const depository_box_config box = box_named("a");
    struct depot_of_halls *halls = hall->arg;

    (void)call;
    if (strcmp(what, "close:drawer a/1") == 0)
        assert_int_equal(depository_discard_box(halls->manager, &box, NULL), 0);
    return 0;
}

static void a_root_is_discarded_while_it_is_recovered(void **unused)
{
    struct two two;

    (void)unused;
    start_two(&two);
    two.halls.hall.during = discard_own_root;
    two.halls.hall.arg = &two.halls;
    (void)halls_recover(&two.halls);
    assert_string_equal(two.halls.hall.log, "settle close:drawer a/1 close:drawer b/1 ");
    assert_null(strstr(halls_state(&two.halls), "box a"));
    assert_int_equal(halls_recover(&two.halls), 0);
    assert_string_equal(two.halls.hall.log, "settle close:drawer a/1 close:drawer b/1 settle ");
    assert_int_equal(rent(&two.halls, "a", 1, (uuid_t){0}, "ann"), 0);
    hall_set(&two.halls.hall, "box a", false);
    halls_stop(&two.halls);
}

static void a_manager_that_ends_calls_nothing(void **unused)
{
    struct two two;

    (void)unused;
    start_two(&two);
    assert_int_equal(berth_store_lost(two.halls.store.link), 0);
    assert_int_equal(halls_recover(&two.halls), -ESTALE);
    assert_int_equal(two.halls.error.code, -ESTALE);
    assert_string_equal(two.halls.error.operation, "recover");
    assert_string_equal(two.halls.hall.log, "");
    halls_reopen(&two.halls);
    assert_int_equal(halls_recover(&two.halls), 0);
    two.halls.hall.log[0] = '\0';
    assert_int_equal(depository_save(two.halls.manager, NULL, NULL), 0);
    assert_int_equal(halls_recover(&two.halls), -ECANCELED);
    assert_string_equal(two.halls.hall.log, "");
    halls_reopen(&two.halls);
    halls_stop(&two.halls);
}

static void nothing_moves_before_recover(void **unused)
{
    berth_memory_store *other = berth_memory_store_make("hall 1");
    struct two two;

    (void)unused;
    start_two(&two);
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(depository_save(two.halls.manager,
                                         i == 0 ? NULL : berth_memory_store_functions(other),
                                         &two.halls.error),
                         -EBUSY);
        assert_string_equal(two.halls.error.reason, "a root has to be recovered");
    }
    assert_int_equal(halls_recover(&two.halls), 0);
    assert_int_equal(use(&two.halls, two.a), 0);
    berth_memory_store_free(other);
    halls_stop(&two.halls);
}

static int recover_inside(void *arg, const berth_reservation *reservation)
{
    struct depot_of_halls *halls = arg;

    (void)reservation;
    assert_int_equal(halls_recover(halls), -EDEADLK);
    assert_int_equal(halls->error.code, -EDEADLK);
    assert_int_equal(depository_save(halls->manager, NULL, &halls->error), -EDEADLK);
    assert_string_equal(halls->error.operation, "save");
    assert_int_equal(berth_store_committed(halls->store.link, 1, 0), -EDEADLK);
    assert_int_equal(berth_store_lost(halls->store.link), -EDEADLK);
    return 0;
}

static void a_visit_neither_recovers_nor_saves_nor_tells(void **unused)
{
    struct two two;

    (void)unused;
    start_two(&two);
    assert_int_equal(depository_for_each_reservation(two.halls.manager, recover_inside, &two.halls),
                     0);
    assert_string_equal(two.halls.hall.log, "");
    halls_stop(&two.halls);
}

static int see_deadline(struct hall *hall, berth_call *call, const char *what)
{
    (void)what;
    assert_int_equal(berth_call_deadline(call), *(int64_t *)hall->arg);
    return 0;
}

static void hooks_get_the_deadline_of_recover(void **unused)
{
    int64_t deadline = berth_now() + HOUR;
    struct two two;

    (void)unused;
    start_two(&two);
    two.halls.hall.during = see_deadline;
    two.halls.hall.arg = &deadline;
    assert_int_equal(depository_recover(two.halls.manager, deadline, NULL), 0);
    assert_string_equal(two.halls.hall.log, "settle close:drawer a/1 close:drawer b/1 ");
    halls_stop(&two.halls);
}

static void note_done(void *arg, int code)
{
    *(int *)arg = code;
}

/* An operation that waits for the root runs after it, also if that is recovered twice. */
static void what_waits_for_a_root_goes_on(void **unused)
{
    struct two two;
    depository_op op;
    int code = 1;

    (void)unused;
    start_two(&two);
    assert_int_equal(depository_use_start(two.halls.manager, &op, two.b, NULL, BERTH_NO_DEADLINE,
                                          NULL, note_done, &code),
                     0);
    two.halls.store.at = two.halls.store.n_commits + 3; /* the first of the other root */
    two.halls.store.fault = BERTH_FAULT_REFUSE;
    assert_int_equal(halls_recover(&two.halls), -EIO);
    assert_int_equal(code, 1);
    assert_string_equal(two.halls.hall.log, "settle close:drawer a/1 ");
    assert_int_equal(halls_recover(&two.halls), 0);
    assert_int_equal(code, 0);
    assert_string_equal(two.halls.hall.log,
                        "settle close:drawer a/1 settle close:drawer b/1 open:drawer b/1 ");
    halls_stop(&two.halls);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_error_is_told),
        cmocka_unit_test(recover_in_recover_is_refused),
        cmocka_unit_test(what_is_discarded_is_not_recovered),
        cmocka_unit_test(a_root_is_discarded_while_it_is_recovered),
        cmocka_unit_test(a_manager_that_ends_calls_nothing),
        cmocka_unit_test(nothing_moves_before_recover),
        cmocka_unit_test(a_visit_neither_recovers_nor_saves_nor_tells),
        cmocka_unit_test(hooks_get_the_deadline_of_recover),
        cmocka_unit_test(what_waits_for_a_root_goes_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
