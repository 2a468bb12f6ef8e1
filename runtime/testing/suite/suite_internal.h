/* The inside of the conformance suites' library. */
#ifndef BERTH_SUITE_INTERNAL_H
#define BERTH_SUITE_INTERNAL_H

#include <pthread.h>

#include <berth/suite.h>

struct berth_suite_text {
    berth_suite *suite; /* gives UUIDs their labels */
    char *data;         /* NUL-terminated */
    size_t length;
    size_t capacity;
};

/* Counts a manager's memory, and fails one allocation. */
typedef struct suite_memory {
    pthread_mutex_t lock;
    size_t blocks;
    size_t asked;    /* allocations since `fail_at` was set */
    size_t fail_at;  /* 1-based number of the allocation that fails; 0: none */
    bool failed;     /* that allocation has failed */
    bool wrong_size; /* a block was released with another size than it had */
    bool guarded;    /* bytes behind each block are watched; sanitizers see less then */
    bool overrun;    /* watched bytes were written */
} suite_memory;

/* Something the backend holds, or may hold. */
typedef struct suite_held {
    uint8_t hook;
    const void *instance;
} suite_held;

/* An instance in a snapshot, to number it and to name its parent. */
typedef struct suite_item {
    const void *instance;
    uint8_t resource;
    unsigned number;
} suite_item;

/* The common part of all tests of one program. */
typedef struct suite_group {
    const berth_suite_manager *manager;
    unsigned *taken; /* [1 .. n_rows]: outcomes seen, as in berth_suite_row.declared */
    bool narrate;
    bool stop;
} suite_group;

typedef void suite_during(berth_suite *suite, uint8_t hook);

#define SUITE_HOUR INT64_C(3600000000000) /* longer than any test */

/* How operations are run, and how their hooks answer. */
typedef enum suite_mode {
    SUITE_BLOCKING, /* the blocking functions; hooks answer at once */
    /* started, with a block from the allocator; hooks answer at once; completions do not count */
    SUITE_AT_ONCE,
    SUITE_EARLY, /* started; hooks are pending, and completed before they return */
    SUITE_LATER, /* started; hooks are pending, and completed when the start has returned */
    SUITE_LOOP /* the same in an event loop: a completion only wakes it, all else happens in poll */
} suite_mode;

/* A call whose hook is pending. */
typedef struct suite_pending {
    struct suite_pending *next; /* the next one that began */
    berth_call *call;
    berth_token token;
    uint8_t hook;
    int answer;
    void *out; /* a copy of the out-values for the completion; NULL: those of the hook */
    uint32_t out_size;
} suite_pending;

/*
 * A started operation. It lives until the suite ends, so that a second call of its `done` is
 * noticed.
 */
typedef struct suite_job {
    struct suite_job *next;
    berth_suite *suite;
    const berth_suite_function *function; /* NULL: drain */
    berth_suite_call call;
    struct suite_call_buffers *buffers; /* what `call` points to until it is over */
    berth_error *error;                 /* the caller's, filled in at the end */
    unsigned char *gives;
    int refused;     /* the result of the start */
    unsigned n_done; /* calls of `done` */
    int code;        /* the code of the last call */
    unsigned order;  /* jobs of the suite that were over before */
    bool keeps;      /* the block stays when the operation is over */
} suite_job;

struct berth_suite {
    suite_group *group;
    const berth_suite_manager *type;
    const berth_suite_environment *environment;
    const char *name; /* of the test, for messages */
    void *manager;
    suite_memory memory;
    berth_allocator allocator;
    berth_config config;

    pthread_mutex_t lock; /* below: the backend's side, which hooks of several threads share */
    bool counting;        /* threads run: calls are counted, not written down */
    bool covers;          /* rows that run are counted */
    const berth_suite_outcome *outcomes; /* of the first calls of this step */
    unsigned n_outcomes;
    unsigned n_calls;   /* of this step */
    unsigned fail_call; /* 1-based call since `total` was zeroed that fails; 0: none */
    berth_suite_kind fail_kind;
    unsigned total;
    uint8_t fail_hook; /* the first call of this hook fails; 0: none */
    int fail_error;
    suite_during *during; /* called inside a hook, without the lock; or NULL */
    void *during_arg;
    void (*on_row)(berth_suite *suite); /* called by the trace, with the manager locked; or NULL */
    void *on_row_arg;
    uint8_t current; /* the hook between begin and end */
    int answer;      /* of it */
    berth_suite_writes writes;
    unsigned counts[256];  /* per hook, since the counts were zeroed */
    uint64_t numbers[256]; /* per hook, since the manager was created */
    void *news[256];       /* per hook: the out-values that it last wrote new; NULL: none yet */
    suite_held *held;
    size_t n_held, held_capacity;
    berth_suite_text calls;
    berth_suite_text trace;
    unsigned traced[BERTH_TRACE_REFUSAL + 1]; /* calls of the trace in this step, by kind */

    suite_mode mode;  /* below: of started operations, which only tests of one thread have */
    int64_t deadline; /* of every operation and so of its hooks; 0: each has its own */
    bool no_blocks;   /* the allocator gives them */
    bool no_done;     /* starts lack it */
    bool keeps;       /* jobs that are started keep their blocks */
    void (*at_end)(suite_job *job); /* called by `done` at the end; or NULL */
    void *at_end_arg;
    suite_job *jobs;        /* all, the newest first */
    suite_pending *pending; /* the oldest first */
    unsigned n_over;        /* jobs */
    unsigned inside;        /* within a start or poll */
    bool woken;             /* the loop has to poll */
    berth_token stale;      /* of a call that its hook has answered; id 0: none */

    uuid_t *reservations; /* in the order given */
    size_t n_reservations;
    uuid_t *uuids; /* that the manager made, in the order seen */
    size_t n_uuids;
    uint64_t last_uuid; /* of those that the suite made */

    berth_suite_text *sections; /* of a snapshot: reservations, then one per resource */
    suite_item *items;
    size_t n_items, items_capacity;
    uint8_t item_resource;
};

/* Written over memory that must not be read any more. */
#define SUITE_SCRIBBLE 0x5a

/* suite_text.c */
void *suite_allocate(size_t size);
void *suite_copy(const void *memory, size_t size);
void suite_text_init(berth_suite_text *text, berth_suite *suite);
void suite_text_free(berth_suite_text *text);
void suite_text_clear(berth_suite_text *text);
void suite_text_add(berth_suite_text *text, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Adds another text. */
void suite_text_copy(berth_suite_text *text, const berth_suite_text *from);
/*
 * Makes UUIDs of which no two in a suite are alike: for berth_config.uuid on one thread, and for
 * out-values.
 */
int suite_count_uuid(void *suite, uuid_t out);
/* The number of a UUID that the manager made; a new UUID gets the next number. */
unsigned suite_uuid_number(berth_suite *suite, const unsigned char *value);
void suite_given_uuid(unsigned number, uuid_t out);
void suite_foreign_uuid(uuid_t out);

/* suite_memory.c */
void suite_memory_init(berth_suite *suite);
void suite_memory_fail_at(berth_suite *suite, size_t k);
bool suite_memory_failed(berth_suite *suite);

/* suite_backend.c */
void suite_trace(void *suite, const berth_transition *transition);
void suite_backend_reset(berth_suite *suite, const berth_suite_outcome *outcomes,
                         unsigned n_outcomes);
void suite_zero_counts(berth_suite *suite);

/* suite_answer.c */
/* The result of a hook in the suite's mode; `answer` is the outcome. Without the suite's lock. */
int suite_answer(berth_suite *suite, berth_call *call, uint8_t hook, int answer, void *out,
                 uint32_t out_size);
/* Completes a pending call, and removes it. */
void suite_complete(berth_suite *suite, suite_pending *pending);
/* Fails unless a completion came to `expected`. */
void suite_expect_completed(berth_suite *suite, const char *what, int rc, int expected);

/* suite_start.c: started operations on one thread */
const char *suite_mode_name(suite_mode mode);
void suite_mode_set(berth_suite *suite, suite_mode mode);
/* Starts an operation, or (NULL) a drain; `call` is copied. */
suite_job *suite_job_start(berth_suite *suite, const berth_suite_function *function,
                           const berth_suite_call *call);
/*
 * Does the next thing: polls, if the loop was woken, or completes the oldest pending call. False:
 * there is none.
 */
bool suite_run_next(berth_suite *suite);
int64_t suite_poll(berth_suite *suite);
/* Runs until the operation is over. Returns its code. */
int suite_job_finish(suite_job *job);
/* Fails unless each job ended exactly once. Frees them. */
void suite_jobs_free(berth_suite *suite);

/* suite_snapshot.c */
void suite_snapshot(berth_suite *suite, berth_suite_text *out);
/* Was the instance tracked at the last snapshot? */
bool suite_is_tracked(const berth_suite *suite, const void *instance);

/* suite_life.c */
typedef struct suite_caller { /* the memory of one caller of the phases */
    uuid_t reservation;
    char kept_text[64];
    uint64_t kept_number;
    uuid_t kept_uuid;
    berth_error error; /* of its last operation */
    char owner[24];    /* with a store: who it is */
} suite_caller;

_Noreturn void suite_fail(berth_suite *suite, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
berth_suite *suite_begin(suite_group *group, const char *name,
                         const berth_suite_environment *environment);
void suite_create(berth_suite *suite);
/* Frees everything. Fails if the destroyed manager left memory behind. */
void suite_end(berth_suite *suite);
/* Drains, destroys, and checks that nothing is left in backend and allocator. */
void suite_close(berth_suite *suite);
/* Destroys the manager, which must succeed. */
void suite_destroy(berth_suite *suite);
/* Fails if the backend still holds what a hook did. */
void suite_expect_nothing_held(berth_suite *suite);

/* suite_call.c */
/* Gives the call buffers for its results, and copies of its configs. */
void suite_call_begin(const berth_suite *suite, const berth_suite_function *function,
                      berth_suite_call *call);
/* Frees the copies. The call has what it was given. */
void suite_call_return(berth_suite_call *call);
/* Reports the results of a call that is over. */
int suite_call_end(berth_suite *suite, const berth_suite_function *function, berth_suite_call *call,
                   int rc);
/* The UUID that a step names; one that is not known yet counts as foreign. */
void suite_reservation(const berth_suite *suite, unsigned number, uuid_t out);
/* The call of a step. `by` gets the UUID to look up by. */
berth_suite_call suite_step_call(const berth_suite *suite, const berth_suite_step *step, uuid_t by);
int suite_invoke(berth_suite *suite, const berth_suite_step *step, const unsigned char *reservation,
                 uuid_t gives, berth_suite_text *returns, berth_error *error);
int suite_drain(berth_suite *suite, berth_error *error);
typedef struct suite_arguments { /* what one started step points to */
    uuid_t by;
    uuid_t reservation;
    uuid_t gives;
    berth_error error;
} suite_arguments;
/* Starts a step of an operation; and returns its code at the end. */
suite_job *suite_step_start(berth_suite *suite, const berth_suite_step *step,
                            suite_arguments *asked, int64_t deadline);
int suite_step_finish(suite_job *job);
/* suite_phase.c */
int suite_phase(berth_suite *suite, const berth_suite_phase *phase, suite_caller *caller,
                const void *const *config, int64_t deadline);
/* Starts a phase; and returns its code at the end. `config` must stay until then. */
suite_job *suite_phase_start(berth_suite *suite, const berth_suite_phase *phase,
                             suite_caller *caller, const void *const *config, int64_t deadline);
int suite_phase_finish(const berth_suite_phase *phase, suite_caller *caller, suite_job *job);
/*
 * The first phase in which a caller causes a call although others hold the same, and its number.
 * NULL: there is none.
 */
const berth_suite_phase *suite_calling_phase(const berth_suite_manager *type, unsigned *number);
/* Configs with a copy of one of them, which has another key. It must not move. */
typedef struct suite_configs {
    _Alignas(max_align_t) unsigned char storage[8192];
    const void *config[BERTH_SUITE_LEVELS];
    char text[64];
} suite_configs;
/*
 * Makes configs with the n-th key (from 1) at `level`; n 0 changes nothing. False: the resource has
 * but one key.
 */
bool suite_keyed(const berth_suite *suite, suite_configs *out, const void *const *config,
                 const uint8_t *path, uint8_t level, unsigned n);

/* suite_script.c */
/* Plays the first steps of a script, whatever their results. */
void suite_play(berth_suite *suite, const berth_suite_script *script, unsigned n_steps);
/* Ways to play a script: an allocation of each step fails first; or the manager has no trace. */
enum { SCRIPT_WITHOUT_MEMORY = 1, SCRIPT_UNTRACED = 2 };
void suite_script(suite_group *group, const berth_suite_script *script, suite_mode mode,
                  unsigned how);

/* suite_checks.c: tests that are the same for every manager */
void suite_test_allocations(void **state);
void suite_test_untraced(void **state);
void suite_test_create_allocations(void **state);
void suite_test_calls(void **state);
void suite_test_pools(void **state);
void suite_test_creations(void **state);
void suite_test_backends(void **state);
void suite_test_rows(void **state);

/* suite_started.c: the same for started operations that come to their end */
void suite_test_at_once(void **state);
void suite_test_early(void **state);
void suite_test_later(void **state);
void suite_test_loop(void **state);
void suite_test_start_allocations(void **state);
void suite_test_starts_on_many_roots(void **state);
/* Can BERTH_SUITE_THREADS callers have a root each at the same time? */
bool suite_has_many_roots(const berth_suite_manager *type);
void suite_test_starts_on_one_root(void **state);
void suite_test_sharing_started(void **state);
void suite_test_start_from_done(void **state);

/* suite_ended.c: and for those that are cancelled, late or discarded */
void suite_test_cancel_queued(void **state);
void suite_test_deadline_queued(void **state);
void suite_test_cancel_pending(void **state);
void suite_test_deadline_pending(void **state);
void suite_test_discard_started(void **state);
void suite_test_discard_root_started(void **state);
/* suite_refused.c */
void suite_test_start_refuses(void **state);
void suite_test_each_waits(void **state);

/* suite_nulls.c */
void suite_test_nulls(void **state);

/* suite_threads.c */
void suite_test_many_roots(void **state);
void suite_test_one_root(void **state);
void suite_test_one_root_freely(void **state);
void suite_test_sharing(void **state);
void suite_test_deadline(void **state);
void suite_test_reentry(void **state);

#endif
