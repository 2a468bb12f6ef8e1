/* S10: one operation at a time per root, first come first served. */
#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "support/threads.h"

static void start(struct depot *depot, struct gate *gate)
{
    gate_init(gate);
    depot_start(depot, NULL, NULL);
    depot->hook = gated;
    depot->arg = gate;
}

static void who_waits_finds_the_work_done(void **unused)
{
    struct depot depot;
    struct gate gate;
    struct task first, others[3];

    (void)unused;
    start(&depot, &gate);
    task_start(&first, &depot, OP_USE, "a");
    gate_wait(&gate, 1);
    assert_state(&depot, "rack a idle 0+0\n"); /* while the hook runs */
    for (unsigned i = 0; i < 3; i++) {
        task_start(&others[i], &depot, OP_USE, "a");
        wait_for_waiters(&depot, i + 1);
    }
    gate_open(&gate, 1);
    assert_int_equal(task_join(&first), 0);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(task_join(&others[i]), 0);
    assert_string_equal(depot.log, "rack.open:a");
    assert_state(&depot, "rack a on 4+0\n");
    depot_stop(&depot);
}

static void first_come_first_served(void **unused)
{
    enum { N = 4 }; /* bays */
    struct depot depot;
    struct gate gate;
    struct task first, others[N];

    (void)unused;
    start(&depot, &gate);
    task_start(&first, &depot, OP_USE, "a");
    gate_wait(&gate, 1);
    for (unsigned i = 0; i < N; i++) {
        task_start_reserve(&others[i], &depot, "a", (uint16_t)(N - i));
        wait_for_waiters(&depot, i + 1);
    }
    gate_open(&gate, 1);
    assert_int_equal(task_join(&first), 0);
    for (unsigned i = 0; i < N; i++)
        assert_int_equal(task_join(&others[i]), 0);
    assert_state(
        &depot,
        "rack a on 5+4\n shelf 4 idle 1+1\n  book idle 1+0\n shelf 3 idle 1+1\n  book idle 1+0\n shelf 2 idle 1+1\n  book idle 1+0\n"
        " shelf 1 idle 1+1\n  book idle 1+0\n");
    depot_stop(&depot);
}

static void different_roots_run_at_the_same_time(void **unused)
{
    struct depot depot;
    struct gate gate;
    struct task a, b;

    (void)unused;
    start(&depot, &gate);
    task_start(&a, &depot, OP_USE, "a");
    task_start(&b, &depot, OP_USE, "b");
    gate_wait(&gate, 2); /* both hooks at once */
    gate_open(&gate, 2);
    assert_int_equal(task_join(&a), 0);
    assert_int_equal(task_join(&b), 0);
    depot_stop(&depot);
}

static void who_waited_for_a_root_that_failed_and_ended_gets_its_error(void **unused)
{
    struct depot depot;
    struct gate gate;
    struct task first, others[3];

    (void)unused;
    start(&depot, &gate);
    depot.outcome[RACK_OPEN] = -ENODEV;
    task_start(&first, &depot, OP_CRASH, "a");
    gate_wait(&gate, 1);
    task_start(&others[0], &depot, OP_CRASH, "a");
    wait_for_waiters(&depot, 1);
    task_start_reserve(&others[1], &depot, "a", 1);
    wait_for_waiters(&depot, 2);
    task_start(&others[2], &depot, OP_DROP, "0");
    wait_for_waiters(&depot, 3);
    gate_open(&gate, 1);
    assert_int_equal(task_join(&first), -ENODEV);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(task_join(&others[i]), -ENODEV);
        assert_where(&others[i].error, "rack", "idle", "crash", "rack.open");
        assert_string_equal(others[i].error.key, "\"a\"");
    }
    assert_string_equal(others[1].error.operation, "reserve");
    assert_true(uuid_is_null(others[1].id));
    assert_string_equal(depot.log, "rack.open:a"); /* nobody repeated it */
    assert_state(&depot, "");
    depot.outcome[RACK_OPEN] = 0;
    gate_open(&gate, 1);
    assert_int_equal(on_rack(&depot, OP_CRASH, "a", NULL), 0); /* who comes later starts afresh */
    depot_stop(&depot);
}

static void who_waited_for_a_root_that_failed_and_stays_goes_on(void **unused)
{
    struct depot depot;
    struct gate gate;
    struct task first, second;

    (void)unused;
    start(&depot, &gate);
    depot.outcome[RACK_OPEN] = -EIO;
    task_start(&first, &depot, OP_USE, "a");
    gate_wait(&gate, 1);
    task_start(&second, &depot, OP_USE, "a");
    wait_for_waiters(&depot, 1);
    gate_open(&gate, 1);
    assert_int_equal(task_join(&first), -EIO);
    assert_int_equal(task_join(&second), -ENOTRECOVERABLE);
    assert_where(&second.error, "rack", "bad", "open", NULL);
    depot_stop(&depot);
}

static void who_waited_for_a_root_that_ended_well_starts_again_in_order(void **unused)
{
    struct depot depot;
    struct gate gate;
    struct task last, others[6];
    uuid_t id;

    (void)unused;
    start(&depot, &gate);
    gate_open(&gate, 1);
    assert_int_equal(on_rack(&depot, OP_USE, "a", NULL), 0);
    task_start(&last, &depot, OP_DROP, "0");
    gate_wait(&gate, 2); /* eject */
    task_start(&others[0], &depot, OP_KICK, "a");
    wait_for_waiters(&depot, 1);
    task_start(&others[1], &depot, OP_USE, "a"); /* makes it anew */
    wait_for_waiters(&depot, 2);
    task_start(&others[2], &depot, OP_USE, "a"); /* waits for that one */
    wait_for_waiters(&depot, 3);
    task_start_reserve(&others[4], &depot, "a", 1);
    wait_for_waiters(&depot, 4);
    task_start(&others[3], &depot, OP_DROP, "0"); /* absent: fine */
    wait_for_waiters(&depot, 5);
    gate_open(&gate, 1);
    gate_wait(&gate, 3); /* close */
    gate_open(&gate, 1);
    assert_int_equal(task_join(&last), 0);
    assert_int_equal(task_join(&others[0]), -ENOENT);
    assert_where(&others[0].error, "rack", NULL, NULL, NULL);
    assert_int_equal(task_join(&others[3]), 0);
    gate_wait(&gate, 4); /* the new one's open */
    wait_for_waiters(&depot, 2);
    assert_state(&depot, "rack a idle 0+0\n");
    gate_open(&gate, 1);
    assert_int_equal(task_join(&others[1]), 0);
    assert_int_equal(task_join(&others[2]), 0);
    assert_int_equal(task_join(&others[4]), 0);
    assert_string_equal(depot.log, "rack.open:a rack.eject:a rack.close:a rack.open:a");
    assert_state(&depot, "rack a on 3+1\n shelf 1 idle 1+1\n  book idle 1+0\n");

    memcpy(id, others[4].id, sizeof id);
    depot.hook = NULL;
    assert_int_equal(with(&depot, OP_CLOSE, id, NULL), 0);
    depot_stop(&depot);
}

static void every_form_waits(void **unused)
{
    struct depot depot;
    struct gate gate;
    struct task first, create_root, create_child, find, by;

    (void)unused;
    start(&depot, &gate);
    task_start(&first, &depot, OP_USE, "a");
    gate_wait(&gate, 1);
    task_start(&create_root, &depot, OP_RESOLVE, "a");
    wait_for_waiters(&depot, 1);
    task_start(&create_child, &depot, OP_ADD, "a");
    wait_for_waiters(&depot, 2);
    task_start(&find, &depot, OP_FIND_SHELF, "a"); /* finds what was created before it */
    wait_for_waiters(&depot, 3);
    task_start(&by, &depot, OP_DROP, "0");
    wait_for_waiters(&depot, 4);
    gate_open(&gate, 2);
    assert_int_equal(task_join(&first), 0);
    assert_int_equal(task_join(&create_root), 0);
    assert_int_equal(task_join(&create_child), 0);
    assert_int_equal(task_join(&find), 0);
    assert_int_equal(task_join(&by), 0);
    assert_string_equal(depot.log, "rack.open:a shelf.open:a");
    assert_state(&depot, "rack a on 0+1\n shelf 0 on 0+0\n");
    depot_stop(&depot);
}

static void a_creation_that_waits_finds_it_there(void **unused)
{
    struct depot depot;
    struct gate gate;
    struct task first, second;
    static const uint32_t at[] = {1, 1};
    struct path path;
    berth_error error;
    berth_request request = {.operation = OP_PLACE, .config = depot_path(&path, "a", 0)->config, .at = at, .deadline = 0};

    (void)unused;
    start(&depot, &gate);
    task_start(&first, &depot, OP_USE, "a");
    gate_wait(&gate, 1);
    assert_int_equal(berth_manager_run(depot.manager, &request, &error), -ETIMEDOUT);
    task_start(&second, &depot, OP_USE, "a");
    wait_for_waiters(&depot, 1);
    gate_open(&gate, 1);
    request.deadline = BERTH_NO_DEADLINE;
    assert_int_equal(berth_manager_run(depot.manager, &request, &error), -EEXIST);
    assert_where(&error, "rack", "on", NULL, NULL);
    assert_int_equal(task_join(&first), 0);
    assert_int_equal(task_join(&second), 0);
    depot_stop(&depot);
}

static void a_retry_that_waits_finds_its_reservation_ended(void **unused)
{
    struct depot depot;
    struct gate gate;
    struct task first, second;
    uuid_t id;

    (void)unused;
    start(&depot, &gate);
    gate_open(&gate, 3);
    assert_int_equal(reserve(&depot, "a", 1, id, NULL), 0);
    assert_int_equal(with(&depot, OP_OPEN, id, NULL), 0);
    task_start_with(&first, &depot, OP_CLOSE, id);
    gate_wait(&gate, 4);
    task_start_with(&second, &depot, OP_CLOSE, id);
    wait_for_waiters(&depot, 1);
    gate_open(&gate, 6);
    assert_int_equal(task_join(&first), 0);
    assert_int_equal(task_join(&second), -ENOENT);
    assert_state(&depot, "");
    depot_stop(&depot);
}

/* What it looks for has ended, and its slot is another root's now: it goes there, and does not keep the root that it was handed. */
static void a_slot_that_moves_while_waiting_is_followed(void **unused)
{
    struct depot depot;
    struct gate gate;
    struct task first, busy, second;

    (void)unused;
    start(&depot, &gate);
    assert_int_equal(on_rack(&depot, OP_RESOLVE, "a", NULL), 0);
    assert_int_equal(on_rack(&depot, OP_RESOLVE, "b", NULL), 0);
    assert_int_equal(on_rack(&depot, OP_ADD, "a", NULL), 0);
    task_start(&first, &depot, OP_SHELF_CRASH, "a");
    gate_wait(&gate, 1);
    task_start(&second, &depot, OP_BY_BAY, NULL); /* bay 0 */
    wait_for_waiters(&depot, 1);
    gate_open(&gate, 1);
    gate_wait(&gate, 2); /* the shelf has ended, the rack has not */
    assert_int_equal(on_rack(&depot, OP_ADD, "b", NULL), 0);
    task_start(&busy, &depot, OP_USE, "b");
    gate_wait(&gate, 3);
    gate_open(&gate, 1);
    assert_int_equal(task_join(&first), 0);
    assert_int_equal(on_rack(&depot, OP_RESOLVE, "a", NULL), 0); /* handed on */
    wait_for_waiters(&depot, 1);
    assert_int_equal(until(&depot, OP_RESOLVE, "b", 0, NULL), -ETIMEDOUT);
    assert_int_equal(until(&depot, OP_RESOLVE, "a", 0, NULL), 0);
    gate_open(&gate, 2);
    assert_int_equal(task_join(&busy), 0);
    assert_int_equal(task_join(&second), 0);
    assert_string_equal(depot.log, "shelf.open:a rack.open:a rack.open:b shelf.open:b");
    assert_int_equal(until(&depot, OP_RESOLVE, "b", 0, NULL), 0);
    assert_state(&depot, "rack a on 0+0\nrack b on 1+1\n shelf 0 on 0+0\n");
    depot_stop(&depot);
}

static void a_deadline_passes_while_waiting(void **unused)
{
    struct depot depot;
    struct gate gate;
    struct task first, second, third;

    (void)unused;
    start(&depot, &gate);
    task_start(&first, &depot, OP_USE, "a");
    gate_wait(&gate, 1);
    task_start(&third, &depot, OP_USE, "a");
    wait_for_waiters(&depot, 1);
    task_start_until(&second, &depot, OP_USE, "a", berth_now() + 20000000);
    assert_int_equal(task_join(&second), -ETIMEDOUT);
    assert_where(&second.error, NULL, NULL, NULL, NULL);
    assert_int_equal(until(&depot, OP_USE, "a", -5, NULL), -ETIMEDOUT); /* long past */
    assert_int_equal(until(&depot, OP_USE, "a", 0, NULL), -ETIMEDOUT);
    wait_for_waiters(&depot, 1);
    gate_open(&gate, 2);
    assert_int_equal(until(&depot, OP_USE, "b", 0, NULL), 0); /* nobody to wait for: it runs */
    assert_int_equal(until(&depot, OP_USE, "a", berth_now() + INT64_C(60000000000), NULL), 0);
    assert_int_equal(task_join(&first), 0);
    assert_int_equal(task_join(&third), 0);
    assert_state(&depot, "rack a on 3+0\nrack b on 1+0\n");
    depot_stop(&depot);
}

/* Re-entry */

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
        assert_int_equal(berth_manager_destroy(depot->manager), -EBUSY);
    } else {
        assert_int_equal(on_rack(depot, OP_USE, "a", NULL), -EDEADLK); /* two levels up the stack */
        assert_int_equal(on_rack(depot, OP_RESOLVE, "c", NULL), 0);
    }
    return 0;
}

static void a_hook_that_asks_for_its_own_root_is_told(void **unused)
{
    struct depot depot;

    (void)unused;
    depot_start(&depot, NULL, NULL);
    depot.hook = reenter;
    assert_int_equal(on_rack(&depot, OP_USE, "a", NULL), 0);
    assert_state(&depot, "rack a on 1+0\nrack b on 1+0\nrack c idle 0+0\n");
    depot_stop(&depot);
}

static int reenter_with(struct depot *depot, uint8_t hook, berth_call *call, const void *view, void *out)
{
    berth_error error;

    (void)call;
    (void)view;
    (void)out;
    if (hook == RACK_OPEN) {
        assert_int_equal(with(depot, OP_CLOSE, depot->arg, &error), -EDEADLK);
        assert_where(&error, NULL, NULL, NULL, NULL);
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
static int ask_next(struct depot *depot, uint8_t hook, berth_call *call, const void *view, void *out)
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
    start(&depot, &gates);
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

/* Drain and discard */

/* While the rack "b" is opened: about another. */
static int ask_about_a(struct depot *depot, uint8_t hook, berth_call *call, const void *view, void *out)
{
    (void)gated(depot, hook, call, view, out);
    if (hook == RACK_OPEN)
        assert_int_equal(on_rack(depot, OP_KICK, "a", NULL), -ENOENT);
    return 0;
}

/* Two wait for a root that ends; the first then waits for a thread that is the second. */
static void who_starts_again_looks_for_circles_among_those_who_have_not_yet(void **unused)
{
    struct depot depot;
    struct gate gate;
    struct task first, slot, nested;
    uuid_t id;

    (void)unused;
    start(&depot, &gate);
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

static void drain_waits_its_turn(void **unused)
{
    struct depot depot;
    struct gate gate;
    struct task first, drains, late;

    (void)unused;
    start(&depot, &gate);
    task_start(&first, &depot, OP_USE, "a");
    gate_wait(&gate, 1);
    task_start(&drains, &depot, 0, NULL);
    wait_for_waiters(&depot, 1);
    task_start_until(&late, &depot, 0, NULL, berth_now() + 10000000); /* another one, that does not want to wait */
    assert_int_equal(task_join(&late), -ETIMEDOUT);
    assert_where(&late.error, "rack", NULL, NULL, NULL);
    assert_string_equal(late.error.key, "\"a\"");
    gate_open(&gate, 3);
    assert_int_equal(task_join(&first), 0);
    assert_int_equal(task_join(&drains), 0);
    assert_string_equal(depot.log, "rack.open:a rack.eject:a rack.close:a");
    assert_state(&depot, "");
    depot_stop(&depot);
}

static void drain_goes_on_when_what_it_waited_for_is_gone(void **unused)
{
    struct depot depot;
    struct gate gate;
    struct task first, drains;

    (void)unused;
    start(&depot, &gate);
    depot.outcome[RACK_OPEN] = -EIO;
    task_start(&first, &depot, OP_CRASH, "a"); /* fails, and ends a */
    gate_wait(&gate, 1);
    assert_int_equal(on_rack(&depot, OP_RESOLVE, "b", NULL), 0);
    assert_int_equal(on_rack(&depot, OP_RESOLVE, "c", NULL), 0);
    task_start(&drains, &depot, 0, NULL);
    wait_for_waiters(&depot, 1);
    assert_int_equal(on_rack(&depot, OP_KICK, "b", NULL), 0); /* the next one is gone before it gets there */
    gate_open(&gate, 1);
    assert_int_equal(task_join(&first), -EIO);
    assert_int_equal(task_join(&drains), 0); /* that error is not the drain's */
    assert_state(&depot, "");
    depot_stop(&depot);
}

static void who_waited_for_a_drained_root_starts_again(void **unused)
{
    struct depot depot;
    struct gate gate;
    struct task drains, second;

    (void)unused;
    start(&depot, &gate);
    gate_open(&gate, 1);
    assert_int_equal(on_rack(&depot, OP_USE, "a", NULL), 0);
    task_start(&drains, &depot, 0, NULL);
    gate_wait(&gate, 2);
    task_start(&second, &depot, OP_USE, "a");
    wait_for_waiters(&depot, 1);
    gate_open(&gate, 3);
    assert_int_equal(task_join(&drains), 0);
    assert_int_equal(task_join(&second), 0);
    assert_state(&depot, "rack a on 1+0\n");
    depot_stop(&depot);
}

static void two_drains_end_in_the_order_they_came(void **unused)
{
    struct depot depot;
    struct gate gate;
    struct task first, drains[2];

    (void)unused;
    start(&depot, &gate);
    task_start(&first, &depot, OP_USE, "a");
    gate_wait(&gate, 1);
    task_start(&drains[0], &depot, 0, NULL);
    wait_for_waiters(&depot, 1);
    task_start(&drains[1], &depot, 0, NULL);
    wait_for_waiters(&depot, 2);
    depot.outcome[RACK_EJECT] = -EIO;
    gate_open(&gate, 2);
    assert_int_equal(task_join(&first), 0);
    assert_int_equal(task_join(&drains[0]), -EIO);
    gate_wait(&gate, 3); /* the second one tries again */
    gate_open(&gate, 1);
    assert_int_equal(task_join(&drains[1]), -EIO);
    assert_state(&depot, "rack a on 1+0\n");
    depot_stop(&depot);
}

static int watch_cancelled(struct depot *depot, uint8_t hook, berth_call *call, const void *view, void *out)
{
    assert_false(berth_call_cancelled(call));
    gate_pass(depot->arg);
    assert_true(berth_call_cancelled(call));
    assert_string_equal(((const rack_view *)view)->name, "a"); /* the view outlives the discard */
    (void)hook;
    (void)out;
    return 0;
}

static void discard_ends_who_waits_and_tells_who_runs(void **unused)
{
    struct depot depot;
    struct gate gate;
    struct task first, others[3];

    (void)unused;
    start(&depot, &gate);
    depot.hook = watch_cancelled;
    task_start(&first, &depot, OP_USE, "a");
    gate_wait(&gate, 1);
    task_start(&others[0], &depot, OP_USE, "a");
    wait_for_waiters(&depot, 1);
    task_start(&others[1], &depot, 0, NULL);
    wait_for_waiters(&depot, 2);
    task_start_reserve(&others[2], &depot, "a", 1);
    wait_for_waiters(&depot, 3);
    assert_int_equal(berth_manager_discard(depot.manager), 0);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(task_join(&others[i]), -ECANCELED);
        assert_where(&others[i].error, NULL, NULL, NULL, NULL);
    }
    assert_state(&depot, "");
    assert_int_equal(berth_manager_destroy(depot.manager), -EBUSY); /* the hook still runs */
    assert_int_equal(on_rack(&depot, OP_RESOLVE, "a", NULL), 0);    /* a new one of that name */
    gate_open(&gate, 1);
    assert_int_equal(task_join(&first), -ECANCELED);
    assert_where(&first.error, NULL, NULL, NULL, NULL);
    assert_state(&depot, "rack a idle 0+0\n"); /* untouched */
    depot_stop(&depot);
}

static int discard_in_the_second(struct depot *depot, uint8_t hook, berth_call *call, const void *view, void *out)
{
    (void)hook;
    (void)view;
    (void)out;
    if (depot->n_calls < 2)
        return -EIO;
    assert_int_equal(berth_manager_discard(depot->manager), 0);
    assert_true(berth_call_cancelled(call));
    return -ENXIO;
}

/* A call has failed, and what it raised is under way. */
static void discard_after_a_failure_is_no_place(void **unused)
{
    struct depot depot;
    berth_error error;

    (void)unused;
    depot_start_changed(&depot, &(struct depot_change){.state = IDLE, .event = OPEN, .fail = {.state = BAD, .raise = WIPE}});
    depot.hook = discard_in_the_second;
    assert_int_equal(on_rack(&depot, OP_USE, "a", &error), -ECANCELED);
    assert_where(&error, NULL, NULL, NULL, NULL);
    assert_string_equal(depot.log, "rack.open:a rack.close:a");
    depot_stop(&depot);

    depot_start_changed(&depot, &(struct depot_change){.state = ON, .event = CLOSE, .fail = {.state = BAD, .raise = WIPE}});
    assert_int_equal(on_rack(&depot, OP_USE, "a", NULL), 0);
    depot_clear_log(&depot);
    depot.hook = discard_in_the_second;
    assert_int_equal(berth_manager_drain(depot.manager, BERTH_NO_DEADLINE, &error), -ECANCELED);
    assert_where(&error, NULL, NULL, NULL, NULL);
    assert_string_equal(depot.log, "rack.eject:a rack.close:a");
    depot_stop(&depot);
}

static void discard_in_the_middle_of_a_drain(void **unused)
{
    struct depot depot;
    struct gate gate;
    struct task drains;

    (void)unused;
    start(&depot, &gate);
    gate_open(&gate, 2);
    assert_int_equal(on_rack(&depot, OP_USE, "a", NULL), 0);
    assert_int_equal(on_rack(&depot, OP_USE, "b", NULL), 0);
    task_start(&drains, &depot, 0, NULL);
    gate_wait(&gate, 3);
    assert_int_equal(berth_manager_discard(depot.manager), 0);
    gate_open(&gate, 1);
    assert_int_equal(task_join(&drains), -ECANCELED);
    assert_string_equal(depot.log, "rack.open:a rack.open:b rack.eject:a");
    depot_stop(&depot);
}

/* Holds a thread up, wherever it is, until the test lets it go on. */
static atomic_bool held_up;
static int let_go[2];

static void hold_up(int signal)
{
    char byte;

    (void)signal;
    atomic_store(&held_up, true);
    while (read(let_go[0], &byte, 1) != 1)
        ;
}

static void discard_when_the_root_is_handed_to_a_thread_that_still_sleeps(void **unused)
{
    struct depot depot;
    struct gate gate;
    struct task first, second;
    struct sigaction action = {.sa_handler = hold_up};

    (void)unused;
    assert_int_equal(pipe(let_go), 0);
    atomic_store(&held_up, false);
    assert_int_equal(sigaction(SIGUSR1, &action, NULL), 0);
    start(&depot, &gate);
    task_start(&first, &depot, OP_USE, "a");
    gate_wait(&gate, 1);
    task_start(&second, &depot, OP_DROP, "0");
    wait_for_waiters(&depot, 1);
    assert_int_equal(pthread_kill(second.thread, SIGUSR1), 0);
    while (!atomic_load(&held_up))
        ;
    gate_open(&gate, 1);
    assert_int_equal(task_join(&first), 0); /* its root belongs to the second now, which is to eject it */
    assert_int_equal(on_rack(&depot, OP_RESOLVE, "b", NULL), 0);
    assert_int_equal(berth_manager_discard(depot.manager), 0);
    assert_int_equal(write(let_go[1], "x", 1), 1);
    assert_int_equal(task_join(&second), -ECANCELED);
    assert_string_equal(depot.log, "rack.open:a");
    close(let_go[0]);
    close(let_go[1]);
    depot_stop(&depot);
}

/* What it waited for is there, and the thread that let the root go does all that needs no hook. */
static void a_waiter_that_needs_no_hook_is_done_while_it_sleeps(void **unused)
{
    struct depot depot;
    struct gate gate;
    struct task first, second;
    struct sigaction action = {.sa_handler = hold_up};

    (void)unused;
    assert_int_equal(pipe(let_go), 0);
    atomic_store(&held_up, false);
    assert_int_equal(sigaction(SIGUSR1, &action, NULL), 0);
    start(&depot, &gate);
    task_start(&first, &depot, OP_USE, "a");
    gate_wait(&gate, 1);
    task_start(&second, &depot, OP_USE, "a");
    wait_for_waiters(&depot, 1);
    assert_int_equal(pthread_kill(second.thread, SIGUSR1), 0);
    while (!atomic_load(&held_up))
        ;
    gate_open(&gate, 1);
    assert_int_equal(task_join(&first), 0);
    assert_state(&depot, "rack a on 2+0\n");
    assert_int_equal(berth_manager_discard(depot.manager), 0); /* too late to cancel it */
    assert_int_equal(write(let_go[1], "x", 1), 1);
    assert_int_equal(task_join(&second), 0);
    close(let_go[0]);
    close(let_go[1]);
    depot_stop(&depot);
}

/* The same without a hand that holds it up: it may have woken, and then its hook is told. */
static void discard_races_with_a_hand_over(void **unused)
{
    (void)unused;
    for (unsigned i = 0; i < 60; i++) {
        struct depot depot;
        struct gate gate;
        struct task first, second;

        start(&depot, &gate);
        depot.outcome[RACK_OPEN] = -EIO;
        gate_open(&gate, 2);
        task_start(&first, &depot, i % 2 ? OP_CRASH : OP_USE, "a");
        task_start(&second, &depot, OP_CRASH, "a");
        gate_wait(&gate, 1);
        assert_int_equal(berth_manager_discard(depot.manager), 0);
        (void)task_join(&first);
        (void)task_join(&second);
        depot_stop(&depot);
    }
}

/* A waiter that starts again is on its way to a hook, which its own thread must call; that thread still sleeps when everything is discarded. */
static void discard_before_a_restarted_waiter_could_call_its_hook(void **unused)
{
    struct depot depot;
    struct gate gate;
    struct task last, second;
    struct sigaction action = {.sa_handler = hold_up};

    (void)unused;
    assert_int_equal(pipe(let_go), 0);
    atomic_store(&held_up, false);
    assert_int_equal(sigaction(SIGUSR1, &action, NULL), 0);
    start(&depot, &gate);
    gate_open(&gate, 2);
    assert_int_equal(on_rack(&depot, OP_USE, "a", NULL), 0);
    task_start(&last, &depot, OP_DROP, "0");
    gate_wait(&gate, 3); /* close */
    task_start(&second, &depot, OP_USE, "a");
    wait_for_waiters(&depot, 1);
    assert_int_equal(pthread_kill(second.thread, SIGUSR1), 0);
    while (!atomic_load(&held_up))
        ;
    gate_open(&gate, 1);
    assert_int_equal(task_join(&last), 0);
    assert_state(&depot, "rack a idle 0+0\n"); /* the second's, about to be opened */
    assert_int_equal(berth_manager_discard(depot.manager), 0);
    assert_int_equal(write(let_go[1], "x", 1), 1);
    assert_int_equal(task_join(&second), -ECANCELED);
    assert_string_equal(depot.log, "rack.open:a rack.eject:a rack.close:a");
    close(let_go[0]);
    close(let_go[1]);
    depot_stop(&depot);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_waits_finds_the_work_done),
        cmocka_unit_test(first_come_first_served),
        cmocka_unit_test(different_roots_run_at_the_same_time),
        cmocka_unit_test(who_waited_for_a_root_that_failed_and_ended_gets_its_error),
        cmocka_unit_test(who_waited_for_a_root_that_failed_and_stays_goes_on),
        cmocka_unit_test(who_waited_for_a_root_that_ended_well_starts_again_in_order),
        cmocka_unit_test(every_form_waits),
        cmocka_unit_test(a_creation_that_waits_finds_it_there),
        cmocka_unit_test(a_retry_that_waits_finds_its_reservation_ended),
        cmocka_unit_test(a_slot_that_moves_while_waiting_is_followed),
        cmocka_unit_test(a_deadline_passes_while_waiting),
        cmocka_unit_test(a_hook_that_asks_for_its_own_root_is_told),
        cmocka_unit_test(a_hook_cannot_use_the_reservation_it_is_called_for),
        cmocka_unit_test(a_circle_of_threads_is_broken),
        cmocka_unit_test(who_starts_again_looks_for_circles_among_those_who_have_not_yet),
        cmocka_unit_test(drain_waits_its_turn),
        cmocka_unit_test(drain_goes_on_when_what_it_waited_for_is_gone),
        cmocka_unit_test(who_waited_for_a_drained_root_starts_again),
        cmocka_unit_test(two_drains_end_in_the_order_they_came),
        cmocka_unit_test(discard_ends_who_waits_and_tells_who_runs),
        cmocka_unit_test(discard_after_a_failure_is_no_place),
        cmocka_unit_test(discard_in_the_middle_of_a_drain),
        cmocka_unit_test(discard_when_the_root_is_handed_to_a_thread_that_still_sleeps),
        cmocka_unit_test(a_waiter_that_needs_no_hook_is_done_while_it_sleeps),
        cmocka_unit_test(discard_before_a_restarted_waiter_could_call_its_hook),
        cmocka_unit_test(discard_races_with_a_hand_over),
    };

    return cmocka_run_group_tests_name("waiting", tests, NULL, NULL);
}
