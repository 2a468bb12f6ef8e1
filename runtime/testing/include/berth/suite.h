/*
 * The engine behind every generated <manager>-conformance.c.
 *
 * A generated suite is data (scripts of steps with what must come of each) and thin typed glue (a
 * few functions per operation, hook and resource). Everything else is here: a scripted backend, a
 * failing allocator, the comparison of each answer, and the tests that are the same for every
 * manager: every script with started operations, failing every allocation, failing every call, full
 * pools, threads, and whether every row was taken.
 *
 * What a suite sees it writes down as text, in one notation for both sides
 * (gen/berthc/scenarios/text.py). Fields that are zero are left out:
 *
 *     r1 | disk#1 host_path=/a controller=0 lun=0 attached refs=1 children=1 | mount#1 of disk#1
 *     partition=1 guest_path=... mounted refs=1
 *
 * Environment: BERTH_SUITE_NARRATE=1 prints every step and row as it happens; BERTH_SUITE_STOP=1
 * ends the program at the first failure. The only argument is a pattern: only tests whose names it
 * matches (* and ?) run.
 *
 * Test support: when memory runs out, the functions below end the program with abort().
 */
#ifndef BERTH_SUITE_H
#define BERTH_SUITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <berth/berth.h>

#ifdef __cplusplus
extern "C" {
#endif

#define BERTH_SUITE_LEVELS 8 /* of a path */
#define BERTH_SUITE_PARTS 8  /* of a slot */

/* Numbers of reservations in steps: n is the n-th one that the script got. */
#define BERTH_SUITE_FOREIGN 254 /* a valid UUID that the manager never gave */
#define BERTH_SUITE_NIL 255     /* the all-zero UUID */

/* UUIDs that callers give are numbered from here, those that the manager makes from 1 on. */
#define BERTH_SUITE_GIVEN 91
#define BERTH_SUITE_UUID(number)                                                                   \
    {                                                                                              \
        0xbe, 0x27, 0x4b, 0x00, 0x00, 0x00, 0x40, 0x00, 0x80, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,  \
            (number)                                                                               \
    }

/* One running test. */
typedef struct berth_suite berth_suite;

/* Text that grows. */
typedef struct berth_suite_text berth_suite_text;

/*
 * What an operation is given in copies, which are freed when it is over, so that a late look at
 * them is noticed.
 */
typedef struct berth_suite_loan berth_suite_loan;

/* How one call ends. */
typedef enum berth_suite_kind {
    BERTH_SUITE_OK, /* of a hook that asks: yes */
    BERTH_SUITE_FAIL,
    BERTH_SUITE_UNCERTAIN,
    BERTH_SUITE_NO /* only of a hook that asks */
} berth_suite_kind;

/*
 * What it writes to its out-values: new ones, those of the hook's last call that wrote new ones
 * (before the first: zeros), zeros, or nothing.
 */
typedef enum berth_suite_writes {
    BERTH_SUITE_NEW,
    BERTH_SUITE_LAST,
    BERTH_SUITE_ZEROS,
    BERTH_SUITE_NOTHING
} berth_suite_writes;

typedef struct berth_suite_outcome {
    berth_suite_kind kind;
    int error; /* positive errno value */
    berth_suite_writes writes;
} berth_suite_outcome;

/*
 * What an operation's glue gets, and where it puts what comes back. Of a started operation it lives
 * until `done` was called.
 */
typedef struct berth_suite_call {
    void *manager;
    const void *const *config; /* typed configs, root first */
    const unsigned char *reservation;
    unsigned char *gives;
    const char *by_text;
    uint64_t by_number;
    const unsigned char *by_uuid;
    const uint32_t *at; /* parts of a slot, named or looked up */
    bool no_slot;       /* it gets NULL instead */
    size_t shrink;      /* taken off the size of a text buffer */
    unsigned only_text; /* 1-based: of this one alone; 0: of every one */
    int64_t deadline;
    berth_error *error;
    berth_suite_loan *loan; /* what `config` points to; NULL: nothing */
    /* results, then what else the arguments point to; berth_suite_function.memory_size bytes */
    void *memory;
    void *op;         /* of a started operation: its block, or NULL */
    berth_done *done; /* and what to call at its end */
    void *arg;
    berth_suite_text *returns; /* results, as text */
    char kept_text[64];        /* results that another operation looks up by */
    uint64_t kept_number;
    uuid_t kept_uuid;
    const char *owner; /* with a store; NULL: that of all scripts */
} berth_suite_call;

/* Who the caller is, of a manager with a store. */
static inline const char *berth_suite_owner(const berth_suite_call *call)
{
    return call->owner ? call->owner : "o";
}

/* With a store, a caller may choose the id of a reservation. Here none does. */
static inline void berth_suite_any_id(berth_suite_call *call)
{
    if (call->gives)
        uuid_clear(call->gives);
}

/* Calls the typed function, or the one that starts it; returns what it returns. */
typedef int berth_suite_operation(berth_suite_call *call);

/* One operation of the manager. */
typedef struct berth_suite_function {
    const char *name;
    berth_suite_operation *run;   /* NULL: drain and discard */
    berth_suite_operation *start; /* NULL: these, and the discards of one root */
    /* writes down and keeps the results of one that succeeded; NULL: it has none */
    void (*tell)(berth_suite_call *call);
    size_t memory_size;  /* bytes of berth_suite_call.memory, */
    size_t results_size; /* and of the results at its beginning */
    const uint8_t *path; /* resources of its configs, 0 ends them; NULL: it takes none */
    /* whose value, or slot, it takes as a pointer; 0: none */
    uint8_t value;
    uint8_t n_texts; /* buffers for text that it takes */
    bool gives;
} berth_suite_function;

/* One step of a script, and all that must come of it. NULL texts are empty. */
typedef struct berth_suite_step {
    const char *text;    /* for people: "map_to_guest(r1), guest.mount fails" */
    uint8_t operation;   /* index into berth_suite_manager.operations */
    uint8_t reservation; /* 0: takes none */
    uint8_t by_uuid;     /* number of a UUID, 0: none */
    bool without_where;  /* `where` is not fixed by the semantics */
    uint8_t shrink;
    /*
     * The row that refuses the step before any call, or that asks a hook which is left out (then
     * `where` has the hook). The trace does not report it.
     */
    uint16_t rejects;
    const void *config[BERTH_SUITE_LEVELS];
    const char *by_text;
    uint64_t by_number;
    uint32_t at[BERTH_SUITE_PARTS];
    const berth_suite_outcome *outcomes; /* of the first n_outcomes calls; the others end ok */
    uint8_t n_outcomes;
    int error;            /* positive errno value, 0: success */
    const char *where[6]; /* resource, state, event, hook, rule, field */
    const char *returns;
    const char *calls;
    const char *trace;
    const char *state; /* everything tracked afterwards */
} berth_suite_step;

/* What a manager is created with. */
typedef struct berth_suite_environment {
    const char *name;
    const void *options;    /* typed; NULL: defaults */
    const uint8_t *without; /* hooks that are left out, 0 ends them; NULL: none */
} berth_suite_environment;

typedef struct berth_suite_script {
    const char *name;
    uint8_t environment;
    uint16_t n_steps;
    const uint32_t *steps; /* indices into berth_suite_manager.steps */
    int destroy; /* positive errno value of destroying it after the last step, 0: it can be */
    int drain;   /* the same of draining it then, with a backend that never fails */
    const char *drained; /* everything tracked after that; NULL when destroyed already */
} berth_suite_script;

/*
 * One row and what can come of it: bits 1 << berth_outcome, and BERTH_SUITE_LEFT_OUT for "went on
 * though the hook is left out".
 */
#define BERTH_SUITE_LEFT_OUT 1u
typedef struct berth_suite_row {
    const char *resource;
    const char *state;
    const char *event;
    const char *hook; /* NULL: none */
    unsigned declared;
    /* outcomes that no caller can bring about: a complete search of the model found none */
    unsigned unreachable;
    /* outcomes that the search did not reach before its bounds: nothing is claimed about them */
    unsigned unsearched;
} berth_suite_row;

/* A hook whose effect others take back, or one that takes back. */
typedef struct berth_suite_hook {
    const char *name;
    bool required;         /* a backend must have it */
    bool undone;           /* some hook undoes it: what it did counts as held */
    const uint8_t *undoes; /* hooks whose effect it takes back, 0 ends them; NULL: none */
    const uint8_t *asks;   /* the hook whose effect it looks for, and 0; NULL: it does not ask */
} berth_suite_hook;

/* How configs of a resource are copied and told apart. */
typedef struct berth_suite_resource {
    const char *name;
    uint8_t parent; /* 0: a root */
    size_t config_size;
    /* gives it the n-th of many keys; NULL: there is but one */
    void (*set_key)(void *config, unsigned n, char *text, size_t size);
    /* copies what it points to; NULL: it points to nothing */
    void (*lend)(berth_suite_loan *loan, void *config);
    berth_suite_operation *discard; /* discards one; NULL: it is no root */
} berth_suite_resource;

/*
 * One way to use the manager from taking to letting go, for the tests with threads: operations in
 * order, each by every thread.
 */
typedef struct berth_suite_phase {
    uint8_t operation;
    const void *config[BERTH_SUITE_LEVELS];
    uint8_t levels;                   /* how many configs, 0: none */
    uint8_t path[BERTH_SUITE_LEVELS]; /* their resources */
    bool reserved;                    /* uses the thread's reservation */
    bool kept;                        /* looks up by what an earlier phase returned */
    const uint16_t *alone;            /* calls per hook that one caller causes */
    /* calls per hook that BERTH_SUITE_THREADS callers of one root cause, one after the other */
    const uint16_t *together;
} berth_suite_phase;
#define BERTH_SUITE_THREADS 4

/* What the others get when the first of several callers fails at a phase: they waited for it. */
typedef struct berth_suite_sharing {
    uint8_t phase; /* 0-based */
    uint8_t hook;  /* fails at its first call of the phase */
    int error;     /* of the one who failed */
    int others;    /* of everybody else; both positive errno values */
    bool ended;    /* the failure ended the root: those who come too late to wait start afresh */
} berth_suite_sharing;

/* A pool and an operation that takes a slot of it. */
typedef struct berth_suite_pool {
    const char *name;
    uint8_t environment;
    uint8_t operation;
    uint8_t levels;
    uint8_t level;                    /* whose key is changed from one call to the next */
    uint8_t path[BERTH_SUITE_LEVELS]; /* resources of the levels */
    uint8_t target;                   /* the pool's resource */
    const void *config[BERTH_SUITE_LEVELS];
    uint8_t n_parts;
    const char *parts[BERTH_SUITE_PARTS];
    uint32_t sizes[BERTH_SUITE_PARTS];
} berth_suite_pool;

/* Options that create must take or refuse. */
typedef struct berth_suite_creation {
    const char *name;
    const void *options;
    int error;   /* positive errno value */
    bool usable; /* the first phase succeeds with these options */
} berth_suite_creation;

/* One generated suite. */
typedef struct berth_suite_manager {
    const char *name;
    uint8_t n_operations, n_hooks, n_resources, n_environments, n_phases, n_sharings, n_pools,
        n_creations;
    uint16_t n_rows;
    uint32_t n_steps, n_scripts;
    /* [0 .. n_operations); the last two are drain and discard */
    const berth_suite_function *operations;
    const berth_suite_hook *hooks;         /* [1 .. n_hooks] */
    const berth_suite_resource *resources; /* [1 .. n_resources] */
    const berth_suite_environment *environments;
    const berth_suite_row *rows; /* [1 .. n_rows] */
    const berth_suite_step *steps;
    const berth_suite_script *scripts;
    const berth_suite_phase *phases;
    const berth_suite_sharing *sharings;
    const berth_suite_pool *pools;
    const berth_suite_creation *creations;
    /*
     * Typed create, the suite as backend; `version` is added to the backend's version, `missing` is
     * a required hook to leave out.
     */
    int (*create)(berth_suite *suite, const berth_suite_environment *environment, uint32_t version,
                  uint8_t missing, const berth_config *config, void **manager, berth_error *error);
    int (*destroy)(void *manager, berth_error *error);
    int (*drain)(void *manager, berth_error *error);
    berth_suite_operation *drain_start;
    int (*discard)(void *manager);
    size_t op_size; /* of the block of a started operation */
    bool few_slots; /* some pool has fewer slots than BERTH_SUITE_THREADS roots take */
    bool limited; /* it has limits, and so no memory for such blocks: who brings none gets ENOMEM */
    int (*cancel)(void *manager, void *op);
    int (*poll)(void *manager, int64_t *next_deadline);
    int (*for_each)(void *manager, berth_suite *suite);
    int (*for_each_reservation)(void *manager, berth_suite *suite);
} berth_suite_manager;

/* Runs a suite under cmocka; returns the exit status of the program. */
int berth_suite_main(const berth_suite_manager *manager, int argc, char **argv);

/*
 * For the glue of hooks: begin locks the suite and writes down which hook was called, for which
 * instance; the glue adds the arguments and sets the out-values (`out` NULL: the hook has none);
 * end unlocks and returns what the hook answers. `text` is NULL where nothing is written down.
 */
berth_suite_text *berth_suite_hook_begin(berth_suite *suite, uint8_t hook, const void *instance);
int berth_suite_hook_end(berth_suite *suite, berth_call *call, void *out, uint32_t out_size);
/*
 * Between begin and end: is the glue to write new out-values? If not, what the call is to give
 * stands in `out` now.
 */
bool berth_suite_hook_writes(berth_suite *suite, void *out, uint32_t out_size);
/*
 * For out-values, between begin and end: which call of the hook since the manager was created this
 * is (from 1), and a new UUID.
 */
uint64_t berth_suite_hook_number(const berth_suite *suite);
void berth_suite_hook_text(const berth_suite *suite, const char *name, char *out, size_t size);
void berth_suite_hook_uuid(berth_suite *suite, uuid_t out);

/*
 * For the glue that lends a config: copies a text; puts copies in the place of the items. NULL
 * stays NULL.
 */
const char *berth_suite_lend_text(berth_suite_loan *loan, const char *text);
void berth_suite_lend_strings(berth_suite_loan *loan, berth_strings *strings);

/* For the glue of operations: what is taken off the size of the n-th text buffer. */
size_t berth_suite_short(const berth_suite_call *call, unsigned n);

/* For the glue of create: is this hook to be left out? */
bool berth_suite_left_out(const berth_suite_environment *environment, uint8_t missing,
                          uint8_t hook);

/*
 * For the glue of for_each: the text of one instance between begin and end; the visit of a
 * reservation.
 */
berth_suite_text *berth_suite_item_begin(berth_suite *suite, uint8_t resource, const void *instance,
                                         const void *parent);
void berth_suite_item_end(berth_suite *suite, const char *state, uint32_t refs, uint32_t children);
int berth_suite_reservation(void *suite, const unsigned char *reservation);

/*
 * Write one member of an instance: ` name=value`. Nothing is written for a NULL text, nor, with
 * `always` false, for a zero value.
 */
void berth_suite_bool(berth_suite_text *text, bool always, const char *name, bool value);
void berth_suite_unsigned(berth_suite_text *text, bool always, const char *name, uint64_t value);
void berth_suite_signed(berth_suite_text *text, bool always, const char *name, int64_t value);
void berth_suite_string(berth_suite_text *text, bool always, const char *name, const char *value);
/* `word` is the value's name; `first` says that it is the first of its enum. */
void berth_suite_enum(berth_suite_text *text, const char *name, const char *word, bool first);
void berth_suite_uuid(berth_suite_text *text, bool always, const char *name,
                      const unsigned char *value);
void berth_suite_strings(berth_suite_text *text, const char *name, const berth_strings *value);

#ifdef __cplusplus
}
#endif
#endif
