/*
 * What a UUID costs: libuuid's own, and from the runtime's pool of random bytes.
 *
 *   cc -O2 -Iruntime/src -o build/bench-uuid bench/uuid.c runtime/src/base/data/uuid.c -luuid &&
 *   build/bench-uuid
 */
#define _POSIX_C_SOURCE 200809L

#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include "base/data/uuid.h"

enum { N = 1000000 };

static double seconds(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

int main(void)
{
    struct uuid_source source;
    uuid_t id;
    double start, libuuid, pool;

    start = seconds();
    for (int i = 0; i < N; i++)
        uuid_generate_random(id);
    libuuid = seconds() - start;
    uuid_source_init(&source, NULL, NULL);
    start = seconds();
    for (int i = 0; i < N; i++)
        (void)uuid_source_next(&source, id);
    pool = seconds() - start;
    uuid_source_clear(&source);
    printf("uuid_generate_random: %.0f ns, pool: %.0f ns\n", libuuid / N * 1e9, pool / N * 1e9);
    return 0;
}
