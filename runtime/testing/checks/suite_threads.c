/*
 * Several threads: on many roots, on one, waiting for a failure, giving up at a deadline, and
 * asking from inside a hook.
 */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../suite/suite_internal.h"

#define ROUNDS 25
#define MOST_ATTEMPTS 20
#define THREADS BERTH_SUITE_THREADS

/* One thread of a test. */
typedef struct worker {
    berth_suite *suite;
    pthread_t thread;
    pthread_barrier_t *barrier; /* NULL: runs freely */
    unsigned key;               /* of the root, 0: everybody's */
    unsigned rounds;
    const berth_suite_phase *failed;
    int rc;
    suite_caller caller;
    const berth_suite_phase *phase; /* where only one phase is run */
    unsigned turn;
} worker;

static int run_phase(worker *w, const berth_suite_phase *phase, int64_t deadline)
{
    suite_configs configs;

    memset(&configs, 0, sizeof configs);
    if (phase->levels > 0 &&
        !suite_keyed(w->suite, &configs, phase->config, phase->path, 0, w->key))
        abort();
    return suite_phase(w->suite, phase, &w->caller, configs.config, deadline);
}

static void *all_phases(void *arg)
{
    worker *w = arg;
    const berth_suite_manager *type = w->suite->type;
    unsigned round, p;

    for (round = 0; round < w->rounds && w->rc == 0; round++) {
        for (p = 0; p < type->n_phases && w->rc == 0; p++) {
            w->rc = run_phase(w, &type->phases[p], BERTH_NO_DEADLINE);
            w->failed = &type->phases[p];
        }
    }
    return NULL;
}

static void *one_phase(void *arg)
{
    worker *w = arg;

    (void)pthread_barrier_wait(w->barrier);
    w->rc = run_phase(w, w->phase, BERTH_NO_DEADLINE);
    return NULL;
}

static void start(worker *w, void *(*function)(void *))
{
    if (pthread_create(&w->thread, NULL, function, w) != 0)
        abort();
}

/* Runs one function in every worker's thread. */
static void run_all(worker *workers, unsigned n, void *(*function)(void *))
{
    unsigned i;

    for (i = 0; i < n; i++)
        start(&workers[i], function);
    for (i = 0; i < n; i++)
        (void)pthread_join(workers[i].thread, NULL);
}

bool suite_has_many_roots(const berth_suite_manager *type)
{
    return type->n_phases > 0 && !type->few_slots &&
           type->resources[type->phases[0].path[0]].set_key != NULL;
}

static berth_suite *begin(suite_group *group, const char *name, worker *workers, unsigned n,
                          bool own_roots)
{
    berth_suite *suite = suite_begin(group, name, &group->manager->environments[0]);
    unsigned i;

    suite_create(suite);
    suite->counting = true;
    memset(workers, 0, n * sizeof *workers);
    for (i = 0; i < n; i++) {
        workers[i].suite = suite;
        workers[i].key = own_roots ? i + 1 : 0;
        workers[i].rounds = ROUNDS;
    }
    return suite;
}

static void check_workers(berth_suite *suite, const worker *workers, unsigned n)
{
    unsigned i;

    for (i = 0; i < n; i++) {
        if (workers[i].rc != 0)
            suite_fail(suite, "thread %u: %s: expected ok, came %s", i + 1,
                       suite->type->operations[workers[i].failed->operation].name,
                       berth_errno_name(workers[i].rc));
    }
}

static void check_count(berth_suite *suite, unsigned hook, unsigned expected, const char *when)
{
    if (suite->counts[hook] != expected)
        suite_fail(suite, "%s: expected %u calls of %s, came %u", when, expected,
                   suite->type->hooks[hook].name, suite->counts[hook]);
}

void suite_test_many_roots(void **state)
{
    suite_group *group = *state;
    const berth_suite_manager *type = group->manager;
    worker workers[THREADS];
    berth_suite *suite;
    unsigned p;
    unsigned h;

    if (!suite_has_many_roots(type))
        return;
    suite = begin(group, "threads_on_many_roots", workers, THREADS, true);
    run_all(workers, THREADS, all_phases);
    check_workers(suite, workers, THREADS);
    for (h = 1; h <= type->n_hooks; h++) {
        unsigned expected = 0;

        for (p = 0; p < type->n_phases; p++)
            expected += type->phases[p].alone[h];
        check_count(suite, h, expected * THREADS * ROUNDS, "every thread on a root of its own");
    }
    suite_close(suite);
}

void suite_test_one_root(void **state)
{
    suite_group *group = *state;
    const berth_suite_manager *type = group->manager;
    pthread_barrier_t barrier;
    worker workers[THREADS];
    berth_suite *suite;
    unsigned p, i;
    unsigned h;

    if (type->n_phases == 0)
        return;
    suite = begin(group, "threads_on_one_root", workers, THREADS, false);
    (void)pthread_barrier_init(&barrier, NULL, THREADS);
    for (p = 0; p < type->n_phases; p++) {
        suite_zero_counts(suite);
        for (i = 0; i < THREADS; i++) {
            workers[i].phase = workers[i].failed = &type->phases[p];
            workers[i].barrier = &barrier;
        }
        run_all(workers, THREADS, one_phase);
        check_workers(suite, workers, THREADS);
        for (h = 1; h <= type->n_hooks; h++)
            check_count(suite, h, type->phases[p].together[h],
                        type->operations[type->phases[p].operation].name);
    }
    (void)pthread_barrier_destroy(&barrier);
    suite_close(suite);
}

void suite_test_one_root_freely(void **state)
{
    suite_group *group = *state;
    worker workers[THREADS];
    berth_suite *suite;

    if (group->manager->n_phases == 0)
        return;
    suite = begin(group, "threads_on_one_root_freely", workers, THREADS, false);
    run_all(workers, THREADS, all_phases);
    check_workers(suite, workers, THREADS);
    suite_close(suite);
}

/* Brings every worker to a phase, one after the other. */
static void bring_to(berth_suite *suite, worker *workers, unsigned n, unsigned phase)
{
    unsigned p, i;

    for (p = 0; p < phase; p++) {
        for (i = 0; i < n; i++) {
            const int rc = run_phase(&workers[i], &suite->type->phases[p], BERTH_NO_DEADLINE);

            if (rc != 0)
                suite_fail(suite, "%s: expected ok, came %s",
                           suite->type->operations[suite->type->phases[p].operation].name,
                           berth_errno_name(rc));
        }
    }
}

static void nap(long milliseconds)
{
    const struct timespec time = {.tv_sec = milliseconds / 1000,
                                  .tv_nsec = milliseconds % 1000 * 1000000L};

    (void)nanosleep(&time, NULL);
}

/* Gives the others time to queue behind the first call of a phase. */
static void linger(berth_suite *suite, uint8_t hook)
{
    bool first;

    (void)pthread_mutex_lock(&suite->lock);
    first = hook == suite->fail_hook && suite->counts[hook] == 1;
    (void)pthread_mutex_unlock(&suite->lock);
    if (first)
        nap(*(const long *)suite->during_arg);
}

/* One attempt; false when somebody came too late to wait, which the test cannot rule out. */
static bool share_failure(suite_group *group, const berth_suite_sharing *sharing, long milliseconds)
{
    pthread_barrier_t barrier;
    worker workers[THREADS];
    berth_suite *suite = begin(group, "waiting_callers_share_the_outcome", workers, THREADS, false);
    unsigned failed = 0, others = 0, i;
    bool late;

    (void)pthread_barrier_init(&barrier, NULL, THREADS);
    bring_to(suite, workers, THREADS, sharing->phase);
    suite_zero_counts(suite);
    suite->fail_hook = sharing->hook;
    suite->fail_error = sharing->error;
    suite->during = linger;
    suite->during_arg = &milliseconds;
    for (i = 0; i < THREADS; i++) {
        workers[i].phase = &suite->type->phases[sharing->phase];
        workers[i].barrier = &barrier;
    }
    run_all(workers, THREADS, one_phase);
    (void)pthread_barrier_destroy(&barrier);
    for (i = 0; i < THREADS; i++) {
        if (workers[i].rc == -sharing->error && failed == 0)
            failed++;
        else
            others += workers[i].rc == -sharing->others;
    }
    late = sharing->ended && suite->counts[sharing->hook] > 1;
    if (!late && (failed != 1 || others != THREADS - 1))
        suite_fail(suite,
                   "%s: one caller fails with %s, the others get %s: they got %s, %s, %s and %s",
                   suite->type->operations[workers[0].phase->operation].name,
                   berth_errno_name(sharing->error), berth_errno_name(sharing->others),
                   berth_errno_name(workers[0].rc), berth_errno_name(workers[1].rc),
                   berth_errno_name(workers[2].rc), berth_errno_name(workers[3].rc));
    suite->during = NULL;
    suite_close(suite);
    return !late;
}

void suite_test_sharing(void **state)
{
    suite_group *group = *state;
    unsigned i;

    for (i = 0; i < group->manager->n_sharings; i++) {
        long milliseconds = 2;
        int attempt = 1;

        while (!share_failure(group, &group->manager->sharings[i], milliseconds)) {
            if (++attempt > MOST_ATTEMPTS) {
                berth_suite *suite = suite_begin(group, "waiting_callers_share_the_outcome",
                                                 &group->manager->environments[0]);

                suite_fail(suite, "callers that waited for a failed attempt repeat it");
            }
            milliseconds = milliseconds < 200 ? milliseconds * 2 : milliseconds;
        }
    }
}

/* What the caller inside the hook does in the two tests below, once. */
typedef struct inside {
    worker *worker;
    int64_t deadline;
    bool other_thread;
    bool done;
    int rc;
} inside;

static void *phase_with_deadline(void *arg)
{
    inside *in = arg;

    in->rc = run_phase(in->worker, in->worker->phase, in->deadline);
    return NULL;
}

static void call_inside(berth_suite *suite, uint8_t hook)
{
    inside *in = suite->during_arg;
    pthread_t thread;

    (void)hook;
    if (in->done)
        return;
    in->done = true;
    if (!in->other_thread) {
        (void)phase_with_deadline(in);
        return;
    }
    if (pthread_create(&thread, NULL, phase_with_deadline, in) != 0)
        abort();
    (void)pthread_join(thread, NULL);
}

/*
 * While the first worker is inside a hook, the second one asks for the same root and must get
 * `error`.
 */
static void ask_inside(suite_group *group, const char *name, bool other_thread, int error)
{
    const berth_suite_manager *type = group->manager;
    worker workers[2];
    unsigned number;
    const berth_suite_phase *phase = suite_calling_phase(type, &number);
    berth_suite *suite;
    inside in = {0};
    int rc;

    if (phase == NULL)
        return;
    suite = begin(group, name, workers, 2, false);
    bring_to(suite, workers, 2, number);
    workers[1].phase = phase;
    in.worker = &workers[1];
    in.other_thread = other_thread;
    in.deadline = other_thread ? berth_now() + 2000000 : BERTH_NO_DEADLINE;
    suite->during = call_inside;
    suite->during_arg = &in;
    rc = run_phase(&workers[0], phase, BERTH_NO_DEADLINE);
    suite->during = NULL;
    if (rc != 0)
        suite_fail(suite, "%s: expected ok, came %s", type->operations[phase->operation].name,
                   berth_errno_name(rc));
    if (!in.done || in.rc != -error)
        suite_fail(suite, "%s inside its own hook: expected %s, came %s",
                   type->operations[phase->operation].name, berth_errno_name(error),
                   berth_errno_name(in.rc));
    rc = run_phase(&workers[1], phase, BERTH_NO_DEADLINE);
    if (rc != 0)
        suite_fail(suite, "%s afterwards: expected ok, came %s",
                   type->operations[phase->operation].name, berth_errno_name(rc));
    suite_close(suite);
}

void suite_test_deadline(void **state)
{
    ask_inside(*state, "a_deadline_ends_the_wait", true, ETIMEDOUT);
}

void suite_test_reentry(void **state)
{
    ask_inside(*state, "a_hook_cannot_ask_for_its_own_root", false, EDEADLK);
}
