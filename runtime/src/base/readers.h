/*
 * Readers: threads that only look, beside the mutex of a lock.
 *
 * A mutex that several threads take for some tens of nanoseconds each is passed between their
 * processors for longer than it is held. So when some that only look have met at it, and nobody
 * changed anything meanwhile, it is opened to readers: each then counts itself in a lane, which is
 * a counter that its processor has for itself, and takes no mutex. The next thread that wants to
 * change something closes it, and waits until the lanes are empty. Whoever meets nobody, or always
 * changes something, pays for one comparison.
 *
 * `met` and the lanes are sequentially consistent where it counts: a reader counts itself and then
 * looks whether it is open, and whoever closes does so and then looks at the lanes; so at least one
 * of them sees the other.
 */
#ifndef BERTH_SRC_READERS_H
#define BERTH_SRC_READERS_H

#include <stdatomic.h>

#include <berth/berth.h>

#include "linkage.h"
#include "mutex.h"

struct crowd;
struct lane;

/*
 * That have met, to open it to them. With one, a reader keeps opening what a thread that changes
 * something all the time closes again at once.
 */
enum { READERS_ENOUGH = 2 };

struct readers {
    struct crowd *_Atomic crowd; /* made when first needed, for as long as the lock */
    atomic_uint met;             /* that found the mutex taken, since somebody changed something;
                                    READERS_ENOUGH: it is open */
};

static inline void readers_init(struct readers *readers)
{
    atomic_init(&readers->crowd, NULL);
    atomic_init(&readers->met, 0);
}

internal void readers_destroy(struct readers *readers, const berth_allocator *allocator);

/* For readers_enter(), when it seems to be open. */
internal struct lane *readers_count(struct readers *readers);

/*
 * The lane that this thread is now counted in, or NULL: it is closed, and the thread needs the
 * mutex.
 */
static inline struct lane *readers_enter(struct readers *readers)
{
    return atomic_load_explicit(&readers->met, memory_order_acquire) == READERS_ENOUGH
               ? readers_count(readers)
               : NULL;
}

internal void readers_leave(struct readers *readers, struct lane *lane);

/* The rest with the mutex held. */

/* A reader found it taken. Without memory for lanes it stays closed. */
internal cold void readers_meet(struct readers *readers, const berth_allocator *allocator);

/* For readers_close(), when there have been any. */
internal cold void readers_clear(struct readers *readers);

/* Waits until nobody is inside. */
static inline void readers_close(struct readers *readers)
{
    if (atomic_load_explicit(&readers->met, memory_order_relaxed) > 0)
        readers_clear(readers);
}

#endif
