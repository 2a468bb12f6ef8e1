/*
 * The fast path: a blocking operation that calls no hook, makes nothing and ends nothing. It runs
 * under one hold of the lock, from finding its instances to its results. Look-ups are of this kind,
 * and operations on instances that others hold already.
 *
 * It has no struct operation: it never stops half-way, so it has nothing to resume. It changes an
 * instance only when it is certain to succeed, so it has nothing to undo. Everything else is left
 * to the general path (execute.c): see fast_hand_on().
 */
#ifndef BERTH_SRC_FAST_H
#define BERTH_SRC_FAST_H

#include "../base/linkage.h"
#include "operation.h"

enum { FAST_NOT = 1 };

#ifdef BERTH_NO_THREADS /* small machines do without the code */

struct fast {
    bool locked;
};

#define fast_run(fast, manager, type, request, error) ((fast)->locked = false, FAST_NOT)
#define fast_look_up(fast, manager, type, request, error)                                          \
    ((void)(type), (void)(request), (void)(error), (fast)->locked = false, FAST_NOT)
#define fast_hand_on(fast, operation) ((void)(fast), (void)(operation))

#else

/* A level of the operation's path, and the state that its instance will have. */
struct fast_level {
    struct instance *instance;
    const berth_resource *resource;
    uint32_t holds, anonymous;
    uint16_t state;
    bool held;    /* by the caller's reservation */
    bool dropped; /* by this operation, from that reservation */
};

struct fast {
    struct berth_manager *manager;
    const berth_operation *type;
    const berth_request *request;
    struct reservation *reservation; /* BERTH_WITH: the caller's; BERTH_GIVES: the new one */
    struct where where;              /* of `code` */
    int code;                        /* why a look-up fails */
    uint32_t hash;                   /* of the root's key, if `hashed` */
    bool hashed;
    bool found;   /* all levels have their instances */
    bool absent;  /* nothing was found, which the operation allows */
    bool dropped; /* on some level */
    bool locked;  /* the manager's lock is held */
    struct fast_level levels[BERTH_MAX_LEVELS];
};

/*
 * Runs an operation with checked arguments. Returns its code: it is over, with results and error.
 * FAST_NOT: nothing has happened, and the general path has to run it, with what is in `fast`.
 */
internal int fast_run(struct fast *fast, struct berth_manager *manager, const berth_operation *type,
                      const berth_request *request, berth_error *error);

/* The same of an operation that is BERTH_LOOK_UP. The lock is not held after that. */
internal int fast_look_up(struct fast *fast, struct berth_manager *manager,
                          const berth_operation *type, const berth_request *request,
                          berth_error *error);

/* Gives the operation what fast_run() found for it. The lock has been held since then. */
internal void fast_hand_on(const struct fast *fast, struct operation *operation);

#endif
#endif
