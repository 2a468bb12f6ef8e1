/*
 * Shared by the parts of the simulator: sim (the loop), sim_request (reading), sim_value
 * (conversion), sim_answer (writing).
 */
#ifndef SIM_INTERNAL_H
#define SIM_INTERNAL_H

#include <json-c/json.h>

#include <berth/sim.h>
#include <berth/stores.h>

#include "sim_label.h"
#include "sim_memory.h"

/*
 * What a hook writes to its out-values: new ones, those of its last call that wrote new ones,
 * zeros, or nothing.
 */
typedef enum sim_writes { SIM_NEW_VALUES, SIM_LAST_VALUES, SIM_ZEROS, SIM_NOTHING } sim_writes;

/* How a call ends. */
typedef enum sim_outcome {
    SIM_NOT_GIVEN,
    SIM_OK,
    SIM_FAIL,
    SIM_UNCERTAIN,
    SIM_YES,
    SIM_NO,
    SIM_UNKNOWN
} sim_outcome;

/* How a hook's call ends during a request. */
typedef struct sim_fault {
    uint16_t hook; /* SIM_SETTLE: the one that settles */
    uint64_t nth;  /* call of the hook within the request, from 1; 0: every call */
    int error;     /* negative errno value; 0: not given */
    sim_outcome outcome;
    sim_writes writes;
} sim_fault;

/* Stands for the hook that settles, beside the ids of hooks. */
#define SIM_SETTLE 256

/* Name of an outcome in requests and answers. Static string. */
const char *sim_outcome_name(sim_outcome outcome);

/*
 * Text of a UUID argument, whose UUID goes to `at` once the whole request proved well-formed: a
 * malformed one must bind no label.
 */
typedef struct sim_uuid_text {
    struct sim_uuid_text *next;
    const char *text;
    unsigned char *at;
} sim_uuid_text;

typedef enum sim_verb { SIM_NEW, SIM_DRAIN, SIM_DISCARD, SIM_RECOVER, SIM_OPERATION } sim_verb;

/*
 * A well-formed request. Everything it points to belongs to its arena or to the JSON text it was
 * read from.
 */
typedef struct sim_request {
    sim_arena arena;
    sim_verb verb;
    uint8_t operation; /* SIM_OPERATION */
    uint8_t root;      /* SIM_DISCARD: resource of the only root that is discarded; 0: all are */
    void *options;     /* SIM_NEW: the options struct */
    bool *without;     /* SIM_NEW: indexed by hook */
    sim_fault *faults;
    size_t n_faults;
    /* SIM_OPERATION, SIM_DISCARD; `reservation` is set when the labels are bound */
    berth_sim_arguments arguments;
    void *configs[BERTH_MAX_LEVELS]; /* those of `arguments`, to be filled */
    const char *reservation;         /* its text; NULL where the operation takes none */
    bool by_given;                   /* the value to look up was named */
    const char *id;                  /* label of the reservation that is given; NULL: any */
    bool dies, refuses;              /* a commit does: the one with this number */
    uint32_t commit;
    sim_uuid_text *uuids; /* in order of appearance */
    sim_uuid_text **next_uuid;
    char why[160]; /* what is malformed */
} sim_request;

struct berth_sim {
    const berth_sim_manager *glue;
    void *manager;              /* NULL until the first request that needs one */
    berth_memory_store *memory; /* of a manager with a store; else NULL, as the next ones */
    berth_faulty_store *store;
    sim_request *made; /* what the manager was made with; with a store it is made again */
    json_object *made_of;
    json_object *value; /* of the request that runs */
    sim_labels labels;
    uint64_t requests;   /* answered or being answered */
    uint64_t *calls;     /* indexed by hook: since the manager was made */
    uint64_t *calls_now; /* indexed by hook: within this request */
    /* indexed by hook: the out-values that it last wrote new; NULL: it has none */
    unsigned char **news;
    const sim_request *request; /* the one that runs */
    json_object *recorded;      /* its calls */
};

/* sim.c: for tests that are the loop themselves, and whose process really dies */

/* A simulation without a manager. */
void sim_begin(berth_sim *sim, const berth_sim_manager *glue);

/* The answer to one more request. */
json_object *sim_answer_value(berth_sim *sim, json_object *value);

/*
 * Goes on with a simulation whose process has died: the manager is made of what its store has.
 * `made`: the request that made it.
 */
void sim_revive(berth_sim *sim, json_object *made);

/* sim_request.c */

/*
 * Fills `request` from a JSON value; false: it is malformed, and request->why says why. Changes
 * nothing but `request`.
 */
bool sim_request_read(const berth_sim_manager *glue, json_object *value, sim_request *request);

/* The defaults of a manager that nobody gave options for, as if by {"op": "new"}. */
void sim_request_new(const berth_sim_manager *glue, sim_request *request);

/* Turns the request's labels into UUIDs. */
void sim_request_bind(sim_request *request, sim_labels *labels);

void sim_request_clear(sim_request *request);

/* Why a request is malformed: "what 'text'"; or a whole sentence. Both are false. */
bool sim_request_malformed(sim_request *request, const char *what, const char *text);
bool sim_request_refuse(sim_request *request, const char *why);

/* Reads the name of a hook. */
bool sim_request_hook(const berth_manager_type *type, sim_request *request, json_object *value,
                      uint8_t *hook);

/* sim_faults.c */

/* Reads the member `fail` of a request. */
bool sim_faults_read(const berth_sim_manager *glue, sim_request *request, json_object *value);

/* sim_value.c */

/*
 * Stores a JSON value as a `type` at `to`. false: it is none, and request->why says so. `name` is
 * for that message.
 */
bool sim_value_read(sim_request *request, const char *name, const berth_field *field,
                    json_object *value, void *to);

/* The integer that `value` is; false: it is none, or outside the integer type. */
bool sim_value_integer(berth_type type, json_object *value, uint64_t *number);

/* The value of a `type` at `from`. */
json_object *sim_value_json(sim_labels *labels, uint8_t type, const char *const *values,
                            const void *from);

/* Stores the out-value that the scripted backend gives with the n-th call of a hook. */
void sim_value_make(sim_labels *labels, const berth_sim_out *out, uint64_t nth, void *to);

/* sim_answer.c */

/*
 * Fields and assigned values of an instance, then those of the instances above it whose names are
 * not there yet.
 */
json_object *sim_answer_args(berth_sim *sim, uint8_t resource, const void *view);

/* What a request that ran is answered with. `code` is what it returned, `error` its detail. */
json_object *sim_answer(berth_sim *sim, const sim_request *request, int code,
                        const berth_error *error);

/* What a malformed request is answered with. */
json_object *sim_answer_malformed(uint64_t n, const char *why);

#endif
