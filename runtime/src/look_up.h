/*
 * Look-ups: operations that find something, return values of it and change nothing. They need neither the root nor the lock for themselves: what
 * they see is what was there between two changes, and they keep to that by waiting, like everybody, where an operation runs on the root.
 */
#ifndef BERTH_SRC_LOOK_UP_H
#define BERTH_SRC_LOOK_UP_H

#include "linkage.h"
#include "operation.h"

#ifndef BERTH_NO_THREADS /* else nobody could run beside them: small machines are spared the code */

static inline bool is_look_up(const berth_operation *type)
{
    return type->n_steps == 0 && (type->form == BERTH_FIND || (type->form == BERTH_WITH && !(type->flags & BERTH_ENDS)));
}

/*
 * Runs a look-up whose arguments have been checked. True: it is over, with results and error filled. False: it has done nothing yet and is to be
 * run as any other operation, because an operation runs on the root, or others are ready to be run.
 */
OWN bool look_up_run(struct operation *operation, const berth_operation *type);

#endif

#endif
