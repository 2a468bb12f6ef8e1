/* Starting an operation: what is refused at once, what is for `done`, whose memory it uses. */
#include <errno.h>
#include <string.h>

#include "support/clock.h"
#include "support/started.h"

static void without_a_wait_it_is_done_before_start_returns(void **unused)
{
    struct depot depot;
    struct job job;

    (void)unused;
    depot_start(&depot, NULL, NULL);
    job_go(&job, &depot, OP_USE, "a");
    assert_done(&job, 0);
    assert_state(&depot, "rack a on 1+0\n");
    depot.outcome[RACK_OPEN] = -EIO;
    job_go(&job, &depot, OP_USE, "b");
    assert_done(&job, -EIO);
    assert_where(&job.error, "rack", "idle", "open", "rack.open");
    job_go(&job, &depot, OP_KICK, "none");
    assert_done(&job, -ENOENT);
    depot_stop(&depot);
}

static void never(void *arg, int code)
{
    (void)arg;
    (void)code;
    fail();
}

static void refused_at_once(void **unused)
{
    struct depot depot;
    struct path path;
    struct job job;
    depot_op op;
    berth_error error;
    char small[2];
    uuid_t id;
    void *results[] = {small, NULL, NULL};
    const size_t sizes[] = {sizeof small, 0, 0};
    berth_request request = {.operation = OP_USE, .deadline = BERTH_NO_DEADLINE};
    berth_manager *manager;

    (void)unused;
    depot_start(&depot, NULL, NULL);
    manager = depot.manager;
    /* no config */
    assert_int_equal(berth_manager_start(manager, &request, &error, &op, never, NULL), -EINVAL);
    assert_int_equal(error.code, -EINVAL);
    assert_string_equal(error.resource, "rack");
    request.config = depot_path(&path, "a", 0)->config;
    assert_int_equal(berth_manager_start(NULL, &request, &error, &op, never, NULL), -EINVAL);
    assert_int_equal(berth_manager_start(manager, NULL, &error, &op, never, NULL), -EINVAL);
    assert_int_equal(berth_manager_start(manager, &request, &error, &op, NULL, NULL), -EINVAL);
    assert_int_equal(error.code, -EINVAL);
    request.results = results;
    request.result_sizes = sizes;
    assert_int_equal(berth_manager_start(manager, &request, &error, &op, never, NULL), -ENOBUFS);
    assert_int_equal(error.code, -ENOBUFS);
    /* the block is given back */
    assert_int_equal(berth_manager_start(manager, &request, &error, NULL, never, NULL), -ENOBUFS);
    request.operation = N_OPERATIONS + 1;
    assert_int_equal(berth_manager_start(manager, &request, &error, &op, never, NULL), -EINVAL);
    request.operation = 0;
    assert_int_equal(berth_manager_start(manager, &request, &error, &op, never, NULL), -EINVAL);
    request.operation = OP_RESERVE;
    memset(id, 7, sizeof id);
    path.shelf.index = 1000;
    request.gives = id;
    assert_int_equal(berth_manager_start(manager, &request, &error, &op, never, NULL), -EINVAL);
    assert_true(uuid_is_null(id));
    assert_int_equal(berth_manager_drain_start(NULL, BERTH_NO_DEADLINE, &error, &op, never, NULL),
                     -EINVAL);
    assert_int_equal(berth_manager_drain_start(manager, BERTH_NO_DEADLINE, &error, &op, NULL, NULL),
                     -EINVAL);
    assert_int_equal(berth_manager_cancel(NULL, &op), -EINVAL);
    assert_int_equal(berth_manager_cancel(manager, NULL), -EINVAL);
    assert_int_equal(berth_manager_poll(NULL, NULL), -EINVAL);
    assert_state(&depot, "");
    job_go(&job, &depot, OP_USE, "a");
    assert_done(&job, 0);
    depot_stop(&depot);
}

static int start_from_visitor(void *arg, const berth_item *item)
{
    struct job *job = arg;

    (void)item;
    assert_int_equal(job_start(job, OP_USE, "b", BERTH_NO_DEADLINE), -EDEADLK);
    assert_int_equal(job->error.code, -EDEADLK);
    assert_int_equal(job_start(job, 0, NULL, BERTH_NO_DEADLINE), -EDEADLK);
    assert_int_equal(berth_manager_poll(job->depot->manager, NULL), -EDEADLK);
    return 0;
}

static void refused_under_the_lock(void **unused)
{
    struct depot depot;
    struct job job;

    (void)unused;
    depot_start(&depot, NULL, NULL);
    assert_int_equal(on_rack(&depot, OP_RESOLVE, "a", NULL), 0);
    for (int no_block = 0; no_block < 2; no_block++) {
        job_init(&job, &depot);
        job.no_block = no_block;
        assert_int_equal(berth_manager_for_each(depot.manager, start_from_visitor, &job), 0);
        assert_not_done(&job);
    }
    depot_stop(&depot);
}

static void policy_is_for_done(void **unused)
{
    struct depot depot;
    struct job job;
    uuid_t id;

    (void)unused;
    depot_start(&depot, &(depot_options){.strict = true}, NULL);
    memset(id, 7, sizeof id);
    job_init(&job, &depot);
    job.id = id;
    assert_int_equal(job_start(&job, OP_STRICT, NULL, BERTH_NO_DEADLINE), 0);
    assert_done(&job, -EPERM);
    depot_stop(&depot);
}

/* It needs no root, so it waits for none. */
static void policy_does_not_wait(void **unused)
{
    struct depot depot;
    struct shelf_of_calls shelf;
    struct job first, denied;
    uuid_t id;
    berth_request request = {.operation = OP_RESERVE, .gives = id, .deadline = BERTH_NO_DEADLINE};

    (void)unused;
    depot_start(&depot, &(depot_options){.strict = true}, NULL);
    shelf_init(&shelf, &depot);
    job_go(&first, &depot, OP_USE, "a");
    job_init(&denied, &depot);
    request.config = depot_path(&denied.path, "a", 0)->config;
    denied.path.rack.locked = true;
    memset(id, 7, sizeof id);
    assert_int_equal(job_request(&denied, &request), 0);
    assert_done(&denied, -EPERM);
    assert_true(uuid_is_null(id));
    assert_int_equal(shelf_complete(&shelf, 0, 0), 0);
    depot_stop(&depot);
}

static void no_bytes_left(struct job *job, int code)
{
    (void)code;
    assert_int_equal(job->depot->live_bytes, *(int64_t *)job->arg);
}

static void the_allocator_gives_a_block_and_has_it_back_before_done(void **unused)
{
    struct depot depot;
    struct shelf_of_calls shelf;
    struct job job;
    int64_t before;

    (void)unused;
    depot_start_shelved(&depot, &shelf);
    assert_int_equal(on_rack(&depot, OP_RESOLVE, "a", NULL), 0);
    before = depot.live_bytes;
    job_init(&job, &depot);
    job.no_block = true;
    job.then = no_bytes_left;
    job.arg = &before;
    assert_int_equal(job_start(&job, OP_USE, "a", BERTH_NO_DEADLINE), 0);
    assert_true(depot.live_bytes > before && depot.live_bytes < before + 512);
    assert_int_equal(shelf_complete(&shelf, 0, 0), 0);
    assert_done(&job, 0);
    depot_stop(&depot);
}

static void no_memory_for_the_block(void **unused)
{
    struct depot depot;
    struct job job;
    uuid_t id;

    (void)unused;
    depot_start(&depot, NULL, NULL);
    for (uint8_t operation = 0; operation <= OP_RESERVE; operation += OP_RESERVE) {
        job_init(&job, &depot);
        job.no_block = true;
        job.id = id;
        memset(id, 7, sizeof id);
        depot.fail_allocation = depot.allocations + 1;
        assert_int_equal(job_start(&job, operation, "a", BERTH_NO_DEADLINE), -ENOMEM);
        assert_int_equal(job.error.code, -ENOMEM);
        assert_not_done(&job);
    }
    assert_true(uuid_is_null(id));
    /* every later allocation: that is for `done`, and nothing has happened */
    for (unsigned n = 2; n <= 5; n++) {
        job_init(&job, &depot);
        job.no_block = true;
        job.id = id;
        depot.fail_from = depot.allocations + n;
        assert_int_equal(job_start(&job, OP_RESERVE, "a", BERTH_NO_DEADLINE), 0);
        depot.fail_from = 0;
        assert_done(&job, -ENOMEM);
        assert_state(&depot, "");
    }
    depot_stop(&depot);
}

/* Only its block: while it is in flight, and however long it takes, nothing more is allocated. */
static void no_memory_is_needed_once_it_is_accepted(void **unused)
{
    struct depot depot;
    struct shelf_of_calls shelf;
    struct job first, second;

    (void)unused;
    depot_start_shelved(&depot, &shelf);
    assert_int_equal(on_rack(&depot, OP_RESOLVE, "a", NULL), 0);
    depot.fail_from = depot.allocations + 1;
    job_go(&first, &depot, OP_USE, "a");
    job_init(&second, &depot);
    assert_int_equal(job_start(&second, OP_USE, "a", berth_now() + HOUR), 0);
    assert_int_equal(shelf_complete(&shelf, 0, 0), 0);
    assert_done(&first, 0);
    assert_done(&second, 0);
    depot_stop(&depot);
}

/* A type whose blocks are too small for its operations: their callers would be overrun. */
static void blocks_that_are_too_small_are_refused(void **unused)
{
    berth_manager_type type = depot_type;
    struct depot depot;
    struct depot_backend backend = {&depot};
    berth_manager *manager;

    (void)unused;
    depot_init(&depot);
    type.op_size = 200;
    assert_int_equal(berth_manager_create(&type, NULL, &backend,
                                          &(berth_config){.allocator = &depot.allocator}, &manager,
                                          NULL),
                     -EINVAL);
    assert_int_equal(depot.live_bytes, 0);
}

/* As memset(), also where the compiler knows that nobody reads it. */
static void *(*volatile scribble)(void *, int, size_t) = memset;

/*
 * The arrays that a call passes live on its caller's stack: the block has copies. What their
 * pointers lead to stays the caller's.
 */
static void arguments_are_kept(void **unused)
{
    struct depot depot;
    struct shelf_of_calls shelf;
    struct job first, by_serial, by_place, use;
    char label[2][21] = {"", ""};

    (void)unused;
    depot_start_shelved(&depot, &shelf);
    job_go(&first, &depot, OP_USE, "a");
    job_init(&by_serial, &depot);
    job_init(&by_place, &depot);
    job_init(&use, &depot);
    {
        void *results[] = {label[0], NULL, NULL};
        size_t sizes[] = {sizeof label[0], 0, 0};
        uint32_t at[] = {0, 0};
        uint64_t serial = 7;
        const void *config[] = {&use.path.rack};
        berth_request request = {
            .operation = OP_BY_PLACE, .at = at, .results = results, .result_sizes = sizes};

        request.deadline = BERTH_NO_DEADLINE;
        assert_int_equal(job_request(&by_place, &request), 0);
        request.operation = OP_USE;
        request.config = config;
        (void)depot_path(&use.path, "a", 0);
        results[0] = label[1];
        assert_int_equal(job_request(&use, &request), 0);
        request.operation = OP_BY_SERIAL;
        request.by = &serial;
        assert_int_equal(job_request(&by_serial, &request), 0);
        scribble(&request, 0xff, sizeof request);
        scribble(results, 0, sizeof results);
        scribble(sizes, 0, sizeof sizes);
        scribble(at, 0xff, sizeof at);
        scribble(&serial, 0xff, sizeof serial);
        scribble(config, 0, sizeof config);
    }
    assert_int_equal(shelf_complete(&shelf, 0, 0), 0);
    assert_done(&by_place, 0);
    assert_string_equal(label[0], "0");
    assert_done(&use, 0);
    assert_string_equal(label[1], "0");
    assert_done(&by_serial, 0);
    assert_state(&depot, "rack a on 1+0\n");
    depot_stop(&depot);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_wait_it_is_done_before_start_returns),
        cmocka_unit_test(refused_at_once),
        cmocka_unit_test(refused_under_the_lock),
        cmocka_unit_test(policy_is_for_done),
        cmocka_unit_test(policy_does_not_wait),
        cmocka_unit_test(the_allocator_gives_a_block_and_has_it_back_before_done),
        cmocka_unit_test(no_memory_for_the_block),
        cmocka_unit_test(no_memory_is_needed_once_it_is_accepted),
        cmocka_unit_test(blocks_that_are_too_small_are_refused),
        cmocka_unit_test(arguments_are_kept),
    };

    return cmocka_run_group_tests_name("started, accepted or not", tests, NULL, NULL);
}
