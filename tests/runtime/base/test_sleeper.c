/* Sleepers that are excused, or come back to the lock. */
#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <string.h>
#include <time.h>

#include "support/clock.h"
#include "support/loop.h"
#include "support/threads.h"

#include "base/sync/lock.h"
#include "model/manager.h"
#include "base/store/memory.h"

enum { MANY = 20 }; /* more than one thread wakes */

/* A thread that sleeps once. */
struct nap {
    pthread_t thread;
    struct lock *lock;
    struct sleeper sleeper;
    int64_t deadline;
    bool begun; /* with the lock: its thread gives it up only to sleep */
    enum sleep slept;
};

static void *sleep_once(void *arg)
{
    struct nap *nap = arg;

    assert_int_equal(lock_acquire(nap->lock), 0);
    nap->begun = true;
    nap->slept = lock_wait(nap->lock, &nap->sleeper, nap->deadline);
    if (nap->slept != SLEEP_LEFT)
        lock_release(nap->lock);
    return NULL;
}

/* Returns with the lock, when the thread has begun to sleep. */
static void nap_start(struct nap *nap, struct lock *lock, int64_t deadline)
{
    memset(nap, 0, sizeof *nap);
    nap->lock = lock;
    nap->deadline = deadline;
    sleeper_init(&nap->sleeper);
    assert_int_equal(pthread_create(&nap->thread, NULL, sleep_once, nap), 0);
    for (;;) {
        assert_int_equal(lock_acquire(lock), 0);
        if (nap->begun)
            return;
        lock_release(lock);
        pause_shortly();
    }
}

static enum sleep nap_join(struct nap *nap)
{
    assert_int_equal(pthread_join(nap->thread, NULL), 0);
    sleeper_destroy(&nap->sleeper);
    return nap->slept;
}

static unsigned state_of(struct sleeper *sleeper)
{
#if defined __linux__ && defined __LP64__ && !defined BERTH_NO_FUTEX
    return atomic_load(&sleeper->state);
#else
    unsigned state;

    pthread_mutex_lock(&sleeper->mutex);
    state = sleeper->state;
    pthread_mutex_unlock(&sleeper->mutex);
    return state;
#endif
}

static void start(struct lock *lock)
{
    assert_int_equal(lock_init(lock), 0);
}

static void stop(struct lock *lock)
{
    lock_release(lock);
    lock_destroy(lock, memory_default());
}

static void excused_threads_return_while_the_lock_is_held(void **unused)
{
    struct lock lock;
    struct nap naps[MANY];
    struct sleepers woken = {0};

    (void)unused;
    start(&lock);
    for (unsigned i = 0; i < MANY; i++) {
        nap_start(&naps[i], &lock, BERTH_NO_DEADLINE);
        lock_release(&lock);
    }
    assert_int_equal(lock_acquire(&lock), 0);
    for (unsigned i = 0; i < MANY; i++)
        assert_true(sleeper_excuse(&woken, &naps[i].sleeper));
    sleeper_wake_all(&woken);
    for (unsigned i = 0; i < MANY; i++)
        assert_int_equal(nap_join(&naps[i]), SLEEP_LEFT);
    stop(&lock);
}

/* The list may be used again. */
static void a_list_is_empty_when_it_was_woken(void **unused)
{
    struct lock lock;
    struct nap nap;
    struct sleepers woken = {0};

    (void)unused;
    start(&lock);
    for (int i = 0; i < 2; i++) {
        nap_start(&nap, &lock, BERTH_NO_DEADLINE);
        assert_true(sleeper_excuse(&woken, &nap.sleeper));
        sleeper_wake_all(&woken);
        assert_int_equal(nap_join(&nap), SLEEP_LEFT);
        lock_release(&lock);
    }
    assert_int_equal(lock_acquire(&lock), 0);
    stop(&lock);
}

/* What is on its stack is read until then. */
static void an_excused_thread_does_not_return_at_its_deadline(void **unused)
{
    struct lock lock;
    struct nap nap;
    struct sleepers woken = {0};
    int64_t deadline = berth_now() + 200000000;

    (void)unused;
    start(&lock);
    nap_start(&nap, &lock, deadline);
    assert_true(sleeper_excuse(&woken, &nap.sleeper));
    while (berth_now() < deadline + 20000000)
        pause_shortly();
    assert_int_not_equal(state_of(&nap.sleeper), SLEEPER_AWAKE);
    sleeper_wake_all(&woken);
    assert_int_equal(nap_join(&nap), SLEEP_LEFT);
    stop(&lock);
}

static void a_thread_on_its_way_to_the_lock_is_not_excused(void **unused)
{
    struct lock lock;
    struct nap nap;
    struct sleepers woken = {0};

    (void)unused;
    start(&lock);
    nap_start(&nap, &lock, berth_now() + 50000000);
    while (state_of(&nap.sleeper) != SLEEPER_AWAKE)
        pause_shortly();
    assert_false(sleeper_excuse(&woken, &nap.sleeper));
    sleeper_wake_all(&woken);
    lock_release(&lock);
    assert_int_equal(nap_join(&nap), SLEEP_LATE);
    assert_int_equal(lock_acquire(&lock), 0);
    stop(&lock);
}

static void others_come_back_to_the_lock(void **unused)
{
    struct lock lock;
    struct nap naps[3];
    struct sleepers woken = {0};

    (void)unused;
    start(&lock);
    for (unsigned i = 0; i < 3; i++) {
        nap_start(&naps[i], &lock, BERTH_NO_DEADLINE);
        lock_release(&lock);
    }
    assert_int_equal(lock_acquire(&lock), 0);
    for (unsigned i = 0; i < 3; i++)
        sleeper_add(&woken, &naps[i].sleeper);
    lock_release(&lock);
    sleeper_wake_all(&woken);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(nap_join(&naps[i]), SLEEP_OVER);
    assert_int_equal(lock_acquire(&lock), 0);
    stop(&lock);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(excused_threads_return_while_the_lock_is_held),
        cmocka_unit_test(a_list_is_empty_when_it_was_woken),
        cmocka_unit_test(an_excused_thread_does_not_return_at_its_deadline),
        cmocka_unit_test(a_thread_on_its_way_to_the_lock_is_not_excused),
        cmocka_unit_test(others_come_back_to_the_lock),
    };

    return cmocka_run_group_tests_name("sleeper", tests, NULL, NULL);
}
