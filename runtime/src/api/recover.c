/* Recovery: what the `uncertain` targets of calls raise that ended with their process. */
#include <errno.h>
#include <string.h>

#include "../base/store/memory.h"
#include "../core/execute.h"
#include "../core/report/error.h"
#include "../core/rows/hook.h"
#include "../core/stored/recovery.h"
#include "../sched/scheduler.h"
#include "../sched/wait.h"
#include "../sched/waiters.h"

static int fail_recover(const struct berth_manager *manager, int code, berth_error *error)
{
    *error = (berth_error){.code = code, .manager = manager->type->name, .operation = "recover"};
    return code;
}

/* Has the backend settle: no call of an earlier epoch takes effect any more. Without the lock. */
static int call_settle(struct berth_manager *manager, berth_error *error)
{
    const struct stored *stored = manager->stored;
    int answer;

    if (!stored->type->settle)
        return 0;
    lock_release(&manager->lock);
    answer = stored->type->settle(manager->backend, stored->epoch);
    (void)lock_acquire(&manager->lock);
    if (answer == 0)
        return 0;
    answer = hook_error(answer);
    (void)fail_recover(manager, answer, error);
    error->hook = stored->type->settle_name;
    return answer;
}

/* Runs it to its end, or until the store refuses it. */
static void run_recovery(struct recovery *recovery)
{
    struct operation *operation = &recovery->block.operation;
    struct berth_manager *manager = operation->call.manager;

    manager->n_operations++;
    for (;;) {
        enum progress progress = execute_operation(operation, true);

        if (progress == PROGRESS_DONE)
            break;
        if (!wait_for(operation, progress)) {
            (void)lock_acquire(&manager->lock);
            return;
        }
    }
    manager_end_operation(manager);
    scheduler_run(manager);
}

static void discard_recovery(struct recovery *recovery)
{
    struct sleepers nobody = {0};

    if (execute_finish(&recovery->block.operation) == PROGRESS_RELEASED)
        waiters_wake(&recovery->block.operation, &nobody); /* all have left */
}

/* Runs one recovery. 0, or its error. True in `again`: it has to be tried again. */
static int recover_one(struct recovery *recovery, int64_t deadline, berth_error *error, bool *again)
{
    struct operation *operation = &recovery->block.operation;

    *again = false;
    memory_zero(error, sizeof *error);
    if (operation->discarded) {
        discard_recovery(recovery);
        return 0;
    }
    recovery_prepare(recovery, deadline, error);
    run_recovery(recovery);
    operation->error = NULL;
    if (operation->discarded && operation->stage != STAGE_DONE)
        discard_recovery(recovery);
    *again = operation->stage != STAGE_DONE;
    if (*again) {
        error_fill(error, "recover", operation);
        memset(&operation->thread, 0, sizeof operation->thread); /* no thread runs it */
    }
    return operation->code;
}

static int recover_all(struct berth_manager *manager, int64_t deadline, berth_error *first)
{
    struct recovery **at = &manager->stored->recoveries;
    int code = 0;

    while (*at) {
        struct recovery *recovery = *at;
        berth_error error;
        bool again;
        int rc = recover_one(recovery, deadline, &error, &again);

        if (rc < 0 && code == 0) {
            code = rc;
            *first = error;
        }
        if (again) {
            at = &recovery->next;
        } else {
            *at = recovery->next;
            recovery_free(manager, recovery);
        }
    }
    return code;
}

int berth_stored_recover(berth_manager *manager, int64_t deadline, berth_error *error)
{
    berth_error own;
    int rc;

    if (!error)
        error = &own;
    memory_zero(error, sizeof *error);
    if (!manager) {
        error->code = -EINVAL;
        return -EINVAL;
    }
    rc = lock_acquire(&manager->lock);
    if (rc != 0)
        return fail_recover(manager, rc, error);
    rc = stored_refuses(manager);
    if (rc == 0 && manager->stored->recovering)
        rc = -EALREADY;
    if (rc < 0) {
        lock_release(&manager->lock);
        return fail_recover(manager, rc, error);
    }
    manager->stored->recovering = true;
    manager->stored->recoverer = thread_self();
    manager->n_operations++;
    rc = call_settle(manager, error);
    if (rc == 0)
        rc = recover_all(manager, deadline, error);
    if (manager->stored->lost)
        rc = fail_recover(manager, stored_refuses(manager), error);
    manager->stored->recovering = false;
    manager_end_operation(manager);
    lock_release(&manager->lock);
    return rc;
}

bool berth_stored_needs_recover(berth_manager *manager)
{
    bool needs = false;

    if (manager_lock(manager) != 0)
        return false;
    needs = recovery_is_needed(manager->stored);
    lock_release(&manager->lock);
    return needs;
}
