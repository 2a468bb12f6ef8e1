/* Getting at the instances: step 3 of "An operation, in order". */
#ifndef BERTH_SRC_REACH_H
#define BERTH_SRC_REACH_H

#include "../base/linkage.h"
#include "operation.h"

/*
 * Where an operation fails that has not run: at the root that it has loaded or, before it got to
 * one, that its caller named. Nowhere: none is known.
 */
internal struct where reach_place(const struct operation *operation);

/*
 * Step 3. True: it has to wait for a root. Else the levels are loaded, or the operation has failed.
 */
internal bool reach_instances(struct operation *operation, const berth_operation *type);

/* What it looks for is not there: it fails at `where`, unless that is fine. */
static inline void reach_absent(struct operation *operation, const berth_operation *type,
                                struct where where)
{
    if (type->flags & BERTH_ABSENT_OK)
        operation->absent = true;
    else
        operation_fail(operation, -ENOENT, where);
}

/*
 * The caller's reservation, if the operation may use it; else NULL, and the operation has failed.
 * `grip` gets what it holds.
 */
static inline struct reservation *reach_reservation(struct operation *operation,
                                                    const berth_operation *type, struct grip *grip)
{
    struct reservation *reservation =
        reservation_look_up(operation->call.manager, operation->asked.reservation);

    if (reservation)
        *grip = reservation_grip(reservation, type->levels);
    if (!reservation || grip_spent(*grip)) {
        operation_fail(operation, -ENOENT, (struct where){0});
        return NULL;
    }
    if (!(type->flags & BERTH_ENDS) && grip_begun(*grip)) {
        operation_fail(operation, -ECANCELED, (struct where){0});
        return NULL;
    }
    return reservation;
}

#endif
