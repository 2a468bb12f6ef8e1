/*
 * The one lock of a manager, and what a thread sleeps on. With BERTH_NO_THREADS both compile to almost nothing: there is nobody to wait for.
 *
 * The lock knows its holder, so that a callback that runs under it (trace, visitor, allocator, uuid) and calls the manager is told
 * -EDEADLK instead of hanging.
 */
#ifndef BERTH_SRC_LOCK_H
#define BERTH_SRC_LOCK_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>

#ifdef BERTH_NO_THREADS

typedef int thread_id;

struct lock {
    bool held;
};

/* Something one thread sleeps on. */
struct sleeper {
    bool unused;
};

static inline int lock_init(struct lock *lock)
{
    lock->held = false;
    return 0;
}

static inline void lock_destroy(struct lock *lock)
{
    (void)lock;
}

static inline int lock_take(struct lock *lock)
{
    if (lock->held)
        return -EDEADLK;
    lock->held = true;
    return 0;
}

static inline void lock_drop(struct lock *lock)
{
    lock->held = false;
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

typedef pthread_t thread_id;

struct lock {
    pthread_mutex_t mutex;
};

struct sleeper {
    pthread_cond_t condition;
};

int lock_init(struct lock *lock);

static inline void lock_destroy(struct lock *lock)
{
    (void)pthread_mutex_destroy(&lock->mutex);
}

/* 0, or -EDEADLK when this thread has it already. */
static inline int lock_take(struct lock *lock)
{
    return -pthread_mutex_lock(&lock->mutex);
}

static inline void lock_drop(struct lock *lock)
{
    (void)pthread_mutex_unlock(&lock->mutex);
}

static inline thread_id thread_self(void)
{
    return pthread_self();
}

static inline bool thread_same(thread_id a, thread_id b)
{
    return pthread_equal(a, b) != 0;
}

/* All with the lock held. */
void sleeper_init(struct sleeper *sleeper);
void sleeper_destroy(struct sleeper *sleeper);
void sleeper_wake(struct sleeper *sleeper);
/* Gives the lock up while it sleeps. False: the deadline passed. It may return true early. */
bool sleeper_wait(struct sleeper *sleeper, struct lock *lock, int64_t deadline);

#endif
#endif
