/* Threads that only look: see readers.h. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1 /* sched_getcpu() */
#endif

#include <berth/berth.h>

#ifndef BERTH_NO_THREADS

#include <pthread.h>
#include <sched.h>
#include <stdint.h>

#include "../store/memory.h"
#include "readers.h"

enum { READER_SLOTS = 16, CACHE_LINE = 64 };

/* Looks of a writer at a slot before it sleeps. A reader leaves before the writer could sleep. */
enum { LOOKS = 100 };

/* A bit of the counter: a writer sleeps until the rest is 0. */
#define AWAITED 0x80000000u

struct reader_slot {
    atomic_uint inside;
    char rest[CACHE_LINE - sizeof(atomic_uint)]; /* no two counters share a cache line */
};

struct reader_slots {
    struct sleeper sleeper; /* of the writer that waits */
    char rest[CACHE_LINE];
    struct reader_slot each[READER_SLOTS];
};

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
    struct reader_slots *slots = atomic_load_explicit(&readers->slots, memory_order_relaxed);

    if (!slots)
        return;
    sleeper_destroy(&slots->sleeper);
    memory_free(allocator, slots, sizeof *slots);
}

struct reader_slot *readers_count_in(struct readers *readers)
{
    struct reader_slots *slots = atomic_load_explicit(&readers->slots, memory_order_relaxed);
    struct reader_slot *slot = &slots->each[processor() % READER_SLOTS];

    (void)atomic_fetch_add(&slot->inside, 1);
    if (atomic_load(&readers->contention) == READERS_ENOUGH)
        return slot;
    readers_leave(readers, slot);
    return NULL;
}

void readers_leave(struct readers *readers, struct reader_slot *slot)
{
    if (atomic_fetch_sub_explicit(&slot->inside, 1, memory_order_release) == (AWAITED | 1))
        sleeper_wake(&atomic_load_explicit(&readers->slots, memory_order_relaxed)->sleeper);
}

static bool make_slots(struct readers *readers, const berth_allocator *allocator)
{
    struct reader_slots *slots = memory_alloc(allocator, sizeof *slots);

    if (!slots)
        return false;
    sleeper_init(&slots->sleeper);
    for (int i = 0; i < READER_SLOTS; i++)
        atomic_init(&slots->each[i].inside, 0);
    atomic_store_explicit(&readers->slots, slots, memory_order_relaxed);
    return true;
}

void readers_note_contention(struct readers *readers, const berth_allocator *allocator)
{
    unsigned contention = atomic_load_explicit(&readers->contention, memory_order_relaxed);

    if (contention == READERS_ENOUGH)
        return; /* it found the mutex locked before the lock was opened */
    if (contention + 1 == READERS_ENOUGH &&
        !atomic_load_explicit(&readers->slots, memory_order_relaxed) &&
        !make_slots(readers, allocator))
        return; /* the next one tries again */
    atomic_store(&readers->contention, contention + 1);
}

/* Late readers wake the sleeper too, so it looks again. */
static void await(struct reader_slot *slot, struct sleeper *sleeper)
{
    for (int i = 0; i < LOOKS && atomic_load(&slot->inside) > 0; i++)
        mutex_relax();
    if (atomic_fetch_or(&slot->inside, AWAITED) > 0)
        while (atomic_load(&slot->inside) != AWAITED)
            (void)sleeper_sleep(sleeper, BERTH_NO_DEADLINE);
    (void)atomic_fetch_and(&slot->inside, ~AWAITED);
}

void readers_clear(struct readers *readers)
{
    struct reader_slots *slots = atomic_load_explicit(&readers->slots, memory_order_relaxed);

    if (atomic_exchange(&readers->contention, 0) < READERS_ENOUGH)
        return;
    for (int i = 0; i < READER_SLOTS; i++)
        if (atomic_load(&slots->each[i].inside) > 0)
            await(&slots->each[i], &slots->sleeper);
}

#endif
