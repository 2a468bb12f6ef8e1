/*
 * Look-ups: operations without steps that only find. They answer as if they had the manager for
 * themselves, and run beside each other.
 */
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "support/threads.h"

#include "core/operation.h"

enum { FIND = OP_KICK, FIND_IF_ANY = OP_FIND_SHELF, FIND_SHELF = OP_SHELF_CRASH };

/* The depot, where these three operations only find. */
static const berth_manager_type *looking_type(void)
{
    static const berth_return label = {.level = 0,
                                       .type = BERTH_CHARS,
                                       .view_offset = offsetof(rack_view, label),
                                       .size = sizeof(((rack_view *)0)->label)};
    static berth_operation operations[N_OPERATIONS + 1];
    static berth_manager_type type;

    type = depot_type;
    memcpy(operations, depot_type.operations, sizeof operations);
    operations[FIND].n_steps = operations[FIND_IF_ANY].n_steps = operations[FIND_SHELF].n_steps = 0;
    operations[FIND].flags |= BERTH_LOOK_UP;
    operations[FIND_IF_ANY].flags |= BERTH_LOOK_UP;
    operations[FIND_SHELF].flags |= BERTH_LOOK_UP;
    operations[FIND].returns = &label;
    operations[FIND].n_returns = 1;
    type.operations = operations;
    return &type;
}

/* Without the test's allocator: a manager with one of the caller's lets nobody share its lock. */
static void start(struct depot *depot)
{
    struct depot_backend backend = {depot};

    depot_init(depot);
    assert_int_equal(
        berth_manager_create(looking_type(), NULL, &backend, NULL, &depot->manager, NULL), 0);
}

static bool is_open(struct depot *depot)
{
    return atomic_load(&depot->manager->lock.readers.contention) == READERS_ENOUGH;
}

static void open_to_readers(struct depot *depot)
{
    struct lock *lock = &depot->manager->lock;

    mutex_lock(&lock->mutex);
    while (!is_open(depot))
        readers_note_contention(&lock->readers, &depot->manager->allocator);
    mutex_unlock(&lock->mutex);
}

static int run(struct depot *depot, uint8_t operation, const void *by, const char *rack,
               uint16_t shelf, void *result, berth_error *error)
{
    struct path path;
    void *results[2] = {result, NULL};
    const berth_request request = {.operation = operation,
                                   .config = depot_path(&path, rack, shelf)->config,
                                   .reservation = by,
                                   .by = by,
                                   .results = results,
                                   .result_sizes = (const size_t[2]){64, 64},
                                   .deadline = BERTH_NO_DEADLINE};

    return berth_manager_run(depot->manager, &request, error);
}

/* What a depot with a reservation of a/0 and a/1 answers. */
static void ask(struct depot *depot, const uuid_t id)
{
    static const unsigned char nobody[16] = {1};
    uint16_t bay = 9;
    char text[64];
    berth_error error;

    assert_int_equal(run(depot, FIND, NULL, "a", 0, text, &error), 0);
    assert_string_equal(text, "0");
    assert_int_equal(error.code, 0);
    assert_int_equal(run(depot, FIND, NULL, "b", 0, text, &error), -ENOENT);
    assert_where(&error, "rack", NULL, NULL, NULL);
    assert_string_equal(error.key, "\"b\"");
    assert_string_equal(error.operation, "kick");

    assert_int_equal(run(depot, FIND_IF_ANY, NULL, "a", 1, &bay, NULL), 0);
    assert_int_equal(bay, 1);
    assert_int_equal(run(depot, FIND_IF_ANY, NULL, "a", 2, &bay, NULL), 0);
    assert_int_equal(bay, 0);
    assert_int_equal(run(depot, FIND_SHELF, NULL, "a", 1, NULL, NULL), 0);
    assert_int_equal(run(depot, FIND_SHELF, NULL, "a", 2, NULL, &error), -ENOENT);
    assert_where(&error, "shelf", NULL, NULL, NULL);
    assert_string_equal(error.key, "\"a\"/2,\"z\"");
    assert_int_equal(run(depot, FIND_SHELF, NULL, "a", 1000, NULL, &error), -EINVAL);
    assert_string_equal(error.field, "index");

    assert_int_equal(run(depot, OP_BY_UID, nobody, "", 0, text, &error), -ENOENT);
    assert_where(&error, "rack", NULL, NULL, NULL);
    assert_string_equal(error.key, "");

    assert_int_equal(run(depot, OP_LOOK, id, "", 0, text, NULL), 0);
    assert_string_equal(text, "yard/0/0");
    assert_int_equal(run(depot, OP_LOOK, nobody, "", 0, text, &error), -ENOENT);
    assert_where(&error, NULL, NULL, NULL, NULL);
}

static void answers_are_the_same_beside_others_and_alone(void **unused)
{
    struct depot depot;
    uuid_t id, other;

    (void)unused;
    start(&depot);
    assert_int_equal(reserve(&depot, "a", 0, id, NULL), 0);
    assert_int_equal(reserve(&depot, "a", 1, other, NULL), 0);
    ask(&depot, id);
    assert_false(is_open(&depot));
    open_to_readers(&depot);
    ask(&depot, id);
    assert_state(&depot, "rack a idle 2+2\n shelf 0 idle 1+1\n  book idle 1+0\n shelf 1 idle 1+1\n "
                         " book idle 1+0\n");
    depot_stop(&depot);
}

static void by_value(struct depot *depot, bool beside)
{
    unsigned char uid[16];
    char label[64];

    assert_int_equal(run(depot, OP_USE, NULL, "a", 0, NULL, NULL), 0);
    assert_int_equal(lock_acquire(&depot->manager->lock), 0);
    memcpy(uid, ((rack_view *)instance_view(depot->manager->roots))->uid, sizeof uid);
    lock_release(&depot->manager->lock);
    if (beside)
        open_to_readers(depot);
    assert_int_equal(run(depot, OP_BY_UID, uid, "", 0, label, NULL), 0);
    assert_string_equal(label, "0");
    assert_int_equal(is_open(depot), beside);
}

static void finds_by_value(void **unused)
{
    struct depot depot;

    (void)unused;
    for (int beside = 0; beside < 2; beside++) {
        start(&depot);
        by_value(&depot, beside);
        depot_stop(&depot);
    }
}

static void a_reservation_that_lets_go_or_has_ended(void **unused)
{
    struct depot depot;
    uuid_t id, drained;
    char path[64];

    (void)unused;
    start(&depot);
    assert_int_equal(reserve(&depot, "a", 0, id, NULL), 0);
    assert_int_equal(reserve(&depot, "b", 0, drained, NULL), 0);
    assert_int_equal(with(&depot, OP_CLOSE_BOOK, id, NULL), 0);
    open_to_readers(&depot);
    assert_int_equal(run(&depot, OP_LOOK, id, "", 0, path, NULL), -ECANCELED);
    assert_true(is_open(&depot));
    assert_int_equal(with(&depot, OP_CLOSE, id, NULL), 0);
    open_to_readers(&depot);
    assert_int_equal(run(&depot, OP_LOOK, id, "", 0, path, NULL), -ENOENT);
    assert_true(is_open(&depot));
    assert_int_equal(berth_manager_drain(depot.manager, BERTH_NO_DEADLINE, NULL), 0);
    open_to_readers(&depot);
    assert_int_equal(run(&depot, OP_LOOK, drained, "", 0, path, NULL), -ENOENT);
    assert_true(is_open(&depot));
    depot_stop(&depot);
}

/* An operation with a reservation and no steps that ends it is none. */
static void an_operation_that_ends_a_reservation_is_no_look_up(void **unused)
{
    struct depot depot;
    uuid_t id;

    (void)unused;
    start(&depot);
    assert_int_equal(reserve(&depot, "a", 0, id, NULL), 0);
    open_to_readers(&depot);
    assert_int_equal(with(&depot, OP_FORGET, id, NULL), 0);
    assert_false(is_open(&depot));
    assert_int_equal(depot_reservations(&depot), 0);
    depot_stop(&depot);
}

static void nap(int milliseconds)
{
    const struct timespec time = {0, milliseconds * 1000000};

    nanosleep(&time, NULL);
}

static void look_ups_run_beside_each_other_and_changes_wait_for_them(void **unused)
{
    struct depot depot;
    struct reader_slot *slot;
    struct task task;

    (void)unused;
    start(&depot);
    assert_int_equal(on_rack(&depot, OP_USE, "a", NULL), 0);
    open_to_readers(&depot);
    slot = readers_enter(&depot.manager->lock.readers); /* as a look-up that takes its time */
    assert_non_null(slot);
    task_start(&task, &depot, FIND, "a");
    assert_int_equal(task_join(&task), 0);
    assert_int_equal(on_rack(&depot, FIND, "a", NULL), 0);
    task_start(&task, &depot, OP_USE, "b");
    while (is_open(&depot))
        sched_yield();
    nap(20);
    assert_null(instance_next(depot.manager->roots)); /* there is no "b" while anybody looks */
    readers_leave(&depot.manager->lock.readers, slot);
    assert_int_equal(task_join(&task), 0);
    assert_state(&depot, "rack a on 1+0\nrack b on 1+0\n");
    depot_stop(&depot);
}

static void a_look_up_waits_for_the_operation_on_its_root(void **unused)
{
    struct depot depot;
    struct gate gate;
    struct task changing, looking, finding, late;
    uuid_t id;

    (void)unused;
    start(&depot);
    assert_int_equal(reserve(&depot, "a", 0, id, NULL), 0);
    assert_int_equal(on_rack(&depot, OP_USE, "b", NULL), 0);
    gate_init(&gate);
    depot.hook = gated;
    depot.arg = &gate;
    task_start_with(&changing, &depot, OP_OPEN, id);
    gate_wait(&gate, 1);
    open_to_readers(&depot);
    assert_int_equal(on_rack(&depot, FIND, "b", NULL), 0); /* other roots are free */
    assert_true(is_open(&depot));
    task_start_until(&late, &depot, FIND, "a", berth_now() + 1000000);
    assert_int_equal(task_join(&late), -ETIMEDOUT);
    open_to_readers(&depot);
    task_start_with(&looking, &depot, OP_LOOK, id);
    wait_for_waiters(&depot, 1);
    open_to_readers(&depot);
    task_start(&finding, &depot, OP_BY_PLACE, ""); /* 0/0 */
    wait_for_waiters(&depot, 2);
    gate_open(&gate, 3);
    assert_int_equal(task_join(&changing), 0);
    assert_int_equal(task_join(&looking), 0);
    assert_int_equal(task_join(&finding), 0);
    depot.hook = NULL;
    depot_stop(&depot);
}

static int look_from_inside(struct depot *depot, uint8_t hook, berth_call *call, const void *view,
                            void *out)
{
    (void)hook;
    (void)call;
    (void)view;
    (void)out;
    open_to_readers(depot);
    assert_int_equal(on_rack(depot, FIND, "b", NULL), 0);
    assert_true(is_open(depot));
    assert_int_equal(on_rack(depot, FIND, "a", NULL), -EDEADLK);
    return 0;
}

static int look_during_visit(void *arg, const berth_item *item)
{
    (void)item;
    assert_int_equal(on_rack(arg, FIND, "b", NULL), -EDEADLK);
    return 0;
}

static void a_look_up_from_inside_a_callback(void **unused)
{
    struct depot depot;

    (void)unused;
    start(&depot);
    assert_int_equal(on_rack(&depot, OP_USE, "b", NULL), 0);
    depot.hook = look_from_inside;
    assert_int_equal(on_rack(&depot, OP_USE, "a", NULL), 0);
    assert_int_equal(depot.n_calls, 2);
    open_to_readers(&depot);
    assert_int_equal(berth_manager_for_each(depot.manager, look_during_visit, &depot), 0);
    depot.hook = NULL;
    depot_stop(&depot);
}

/* Racks come and go, and who looks sees them there, with their number, or not there. */

enum { CHANGERS = 2, LOOKERS = 4, ROUNDS = 400 };

struct readers_of {
    struct depot depot;
    atomic_int changing;
};

static void *come_and_go(void *arg)
{
    struct readers_of *all = arg;

    for (int i = 0; i < ROUNDS; i++) {
        char label[64];

        assert_int_equal(run(&all->depot, OP_USE, NULL, i % 2 ? "a" : "b", 0, label, NULL), 0);
        open_to_readers(&all->depot);
        assert_int_equal(by_label(&all->depot, label, NULL), 0);
        open_to_readers(&all->depot);
    }
    atomic_fetch_sub(&all->changing, 1);
    return NULL;
}

static void *look_on(void *arg)
{
    struct readers_of *all = arg;
    unsigned long last = 0;

    while (atomic_load(&all->changing) > 0) {
        char label[64] = "";
        int rc = run(&all->depot, FIND, NULL, "a", 0, label, NULL);

        assert_true(rc == 0 || rc == -ENOENT);
        assert_int_equal(strlen(label) > 0, rc == 0);
        if (rc != 0)
            continue;
        assert_true(strtoul(label, NULL, 10) >= last); /* the same one, or one that came after it */
        last = strtoul(label, NULL, 10);
    }
    return NULL;
}

static void an_instance_that_comes_and_goes_is_there_or_not(void **unused)
{
    static struct readers_of all;
    pthread_t threads[CHANGERS + LOOKERS];

    (void)unused;
    start(&all.depot);
    atomic_store(&all.changing, CHANGERS);
    for (unsigned i = 0; i < CHANGERS + LOOKERS; i++)
        assert_int_equal(
            pthread_create(&threads[i], NULL, i < CHANGERS ? come_and_go : look_on, &all), 0);
    for (unsigned i = 0; i < CHANGERS + LOOKERS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_state(&all.depot, "");
    depot_stop(&all.depot);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_are_the_same_beside_others_and_alone),
        cmocka_unit_test(finds_by_value),
        cmocka_unit_test(a_reservation_that_lets_go_or_has_ended),
        cmocka_unit_test(an_operation_that_ends_a_reservation_is_no_look_up),
        cmocka_unit_test(look_ups_run_beside_each_other_and_changes_wait_for_them),
        cmocka_unit_test(a_look_up_waits_for_the_operation_on_its_root),
        cmocka_unit_test(a_look_up_from_inside_a_callback),
        cmocka_unit_test(an_instance_that_comes_and_goes_is_there_or_not),
    };

    return cmocka_run_group_tests_name("look-ups", tests, NULL, NULL);
}
