/* A manager that is opened again: everything comes back, and calls without an outcome are over. */
#include "hall.h"

/* All of it is the same after the process has died. */
static void check_comes_back(struct depot_of_halls *halls)
{
    char before[STATE_SIZE];

    strcpy(before, halls_state(halls));
    halls_kill(halls);
    assert_string_equal(halls_state(halls), before);
}

static void everything_comes_back(void **unused)
{
    struct depot_of_halls halls;
    char number[DEPOSITORY_BOX_NUMBER_SIZE];
    uuid_t a = {0}, b = {0}, c = {0};

    (void)unused;
    halls_start(&halls);
    assert_int_equal(rent(&halls, "a", 1, a, "ann"), 0);
    assert_int_equal(rent(&halls, "b", 7, b, "bob"), 0);
    assert_int_equal(rent(&halls, "a", 2, c, "ann"), 0);
    assert_int_equal(use(&halls, a), 0);
    assert_int_equal(add(&halls, "c", "zoe", number), 0);
    assert_int_equal(add(&halls, "c", "cyd", number), 0);
    assert_int_equal(add(&halls, "a", "dan", number), 0);
    check_comes_back(&halls);
    assert_int_equal(use(&halls, c), 0);
    assert_int_equal(give_back(&halls, a), 0);
    check_comes_back(&halls);
    assert_int_equal(use(&halls, a), -ENOENT);
    assert_int_equal(drain(&halls), 0);
    assert_string_equal(halls_state(&halls), "");
    check_comes_back(&halls);
    halls_stop(&halls);
}

/* A box that gets the session of another one is not found by it. */
static void values_from_hooks_name_the_same_after_a_restart(void **unused)
{
    struct depot_of_halls halls;
    char a[DEPOSITORY_BOX_NUMBER_SIZE], b[DEPOSITORY_BOX_NUMBER_SIZE];
    depository_find_result found;

    (void)unused;
    halls_start(&halls);
    assert_int_equal(add(&halls, "a", "ann", a), 0);
    halls.hall.sessions--;
    assert_int_equal(add(&halls, "b", "bob", b), -EEXIST);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(depository_find(halls.manager, 1, &found, NULL), 0);
        assert_string_equal(found.number, a);
        assert_int_equal(depository_find(halls.manager, 2, &found, NULL), -ENOENT);
        halls_kill(&halls);
    }
    halls_stop(&halls);
}

struct seen {
    struct depot_of_halls *halls;
    char text[256];
    char gone[2][DEPOSITORY_BOX_NUMBER_SIZE]; /* numbers of boxes that eve has */
    unsigned n_gone;
    int stop;
};

static int see_reference(void *arg, const berth_reference *reference)
{
    struct seen *seen = arg;
    const depository_box *box = reference->view;

    assert_int_equal(reference->resource, DEPOSITORY_RESOURCE_BOX);
    assert_int_equal(depository_for_each_reference(seen->halls->manager, see_reference, seen),
                     -EDEADLK);
    strcat(seen->text, box->name);
    strcat(seen->text, ":");
    strcat(seen->text, reference->owner);
    strcat(seen->text, " ");
    if (strcmp(reference->owner, "eve") == 0)
        strcpy(seen->gone[seen->n_gone++], box->number);
    return seen->stop;
}

static struct seen references(struct depot_of_halls *halls, int stop)
{
    struct seen seen = {.halls = halls, .stop = stop};

    assert_int_equal(depository_for_each_reference(halls->manager, see_reference, &seen), stop);
    return seen;
}

/* An owner that died finds nothing any more: others find what it held, and let go of it. */
static void references_are_found_by_owner(void **unused)
{
    struct depot_of_halls halls;
    char number[DEPOSITORY_BOX_NUMBER_SIZE];
    struct seen seen;
    uuid_t a = {0};

    (void)unused;
    halls_start(&halls);
    assert_int_equal(depository_for_each_reference(halls.manager, NULL, NULL), -EINVAL);
    assert_string_equal(references(&halls, 0).text, "");
    assert_int_equal(rent(&halls, "b", 1, a, "ann"), 0); /* a reservation is no reference */
    assert_int_equal(add(&halls, "b", "eve", number), 0);
    assert_int_equal(add(&halls, "b", "cyd", number), 0);
    assert_int_equal(add(&halls, "a", "eve", number), 0);
    assert_string_equal(references(&halls, 0).text, "b:cyd b:eve a:eve ");
    assert_string_equal(references(&halls, 7).text, "b:cyd ");
    halls_kill(&halls);
    seen = references(&halls, 0);
    assert_string_equal(seen.text, "b:cyd b:eve a:eve ");
    assert_int_equal(seen.n_gone, 2);
    for (unsigned i = 0; i < seen.n_gone; i++)
        assert_int_equal(drop(&halls, seen.gone[i], "eve"), 0);
    assert_string_equal(references(&halls, 0).text, "b:cyd ");
    halls_stop(&halls);
}

static void call_without_outcome_is_uncertain(void **unused)
{
    struct depot_of_halls halls;
    uuid_t a = {0};

    (void)unused;
    halls_start(&halls);
    assert_int_equal(rent(&halls, "a", 1, a, "ann"), 0);
    halls.store.at = halls.store.n_commits + 1;
    halls.store.fault = BERTH_FAULT_DIE;
    assert_int_equal(use(&halls, a), -EOWNERDEAD);
    assert_int_equal(use(&halls, a), -EOWNERDEAD);
    assert_int_equal(depository_look(halls.manager, a, NULL, 0, NULL), -EOWNERDEAD);
    assert_string_equal(halls.hall.log, "");
    halls_reopen(&halls);
    assert_non_null(strstr(halls_state(&halls), "box a lost"));
    assert_int_equal(halls_recover(&halls), 0);
    assert_string_equal(halls.hall.log, "settle ");
    assert_int_equal(use(&halls, a), 0);
    assert_int_equal(halls.hall.epoch, 2);
    assert_string_equal(halls.hall.log, "settle has put:box a open:drawer a/1 ");
    halls_stop(&halls);
}

static void what_is_raised_waits_for_recover(void **unused)
{
    struct depot_of_halls halls;
    uuid_t a = {0};

    (void)unused;
    halls_start(&halls);
    assert_int_equal(rent(&halls, "a", 1, a, "ann"), 0);
    halls.store.at = halls.store.n_commits + 2; /* before hall.open */
    halls.store.fault = BERTH_FAULT_DIE;
    assert_int_equal(use(&halls, a), -EOWNERDEAD);
    assert_string_equal(halls.hall.log, "put:box a ");
    halls_reopen(&halls);
    assert_non_null(strstr(halls_state(&halls), "drawer a/1 stuck"));
    assert_int_equal(depository_use_until(halls.manager, a, NULL, berth_now(), &halls.error),
                     -ETIMEDOUT);
    assert_int_equal(halls_recover(&halls), 0);
    assert_string_equal(halls.hall.log, "put:box a settle close:drawer a/1 ");
    assert_non_null(strstr(halls_state(&halls), "drawer a/1 closed"));
    assert_int_equal(use(&halls, a), 0);
    halls_stop(&halls);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_comes_back),
        cmocka_unit_test(values_from_hooks_name_the_same_after_a_restart),
        cmocka_unit_test(references_are_found_by_owner),
        cmocka_unit_test(call_without_outcome_is_uncertain),
        cmocka_unit_test(what_is_raised_waits_for_recover),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
