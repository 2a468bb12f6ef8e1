#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1 /* syscall() */
#endif

#include <berth/berth.h>

#ifndef BERTH_NO_THREADS

#include <stdlib.h>
#include <string.h>

#include "mutex.h"

/* ThreadSanitizer sees the atomic operations of what it has compiled. */
#if defined __SANITIZE_THREAD__
#define INSTRUMENTED 1
#elif defined __has_feature
#if __has_feature(thread_sanitizer)
#define INSTRUMENTED 1
#endif
#endif

#ifdef INSTRUMENTED

bool mutex_is_observed(void)
{
    return false;
}

#else

/* Programs compiled with ThreadSanitizer have it. */
/* NOLINTNEXTLINE(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */
extern void __tsan_init(void) __attribute__((weak));

/* Valgrind preloads a library of the tool, and leaves its name in the environment. */
bool mutex_is_observed(void)
{
    const char *preloaded = getenv("LD_PRELOAD");

    return __tsan_init || (preloaded && (strstr(preloaded, "vgpreload_helgrind") ||
                                         strstr(preloaded, "vgpreload_drd")));
}

#endif

#ifdef BERTH_FUTEXES

#include "futex.h"

/*
 * A thread holds the lock for less time than another one needs to fall asleep. So the other one
 * first looks again a few times. The back-off grows, because each look takes the cache line of the
 * word away from the holder.
 */
enum { LONGEST_BACK_OFF = 128 /* calls of mutex_relax() */ };

int mutex_init(struct mutex *mutex, bool observed)
{
    atomic_init(&mutex->word, observed ? MUTEX_OBSERVED : MUTEX_FREE);
    return observed ? -pthread_mutex_init(&mutex->posix, NULL) : 0;
}

static bool is_observed(struct mutex *mutex)
{
    return atomic_load_explicit(&mutex->word, memory_order_relaxed) >= MUTEX_LEAST_OBSERVED;
}

void mutex_destroy(struct mutex *mutex)
{
    if (is_observed(mutex))
        (void)pthread_mutex_destroy(&mutex->posix);
}

void mutex_lock_slow(struct mutex *mutex)
{
    if (is_observed(mutex)) {
        (void)pthread_mutex_lock(&mutex->posix);
        return;
    }
    for (int pauses = 1; pauses <= LONGEST_BACK_OFF; pauses *= 2) {
        unsigned word;

        for (int i = 0; i < pauses; i++)
            mutex_relax();
        word = atomic_load_explicit(&mutex->word, memory_order_relaxed);
        if (word == MUTEX_FREE &&
            atomic_compare_exchange_weak_explicit(&mutex->word, &word, MUTEX_TAKEN,
                                                  memory_order_acquire, memory_order_relaxed))
            return;
    }
    while (atomic_exchange_explicit(&mutex->word, MUTEX_CONTENDED, memory_order_acquire) !=
           MUTEX_FREE)
        (void)futex_wait(&mutex->word, MUTEX_CONTENDED, BERTH_NO_DEADLINE);
}

/* The word is one less than it was. No other thread gets the mutex before it is MUTEX_FREE. */
void mutex_unlock_slow(struct mutex *mutex)
{
    if (is_observed(mutex)) {
        (void)atomic_fetch_add_explicit(&mutex->word, 1, memory_order_relaxed);
        (void)pthread_mutex_unlock(&mutex->posix);
        return;
    }
    atomic_store_explicit(&mutex->word, MUTEX_FREE, memory_order_release);
    futex_wake(&mutex->word);
}

#else

int mutex_init(struct mutex *mutex, bool observed)
{
    (void)observed;
    return -pthread_mutex_init(&mutex->mutex, NULL);
}

void mutex_destroy(struct mutex *mutex)
{
    (void)pthread_mutex_destroy(&mutex->mutex);
}

#endif

#endif
