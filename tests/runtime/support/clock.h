/*
 * The clock of the tests: what berth_now() says can be moved, so that deadlines pass when a test
 * wants it, and not before. These tests are linked with a library that was compiled without a clock
 * (BERTH_NO_CLOCK). Threads that sleep until a deadline go by the machine's clock as ever.
 */
#ifndef CLOCK_H
#define CLOCK_H

#include <stdint.h>

/* Nanoseconds that no test takes. */
#define HOUR INT64_C(3600000000000)

/*
 * From now on berth_now() is this much ahead of the machine's clock; negative: behind. 0: as it
 * was.
 */
void clock_shift(int64_t nanoseconds);

/* The same with 0, as a teardown of tests that move it. */
int clock_back(void **unused);

/* A short sleep, for loops that wait until something is seen. */
void pause_shortly(void);

#endif
