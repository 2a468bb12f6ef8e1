/*
 * Errors of operations that have not run, because they were late, cancelled, or would have waited
 * for themselves: they name the root.
 */
#include <errno.h>

#include "support/loop.h"

/* Its root, and nothing of what the operation was about to do there. */
#define assert_at_rack(error, expected) check_place(error, "rack", expected, __FILE__, __LINE__)
#define assert_nowhere(error) check_place(error, NULL, "", __FILE__, __LINE__)

static void check_place(const berth_error *error, const char *resource, const char *key,
                        const char *file, int line)
{
    check_where(error, resource, NULL, NULL, NULL, file, line);
    _assert_string_equal(error->key, key, file, line);
}

/*
 * Found or made by key, found by a value of the root (label 0) and of a child (bay 0), and by a
 * reservation: every way to the same rack.
 */
static const uint8_t ways[] = {OP_RESERVE, OP_USE,    OP_KICK, OP_ADD,
                               OP_DROP,    OP_BY_BAY, OP_OPEN, OP_CLOSE};
enum { N_WAYS = sizeof ways };

/* An operation on rack "a", whichever way. */
struct arguments {
    struct path path;
    uint32_t bay;
    uuid_t given;
    berth_request request;
};

static const berth_request *ask(struct arguments *arguments, uint8_t operation,
                                const unsigned char *id, int64_t deadline)
{
    arguments->bay = 0;
    arguments->request = (berth_request){.operation = operation,
                                         .config = depot_path(&arguments->path, "a", 2)->config,
                                         .by = "0",
                                         .at = &arguments->bay,
                                         .reservation = id,
                                         .gives = operation == OP_RESERVE ? arguments->given : NULL,
                                         .deadline = deadline};
    return &arguments->request;
}

/* Rack "a" is taken: its hook pends, and the reservation is for a shelf on it. */
struct taken {
    struct depot depot;
    struct shelf_of_calls shelf;
    struct job holds;
    uuid_t id;
    struct job jobs[N_WAYS + 1];
    struct arguments arguments[N_WAYS];
};

static struct taken taken;

static void take(const berth_config *config)
{
    depot_start(&taken.depot, NULL, config);
    assert_int_equal(reserve(&taken.depot, "a", 1, taken.id, NULL), 0);
    shelf_init(&taken.shelf, &taken.depot);
    job_go(&taken.holds, &taken.depot, OP_USE, "a");
    assert_not_done(&taken.holds);
}

/* Operations of all kinds, and a drain, wait for it. */
static void queue_up(int64_t deadline)
{
    for (unsigned i = 0; i <= N_WAYS; i++) {
        job_init(&taken.jobs[i], &taken.depot);
        taken.jobs[i].keep = true;
        if (i < N_WAYS)
            assert_int_equal(
                job_request(&taken.jobs[i], ask(&taken.arguments[i], ways[i], taken.id, deadline)),
                0);
        else
            assert_int_equal(job_start(&taken.jobs[i], 0, NULL, deadline), 0);
        assert_not_done(&taken.jobs[i]);
    }
}

static void assert_all_at_a(int code)
{
    for (unsigned i = 0; i <= N_WAYS; i++) {
        assert_done(&taken.jobs[i], code);
        assert_at_rack(&taken.jobs[i].error, "\"a\"");
    }
}

/* As it was before they came. */
static void assert_untouched(void)
{
    assert_state(&taken.depot, "rack a idle 1+1\n shelf 1 idle 1+1\n  book idle 1+0\n");
    assert_int_equal(depot_reservations(&taken.depot), 1);
    assert_int_equal(shelf_complete(&taken.shelf, 0, 0), 0);
    assert_done(&taken.holds, 0);
    assert_state(&taken.depot, "rack a on 2+1\n shelf 1 idle 1+1\n  book idle 1+0\n");
    depot_stop(&taken.depot);
}

static void blocking_calls_that_are_late(void **unused)
{
    berth_error error;
    char line[100];

    (void)unused;
    take(NULL);
    for (unsigned i = 0; i < N_WAYS; i++) {
        assert_int_equal(berth_manager_run(taken.depot.manager,
                                           ask(&taken.arguments[i], ways[i], taken.id, 1), &error),
                         -ETIMEDOUT);
        assert_int_equal(error.code, -ETIMEDOUT);
        assert_at_rack(&error, "\"a\"");
    }
    assert_int_equal(berth_manager_drain(taken.depot.manager, 1, &error), -ETIMEDOUT);
    assert_at_rack(&error, "\"a\"");
    assert_int_equal(until(&taken.depot, OP_USE, "a", 1, &error), -ETIMEDOUT);
    assert_string_equal(berth_error_text(&error, line, sizeof line),
                        "depot_use: rack \"a\": Connection timed out");
    assert_untouched();
}

static void started_operations_that_are_late(void **unused)
{
    (void)unused;
    take(NULL);
    queue_up(1);
    assert_int_equal(berth_manager_poll(taken.depot.manager, NULL), 0);
    assert_all_at_a(-ETIMEDOUT);
    assert_untouched();
}

static void started_operations_that_are_cancelled(void **unused)
{
    (void)unused;
    take(NULL);
    queue_up(BERTH_NO_DEADLINE);
    for (unsigned i = 0; i <= N_WAYS; i++)
        assert_int_equal(job_cancel(&taken.jobs[i]), 0);
    assert_all_at_a(-ECANCELED);
    assert_untouched();
}

static void discarded_in_the_queue(void **unused)
{
    (void)unused;
    take(NULL);
    queue_up(BERTH_NO_DEADLINE);
    assert_int_equal(berth_manager_discard(taken.depot.manager), 0);
    assert_all_at_a(-ECANCELED);
    assert_int_equal(shelf_complete(&taken.shelf, 0, 0), 0);
    assert_done(&taken.holds, -ECANCELED);
    assert_nowhere(&taken.holds.error); /* it was running */
    depot_stop(&taken.depot);
}

/*
 * They were handed the root, or have made it anew, and stand before their first hook when they are
 * cancelled.
 */
static void with_the_root(void **unused)
{
    static const struct {
        bool anew;
        uint8_t operation;
        const char *argument;
    } cases[] = {{false, OP_DROP, "0"}, {false, 0, NULL}, {true, OP_USE_ALL, "a"}};

    (void)unused;
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct depot depot;
        struct shelf_of_calls shelf;
        struct job first, next;

        depot_start(&depot, NULL, &waking);
        if (cases[i].anew)
            assert_int_equal(on_rack(&depot, OP_USE, "a", NULL), 0);
        shelf_init(&shelf, &depot);
        job_go(&first, &depot, cases[i].anew ? OP_DROP : OP_USE, cases[i].anew ? "0" : "a");
        job_init(&next, &depot);
        next.keep = true;
        assert_int_equal(job_start(&next, cases[i].operation, cases[i].argument, BERTH_NO_DEADLINE),
                         0);
        for (unsigned call = 0; call <= cases[i].anew; call++) { /* a drop has two hooks */
            assert_int_equal(shelf_complete(&shelf, call, 0), 0);
            (void)poll_depot(&depot);
        }
        assert_done(&first, 0);
        assert_not_done(&next);
        assert_int_equal(job_cancel(&next), 0);
        assert_int_equal(poll_depot(&depot), BERTH_NO_DEADLINE);
        assert_done(&next, -ECANCELED);
        assert_at_rack(&next.error, "\"a\"");
        assert_state(&depot, cases[i].anew ? "" : "rack a on 1+0\n");
        loop_stop(&depot);
    }
}

/* From inside a hook of the rack itself. */
static int ask_for_own_root(struct depot *depot, uint8_t hook, berth_call *call, const void *view,
                            void *out)
{
    berth_error error;

    (void)call;
    (void)view;
    (void)out;
    if (hook != RACK_OPEN)
        return 0;
    for (unsigned i = 0; i < N_WAYS; i++) {
        assert_int_equal(
            berth_manager_run(depot->manager,
                              ask(&taken.arguments[i], ways[i], taken.id, BERTH_NO_DEADLINE),
                              &error),
            -EDEADLK);
        assert_at_rack(&error, "\"a\"");
    }
    assert_int_equal(berth_manager_drain(depot->manager, BERTH_NO_DEADLINE, &error), -EDEADLK);
    assert_at_rack(&error, "\"a\"");
    return 0;
}

static void would_wait_for_itself(void **unused)
{
    (void)unused;
    depot_start(&taken.depot, NULL, NULL);
    assert_int_equal(reserve(&taken.depot, "a", 1, taken.id, NULL), 0);
    taken.depot.hook = ask_for_own_root;
    assert_int_equal(on_rack(&taken.depot, OP_USE, "a", NULL), 0);
    assert_state(&taken.depot, "rack a on 2+1\n shelf 1 idle 1+1\n  book idle 1+0\n");
    depot_stop(&taken.depot);
}

/*
 * Started from a `done`, and cancelled before it has looked for its root: the key is what its
 * caller gave, or nobody knows.
 */
static void cancel_those_that_have_not_looked(struct job *job, int code)
{
    assert_int_equal(code, 0);
    for (unsigned i = 0; i < N_WAYS; i++) {
        job_init(&taken.jobs[i], job->depot);
        taken.jobs[i].keep = true;
        assert_int_equal(job_request(&taken.jobs[i], ask(&taken.arguments[i], ways[i], taken.id,
                                                         BERTH_NO_DEADLINE)),
                         0);
        assert_int_equal(job_cancel(&taken.jobs[i]), 0);
    }
}

static void before_the_look_for_the_root(void **unused)
{
    struct job job;

    (void)unused;
    depot_start(&taken.depot, NULL, NULL);
    job_init(&job, &taken.depot);
    job.then = cancel_those_that_have_not_looked;
    assert_int_equal(job_start(&job, OP_RESOLVE, "b", BERTH_NO_DEADLINE), 0);
    for (unsigned i = 0; i < N_WAYS; i++) {
        assert_done(&taken.jobs[i], -ECANCELED);
        if (ways[i] == OP_DROP || ways[i] == OP_BY_BAY || ways[i] == OP_OPEN || ways[i] == OP_CLOSE)
            assert_nowhere(&taken.jobs[i].error);
        else
            assert_at_rack(&taken.jobs[i].error, "\"a\"");
    }
    assert_state(&taken.depot, "rack b idle 0+0\n");
    depot_stop(&taken.depot);
}

static int ask_under_the_lock(void *arg, const berth_item *item)
{
    berth_error error;

    (void)arg;
    (void)item;
    for (unsigned i = 0; i < N_WAYS; i++) {
        bool by_key =
            ways[i] == OP_RESERVE || ways[i] == OP_USE || ways[i] == OP_KICK || ways[i] == OP_ADD;

        assert_int_equal(
            berth_manager_run(taken.depot.manager,
                              ask(&taken.arguments[i], ways[i], taken.id, BERTH_NO_DEADLINE),
                              &error),
            -EDEADLK);
        check_place(&error, by_key ? "rack" : NULL, by_key ? "\"a\"" : "", __FILE__, __LINE__);
    }
    return 0;
}

static void called_from_under_the_lock(void **unused)
{
    (void)unused;
    depot_start(&taken.depot, NULL, NULL);
    assert_int_equal(on_rack(&taken.depot, OP_RESOLVE, "b", NULL), 0);
    assert_int_equal(berth_manager_for_each(taken.depot.manager, ask_under_the_lock, NULL), 0);
    depot_stop(&taken.depot);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocking_calls_that_are_late),
        cmocka_unit_test(started_operations_that_are_late),
        cmocka_unit_test(started_operations_that_are_cancelled),
        cmocka_unit_test(discarded_in_the_queue),
        cmocka_unit_test(with_the_root),
        cmocka_unit_test(would_wait_for_itself),
        cmocka_unit_test(before_the_look_for_the_root),
        cmocka_unit_test(called_from_under_the_lock),
    };

    return cmocka_run_group_tests_name("places of errors", tests, NULL, NULL);
}
