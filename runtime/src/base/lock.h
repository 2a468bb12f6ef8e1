/*
 * The one lock of a manager, and what a thread sleeps on. With BERTH_NO_THREADS both compile to
 * almost nothing: there is nobody to wait for.
 *
 * A callback that runs under the lock (trace, visitor, allocator, uuid) and calls the manager is
 * told -EDEADLK instead of hanging: for as long as there may be such callbacks the lock knows its
 * holder.
 */
#ifndef BERTH_SRC_LOCK_H
#define BERTH_SRC_LOCK_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>

#include <berth/berth.h>

#ifdef BERTH_NO_THREADS

typedef int thread_id;

struct lock {
    bool held;
};

/* Something one thread sleeps on. */
struct sleeper {
    bool unused;
};

struct sleepers {
    bool unused;
};

static inline void sleepers_wake(struct sleepers *sleepers)
{
    (void)sleepers;
}

static inline int lock_init(struct lock *lock)
{
    lock->held = false;
    return 0;
}

static inline void lock_destroy(struct lock *lock, const berth_allocator *allocator)
{
    (void)lock;
    (void)allocator;
}

static inline int lock_acquire(struct lock *lock)
{
    if (lock->held)
        return -EDEADLK;
    lock->held = true;
    return 0;
}

static inline void lock_release(struct lock *lock)
{
    lock->held = false;
}

static inline void lock_watch(struct lock *lock)
{
    (void)lock;
}

static inline void lock_enter_callback(struct lock *lock)
{
    (void)lock;
}

static inline void lock_leave_callback(struct lock *lock)
{
    (void)lock;
}

static inline thread_id thread_self(void)
{
    return 0;
}

static inline bool thread_same(thread_id a, thread_id b)
{
    return a == b;
}

#else

#include <pthread.h>
#include <stdatomic.h>

#include "linkage.h"
#include "mutex.h"
#include "readers.h"

typedef pthread_t thread_id;

struct lock {
    struct readers readers;
    _Atomic(thread_id) holder; /* counts only with `in_callback` */
    atomic_bool in_callback;   /* `holder` has the lock, and may be inside one */
    bool watched;              /* `in_callback` whenever it is held */
    bool observed; /* by a tool, which would not see what readers wait for: they take the mutex, too
                    */
    struct mutex mutex; /* last, so that its word is beside what is looked at with it */
};

internal int lock_init(struct lock *lock);

static inline void lock_destroy(struct lock *lock, const berth_allocator *allocator)
{
    readers_destroy(&lock->readers, allocator);
    mutex_destroy(&lock->mutex);
}

/*
 * With the lock held: from here on callbacks may run. These are exchanges because helgrind calls a
 * plain store beside a load a race.
 */
static inline void lock_enter_callback(struct lock *lock)
{
    (void)atomic_exchange_explicit(&lock->holder, pthread_self(), memory_order_relaxed);
    /* who sees it sees the holder, not one before */
    (void)atomic_exchange_explicit(&lock->in_callback, true, memory_order_release);
}

/* And here they end, unless they may run all the time. */
static inline void lock_leave_callback(struct lock *lock)
{
    if (!lock->watched)
        (void)atomic_exchange_explicit(&lock->in_callback, false, memory_order_relaxed);
}

/* Callbacks may run whenever the lock is held. Once, before anybody takes it. */
static inline void lock_watch(struct lock *lock)
{
    lock->watched = true;
}

/* Has this thread the lock, and is it inside a callback? */
static inline bool lock_in_callback(const struct lock *lock)
{
    return atomic_load_explicit(&lock->in_callback, memory_order_acquire) &&
           pthread_equal(atomic_load_explicit(&lock->holder, memory_order_relaxed), pthread_self());
}

/* 0, or -EDEADLK when this thread has it already and is inside a callback. */
static inline int lock_acquire(struct lock *lock)
{
    if (lock_in_callback(lock))
        return -EDEADLK;
    mutex_lock(&lock->mutex);
    readers_close(&lock->readers);
    if (lock->watched)
        lock_enter_callback(lock);
    return 0;
}

static inline void lock_release(struct lock *lock)
{
    if (lock->watched)
        (void)atomic_exchange_explicit(&lock->in_callback, false, memory_order_relaxed);
    mutex_unlock(&lock->mutex);
}

/* The mutex was taken when a reader came. */
internal cold void lock_note_contention(struct lock *lock, const berth_allocator *allocator);

/*
 * For a thread that changes nothing: as lock_acquire(), but others that change nothing may be inside,
 * too, unless callbacks may run under the lock. To be given back with lock_unshare(). Memory for
 * the readers comes from `allocator`, always the same one, and goes with lock_destroy().
 */
static inline int lock_share(struct lock *lock, const berth_allocator *allocator,
                             struct reader_slot **slot)
{
    *slot = readers_enter(&lock->readers);
    if (*slot)
        return 0;
    if (lock_in_callback(lock))
        return -EDEADLK;
    if (!mutex_try_lock(&lock->mutex))
        lock_note_contention(lock, allocator);
    if (lock->watched)
        lock_enter_callback(lock);
    return 0;
}

static inline void lock_unshare(struct lock *lock, struct reader_slot *slot)
{
    if (slot)
        readers_leave(&lock->readers, slot);
    else
        lock_release(lock);
}

static inline thread_id thread_self(void)
{
    return pthread_self();
}

static inline bool thread_same(thread_id a, thread_id b)
{
    return pthread_equal(a, b) != 0;
}

enum sleep {
    SLEEP_LATE, /* the deadline passed */
    SLEEP_OVER, /* it was woken, or returns early */
    SLEEP_LEFT  /* it was excused: the thread has not got the lock back */
};

/* Gives the lock up while it sleeps. */
internal enum sleep sleeper_wait(struct sleeper *sleeper, struct lock *lock, int64_t deadline);

#endif
#endif
