#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim_internal.h"
#include "sim_json.h"
#include "sim_memory.h"

/*
 * How does this call of a hook, the nth of the request, end? The first entry that fits decides;
 * NULL: ok.
 */
static const sim_fault *find_fault(const sim_request *request, uint16_t hook, uint64_t nth)
{
    for (size_t i = 0; i < request->n_faults; i++) {
        const sim_fault *fault = &request->faults[i];
        if (fault->hook == hook && (fault->nth == 0 || fault->nth == nth))
            return fault;
    }
    return NULL;
}

/* What a hook returns to end so. */
static int answer_of(sim_outcome outcome, const sim_fault *fault)
{
    switch (outcome) {
    case SIM_OK:
        return 0;
    case SIM_YES:
        return BERTH_YES;
    case SIM_NO:
        return BERTH_NO;
    case SIM_UNCERTAIN:
        return BERTH_UNCERTAIN(fault->error);
    case SIM_NOT_GIVEN:
    case SIM_FAIL:
    case SIM_UNKNOWN:
        break;
    }
    return fault->error;
}

/* Writes what the call is to give. */
static void write_outs(berth_sim *sim, uint8_t hook, sim_writes writes, void *out)
{
    const berth_sim_hook *glue = &sim->glue->hooks[hook];
    size_t size = sim->glue->type->hooks[hook].out_size;
    if (glue->n_outs == 0 || writes == SIM_NOTHING)
        return;
    if (writes == SIM_ZEROS) {
        memset(out, 0, size);
        return;
    }
    for (size_t i = 0; i < glue->n_outs && writes == SIM_NEW_VALUES; i++)
        sim_value_make(&sim->labels, &glue->outs[i], sim->calls[hook],
                       sim->news[hook] + glue->outs[i].offset);
    memcpy(out, sim->news[hook], size);
}

int berth_sim_hook_called(berth_sim *sim, uint8_t hook, const void *view, void *out)
{
    const berth_sim_hook *glue = &sim->glue->hooks[hook];
    const sim_fault *fault = find_fault(sim->request, hook, ++sim->calls_now[hook]);
    const sim_outcome outcome = fault != NULL                       ? fault->outcome
                                : sim->glue->type->hooks[hook].asks ? SIM_YES
                                                                    : SIM_OK;
    ++sim->calls[hook];
    json_object *call = json_object_new_object();
    json_object_object_add(call, "hook", json_object_new_string(sim->glue->type->hooks[hook].name));
    json_object_object_add(call, "outcome", json_object_new_string(sim_outcome_name(outcome)));
    json_object_object_add(call, "args", sim_answer_args(sim, glue->resource, view));
    json_object_array_add(sim->recorded, call);
    write_outs(sim, hook, fault == NULL ? SIM_NEW_VALUES : fault->writes, out);
    return answer_of(outcome, fault);
}

int berth_sim_settle_called(berth_sim *sim)
{
    const sim_fault *fault = find_fault(sim->request, SIM_SETTLE, 1);
    const sim_outcome outcome = fault != NULL ? fault->outcome : SIM_OK;
    json_object *call = json_object_new_object();
    json_object_object_add(call, "hook", json_object_new_string(sim->glue->stored->settle_name));
    json_object_object_add(call, "outcome", json_object_new_string(sim_outcome_name(outcome)));
    json_object_object_add(call, "args", json_object_new_object());
    json_object_array_add(sim->recorded, call);
    return answer_of(outcome, fault);
}

/* Ends a manager, whatever it tracks. */
static void end_manager(const berth_sim_manager *glue, void *manager)
{
    if (manager == NULL)
        return;
    (void)glue->discard(manager);
    (void)glue->destroy(manager);
}

/* Keeps what the manager was made with. Texts of options are in the JSON value of the request. */
static void forget_request(berth_sim *sim)
{
    if (sim->made == NULL)
        return;
    sim_request_clear(sim->made);
    json_object_put(sim->made_of);
    sim_free(sim->made);
    sim->made = NULL;
}

static void keep_request(berth_sim *sim, sim_request *request)
{
    if (sim->glue->stored == NULL)
        return;
    forget_request(sim);
    sim->made = sim_new(1, sizeof *sim->made);
    *sim->made = *request;
    sim->made_of = json_object_get(sim->value);
    request->arena = (sim_arena){0}; /* it is kept */
}

/* A manager of a spec with `store` begins with an empty one. If that cannot be made, the old one
 * stays. */
static int renew_stored(berth_sim *sim, const sim_request *request)
{
    berth_memory_store *memory = berth_memory_store_make(NULL);
    berth_faulty_store *store = sim_new(1, sizeof *store);
    void *manager = NULL;
    if (memory == NULL)
        abort();
    berth_faulty_store_init(store, berth_memory_store_functions(memory));
    int code =
        sim->glue->open(request->options, request->without, sim, &store->functions, &manager);
    if (code == 0) {
        end_manager(sim->glue, sim->manager);
        berth_memory_store_free(sim->memory);
        sim_free(sim->store);
        sim->manager = manager;
        sim->memory = memory;
        sim->store = store;
    } else {
        berth_memory_store_free(memory);
        sim_free(store);
    }
    return code;
}

static int renew_manager(berth_sim *sim, const sim_request *request)
{
    void *manager = NULL;
    int code = sim->glue->create(request->options, request->without, sim, &manager);
    if (code != 0)
        return code;
    end_manager(sim->glue, sim->manager);
    sim->manager = manager;
    return 0;
}

/* Replaces the manager by one made as `request` says. When that fails, the old one stays. */
static int renew(berth_sim *sim, sim_request *request)
{
    int code = sim->glue->stored != NULL ? renew_stored(sim, request) : renew_manager(sim, request);
    if (code != 0)
        return code;
    keep_request(sim, request);
    sim_labels_clear(&sim->labels);
    memset(sim->calls, 0, (sim->glue->type->n_hooks + 1U) * sizeof sim->calls[0]);
    for (unsigned i = 1; i <= sim->glue->type->n_hooks; i++) {
        if (sim->news[i] != NULL)
            memset(sim->news[i], 0, sim->glue->type->hooks[i].out_size);
    }
    return 0;
}

/* The process has died: the manager is made again, of what its store has. */
static void restart(berth_sim *sim)
{
    if (sim->manager != NULL)
        (void)sim->glue->destroy(sim->manager);
    sim->manager = NULL;
    sim->store->dead = false;
    sim->store->at = 0;
    if (sim->glue->open(sim->made->options, sim->made->without, sim, &sim->store->functions,
                        &sim->manager) != 0)
        abort();
}

void sim_revive(berth_sim *sim, json_object *made)
{
    sim_request request;
    sim->manager = NULL;
    sim->made = NULL;
    sim->recorded = NULL;
    sim->value = made;
    if (!sim_request_read(sim->glue, made, &request))
        abort();
    sim_request_bind(&request, &sim->labels);
    keep_request(sim, &request);
    restart(sim);
}

/* The first request that needs a manager makes one with the defaults. */
static int renew_by_default(berth_sim *sim)
{
    sim_request defaults;
    sim_request_new(sim->glue, &defaults);
    sim_labels labels = {0};
    sim_request_bind(&defaults, &labels);
    int code = renew(sim, &defaults);
    sim_labels_clear(&labels);
    sim_request_clear(&defaults);
    return code;
}

/* What becomes of the commits of a request. */
static void script_store(berth_faulty_store *store, const sim_request *request)
{
    if (store == NULL)
        return;
    store->n_commits = 0;
    store->at = 0;
    if (request->dies || request->refuses)
        store->at = request->commit > 0 ? request->commit : 1;
    if (request->refuses)
        store->fault = BERTH_FAULT_REFUSE;
    else
        store->fault = request->commit > 0 ? BERTH_FAULT_DIE : BERTH_FAULT_LOSE;
}

static int perform(berth_sim *sim, const sim_request *request, berth_error *error)
{
    script_store(sim->store, request);
    switch (request->verb) {
    case SIM_DRAIN:
        return sim->glue->drain(sim->manager, error);
    case SIM_DISCARD:
        if (request->root == 0)
            return sim->glue->discard(sim->manager);
        return sim->glue->discard_root(sim->manager, request->root, request->configs[0], error);
    case SIM_RECOVER:
        return sim->glue->recover(sim->manager, error);
    case SIM_OPERATION:
        return sim->glue->run(sim->manager, request->operation, &request->arguments, error);
    default:
        return 0;
    }
}

/* Does a root have to be recovered before this request? */
static bool needs_recover(const berth_sim *sim, const sim_request *request)
{
    if (request->verb == SIM_NEW || request->verb == SIM_RECOVER || sim->glue->stored == NULL ||
        (request->verb == SIM_DISCARD && request->root == 0))
        return false;
    return berth_stored_needs_recover(sim->manager);
}

/* Has the process died in this request? Else a hook or a rule has given this error. */
static bool has_died(int code, const berth_error *error)
{
    return code == -EOWNERDEAD && error->resource == NULL && error->hook == NULL &&
           error->rule == NULL;
}

/* The answer to a well-formed request. */
static json_object *run(berth_sim *sim, sim_request *request)
{
    int code = 0;
    if (request->verb == SIM_NEW) {
        /* a new manager has no labels yet: UUIDs among its options are bound in these */
        sim_labels labels = {0};
        sim_request_bind(request, &labels);
        code = renew(sim, request);
        if (code == 0) {
            sim_labels_clear(&sim->labels);
            sim->labels = labels;
        } else {
            sim_labels_clear(&labels);
        }
    } else if (sim->manager == NULL) {
        code = renew_by_default(sim);
    }
    if (code != 0)
        return sim_answer_malformed(sim->requests, "the manager cannot be made with these options");
    if (needs_recover(sim, request))
        return sim_answer_malformed(sim->requests, "recover first");
    if (request->verb != SIM_NEW)
        sim_request_bind(request, &sim->labels);

    berth_error error = {0};
    memset(sim->calls_now, 0, (sim->glue->type->n_hooks + 1U) * sizeof sim->calls_now[0]);
    sim->request = request;
    sim->recorded = json_object_new_array();
    code = perform(sim, request, &error);
    if (sim->glue->stored != NULL && has_died(code, &error))
        restart(sim);
    json_object *answer = sim_answer(sim, request, code, &error);
    json_object_put(sim->recorded);
    sim->recorded = NULL;
    sim->request = NULL;
    return answer;
}

/* Bytes of the longest line that is kept, without its newline. */
#define SIM_LINE_MAX ((size_t)1 << 20)

/* Zero is empty. */
typedef struct sim_line {
    char *text; /* not NUL-terminated; may hold NUL bytes */
    size_t length;
    size_t room;
    bool too_long; /* the line had more than SIM_LINE_MAX bytes; `text` is its start */
} sim_line;

/* Reads the next line, without its newline; the last one needs none. false: there is no more. */
static bool read_line(sim_line *line, FILE *in)
{
    line->length = 0;
    line->too_long = false;
    int byte = getc(in);
    if (byte == EOF)
        return false;
    for (; byte != EOF && byte != '\n'; byte = getc(in)) {
        if (line->length == SIM_LINE_MAX) {
            line->too_long = true; /* reads on to its end, so that the next line is found */
            continue;
        }
        if (line->length == line->room) {
            line->room = line->room > 0 ? line->room * 2 : 256;
            line->text = sim_resize(line->text, line->room, 1);
        }
        line->text[line->length++] = (char)byte;
    }
    return true;
}

static bool is_blank(const sim_line *line)
{
    for (size_t i = 0; i < line->length; i++) {
        char byte = line->text[i];
        if (byte != ' ' && byte != '\t' && byte != '\r')
            return false;
    }
    return true;
}

json_object *sim_answer_value(berth_sim *sim, json_object *value)
{
    sim_request request;
    json_object *answer;
    sim->value = value;
    if (sim_request_read(sim->glue, value, &request))
        answer = run(sim, &request);
    else
        answer = sim_answer_malformed(sim->requests, request.why);
    sim_request_clear(&request);
    return answer;
}

static json_object *answer_line(berth_sim *sim, const sim_line *line)
{
    sim->requests++;
    if (line->too_long)
        return sim_answer_malformed(sim->requests, "a line of more than 1048576 bytes");
    const char *why = NULL;
    json_object *value = sim_json_read(line->text, line->length, &why);
    if (value == NULL)
        return sim_answer_malformed(sim->requests, why);
    json_object *answer = sim_answer_value(sim, value);
    json_object_put(value);
    return answer;
}

static bool write_answer(json_object *answer, FILE *out)
{
    size_t length = 0;
    const char *text = json_object_to_json_string_length(
        answer, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE, &length);
    return text != NULL && fwrite(text, 1, length, out) == length && putc('\n', out) != EOF &&
           fflush(out) == 0;
}

void sim_begin(berth_sim *sim, const berth_sim_manager *glue)
{
    const berth_manager_type *type = glue->type;
    *sim = (berth_sim){.glue = glue};
    sim->calls = sim_new(type->n_hooks + 1U, sizeof sim->calls[0]);
    sim->calls_now = sim_new(type->n_hooks + 1U, sizeof sim->calls_now[0]);
    sim->news = sim_new(type->n_hooks + 1U, sizeof sim->news[0]);
    for (unsigned i = 1; i <= type->n_hooks; i++) {
        if (glue->hooks[i].n_outs > 0)
            sim->news[i] = sim_new(1, type->hooks[i].out_size);
    }
}

static void end(berth_sim *sim)
{
    end_manager(sim->glue, sim->manager);
    berth_memory_store_free(sim->memory);
    sim_free(sim->store);
    forget_request(sim);
    sim_labels_clear(&sim->labels);
    sim_free(sim->calls);
    sim_free(sim->calls_now);
    for (unsigned i = 1; i <= sim->glue->type->n_hooks; i++)
        sim_free(sim->news[i]);
    sim_free(sim->news);
}

int berth_sim_run(const berth_sim_manager *manager, FILE *in, FILE *out)
{
    berth_sim sim;
    sim_begin(&sim, manager);
    sim_line line = {0};
    bool written = true;
    while (written && read_line(&line, in)) {
        if (is_blank(&line))
            continue;
        json_object *answer = answer_line(&sim, &line);
        written = write_answer(answer, out);
        json_object_put(answer);
    }
    end(&sim);
    sim_free(line.text);
    return written && ferror(in) == 0 ? 0 : -EIO;
}
