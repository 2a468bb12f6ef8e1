/*
 * The whole runtime as one translation unit: see src/base/linkage.h. No file comes before one that
 * it uses. _GNU_SOURCE is for the files below; it counts before the first header of the system.
 */
#define _GNU_SOURCE 1
#define BERTH_ONE_UNIT

/* base: knows no manager */
#include "src/base/clock.c"
#include "src/base/mutex.c"
#include "src/base/sleeper.c"
#include "src/base/arena.c"
#include "src/base/memory.c"
#include "src/base/readers.c"
#include "src/base/lock.c"
#include "src/base/uuid.c"
#include "src/base/errno.c"
#include "src/base/text.c"
#include "src/base/hash.c"
#include "src/base/strings.c"
#include "src/base/fields.c"
#include "src/base/map.c"
#include "src/base/pool.c"

/* model: what is tracked */
#include "src/model/field.c"
#include "src/model/options.c"
#include "src/model/layout.c"
#include "src/model/pending_drains.c"
#include "src/model/tree.c"
#include "src/model/values.c"
#include "src/model/instance.c"
#include "src/model/reservations.c"
#include "src/model/reservation.c"
#include "src/model/manager.c"
#include "src/model/sizes.c"

/* core: one operation, from its arguments to its end */
#include "src/core/error.c"
#include "src/core/trace.c"
#include "src/core/operation.c"
#include "src/core/steps.c"
#include "src/core/call.c"
#include "src/core/hook.c"
#include "src/core/ready.c"
#include "src/core/queue.c"
#include "src/core/resolve.c"
#include "src/core/drain.c"
#include "src/core/execute.c"
#include "src/core/fast.c"

/* sched: which operation runs next, and on which thread */
#include "src/sched/waiters.c"
#include "src/sched/deadline.c"
#include "src/sched/scheduler.c"
#include "src/sched/wait.c"

/* api: what the headers declare */
#include "src/api/complete.c"
#include "src/api/run.c"
#include "src/api/start.c"
#include "src/api/visit.c"
#include "src/api/dump.c"
#include "src/api/create.c"
#include "src/api/destroy.c"
