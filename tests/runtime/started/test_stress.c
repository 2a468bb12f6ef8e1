/*
 * Started operations and many threads: completions, cancellations, deadlines, discards and polls at
 * random, and every `done` exactly once.
 */
#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <sched.h>
#include <string.h>
#include <time.h>

#include "support/started.h"
#include "support/threads.h"

enum { STARTERS = 3, PER_STARTER = 1500, N_JOBS = STARTERS * PER_STARTER, RACKS = 5, RING = 4096 };

struct stress {
    struct depot depot;
    pthread_mutex_t lock;
    pthread_cond_t wakened;
    berth_token ring[RING]; /* calls that are pending */
    unsigned first, last;
    bool woken;
    bool loop, discards;
    atomic_uint random;
    atomic_uint accepted, done, notified;
    atomic_uint published[STARTERS]; /* jobs of each starter that may be cancelled */
    atomic_bool stop;
    atomic_int inside[RACKS];
    struct job jobs[N_JOBS];
};

static struct stress stress;

static unsigned next_random(void)
{
    unsigned x = atomic_fetch_add(&stress.random, 2654435761u);

    x ^= x >> 15;
    x *= 2246822519u;
    return x ^ (x >> 13);
}

static void nap(void)
{
    unsigned x = next_random() % 16;

    if (x == 0)
        nanosleep(&(struct timespec){.tv_nsec = 50000}, NULL);
    else if (x < 6)
        sched_yield();
}

static void note_notified(void *ctx)
{
    (void)ctx;
    atomic_fetch_add(&stress.notified, 1);
}

static void put(berth_token token)
{
    pthread_mutex_lock(&stress.lock);
    assert_true(stress.last - stress.first < RING);
    stress.ring[stress.last++ % RING] = token;
    pthread_mutex_unlock(&stress.lock);
}

static bool get(berth_token *token)
{
    bool found;

    pthread_mutex_lock(&stress.lock);
    found = stress.first != stress.last;
    if (found)
        *token = stress.ring[stress.first++ % RING];
    pthread_mutex_unlock(&stress.lock);
    return found;
}

static int backend(struct depot *depot, uint8_t hook, berth_call *call, const void *view, void *out)
{
    unsigned fate = next_random() % 16;
    int rack = hook <= RACK_EJECT ? ((const rack_view *)view)->name[0] - 'a' : 0;
    berth_token token;

    (void)depot;
    (void)out;
    if (!stress.discards) /* else a successor of the same name may be at work */
        assert_int_equal(atomic_fetch_add(&stress.inside[rack], 1), 0);
    nap();
    if (!stress.discards)
        atomic_fetch_sub(&stress.inside[rack], 1);
    if (fate < 4)
        return 0;
    if (fate == 4)
        return -EIO;
    if (fate == 5)
        (void)berth_call_cancelled(call);
    token = berth_call_token(call);
    if (fate < 12)
        (void)berth_call_on_cancel(call, note_notified, NULL);
    if (fate == 6)
        assert_int_equal(berth_complete(token, 0, NULL, 0), 0); /* before it returns */
    put(token); /* and perhaps completed on another thread before it returns */
    if (fate == 7)
        return 0; /* answers itself: the completion is late */
    nap();
    return BERTH_PENDING;
}

static void count_done(struct job *job, int code)
{
    assert_int_equal(atomic_load(&job->n_done), 1);
    assert_true(code == 0 || code == -EIO || code == -ECANCELED || code == -ETIMEDOUT ||
                code == -ENOTRECOVERABLE || code == -EBUSY || code == -ENOENT || code == -ENODATA);
    atomic_fetch_add(&stress.done, 1);
}

static const char *const names[RACKS] = {"a", "b", "c", "d", "e"};

static void *run_starter(void *arg)
{
    static const uint8_t operations[] = {OP_USE,  OP_USE,   OP_KICK, OP_RESOLVE,
                                         OP_KICK, OP_CRASH, 0,       OP_WIPE};
    unsigned starter = (unsigned)(size_t)arg;

    for (unsigned i = 0; i < PER_STARTER; i++) {
        struct job *job = &stress.jobs[starter * PER_STARTER + i];
        unsigned x = next_random();
        uint8_t operation = operations[x % 8];
        int64_t deadline = x / 8 % 3 == 0 ? berth_now() + (int64_t)(x % 300000) : BERTH_NO_DEADLINE;

        if (operation == 0 && x / 64 % 16 != 0)
            operation = OP_USE;
        job_init(job, &stress.depot);
        job->keep = true;
        job->no_block = x / 32 % 4 == 0;
        job->then = count_done;
        atomic_fetch_add(&stress.accepted, 1);
        assert_int_equal(job_start(job, operation, names[x / 128 % RACKS], deadline), 0);
        atomic_store(&stress.published[starter], i + 1);
        if (x / 1024 % 32 == 0)
            (void)on_rack(&stress.depot, OP_USE, names[x / 128 % RACKS], NULL);
        nap();
    }
    return NULL;
}

static void *run_completer(void *arg)
{
    berth_token token;

    (void)arg;
    while (!atomic_load(&stress.stop)) {
        if (!get(&token)) {
            sched_yield();
            continue;
        }
        if (next_random() % 2)
            nanosleep(&(struct timespec){.tv_nsec = 100000}, NULL);
        (void)berth_complete(token, next_random() % 8 == 0 ? -EIO : 0, NULL, 0);
        if (next_random() % 8 == 0)
            assert_int_equal(berth_complete(token, 0, NULL, 0), -ENOENT);
    }
    return NULL;
}

static void *run_canceller(void *arg)
{
    (void)arg;
    while (!atomic_load(&stress.stop)) {
        unsigned starter = next_random() % STARTERS;
        unsigned n = atomic_load(&stress.published[starter]);
        struct job *job;

        nap();
        if (n == 0)
            continue;
        job = &stress.jobs[starter * PER_STARTER + n - 1 - next_random() % (n < 8 ? n : 8)];
        if (!job->no_block) {
            int rc = job_cancel(job);

            assert_true(rc == 0 || rc == -ENOENT);
        }
        if (stress.discards && next_random() % 256 == 0)
            assert_int_equal(berth_manager_discard(stress.depot.manager), 0);
        if (stress.discards && next_random() % 8 == 0)
            (void)discard_rack(&stress.depot, names[next_random() % RACKS], NULL);
    }
    return NULL;
}

static void wake(void *ctx)
{
    (void)ctx;
    pthread_mutex_lock(&stress.lock);
    stress.woken = true;
    pthread_cond_signal(&stress.wakened);
    pthread_mutex_unlock(&stress.lock);
}

static void *run_poller(void *arg)
{
    (void)arg;
    while (!atomic_load(&stress.stop)) {
        int64_t next;

        if (!stress.loop) {
            assert_int_equal(berth_manager_poll(stress.depot.manager, NULL), 0);
            nanosleep(&(struct timespec){.tv_nsec = 100000}, NULL);
            continue;
        }
        assert_int_equal(berth_manager_poll(stress.depot.manager, &next), 0);
        pthread_mutex_lock(&stress.lock);
        while (next > 0 && !stress.woken && !atomic_load(&stress.stop)) {
            struct timespec until = {.tv_sec = (time_t)(next / 1000000000),
                                     .tv_nsec = (long)(next % 1000000000)};

            if (next == BERTH_NO_DEADLINE)
                pthread_cond_wait(&stress.wakened, &stress.lock);
            else if (pthread_cond_timedwait(&stress.wakened, &stress.lock, &until) != 0)
                break;
        }
        stress.woken = false;
        pthread_mutex_unlock(&stress.lock);
    }
    return NULL;
}

static void run(bool loop, bool discards)
{
    pthread_t starters[STARTERS], completers[2], canceller, poller;
    pthread_condattr_t attributes;
    berth_config config = {.wake = loop ? wake : NULL};

    memset(&stress, 0, sizeof stress);
    stress.loop = loop;
    stress.discards = discards;
    atomic_store(&stress.random, 4711);
    pthread_mutex_init(&stress.lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&stress.wakened, &attributes);
    pthread_condattr_destroy(&attributes);
    depot_start_many(&stress.depot, &config);
    stress.depot.hook = backend;
    assert_int_equal(pthread_create(&poller, NULL, run_poller, NULL), 0);
    assert_int_equal(pthread_create(&canceller, NULL, run_canceller, NULL), 0);
    for (unsigned i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&completers[i], NULL, run_completer, NULL), 0);
    for (size_t i = 0; i < STARTERS; i++)
        assert_int_equal(pthread_create(&starters[i], NULL, run_starter, (void *)i), 0);
    for (unsigned i = 0; i < STARTERS; i++)
        pthread_join(starters[i], NULL);
    while (atomic_load(&stress.done) < N_JOBS)
        sched_yield();
    pthread_mutex_lock(&stress.lock);
    atomic_store(&stress.stop, true);
    pthread_cond_signal(&stress.wakened);
    pthread_mutex_unlock(&stress.lock);
    pthread_join(poller, NULL);
    pthread_join(canceller, NULL);
    for (unsigned i = 0; i < 2; i++)
        pthread_join(completers[i], NULL);
    assert_int_equal(atomic_load(&stress.accepted), N_JOBS);
    assert_int_equal(atomic_load(&stress.done), N_JOBS);
    for (unsigned i = 0; i < N_JOBS; i++)
        assert_int_equal(atomic_load(&stress.jobs[i].n_done), 1);
    assert_true(atomic_load(&stress.notified) > 0);
    stress.depot.hook = NULL;
    assert_int_equal(berth_manager_drain(stress.depot.manager, BERTH_NO_DEADLINE, NULL), 0);
    assert_state(&stress.depot, "");
    depot_stop(&stress.depot);
    pthread_cond_destroy(&stress.wakened);
    pthread_mutex_destroy(&stress.lock);
}

static void every_done_once(void **unused)
{
    (void)unused;
    run(false, false);
}

static void every_done_once_in_a_loop(void **unused)
{
    (void)unused;
    run(true, false);
}

static void every_done_once_with_discards(void **unused)
{
    (void)unused;
    run(false, true);
}

static void every_done_once_in_a_loop_with_discards(void **unused)
{
    (void)unused;
    run(true, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_done_once),
        cmocka_unit_test(every_done_once_in_a_loop),
        cmocka_unit_test(every_done_once_with_discards),
        cmocka_unit_test(every_done_once_in_a_loop_with_discards),
    };

    return cmocka_run_group_tests_name("stress", tests, NULL, NULL);
}
