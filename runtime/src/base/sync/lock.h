/*
 * The one lock of a manager. With BERTH_NO_THREADS it compiles to almost nothing.
 *
 * A callback may run under the lock (trace, visitor, allocator, uuid) and call the manager. It gets
 * -EDEADLK then instead of hanging. For this the lock knows its holder while callbacks may run.
 */
#ifndef BERTH_SRC_LOCK_H
#define BERTH_SRC_LOCK_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>

#include <berth/berth.h>

#include "sleeper.h"
#include "thread.h"

#ifdef BERTH_NO_THREADS

struct lock {
    bool held;
};

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

#define lock_init(lock) ((lock)->held = false, 0)
#define lock_destroy(lock, allocator) ((void)(lock), (void)(allocator))
#define lock_watch(lock) ((void)(lock))
#define lock_enter_callback(lock) ((void)(lock))
#define lock_leave_callback(lock) ((void)(lock))

#else

#include <pthread.h>
#include <stdatomic.h>

#include "../linkage.h"
#include "mutex.h"
#include "readers.h"

struct lock {
    struct readers readers;
    _Atomic(thread_id) holder; /* counts only with `in_callback` */
    atomic_bool in_callback;   /* `holder` has the lock, and may be inside one */
    bool watched;              /* `in_callback` whenever it is held */
    bool observed;             /* by a tool, which does not see readers: they lock the mutex too */
    struct mutex mutex;        /* last: its word shares a cache line with what is read with it */
};

internal int lock_init(struct lock *lock);

static inline void lock_destroy(struct lock *lock, const berth_allocator *allocator)
{
    readers_destroy(&lock->readers, allocator);
    mutex_destroy(&lock->mutex);
}

/*
 * With the lock held: callbacks may run from here on. The exchanges are for helgrind, which calls a
 * plain store beside a load a race.
 */
static inline void lock_enter_callback(struct lock *lock)
{
    (void)atomic_exchange_explicit(&lock->holder, pthread_self(), memory_order_relaxed);
    /* a thread that sees the flag sees this holder */
    (void)atomic_exchange_explicit(&lock->in_callback, true, memory_order_release);
}

/* Callbacks run no more, unless the lock is watched. */
static inline void lock_leave_callback(struct lock *lock)
{
    if (!lock->watched)
        (void)atomic_exchange_explicit(&lock->in_callback, false, memory_order_relaxed);
}

/* Callbacks may run whenever the lock is held. Call it before the first thread locks. */
static inline void lock_watch(struct lock *lock)
{
    lock->watched = true;
}

/* Does this thread hold the lock, and is it inside a callback? */
static inline bool lock_in_callback(const struct lock *lock)
{
    return atomic_load_explicit(&lock->in_callback, memory_order_acquire) &&
           pthread_equal(atomic_load_explicit(&lock->holder, memory_order_relaxed), pthread_self());
}

/* 0, or -EDEADLK from inside a callback under this lock. */
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

/* The rest of lock_share(): a reader found the mutex locked. */
internal cold void lock_note_contention(struct lock *lock, const berth_allocator *allocator);

/*
 * Locks for a thread that changes nothing. Readers share the lock, unless callbacks may run under
 * it. lock_unshare() gives it back. Memory for readers comes from `allocator`, always the same one,
 * and lock_destroy() frees it. As lock_acquire(): 0 or -EDEADLK.
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

enum sleep {
    SLEEP_LATE, /* the deadline passed */
    SLEEP_OVER, /* the thread was woken, or wakes early */
    SLEEP_LEFT  /* the thread was excused: it does not hold the lock */
};

/* Sleeps until it is woken or the deadline passes. The lock is free meanwhile. */
internal enum sleep lock_wait(struct lock *lock, struct sleeper *sleeper, int64_t deadline);

#endif
#endif
