#define _DEFAULT_SOURCE 1 /* syscall() */

#include <berth/berth.h>

#ifndef BERTH_NO_THREADS

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

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

/* There if the program was compiled with ThreadSanitizer. */
extern void __tsan_init(void) __attribute__((weak)); /* NOLINT(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

/* Valgrind preloads a library of the tool, and leaves its name in the environment. */
bool mutex_is_observed(void)
{
    const char *preloaded = getenv("LD_PRELOAD");

    return __tsan_init || (preloaded && (strstr(preloaded, "vgpreload_helgrind") || strstr(preloaded, "vgpreload_drd")));
}

#endif

/*
 * False: the clock never gets there. There is no deadline, or it has more seconds than a time_t of
 * 32 bits can count, and so has the clock.
 */
static bool can_pass(int64_t deadline, struct timespec *until)
{
    int64_t from_start = deadline > 0 ? deadline : 0;

    until->tv_sec = (time_t)(from_start / 1000000000);
    until->tv_nsec = (long)(from_start % 1000000000);
    return deadline != BERTH_NO_DEADLINE && (int64_t)until->tv_sec == from_start / 1000000000;
}

#if defined __linux__ && defined __LP64__ && !defined BERTH_NO_FUTEX

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Sleeps while the word is `value`. False: the deadline passed. */
static bool futex_wait(atomic_uint *word, unsigned value, int64_t deadline)
{
    struct timespec until;
    const struct timespec *limit = can_pass(deadline, &until) ? &until : NULL;

    /* with FUTEX_WAIT_BITSET the time is a point in CLOCK_MONOTONIC time */
    return syscall(SYS_futex, word, FUTEX_WAIT_BITSET_PRIVATE, value, limit, NULL, FUTEX_BITSET_MATCH_ANY) == 0 || errno != ETIMEDOUT;
}

static void futex_wake(atomic_uint *word)
{
    (void)syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

/*
 * What is done under the lock takes a fraction of a microsecond, and a thread that goes to sleep needs several: so it first looks again a few
 * times. It stays away for longer each time, because looking takes the word, and what is next to it, from the processor of the holder; and that
 * may do its work in one go where two that pass it to and fro take twice as long.
 */
enum { LONGEST_AWAY = 128 /* in times of mutex_relax() */ };

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

void mutex_take_slowly(struct mutex *mutex)
{
    if (is_observed(mutex)) {
        (void)pthread_mutex_lock(&mutex->posix);
        return;
    }
    for (int away = 1; away <= LONGEST_AWAY; away *= 2) {
        unsigned word;

        for (int i = 0; i < away; i++)
            mutex_relax();
        word = atomic_load_explicit(&mutex->word, memory_order_relaxed);
        if (word == MUTEX_FREE &&
            atomic_compare_exchange_weak_explicit(&mutex->word, &word, MUTEX_TAKEN, memory_order_acquire, memory_order_relaxed))
            return;
    }
    while (atomic_exchange_explicit(&mutex->word, MUTEX_CROWDED, memory_order_acquire) != MUTEX_FREE)
        (void)futex_wait(&mutex->word, MUTEX_CROWDED, BERTH_NO_DEADLINE);
}

/* The word is one less than it was. It is no other thread's before it is MUTEX_FREE. */
void mutex_drop_slowly(struct mutex *mutex)
{
    if (is_observed(mutex)) {
        (void)atomic_fetch_add_explicit(&mutex->word, 1, memory_order_relaxed);
        (void)pthread_mutex_unlock(&mutex->posix);
        return;
    }
    atomic_store_explicit(&mutex->word, MUTEX_FREE, memory_order_release);
    futex_wake(&mutex->word);
}

void sleeper_wake(struct sleeper *sleeper)
{
    (void)atomic_exchange_explicit(&sleeper->woken, 1, memory_order_release); /* helgrind calls a plain store beside a load a race */
    futex_wake(&sleeper->woken);
}

bool sleeper_sleep(struct sleeper *sleeper, int64_t deadline)
{
    bool in_time = true;

    while (in_time && atomic_load_explicit(&sleeper->woken, memory_order_acquire) == 0)
        in_time = futex_wait(&sleeper->woken, 0, deadline);
    return atomic_exchange_explicit(&sleeper->woken, 0, memory_order_acquire) == 1 || in_time;
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

void sleeper_init(struct sleeper *sleeper)
{
    pthread_condattr_t attributes;

    (void)pthread_mutex_init(&sleeper->mutex, NULL);
    (void)pthread_condattr_init(&attributes);
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&sleeper->condition, &attributes);
    (void)pthread_condattr_destroy(&attributes);
    sleeper->woken = false;
}

void sleeper_destroy(struct sleeper *sleeper)
{
    (void)pthread_cond_destroy(&sleeper->condition);
    (void)pthread_mutex_destroy(&sleeper->mutex);
}

void sleeper_wake(struct sleeper *sleeper)
{
    (void)pthread_mutex_lock(&sleeper->mutex);
    sleeper->woken = true;
    (void)pthread_cond_signal(&sleeper->condition);
    (void)pthread_mutex_unlock(&sleeper->mutex);
}

bool sleeper_sleep(struct sleeper *sleeper, int64_t deadline)
{
    struct timespec until;
    bool passes = can_pass(deadline, &until);
    bool in_time = true, woken;

    (void)pthread_mutex_lock(&sleeper->mutex);
    while (in_time && !sleeper->woken) {
        if (passes)
            in_time = pthread_cond_timedwait(&sleeper->condition, &sleeper->mutex, &until) == 0;
        else
            (void)pthread_cond_wait(&sleeper->condition, &sleeper->mutex);
    }
    woken = sleeper->woken;
    sleeper->woken = false;
    (void)pthread_mutex_unlock(&sleeper->mutex);
    return woken;
}

#endif
#endif
