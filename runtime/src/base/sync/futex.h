/* Futexes of Linux: a thread sleeps while a word has some value. */
#ifndef BERTH_SRC_FUTEX_H
#define BERTH_SRC_FUTEX_H

#include <errno.h>
#include <stdatomic.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "clock.h"

/* Sleeps while the word is `value`. False: the deadline passed. */
static inline bool futex_wait(atomic_uint *word, unsigned value, int64_t deadline)
{
    struct timespec until;
    const struct timespec *limit = clock_can_pass(deadline, &until) ? &until : NULL;

    /* with FUTEX_WAIT_BITSET the time is a point in CLOCK_MONOTONIC time */
    return syscall(SYS_futex, word, FUTEX_WAIT_BITSET_PRIVATE, value, limit, NULL,
                   FUTEX_BITSET_MATCH_ANY) == 0 ||
           errno != ETIMEDOUT;
}

static inline void futex_wake(atomic_uint *word)
{
    (void)syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

#endif
