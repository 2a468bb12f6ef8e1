/*
 * What the lock and the sleepers are made of: a mutex of one word, and what one thread sleeps on. On 64-bit Linux they are futexes: taking and
 * dropping a mutex that nobody else wants are one atomic operation each, where a call of the C library's mutex costs twice that, and an operation
 * does it several times. Elsewhere (and with BERTH_NO_FUTEX) they are POSIX mutexes and conditions.
 */
#ifndef BERTH_SRC_MUTEX_H
#define BERTH_SRC_MUTEX_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "linkage.h"

#if defined __linux__ && defined __LP64__ && !defined BERTH_NO_FUTEX

struct mutex {
    atomic_uint word; /* MUTEX_FREE, ... */
};

enum { MUTEX_FREE, MUTEX_TAKEN, MUTEX_CROWDED /* taken, and a thread may sleep */ };

struct sleeper {
    atomic_uint woken; /* 0 or 1 */
};

SHARED SELDOM void mutex_take_slowly(struct mutex *mutex);
SHARED SELDOM void mutex_wake_one(struct mutex *mutex);

/* 0, or a negative errno value. */
static inline int mutex_init(struct mutex *mutex)
{
    atomic_init(&mutex->word, MUTEX_FREE);
    return 0;
}

static inline void mutex_destroy(struct mutex *mutex)
{
    (void)mutex;
}

/* False: somebody has it. */
static inline bool mutex_try(struct mutex *mutex)
{
    unsigned expected = MUTEX_FREE;

    return atomic_compare_exchange_strong_explicit(&mutex->word, &expected, MUTEX_TAKEN, memory_order_acquire, memory_order_relaxed);
}

static inline void mutex_take(struct mutex *mutex)
{
    if (!mutex_try(mutex))
        mutex_take_slowly(mutex);
}

static inline void mutex_drop(struct mutex *mutex)
{
    if (atomic_exchange_explicit(&mutex->word, MUTEX_FREE, memory_order_release) == MUTEX_CROWDED)
        mutex_wake_one(mutex);
}

static inline void sleeper_init(struct sleeper *sleeper)
{
    atomic_init(&sleeper->woken, 0);
}

static inline void sleeper_destroy(struct sleeper *sleeper)
{
    (void)sleeper;
}

#else

#include <pthread.h>

#include "linkage.h"

struct mutex {
    pthread_mutex_t mutex;
};

struct sleeper {
    pthread_mutex_t mutex;
    pthread_cond_t condition;
    bool woken;
};

static inline int mutex_init(struct mutex *mutex)
{
    return -pthread_mutex_init(&mutex->mutex, NULL);
}

static inline void mutex_destroy(struct mutex *mutex)
{
    (void)pthread_mutex_destroy(&mutex->mutex);
}

static inline bool mutex_try(struct mutex *mutex)
{
    return pthread_mutex_trylock(&mutex->mutex) == 0;
}

static inline void mutex_take(struct mutex *mutex)
{
    (void)pthread_mutex_lock(&mutex->mutex);
}

static inline void mutex_drop(struct mutex *mutex)
{
    (void)pthread_mutex_unlock(&mutex->mutex);
}

INTERNAL void sleeper_init(struct sleeper *sleeper);
INTERNAL void sleeper_destroy(struct sleeper *sleeper);

#endif

/* Between two looks at what another thread is about to change. */
static inline void mutex_relax(void)
{
#if defined __x86_64__
    __builtin_ia32_pause();
#elif defined __aarch64__
    __asm__ volatile("yield");
#endif
}

/* Its thread, when it sleeps or when it next does, goes on. */
INTERNAL void sleeper_wake(struct sleeper *sleeper);

/* Until it is woken, once for each time; only its own thread. False: the deadline (as in backend.h) passed. It may return true early. */
INTERNAL bool sleeper_sleep(struct sleeper *sleeper, int64_t deadline);

#endif
