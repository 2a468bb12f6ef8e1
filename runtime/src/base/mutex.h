/*
 * What the lock and the sleepers are made of: a mutex of one word, and what one thread sleeps on.
 * On 64-bit Linux they are futexes: taking and dropping a mutex that nobody else wants are one
 * atomic operation each, where a call of the C library's mutex costs twice that, and an operation
 * does it several times. Elsewhere (and with BERTH_NO_FUTEX) they are POSIX mutexes and conditions.
 *
 * ThreadSanitizer and valgrind's tools know POSIX mutexes. They do not see what the library's
 * atomic operations order, because the library is not instrumented. So the mutex becomes a POSIX
 * mutex when such a tool observes the program: its word is then never MUTEX_FREE and never
 * MUTEX_TAKEN, and both ways lead to the functions for the seldom case.
 */
#ifndef BERTH_SRC_MUTEX_H
#define BERTH_SRC_MUTEX_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "linkage.h"

enum {
    SLEEPER_ASLEEP, /* or about to be */
    SLEEPER_AWAKE,
    SLEEPER_EXCUSED, /* in `sleepers`, and sleeps on until it is SLEEPER_GONE */
    SLEEPER_GONE     /* its thread does not come back to the lock */
};

#if defined __linux__ && defined __LP64__ && !defined BERTH_NO_FUTEX

struct mutex {
    atomic_uint word;      /* MUTEX_FREE, ... */
    pthread_mutex_t posix; /* only when observed */
};

enum {
    MUTEX_FREE,
    MUTEX_TAKEN,
    MUTEX_CONTENDED,          /* taken, and a thread may sleep */
    MUTEX_OBSERVED = 1 << 30, /* or a few less: threads that drop it take one away for a moment */
    MUTEX_LEAST_OBSERVED = MUTEX_OBSERVED / 2
};

struct sleeper {
    atomic_uint state;     /* SLEEPER_ASLEEP, ... */
    struct sleeper *next;  /* among `sleepers` */
    struct sleeper *wakes; /* by its thread, NULL: nobody */
};

internal cold void mutex_lock_slow(struct mutex *mutex);
internal cold void mutex_unlock_slow(struct mutex *mutex);

/* False: somebody has it. */
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

static inline void sleeper_init(struct sleeper *sleeper)
{
    atomic_init(&sleeper->state, SLEEPER_ASLEEP);
}

static inline void sleeper_destroy(struct sleeper *sleeper)
{
    (void)sleeper;
}

#else

struct mutex {
    pthread_mutex_t mutex;
};

struct sleeper {
    pthread_mutex_t mutex;
    pthread_cond_t condition;
    unsigned state;
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

internal void sleeper_init(struct sleeper *sleeper);
internal void sleeper_destroy(struct sleeper *sleeper);

#endif

/*
 * Does a tool look for races in this program that knows POSIX mutexes, but does not see what the
 * library's atomic operations order?
 */
internal bool mutex_is_observed(void);

/* `observed`: what mutex_is_observed() says. 0, or a negative errno value. */
internal int mutex_init(struct mutex *mutex, bool observed);
internal void mutex_destroy(struct mutex *mutex);

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
internal void sleeper_wake(struct sleeper *sleeper);

/*
 * Until it is woken, once for each time; only its own thread. False: the deadline (as in backend.h)
 * passed. It may return true early.
 */
internal bool sleeper_sleep(struct sleeper *sleeper, int64_t deadline);

/*
 * The two halves of that, for sleeper_wait() in lock.h. Between them the sleeper counts as awake,
 * or is gone: sleeper_leaves().
 */
internal bool sleeper_await(struct sleeper *sleeper, int64_t deadline);
internal bool sleeper_leaves(struct sleeper *sleeper);
internal void sleeper_reset(struct sleeper *sleeper);

/*
 * Sleepers that a thread wakes when it has given the lock back. Begins zeroed.
 *
 * Most of them are excused: their threads have nothing left to do but to return, and do not take
 * the lock again. With futexes the thread that has the list wakes only the first few, and each that
 * was woken wakes another one. So nobody is kept for long.
 */
struct sleepers {
    struct sleeper *first, *last; /* excused */
    struct sleeper *waker;        /* the last of them that has somebody to wake */
    struct sleeper *awake;        /* comes back to the lock; NULL: nobody */
    unsigned n_excused;
};

/*
 * Both with the lock held. After this the sleeper, which is on the stack of its thread, may be gone
 * at any time. False: the thread cannot be excused, it is on its way to the lock.
 */
internal void sleepers_add(struct sleepers *sleepers, struct sleeper *sleeper);
internal bool sleepers_excuse(struct sleepers *sleepers, struct sleeper *sleeper);

/* Wakes them, and empties the list. Touches nothing but sleepers. */
internal void sleepers_wake(struct sleepers *sleepers);

#endif
