/* Owners, chosen ids, releasing for good, discard, and hand-over to another store. */
#include "hall.h"

static void one_reference_per_owner(void **unused)
{
    struct depot_of_halls halls;
    char number[DEPOSITORY_BOX_NUMBER_SIZE];
    char owner[BERTH_OWNER_MAX + 2] = "";

    (void)unused;
    halls_start(&halls);
    assert_int_equal(add(&halls, "a", "ann", number), 0);
    assert_int_equal(add(&halls, "a", "ann", number), 0);
    assert_int_equal(add(&halls, "a", "bob", number), 0);
    assert_non_null(strstr(halls_state(&halls), "there 2+0"));
    assert_non_null(strstr(halls_state(&halls), " &ann &bob"));
    assert_int_equal(drop(&halls, number, "ann"), 0);
    assert_int_equal(drop(&halls, number, "ann"), 0);
    assert_non_null(strstr(halls_state(&halls), "there 1+0"));
    assert_int_equal(hall_count(&halls.hall), 1);
    assert_int_equal(drop(&halls, number, "bob"), 0);
    assert_int_equal(hall_count(&halls.hall), 0);
    assert_string_equal(halls_state(&halls), "");
    assert_int_equal(add(&halls, "a", "", number), -EINVAL);
    assert_int_equal(add(&halls, "a", NULL, number), -EINVAL);
    memset(owner, 'o', sizeof owner - 1);
    assert_int_equal(add(&halls, "a", owner, number), -EINVAL);
    owner[BERTH_OWNER_MAX] = '\0';
    assert_int_equal(add(&halls, "a", owner, number), 0);
    halls_stop(&halls);
}

static int count_order(void *arg, const berth_reference *reference)
{
    char *last = arg;

    if (strcmp(last, reference->owner) >= 0)
        fail_msg("%s comes after %s", reference->owner, last);
    (void)snprintf(last, BERTH_OWNER_MAX + 1, "%s", reference->owner);
    return 0;
}

/* Each of them is found without looking at all others. */
static void many_owners_of_one_instance(void **unused)
{
    enum { OWNERS = 20000 };
    struct depot_of_halls halls;
    char number[DEPOSITORY_BOX_NUMBER_SIZE], owner[16], last[BERTH_OWNER_MAX + 1] = "";

    (void)unused;
    halls_start(&halls);
    for (unsigned i = 0; i < OWNERS; i++) {
        (void)snprintf(owner, sizeof owner, "%u", i * 7919 % OWNERS);
        assert_int_equal(add(&halls, "a", owner, number), 0);
    }
    assert_int_equal(berth_memory_store_count(halls.memory, "_references"), OWNERS);
    halls_kill(&halls);
    assert_int_equal(depository_for_each_reference(halls.manager, count_order, last), 0);
    assert_string_equal(last, "9999");
    for (unsigned i = 0; i < OWNERS; i++) {
        (void)snprintf(owner, sizeof owner, "%u", i);
        assert_int_equal(add(&halls, "a", owner, number), 0); /* it has one */
        assert_int_equal(drop(&halls, number, owner), 0);
    }
    assert_int_equal(berth_memory_store_count(halls.memory, "_references"), 0);
    halls_stop(&halls);
}

static int keep_line(void *arg, const char *line)
{
    struct depot_of_halls *halls = arg;

    add_text(halls, "%s\n", line);
    return 0;
}

static void a_dump_names_owners(void **unused)
{
    struct depot_of_halls halls;
    uuid_t a = {0};

    (void)unused;
    halls_start(&halls);
    assert_int_equal(rent(&halls, "a", 1, a, "ann \"x\""), 0);
    halls.state[0] = '\0';
    assert_int_equal(depository_dump(halls.manager, keep_line, &halls), 0);
    assert_non_null(strstr(halls.state, " of \"ann \\\"x\\\"\" holds box \"a\", drawer \"a\"/1"));
    halls_stop(&halls);
}

static void chosen_ids(void **unused)
{
    struct depot_of_halls halls;
    uuid_t mine = {1, 2, 3}, again = {1, 2, 3}, any = {0};

    (void)unused;
    halls_start(&halls);
    assert_int_equal(rent(&halls, "a", 1, mine, "ann"), 0);
    assert_int_equal(mine[2], 3);
    assert_int_equal(rent(&halls, "b", 1, again, "ann"), -EEXIST);
    assert_true(uuid_is_null(again));
    assert_null(halls.error.resource);
    assert_null(strstr(halls_state(&halls), "box b"));
    assert_int_equal(rent(&halls, "b", 1, any, "ann"), 0);
    assert_false(uuid_is_null(any));
    halls_kill(&halls);
    assert_int_equal(use(&halls, mine), 0);
    halls_stop(&halls);
}

/* A release that has begun is never taken back, with a crash or without. */
static void releasing_is_for_good(void **unused)
{
    (void)unused;
    for (unsigned dies = 0; dies < 2; dies++) {
        struct depot_of_halls halls;
        uuid_t a = {0};

        halls_start(&halls);
        assert_int_equal(rent(&halls, "a", 1, a, "ann"), 0);
        assert_int_equal(use(&halls, a), 0);
        halls.hall.fail_at = halls.hall.n_calls + 1;
        halls.hall.outcome = -EIO;
        if (dies) {
            halls.store.at = halls.store.n_commits + 1;
            halls.store.fault = BERTH_FAULT_DIE;
            assert_int_equal(give_back(&halls, a), -EOWNERDEAD);
            halls_reopen(&halls);
            assert_int_equal(halls_recover(&halls), -EIO);
        } else {
            assert_int_equal(give_back(&halls, a), -EIO);
        }
        assert_non_null(strstr(halls_state(&halls), "held 3 releasing"));
        assert_int_equal(use(&halls, a), -ECANCELED);
        assert_int_equal(depository_look(halls.manager, a, NULL, 0, NULL), -ECANCELED);
        assert_int_equal(give_back(&halls, a), 0);
        halls_stop(&halls);
    }
}

/* The second try releases the drawer, and not the box. */
static void what_a_release_has_left_comes_back(void **unused)
{
    struct depot_of_halls halls;
    uuid_t a = {0};

    (void)unused;
    halls_start(&halls);
    assert_int_equal(rent(&halls, "a", 1, a, "ann"), 0);
    assert_int_equal(use(&halls, a), 0);
    halls.hall.fail_at = halls.hall.n_calls + 1;
    halls.hall.outcome = -EIO;
    assert_int_equal(give_back(&halls, a), -EIO);
    halls.hall.fail_at = halls.hall.n_calls + 2;
    assert_int_equal(give_back(&halls, a), -EIO);
    halls_kill(&halls);
    assert_non_null(strstr(halls_state(&halls), "held 1 releasing"));
    assert_int_equal(give_back(&halls, a), 0);
    halls_stop(&halls);
}

/* The drawers of `a` and `b` end, and their box does not. */
static void end_drawers(struct depot_of_halls *halls, uuid_t a, uuid_t b)
{
    assert_int_equal(rent(halls, "a", 1, a, "ann"), 0);
    assert_int_equal(rent(halls, "a", 2, b, "bob"), 0);
    assert_int_equal(use(halls, b), 0);
    halls->hall.fail_at = halls->hall.n_calls + 2;
    halls->hall.outcome = -EIO;
    assert_int_equal(drain(halls), -EIO);
    assert_int_equal(berth_memory_store_count(halls->memory, "drawer"), 2);
}

/* A reservation names what has ended, and its row stays until then. */
static void ended_instances_are_kept(void **unused)
{
    struct depot_of_halls halls;
    uuid_t a = {0}, b = {0};

    (void)unused;
    halls_start(&halls);
    end_drawers(&halls, a, b);
    halls_kill(&halls);
    assert_non_null(strstr(halls_state(&halls), "a/1 held 1"));
    assert_int_equal(give_back(&halls, a), 0);
    assert_int_equal(berth_memory_store_count(halls.memory, "drawer"), 1);
    assert_int_equal(give_back(&halls, b), 0);
    assert_int_equal(berth_memory_store_count(halls.memory, "box"), 0);
    halls_stop(&halls);
}

static void discard_of_a_root_deletes_what_has_ended(void **unused)
{
    const depository_box_config box = box_named("a");
    struct depot_of_halls halls;
    uuid_t a = {0}, b = {0};

    (void)unused;
    halls_start(&halls);
    end_drawers(&halls, a, b);
    assert_int_equal(depository_discard_box(halls.manager, &box, &halls.error), 0);
    assert_int_equal(berth_memory_store_count(halls.memory, "drawer"), 0);
    assert_int_equal(berth_memory_store_count(halls.memory, "_reservations"), 0);
    halls_kill(&halls);
    hall_set(&halls.hall, "box a", false);
    halls_stop(&halls);
}

static void discards_are_durable(void **unused)
{
    struct depot_of_halls halls;
    depository_box_config box = box_named("a");
    char number[DEPOSITORY_BOX_NUMBER_SIZE], before[STATE_SIZE];
    uuid_t a = {0}, b = {0};

    (void)unused;
    halls_start(&halls);
    assert_int_equal(rent(&halls, "a", 1, a, "ann"), 0);
    assert_int_equal(rent(&halls, "b", 1, b, "bob"), 0);
    assert_int_equal(add(&halls, "a", "ann", number), 0);
    halls.store.n_commits = 0;
    assert_int_equal(depository_discard_box(halls.manager, &box, &halls.error), 0);
    assert_int_equal(halls.store.n_commits, 1);
    strcpy(before, halls_state(&halls));
    assert_null(strstr(before, "box a"));
    halls_kill(&halls);
    assert_string_equal(halls_state(&halls), before);
    assert_int_equal(depository_discard(halls.manager), 0);
    assert_int_equal(berth_memory_store_count(halls.memory, "box"), 0);
    halls_kill(&halls);
    assert_string_equal(halls_state(&halls), "");
    assert_int_equal(add(&halls, "c", "cyd", number), 0);
    assert_string_equal(number, "9");      /* counters go on */
    hall_set(&halls.hall, "box a", false); /* what was discarded is still in the hall */
    halls_stop(&halls);
}

static void saved_to_another_store(void **unused)
{
    struct depot_of_halls halls;
    berth_memory_store *other = berth_memory_store_make("hall 1");
    char number[DEPOSITORY_BOX_NUMBER_SIZE], before[STATE_SIZE];
    uuid_t a = {0};

    (void)unused;
    halls_start(&halls);
    assert_int_equal(rent(&halls, "a", 1, a, "ann"), 0);
    assert_int_equal(use(&halls, a), 0);
    assert_int_equal(add(&halls, "b", "bob", number), 0);
    assert_int_equal(add(&halls, "b", "ann", number), 0);
    strcpy(before, halls_state(&halls));
    assert_int_equal(
        depository_save(halls.manager, berth_memory_store_functions(other), &halls.error), 0);
    assert_int_equal(use(&halls, a), -ECANCELED);
    assert_int_equal(drain(&halls), -ECANCELED);
    assert_int_equal(depository_destroy(halls.manager, &halls.error), 0);
    berth_memory_store_free(halls.memory);
    halls.memory = other;
    berth_faulty_store_init(&halls.store, berth_memory_store_functions(other));
    assert_int_equal(halls_open(&halls), 0);
    assert_string_equal(halls_state(&halls), before);
    assert_int_equal(add(&halls, "c", "cyd", number), 0);
    assert_string_equal(number, "9");
    /* a failure changes nothing; and it may stay in its own store */
    halls.store.functions.version++;
    assert_int_equal(depository_save(halls.manager, &halls.store.functions, &halls.error), -EINVAL);
    halls.store.functions.version--;
    assert_int_equal(use(&halls, a), 0);
    strcpy(before, halls_state(&halls));
    assert_int_equal(depository_save(halls.manager, NULL, &halls.error), 0);
    halls_reopen(&halls);
    assert_string_equal(halls_state(&halls), before);
    halls_stop(&halls);
}

/* Without a store there are owners all the same. */
static void without_a_store(void **unused)
{
    struct depot_of_halls halls;
    depository_backend backend;
    berth_error error;
    uuid_t a = {0};

    (void)unused;
    halls_start(&halls);
    backend = hall_backend(&halls.hall);
    assert_int_equal(depository_destroy(halls.manager, &error), 0);
    assert_int_equal(depository_create(NULL, &backend, NULL, &halls.manager, &error), 0);
    assert_int_equal(rent(&halls, "a", 1, a, "ann"), 0);
    assert_int_equal(use(&halls, a), 0);
    assert_int_equal(halls.hall.epoch, 0);
    halls.hall.fail_at = halls.hall.n_calls + 1;
    halls.hall.outcome = -EIO;
    assert_int_equal(give_back(&halls, a), -EIO);
    assert_int_equal(use(&halls, a), -ECANCELED);
    assert_non_null(strstr(halls_state(&halls), " ann a/1 held 3 releasing"));
    assert_int_equal(give_back(&halls, a), 0);
    assert_int_equal(depository_destroy(halls.manager, &error), 0);
    assert_int_equal(halls_open(&halls), 0);
    halls_stop(&halls);
}

/* recover calls settle first, and does nothing when that fails. */
static void settle_comes_first(void **unused)
{
    static const int answers[][2] = {
        {-EAGAIN, -EAGAIN}, {BERTH_UNCERTAIN(-EIO), -EIO}, {BERTH_PENDING, -EPROTO}};
    struct depot_of_halls halls;
    uuid_t a = {0};

    (void)unused;
    halls_start(&halls);
    assert_int_equal(rent(&halls, "a", 1, a, "ann"), 0);
    halls.store.at = halls.store.n_commits + 2;
    halls.store.fault = BERTH_FAULT_DIE;
    assert_int_equal(use(&halls, a), -EOWNERDEAD);
    halls_reopen(&halls);
    for (unsigned i = 0; i < sizeof answers / sizeof *answers; i++) {
        halls.hall.settles = answers[i][0];
        assert_int_equal(halls_recover(&halls), answers[i][1]);
        assert_string_equal(halls.error.hook, "hall.settle");
        assert_int_equal(halls.store.n_commits, 0);
        assert_int_equal(depository_destroy(halls.manager, &halls.error), -EBUSY);
    }
    halls.hall.settles = 0;
    halls.store.at = 1;
    halls.store.fault = BERTH_FAULT_REFUSE;
    assert_int_equal(halls_recover(&halls), -EIO); /* the root stays locked */
    assert_int_equal(depository_use_until(halls.manager, a, NULL, berth_now(), &halls.error),
                     -ETIMEDOUT);
    assert_int_equal(halls_recover(&halls), 0);
    assert_int_equal(use(&halls, a), 0);
    halls_stop(&halls);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(many_owners_of_one_instance),
        cmocka_unit_test(a_dump_names_owners),
        cmocka_unit_test(one_reference_per_owner),
        cmocka_unit_test(chosen_ids),
        cmocka_unit_test(releasing_is_for_good),
        cmocka_unit_test(what_a_release_has_left_comes_back),
        cmocka_unit_test(ended_instances_are_kept),
        cmocka_unit_test(discard_of_a_root_deletes_what_has_ended),
        cmocka_unit_test(discards_are_durable),
        cmocka_unit_test(saved_to_another_store),
        cmocka_unit_test(without_a_store),
        cmocka_unit_test(settle_comes_first),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
