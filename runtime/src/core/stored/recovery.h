/*
 * A root that loading has left locked: a call in it ended with its process, and its `uncertain`
 * target raises an event, or the backend has to settle first. An operation owns the root, which has
 * begun its step: the event is next, or its end.
 */
#ifndef BERTH_SRC_RECOVERY_H
#define BERTH_SRC_RECOVERY_H

#include <stdalign.h>

#include "persist.h"

struct recovery {
    struct recovery *next; /* of the next root, in order of creation */
    uint8_t event;         /* that is raised; 0: none */
    berth_operation type;
    berth_step step;
    struct stored_block block;
    struct level levels[BERTH_MAX_LEVELS];
    alignas(max_align_t) unsigned char out[BERTH_MAX_OUT];
};

/* Locks the instance's root until its recovery. `event`: raised at the instance, or 0. -ENOMEM. */
internal int recovery_make(struct berth_manager *manager, struct instance *instance, uint8_t event);

/* Does a root wait to be recovered? Those that were discarded do not. */
static inline bool recovery_is_needed(const struct stored *stored)
{
    const struct recovery *at = stored->recoveries;

    while (at && at->block.operation.discarded)
        at = at->next;
    return at != NULL;
}

/* Prepares it to be run by this thread, for the first time or once more. */
internal void recovery_prepare(struct recovery *recovery, int64_t deadline, berth_error *error);

/* Frees one that has ended, and is in no list. */
internal void recovery_free(struct berth_manager *manager, struct recovery *recovery);

#endif
