/* The lock and the sleepers: POSIX threads with deadlines on CLOCK_MONOTONIC. */
#define _POSIX_C_SOURCE 200809L

#include "lock.h"

#include <time.h>

#include <berth/berth.h>

#ifndef BERTH_NO_CLOCK

int64_t berth_now(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail with this clock and a valid pointer */
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

#endif

#ifndef BERTH_NO_THREADS

int lock_init(struct lock *lock)
{
    atomic_init(&lock->open, false);
    lock->watched = false;
    return -pthread_mutex_init(&lock->mutex, NULL);
}

void sleeper_init(struct sleeper *sleeper)
{
    pthread_condattr_t attributes;

    (void)pthread_condattr_init(&attributes);
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&sleeper->condition, &attributes);
    (void)pthread_condattr_destroy(&attributes);
}

void sleeper_destroy(struct sleeper *sleeper)
{
    (void)pthread_cond_destroy(&sleeper->condition);
}

void sleeper_wake(struct sleeper *sleeper)
{
    (void)pthread_cond_signal(&sleeper->condition);
}

bool sleeper_wait(struct sleeper *sleeper, struct lock *lock, int64_t deadline)
{
    struct timespec until;
    bool in_time = true;

    if (lock->watched)
        atomic_store_explicit(&lock->open, false, memory_order_relaxed);
    if (deadline == BERTH_NO_DEADLINE) {
        (void)pthread_cond_wait(&sleeper->condition, &lock->mutex);
    } else {
        if (deadline < 0)
            deadline = 0;
        until.tv_sec = (time_t)(deadline / 1000000000);
        until.tv_nsec = (long)(deadline % 1000000000);
        in_time = pthread_cond_timedwait(&sleeper->condition, &lock->mutex, &until) == 0;
    }
    if (lock->watched)
        lock_open(lock);
    return in_time;
}

#endif
