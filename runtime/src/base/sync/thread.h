/* The identity of threads. */
#ifndef BERTH_SRC_THREAD_H
#define BERTH_SRC_THREAD_H

#include <stdbool.h>

#ifdef BERTH_NO_THREADS

typedef int thread_id;

static inline thread_id thread_self(void)
{
    return 0;
}

static inline bool thread_same(thread_id a, thread_id b)
{
    return a == b;
}

#else

#include <pthread.h>

typedef pthread_t thread_id;

static inline thread_id thread_self(void)
{
    return pthread_self();
}

static inline bool thread_same(thread_id a, thread_id b)
{
    return pthread_equal(a, b) != 0;
}

#endif
#endif
