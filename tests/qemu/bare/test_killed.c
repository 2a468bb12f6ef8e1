/*
 * QEMU is killed at a random moment of the work of four threads: every call returns, the program is
 * told once, and what is tracked can be discarded.
 *
 * BERTH_QEMU_KILLS says how often (10), BERTH_QEMU_SEED where the random numbers begin.
 */
#define _GNU_SOURCE

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "support/disks.h"

enum { THREADS = 4, KILLS = 10, LATEST_MS = 120, HANGS_AFTER_S = 60, TRIES = 50 };

struct worker {
    pthread_t thread;
    struct bare *bare;
    scsi *disks;
    char image[128];
    unsigned seed, calls;
    int wrong; /* what no call should have ended with; 0: nothing */
};

static unsigned random_below(unsigned *seed, unsigned bound)
{
    *seed = *seed * 1664525u + 1013904223u;
    return (*seed >> 8) % bound;
}

static unsigned number_of(const char *name, unsigned otherwise)
{
    const char *text = getenv(name);

    return text ? (unsigned)strtoul(text, NULL, 10) : otherwise;
}

/* Some calls have a deadline, which must not change how the end is seen. */
static int64_t some_deadline(unsigned *seed)
{
    return random_below(seed, 3) == 0 ? bare_within((int)random_below(seed, 20))
                                      : BERTH_NO_DEADLINE;
}

static void check(struct worker *worker, int rc)
{
    worker->calls++;
    if (rc != 0 && rc != -ENOTCONN && rc != -ETIMEDOUT && rc != -EBUSY)
        worker->wrong = rc;
}

/* A disk that was not let go of stays: the machine is gone. */
static void map_and_let_go(struct worker *worker)
{
    uuid_t a;
    int rc = disks_try_to_reserve(worker->disks, worker->image, a);

    if (rc != 0) {
        if ((rc != -ENOTRECOVERABLE && rc != -EBUSY) || berth_qemu_is_connected(worker->bare->vm))
            worker->wrong = rc;
        return;
    }
    check(worker, disks_map(worker->disks, a, some_deadline(&worker->seed)));
    rc = disks_unmap(worker->disks, a, some_deadline(&worker->seed));
    for (int i = 0; i < TRIES && rc != 0 && rc != -ENOTCONN; i++) {
        check(worker, rc);
        rc = disks_unmap(worker->disks, a, BERTH_NO_DEADLINE);
    }
    check(worker, rc);
}

/* Until the machine is gone, and a little longer. */
static void *work(void *arg)
{
    struct worker *worker = arg;
    unsigned after = 0;

    while (after < 3) {
        map_and_let_go(worker);
        check(worker,
              berth_qemu_ask(worker->bare->vm, false, "{\"execute\":\"query-status\"}", NULL));
        after += !berth_qemu_is_connected(worker->bare->vm);
    }
    return NULL;
}

static void kill_at(struct bare *bare, unsigned seed)
{
    static const char *const names[THREADS] = {"one", "two", "three", "four"};
    struct worker workers[THREADS];
    scsi *disks = disks_open(bare, NULL);
    unsigned calls = 0;

    atomic_store(&bare->lost, 0);
    for (unsigned i = 0; i < THREADS; i++) {
        workers[i] = (struct worker){.bare = bare, .disks = disks, .seed = seed * 100 + i};
        (void)snprintf(workers[i].image, sizeof workers[i].image, "%s", bare_image(bare, names[i]));
        assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    }
    bare_sleep((int)random_below(&seed, LATEST_MS));
    (void)alarm(HANGS_AFTER_S);
    bare_kill(bare);
    for (unsigned i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(workers[i].thread, NULL), 0);
        assert_int_equal(workers[i].wrong, 0);
        calls += workers[i].calls;
    }
    (void)alarm(0);
    assert_true(calls >= THREADS * 3);
    assert_int_equal(berth_qemu_in_flight(bare->vm), 0);
    bare_wait_until(atomic_load(&bare->lost) == 1);
    disks_discard(disks);
}

static void test_every_call_returns(void **state)
{
    struct bare *bare = *state;
    const unsigned kills = number_of("BERTH_QEMU_KILLS", KILLS);
    const unsigned seed = number_of("BERTH_QEMU_SEED", 1);
    const unsigned descriptors = bare_descriptors();

    for (unsigned i = 0; i < kills; i++) {
        kill_at(bare, seed + i);
        bare_restart(bare);
    }
    bare_wait_until(bare_descriptors() == descriptors);
}

int main(void)
{
    struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_call_returns),
    };

    return bare_run(tests);
}
