/*
 * The lock and the callbacks that run under it: for as long as there may be such, it knows its
 * holder, which is told so instead of hanging.
 */
#include <errno.h>

#include "support/depot.h"

#include "base/sync/lock.h"
#include "base/store/memory.h"

/* Asks before it tries: where the lock does not know its holder, it would hang. */
static void assert_refused(struct lock *lock)
{
    struct reader_slot *slot;

    assert_true(lock_in_callback(lock));
    assert_int_equal(lock_acquire(lock), -EDEADLK);
    assert_int_equal(lock_share(lock, memory_default(), &slot), -EDEADLK);
    assert_null(slot);
}

static void start(struct lock *lock, bool watched)
{
    assert_int_equal(lock_init(lock), 0);
    if (watched)
        lock_watch(lock);
}

/* Nobody has it: neither does it say so, nor is it taken. */
static void stop(struct lock *lock)
{
    assert_false(lock_in_callback(lock));
    assert_true(mutex_try_lock(&lock->mutex));
    mutex_unlock(&lock->mutex);
    lock_destroy(lock, memory_default());
}

static void its_holder_is_known_during_a_callback_only(void **unused)
{
    struct lock lock;

    (void)unused;
    start(&lock, false);
    assert_int_equal(lock_acquire(&lock), 0);
    assert_false(lock_in_callback(&lock));
    for (int i = 0; i < 2; i++) {
        lock_enter_callback(&lock);
        assert_refused(&lock);
        lock_leave_callback(&lock);
        assert_false(lock_in_callback(&lock));
    }
    lock_release(&lock);
    stop(&lock);
}

static void its_holder_is_known_all_the_time_when_watched(void **unused)
{
    struct lock lock;

    (void)unused;
    start(&lock, true);
    assert_false(lock_in_callback(&lock));
    for (int i = 0; i < 2; i++) {
        assert_int_equal(lock_acquire(&lock), 0);
        assert_refused(&lock);
        lock_release(&lock);
        assert_false(lock_in_callback(&lock));
    }
    stop(&lock);
}

/* A wake or a notify, say, and then the trace. */
static void a_callback_that_ends_is_not_the_last_when_watched(void **unused)
{
    struct lock lock;

    (void)unused;
    start(&lock, true);
    assert_int_equal(lock_acquire(&lock), 0);
    for (int i = 0; i < 2; i++) {
        lock_enter_callback(&lock);
        assert_refused(&lock);
        lock_leave_callback(&lock);
        assert_refused(&lock);
    }
    lock_release(&lock);
    stop(&lock);
}

static void a_watched_lock_knows_its_readers_too(void **unused)
{
    struct lock lock;
    struct reader_slot *slot;

    (void)unused;
    start(&lock, true);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(lock_share(&lock, memory_default(), &slot), 0);
        assert_null(slot);
        assert_refused(&lock);
        lock_unshare(&lock, slot);
        assert_false(lock_in_callback(&lock));
    }
    stop(&lock);
}

struct other {
    struct lock *lock;
    bool open, free;
};

static void *look_at_it(void *arg)
{
    struct other *other = arg;

    other->open = lock_in_callback(other->lock);
    other->free = mutex_try_lock(&other->lock->mutex);
    return NULL;
}

static void another_thread_is_not_its_holder(void **unused)
{
    struct lock lock;
    struct other other = {.lock = &lock, .open = true, .free = true};
    pthread_t thread;

    (void)unused;
    start(&lock, true);
    assert_int_equal(lock_acquire(&lock), 0);
    assert_int_equal(pthread_create(&thread, NULL, look_at_it, &other), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_false(other.open);
    assert_false(other.free);
    lock_release(&lock);
    stop(&lock);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(its_holder_is_known_during_a_callback_only),
        cmocka_unit_test(its_holder_is_known_all_the_time_when_watched),
        cmocka_unit_test(a_callback_that_ends_is_not_the_last_when_watched),
        cmocka_unit_test(a_watched_lock_knows_its_readers_too),
        cmocka_unit_test(another_thread_is_not_its_holder),
    };

    return cmocka_run_group_tests_name("lock", tests, NULL, NULL);
}
