/*
 * From a JSON value to typed arguments. Everything is checked here that makes a request malformed;
 * what a well-formed one may not ask is the manager's to say.
 */
#include <stdio.h>
#include <string.h>

#include "sim_internal.h"

/* Bytes of the caller's own text that a message repeats. */
#define SHOWN 40

/* "what 'text'": with no byte in it that could break a line of JSON or a terminal. */
bool sim_request_malformed(sim_request *request, const char *what, const char *text)
{
    size_t length = strlen(text);
    char shown[SHOWN + 1];
    size_t count = length < SHOWN ? length : SHOWN;
    memcpy(shown, text, count);
    shown[count] = '\0';
    for (size_t i = 0; i < count; i++) {
        if (shown[i] < ' ' || shown[i] > '~')
            shown[i] = '?';
    }
    (void)snprintf(request->why, sizeof request->why, "%s '%s'%s", what, shown,
                   length > SHOWN ? "..." : "");
    return false;
}

bool sim_request_refuse(sim_request *request, const char *why)
{
    (void)snprintf(request->why, sizeof request->why, "%s", why);
    return false;
}

static uint8_t find_hook(const berth_manager_type *type, const char *name)
{
    for (unsigned i = 1; i <= type->n_hooks; i++) {
        if (strcmp(type->hooks[i].name, name) == 0)
            return (uint8_t)i;
    }
    return 0;
}

static uint8_t find_operation(const berth_manager_type *type, const char *name)
{
    for (unsigned i = 1; i <= type->n_operations; i++) {
        if (strcmp(type->operations[i].name, name) == 0)
            return (uint8_t)i;
    }
    return 0;
}

bool sim_request_hook(const berth_manager_type *type, sim_request *request, json_object *value,
                      uint8_t *hook)
{
    if (!json_object_is_type(value, json_type_string))
        return sim_request_refuse(request, "a hook's name must be a string");
    *hook = find_hook(type, json_object_get_string(value));
    return *hook != 0 ||
           sim_request_malformed(request, "unknown hook", json_object_get_string(value));
}

static bool read_without(const berth_sim_manager *glue, sim_request *request, json_object *value)
{
    if (!json_object_is_type(value, json_type_array))
        return sim_request_refuse(request, "without must be an array");
    for (size_t i = 0; i < json_object_array_length(value); i++) {
        uint8_t hook;
        if (!sim_request_hook(glue->type, request, json_object_array_get_idx(value, i), &hook))
            return false;
        if (!glue->hooks[hook].optional)
            return sim_request_malformed(request, "a backend must have",
                                         glue->type->hooks[hook].name);
        request->without[hook] = true;
    }
    return true;
}

/*
 * A struct of `n` fields at `to`, which holds the defaults already, from the members of an object.
 */
static bool read_fields(sim_request *request, const berth_field *fields, size_t n,
                        json_object *value, char *to, const char *of)
{
    if (!json_object_is_type(value, json_type_object))
        return sim_request_malformed(request, "not an object:", of);
    json_object_object_foreach(value, name, member)
    {
        size_t i = 0;
        while (i < n && strcmp(fields[i].name, name) != 0)
            i++;
        if (i == n)
            return sim_request_malformed(request, "unknown field", name);
        if (!sim_value_read(request, fields[i].name, &fields[i], member,
                            to + fields[i].config_offset))
            return false;
    }
    return true;
}

/*
 * An option that is given must be within its range. The manager checks that too, but cannot tell a
 * given 0 from one left out, which stands for the default where 0 is outside the range.
 */
static bool options_in_range(const berth_manager_type *type, sim_request *request)
{
    for (size_t i = 0; i < type->n_options; i++) {
        const berth_field *option = &type->options[i];
        if ((option->flags & BERTH_RANGED) == 0)
            continue;
        json_object *value = sim_value_json(NULL, option->type, NULL,
                                            (const char *)request->options + option->config_offset);
        bool in = json_object_get_int64(value) >= option->range->min &&
                  json_object_get_int64(value) <= option->range->max;
        if (option->type == BERTH_U64)
            in = json_object_get_uint64(value) >= (uint64_t)option->range->min &&
                 json_object_get_uint64(value) <= (uint64_t)option->range->max;
        json_object_put(value);
        if (!in)
            return sim_request_malformed(request, "outside its range: option", option->name);
    }
    return true;
}

static bool read_new(const berth_sim_manager *glue, sim_request *request, json_object *value)
{
    json_object_object_foreach(value, name, member)
    {
        if (strcmp(name, "op") == 0)
            continue;
        if (strcmp(name, "without") == 0) {
            if (!read_without(glue, request, member))
                return false;
        } else if (strcmp(name, "options") == 0) {
            if (!read_fields(request, glue->type->options, glue->type->n_options, member,
                             request->options, "options"))
                return false;
        } else {
            return sim_request_malformed(request, "unknown argument", name);
        }
    }
    return options_in_range(glue->type, request);
}

/* The parts of a slot, from an object with a member for each. */
static bool read_slot(sim_request *request, const berth_assigned *pool, json_object *value)
{
    uint32_t *slot = sim_arena_new(&request->arena, pool->n_parts, sizeof slot[0]);
    request->arguments.slot = slot;
    if (!json_object_is_type(value, json_type_object))
        return sim_request_malformed(request, "not an object:", pool->name);
    json_object_object_foreach(value, name, member)
    {
        size_t i = 0;
        while (i < pool->n_parts && strcmp(pool->parts[i].name, name) != 0)
            i++;
        if (i == pool->n_parts)
            return sim_request_malformed(request, "unknown part of a slot:", name);
        uint64_t number;
        if (!sim_value_integer((berth_type)pool->parts[i].type, member, &number))
            return sim_request_malformed(request, "not an integer that its type can hold:", name);
        slot[i] = (uint32_t)number;
    }
    return true;
}

/* What a `find … by` looks up. */
static bool read_by(sim_request *request, const berth_assigned *by, json_object *value)
{
    request->by_given = true;
    if (by->kind == BERTH_ASSIGN_POOL)
        return read_slot(request, by, value);
    berth_field field = {.name = by->name, .type = by->type};
    if (by->type == BERTH_UUID) {
        unsigned char *uuid = sim_arena_new(&request->arena, 1, sizeof(uuid_t));
        request->arguments.by_uuid = uuid;
        return sim_value_read(request, by->name, &field, value, uuid);
    }
    if (by->type == BERTH_CHARS) {
        field.type = BERTH_STRING;
        return sim_value_read(request, by->name, &field, value, &request->arguments.by_text);
    }
    if (!sim_value_integer((berth_type)by->type, value, &request->arguments.by_number))
        return sim_request_malformed(request, "not an integer that its type can hold:", by->name);
    return true;
}

/* Resource ids of an operation's path, root first. */
static void find_path(const berth_manager_type *type, const berth_operation *operation,
                      uint8_t path[BERTH_MAX_LEVELS])
{
    uint8_t resource = operation->resource;
    for (size_t level = operation->levels; level-- > 0; resource = type->resources[resource].parent)
        path[level] = resource;
}

/* Room for the config of a level, with its defaults. */
static void prepare_config(const berth_sim_manager *glue, sim_request *request, size_t level,
                           uint8_t resource)
{
    const berth_sim_config *config = &glue->configs[resource];
    void *copy = sim_arena_new(&request->arena, 1, config->size);
    memcpy(copy, config->defaults, config->size);
    request->configs[level] = copy;
    request->arguments.config[level] = copy;
}

/*
 * Room for configs, results and the new reservation: what an operation is passed when the request
 * names nothing.
 */
static void prepare(const berth_sim_manager *glue, sim_request *request)
{
    const berth_operation *operation = &glue->type->operations[request->operation];
    berth_sim_arguments *arguments = &request->arguments;
    uint8_t path[BERTH_MAX_LEVELS] = {0};
    find_path(glue->type, operation, path);
    for (size_t level = 0;
         level < operation->levels && operation->form != BERTH_WITH && operation->by == 0; level++)
        prepare_config(glue, request, level, path[level]);
    if ((operation->flags & BERTH_GIVES) != 0)
        arguments->gives = sim_arena_new(&request->arena, 1, sizeof(uuid_t));
    void **results = sim_arena_new(&request->arena, operation->n_returns, sizeof results[0]);
    size_t *sizes = sim_arena_new(&request->arena, operation->n_returns, sizeof sizes[0]);
    for (size_t i = 0; i < operation->n_returns; i++) {
        sizes[i] = operation->returns[i].size;
        results[i] = sim_arena_new(&request->arena, 1, sizes[i]);
    }
    arguments->results = results;
    arguments->result_sizes = sizes;
}

static bool read_argument(const berth_sim_manager *glue, sim_request *request, const char *name,
                          json_object *value)
{
    const berth_manager_type *type = glue->type;
    const berth_operation *operation = &type->operations[request->operation];
    const berth_resource *target = &type->resources[operation->resource];
    if (operation->form == BERTH_WITH && strcmp(name, "reservation") == 0) {
        if (!json_object_is_type(value, json_type_string))
            return sim_request_refuse(request, "reservation must be a string");
        request->reservation = json_object_get_string(value);
        return true;
    }
    if (operation->at != 0 && strcmp(name, target->assigned[operation->at - 1].name) == 0)
        return read_slot(request, &target->assigned[operation->at - 1], value);
    if (operation->by != 0 && strcmp(name, target->assigned[operation->by - 1].name) == 0)
        return read_by(request, &target->assigned[operation->by - 1], value);
    uint8_t path[BERTH_MAX_LEVELS] = {0};
    find_path(type, operation, path);
    for (size_t level = 0; level < operation->levels; level++) {
        const berth_resource *resource = &type->resources[path[level]];
        if (request->configs[level] != NULL && strcmp(name, resource->name) == 0)
            return read_fields(request, resource->fields, resource->n_fields, value,
                               request->configs[level], resource->name);
    }
    return sim_request_malformed(request, "unknown argument", name);
}

/* The root that a discard names. */
static bool read_root(const berth_sim_manager *glue, sim_request *request, const char *name,
                      json_object *value)
{
    const berth_manager_type *type = glue->type;
    uint8_t id = 1;
    while (id <= type->n_resources &&
           (type->resources[id].parent != 0 || strcmp(type->resources[id].name, name) != 0))
        id++;
    if (id > type->n_resources || request->root != 0)
        return sim_request_malformed(request, "unknown argument", name);
    request->root = id;
    prepare_config(glue, request, 0, id);
    return read_fields(request, type->resources[id].fields, type->resources[id].n_fields, value,
                       request->configs[0], name);
}

/* What an operation cannot do without, because its typed function has no value for "not given". */
static bool complete(const berth_manager_type *type, sim_request *request)
{
    const berth_operation *operation = &type->operations[request->operation];
    const berth_assigned *assigned = type->resources[operation->resource].assigned;
    if (operation->form == BERTH_WITH && request->reservation == NULL)
        return sim_request_malformed(request, "missing argument", "reservation");
    if (operation->at != 0 && request->arguments.slot == NULL)
        return sim_request_malformed(request, "missing argument", assigned[operation->at - 1].name);
    if (operation->by != 0 && !request->by_given)
        return sim_request_malformed(request, "missing argument", assigned[operation->by - 1].name);
    return true;
}

/* Is it a member of requests to managers with a store? */
static bool is_stored_member(const berth_sim_manager *glue, const sim_request *request,
                             const char *name)
{
    uint8_t flags =
        request->verb == SIM_OPERATION ? glue->type->operations[request->operation].flags : 0;
    if (glue->stored == NULL)
        return false;
    if (strcmp(name, "owner") == 0)
        return (flags & (BERTH_GIVES | BERTH_OWNED)) != 0;
    if (strcmp(name, "id") == 0)
        return (flags & BERTH_GIVES) != 0;
    return strcmp(name, "die") == 0 || strcmp(name, "refuse") == 0;
}

static bool read_commit(sim_request *request, const char *name, json_object *value)
{
    uint64_t number;
    if (!sim_value_integer(BERTH_U32, value, &number))
        return sim_request_malformed(request, "not an integer that its type can hold:", name);
    if (strcmp(name, "refuse") == 0 && number == 0)
        return sim_request_refuse(request, "refuse counts from 1");
    request->commit = (uint32_t)number;
    if (strcmp(name, "die") == 0)
        request->dies = true;
    else
        request->refuses = true;
    return true;
}

static bool read_stored_member(sim_request *request, const char *name, json_object *value)
{
    if (strcmp(name, "owner") != 0 && strcmp(name, "id") != 0)
        return read_commit(request, name, value);
    if (!json_object_is_type(value, json_type_string))
        return sim_request_malformed(request, "not a string:", name);
    if (strcmp(name, "owner") == 0) {
        request->arguments.owner = json_object_get_string(value);
        return true;
    }
    request->id = json_object_get_string(value);
    return *request->id != '\0' || sim_request_refuse(request, "id must be a label");
}

/* The members of drain, discard, recover and operations. */
static bool read_arguments(const berth_sim_manager *glue, sim_request *request, json_object *value)
{
    json_object_object_foreach(value, name, member)
    {
        if (strcmp(name, "op") == 0)
            continue;
        if (strcmp(name, "fail") == 0) {
            if (!sim_faults_read(glue, request, member))
                return false;
        } else if (is_stored_member(glue, request, name)) {
            if (!read_stored_member(request, name, member))
                return false;
        } else if (request->verb == SIM_DISCARD) {
            if (!read_root(glue, request, name, member))
                return false;
        } else if (request->verb != SIM_OPERATION) {
            return sim_request_malformed(request, "unknown argument", name);
        } else if (!read_argument(glue, request, name, member)) {
            return false;
        }
    }
    if (request->dies && request->refuses)
        return sim_request_refuse(request, "a request cannot both die and refuse");
    return request->verb != SIM_OPERATION || complete(glue->type, request);
}

void sim_request_new(const berth_sim_manager *glue, sim_request *request)
{
    memset(request, 0, sizeof *request);
    request->next_uuid = &request->uuids;
    request->verb = SIM_NEW;
    request->arguments.owner = "o";
    request->without =
        sim_arena_new(&request->arena, glue->type->n_hooks + 1U, sizeof request->without[0]);
    request->options = sim_arena_new(&request->arena, 1, glue->type->options_size);
    if (glue->options != NULL)
        memcpy(request->options, glue->options, glue->type->options_size);
}

bool sim_request_read(const berth_sim_manager *glue, json_object *value, sim_request *request)
{
    sim_request_new(glue, request);
    json_object *member = NULL;
    if (!json_object_is_type(value, json_type_object))
        return sim_request_refuse(request, "a request must be an object");
    if (!json_object_object_get_ex(value, "op", &member) ||
        !json_object_is_type(member, json_type_string))
        return sim_request_refuse(request, "a request must have a string op");
    const char *op = json_object_get_string(member);
    /* the spec's own operations come first: one called drain is that one */
    request->operation = find_operation(glue->type, op);
    if (request->operation != 0) {
        request->verb = SIM_OPERATION;
        prepare(glue, request);
    } else if (strcmp(op, "drain") == 0) {
        request->verb = SIM_DRAIN;
    } else if (strcmp(op, "discard") == 0) {
        request->verb = SIM_DISCARD;
    } else if (glue->stored != NULL && strcmp(op, "recover") == 0) {
        request->verb = SIM_RECOVER;
    } else if (strcmp(op, "new") == 0) {
        return read_new(glue, request, value);
    } else {
        return sim_request_malformed(request, "unknown op", op);
    }
    return read_arguments(glue, request, value);
}

void sim_request_bind(sim_request *request, sim_labels *labels)
{
    if (request->reservation != NULL) {
        unsigned char *uuid = sim_arena_new(&request->arena, 1, sizeof(uuid_t));
        sim_label_find_reservation(labels, request->reservation, uuid);
        request->arguments.reservation = uuid;
    }
    if (request->id != NULL)
        sim_label_choose(labels, request->id, request->arguments.gives);
    for (const sim_uuid_text *uuid = request->uuids; uuid != NULL; uuid = uuid->next)
        sim_label_uuid(labels, uuid->text, uuid->at);
}

void sim_request_clear(sim_request *request)
{
    sim_arena_clear(&request->arena);
}
