/* Threads that run operations, and hooks that wait at a gate until the test lets them go on. */
#ifndef THREADS_H
#define THREADS_H

#include "support/depot.h"

/* A place where hooks stop. */
struct gate {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    unsigned arrived;
    unsigned open; /* how many may pass */
};

void gate_init(struct gate *gate);
/* For hooks: arrives, and waits for its turn. */
void gate_pass(struct gate *gate);
/* For the test: waits until `n` have arrived. */
void gate_wait(struct gate *gate, unsigned n);
/* Lets `n` more pass. */
void gate_open(struct gate *gate, unsigned n);

/* One operation on a thread of its own. */
struct task {
    pthread_t thread;
    struct depot *depot;
    uint8_t operation; /* 0: drain */
    const char *rack;  /* or the label */
    uint16_t shelf;
    int64_t deadline;
    uuid_t id; /* of the reservation, in or out */
    int rc;
    berth_error error;
};

void task_start(struct task *task, struct depot *depot, uint8_t operation, const char *rack);
void task_start_until(struct task *task, struct depot *depot, uint8_t operation, const char *rack,
                      int64_t deadline);
void task_start_with(struct task *task, struct depot *depot, uint8_t operation, const uuid_t id);
void task_start_reserve(struct task *task, struct depot *depot, const char *rack, uint16_t shelf);
int task_join(struct task *task);

/* Waits until `n` operations wait for a root. */
void wait_for_waiters(struct depot *depot, unsigned n);
/* Starts a task, and waits until it is the n-th that waits. */
void task_start_waiting(struct task *task, struct depot *depot, uint8_t operation, const char *rack,
                        unsigned n);

/* A hook that stops at the gate in depot->arg. */
int gated(struct depot *depot, uint8_t hook, berth_call *call, const void *view, void *out);
/* A depot, with no options and no configuration, whose hooks all do. */
void depot_start_gated(struct depot *depot, struct gate *gate);
/* The same. A task owns the root "a", and its hook waits at the gate. */
void depot_start_held(struct depot *depot, struct gate *gate, struct task *owner);

#endif
