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
    return syscall(SYS_futex, word, FUTEX_WAIT_BITSET_PRIVATE, value, limit, NULL,
                   FUTEX_BITSET_MATCH_ANY) == 0 ||
           errno != ETIMEDOUT;
}

static void futex_wake(atomic_uint *word)
{
    (void)syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

/*
 * What is done under the lock takes a fraction of a microsecond, and a thread that goes to sleep
 * needs several: so it first looks again a few times. It stays away for longer each time, because
 * looking takes the word, and what is next to it, from the processor of the holder; and that may do
 * its work in one go where two that pass it to and fro take twice as long.
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

void mutex_lock_slow(struct mutex *mutex)
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
            atomic_compare_exchange_weak_explicit(&mutex->word, &word, MUTEX_TAKEN,
                                                  memory_order_acquire, memory_order_relaxed))
            return;
    }
    while (atomic_exchange_explicit(&mutex->word, MUTEX_CONTENDED, memory_order_acquire) !=
           MUTEX_FREE)
        (void)futex_wait(&mutex->word, MUTEX_CONTENDED, BERTH_NO_DEADLINE);
}

/* The word is one less than it was. It is no other thread's before it is MUTEX_FREE. */
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

static void set_state(struct sleeper *sleeper, unsigned state)
{
    /* helgrind calls a plain store beside a load a race */
    (void)atomic_exchange_explicit(&sleeper->state, state, memory_order_release);
}

/*
 * Its thread may return as soon as it sees the state, so the kernel may get the address of
 * something else. Whoever sleeps there looks again.
 */
static void wake_as(struct sleeper *sleeper, unsigned state)
{
    set_state(sleeper, state);
    futex_wake(&sleeper->state);
}

/* False: it is in another state. */
static bool leave_sleep(struct sleeper *sleeper, unsigned state)
{
    unsigned expected = SLEEPER_ASLEEP;

    return atomic_compare_exchange_strong_explicit(&sleeper->state, &expected, state,
                                                   memory_order_relaxed, memory_order_relaxed);
}

void sleeper_wake(struct sleeper *sleeper)
{
    wake_as(sleeper, SLEEPER_AWAKE);
}

bool sleeper_await(struct sleeper *sleeper, int64_t deadline)
{
    for (;;) {
        unsigned state = atomic_load_explicit(&sleeper->state, memory_order_acquire);
        bool excused = state == SLEEPER_EXCUSED;

        if (state != SLEEPER_ASLEEP && !excused)
            return true;
        if (!futex_wait(&sleeper->state, state, excused ? BERTH_NO_DEADLINE : deadline) &&
            leave_sleep(sleeper, SLEEPER_AWAKE))
            return false;
    }
}

bool sleeper_leaves(struct sleeper *sleeper)
{
    if (atomic_load_explicit(&sleeper->state, memory_order_relaxed) != SLEEPER_GONE)
        return false;
    if (sleeper->wakes)
        wake_as(sleeper->wakes, SLEEPER_GONE);
    return true;
}

void sleeper_reset(struct sleeper *sleeper)
{
    set_state(sleeper, SLEEPER_ASLEEP);
}

/*
 * How many one thread wakes. Each takes it some microseconds, in which the woken thread may take
 * its processor. With more of them, the thread itself returns late; with fewer, the last of many
 * do.
 */
enum { WOKEN_BY_ONE = 8 };

void sleepers_add(struct sleepers *sleepers, struct sleeper *sleeper)
{
    if (sleepers->awake)
        futex_wake(&sleepers->awake->state);
    set_state(sleeper, SLEEPER_AWAKE);
    sleepers->awake = sleeper;
}

bool sleepers_excuse(struct sleepers *sleepers, struct sleeper *sleeper)
{
    if (!leave_sleep(sleeper, SLEEPER_EXCUSED))
        return false;
    sleeper->next = NULL;
    sleeper->wakes = NULL;
    if (sleepers->last)
        sleepers->last->next = sleeper;
    else
        sleepers->first = sleeper;
    sleepers->last = sleeper;
    if (++sleepers->n_excused > WOKEN_BY_ONE) {
        sleepers->waker = sleepers->waker ? sleepers->waker->next : sleepers->first;
        sleepers->waker->wakes = sleeper;
    }
    return true;
}

void sleepers_wake(struct sleepers *sleepers)
{
    struct sleeper *sleeper = sleepers->first;

    if (sleepers->awake)
        futex_wake(&sleepers->awake->state);
    for (int i = 0; i < WOKEN_BY_ONE && sleeper; i++) {
        struct sleeper *next = sleeper->next;

        wake_as(sleeper, SLEEPER_GONE);
        sleeper = next;
    }
    *sleepers = (struct sleepers){0};
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
    sleeper->state = SLEEPER_ASLEEP;
}

void sleeper_destroy(struct sleeper *sleeper)
{
    (void)pthread_cond_destroy(&sleeper->condition);
    (void)pthread_mutex_destroy(&sleeper->mutex);
}

/* False: it is in another state than `from`. */
static bool change(struct sleeper *sleeper, unsigned from, unsigned to)
{
    bool changes;

    (void)pthread_mutex_lock(&sleeper->mutex);
    changes = sleeper->state == from;
    if (changes) {
        sleeper->state = to;
        (void)pthread_cond_signal(&sleeper->condition);
    }
    (void)pthread_mutex_unlock(&sleeper->mutex);
    return changes;
}

void sleeper_wake(struct sleeper *sleeper)
{
    (void)change(sleeper, SLEEPER_ASLEEP, SLEEPER_AWAKE);
}

bool sleeper_await(struct sleeper *sleeper, int64_t deadline)
{
    struct timespec until;
    bool passes = can_pass(deadline, &until);
    bool in_time = true, woken;

    (void)pthread_mutex_lock(&sleeper->mutex);
    while (in_time && sleeper->state == SLEEPER_ASLEEP) {
        if (passes)
            in_time = pthread_cond_timedwait(&sleeper->condition, &sleeper->mutex, &until) == 0;
        else
            (void)pthread_cond_wait(&sleeper->condition, &sleeper->mutex);
    }
    woken = sleeper->state != SLEEPER_ASLEEP;
    if (!woken)
        sleeper->state = SLEEPER_AWAKE;
    (void)pthread_mutex_unlock(&sleeper->mutex);
    return woken;
}

/* Nobody changes it any more, or the lock is held. */
bool sleeper_leaves(struct sleeper *sleeper)
{
    return sleeper->state == SLEEPER_GONE;
}

void sleeper_reset(struct sleeper *sleeper)
{
    (void)change(sleeper, SLEEPER_AWAKE, SLEEPER_ASLEEP);
}

/* They are woken at once: such a sleeper must not be touched when its thread has left. */
void sleepers_add(struct sleepers *sleepers, struct sleeper *sleeper)
{
    (void)sleepers;
    sleeper_wake(sleeper);
}

bool sleepers_excuse(struct sleepers *sleepers, struct sleeper *sleeper)
{
    (void)sleepers;
    return change(sleeper, SLEEPER_ASLEEP, SLEEPER_GONE);
}

void sleepers_wake(struct sleepers *sleepers)
{
    (void)sleepers;
}

#endif

bool sleeper_sleep(struct sleeper *sleeper, int64_t deadline)
{
    bool in_time = sleeper_await(sleeper, deadline);

    sleeper_reset(sleeper);
    return in_time;
}

#endif
