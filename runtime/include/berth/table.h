/*
 * The descriptor of a manager: the only thing that a generated file hands to the runtime, and what
 * it calls it with. Nothing here is for applications. Change BERTH_ABI with every change of a
 * layout or a meaning below.
 *
 * Ids are dense and start at 1 (resources, states, events, hooks, rows, operations); 0 is
 * "none". Arrays that are indexed by id have an unused element 0, so that
 * `table[SCSI_DISK_STATE_BOOT]` reads as it looks and a forgotten designated cell means "none".
 */
#ifndef BERTH_TABLE_H
#define BERTH_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <berth/berth.h>
#include <berth/fields.h>

#define BERTH_ABI 5

#ifdef __cplusplus
extern "C" {
#endif

typedef enum berth_type {
    BERTH_BOOL = 1, /* bool */
    BERTH_U8,
    BERTH_U16,
    BERTH_U32,
    BERTH_U64,
    BERTH_I32,
    BERTH_I64,
    BERTH_STRING, /* const char *; NULL counts as "" in what callers give, and is never in a view */
    BERTH_ENUM,   /* a C enum (int), 0 is its first value */
    BERTH_UUID,   /* uuid_t */
    BERTH_LIST,   /* berth_strings, order counts */
    BERTH_SET,    /* berth_strings, neither order nor repetition counts */
    BERTH_CHARS   /* char[size], NUL-terminated; assigned values only */
} berth_type;

/* berth_field.flags */
enum {
    BERTH_KEY = 1,         /* part of the key */
    BERTH_REQUIRED = 2,    /* empty is EINVAL */
    BERTH_IGNORE_CASE = 4, /* ASCII letters are equal in either case */
    BERTH_RANGED = 8,      /* `range` holds */
    /* options: 0 outside the range, or NULL for a text, stands for the default */
    BERTH_ZERO_DEFAULT = 16
};

/*
 * What an integer may be, both ends included; for BERTH_U64 they are uint64_t in two's complement.
 */
typedef struct berth_range {
    int64_t min;
    int64_t max;
} berth_range;

/* The value of an option where none is given. */
typedef union berth_default {
    int64_t number;   /* bool, integer or enum */
    const char *text; /* string */
} berth_default;

/*
 * A field that callers give, or an option. A config struct's member and the view's member of the
 * same name have the same type.
 */
typedef struct berth_field {
    const char *name;
    union {
        const char *const *values; /* BERTH_ENUM: names, indexed from 0 */
        const berth_range *range;  /* BERTH_RANGED */
    };
    uint8_t type; /* berth_type */
    uint8_t flags;
    uint16_t config_offset; /* in the config struct (in the options struct, for an option) */
    uint16_t view_offset;   /* in the view struct; 0 for options */
    union {
        uint16_t n_values;   /* BERTH_ENUM */
        uint16_t max_length; /* of a text: bytes without NUL; 0: any */
    };
} berth_field;

/* Where a field is in the config and in the view, in a berth_field. */
#define BERTH_OFFSETS(view, member)                                                                \
    .config_offset = offsetof(view##_config, member), .view_offset = offsetof(view, member)

typedef enum berth_assigned_kind {
    BERTH_ASSIGN_COUNTER = 1, /* BERTH_U64, or BERTH_CHARS in decimal */
    BERTH_ASSIGN_UUID,
    BERTH_ASSIGN_POOL,
    BERTH_ASSIGN_FORMAT, /* BERTH_CHARS, written by berth_assigned.format */
    /* written by berth_manager_type.accept from the out-values, with the manager locked */
    BERTH_ASSIGN_HOOK
} berth_assigned_kind;

/* One digit of a slot, most significant first. */
typedef struct berth_pool_part {
    const char *name;
    uint8_t type;   /* BERTH_U8 to BERTH_U32 */
    uint8_t option; /* 1-based index of the option that gives its size; 0: `size` does */
    uint16_t view_offset;
    uint32_t size; /* greatest number of values */
} berth_pool_part;

typedef struct berth_assigned {
    const char *name;
    uint8_t kind; /* berth_assigned_kind */
    uint8_t type; /* berth_type; 0 for a pool */
    uint8_t n_parts;
    bool indexed; /* some operation finds by it */
    uint16_t view_offset;
    uint16_t size; /* sizeof the view's member */
    union {
        uint64_t start; /* BERTH_ASSIGN_COUNTER: first number */
        uint8_t hook;   /* BERTH_ASSIGN_HOOK: whose out-value it is */
    };
    union {
        const berth_pool_part *parts; /* BERTH_ASSIGN_POOL */
        /*
         * BERTH_ASSIGN_FORMAT: writes the text into the view, whose parent pointer, fields and
         * earlier assigned values are set. Pure.
         */
        void (*format)(const void *options, void *view);
    };
} berth_assigned;

/* Where an outcome leads. state 0: there is no such outcome. */
typedef struct berth_target {
    uint8_t state;
    uint8_t raise; /* event, 0: none */
} berth_target;

/* Does the guard of a row hold? `view` is the instance's. Pure. */
typedef bool berth_guard(const void *options, const void *view);

/*
 * What a state does with an event, if `guard` holds (NULL: always). If it does not, the next row
 * decides where `or_next` is set; else no row does. berth_cell says which state and event.
 */
typedef struct berth_row {
    uint8_t hook;   /* 0: no call */
    uint8_t reject; /* positive errno value; 0: it does not */
    bool or_next;
    union {
        berth_target ok;
        berth_target yes; /* of a row whose hook asks */
    };
    union {
        berth_target fail;
        berth_target unknown;
    };
    union {
        berth_target uncertain;
        berth_target no;
    };
    berth_guard *guard;
} berth_row;

/* The same for a resource of more than 255 states or rows. */
typedef struct berth_wide_target {
    uint16_t state;
    uint8_t raise;
} berth_wide_target;

typedef struct berth_wide_row {
    uint8_t hook;
    uint8_t reject;
    bool or_next;
    union {
        berth_wide_target ok;
        berth_wide_target yes; /* of a row whose hook asks */
    };
    union {
        berth_wide_target fail;
        berth_wide_target unknown;
    };
    union {
        berth_wide_target uncertain;
        berth_wide_target no;
    };
    berth_guard *guard;
} berth_wide_row;

/*
 * What a state does with an event. `row`: the first of its rows, 0: none, such an event cannot
 * come. `plain`: the state that the event leads to, with all that it raises, if no row on that way
 * has a guard, a hook or a rejection, and the state is not final; else 0.
 */
typedef struct berth_cell {
    uint8_t row;
    uint8_t plain;
} berth_cell;

/* The same for a resource of more than 255 states or rows. */
typedef struct berth_wide_cell {
    uint16_t row;
    uint16_t plain;
} berth_wide_cell;

/* Marks of a state, a byte each. */
enum {
    BERTH_FINAL = 1,
    BERTH_RESIDENT = 2 /* may stay without a holder */
};

typedef struct berth_resource {
    const char *name;
    uint8_t parent;                         /* resource id, 0: a root */
    uint8_t level;                          /* 0: a root */
    uint8_t take, drop;                     /* events, 0: none */
    uint8_t n_events, n_fields, n_assigned; /* without the unused element 0 */
    /* positive errno value for cells without a row; 0: there are none that an event reaches */
    uint8_t otherwise;
    uint16_t initial;  /* state */
    uint16_t n_states; /* without the unused element 0 */
    uint16_t n_rows;   /* without the unused element 0 */
    /* rows of the resources before this one: berth_transition.row is first_row + row */
    uint16_t first_row;
    /* sizeof the view struct, whose first member points to the parent's view where there is one */
    uint16_t view_size;
    const char *const *states; /* [1 .. n_states]: names */
    const uint8_t *marks;      /* [1 .. n_states] */
    const char *const *events; /* [1 .. n_events] */
    bool wide;                 /* it has more than 255 states or rows, and the wide tables */
    /* [1 .. n_rows] */
    union {
        const berth_row *rows;
        const berth_wide_row *wide_rows;
    };
    /* [(state * (n_events + 1)) + event]: two-dimensional in the generated source */
    union {
        const berth_cell *cells;
        const berth_wide_cell *wide_cells;
    };
    const berth_field *fields;      /* [0 .. n_fields) in the order of the spec */
    const berth_assigned *assigned; /* [0 .. n_assigned) */

    /*
     * What the compiler knows of the fields. `config` and `view` are this resource's; a config has
     * passed `check` before the others get it. NULL where there is nothing to do. They may run in
     * any thread, with the manager locked, and do not call it.
     */
    /*
     * Hashes the key. NULL, as `equal`: the resource has none, and one instance below each parent.
     */
    void (*hash)(const void *config, berth_hash *hash, const berth_sets *sets);
    /* Have both the same key? */
    bool (*equal)(const void *view, const void *config, const berth_sets *sets);
    /* The first field beside the key that differs, 1-based; 0: none. */
    uint8_t (*differs)(const void *view, const void *config, const berth_sets *sets);
    /* What `copy` takes of the storage. */
    berth_storage_size (*size)(const void *config);
    /* Copies all fields into the view, and what they point to into the storage. */
    void (*copy)(void *view, const void *config, berth_storage *storage);
} berth_resource;

#define BERTH_MAX_LEVELS 8

typedef enum berth_form { BERTH_OBTAIN = 1, BERTH_CREATE, BERTH_FIND, BERTH_WITH } berth_form;

typedef struct berth_step {
    uint8_t level; /* of the operation's path */
    uint8_t event;
} berth_step;

/* A result: a leaf of an assigned value of one level. */
typedef struct berth_return {
    uint8_t level;
    uint8_t type; /* berth_type */
    uint16_t view_offset;
    uint16_t size; /* sizeof the view's member; least size of the buffer for BERTH_CHARS */
} berth_return;

/* Why a request is refused before it begins, in members that fit a register. */
typedef struct berth_refusal {
    int32_t code;     /* 0: it is not */
    uint8_t resource; /* that it is about; 0: none */
    uint8_t field;    /* of that resource, 1-based; 0: none */
    uint8_t rule;     /* that denies it, 1-based: policy; 0: the arguments are wrong */
} berth_refusal;

typedef struct berth_request berth_request;

/* berth_operation.flags */
enum {
    BERTH_GIVES = 1,
    BERTH_ENDS = 2,
    BERTH_ABSENT_OK = 4,
    BERTH_LOOK_UP = 8, /* it changes nothing: it finds, or has, something, and has no steps */
    /* of specs with a store: without a reservation it takes or drops a reference of its owner */
    BERTH_OWNED = 16
};

typedef struct berth_operation {
    const char *name;
    uint8_t form; /* berth_form */
    uint8_t flags;
    uint8_t resource; /* last of the path */
    uint8_t levels;   /* length of the path */
    uint8_t by;       /* BERTH_FIND: 1-based index of the assigned value; 0: by key */
    uint8_t at;       /* BERTH_CREATE: 1-based index of the assigned pool; 0: any slot */
    uint8_t n_steps, n_returns;
    uint16_t enter;                 /* BERTH_CREATE: state */
    uint8_t path[BERTH_MAX_LEVELS]; /* [0 .. levels): resource ids, root first */
    const berth_step *steps;
    const berth_return *returns;
    const char *const *rules; /* [1 ..]: what denies it, as its brief or its condition says */
    /* Checks the arguments, and then the rules. Pure; called by any thread without the lock. */
    berth_refusal (*check)(const berth_request *request, const void *options);
} berth_operation;

typedef struct berth_hook {
    const char *name; /* "vm.add_disk" */
    /*
     * What a row that calls or asks it rejects with when the backend leaves it out. 0: the call
     * counts as ok, the question as not answered.
     */
    uint8_t absent;
    bool asks;         /* it answers BERTH_YES or BERTH_NO, and changes nothing */
    bool required;     /* a backend without it is refused */
    uint8_t together;  /* a backend has all hooks of this number, or none; 0: it may be alone */
    uint16_t out_size; /* sizeof its out-values; 0: it has none */
} berth_hook;

/*
 * What the spec limits. All instances of a resource then take the memory of the largest, and all
 * hash tables are made with the manager, so that what is taken and given back comes in few sizes;
 * beyond the limits there is no memory (-ENOMEM).
 */
typedef struct berth_limit {
    uint32_t instances; /* that take memory at the same time */
    uint32_t text;      /* bytes for the strings and lists of one */
} berth_limit;

typedef struct berth_limits {
    uint32_t reservations;
    const berth_limit *resources; /* [1 .. n_resources] */
} berth_limits;

#define BERTH_MAX_OUT 256 /* greatest berth_hook.out_size */

typedef struct berth_manager_type {
    uint32_t abi; /* BERTH_ABI */
    const char *name;
    uint8_t n_resources, n_operations, n_hooks, n_options; /* without the unused element 0 */
    uint16_t options_size;                                 /* sizeof the options struct */
    uint16_t backend_size;           /* sizeof the backend struct, which is copied at create */
    uint16_t op_size;                /* sizeof the block that callers give to started operations */
    const berth_resource *resources; /* [1 .. n_resources], parents first */
    const berth_operation *operations; /* [1 .. n_operations] */
    const berth_hook *hooks;           /* [1 .. n_hooks] */
    const berth_field *options;        /* [0 .. n_options) */
    const berth_default *defaults;     /* [0 .. n_options) */
    const berth_limits *limits;        /* NULL: none */

    /* Has the backend this hook? */
    bool (*has)(const void *backend, uint8_t hook);
    /*
     * Calls it. `out` has the out-values that the instance has by now, for it to write; NULL where
     * it has none.
     */
    int (*call)(const void *backend, uint8_t hook, berth_call *call, const void *view, void *out);
    /*
     * Copies what the view has of the hook's out-values into them, before a call. NULL where no
     * hook has any.
     */
    void (*preset)(uint8_t hook, const void *view, void *out);
    /*
     * Copies the out-values of a call that ended ok or uncertain into the view. NULL where no hook
     * has any.
     */
    void (*accept)(uint8_t hook, const void *out, void *view);
    /* What the first member of a backend, a uint32_t, must be; 0: it is something else. */
    uint32_t backend_version;
} berth_manager_type;

/* The name of `id`, of the names up to `last`; "?" for a number that has none. */
static inline const char *berth_name(const char *const *names, unsigned last, unsigned id)
{
    return id <= last && names[id] != NULL ? names[id] : "?";
}

static inline const char *berth_name_of_resource(const berth_manager_type *type, unsigned id)
{
    return id > 0 && id <= type->n_resources ? type->resources[id].name : "?";
}

static inline const char *berth_name_of_operation(const berth_manager_type *type, unsigned id)
{
    return id > 0 && id <= type->n_operations ? type->operations[id].name : "?";
}

static inline const char *berth_name_of_hook(const berth_manager_type *type, unsigned id)
{
    return id > 0 && id <= type->n_hooks ? type->hooks[id].name : "?";
}

/*
 * One call of an operation: filled by the generated function, on its stack. A started operation
 * copies it, with its arrays.
 */
struct berth_request {
    uint8_t operation;
    /*
     * BERTH_OBTAIN, BERTH_CREATE, BERTH_FIND by key: one config per level, from the root. A NULL
     * element is EINVAL.
     */
    const void *const *config;
    const unsigned char *reservation; /* BERTH_WITH: the caller's UUID; NULL is EINVAL */
    /* BERTH_GIVES: where the new UUID goes; zeroed on failure. NULL is EINVAL */
    unsigned char *gives;
    const uint32_t *at; /* BERTH_CREATE with at, BERTH_FIND by a pool: one number per part */
    /* BERTH_FIND by any other value: const char * (BERTH_CHARS), uuid_t, or pointer to its type */
    const void *by;
    void *const *results; /* one per return, NULL: that one is not wanted; NULL: there are none */
    const size_t *result_sizes; /* one per return; only those of BERTH_CHARS are read */
    int64_t deadline;           /* BERTH_NO_DEADLINE, or CLOCK_MONOTONIC nanoseconds */
};

/* A root that is to be discarded: filled by the generated function. */
typedef struct berth_root {
    const char *operation; /* "discard_disk" */
    const void *config;    /* its key; NULL is EINVAL */
    uint8_t resource;
    uint8_t wrong; /* field of the key that has a value which it must not have, 1-based; 0: none */
} berth_root;

/* An instance as for_each sees it. Valid during the visit. */
typedef struct berth_item {
    uint8_t resource;
    uint16_t state;
    uint32_t refs; /* reservations and anonymous references */
    uint32_t children;
    const void *view;
    const void *parent; /* view of the parent; NULL for a root */
} berth_item;

/* 0 to go on; anything else stops and is returned. */
typedef int berth_visit(void *arg, const berth_item *item);

/*
 * The functions below implement the generated ones of the same name; see the generated header for
 * their contracts.
 */
int berth_manager_create(const berth_manager_type *type, const void *options, const void *backend,
                         const berth_config *config, berth_manager **out, berth_error *error);
int berth_manager_destroy(berth_manager *manager, berth_error *error);
int berth_manager_run(berth_manager *manager, const berth_request *request, berth_error *error);
int berth_manager_drain(berth_manager *manager, int64_t deadline, berth_error *error);
int berth_manager_discard(berth_manager *manager);
int berth_manager_discard_root(berth_manager *manager, const berth_root *named, berth_error *error);
int berth_manager_start(berth_manager *manager, const berth_request *request, berth_error *error,
                        void *op, berth_done *done, void *arg);
int berth_manager_drain_start(berth_manager *manager, int64_t deadline, berth_error *error,
                              void *op, berth_done *done, void *arg);
int berth_manager_cancel(berth_manager *manager, void *op);
int berth_manager_poll(berth_manager *manager, int64_t *next_deadline);
int berth_manager_for_each(berth_manager *manager, berth_visit *visit, void *arg);
/* The reservations that are valid, oldest first. `visit` gets the UUID; same rules as for_each. */
int berth_manager_for_each_reservation(berth_manager *manager,
                                       int (*visit)(void *arg, const unsigned char *reservation),
                                       void *arg);
int berth_manager_dump(berth_manager *manager, berth_put *put, void *arg);

#ifdef __cplusplus
}
#endif
#endif
