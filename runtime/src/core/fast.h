/*
 * The fast path: a blocking operation that calls no hook, makes nothing and ends nothing runs under
 * one hold of the lock, from finding its instances to its results. Operations on what others hold
 * already are of this kind, and so are look-ups.
 *
 * It has no struct operation: nothing happens in between, so there is nothing to resume. It changes
 * an instance only when it is certain to succeed, so there is nothing to undo. All else is left to
 * the general path (execute.c), which begins anew.
 */
#ifndef BERTH_SRC_FAST_H
#define BERTH_SRC_FAST_H

#include "../base/linkage.h"
#include "operation.h"

#ifdef BERTH_NO_THREADS /* small machines are spared the code */

enum { FAST_NOT = 1 };

struct fast {
    bool locked;
};

static inline int fast_run(struct fast *fast, struct berth_manager *manager,
                           const berth_operation *type, const berth_request *request,
                           berth_error *error)
{
    (void)manager, (void)type, (void)request, (void)error;
    fast->locked = false;
    return FAST_NOT;
}

static inline void fast_hand_on(const struct fast *fast, struct operation *operation)
{
    (void)fast, (void)operation;
}

#else

/* A level of the operation's path, and what its instance will be. */
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
    bool absent;  /* nothing is there, and that is fine */
    bool dropped; /* some level */
    bool locked;  /* the manager's lock is held */
    struct fast_level levels[BERTH_MAX_LEVELS];
};

/*
 * Runs the operation, whose arguments have been checked. Its code: it is over, and its results or
 * the error are there. FAST_NOT: nothing has happened, and the general path is to run it, with what
 * is in `fast`.
 */
enum { FAST_NOT = 1 };
internal int fast_run(struct fast *fast, struct berth_manager *manager, const berth_operation *type,
                      const berth_request *request, berth_error *error);

/* With the lock held since fast_run(): gives the operation what has been found for it. */
internal void fast_hand_on(const struct fast *fast, struct operation *operation);

#endif

#endif
