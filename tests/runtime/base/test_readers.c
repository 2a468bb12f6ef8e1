/* Readers beside a lock: when they are let in, and how who changes something gets them out. */
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "support/depot.h"

#include "base/sync/lock.h"

static void *take(void *ctx, size_t size)
{
    return *(const bool *)ctx ? malloc(size) : NULL;
}

static void give(void *ctx, void *memory, size_t size)
{
    (void)ctx;
    (void)size;
    free(memory);
}

static bool has_memory = true;
static const berth_allocator memory = {take, give, &has_memory};

static void meet(struct lock *lock, unsigned n)
{
    mutex_lock(&lock->mutex);
    for (unsigned i = 0; i < n; i++)
        readers_note_contention(&lock->readers, &memory);
    mutex_unlock(&lock->mutex);
}

static bool lets_in(struct lock *lock)
{
    struct reader_slot *slot = readers_enter(&lock->readers);

    if (slot)
        readers_leave(&lock->readers, slot);
    return slot != NULL;
}

static void change(struct lock *lock)
{
    assert_int_equal(lock_acquire(lock), 0);
    lock_release(lock);
}

static void opens_after_enough_contention(void **unused)
{
    struct lock lock;

    (void)unused;
    assert_int_equal(lock_init(&lock), 0);
    assert_false(lets_in(&lock));
    meet(&lock, READERS_ENOUGH - 1);
    assert_false(lets_in(&lock));
    meet(&lock, 1);
    assert_true(lets_in(&lock));
    meet(&lock, 1); /* who came to the mutex before it was opened */
    assert_true(lets_in(&lock));
    change(&lock);
    assert_false(lets_in(&lock));
    lock_destroy(&lock, &memory);
}

static void a_change_needs_new_contention(void **unused)
{
    struct lock lock;

    (void)unused;
    assert_int_equal(lock_init(&lock), 0);
    meet(&lock, READERS_ENOUGH - 1);
    change(&lock);
    meet(&lock, READERS_ENOUGH - 1);
    assert_false(lets_in(&lock));
    meet(&lock, 1);
    assert_true(lets_in(&lock));
    lock_destroy(&lock, &memory);
}

static void stays_closed_while_there_is_no_memory(void **unused)
{
    struct lock lock;

    (void)unused;
    has_memory = false;
    assert_int_equal(lock_init(&lock), 0);
    meet(&lock, 3 * READERS_ENOUGH);
    assert_false(lets_in(&lock));
    change(&lock);
    meet(&lock, READERS_ENOUGH - 1);
    has_memory = true;
    assert_false(lets_in(&lock));
    meet(&lock, 1);
    assert_true(lets_in(&lock));
    lock_destroy(&lock, &memory);
}

static void a_reader_locks_the_mutex_while_it_is_closed(void **unused)
{
    struct lock lock;
    struct reader_slot *slot;

    (void)unused;
    assert_int_equal(lock_init(&lock), 0);
    assert_int_equal(lock_share(&lock, &memory, &slot), 0);
    assert_null(slot);
    assert_false(mutex_try_lock(&lock.mutex));
    lock_unshare(&lock, slot);
    assert_true(mutex_try_lock(&lock.mutex));
    mutex_unlock(&lock.mutex);
    meet(&lock, READERS_ENOUGH);
    assert_int_equal(lock_share(&lock, &memory, &slot), 0);
    assert_non_null(slot);
    assert_true(mutex_try_lock(&lock.mutex));
    mutex_unlock(&lock.mutex);
    lock_unshare(&lock, slot);
    lock_destroy(&lock, &memory);
}

/* Somebody who has to wait for the mutex, again and again, until it is open. */
struct sharer {
    pthread_t thread;
    struct lock *lock;
    atomic_uint rounds;
    atomic_bool stop;
};

static void *share_again_and_again(void *arg)
{
    struct sharer *sharer = arg;

    while (!atomic_load(&sharer->stop)) {
        struct reader_slot *slot;

        assert_int_equal(lock_share(sharer->lock, &memory, &slot), 0);
        lock_unshare(sharer->lock, slot);
        atomic_fetch_add(&sharer->rounds, 1);
    }
    return NULL;
}

static void nap(void)
{
    const struct timespec millisecond = {0, 1000000};

    nanosleep(&millisecond, NULL);
}

/* Has a thread meet the mutex, held, so often. */
static void let_it_contend(struct lock *lock, unsigned times)
{
    struct sharer sharer = {.lock = lock};

    atomic_init(&sharer.rounds, 0);
    atomic_init(&sharer.stop, false);
    mutex_lock(&lock->mutex);
    assert_int_equal(pthread_create(&sharer.thread, NULL, share_again_and_again, &sharer), 0);
    for (unsigned i = 0; i < times; i++) {
        unsigned rounds = atomic_load(&sharer.rounds);

        nap();
        mutex_unlock(&lock->mutex);
        while (atomic_load(&sharer.rounds) == rounds)
            sched_yield();
        mutex_lock(&lock->mutex);
    }
    atomic_store(&sharer.stop, true);
    mutex_unlock(&lock->mutex);
    assert_int_equal(pthread_join(sharer.thread, NULL), 0);
}

static void contention_of_readers_opens_it(void **unused)
{
    struct lock lock;

    (void)unused;
    assert_int_equal(lock_init(&lock), 0);
    for (int i = 0; i < 1000 && !lets_in(&lock); i++)
        let_it_contend(&lock, READERS_ENOUGH);
    assert_true(lets_in(&lock));
    lock_destroy(&lock, &memory);
}

static void with_callbacks_under_the_lock_nobody_shares_it(void **unused)
{
    struct lock lock;

    (void)unused;
    assert_int_equal(lock_init(&lock), 0);
    lock_watch(&lock);
    for (int i = 0; i < 5; i++)
        let_it_contend(&lock, READERS_ENOUGH);
    assert_false(lets_in(&lock));
    lock_destroy(&lock, &memory);
}

struct closer {
    struct lock *lock;
    atomic_bool closed;
};

static void *close_it(void *arg)
{
    struct closer *closer = arg;

    assert_int_equal(lock_acquire(closer->lock), 0);
    atomic_store(&closer->closed, true);
    lock_release(closer->lock);
    return NULL;
}

static void a_writer_waits_for_readers_inside(void **unused)
{
    struct lock lock;
    struct reader_slot *first, *second;
    struct closer closer = {.lock = &lock};
    pthread_t thread;

    (void)unused;
    assert_int_equal(lock_init(&lock), 0);
    for (int round = 0; round < 3; round++) {
        atomic_store(&closer.closed, false);
        meet(&lock, READERS_ENOUGH);
        first = readers_enter(&lock.readers);
        second = readers_enter(&lock.readers);
        assert_int_equal(pthread_create(&thread, NULL, close_it, &closer), 0);
        while (lets_in(&lock))
            sched_yield();
        for (int i = 0; i < 20; i++)
            nap(); /* it sleeps by now */
        assert_false(atomic_load(&closer.closed));
        readers_leave(&lock.readers, first);
        nap();
        assert_null(readers_count_in(&lock.readers)); /* who comes too late may wake it */
        nap();
        assert_false(atomic_load(&closer.closed));
        readers_leave(&lock.readers, second);
        assert_int_equal(pthread_join(thread, NULL), 0);
        assert_true(atomic_load(&closer.closed));
        assert_false(lets_in(&lock));
    }
    lock_destroy(&lock, &memory);
}

/* Two numbers that are equal whenever nobody changes them. */
struct pair {
    struct lock lock;
    unsigned first, second;
};

enum { WRITES = 2000, READS = 20000 };

static void *change_both(void *arg)
{
    struct pair *pair = arg;

    for (int i = 0; i < WRITES; i++) {
        assert_int_equal(lock_acquire(&pair->lock), 0);
        pair->first++;
        pair->second++;
        lock_release(&pair->lock);
        meet(&pair->lock, READERS_ENOUGH);
    }
    return NULL;
}

static void *compare_them(void *arg)
{
    struct pair *pair = arg;

    for (int i = 0; i < READS; i++) {
        struct reader_slot *slot;

        assert_int_equal(lock_share(&pair->lock, &memory, &slot), 0);
        assert_int_equal(pair->first, pair->second);
        lock_unshare(&pair->lock, slot);
    }
    return NULL;
}

static void readers_see_no_change_halfway(void **unused)
{
    struct pair pair = {.first = 0};
    pthread_t threads[6];

    (void)unused;
    assert_int_equal(lock_init(&pair.lock), 0);
    for (unsigned i = 0; i < 6; i++)
        assert_int_equal(
            pthread_create(&threads[i], NULL, i < 2 ? change_both : compare_them, &pair), 0);
    for (unsigned i = 0; i < 6; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(pair.first, 2 * WRITES);
    assert_int_equal(pair.second, 2 * WRITES);
    lock_destroy(&pair.lock, &memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(opens_after_enough_contention),
        cmocka_unit_test(a_change_needs_new_contention),
        cmocka_unit_test(stays_closed_while_there_is_no_memory),
        cmocka_unit_test(a_reader_locks_the_mutex_while_it_is_closed),
        cmocka_unit_test(contention_of_readers_opens_it),
        cmocka_unit_test(with_callbacks_under_the_lock_nobody_shares_it),
        cmocka_unit_test(a_writer_waits_for_readers_inside),
        cmocka_unit_test(readers_see_no_change_halfway),
    };

    return cmocka_run_group_tests_name("readers", tests, NULL, NULL);
}
