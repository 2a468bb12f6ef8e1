#include <berth/berth.h>

#ifndef BERTH_NO_THREADS

#include <pthread.h>
#include <stdint.h>

#include "memory.h"
#include "readers.h"

enum { LANES = 16, CACHE_LINE = 64 };

/*
 * What is done inside takes a fraction of a microsecond, as in mutex.c: so the lanes are looked at
 * a few times before the thread goes to sleep.
 */
enum { LOOKS = 100 };

/* Or'ed to the counter: somebody sleeps until it is 0. */
#define AWAITED 0x80000000u

struct lane {
    atomic_uint inside;
    char rest[CACHE_LINE - sizeof(atomic_uint)]; /* so that no two counters are on one line,
                                                    wherever the first begins */
};

struct crowd {
    struct sleeper sleeper; /* who waits for the lanes */
    char rest[CACHE_LINE];
    struct lane lanes[LANES];
};

#if defined __linux__ && defined __GLIBC__
int sched_getcpu(void); /* <sched.h> has it only with _GNU_SOURCE, and then strerror_r() is another
                           function than in POSIX */
#endif

static unsigned processor(void)
{
#if defined __linux__ && defined __GLIBC__
    return (unsigned)sched_getcpu();
#else
    return (unsigned)(((uint64_t)(uintptr_t)pthread_self() * UINT64_C(0x9e3779b97f4a7c15)) >> 32);
#endif
}

void readers_destroy(struct readers *readers, const berth_allocator *allocator)
{
    struct crowd *crowd = atomic_load_explicit(&readers->crowd, memory_order_relaxed);

    if (!crowd)
        return;
    sleeper_destroy(&crowd->sleeper);
    memory_give(allocator, crowd, sizeof *crowd);
}

struct lane *readers_count(struct readers *readers)
{
    struct crowd *crowd = atomic_load_explicit(&readers->crowd, memory_order_relaxed);
    struct lane *lane = &crowd->lanes[processor() % LANES];

    (void)atomic_fetch_add(&lane->inside, 1);
    if (atomic_load(&readers->met) == READERS_ENOUGH)
        return lane;
    readers_leave(readers, lane);
    return NULL;
}

void readers_leave(struct readers *readers, struct lane *lane)
{
    if (atomic_fetch_sub_explicit(&lane->inside, 1, memory_order_release) == (AWAITED | 1))
        sleeper_wake(&atomic_load_explicit(&readers->crowd, memory_order_relaxed)->sleeper);
}

static bool make_crowd(struct readers *readers, const berth_allocator *allocator)
{
    struct crowd *crowd = memory_take(allocator, sizeof *crowd);

    if (!crowd)
        return false;
    sleeper_init(&crowd->sleeper);
    for (int i = 0; i < LANES; i++)
        atomic_init(&crowd->lanes[i].inside, 0);
    atomic_store_explicit(&readers->crowd, crowd, memory_order_relaxed);
    return true;
}

void readers_meet(struct readers *readers, const berth_allocator *allocator)
{
    unsigned met = atomic_load_explicit(&readers->met, memory_order_relaxed);

    if (met == READERS_ENOUGH)
        return; /* this one came before it was opened */
    if (met + 1 == READERS_ENOUGH && !atomic_load_explicit(&readers->crowd, memory_order_relaxed) &&
        !make_crowd(readers, allocator))
        return; /* the next one tries again */
    atomic_store(&readers->met, met + 1);
}

/* Who sleeps may be woken by readers that came too late, too, so it looks again. */
static void await(struct lane *lane, struct sleeper *sleeper)
{
    for (int i = 0; i < LOOKS && atomic_load(&lane->inside) > 0; i++)
        mutex_relax();
    if (atomic_fetch_or(&lane->inside, AWAITED) > 0)
        while (atomic_load(&lane->inside) != AWAITED)
            (void)sleeper_sleep(sleeper, BERTH_NO_DEADLINE);
    (void)atomic_fetch_and(&lane->inside, ~AWAITED);
}

void readers_clear(struct readers *readers)
{
    struct crowd *crowd = atomic_load_explicit(&readers->crowd, memory_order_relaxed);

    if (atomic_exchange(&readers->met, 0) < READERS_ENOUGH)
        return;
    for (int i = 0; i < LANES; i++)
        if (atomic_load(&crowd->lanes[i].inside) > 0)
            await(&crowd->lanes[i], &crowd->sleeper);
}

#endif
