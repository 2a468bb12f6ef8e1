/* A manager moves to another store: at most one of the two can be opened, whatever fails. */
#include "hall.h"

/* The number of the step of a save that changes places, of the own store and of the other. */
enum { LEAVES = 1, ENTERS = 2 };

struct move {
    struct depot_of_halls halls;
    berth_memory_store *other;
    berth_faulty_store to;
    uint64_t epoch;
    char before[STATE_SIZE];
};

static void start_move(struct move *move)
{
    char number[DEPOSITORY_BOX_NUMBER_SIZE];
    uuid_t a = {0};

    halls_start(&move->halls);
    move->other = berth_memory_store_make("hall 1");
    berth_faulty_store_init(&move->to, berth_memory_store_functions(move->other));
    for (unsigned i = 0; i < 3; i++)
        halls_reopen(&move->halls);
    assert_int_equal(rent(&move->halls, "a", 1, a, "ann"), 0);
    assert_int_equal(use(&move->halls, a), 0);
    assert_int_equal(add(&move->halls, "b", "bob", number), 0);
    move->epoch = move->halls.hall.epoch;
    assert_true(move->epoch >= 4);
    strcpy(move->before, halls_state(&move->halls));
    move->halls.store.n_commits = 0;
}

static int save(struct move *move)
{
    return depository_save(move->halls.manager, &move->to.functions, &move->halls.error);
}

/* The manager ends, and the other store is the one. */
static void follow(struct move *move)
{
    assert_int_equal(depository_destroy(move->halls.manager, NULL), 0);
    berth_memory_store_free(move->halls.memory);
    move->halls.memory = move->other;
    berth_faulty_store_init(&move->halls.store, berth_memory_store_functions(move->other));
}

/* Can the store be opened? It is closed again. */
static bool opens(struct move *move, berth_memory_store *store)
{
    depository_backend backend = hall_backend(&move->halls.hall);
    depository *manager;
    int rc = depository_open(NULL, &backend, NULL, berth_memory_store_functions(store), &manager,
                             &move->halls.error);

    if (rc == 0) {
        assert_int_equal(depository_save(manager, NULL, NULL), 0);
        assert_int_equal(depository_destroy(manager, NULL), 0);
        return true;
    }
    assert_int_equal(rc, -ESTALE);
    assert_non_null(move->halls.error.reason);
    return false;
}

static void stop_move(struct move *move)
{
    berth_memory_store_free(move->other);
    move->other = NULL;
    move->halls.store.at = 0;
    move->halls.store.dead = false;
    halls_kill(&move->halls);
    halls_stop(&move->halls);
}

static void the_epoch_goes_on(void **unused)
{
    struct move move;

    (void)unused;
    start_move(&move);
    assert_int_equal(save(&move), 0);
    follow(&move);
    assert_int_equal(halls_open(&move.halls), 0);
    assert_int_equal(halls_recover(&move.halls), 0);
    assert_true(move.halls.hall.epoch > move.epoch);
    assert_string_equal(halls_state(&move.halls), move.before);
    halls_stop(&move.halls);
}

static void the_old_store_is_refused(void **unused)
{
    struct move move;

    (void)unused;
    start_move(&move);
    assert_int_equal(save(&move), 0);
    assert_false(opens(&move, move.halls.memory));
    assert_string_equal(move.halls.error.reason, "the rows of the store were moved to another one");
    assert_true(opens(&move, move.other));
    /* the other one is lost: the user takes the old one back */
    berth_memory_store_reclaim(move.halls.memory);
    stop_move(&move);
}

static void back_and_forth(void **unused)
{
    struct move move;

    (void)unused;
    start_move(&move);
    assert_int_equal(save(&move), 0);
    assert_int_equal(depository_destroy(move.halls.manager, NULL), 0);
    berth_faulty_store_init(&move.halls.store, berth_memory_store_functions(move.other));
    assert_int_equal(halls_open(&move.halls), 0);
    berth_faulty_store_init(&move.to, berth_memory_store_functions(move.halls.memory));
    assert_int_equal(save(&move), 0);
    assert_false(opens(&move, move.other));
    assert_int_equal(depository_destroy(move.halls.manager, NULL), 0);
    berth_faulty_store_init(&move.halls.store, berth_memory_store_functions(move.halls.memory));
    assert_int_equal(halls_open(&move.halls), 0);
    assert_string_equal(halls_state(&move.halls), move.before);
    stop_move(&move);
}

/* A certain failure of each step: the manager goes on, and the other store is refused. */
static void failed_step_changes_nothing(void **unused)
{
    (void)unused;
    for (unsigned step = 0; step < 3; step++) {
        struct move move;
        uuid_t b = {0};

        start_move(&move);
        move.to.at = step; /* replace, set_place */
        move.halls.store.at = step == 0 ? LEAVES : 0;
        move.to.fault = move.halls.store.fault = BERTH_FAULT_REFUSE;
        move.to.error = move.halls.store.error = -ENOSPC;
        assert_int_equal(save(&move), -ENOSPC);
        assert_string_equal(halls_state(&move.halls), move.before);
        assert_int_equal(rent(&move.halls, "b", 1, b, "ann"), 0);
        assert_false(opens(&move, move.other));
        stop_move(&move);
    }
}

/* Nobody knows whether the other store has the rows. It is refused, and the manager goes on. */
static void uncertain_replace_changes_nothing(void **unused)
{
    (void)unused;
    for (unsigned fault = BERTH_FAULT_LOSE; fault <= BERTH_FAULT_DIE; fault++) {
        struct move move;
        uuid_t b = {0};

        start_move(&move);
        move.to.at = 1;
        move.to.fault = (berth_fault)fault;
        assert_int_equal(save(&move), -EIO);
        assert_true(move.to.dead);
        assert_int_equal(berth_memory_store_count(move.other, "box"),
                         fault == BERTH_FAULT_DIE ? 2 : 0);
        assert_string_equal(halls_state(&move.halls), move.before);
        assert_int_equal(rent(&move.halls, "b", 1, b, "ann"), 0);
        assert_false(opens(&move, move.other));
        stop_move(&move);
    }
}

/* Each step whose end nobody knows, and each that takes place before the process dies. */
static void at_most_one_store_opens(void **unused)
{
    unsigned own = 0, other = 0;

    (void)unused;
    for (unsigned step = 0; step < 2; step++)
        for (unsigned fault = BERTH_FAULT_LOSE; fault <= BERTH_FAULT_DIE; fault++) {
            struct move move;
            berth_faulty_store *store;
            bool own_opens, other_opens;

            start_move(&move);
            store = step == 0 ? &move.halls.store : &move.to;
            store->at = step == 0 ? LEAVES : ENTERS;
            store->fault = (berth_fault)fault;
            assert_int_equal(save(&move), -EOWNERDEAD);
            assert_int_equal(drain(&move.halls), -EOWNERDEAD);
            own_opens = opens(&move, move.halls.memory);
            other_opens = opens(&move, move.other);
            assert_false(own_opens && other_opens);
            own += own_opens;
            other += other_opens;
            if (!own_opens)
                berth_memory_store_reclaim(move.halls.memory);
            stop_move(&move);
        }
    assert_int_equal(own, 1);   /* it was not left */
    assert_int_equal(other, 1); /* it was entered */
}

/* The last step fails, and the own store cannot be taken back. */
static void own_store_cannot_be_taken_back(void **unused)
{
    struct move move;

    (void)unused;
    start_move(&move);
    move.to.at = ENTERS;
    move.halls.store.at = LEAVES + 1;
    move.to.fault = move.halls.store.fault = BERTH_FAULT_REFUSE;
    assert_int_equal(save(&move), -EOWNERDEAD);
    assert_false(opens(&move, move.halls.memory));
    assert_false(opens(&move, move.other));
    assert_string_equal(move.halls.error.reason, "a save into the store has not ended");
    berth_memory_store_reclaim(move.other);
    assert_true(opens(&move, move.other));
    berth_memory_store_reclaim(move.halls.memory);
    stop_move(&move);
}

static void fenced_manager_does_not_move(void **unused)
{
    struct move move;

    (void)unused;
    start_move(&move);
    assert_true(opens(&move, move.halls.memory)); /* somebody else has it now */
    assert_int_equal(save(&move), -ESTALE);
    assert_false(opens(&move, move.other));
    assert_true(opens(&move, move.halls.memory));
    stop_move(&move);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_epoch_goes_on),
        cmocka_unit_test(the_old_store_is_refused),
        cmocka_unit_test(back_and_forth),
        cmocka_unit_test(failed_step_changes_nothing),
        cmocka_unit_test(uncertain_replace_changes_nothing),
        cmocka_unit_test(at_most_one_store_opens),
        cmocka_unit_test(own_store_cannot_be_taken_back),
        cmocka_unit_test(fenced_manager_does_not_move),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
