/*
 * A root whose call had no outcome is locked until the backend has settled, also if nothing is
 * raised there: else a caller undoes the call before it takes effect.
 */
#include "hall.h"

struct late {
    struct depot_of_halls halls;
    uuid_t a, b;
};

static int locked(struct late *late)
{
    return depository_give_back_until(late->halls.manager, late->a, berth_now(),
                                      &late->halls.error);
}

/* The process died before it heard that box a was put; box b has no call. */
static void start_late(struct late *late)
{
    struct depot_of_halls *halls = &late->halls;

    memset(late, 0, sizeof *late);
    halls_start(halls);
    assert_int_equal(rent(halls, "a", 1, late->a, "ann"), 0);
    assert_int_equal(rent(halls, "b", 1, late->b, "bob"), 0);
    halls->store.at = halls->store.n_commits + 1;
    halls->store.fault = BERTH_FAULT_DIE;
    assert_int_equal(use(halls, late->a), -EOWNERDEAD);
    halls_reopen(halls);
    assert_non_null(strstr(halls_state(halls), "box a lost"));
    assert_int_equal(locked(late), -ETIMEDOUT);
}

/* Until settle has ended ok, whatever happens at other roots, and in whatever life. */
static void nobody_lets_go_before_settle(void **unused)
{
    struct late late;

    (void)unused;
    start_late(&late);
    assert_int_equal(use(&late.halls, late.b), 0);
    halls_kill(&late.halls);
    assert_int_equal(locked(&late), -ETIMEDOUT);
    assert_int_equal(give_back(&late.halls, late.b), 0);
    assert_int_equal(berth_memory_store_count(late.halls.memory, "_intents"), 1);
    late.halls.hall.log[0] = '\0';
    late.halls.hall.settles = -EIO;
    assert_int_equal(halls_recover(&late.halls), -EIO);
    assert_int_equal(locked(&late), -ETIMEDOUT);
    halls_kill(&late.halls);
    assert_int_equal(locked(&late), -ETIMEDOUT);
    hall_set(&late.halls.hall, "box a", true); /* the call of the first life takes effect */
    late.halls.hall.settles = 0;
    assert_int_equal(halls_recover(&late.halls), 0);
    assert_int_equal(berth_memory_store_count(late.halls.memory, "_intents"), 0);
    assert_int_equal(locked(&late), 0);
    assert_string_equal(late.halls.hall.log, "settle settle remove:box a ");
    halls_stop(&late.halls);
}

/* If the store refuses what recover writes, the root stays locked, and no process forgets why. */
static void a_refused_recover_frees_nobody(void **unused)
{
    struct late late;

    (void)unused;
    start_late(&late);
    late.halls.store.at = late.halls.store.n_commits + 1;
    late.halls.store.fault = BERTH_FAULT_REFUSE;
    assert_int_equal(halls_recover(&late.halls), -EIO);
    assert_int_equal(locked(&late), -ETIMEDOUT);
    halls_kill(&late.halls);
    assert_int_equal(locked(&late), -ETIMEDOUT);
    assert_int_equal(halls_recover(&late.halls), 0);
    assert_int_equal(locked(&late), 0);
    halls_stop(&late.halls);
}

static void the_manager_does_not_leave_before(void **unused)
{
    berth_memory_store *other = berth_memory_store_make("hall 1");
    struct late late;

    (void)unused;
    start_late(&late);
    assert_int_equal(depository_drain(late.halls.manager, berth_now(), &late.halls.error),
                     -ETIMEDOUT);
    assert_non_null(strstr(halls_state(&late.halls), "box a lost"));
    assert_int_equal(depository_save(late.halls.manager, NULL, &late.halls.error), -EBUSY);
    assert_int_equal(
        depository_save(late.halls.manager, berth_memory_store_functions(other), &late.halls.error),
        -EBUSY);
    assert_string_equal(late.halls.error.reason, "a root has to be recovered");
    assert_int_equal(depository_destroy(late.halls.manager, &late.halls.error), -EBUSY);
    assert_int_equal(halls_recover(&late.halls), 0);
    assert_int_equal(drain(&late.halls), 0);
    berth_memory_store_free(other);
    halls_stop(&late.halls);
}

static void what_is_discarded_waits_for_nothing(void **unused)
{
    const depository_box_config box = box_named("a");
    struct late late;

    (void)unused;
    for (unsigned all = 0; all < 2; all++) {
        start_late(&late);
        if (all)
            assert_int_equal(depository_discard(late.halls.manager), 0);
        else
            assert_int_equal(depository_discard_box(late.halls.manager, &box, NULL), 0);
        assert_int_equal(berth_memory_store_count(late.halls.memory, "_intents"), 0);
        assert_int_equal(locked(&late), -ENOENT);
        assert_int_equal(rent(&late.halls, "a", 1, (uuid_t){0}, "ann"), 0);
        halls_kill(&late.halls);
        assert_null(strstr(halls_state(&late.halls), "box a lost"));
        halls_stop(&late.halls);
    }
}

static void note_done(void *arg, int code)
{
    *(int *)arg = code;
}

static void what_waits_goes_on_after_settle(void **unused)
{
    struct late late;
    depository_op use_op, add_op;
    depository_box_config box = box_named("a");
    char number[DEPOSITORY_BOX_NUMBER_SIZE];
    int used = 1, added = 1;

    (void)unused;
    start_late(&late);
    late.halls.hall.log[0] = '\0';
    assert_int_equal(depository_use_start(late.halls.manager, &use_op, late.a, NULL,
                                          BERTH_NO_DEADLINE, NULL, note_done, &used),
                     0);
    assert_int_equal(depository_add_start(late.halls.manager, &add_op, &box, "eve", number,
                                          sizeof number, BERTH_NO_DEADLINE, NULL, note_done,
                                          &added),
                     0);
    assert_string_equal(late.halls.hall.log, "");
    assert_int_equal(used + added, 2);
    assert_int_equal(halls_recover(&late.halls), 0);
    assert_int_equal(used, 0);
    assert_int_equal(added, 0);
    assert_string_equal(late.halls.hall.log, "settle has put:box a open:drawer a/1 ");
    halls_stop(&late.halls);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_lets_go_before_settle),
        cmocka_unit_test(a_refused_recover_frees_nobody),
        cmocka_unit_test(the_manager_does_not_leave_before),
        cmocka_unit_test(what_is_discarded_waits_for_nothing),
        cmocka_unit_test(what_waits_goes_on_after_settle),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
