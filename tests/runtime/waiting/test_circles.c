/*
 * S10: threads that would wait for themselves, from inside hooks: their own root, and circles of
 * several threads.
 */
#include <errno.h>

#include "support/threads.h"

static int reenter(struct depot *depot, uint8_t hook, berth_call *call, const void *view, void *out)
{
    const rack_view *rack = view;
    berth_error error;
    uuid_t id;

    (void)call;
    (void)out;
    assert_int_equal(hook, RACK_OPEN);
    if (rack->name[0] == 'a') {
        assert_int_equal(on_rack(depot, OP_USE, "a", &error), -EDEADLK);
        assert_where(&error, "rack", NULL, NULL, NULL);
        assert_string_equal(error.key, "\"a\"");
        assert_int_equal(reserve(depot, "a", 1, id, NULL), -EDEADLK);
        assert_int_equal(by_label(depot, "0", NULL), -EDEADLK);
        assert_int_equal(on_rack(depot, OP_USE, "b", NULL), 0); /* another root is fine */
        assert_int_equal(berth_manager_destroy(depot->manager, NULL), -EBUSY);
    } else {
        assert_int_equal(on_rack(depot, OP_USE, "a", NULL), -EDEADLK); /* two levels up the stack */
        assert_int_equal(on_rack(depot, OP_RESOLVE, "c", NULL), 0);
    }
    return 0;
}

static void a_hook_that_asks_for_its_own_root_is_refused(void **unused)
{
    struct depot depot;

    (void)unused;
    depot_start(&depot, NULL, NULL);
    depot.hook = reenter;
    assert_int_equal(on_rack(&depot, OP_USE, "a", NULL), 0);
    assert_state(&depot, "rack a on 1+0\nrack b on 1+0\nrack c idle 0+0\n");
    depot_stop(&depot);
}

static int reenter_with(struct depot *depot, uint8_t hook, berth_call *call, const void *view,
                        void *out)
{
    berth_error error;

    (void)call;
    (void)view;
    (void)out;
    if (hook == RACK_OPEN) {
        assert_int_equal(with(depot, OP_CLOSE, depot->arg, &error), -EDEADLK);
        assert_where(&error, "rack", NULL, NULL, NULL);
        assert_int_equal(on_path(depot, OP_ADD, "a", 9, NULL), -EDEADLK);
        assert_int_equal(place(depot, "a", 0, 0, NULL), -EDEADLK);
        assert_int_equal(on_rack(depot, OP_KICK, "a", NULL), -EDEADLK);
    }
    return 0;
}

static void a_hook_cannot_use_the_reservation_it_is_called_for(void **unused)
{
    struct depot depot;
    uuid_t id;

    (void)unused;
    depot_start(&depot, NULL, NULL);
    assert_int_equal(reserve(&depot, "a", 1, id, NULL), 0);
    depot.hook = reenter_with;
    depot.arg = id;
    assert_int_equal(with(&depot, OP_OPEN, id, NULL), 0);
    assert_state(&depot, "rack a on 1+1\n shelf 1 on 1+1\n  book on 1+0\n");
    depot_stop(&depot);
}

/* Each of the racks 1 to 3 asks for the next from inside its hook, when the gate lets it. */
static int ask_next(struct depot *depot, uint8_t hook, berth_call *call, const void *view,
                    void *out)
{
    static const char *const next[] = {"2", "3", "1"};
    struct gate *gate = depot->arg;

    (void)hook;
    (void)call;
    (void)out;
    gate_pass(gate);
    return on_rack(depot, OP_USE, next[((const rack_view *)view)->name[0] - '1'], NULL);
}

static void a_circle_of_threads_is_broken(void **unused)
{
    struct depot depot;
    struct gate gates;
    struct task tasks[3];

    (void)unused;
    depot_start_gated(&depot, &gates);
    depot.hook = ask_next;
    for (unsigned i = 0; i < 3; i++) {
        task_start(&tasks[i], &depot, OP_USE, (const char *[]){"1", "2", "3"}[i]);
        gate_wait(&gates, i + 1);
    }
    gate_open(&gates, 1);
    wait_for_waiters(&depot, 1); /* 1 waits for 2 */
    gate_open(&gates, 1);
    wait_for_waiters(&depot, 2); /* 2 waits for 3 */
    gate_open(&gates, 1);        /* 3 would wait for 1: EDEADLK, which is what its hook returns */
    assert_int_equal(task_join(&tasks[2]), -EDEADLK);
    assert_where(&tasks[2].error, "rack", "idle", "open", "rack.open");
    assert_int_equal(task_join(&tasks[1]), -ENOTRECOVERABLE); /* it finds 3 bad */
    assert_int_equal(task_join(&tasks[0]), -ENOTRECOVERABLE);
    assert_state(&depot, "rack 1 bad 0+0\nrack 2 bad 0+0\nrack 3 bad 0+0\n");
    depot_stop(&depot);
}

/* While the rack "b" is opened: about another. */
static int ask_about_a(struct depot *depot, uint8_t hook, berth_call *call, const void *view,
                       void *out)
{
    (void)gated(depot, hook, call, view, out);
    if (hook == RACK_OPEN)
        assert_int_equal(on_rack(depot, OP_KICK, "a", NULL), -ENOENT);
    return 0;
}

/* Two wait for a root that ends; the first then waits for a thread that is the second. */
static void waiters_that_start_again_look_for_circles(void **unused)
{
    struct depot depot;
    struct gate gate;
    struct task first, slot, nested;
    uuid_t id;

    (void)unused;
    depot_start_gated(&depot, &gate);
    assert_int_equal(on_rack(&depot, OP_RESOLVE, "b", NULL), 0);
    gate_open(&gate, 3);
    assert_int_equal(reserve(&depot, "a", 1, id, NULL), 0);
    assert_int_equal(with(&depot, OP_OPEN, id, NULL), 0);
    depot.hook = ask_about_a;
    depot_clear_log(&depot);
    task_start_with(&first, &depot, OP_CLOSE, id);
    gate_wait(&gate, 4);
    task_start(&slot, &depot, OP_BY_BAY, NULL); /* bay 0 */
    wait_for_waiters(&depot, 1);
    gate_open(&gate, 4); /* eject and close of book and shelf */
    gate_wait(&gate, 8);
    assert_int_equal(on_rack(&depot, OP_ADD, "b", NULL), 0); /* takes the bay */
    task_start(&nested, &depot, OP_USE, "b");
    gate_wait(&gate, 9);
    gate_open(&gate, 2);
    wait_for_waiters(&depot, 2);
    gate_open(&gate, 2);
    assert_int_equal(task_join(&first), 0);
    assert_int_equal(task_join(&nested), 0);
    assert_int_equal(task_join(&slot), 0);
    assert_state(&depot, "rack b on 1+1\n shelf 0 on 0+0\n");
    depot_stop(&depot);
}

/* One side of a circle across two managers. */
struct side {
    struct depot depot;
    struct side *other;
    struct gate *gate;
    int rc; /* of what the hook asks for */
};

enum { PATIENCE = 100000000 };

/* Opening rack "a" asks the other manager for its rack "a", which is being opened as well. */
static int ask_the_other(struct depot *depot, uint8_t hook, berth_call *call, const void *view,
                         void *out)
{
    struct side *side = depot->arg;

    (void)hook;
    (void)call;
    (void)view;
    (void)out;
    gate_pass(side->gate);
    if (side->rc > 0)
        side->rc = until(&side->other->depot, OP_RESOLVE, "a", berth_now() + PATIENCE, NULL);
    return 0;
}

/*
 * No manager sees the other's threads, so nobody gets EDEADLK; a deadline ends the circle as it
 * ends any wait.
 */
static void a_circle_across_two_managers_ends_at_a_deadline(void **unused)
{
    struct side sides[2] = {{.other = &sides[1], .rc = 1}, {.other = &sides[0], .rc = 1}};
    struct task tasks[2];
    struct gate gate;

    (void)unused;
    gate_init(&gate);
    for (int i = 0; i < 2; i++) {
        depot_start(&sides[i].depot, NULL, NULL);
        sides[i].gate = &gate;
        sides[i].depot.hook = ask_the_other;
        sides[i].depot.arg = &sides[i];
        task_start(&tasks[i], &sides[i].depot, OP_USE, "a");
    }
    gate_wait(&gate, 2);
    gate_open(&gate, 2);
    for (int i = 0; i < 2; i++)
        assert_int_equal(task_join(&tasks[i]), 0);
    assert_true(sides[0].rc == -ETIMEDOUT || sides[1].rc == -ETIMEDOUT);
    for (int i = 0; i < 2; i++) {
        assert_true(sides[i].rc == 0 || sides[i].rc == -ETIMEDOUT);
        assert_state(&sides[i].depot, "rack a on 1+0\n");
        sides[i].depot.hook = NULL;
        depot_stop(&sides[i].depot);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_hook_that_asks_for_its_own_root_is_refused),
        cmocka_unit_test(a_hook_cannot_use_the_reservation_it_is_called_for),
        cmocka_unit_test(a_circle_of_threads_is_broken),
        cmocka_unit_test(a_circle_across_two_managers_ends_at_a_deadline),
        cmocka_unit_test(waiters_that_start_again_look_for_circles),
    };

    return cmocka_run_group_tests_name("waiting, circles", tests, NULL, NULL);
}
