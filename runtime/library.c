/*
 * The whole runtime as one translation unit: see src/base/linkage.h. No file comes before one that
 * it uses. _GNU_SOURCE is for the files below; it counts before the first header of the system.
 */
#define _GNU_SOURCE 1
#define BERTH_ONE_UNIT

/* base: knows no manager */
#include "src/base/sync/clock.c"
#include "src/base/sync/mutex.c"
#include "src/base/sync/sleeper.c"
#include "src/base/store/arena.c"
#include "src/base/store/memory.c"
#include "src/base/sync/readers.c"
#include "src/base/sync/lock.c"
#include "src/base/data/uuid.c"
#include "src/base/data/errno.c"
#include "src/base/data/text.c"
#include "src/base/data/strings.c"
#include "src/base/data/fields.c"
#include "src/base/store/map.c"
#include "src/base/store/pool.c"

/* model: what is tracked */
#include "src/model/field.c"
#include "src/model/options.c"
#include "src/model/tracked/pending_drains.c"
#include "src/model/tracked/tree.c"
#include "src/model/tracked/values.c"
#include "src/model/stored/owner.c"
#include "src/model/tracked/instance.c"
#include "src/model/tracked/reservation.c"
#include "src/model/stored/batch.c"
#include "src/model/stored/tables.c"
#include "src/model/stored/record.c"
#include "src/model/manager.c"
#include "src/model/stored/rekey.c"
#include "src/model/sizes.c"

/* core: one operation, from its arguments to its end */
#include "src/core/report/error.c"
#include "src/core/report/trace.c"
#include "src/core/operation.c"
#include "src/core/rows/steps.c"
#include "src/core/rows/hook.c"
#include "src/core/waiting/ready.c"
#include "src/core/waiting/queue.c"
#include "src/core/resolve.c"
#include "src/core/drain.c"
#include "src/core/stored/collect.c"
#include "src/core/stored/limits.c"
#include "src/core/stored/persist.c"
#include "src/core/stored/recovery.c"
#include "src/core/stored/upgrade.c"
#include "src/core/stored/load.c"
#include "src/core/execute.c"
#include "src/core/fast.c"

/* sched: which operation runs next, and on which thread */
#include "src/sched/waiters.c"
#include "src/sched/deadline.c"
#include "src/sched/scheduler.c"
#include "src/sched/wait.c"
#include "src/sched/forget.c"
#include "src/sched/commit.c"

/* api: what the headers declare */
#include "src/api/complete.c"
#include "src/api/run.c"
#include "src/api/start.c"
#include "src/api/visit.c"
#include "src/api/dump.c"
#include "src/api/create.c"
#include "src/api/destroy.c"
#include "src/api/open.c"
#include "src/api/recover.c"
#include "src/api/save.c"
