#define _POSIX_C_SOURCE 200809L

#include "support/clock.h"

#include <stdatomic.h>
#include <time.h>

#include <berth/berth.h>

static _Atomic int64_t ahead;

int64_t berth_now(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec + atomic_load(&ahead);
}

void clock_shift(int64_t nanoseconds)
{
    atomic_store(&ahead, nanoseconds);
}

int clock_back(void **unused)
{
    (void)unused;
    clock_shift(0);
    return 0;
}

void pause_shortly(void)
{
    (void)nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
}
