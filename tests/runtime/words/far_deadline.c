/*
 * A thread that may sleep for 73 years, which is more seconds than 31 bits count, is woken and not
 * late. For machines without cmocka.
 */
#define _POSIX_C_SOURCE 200809L

#include <pthread.h>
#include <stdio.h>
#include <time.h>

#include <berth/berth.h>

#include "base/sync/sleeper.h"

static const struct timespec shortly = {.tv_nsec = 100000000};

static void *wake(void *sleeper)
{
    (void)nanosleep(&shortly, NULL);
    sleeper_wake(sleeper);
    return NULL;
}

int main(void)
{
    static const int64_t deadlines[] = {INT64_MAX / 4, INT64_MAX / 2, BERTH_NO_DEADLINE - 1,
                                        BERTH_NO_DEADLINE};
    int64_t begin = berth_now();
    struct sleeper sleeper;

    sleeper_init(&sleeper);
    if (sleeper_sleep(&sleeper, begin + shortly.tv_nsec / 10) ||
        berth_now() < begin + shortly.tv_nsec / 10)
        return puts("a near deadline does not pass"), 1;
    for (unsigned i = 0; i < sizeof deadlines / sizeof *deadlines; i++) {
        pthread_t thread;

        begin = berth_now();
        if (pthread_create(&thread, NULL, wake, &sleeper) != 0)
            return 1;
        if (!sleeper_sleep(&sleeper, deadlines[i]) || berth_now() - begin < shortly.tv_nsec)
            return puts("a far deadline passes at once"), 1;
        (void)pthread_join(thread, NULL);
    }
    sleeper_destroy(&sleeper);
    return 0;
}
