#include "support/started.h"

#include <string.h>

void job_init(struct job *job, struct depot *depot)
{
    memset(job, 0, sizeof *job);
    memset(&job->op, 0xa5, sizeof job->op); /* a block need not be initialised */
    job->depot = depot;
    atomic_store(&job->code, JOB_STRANGE);
}

static void done(void *arg, int code)
{
    struct job *job = arg;

    if (!job->keep)
        memset(&job->op, 0x5a, sizeof job->op); /* the block is the caller's again */
    atomic_store(&job->code, code);
    if (job->counter)
        job->nth = atomic_fetch_add(job->counter, 1) + 1;
    atomic_fetch_add(&job->n_done, 1);
    if (job->then)
        job->then(job, code);
}

int job_request(struct job *job, const berth_request *request)
{
    return berth_manager_start(job->depot->manager, request, &job->error,
                               job->no_block ? NULL : &job->op, done, job);
}

int job_start(struct job *job, uint8_t operation, const char *rack, int64_t deadline)
{
    const uint32_t at[] = {0, 0};
    berth_request request = {
        .operation = operation,
        .config = depot_path(&job->path, rack ? rack : "", 0)->config,
        .by = rack,
        .at = at,
        .reservation = job->id,
        .deadline = deadline,
    };

    if (operation == OP_RESERVE)
        request.gives = job->id;
    if (operation == 0)
        return berth_manager_drain_start(job->depot->manager, deadline, &job->error,
                                         job->no_block ? NULL : &job->op, done, job);
    return job_request(job, &request);
}

void job_go(struct job *job, struct depot *depot, uint8_t operation, const char *rack)
{
    job_init(job, depot);
    assert_int_equal(job_start(job, operation, rack, BERTH_NO_DEADLINE), 0);
}

int job_cancel(struct job *job)
{
    return berth_manager_cancel(job->depot->manager, &job->op);
}

void check_done(struct job *job, int expected, const char *file, int line)
{
    if (atomic_load(&job->n_done) == 1 && atomic_load(&job->code) == expected &&
        job->error.code == expected)
        return;
    print_error("done %u times, code %d, error %d; expected once, %d\n", atomic_load(&job->n_done),
                atomic_load(&job->code), job->error.code, expected);
    _fail(file, line);
}

void shelf_init(struct shelf_of_calls *shelf, struct depot *depot)
{
    memset(shelf, 0, sizeof *shelf);
    pthread_mutex_init(&shelf->lock, NULL);
    depot->hook = shelved;
    depot->arg = shelf;
}

static void tell(void *ctx)
{
    ++*(unsigned *)ctx;
}

int shelved(struct depot *depot, uint8_t hook, berth_call *call, const void *view, void *out)
{
    struct shelf_of_calls *shelf = depot->arg;
    unsigned n;

    (void)hook;
    (void)view;
    (void)out;
    pthread_mutex_lock(&shelf->lock);
    n = shelf->n++;
    assert_true(n < sizeof shelf->calls / sizeof *shelf->calls);
    shelf->calls[n].call = call;
    shelf->calls[n].token = berth_call_token(call);
    shelf->calls[n].registered = berth_call_on_cancel(call, tell, &shelf->calls[n].notified);
    pthread_mutex_unlock(&shelf->lock);
    return BERTH_PENDING;
}

int shelf_complete(struct shelf_of_calls *shelf, unsigned n, int result)
{
    return berth_complete(shelf->calls[n].token, result, NULL, 0);
}

void depot_start_shelved(struct depot *depot, struct shelf_of_calls *shelf)
{
    depot_start(depot, NULL, NULL);
    shelf_init(shelf, depot);
}

int leave_token(struct depot *depot, uint8_t hook, berth_call *call, const void *view, void *out)
{
    (void)hook;
    (void)view;
    (void)out;
    *(berth_token *)depot->arg = berth_call_token(call);
    return BERTH_PENDING;
}
