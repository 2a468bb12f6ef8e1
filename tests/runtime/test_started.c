/* Started operations on one thread: accepting, completing, queueing, cancelling, deadlines, the end. */
#include <errno.h>
#include <string.h>

#include "support/started.h"

static void start(struct depot *depot, struct shelf_of_calls *shelf)
{
    depot_start(depot, NULL, NULL);
    shelf_init(shelf, depot);
}

/* Accepting */

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
    assert_int_equal(berth_manager_start(manager, &request, &error, &op, never, NULL), -EINVAL); /* no config */
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
    assert_int_equal(berth_manager_start(manager, &request, &error, NULL, never, NULL), -ENOBUFS); /* the block is given back */
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
    assert_int_equal(berth_manager_drain_start(NULL, BERTH_NO_DEADLINE, &error, &op, never, NULL), -EINVAL);
    assert_int_equal(berth_manager_drain_start(manager, BERTH_NO_DEADLINE, &error, &op, NULL, NULL), -EINVAL);
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
    start(&depot, &shelf);
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
    start(&depot, &shelf);
    assert_int_equal(on_rack(&depot, OP_RESOLVE, "a", NULL), 0);
    depot.fail_from = depot.allocations + 1;
    job_go(&first, &depot, OP_USE, "a");
    job_init(&second, &depot);
    assert_int_equal(job_start(&second, OP_USE, "a", berth_now() + 1000000000), 0);
    assert_int_equal(shelf_complete(&shelf, 0, 0), 0);
    assert_done(&first, 0);
    assert_done(&second, 0);
    depot_stop(&depot);
}

/* Completing */

static void completed_later(void **unused)
{
    struct depot depot;
    struct shelf_of_calls shelf;
    struct job job;
    uuid_t id;

    (void)unused;
    start(&depot, &shelf);
    job_init(&job, &depot);
    job.id = id;
    assert_int_equal(job_start(&job, OP_RESERVE, "a", BERTH_NO_DEADLINE), 0);
    assert_done(&job, 0);
    job_init(&job, &depot);
    job.id = id;
    assert_int_equal(job_start(&job, OP_OPEN, NULL, BERTH_NO_DEADLINE), 0);
    for (unsigned i = 0; i < 3; i++) { /* rack, shelf, book */
        assert_not_done(&job);
        assert_int_equal(shelf.n, i + 1);
        assert_int_equal(shelf_complete(&shelf, i, 0), 0);
        assert_int_equal(shelf_complete(&shelf, i, 0), -ENOENT); /* twice */
    }
    assert_done(&job, 0);
    assert_state(&depot, "rack a on 1+1\n shelf 0 on 1+1\n  book on 1+0\n");
    depot_stop(&depot);
}

static void completed_with_an_error(void **unused)
{
    struct depot depot;
    struct shelf_of_calls shelf;
    struct job job;

    (void)unused;
    start(&depot, &shelf);
    job_go(&job, &depot, OP_USE, "a");
    assert_int_equal(shelf_complete(&shelf, 0, -ENXIO), 0);
    assert_done(&job, -ENXIO);
    assert_where(&job.error, "rack", "idle", "open", "rack.open");
    job_go(&job, &depot, OP_USE, "b");
    assert_int_equal(shelf_complete(&shelf, 1, BERTH_UNCERTAIN(-ETIMEDOUT)), 0);
    assert_done(&job, -ETIMEDOUT);
    assert_state(&depot, "rack a bad 0+0\nrack b odd 0+0\n");
    depot_stop(&depot);
}

static int early(struct depot *depot, uint8_t hook, berth_call *call, const void *view, void *out)
{
    berth_token token = berth_call_token(call);

    (void)hook;
    (void)view;
    (void)out;
    assert_int_equal(berth_call_on_cancel(call, (berth_notify *)NULL, NULL), 0);
    assert_int_equal(berth_complete(token, *(int *)depot->arg, NULL, 0), 0);
    assert_int_equal(berth_complete(token, 0, NULL, 0), -ENOENT);
    assert_int_equal(berth_call_on_cancel(call, (berth_notify *)NULL, NULL), -ENOENT);
    return BERTH_PENDING;
}

static void completed_before_the_hook_returned(void **unused)
{
    struct depot depot;
    struct job job;
    int result = -EIO;

    (void)unused;
    depot_start(&depot, NULL, NULL);
    depot.hook = early;
    depot.arg = &result;
    job_go(&job, &depot, OP_USE, "a");
    assert_done(&job, -EIO);
    result = 0;
    job_go(&job, &depot, OP_USE, "b");
    assert_done(&job, 0);
    depot_stop(&depot);
}

static int without_token(struct depot *depot, uint8_t hook, berth_call *call, const void *view, void *out)
{
    (void)depot;
    (void)hook;
    (void)call;
    (void)view;
    (void)out;
    return BERTH_PENDING;
}

static void pending_without_a_token_is_uncertain(void **unused)
{
    struct depot depot;
    struct job job;

    (void)unused;
    depot_start(&depot, NULL, NULL);
    depot.hook = without_token;
    job_go(&job, &depot, OP_USE, "a");
    assert_done(&job, -EPROTO);
    assert_state(&depot, "rack a odd 0+0\n");
    depot_stop(&depot);
}

/* Queueing */

static void queued_operations_go_on_in_their_order(void **unused)
{
    struct depot depot;
    struct shelf_of_calls shelf;
    struct job jobs[6];
    atomic_uint counter = 0;

    (void)unused;
    start(&depot, &shelf);
    for (unsigned i = 0; i < 6; i++) {
        job_init(&jobs[i], &depot);
        jobs[i].counter = &counter;
        assert_int_equal(job_start(&jobs[i], i == 3 ? OP_DROP : OP_USE, i == 3 ? "0" : "a", BERTH_NO_DEADLINE), 0);
    }
    assert_int_equal(shelf.n, 1);
    assert_int_equal(shelf_complete(&shelf, 0, 0), 0);
    assert_int_equal(atomic_load(&counter), 6); /* nobody but the first needed a hook */
    for (unsigned i = 0; i < 6; i++) {
        assert_done(&jobs[i], 0);
        assert_int_equal(jobs[i].nth, i + 1);
    }
    assert_state(&depot, "rack a on 4+0\n");
    depot_stop(&depot);
}

static void those_that_need_a_hook_call_it_one_after_the_other(void **unused)
{
    struct depot depot;
    struct shelf_of_calls shelf;
    struct job use[3], drop[2];

    (void)unused;
    start(&depot, &shelf);
    job_go(&use[0], &depot, OP_USE, "a");
    job_go(&drop[0], &depot, OP_DROP, "0"); /* eject, close */
    job_go(&use[1], &depot, OP_USE, "a");   /* a new rack: open */
    job_go(&drop[1], &depot, OP_DROP, "1");
    job_go(&use[2], &depot, OP_USE, "a");
    for (unsigned i = 0; i < shelf.n; i++)
        assert_int_equal(shelf_complete(&shelf, i, 0), 0);
    assert_string_equal(depot.log, "rack.open:a rack.eject:a rack.close:a rack.open:a");
    assert_done(&use[0], 0);
    assert_done(&drop[0], 0);
    assert_done(&use[1], 0);
    assert_done(&use[2], 0);
    assert_done(&drop[1], 0); /* absent when it was asked: there was no rack 1 */
    assert_state(&depot, "rack a on 2+0\n");
    depot_stop(&depot);
}

static void who_waits_for_a_root_that_fails_and_ends_shares_the_error(void **unused)
{
    struct depot depot;
    struct shelf_of_calls shelf;
    struct job jobs[3];

    (void)unused;
    start(&depot, &shelf);
    for (unsigned i = 0; i < 3; i++)
        job_go(&jobs[i], &depot, OP_USE, "a");
    assert_int_equal(on_rack(&depot, OP_RESOLVE, "b", NULL), 0); /* another root is free */
    assert_int_equal(shelf_complete(&shelf, 0, -EIO), 0);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(atomic_load(&jobs[i].n_done), 1);
        assert_int_equal(atomic_load(&jobs[i].code), i == 0 ? -EIO : -ENOTRECOVERABLE);
    }
    depot_stop(&depot);
    depot_start_changed(&depot, &(struct depot_change){.state = IDLE, .event = OPEN, .fail = {.state = GONE}});
    shelf_init(&shelf, &depot);
    for (unsigned i = 0; i < 3; i++)
        job_go(&jobs[i], &depot, OP_USE, "a");
    assert_int_equal(shelf_complete(&shelf, 0, -EIO), 0);
    for (unsigned i = 0; i < 3; i++) {
        assert_done(&jobs[i], -EIO);
        assert_where(&jobs[i].error, "rack", "idle", "open", "rack.open");
    }
    assert_int_equal(shelf.n, 1);
    assert_state(&depot, "");
    depot_stop(&depot);
}

/* As memset(), also where the compiler knows that nobody reads it. */
static void *(*volatile scribble)(void *, int, size_t) = memset;

/* The arrays that a call passes live on its caller's stack: the block has copies. What their pointers lead to stays the caller's. */
static void what_was_asked_is_kept(void **unused)
{
    struct depot depot;
    struct shelf_of_calls shelf;
    struct job first, by_serial, by_place, use;
    char label[2][21] = {"", ""};

    (void)unused;
    start(&depot, &shelf);
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
        berth_request request = {.operation = OP_BY_PLACE, .at = at, .results = results, .result_sizes = sizes};

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

static int start_for_own_root(struct depot *depot, uint8_t hook, berth_call *call, const void *view, void *out)
{
    (void)call;
    (void)view;
    (void)out;
    if (hook != RACK_OPEN)
        return 0;
    assert_int_equal(on_rack(depot, OP_USE, "a", NULL), -EDEADLK); /* it would wait for itself */
    job_go(depot->arg, depot, OP_DROP, "0");                       /* that can wait */
    assert_not_done((struct job *)depot->arg);
    assert_int_equal(on_rack(depot, OP_RESOLVE, "b", NULL), 0);
    assert_int_equal(berth_manager_destroy(depot->manager), -EDEADLK);
    return 0;
}

static void a_hook_may_start_an_operation_for_its_own_root(void **unused)
{
    struct depot depot;
    struct job job, inner;

    (void)unused;
    depot_start(&depot, NULL, NULL);
    depot.hook = start_for_own_root;
    depot.arg = &inner;
    job_go(&job, &depot, OP_USE, "a");
    assert_done(&job, 0);
    assert_done(&inner, 0);
    assert_string_equal(depot.log, "rack.open:a rack.eject:a rack.close:a");
    depot_stop(&depot);
}

static int start_for_own_root_of_a_blocking_call(struct depot *depot, uint8_t hook, berth_call *call, const void *view, void *out)
{
    (void)call;
    (void)view;
    (void)out;
    if (hook != RACK_OPEN)
        return 0;
    job_go(depot->arg, depot, OP_DROP, "0");
    assert_not_done((struct job *)depot->arg);
    assert_int_equal(berth_manager_destroy(depot->manager), -EBUSY);
    return 0;
}

static void a_blocking_call_runs_what_its_hook_started(void **unused)
{
    struct depot depot;
    struct job inner;

    (void)unused;
    depot_start(&depot, NULL, NULL);
    depot.hook = start_for_own_root_of_a_blocking_call;
    depot.arg = &inner;
    assert_int_equal(on_rack(&depot, OP_USE, "a", NULL), 0);
    assert_done(&inner, 0);
    assert_state(&depot, "");
    depot_stop(&depot);
}

/* What is ready, and would be run by this thread when its hook returns, is run when it is waited for. */
static void block_on_it(struct job *job, int code)
{
    struct shelf_of_calls *shelf = job->depot->arg;

    assert_int_equal(code, 0);
    assert_int_equal(shelf_complete(shelf, 1, 0), 0); /* of rack b: ready, but not run, because this thread is at work already */
    assert_int_equal(on_rack(job->depot, OP_RESOLVE, "b", NULL), 0);
}

static void a_blocking_call_runs_what_is_ready_before_it_sleeps(void **unused)
{
    struct depot depot;
    struct shelf_of_calls shelf;
    struct job a, b;

    (void)unused;
    start(&depot, &shelf);
    job_init(&a, &depot);
    a.then = block_on_it;
    assert_int_equal(job_start(&a, OP_USE, "a", BERTH_NO_DEADLINE), 0);
    job_go(&b, &depot, OP_USE, "b");
    assert_int_equal(shelf_complete(&shelf, 0, 0), 0);
    assert_done(&a, 0);
    assert_done(&b, 0);
    depot_stop(&depot);
}

/* Cancelling */

static void who_is_cancelled_in_the_queue_leaves_it(void **unused)
{
    struct depot depot;
    struct shelf_of_calls shelf;
    struct job first, last, jobs[3];
    uuid_t id;

    (void)unused;
    start(&depot, &shelf);
    job_go(&first, &depot, OP_USE, "a");
    for (unsigned i = 0; i < 3; i++) {
        job_init(&jobs[i], &depot);
        jobs[i].keep = true;
        jobs[i].id = id;
        memset(id, 7, sizeof id);
        assert_int_equal(job_start(&jobs[i], i == 1 ? OP_RESERVE : OP_USE, "a", BERTH_NO_DEADLINE), 0);
    }
    job_go(&last, &depot, OP_USE, "a");
    for (unsigned i = 3; i-- > 0;) {
        assert_int_equal(job_cancel(&jobs[i]), 0);
        assert_done(&jobs[i], -ECANCELED);
        assert_where(&jobs[i].error, NULL, NULL, NULL, NULL);
        assert_int_equal(job_cancel(&jobs[i]), -ENOENT);
    }
    assert_true(uuid_is_null(id));
    assert_not_done(&last);
    assert_int_equal(shelf_complete(&shelf, 0, 0), 0);
    assert_done(&first, 0);
    assert_done(&last, 0);
    assert_state(&depot, "rack a on 2+0\n");
    depot_stop(&depot);
}

static void a_pending_hook_is_told_and_its_answer_counts(void **unused)
{
    static const int answers[] = {0, -EIO, BERTH_UNCERTAIN(-EINTR)};
    static const int codes[] = {0, -EIO, -EINTR};

    (void)unused;
    for (unsigned i = 0; i < 3; i++) {
        struct depot depot;
        struct shelf_of_calls shelf;
        struct job job;

        start(&depot, &shelf);
        job_init(&job, &depot);
        job.keep = true;
        assert_int_equal(job_start(&job, OP_USE, "a", BERTH_NO_DEADLINE), 0);
        assert_false(berth_call_cancelled(shelf.calls[0].call));
        for (unsigned n = 0; n < 2; n++) {
            assert_int_equal(job_cancel(&job), 0);
            assert_true(berth_call_cancelled(shelf.calls[0].call));
            assert_int_equal(shelf.calls[0].told, 1); /* once */
            assert_not_done(&job);
        }
        assert_int_equal(shelf_complete(&shelf, 0, answers[i]), 0);
        assert_done(&job, codes[i]);
        assert_int_equal(job_cancel(&job), -ENOENT);
        assert_int_equal(shelf_complete(&shelf, 0, 0), -ENOENT);
        depot_stop(&depot);
    }
}

/* An operation that has begun is never cut between its steps: its next hooks run too, and see at once that it is cancelled. */
static void a_cancelled_operation_goes_on_to_its_end(void **unused)
{
    struct depot depot;
    struct shelf_of_calls shelf;
    struct job job;
    uuid_t id;

    (void)unused;
    start(&depot, &shelf);
    assert_int_equal(reserve(&depot, "a", 0, id, NULL), 0);
    job_init(&job, &depot);
    job.id = id;
    assert_int_equal(job_start(&job, OP_OPEN, NULL, BERTH_NO_DEADLINE), 0);
    assert_int_equal(job_cancel(&job), 0);
    for (unsigned i = 0; i < 3; i++) {
        assert_true(berth_call_cancelled(shelf.calls[i].call));
        assert_int_equal(shelf.calls[i].registered, i == 0 ? 0 : -ECANCELED);
        assert_int_equal(shelf.calls[i].told, i == 0);
        assert_int_equal(shelf_complete(&shelf, i, 0), 0);
    }
    assert_done(&job, 0);
    assert_string_equal(depot.log, "rack.open:a shelf.open:a book.open:a");
    depot_stop(&depot);
}

static void count_up(void *ctx)
{
    ++*(unsigned *)ctx;
}

static void the_last_that_registers_is_told(void **unused)
{
    struct depot depot;
    struct shelf_of_calls shelf;
    struct job job;
    unsigned told = 0;

    (void)unused;
    start(&depot, &shelf);
    job_go(&job, &depot, OP_USE, "a");
    assert_int_equal(berth_call_on_cancel(shelf.calls[0].call, count_up, &told), 0);
    assert_int_equal(job_cancel(&job), 0);
    assert_int_equal(told, 1);
    assert_int_equal(shelf.calls[0].told, 0);
    assert_int_equal(berth_call_on_cancel(shelf.calls[0].call, count_up, &told), -ECANCELED);
    assert_int_equal(shelf_complete(&shelf, 0, 0), 0);
    job_go(&job, &depot, OP_USE, "b");
    assert_int_equal(berth_call_on_cancel(shelf.calls[1].call, NULL, NULL), 0);
    assert_int_equal(job_cancel(&job), 0);
    assert_int_equal(shelf.calls[1].told, 0);
    assert_int_equal(shelf_complete(&shelf, 1, 0), 0);
    assert_int_equal(told, 1);
    depot_stop(&depot);
}

static int cancel_self(struct depot *depot, uint8_t hook, berth_call *call, const void *view, void *out)
{
    (void)hook;
    (void)view;
    (void)out;
    assert_false(berth_call_cancelled(call));
    assert_int_equal(job_cancel(depot->arg), 0);
    assert_true(berth_call_cancelled(call));
    return 0;
}

static void a_running_hook_is_told(void **unused)
{
    struct depot depot;
    struct job job;

    (void)unused;
    depot_start(&depot, NULL, NULL);
    depot.hook = cancel_self;
    depot.arg = &job;
    job_go(&job, &depot, OP_USE, "a");
    assert_done(&job, 0);
    depot_stop(&depot);
}

static void cancelled_before_it_ran(struct job *job, int code)
{
    struct job *next = job->arg;

    assert_int_equal(code, 0);
    next->keep = true;
    assert_int_equal(job_start(next, OP_USE, "b", BERTH_NO_DEADLINE), 0); /* it runs when this function has returned */
    assert_int_equal(job_cancel(next), 0);
    assert_not_done(next);
    assert_int_equal(job_cancel(next), -ENOENT);
}

static void cancelled_before_it_could_run(void **unused)
{
    struct depot depot;
    struct job job, next;

    (void)unused;
    depot_start(&depot, NULL, NULL);
    job_init(&job, &depot);
    job_init(&next, &depot);
    job.then = cancelled_before_it_ran;
    job.arg = &next;
    assert_int_equal(job_start(&job, OP_USE, "a", BERTH_NO_DEADLINE), 0);
    assert_done(&next, -ECANCELED);
    assert_state(&depot, "rack a on 1+0\n");
    depot_stop(&depot);
}

static void an_operation_of_another_manager(void **unused)
{
    struct depot depot, other;
    struct shelf_of_calls shelf;
    struct job job;

    (void)unused;
    start(&depot, &shelf);
    depot_start(&other, NULL, NULL);
    job_go(&job, &depot, OP_USE, "a");
    assert_int_equal(berth_manager_cancel(other.manager, &job.op), -EINVAL);
    assert_int_equal(shelf.calls[0].told, 0);
    assert_int_equal(shelf_complete(&shelf, 0, 0), 0);
    depot_stop(&other);
    depot_stop(&depot);
}

/* Deadlines */

static int64_t poll_depot(struct depot *depot)
{
    int64_t next = -1;

    assert_int_equal(berth_manager_poll(depot->manager, &next), 0);
    return next;
}

static void wait_until(int64_t deadline)
{
    while (berth_now() < deadline)
        ;
}

static void a_deadline_passes_in_the_queue(void **unused)
{
    struct depot depot;
    struct shelf_of_calls shelf;
    struct job first, late, later;
    int64_t soon = berth_now() + 20000000;
    int64_t never_reached = berth_now() + INT64_C(3600000000000);

    (void)unused;
    start(&depot, &shelf);
    assert_int_equal(poll_depot(&depot), BERTH_NO_DEADLINE);
    job_go(&first, &depot, OP_USE, "a");
    assert_int_equal(poll_depot(&depot), BERTH_NO_DEADLINE);
    job_init(&later, &depot);
    assert_int_equal(job_start(&later, OP_USE, "a", never_reached), 0);
    assert_int_equal(poll_depot(&depot), never_reached);
    job_init(&late, &depot);
    assert_int_equal(job_start(&late, OP_USE, "a", soon), 0);
    assert_int_equal(poll_depot(&depot), soon);
    assert_not_done(&late);
    wait_until(soon);
    assert_int_equal(poll_depot(&depot), never_reached);
    assert_done(&late, -ETIMEDOUT);
    assert_where(&late.error, NULL, NULL, NULL, NULL);
    assert_not_done(&later);
    assert_int_equal(shelf_complete(&shelf, 0, 0), 0);
    assert_done(&later, 0);
    assert_int_equal(poll_depot(&depot), BERTH_NO_DEADLINE);
    assert_state(&depot, "rack a on 2+0\n");
    depot_stop(&depot);
}

static void a_deadline_passes_while_a_hook_is_pending(void **unused)
{
    struct depot depot;
    struct shelf_of_calls shelf;
    struct job job;
    int64_t soon = berth_now() + 5000000;

    (void)unused;
    start(&depot, &shelf);
    job_init(&job, &depot);
    job.keep = true;
    assert_int_equal(job_start(&job, OP_USE, "a", soon), 0);
    assert_int_equal(berth_call_deadline(shelf.calls[0].call), soon);
    wait_until(soon);
    assert_true(berth_call_cancelled(shelf.calls[0].call));
    assert_int_equal(shelf.calls[0].told, 0); /* that takes somebody who polls */
    assert_int_equal(poll_depot(&depot), BERTH_NO_DEADLINE);
    assert_int_equal(shelf.calls[0].told, 1);
    assert_int_equal(poll_depot(&depot), BERTH_NO_DEADLINE);
    assert_int_equal(job_cancel(&job), 0);
    assert_int_equal(shelf.calls[0].told, 1);
    assert_not_done(&job);
    assert_int_equal(shelf_complete(&shelf, 0, 0), 0);
    assert_done(&job, 0);
    depot_stop(&depot);
}

/* It need not wait, so it runs, however late it is; but its hooks see that nobody waits. */
static void an_operation_that_need_not_wait_runs_however_late(void **unused)
{
    struct depot depot;
    struct shelf_of_calls shelf;
    struct job job;

    (void)unused;
    start(&depot, &shelf);
    job_init(&job, &depot);
    assert_int_equal(job_start(&job, OP_USE, "a", 1), 0);
    assert_true(berth_call_cancelled(shelf.calls[0].call));
    assert_int_equal(shelf.calls[0].registered, -ECANCELED);
    assert_int_equal(shelf_complete(&shelf, 0, 0), 0);
    assert_done(&job, 0);
    job_init(&job, &depot);
    assert_int_equal(job_start(&job, OP_USE, "a", INT64_MIN), 0);
    assert_done(&job, 0);
    depot_stop(&depot);
}

enum { MANY = 600 };

static void deadlines_pass_in_their_order(void **unused)
{
    static struct job jobs[MANY];
    struct depot depot;
    struct shelf_of_calls shelf;
    struct job first;
    atomic_uint counter = 0;
    int64_t base = berth_now() + INT64_C(3600000000000);
    int64_t previous = 0;
    unsigned cancelled = 0;

    (void)unused;
    start(&depot, &shelf);
    job_go(&first, &depot, OP_USE, "a");
    for (unsigned i = 0; i < MANY; i++) {
        job_init(&jobs[i], &depot);
        assert_int_equal(job_start(&jobs[i], OP_USE, "a", base + i * 7919 % MANY), 0); /* each deadline once */
    }
    /* out of the heap from anywhere: what is left still comes in order */
    for (unsigned i = 0; i < MANY; i++) {
        int64_t next = poll_depot(&depot);

        assert_true(next > previous && next < base + MANY);
        if (i % 3 == 0) {
            unsigned far = (i * 31 + 17) % MANY;

            if (atomic_load(&jobs[far].n_done) == 0) {
                assert_int_equal(job_cancel(&jobs[far]), 0);
                cancelled++;
            }
            continue;
        }
        for (unsigned j = 0; j < MANY; j++)
            if (base + j * 7919 % MANY == next) {
                assert_int_equal(job_cancel(&jobs[j]), 0);
                cancelled++;
            }
        previous = next;
        if (cancelled == MANY)
            break;
    }
    for (unsigned i = 0; i < MANY; i++)
        if (atomic_load(&jobs[i].n_done) == 0)
            assert_int_equal(job_cancel(&jobs[i]), 0);
    assert_int_equal(poll_depot(&depot), BERTH_NO_DEADLINE);

    /* and all of them at once, by the clock */
    for (unsigned i = 0; i < MANY; i++) {
        job_init(&jobs[i], &depot);
        jobs[i].counter = &counter;
        assert_int_equal(job_start(&jobs[i], OP_USE, "a", 1 + i * 7919 % MANY), 0);
    }
    assert_int_equal(poll_depot(&depot), BERTH_NO_DEADLINE);
    for (unsigned i = 0; i < MANY; i++) {
        assert_done(&jobs[i], -ETIMEDOUT);
        assert_int_equal(jobs[i].nth, 1 + i * 7919 % MANY);
    }
    assert_int_equal(shelf_complete(&shelf, 0, 0), 0);
    depot_stop(&depot);
}

/* Discarding and destroying */

static void discarded(void **unused)
{
    struct depot depot;
    struct shelf_of_calls shelf;
    struct job pending, queued, last;

    (void)unused;
    start(&depot, &shelf);
    job_init(&pending, &depot);
    pending.keep = true;
    assert_int_equal(job_start(&pending, OP_USE, "a", BERTH_NO_DEADLINE), 0);
    job_go(&queued, &depot, OP_USE, "a");
    assert_int_equal(berth_manager_destroy(depot.manager), -EBUSY);
    assert_int_equal(berth_manager_discard(depot.manager), 0);
    assert_done(&queued, -ECANCELED);
    assert_not_done(&pending);
    assert_int_equal(shelf.calls[0].told, 1);
    assert_true(berth_call_cancelled(shelf.calls[0].call));
    assert_int_equal(berth_manager_destroy(depot.manager), -EBUSY);
    assert_int_equal(job_cancel(&pending), 0);
    job_go(&last, &depot, OP_RESOLVE, "a"); /* a new one of the same name */
    assert_done(&last, 0);
    assert_int_equal(shelf_complete(&shelf, 0, 0), 0);
    assert_done(&pending, -ECANCELED);
    assert_int_equal(shelf_complete(&shelf, 0, 0), -ENOENT);
    assert_state(&depot, "rack a idle 0+0\n");
    depot_stop(&depot);
}

static void discard_in_done(struct job *job, int code)
{
    struct job *next = job->arg;

    assert_int_equal(code, 0);
    assert_int_equal(job_start(next, OP_USE, "b", BERTH_NO_DEADLINE), 0);
    assert_int_equal(berth_manager_discard(job->depot->manager), 0);
    assert_not_done(next);
    assert_int_equal(berth_manager_destroy(job->depot->manager), -EDEADLK);
}

static void what_has_not_run_is_discarded_too(void **unused)
{
    struct depot depot;
    struct job job, next;

    (void)unused;
    depot_start(&depot, NULL, NULL);
    job_init(&job, &depot);
    job_init(&next, &depot);
    job.then = discard_in_done;
    job.arg = &next;
    assert_int_equal(job_start(&job, OP_USE, "a", BERTH_NO_DEADLINE), 0);
    assert_done(&next, -ECANCELED);
    assert_string_equal(depot.log, "rack.open:a");
    depot_stop(&depot);
}

/* Draining */

static void a_started_drain(void **unused)
{
    struct depot depot;
    struct shelf_of_calls shelf;
    struct job job, use;
    uuid_t id;

    (void)unused;
    depot_start(&depot, NULL, NULL);
    assert_int_equal(reserve(&depot, "a", 0, id, NULL), 0);
    assert_int_equal(with(&depot, OP_OPEN, id, NULL), 0);
    assert_int_equal(on_rack(&depot, OP_USE, "b", NULL), 0);
    depot_clear_log(&depot);
    shelf_init(&shelf, &depot);
    job_go(&job, &depot, 0, NULL);
    job_go(&use, &depot, OP_RESOLVE, "a");
    for (unsigned i = 0; i < shelf.n; i++) {
        assert_not_done(&job);
        assert_int_equal(shelf_complete(&shelf, i, 0), 0);
    }
    assert_string_equal(depot.log, "book.eject:a book.close:a shelf.eject:a shelf.close:a rack.eject:a rack.close:a "
                                   "rack.eject:b rack.close:b");
    assert_done(&job, 0);
    assert_done(&use, 0);
    assert_int_equal(depot_reservations(&depot), 0);
    assert_state(&depot, "rack a idle 0+0\n"); /* made after the drain began */
    depot_stop(&depot);
}

static void a_drain_that_is_late_leaves_the_root_alone(void **unused)
{
    struct depot depot;
    struct shelf_of_calls shelf;
    struct job use, drains;

    (void)unused;
    depot_start(&depot, NULL, NULL);
    assert_int_equal(on_rack(&depot, OP_RESOLVE, "a", NULL), 0);
    assert_int_equal(on_rack(&depot, OP_RESOLVE, "b", NULL), 0);
    shelf_init(&shelf, &depot);
    job_go(&use, &depot, OP_USE, "a");
    job_init(&drains, &depot);
    assert_int_equal(job_start(&drains, 0, NULL, 1), 0);
    assert_not_done(&drains);
    assert_int_equal(poll_depot(&depot), BERTH_NO_DEADLINE);
    assert_done(&drains, -ETIMEDOUT);
    assert_int_equal(shelf_complete(&shelf, 0, 0), 0);
    assert_done(&use, 0);
    assert_state(&depot, "rack a on 1+0\n");
    depot_stop(&depot);
}

static void a_drain_is_cancelled_where_it_waits(void **unused)
{
    struct depot depot;
    struct shelf_of_calls shelf;
    struct job use, drains;

    (void)unused;
    start(&depot, &shelf);
    job_go(&use, &depot, OP_USE, "a");
    job_go(&drains, &depot, 0, NULL);
    assert_int_equal(job_cancel(&drains), 0);
    assert_done(&drains, -ECANCELED);
    assert_int_equal(shelf_complete(&shelf, 0, 0), 0);
    assert_done(&use, 0);
    job_go(&drains, &depot, 0, NULL);
    assert_int_equal(berth_manager_discard(depot.manager), 0);
    assert_int_equal(shelf_complete(&shelf, 1, 0), 0);
    assert_done(&drains, -ECANCELED);
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
    assert_int_equal(berth_manager_create(&type, NULL, &backend, &(berth_config){.allocator = &depot.allocator}, &manager), -EINVAL);
    assert_int_equal(depot.live_bytes, 0);
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
        cmocka_unit_test(completed_later),
        cmocka_unit_test(completed_with_an_error),
        cmocka_unit_test(completed_before_the_hook_returned),
        cmocka_unit_test(pending_without_a_token_is_uncertain),
        cmocka_unit_test(queued_operations_go_on_in_their_order),
        cmocka_unit_test(those_that_need_a_hook_call_it_one_after_the_other),
        cmocka_unit_test(who_waits_for_a_root_that_fails_and_ends_shares_the_error),
        cmocka_unit_test(what_was_asked_is_kept),
        cmocka_unit_test(a_hook_may_start_an_operation_for_its_own_root),
        cmocka_unit_test(a_blocking_call_runs_what_its_hook_started),
        cmocka_unit_test(a_blocking_call_runs_what_is_ready_before_it_sleeps),
        cmocka_unit_test(who_is_cancelled_in_the_queue_leaves_it),
        cmocka_unit_test(a_pending_hook_is_told_and_its_answer_counts),
        cmocka_unit_test(a_cancelled_operation_goes_on_to_its_end),
        cmocka_unit_test(the_last_that_registers_is_told),
        cmocka_unit_test(a_running_hook_is_told),
        cmocka_unit_test(cancelled_before_it_could_run),
        cmocka_unit_test(an_operation_of_another_manager),
        cmocka_unit_test(a_deadline_passes_in_the_queue),
        cmocka_unit_test(a_deadline_passes_while_a_hook_is_pending),
        cmocka_unit_test(an_operation_that_need_not_wait_runs_however_late),
        cmocka_unit_test(deadlines_pass_in_their_order),
        cmocka_unit_test(discarded),
        cmocka_unit_test(what_has_not_run_is_discarded_too),
        cmocka_unit_test(a_started_drain),
        cmocka_unit_test(a_drain_that_is_late_leaves_the_root_alone),
        cmocka_unit_test(a_drain_is_cancelled_where_it_waits),
        cmocka_unit_test(blocks_that_are_too_small_are_refused),
    };

    return cmocka_run_group_tests_name("started", tests, NULL, NULL);
}
