/* The identity of threads. */
#ifndef BERTH_SRC_THREAD_H
#define BERTH_SRC_THREAD_H

#ifdef BERTH_NO_THREADS

typedef int thread_id;

#define thread_self() 0
#define thread_same(a, b) ((a) == (b))
#define thread_yield() ((void)0)

#else

#include <pthread.h>
#include <sched.h>

typedef pthread_t thread_id;

#define thread_self() pthread_self()
#define thread_same(a, b) (pthread_equal(a, b) != 0)
#define thread_yield() ((void)sched_yield())

#endif
#endif
