/* The clock that deadlines are given by: berth_now(). */
#ifndef BERTH_SRC_CLOCK_H
#define BERTH_SRC_CLOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include <berth/berth.h>

/* False: it never passes. There is none, or a time_t of 32 bits cannot count its seconds. */
static inline bool clock_can_pass(int64_t deadline, struct timespec *until)
{
    int64_t from_start = deadline > 0 ? deadline : 0;

    until->tv_sec = (time_t)(from_start / 1000000000);
    until->tv_nsec = (long)(from_start % 1000000000);
    return deadline != BERTH_NO_DEADLINE && (int64_t)until->tv_sec == from_start / 1000000000;
}

#endif
