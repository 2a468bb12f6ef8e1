/* A manager that has moved to where its boxes are called otherwise. */
#include "hall.h"

/* What rename does. The texts are those of the row that it was given last. */
struct names {
    const char *from, *to; /* of boxes that begin so */
    int error;             /* for a drawer */
    char name[64], label[96];
    unsigned n_columns; /* that it was given */
};

static const char *renamed(const struct names *names, const char *text, char *to, size_t size)
{
    size_t length = strlen(names->from);

    if (strncmp(text, names->from, length) != 0)
        return text;
    (void)snprintf(to, size, "%s%s", names->to, text + length);
    return to;
}

static int rename_box(void *ctx, const char *resource, const berth_store_column *column,
                      berth_store_value *value)
{
    struct names *names = ctx;

    names->n_columns++;
    assert_int_not_equal(column->name[0], '_');
    if (strcmp(resource, "drawer") == 0)
        return names->error;
    assert_string_equal(resource, "box");
    if (strcmp(column->name, "name") == 0)
        value->text = renamed(names, value->text, names->name, sizeof names->name);
    if (strcmp(column->name, "label") == 0)
        value->text = renamed(names, value->text, names->label, sizeof names->label);
    if (strcmp(column->name, "weight") == 0)
        value->number = 12;
    return 0;
}

/* A manager with two boxes moves: its rows are in `moved`. */
struct move {
    struct depot_of_halls halls;
    berth_memory_store *moved;
    berth_rekey rekey;
    uuid_t a, b;
};

static void move_begin(struct move *move, struct names *names)
{
    memset(move, 0, sizeof *move);
    halls_start(&move->halls);
    assert_int_equal(rent(&move->halls, "old/a", 1, move->a, "ann"), 0);
    assert_int_equal(rent(&move->halls, "old/b", 2, move->b, "bob"), 0);
    assert_int_equal(use(&move->halls, move->a), 0);
    move->moved = berth_memory_store_make("hall 1");
    assert_int_equal(depository_save(move->halls.manager, berth_memory_store_functions(move->moved),
                                     &move->halls.error),
                     0);
    assert_int_equal(depository_destroy(move->halls.manager, NULL), 0);
    move->halls.manager = NULL;
    berth_rekey_init(&move->rekey, berth_memory_store_functions(move->moved), rename_box, names);
}

static int open_with(struct move *move, const berth_store *store)
{
    depository_backend backend = hall_backend(&move->halls.hall);

    return depository_open(NULL, &backend, NULL, store, &move->halls.manager, &move->halls.error);
}

/* Opens what the manager was saved to, gives everything back, and ends. */
static void move_end(struct move *move)
{
    struct depot_of_halls *halls = &move->halls;

    assert_int_equal(halls_recover(halls), 0);
    assert_int_equal(give_back(halls, move->a), 0);
    assert_int_equal(give_back(halls, move->b), 0);
    assert_int_equal(depository_destroy(halls->manager, NULL), 0);
    berth_memory_store_free(halls->memory);
    berth_memory_store_free(move->moved);
    pthread_mutex_destroy(&halls->hall.lock);
}

static void boxes_are_found_by_their_new_names(void **unused)
{
    struct names names = {.from = "old/", .to = "/a/much/longer/new/"};
    struct move move;
    struct depot_of_halls *halls = &move.halls;
    berth_memory_store *own = berth_memory_store_make("hall 1");
    depository_box_config box = box_named("/a/much/longer/new/a");
    depository_drawer_config drawer = {.index = 3};
    uuid_t id = {0};
    const char *state;

    (void)unused;
    move_begin(&move, &names);
    assert_int_equal(open_with(&move, &move.rekey.store), 0);
    assert_int_equal(depository_save(halls->manager, berth_memory_store_functions(own), NULL), 0);
    assert_int_equal(depository_destroy(halls->manager, NULL), 0);
    assert_int_equal(open_with(&move, berth_memory_store_functions(own)), 0);
    state = halls_state(halls);
    assert_non_null(strstr(state, "box /a/much/longer/new/a there 1+1 1,1,12,3,2 "));
    assert_non_null(strstr(state, " /a/much/longer/new/b@0.1 "));
    assert_non_null(strstr(state, "ann /a/much/longer/new/a/1 held 3"));
    assert_null(strstr(state, "old/"));
    /* The same box, which is there already; and the same reservations. */
    box.weight = 12;
    assert_int_equal(depository_rent(halls->manager, &box, &drawer, id, "cyd", NULL), 0);
    assert_non_null(strstr(halls_state(halls), "box /a/much/longer/new/a there 2+2"));
    assert_int_equal(give_back(halls, id), 0);
    assert_int_equal(use(halls, move.b), 0);
    assert_non_null(strstr(halls->hall.log, "put:box /a/much/longer/new/b"));
    hall_set(&halls->hall, "box old/a", false); /* the hall knows it by its new name, too */
    move_end(&move);
    berth_memory_store_free(own);
}

static void same_key_twice_is_refused(void **unused)
{
    struct names names = {.from = "old/a", .to = "old/b"};
    struct move move;

    (void)unused;
    move_begin(&move, &names);
    assert_int_equal(open_with(&move, &move.rekey.store), -EBADMSG);
    assert_string_equal(move.halls.error.reason, "two instances have the same key");
    assert_null(move.halls.manager);
    /* The rows that came are as they were. */
    assert_int_equal(open_with(&move, berth_memory_store_functions(move.moved)), 0);
    assert_non_null(strstr(halls_state(&move.halls), "ann old/a/1 held 3"));
    move_end(&move);
}

static void error_of_rename_ends_the_opening(void **unused)
{
    struct names names = {.from = "old/", .to = "new/", .error = -ENODEV};
    struct move move;

    (void)unused;
    move_begin(&move, &names);
    assert_int_equal(open_with(&move, &move.rekey.store), -ENODEV);
    assert_null(move.halls.manager);
    assert_true(names.n_columns > 10);
    assert_int_equal(open_with(&move, berth_memory_store_functions(move.moved)), 0);
    move_end(&move);
}

static void value_that_a_field_may_not_have_is_refused(void **unused)
{
    struct names names = {.from = "old/", .to = ""};
    struct move move;

    (void)unused;
    names.to = "a name that is longer than a box may have it/";
    move_begin(&move, &names);
    assert_int_equal(open_with(&move, &move.rekey.store), -EBADMSG);
    assert_string_equal(move.halls.error.reason, "a field has a value that it may not have:");
    assert_string_equal(move.halls.error.resource, "box");
    assert_int_equal(open_with(&move, berth_memory_store_functions(move.moved)), 0);
    move_end(&move);
}

static void it_takes_no_commits(void **unused)
{
    struct names names = {.from = "old/", .to = "new/"};
    berth_memory_store *empty = berth_memory_store_make("hall 1");
    berth_rekey other;
    struct move move;
    uuid_t id = {0};

    (void)unused;
    move_begin(&move, &names);
    assert_int_equal(open_with(&move, &move.rekey.store), 0);
    assert_int_equal(halls_recover(&move.halls), 0);
    assert_int_equal(rent(&move.halls, "new/c", 1, id, "cyd"), -EROFS);
    assert_int_equal(give_back(&move.halls, move.b), -EROFS);
    berth_rekey_init(&other, berth_memory_store_functions(empty), rename_box, &names);
    assert_int_equal(depository_save(move.halls.manager, &other.store, NULL), -EROFS);
    assert_int_equal(berth_memory_store_count(empty, "box"), 0);
    assert_int_equal(depository_discard(move.halls.manager), -EROFS);
    assert_int_equal(depository_save(move.halls.manager, NULL, NULL), 0);
    assert_int_equal(berth_store_lost(move.rekey.link), 0);
    assert_int_equal(depository_destroy(move.halls.manager, NULL), 0);
    assert_int_equal(open_with(&move, berth_memory_store_functions(move.moved)), 0);
    move_end(&move);
    berth_memory_store_free(empty);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(boxes_are_found_by_their_new_names),
        cmocka_unit_test(same_key_twice_is_refused),
        cmocka_unit_test(error_of_rename_ends_the_opening),
        cmocka_unit_test(value_that_a_field_may_not_have_is_refused),
        cmocka_unit_test(it_takes_no_commits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
