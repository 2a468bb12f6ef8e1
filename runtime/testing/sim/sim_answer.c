/* Answers: what an operation returned, the calls it made, and what the manager tracks now. */
#include <string.h>

#include "sim_internal.h"

/* A value of a view: a field, or a leaf of an assigned value. */
typedef struct leaf {
    const char *name;
    uint8_t type;
    uint16_t view_offset;
    const char *const *values;
} leaf;

/*
 * A UUID of an instance, or a text that may have some. Labels go by the order of the text, so they
 * wait until it is known.
 */
typedef struct labelled {
    struct labelled *next;
    const char *name;
    uint8_t type;
    const void *value; /* a copy */
} labelled;

/* An instance of the snapshot. */
typedef struct node {
    const void *view; /* names the instance; not read after the visit */
    const void *parent;
    uint8_t resource;
    json_object *object;
    labelled *labelled; /* in order */
} node;

typedef struct snapshot {
    const berth_manager_type *type;
    const berth_sim *sim;
    sim_arena arena;
    node *nodes;
    size_t count;
    size_t room;
} snapshot;

/*
 * The values of a view in the order they are shown: fields, then leaves of assigned values. false:
 * there are not that many.
 */
static bool leaf_at(const berth_resource *resource, size_t index, leaf *out)
{
    if (index < resource->n_fields) {
        const berth_field *field = &resource->fields[index];
        *out = (leaf){.name = field->name,
                      .type = field->type,
                      .view_offset = field->view_offset,
                      .values = field->type == BERTH_ENUM ? field->values : NULL};
        return true;
    }
    index -= resource->n_fields;
    for (size_t i = 0; i < resource->n_assigned; i++) {
        const berth_assigned *assigned = &resource->assigned[i];
        if (assigned->kind != BERTH_ASSIGN_POOL) {
            *out = (leaf){.name = assigned->name,
                          .type = assigned->type,
                          .view_offset = assigned->view_offset};
            if (index-- == 0)
                return true;
        } else if (index < assigned->n_parts) {
            const berth_pool_part *part = &assigned->parts[index];
            *out = (leaf){.name = part->name, .type = part->type, .view_offset = part->view_offset};
            return true;
        } else {
            index -= assigned->n_parts;
        }
    }
    return false;
}

static const void *at(const void *view, uint16_t offset)
{
    return (const char *)view + offset;
}

static const void *parent_of(const void *view)
{
    const void *parent;
    memcpy(&parent, view, sizeof parent);
    return parent;
}

json_object *sim_answer_args(berth_sim *sim, uint8_t resource, const void *view)
{
    json_object *args = json_object_new_object();
    const berth_resource *of = &sim->glue->type->resources[resource];
    for (;;) {
        leaf value;
        for (size_t i = 0; leaf_at(of, i, &value); i++) {
            if (!json_object_object_get_ex(args, value.name, NULL))
                json_object_object_add(args, value.name,
                                       sim_value_json(&sim->labels, value.type, value.values,
                                                      at(view, value.view_offset)));
        }
        if (of->parent == 0)
            return args;
        view = parent_of(view);
        of = &sim->glue->type->resources[of->parent];
    }
}

/* May instances of the resource have references with an owner? */
static bool has_owners(const berth_sim_manager *glue, uint8_t resource)
{
    for (unsigned i = 1; glue->stored != NULL && i <= glue->type->n_operations; i++) {
        const berth_operation *operation = &glue->type->operations[i];
        for (unsigned j = 0; operation->form != BERTH_WITH && j < operation->n_steps; j++) {
            const berth_step *step = &operation->steps[j];
            if (operation->path[step->level] == resource &&
                step->event == glue->type->resources[resource].take)
                return true;
        }
    }
    return false;
}

static int visit_owner(void *arg, const char *owner)
{
    json_object_array_add(arg, json_object_new_string(owner));
    return 0;
}

static int compare_owners(const void *a, const void *b)
{
    return strcmp(json_object_get_string(*(json_object *const *)a),
                  json_object_get_string(*(json_object *const *)b));
}

static int visit_instance(void *arg, const berth_item *item)
{
    snapshot *into = arg;
    if (into->count == into->room) {
        into->room = into->room > 0 ? into->room * 2 : 16;
        into->nodes = sim_resize(into->nodes, into->room, sizeof into->nodes[0]);
    }
    node *made = &into->nodes[into->count++];
    *made = (node){.view = item->view,
                   .parent = item->parent,
                   .resource = item->resource,
                   .object = json_object_new_object()};
    const berth_resource *resource = &into->type->resources[item->resource];
    labelled **next = &made->labelled;
    leaf value;
    for (size_t i = 0; leaf_at(resource, i, &value); i++) {
        const void *from = at(item->view, value.view_offset);
        if (value.type != BERTH_UUID && value.type != BERTH_CHARS) {
            json_object_object_add(made->object, value.name,
                                   sim_value_json(NULL, value.type, value.values, from));
            continue;
        }
        const size_t size = value.type == BERTH_UUID ? sizeof(uuid_t) : strlen(from) + 1;
        labelled *member = sim_arena_new(&into->arena, 1, sizeof *member);
        member->name = value.name;
        member->type = value.type;
        member->value = memcpy(sim_arena_new(&into->arena, size, 1), from, size);
        *next = member;
        next = &member->next;
        json_object_object_add(made->object, value.name, NULL); /* keeps its place */
    }
    json_object_object_add(made->object, "state",
                           json_object_new_string(resource->states[item->state]));
    json_object_object_add(made->object, "refs", json_object_new_int64(item->refs));
    if (has_owners(into->sim->glue, item->resource)) {
        json_object *owners = json_object_new_array();
        json_object_object_add(made->object, "owners", owners);
        (void)berth_stored_for_each_owner(into->sim->manager, item->view, visit_owner, owners);
        json_object_array_sort(owners, compare_owners);
    }
    return 0;
}

/*
 * Adds to `object`, under the name of each child of `parent` (0: of each root), the list of the
 * instances below `view`, and theirs.
 */
static void add_instances(const snapshot *from, sim_labels *labels, json_object *object,
                          uint8_t parent, const void *view)
{
    for (unsigned resource = 1; resource <= from->type->n_resources; resource++) {
        if (from->type->resources[resource].parent != parent)
            continue;
        json_object *list = json_object_new_array();
        json_object_object_add(object, from->type->resources[resource].name, list);
        for (size_t i = 0; i < from->count; i++) {
            const node *one = &from->nodes[i];
            if (one->resource != resource || one->parent != view)
                continue;
            for (const labelled *member = one->labelled; member != NULL; member = member->next)
                json_object_object_add(one->object, member->name,
                                       sim_value_json(labels, member->type, NULL, member->value));
            json_object_array_add(list, one->object);
            add_instances(from, labels, one->object, (uint8_t)resource, one->view);
        }
    }
}

typedef struct reservations {
    sim_labels *labels;
    json_object *list;
    json_object *owners, *releasing; /* of a manager with a store */
} reservations;

static int visit_reservation(void *arg, const unsigned char *reservation)
{
    reservations *into = arg;
    json_object_array_add(into->list,
                          json_object_new_string(sim_label_reservation(into->labels, reservation)));
    return 0;
}

static int visit_owned(void *arg, const berth_reservation *reservation)
{
    reservations *into = arg;
    const char *label = sim_label_reservation(into->labels, reservation->id);
    json_object_array_add(into->list, json_object_new_string(label));
    json_object_object_add(into->owners, label, json_object_new_string(reservation->owner));
    if (reservation->releasing)
        json_object_array_add(into->releasing, json_object_new_string(label));
    return 0;
}

static json_object *answer_state(berth_sim *sim)
{
    json_object *state = json_object_new_object();
    reservations held = {.labels = &sim->labels, .list = json_object_new_array()};
    json_object_object_add(state, "reservations", held.list);
    if (sim->glue->stored != NULL) {
        held.owners = json_object_new_object();
        held.releasing = json_object_new_array();
        json_object_object_add(state, "owners", held.owners);
        json_object_object_add(state, "releasing", held.releasing);
        (void)sim->glue->for_each_owned(sim->manager, visit_owned, &held);
    } else {
        (void)sim->glue->for_each_reservation(sim->manager, visit_reservation, &held);
    }
    snapshot tracked = {.type = sim->glue->type, .sim = sim};
    (void)sim->glue->for_each(sim->manager, visit_instance, &tracked);
    add_instances(&tracked, &sim->labels, state, 0, NULL);
    sim_arena_clear(&tracked.arena);
    sim_free(tracked.nodes);
    return state;
}

static json_object *answer_where(const berth_error *error)
{
    const struct {
        const char *name;
        const char *value;
    } parts[] = {{"resource", error->resource}, {"state", error->state}, {"event", error->event},
                 {"hook", error->hook},         {"rule", error->rule},   {"field", error->field}};
    json_object *where = json_object_new_object();
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        if (parts[i].value != NULL)
            json_object_object_add(where, parts[i].name, json_object_new_string(parts[i].value));
    }
    return where;
}

/* The name of the leaf that a return reads: the descriptor knows its place only. */
static const char *return_name(const berth_manager_type *type, const berth_operation *operation,
                               const berth_return *result)
{
    const berth_resource *resource = &type->resources[operation->resource];
    while (resource->level > result->level)
        resource = &type->resources[resource->parent];
    leaf value = {.name = ""};
    for (size_t i = resource->n_fields;
         leaf_at(resource, i, &value) && value.view_offset != result->view_offset; i++)
        ;
    return value.name;
}

/* What an operation that succeeded gives. */
static void add_returns(berth_sim *sim, const sim_request *request, json_object *returns)
{
    const berth_operation *operation = &sim->glue->type->operations[request->operation];
    if (request->arguments.gives != NULL) {
        const char *label = sim_label_reservation(&sim->labels, request->arguments.gives);
        json_object_object_add(returns, "reservation", json_object_new_string(label));
    }
    for (size_t i = 0; i < operation->n_returns; i++) {
        const berth_return *result = &operation->returns[i];
        json_object_object_add(
            returns, return_name(sim->glue->type, operation, result),
            sim_value_json(&sim->labels, result->type, NULL, request->arguments.results[i]));
    }
}

json_object *sim_answer(berth_sim *sim, const sim_request *request, int code,
                        const berth_error *error)
{
    json_object *answer = json_object_new_object();
    json_object_object_add(answer, "n", json_object_new_uint64(sim->requests));
    json_object_object_add(answer, "ok", json_object_new_boolean(code == 0));
    json_object_object_add(answer, "error",
                           code == 0 ? NULL : json_object_new_string(berth_errno_name(code)));
    if (code != 0)
        json_object_object_add(answer, "where", answer_where(error));
    json_object *returns = json_object_new_object();
    if (code == 0 && request->verb == SIM_OPERATION)
        add_returns(sim, request, returns);
    json_object_object_add(answer, "returns", returns);
    json_object_object_add(answer, "calls", json_object_get(sim->recorded));
    json_object_object_add(answer, "state", answer_state(sim));
    return answer;
}

json_object *sim_answer_malformed(uint64_t n, const char *why)
{
    json_object *answer = json_object_new_object();
    json_object_object_add(answer, "n", json_object_new_uint64(n));
    json_object_object_add(answer, "ok", json_object_new_boolean(false));
    json_object_object_add(answer, "error", json_object_new_string("EINVAL"));
    json_object_object_add(answer, "message", json_object_new_string(why));
    return answer;
}
