#include "lock.h"

#ifndef BERTH_NO_THREADS

int lock_init(struct lock *lock)
{
    atomic_init(&lock->in_callback, false);
    lock->watched = false;
    lock->observed = mutex_is_observed();
    readers_init(&lock->readers);
    return mutex_init(&lock->mutex, lock->observed);
}

void lock_note_contention(struct lock *lock, const berth_allocator *allocator)
{
    mutex_lock(&lock->mutex);
    if (!lock->watched && !lock->observed)
        readers_note_contention(&lock->readers, allocator);
}

enum sleep lock_wait(struct lock *lock, struct sleeper *sleeper, int64_t deadline)
{
    bool in_time;

    lock_release(lock);
    in_time = sleeper_await(sleeper, deadline);
    if (sleeper_leaves(sleeper))
        return SLEEP_LEFT;
    (void)lock_acquire(lock); /* not from inside a callback, so it cannot fail */
    sleeper_reset(sleeper);   /* not before: it would seem to be asleep */
    return in_time ? SLEEP_OVER : SLEEP_LATE;
}

#endif
