/* The faults of a request: how the calls of hooks end. */
#include <string.h>

#include "sim_internal.h"

/* The positive errno value with this name; 0: there is none. */
static int find_errno(const char *name)
{
    for (int code = 1; code < 4096; code++) {
        const char *known = berth_errno_name(code);
        if (known[0] == 'E' && known[1] != '?' && strcmp(known, name) == 0)
            return code;
    }
    return 0;
}

/* The number of a word; false: it is not among them. */
static bool find_word(const char *const *words, size_t n, const char *text, unsigned *number)
{
    for (size_t i = 0; i < n; i++) {
        if (words[i] != NULL && strcmp(words[i], text) == 0) {
            *number = (unsigned)i;
            return true;
        }
    }
    return false;
}

static const char *const outcomes[] = {
    [SIM_OK] = "ok",   [SIM_FAIL] = "fail", [SIM_UNCERTAIN] = "uncertain",
    [SIM_YES] = "yes", [SIM_NO] = "no",     [SIM_UNKNOWN] = "unknown"};

const char *sim_outcome_name(sim_outcome outcome)
{
    return outcomes[outcome];
}

/* The name of a hook, or of the one that settles. */
static bool read_hook(const berth_sim_manager *glue, sim_request *request, json_object *value,
                      uint16_t *hook)
{
    const char *settle = glue->stored != NULL ? glue->stored->settle_name : NULL;
    uint8_t id = 0;
    if (settle != NULL && json_object_is_type(value, json_type_string) &&
        strcmp(json_object_get_string(value), settle) == 0) {
        *hook = SIM_SETTLE;
        return true;
    }
    if (!sim_request_hook(glue->type, request, value, &id))
        return false;
    *hook = id;
    return true;
}

static bool read_fault_member(const berth_sim_manager *glue, sim_request *request, const char *name,
                              json_object *value, sim_fault *fault)
{
    if (strcmp(name, "hook") == 0)
        return read_hook(glue, request, value, &fault->hook);
    if (strcmp(name, "nth") == 0) {
        if (!sim_value_integer(BERTH_U64, value, &fault->nth) || fault->nth == 0)
            return sim_request_refuse(request, "nth must be a positive integer");
        return true;
    }
    const char *text =
        json_object_is_type(value, json_type_string) ? json_object_get_string(value) : "";
    if (strcmp(name, "error") == 0) {
        fault->error = -find_errno(text);
        return fault->error != 0 || sim_request_malformed(request, "unknown errno name", text);
    }
    if (strcmp(name, "outcome") == 0) {
        unsigned outcome = 0;
        if (!find_word(outcomes, sizeof outcomes / sizeof outcomes[0], text, &outcome))
            return sim_request_malformed(request, "unknown outcome", text);
        fault->outcome = (sim_outcome)outcome;
        return true;
    }
    if (strcmp(name, "writes") == 0) {
        static const char *const all[] = {[SIM_NEW_VALUES] = "new",
                                          [SIM_LAST_VALUES] = "last",
                                          [SIM_ZEROS] = "zero",
                                          [SIM_NOTHING] = "nothing"};
        unsigned writes = 0;
        if (!find_word(all, sizeof all / sizeof all[0], text, &writes))
            return sim_request_malformed(request, "writes must be new, last, zero or nothing, not",
                                         text);
        fault->writes = (sim_writes)writes;
        return true;
    }
    return sim_request_malformed(request, "unknown member of fail:", name);
}

/*
 * What was not given, and whether what was given fits together: a hook that asks has other outcomes
 * than one that acts.
 */
static bool complete_fault(const berth_manager_type *type, sim_request *request, sim_fault *fault)
{
    const bool asks = fault->hook != SIM_SETTLE && type->hooks[fault->hook].asks;
    bool fails;

    if (fault->outcome == SIM_NOT_GIVEN)
        fault->outcome = asks ? SIM_UNKNOWN : SIM_FAIL;
    if (asks != (fault->outcome >= SIM_YES))
        return sim_request_malformed(request,
                                     asks ? "outcome must be yes, no or unknown, not"
                                          : "outcome must be ok, fail or uncertain, not",
                                     sim_outcome_name(fault->outcome));
    fails = fault->outcome == SIM_FAIL || fault->outcome == SIM_UNCERTAIN ||
            fault->outcome == SIM_UNKNOWN;
    if (!fails && fault->error != 0)
        return sim_request_malformed(request, "no error goes with outcome",
                                     sim_outcome_name(fault->outcome));
    if (fails && fault->error == 0)
        fault->error = -find_errno("EIO");
    return true;
}

static bool read_fault(const berth_sim_manager *glue, sim_request *request, json_object *value,
                       sim_fault *fault)
{
    if (!json_object_is_type(value, json_type_object))
        return read_hook(glue, request, value, &fault->hook) &&
               complete_fault(glue->type, request, fault);
    json_object_object_foreach(value, name, member)
    {
        if (!read_fault_member(glue, request, name, member, fault))
            return false;
    }
    if (fault->hook == 0)
        return sim_request_refuse(request, "an entry of fail lacks its hook");
    return complete_fault(glue->type, request, fault);
}

bool sim_faults_read(const berth_sim_manager *glue, sim_request *request, json_object *value)
{
    if (!json_object_is_type(value, json_type_array))
        return sim_request_refuse(request, "fail must be an array");
    request->n_faults = json_object_array_length(value);
    request->faults = sim_arena_new(&request->arena, request->n_faults, sizeof request->faults[0]);
    for (size_t i = 0; i < request->n_faults; i++) {
        if (!read_fault(glue, request, json_object_array_get_idx(value, i), &request->faults[i]))
            return false;
    }
    return true;
}
