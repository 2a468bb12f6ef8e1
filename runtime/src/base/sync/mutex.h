/*
 * A mutex of one word. On 64-bit Linux it is a futex: locking and unlocking without contention are
 * one atomic operation each, less than with the C library's mutex. Elsewhere (and with
 * BERTH_NO_FUTEX) it is a POSIX mutex.
 *
 * ThreadSanitizer and valgrind's tools know POSIX mutexes. They do not see what the library's
 * atomic operations order, because the library is not instrumented. So the mutex becomes a POSIX
 * mutex when such a tool observes the program. Its word is then never MUTEX_FREE and never
 * MUTEX_TAKEN, and all calls take the slow path.
 */
#ifndef BERTH_SRC_MUTEX_H
#define BERTH_SRC_MUTEX_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "../linkage.h"

#if defined __linux__ && defined __LP64__ && !defined BERTH_NO_FUTEX
#define BERTH_FUTEXES 1
#endif

#ifdef BERTH_FUTEXES

struct mutex {
    atomic_uint word;      /* MUTEX_FREE, ... */
    pthread_mutex_t posix; /* only when observed */
};

enum {
    MUTEX_FREE,
    MUTEX_TAKEN,
    MUTEX_CONTENDED,          /* taken, and a thread may sleep */
    MUTEX_OBSERVED = 1 << 30, /* or less: each thread that unlocks subtracts 1 for a moment */
    MUTEX_LEAST_OBSERVED = MUTEX_OBSERVED / 2
};

internal cold void mutex_lock_slow(struct mutex *mutex);
internal cold void mutex_unlock_slow(struct mutex *mutex);

/* False: another thread holds it. */
static inline bool mutex_try_lock(struct mutex *mutex)
{
    unsigned expected = MUTEX_FREE;

    return atomic_compare_exchange_strong_explicit(&mutex->word, &expected, MUTEX_TAKEN,
                                                   memory_order_acquire, memory_order_relaxed);
}

static inline void mutex_lock(struct mutex *mutex)
{
    if (!mutex_try_lock(mutex))
        mutex_lock_slow(mutex);
}

static inline void mutex_unlock(struct mutex *mutex)
{
    if (atomic_fetch_sub_explicit(&mutex->word, 1, memory_order_release) != MUTEX_TAKEN)
        mutex_unlock_slow(mutex);
}

#else

struct mutex {
    pthread_mutex_t mutex;
};

static inline bool mutex_try_lock(struct mutex *mutex)
{
    return pthread_mutex_trylock(&mutex->mutex) == 0;
}

static inline void mutex_lock(struct mutex *mutex)
{
    (void)pthread_mutex_lock(&mutex->mutex);
}

static inline void mutex_unlock(struct mutex *mutex)
{
    (void)pthread_mutex_unlock(&mutex->mutex);
}

#endif

/* Does a tool observe this program that knows POSIX mutexes alone? */
internal bool mutex_is_observed(void);

/* `observed`: what mutex_is_observed() says. 0, or a negative errno value. */
internal int mutex_init(struct mutex *mutex, bool observed);
internal void mutex_destroy(struct mutex *mutex);

/* A pause between two reads of a word that another thread is about to change. */
static inline void mutex_relax(void)
{
#if defined __x86_64__
    __builtin_ia32_pause();
#elif defined __aarch64__
    __asm__ volatile("yield");
#endif
}

#endif
