/*
 * The simulator behind every generated <manager>-sim: reads requests, one JSON object per line,
 * runs them on a generated manager whose backend is scripted by the requests, and writes one answer
 * line each. docs/simulator.md describes the protocol.
 *
 * Generated glue (<manager>-sim.c) describes one manager in a `berth_sim_manager` and hands it to
 * berth_sim_run(). Everything else is here and is driven by the manager's descriptor.
 *
 * Test support: when memory runs out, the functions below end the program with abort().
 */
#ifndef BERTH_SIM_H
#define BERTH_SIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <berth/stored.h>
#include <berth/table.h>

#ifdef __cplusplus
extern "C" {
#endif

/* One simulation: a manager, its scripted backend, and the labels of its UUIDs. */
typedef struct berth_sim berth_sim;

/*
 * An out-value of a hook: a member of its out struct, at `offset`; `size` bytes. `name` is the
 * assigned value that gets it.
 */
typedef struct berth_sim_out {
    const char *name;
    uint8_t type; /* berth_type */
    uint16_t offset;
    uint16_t size;
} berth_sim_out;

/*
 * What the descriptor does not say about a hook: the resource it is on, whether a backend may leave
 * it out, its out-values.
 */
typedef struct berth_sim_hook {
    uint8_t resource;
    bool optional;
    uint8_t n_outs;
    const berth_sim_out *outs;
} berth_sim_hook;

/* The config struct of a resource, with every default in it. */
typedef struct berth_sim_config {
    const void *defaults;
    size_t size;
} berth_sim_config;

/*
 * Arguments of one operation; what its form does not take is zero. The glue passes them on to the
 * typed function.
 */
typedef struct berth_sim_arguments {
    const void *config[BERTH_MAX_LEVELS]; /* typed configs, root first */
    const unsigned char *reservation;     /* the caller's UUID */
    unsigned char *gives;                 /* where the new reservation's UUID goes */
    const char *owner;                    /* whose reservation or reference it is */
    /* parts of the slot that is named or looked up; each fits the type of its part */
    const uint32_t *slot;
    const unsigned char *by_uuid; /* lookup by a UUID, */
    const char *by_text;          /* by a counter in decimal, */
    uint64_t by_number;           /* by any other counter */
    void *const *results;         /* one buffer per return, of the result's type */
    const size_t *result_sizes;   /* bytes of each */
} berth_sim_arguments;

/*
 * One generated manager. The functions forward to the typed functions of the generated header;
 * `manager` is what `create` made. `create` fills a typed backend, whose ctx is `sim` and whose
 * hooks call berth_sim_hook_called(), but for those that `without` (indexed by hook) leaves out.
 */
typedef struct berth_sim_manager {
    const berth_manager_type *type;
    /* options struct with every default in it; NULL where there are no options */
    const void *options;
    const berth_sim_config *configs; /* [1 .. n_resources] */
    const berth_sim_hook *hooks;     /* [1 .. n_hooks] */
    int (*create)(const void *options, const bool *without, berth_sim *sim, void **manager);
    int (*destroy)(void *manager);
    int (*drain)(void *manager, berth_error *error);
    int (*discard)(void *manager);
    int (*discard_root)(void *manager, uint8_t resource, const void *config, berth_error *error);
    int (*for_each)(void *manager, berth_visit *visit, void *arg);
    int (*for_each_reservation)(void *manager,
                                int (*visit)(void *arg, const unsigned char *reservation),
                                void *arg);
    int (*run)(void *manager, uint8_t operation, const berth_sim_arguments *arguments,
               berth_error *error);

    /* Of a spec with `store`, which has neither `create` nor `for_each_reservation`; else NULL. */
    const berth_stored_type *stored;
    int (*open)(const void *options, const bool *without, berth_sim *sim, const berth_store *store,
                void **manager);
    int (*recover)(void *manager, berth_error *error);
    int (*for_each_owned)(void *manager,
                          int (*visit)(void *arg, const berth_reservation *reservation), void *arg);
} berth_sim_manager;

/*
 * What every hook of the scripted backend does: records the call with the fields and assigned
 * values of `view`, writes the out-values, and answers as the current request asks for.
 *
 * sim      the backend's ctx
 * hook     id of the hook
 * view     typed view of the instance the hook is on
 * out      the hook's out struct; NULL where it has none
 *
 * Returns what the hook is to return: 0, a negative errno value, BERTH_UNCERTAIN(), BERTH_YES or
 * BERTH_NO.
 */
int berth_sim_hook_called(berth_sim *sim, uint8_t hook, const void *view, void *out);

/* The same for the hook that settles. */
int berth_sim_settle_called(berth_sim *sim);

/*
 * Answers requests from `in` on `out`, each answer flushed, until the end of `in`.
 *
 * Threads: one simulation is used by one thread; several simulations are independent.
 *
 * 0        `in` ended
 * -EIO     reading or writing failed
 */
int berth_sim_run(const berth_sim_manager *manager, FILE *in, FILE *out);

#ifdef __cplusplus
}
#endif
#endif
