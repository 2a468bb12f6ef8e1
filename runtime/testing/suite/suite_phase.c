/* The phases of a caller, and the keys that callers have. */
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "suite_internal.h"

bool suite_keyed(const berth_suite *suite, suite_configs *out, const void *const *config,
                 const uint8_t *path, uint8_t level, unsigned n)
{
    const berth_suite_resource *type = &suite->type->resources[path[level]];

    memcpy(out->config, config, sizeof out->config);
    if (n == 0)
        return true;
    if (type->set_key == NULL)
        return false;
    if (type->config_size > sizeof out->storage)
        abort();
    memcpy(out->storage, config[level], type->config_size);
    type->set_key(out->storage, n, out->text, sizeof out->text);
    out->config[level] = out->storage;
    return true;
}

static berth_suite_call phase_call(const berth_suite *suite, const berth_suite_phase *phase,
                                   suite_caller *caller, const void *const *config,
                                   int64_t deadline)
{
    (void)snprintf(caller->owner, sizeof caller->owner, "%p", (void *)caller);
    return (berth_suite_call){
        .manager = suite->manager,
        .owner = caller->owner,
        .config = config,
        .reservation = phase->reserved ? caller->reservation : NULL,
        .gives = caller->reservation,
        .by_text = phase->kept ? caller->kept_text : NULL,
        .by_number = caller->kept_number,
        .by_uuid = caller->kept_uuid,
        .deadline = deadline,
        .error = &caller->error,
    };
}

static void keep(const berth_suite_phase *phase, suite_caller *caller, const berth_suite_call *call)
{
    if (phase->kept || phase->reserved)
        return;
    memcpy(caller->kept_text, call->kept_text, sizeof caller->kept_text);
    caller->kept_number = call->kept_number;
    uuid_copy(caller->kept_uuid, call->kept_uuid);
}

int suite_phase(berth_suite *suite, const berth_suite_phase *phase, suite_caller *caller,
                const void *const *config, int64_t deadline)
{
    const berth_suite_function *function = &suite->type->operations[phase->operation];
    berth_suite_call call = phase_call(suite, phase, caller, config, deadline);
    int rc;

    suite_call_begin(suite, function, &call);
    rc = suite_call_end(suite, function, &call, function->run(&call));
    if (rc == 0)
        keep(phase, caller, &call);
    return rc;
}

suite_job *suite_phase_start(berth_suite *suite, const berth_suite_phase *phase,
                             suite_caller *caller, const void *const *config, int64_t deadline)
{
    const berth_suite_function *function = &suite->type->operations[phase->operation];
    berth_suite_call call = phase_call(suite, phase, caller, config, deadline);

    suite_call_begin(suite, function, &call);
    return suite_job_start(suite, function, &call);
}

int suite_phase_finish(const berth_suite_phase *phase, suite_caller *caller, suite_job *job)
{
    const int rc = suite_job_finish(job);

    (void)suite_call_end(job->suite, job->function, &job->call, rc);
    if (rc == 0)
        keep(phase, caller, &job->call);
    return rc;
}

/*
 * The last phase lets go. What only the last holder's drop calls, it does not call while others
 * hold the root too.
 */
static bool calls_beside_others(const berth_suite_manager *type, unsigned number, unsigned hook)
{
    const berth_suite_phase *phase = &type->phases[number];

    return number + 1 < type->n_phases ? phase->alone[hook] > 0
                                       : phase->together[hook] > phase->alone[hook];
}

const berth_suite_phase *suite_calling_phase(const berth_suite_manager *type, unsigned *number)
{
    unsigned h;

    for (*number = 0; *number < type->n_phases; ++*number) {
        for (h = 1; h <= type->n_hooks; h++) {
            if (calls_beside_others(type, *number, h))
                return &type->phases[*number];
        }
    }
    return NULL;
}
