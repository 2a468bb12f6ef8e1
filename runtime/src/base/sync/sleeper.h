/*
 * What one thread sleeps on. On 64-bit Linux it is a futex, elsewhere (and with BERTH_NO_FUTEX) a
 * POSIX mutex and condition. With BERTH_NO_THREADS it is nothing: no thread waits for another.
 */
#ifndef BERTH_SRC_SLEEPER_H
#define BERTH_SRC_SLEEPER_H

#include <stdbool.h>
#include <stdint.h>

#ifdef BERTH_NO_THREADS

struct sleepers {
    bool unused;
};

#define sleeper_wake_all(sleepers) ((void)(sleepers))

#else

#include "../linkage.h"
#include "mutex.h"

enum {
    SLEEPER_ASLEEP, /* or about to be */
    SLEEPER_AWAKE,
    SLEEPER_EXCUSED, /* in `sleepers`, and sleeps on until it is SLEEPER_GONE */
    SLEEPER_GONE     /* its thread does not come back to the lock */
};

#ifdef BERTH_FUTEXES

struct sleeper {
    atomic_uint state;     /* SLEEPER_ASLEEP, ... */
    struct sleeper *next;  /* among `sleepers` */
    struct sleeper *wakes; /* woken by its thread; or NULL */
};

static inline void sleeper_init(struct sleeper *sleeper)
{
    atomic_init(&sleeper->state, SLEEPER_ASLEEP);
}

static inline void sleeper_destroy(struct sleeper *sleeper)
{
    (void)sleeper;
}

#else

struct sleeper {
    pthread_mutex_t mutex;
    pthread_cond_t condition;
    unsigned state;
};

internal void sleeper_init(struct sleeper *sleeper);
internal void sleeper_destroy(struct sleeper *sleeper);

#endif

/* Wakes the thread of a sleeper. If it does not sleep, its next sleep ends at once. */
internal void sleeper_wake(struct sleeper *sleeper);

/* Only for its own thread. False: the deadline passed. It may return true early. */
internal bool sleeper_sleep(struct sleeper *sleeper, int64_t deadline);

/* The parts of sleeper_sleep(), for lock_wait(). Between them it counts as awake, or is gone. */
internal bool sleeper_await(struct sleeper *sleeper, int64_t deadline);
internal bool sleeper_leaves(struct sleeper *sleeper);
internal void sleeper_reset(struct sleeper *sleeper);

/*
 * Sleepers that a thread wakes after it has released the lock. Begins zeroed.
 *
 * Most of them are excused: their threads only have to return, and do not take the lock again. With
 * futexes the thread that has the list wakes the first few. Each woken thread wakes one more. So no
 * thread spends long on it.
 */
struct sleepers {
    struct sleeper *first, *last; /* excused */
    struct sleeper *waker;        /* the last of them that wakes one more */
    struct sleeper *awake;        /* comes back to the lock; or NULL */
    unsigned n_excused;
};

/*
 * Both need the lock. The sleeper is on the stack of its thread, and may be gone afterwards. False:
 * the thread cannot be excused, it is on its way to the lock.
 */
internal void sleeper_add(struct sleepers *sleepers, struct sleeper *sleeper);
internal bool sleeper_excuse(struct sleepers *sleepers, struct sleeper *sleeper);

/* Wakes them all, and empties the list. Touches nothing but sleepers. */
internal void sleeper_wake_all(struct sleepers *sleepers);

#endif
#endif
