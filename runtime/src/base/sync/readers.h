/*
 * Readers: threads that only look. They share the lock beside its mutex.
 *
 * Threads hold the mutex for a short time. Passing it between processors takes longer than that. So
 * after some contention between readers, the lock opens for readers. Each reader then counts itself
 * in a slot, which its processor has for itself, and takes no mutex. The next writer closes the
 * lock for readers, and waits until all slots are empty. Without contention between readers all of
 * this costs one comparison.
 *
 * `contention` and the slots are sequentially consistent where it counts. A reader counts itself
 * in, and then looks whether the lock is open. A writer closes the lock, and then looks at the
 * slots. So at least one of them sees the other.
 */
#ifndef BERTH_SRC_READERS_H
#define BERTH_SRC_READERS_H

#include <stdatomic.h>

#include <berth/berth.h>

#include "../linkage.h"
#include "mutex.h"
#include "sleeper.h"

struct reader_slots;
struct reader_slot;

/*
 * The contention that opens the lock for readers. With less, a reader keeps opening a lock that a
 * busy writer closes again at once.
 */
enum { READERS_ENOUGH = 2 };

struct readers {
    struct reader_slots *_Atomic slots; /* made when first needed, freed with the lock */
    /* readers that met the mutex locked since the last writer; READERS_ENOUGH: open for readers */
    atomic_uint contention;
};

static inline void readers_init(struct readers *readers)
{
    atomic_init(&readers->slots, NULL);
    atomic_init(&readers->contention, 0);
}

internal void readers_destroy(struct readers *readers, const berth_allocator *allocator);

/* The rest of readers_enter(), for a lock that seems to be open. */
internal struct reader_slot *readers_count_in(struct readers *readers);

/* The slot that counts this thread now. NULL: the thread needs the mutex. */
static inline struct reader_slot *readers_enter(struct readers *readers)
{
    return atomic_load_explicit(&readers->contention, memory_order_acquire) == READERS_ENOUGH
               ? readers_count_in(readers)
               : NULL;
}

internal void readers_leave(struct readers *readers, struct reader_slot *slot);

/* All that follow need the mutex. */

/* A reader found the mutex locked. Without memory for slots the lock stays closed. */
internal cold void readers_note_contention(struct readers *readers,
                                           const berth_allocator *allocator);

/* The rest of readers_close(), after some contention. */
internal cold void readers_clear(struct readers *readers);

/* Closes the lock for readers, and waits until none is inside. */
static inline void readers_close(struct readers *readers)
{
    if (atomic_load_explicit(&readers->contention, memory_order_relaxed) > 0)
        readers_clear(readers);
}

#endif
