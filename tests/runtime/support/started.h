/*
 * Started operations of the depot: each in a job, which knows how it went; and hooks that pend and
 * leave their tokens.
 */
#ifndef STARTED_H
#define STARTED_H

#include <stdatomic.h>

#include "support/depot.h"

enum { JOB_STRANGE = 12345 }; /* the code of a job that is not done */

struct job {
    depot_op op;
    struct path path;
    berth_error error;
    struct depot *depot;
    unsigned char *id; /* of the reservation, in or out; the caller's */
    bool no_block;     /* the allocator gives the block */
    bool keep;         /* leave the block as it is at the end; else it is scribbled over */
    atomic_int code;
    atomic_uint n_done;
    /* this one was done as the nth, from 1, of all that were set to count in `counter` */
    unsigned nth;
    atomic_uint *counter;
    void (*then)(struct job *job, int code); /* called by `done`; NULL: nothing */
    void *arg;
};

void job_init(struct job *job, struct depot *depot);
/*
 * Starts an operation by path, label or reservation (job->id), as its form wants; what start
 * returned. `operation` 0: drain.
 */
int job_start(struct job *job, uint8_t operation, const char *rack, int64_t deadline);
/* The same with a request of the test's own. */
int job_request(struct job *job, const berth_request *request);
/* job_start() after job_init(), without a deadline; must be accepted. */
void job_go(struct job *job, struct depot *depot, uint8_t operation, const char *rack);
int job_cancel(struct job *job);

/* Done once, with this code, which the error has too. */
#define assert_done(job, expected) check_done(job, expected, __FILE__, __LINE__)
void check_done(struct job *job, int expected, const char *file, int line);
#define assert_not_done(job) assert_int_equal(atomic_load(&(job)->n_done), 0)

/* Every hook pends, and is listed here in order of its call. */
struct shelf_of_calls {
    pthread_mutex_t lock;
    unsigned n;
    struct {
        berth_token token;
        berth_call *call;
        unsigned notified;
        int registered; /* what berth_call_on_cancel() returned */
    } calls[256];
};
void shelf_init(struct shelf_of_calls *shelf, struct depot *depot);
int shelved(struct depot *depot, uint8_t hook, berth_call *call, const void *view, void *out);
/* Completes the nth call, from 0. */
int shelf_complete(struct shelf_of_calls *shelf, unsigned n, int result);
/* A depot, with no options and no configuration, that has such hooks. */
void depot_start_shelved(struct depot *depot, struct shelf_of_calls *shelf);

/* A hook that pends, and leaves its token in the berth_token that depot->arg points to. */
int leave_token(struct depot *depot, uint8_t hook, berth_call *call, const void *view, void *out);

#endif
