/* The identity of threads. */
#ifndef BERTH_SRC_THREAD_H
#define BERTH_SRC_THREAD_H

#ifdef BERTH_NO_THREADS

typedef int thread_id;

#define thread_self() 0
#define thread_same(a, b) ((a) == (b))

#else

#include <pthread.h>

typedef pthread_t thread_id;

#define thread_self() pthread_self()
#define thread_same(a, b) (pthread_equal(a, b) != 0)

#endif
#endif
