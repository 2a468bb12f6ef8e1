/* Sleeping and waking: see sleeper.h. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1 /* syscall() */
#endif

#include "sleeper.h"

#ifndef BERTH_NO_THREADS

#ifdef BERTH_FUTEXES

#include "futex.h"

static void set_state(struct sleeper *sleeper, unsigned state)
{
    /* helgrind calls a plain store beside a load a race */
    (void)atomic_exchange_explicit(&sleeper->state, state, memory_order_release);
}

/*
 * The thread may return as soon as it sees the state. Then the kernel gets the address of something
 * else, whose sleeper looks again.
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
 * The sleepers that one thread wakes. Each takes time, and may take the processor. With more of
 * them this thread returns late, with fewer the last sleeper does.
 */
enum { WOKEN_BY_ONE = 8 };

void sleeper_add(struct sleepers *sleepers, struct sleeper *sleeper)
{
    if (sleepers->awake)
        futex_wake(&sleepers->awake->state);
    set_state(sleeper, SLEEPER_AWAKE);
    sleepers->awake = sleeper;
}

bool sleeper_excuse(struct sleepers *sleepers, struct sleeper *sleeper)
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

void sleeper_wake_all(struct sleepers *sleepers)
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

#include "clock.h"

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
    bool passes = clock_can_pass(deadline, &until);
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

/* The state is final, or the lock is held. */
bool sleeper_leaves(struct sleeper *sleeper)
{
    return sleeper->state == SLEEPER_GONE;
}

void sleeper_reset(struct sleeper *sleeper)
{
    (void)change(sleeper, SLEEPER_AWAKE, SLEEPER_ASLEEP);
}

/* Wakes at once: the sleeper may be gone later. */
void sleeper_add(struct sleepers *sleepers, struct sleeper *sleeper)
{
    (void)sleepers;
    sleeper_wake(sleeper);
}

bool sleeper_excuse(struct sleepers *sleepers, struct sleeper *sleeper)
{
    (void)sleepers;
    return change(sleeper, SLEEPER_ASLEEP, SLEEPER_GONE);
}

void sleeper_wake_all(struct sleepers *sleepers)
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
