/*
 * What a manager has besides whose spec has `store`: owners, and perhaps a store. Managers of other
 * specs have `berth_manager.stored` NULL. Then none of this is used, and a program that is linked
 * without berth/stored.h has none of its code: the other files call it through `stored_calls`.
 */
#ifndef BERTH_SRC_STORED_H
#define BERTH_SRC_STORED_H

#include <stdatomic.h>

#include <berth/stored.h>

#include "../../base/linkage.h"
#include "../tracked/instance.h"
#include "../tracked/reservation.h"
#include "batch.h"

struct operation;
struct persist;
struct sleeper;

/* An anonymous reference with an owner's name. */
struct reference {
    struct node node;             /* in the manager's map; first */
    struct reference *next, **at; /* of the same instance, the newest first */
    const struct instance *instance;
    uint16_t size; /* of this block */
    char owner[];
};

/* A reservation in the list of an instance of its path. */
struct naming {
    struct naming *next, **at; /* `at` NULL: in no list */
    struct reservation *reservation;
};

/* The last part of an instance's block. */
struct stored_instance {
    uint64_t id;                  /* 0: it is in no map yet */
    struct reference *references; /* the newest */
    struct naming *namings;       /* reservations whose path it is on */
    uint32_t named;               /* length of that list */
    uint32_t leaving;             /* of them: those that end with the commit being noted */
    uint16_t state;               /* that the store has, if it has the instance */
    bool kept;                    /* the store has it */
};

/* The last part of a reservation's block. */
struct stored_reservation {
    uint64_t number;
    uint16_t size;           /* of the block */
    bool releasing;          /* S5: the first commit of an operation that ends it has marked it */
    bool changing;           /* a commit is pending that makes or ends it */
    bool gone;               /* a drain took its last hold: the store has it no more */
    const char *owner;       /* behind the namings */
    struct naming namings[]; /* one per level */
};

/* Changes that wait until they are durable. */
struct commit {
    struct commit *next;         /* in the manager's queue, or in what is being sent */
    struct operation *operation; /* that waits for it, or NULL */
    struct sleeper *sleeper;     /* of the thread that waits for it, or NULL */
    struct batch *batch;
    uint64_t bytes; /* of its rows, if the store counts them */
    int result;
    bool done;
    bool held;   /* in stored.held */
    bool clear;  /* berth_store_commit.clear */
    bool broken; /* there was no memory for it, and no way back: the manager dies */
    bool firm;   /* it may not fail: earlier commits of its operation are durable */
    bool alone;  /* it may have rows of roots that others own: no group has it */
};

/* A discard that waits for its commit. Operations of its root note nothing until that is over. */
struct discarding {
    struct discarding *next;
    const struct instance *root; /* NULL: everything */
};

enum kept {
    KEPT,       /* nothing has to become durable, or it is durable */
    KEPT_LATER, /* the operation waits for its commit */
    KEPT_NOT,   /* the store refuses it, and nothing has happened: the operation has failed */
    KEPT_AGAIN  /* the same of a recovery, which stays as it is */
};

/* What comes after the commit that an operation waits for. */
enum keep_before {
    BEFORE_CALL,  /* its hook */
    BEFORE_DROP,  /* the end of a drain's work on one instance */
    BEFORE_END,   /* the end of the operation */
    BEFORE_RETRY, /* another look: somebody else's commit was pending */
    BEFORE_NOTHING
};

/* How the core asks for durability; see core/stored/persist.h. */
struct stored_calls {
    void (*begin)(struct operation *operation);
    enum kept (*keep)(struct operation *operation, enum keep_before before);
    enum kept (*look)(struct operation *operation, enum keep_before *before);
    bool (*waits)(const struct operation *operation);
    bool (*retry)(struct operation *operation);
    bool (*is_taken)(const struct operation *operation);
    bool (*has_reference)(const struct operation *operation, const struct instance *instance);
    int (*give)(struct operation *operation, uint8_t levels, struct reservation **out);
    void (*undo)(struct operation *operation);
    void (*end)(struct operation *operation);
};

struct stored {
    const struct stored_calls *calls;
    /* of the floors above: sends what waits; ends a discard; frees this */
    bool (*send)(struct operation *operation);
    int (*discard)(struct berth_manager *manager, struct instance *root); /* releases the lock */
    void (*close)(struct berth_manager *manager);
    const berth_stored_type *type;
    size_t size; /* of this block */

    /* the store; constant after open */
    berth_store store;
    bool has_store;
    const berth_store_table *tables;
    uint16_t n_tables;
    size_t tables_size; /* of their block */
    uint64_t epoch;
    uint32_t max_rows;
    uint64_t max_bytes;

    /* with the lock */
    uint64_t sequence;           /* of the last commit */
    uint64_t last_id;            /* of an instance */
    uint64_t last_number;        /* of a reservation */
    struct map references;       /* of all instances */
    struct commit *queue, *last; /* commits that wait to be sent */
    struct commit *sent;         /* in the commit that is pending */
    unsigned singly;             /* so many are sent alone, since they have failed together */
    struct discarding *discards; /* that wait for their commits */
    struct commit *held;         /* commits that wait for those discards, in their order */
    struct batch merged;         /* of those, if there are several */
    struct batch *leftover;      /* of loading: it goes with the first commit; or NULL */
    bool leftover_sent;          /* with the one that is pending */
    uint32_t leftover_part;      /* so many of its rows are in the one that is pending, alone */
    uint32_t op_rows;            /* record_most_rows() */
    size_t op_bytes;             /* record_most_bytes() */
    berth_store_commit commit;   /* that is pending */
    bool busy;                   /* a commit is pending, or `commit` runs */
    bool lost;                   /* nothing can be made durable any more */
    bool in_commit;              /* `commit` runs */
    bool answered;               /* berth_store_committed() came before it returned */
    int answer;
    struct recovery *recoveries; /* roots that have to be recovered, oldest first */
    struct persist *blocking;    /* calls that block and may be in a hook; the first */
    bool recovering;             /* a thread is in berth_stored_recover() */
    thread_id recoverer;         /* that thread */
    bool alone;                  /* a thread loads or closes the manager, without the lock */
    _Atomic(int) refuses;        /* what new operations end with; 0: they are welcome */
};

static inline struct stored_instance *stored_instance(const struct berth_manager *manager,
                                                      const struct instance *instance)
{
    const struct layout *layout = &manager->layouts[instance->resource];

    return (struct stored_instance *)(void *)((char *)(uintptr_t)instance - layout->head +
                                              layout->fixed - sizeof(struct stored_instance));
}

/* Where the stored part of a reservation of so many levels is in its block. */
static inline size_t stored_reservation_at(unsigned levels)
{
    size_t end = offsetof(struct reservation, holds) + levels;

    return (end + sizeof(uint64_t) - 1) / sizeof(uint64_t) * sizeof(uint64_t);
}

static inline struct stored_reservation *stored_reservation(const struct reservation *reservation,
                                                            unsigned levels)
{
    return (struct stored_reservation *)(void *)((char *)(uintptr_t)reservation +
                                                 stored_reservation_at(levels));
}

/* The reservation is linked: the instances of its path get to know it. */
static inline void stored_name(struct berth_manager *manager, struct reservation *reservation,
                               unsigned levels)
{
    struct stored_reservation *part = stored_reservation(reservation, levels);
    struct instance *instance = reservation->last;

    for (unsigned i = levels; i-- > 0; instance = instance_parent(instance)) {
        struct naming *naming = &part->namings[i];
        struct naming **first = &stored_instance(manager, instance)->namings;

        naming->reservation = reservation;
        naming->next = *first;
        if (*first)
            (*first)->at = &naming->next;
        naming->at = first;
        *first = naming;
        stored_instance(manager, instance)->named++;
    }
}

/* They know it no more. It may be unknown to them. */
static inline void stored_unname(struct berth_manager *manager, struct reservation *reservation,
                                 unsigned levels)
{
    struct stored_reservation *part = stored_reservation(reservation, levels);
    struct instance *instance = reservation->last;

    if (!part->namings[0].at)
        return;
    for (unsigned i = levels; i-- > 0; instance = instance_parent(instance)) {
        struct naming *naming = &part->namings[i];

        stored_instance(manager, instance)->named--;
        *naming->at = naming->next;
        if (naming->next)
            naming->next->at = naming->at;
        naming->at = NULL;
    }
}

/* Does the store take so much in one commit? */
static inline bool stored_fits(const struct stored *stored, uint64_t rows, uint64_t bytes)
{
    return (stored->max_rows == 0 || rows <= stored->max_rows) &&
           (stored->max_bytes == 0 || bytes <= stored->max_bytes);
}

/* What new operations end with; 0: they are welcome. */
static inline int stored_refuses(const struct berth_manager *manager)
{
    const struct stored *stored = manager_stored(manager);

    return stored ? atomic_load_explicit(&stored->refuses, memory_order_relaxed) : 0;
}

#endif
