#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1 /* clock_gettime() */
#endif

#include "clock.h"

#ifndef BERTH_NO_CLOCK

int64_t berth_now(void)
{
    struct timespec now;

    /* cannot fail with this clock and a valid pointer */
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

#endif
