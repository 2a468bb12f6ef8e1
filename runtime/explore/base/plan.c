#include "plan.h"

#include <limits.h>
#include <string.h>

#include "fatal.h"
#include "word.h"

static void plan_strings(berth_strings *to)
{
    unsigned n = word_small(1000);
    const char **items = fatal_alloc((n + 1) * sizeof *items);

    for (unsigned i = 0; i < n; i++)
        items[i] = word_string();
    to->items = items;
    to->count = n;
}

/* A value of a field or option. UUIDs are numbers; 0 is nil. */
static void plan_value(const berth_field *field, void *config)
{
    void *to = (char *)config + field->config_offset;
    uint64_t number;

    switch ((berth_type)field->type) {
    case BERTH_STRING:
        *(const char **)to = word_string();
        return;
    case BERTH_LIST:
    case BERTH_SET:
        plan_strings(to);
        return;
    default:
        break;
    }
    number = word_number();
    switch ((berth_type)field->type) {
    case BERTH_BOOL:
        *(bool *)to = number != 0;
        return;
    case BERTH_U8:
        *(uint8_t *)to = (uint8_t)number;
        return;
    case BERTH_U16:
        *(uint16_t *)to = (uint16_t)number;
        return;
    case BERTH_U32:
    case BERTH_I32:
    case BERTH_ENUM:
        *(uint32_t *)to = (uint32_t)number;
        return;
    case BERTH_U64:
    case BERTH_I64:
        *(uint64_t *)to = number;
        return;
    case BERTH_UUID:
        memset(to, 0, sizeof(uuid_t));
        memcpy(to, &number, sizeof number);
        return;
    default:
        fatal_plan("type of a field");
    }
}

static struct plan_list plan_read_list(void)
{
    struct plan_list list = {.n = word_small(UINT16_MAX)};

    list.at = fatal_alloc((list.n + 1) * sizeof *list.at);
    for (unsigned i = 0; i < list.n; i++)
        list.at[i] = (uint16_t)word_small(UINT16_MAX);
    return list;
}

static void plan_read_bounds(void)
{
    uint64_t failures;

    word_expect("bounds");
    plan.callers = word_small(PLAN_CALLERS);
    failures = word_number();
    plan.failures = failures > UINT_MAX ? UINT_MAX : (unsigned)failures;
    plan.states = word_number();
    plan.memory = (size_t)word_number() << 20;
    plan.symmetric = word_flag();
    plan.one_root = word_flag();
    plan.crash = word_flag();
    plan.root = word_byte();
    plan.in_flight = word_small(PLAN_CALLERS);
    if (plan.callers == 0 || plan.root == 0 || plan.root > type.n_resources)
        fatal_plan("bounds");
}

/* The pools of a resource, with the sizes that the plan says. */
static void plan_read_pools(berth_resource *resource)
{
    berth_assigned *assigned = fatal_alloc((resource->n_assigned + 1u) * sizeof *assigned);

    if (resource->n_assigned > 0)
        memcpy(assigned, resource->assigned, resource->n_assigned * sizeof *assigned);
    resource->assigned = assigned;
    for (unsigned i = 0; i < resource->n_assigned; i++) {
        berth_pool_part *parts;

        if (assigned[i].kind != BERTH_ASSIGN_POOL)
            continue;
        parts = fatal_alloc(assigned[i].n_parts * sizeof *parts);
        memcpy(parts, assigned[i].parts, assigned[i].n_parts * sizeof *parts);
        for (unsigned j = 0; j < assigned[i].n_parts; j++) {
            parts[j].option = word_byte();
            parts[j].size = (uint32_t)word_number();
        }
        assigned[i].parts = parts;
    }
}

static void plan_read_hooks(void)
{
    word_expect("hooks");
    plan.hooks = fatal_alloc((type.n_hooks + 1u) * sizeof *plan.hooks);
    for (unsigned i = 1; i <= type.n_hooks; i++) {
        struct plan_hook *hook = &plan.hooks[i];

        hook->own = word_number();
        hook->undoes = word_number();
        hook->asked = word_number();
        hook->needs = word_number();
        hook->repeatable = word_flag();
        hook->tells = word_flag();
        hook->names = word_flag();
        hook->asks = word_flag();
        hook->asks_more = word_flag();
        hook->absent = word_flag();
        plan.any_needs |= hook->needs != 0;
    }
}

/* Operations of the spec, and those that recover. */
static unsigned plan_all_operations(void)
{
    return type.n_operations + (plan_is_stored() ? type.n_resources : 0u) + 1u;
}

static void plan_read_operations(void)
{
    word_expect("operations");
    plan.operations = fatal_alloc(plan_all_operations() * sizeof *plan.operations);
    for (unsigned i = 1; i <= type.n_operations; i++) {
        struct plan_operation *operation = &plan.operations[i];

        operation->part = (uint8_t)word_small(PART_FREE);
        operation->takes = word_byte();
        operation->drops = word_byte();
        operation->asked = word_byte();
        operation->relied = word_byte();
        operation->brings = word_number();
        operation->there = word_number();
        operation->maybe = word_number();
        operation->unsaid = word_number();
    }
}

static void plan_read_states(struct plan_resource *resource, const berth_resource *of)
{
    word_expect("states");
    resource->states = fatal_alloc((of->n_states + 1u) * sizeof *resource->states);
    for (unsigned i = 1; i <= of->n_states; i++) {
        struct plan_state *state = &resource->states[i];

        state->stated = word_flag();
        state->always = word_number();
        state->allowed = word_number();
        state->adopted = word_number();
        state->unsaid = word_number();
        state->failure = word_flag();
        plan.any_stated |= state->stated;
    }
    word_expect("meant");
    resource->meant = fatal_alloc((of->n_rows + 1u) * sizeof *resource->meant);
    for (unsigned i = 1; i <= of->n_rows; i++)
        resource->meant[i] = word_flag();
}

/* Bytes that are enough for the config of a resource. */
static size_t plan_config_size(const berth_resource *resource)
{
    size_t size = 1;

    for (unsigned i = 0; i < resource->n_fields; i++)
        if (resource->fields[i].config_offset + sizeof(berth_strings) > size)
            size = resource->fields[i].config_offset + sizeof(berth_strings);
    return size;
}

static void plan_read_choices(void)
{
    word_expect("choices");
    plan.n_choices = word_small(UINT16_MAX);
    plan.choices = fatal_alloc((plan.n_choices + 1u) * sizeof *plan.choices);
    for (unsigned i = 0; i < plan.n_choices; i++) {
        struct plan_choice *choice = &plan.choices[i];
        const berth_resource *resource;

        choice->resource = word_byte();
        if (choice->resource == 0 || choice->resource > type.n_resources)
            fatal_plan("resource of a choice");
        choice->kind = (uint16_t)word_small(UINT16_MAX);
        choice->key = (uint16_t)word_small(UINT16_MAX);
        choice->conflict = (int)word_small(UINT16_MAX) - 1;
        resource = &type.resources[choice->resource];
        choice->config = fatal_alloc(plan_config_size(resource));
        for (unsigned j = 0; j < resource->n_fields; j++)
            plan_value(&resource->fields[j], choice->config);
    }
}

/* Notes the values by which some operation finds instances. */
static void plan_find_values(void)
{
    for (unsigned i = 1; i <= type.n_resources; i++)
        for (unsigned j = 0; j < type.resources[i].n_assigned; j++) {
            const berth_assigned *assigned = &type.resources[i].assigned[j];
            struct plan_value *value = &plan.values[plan.n_values];

            if (!assigned->indexed)
                continue;
            if (plan.n_values == PLAN_VALUES)
                fatal_limit("values by which operations find");
            value->resource = (uint8_t)i;
            value->assigned = (uint8_t)(j + 1);
            value->offset = plan.values_size;
            value->size = assigned->kind == BERTH_ASSIGN_POOL ? assigned->n_parts * sizeof(uint32_t)
                                                              : assigned->size;
            plan.values_size += (value->size + 7) / 8 * 8;
            plan.n_values++;
            if (plan.values_size > PLAN_VALUE_BYTES)
                fatal_limit("bytes of values by which operations find");
        }
}

static void plan_read_rest(void)
{
    word_expect("pairs");
    plan.n_pairs = word_small(UINT16_MAX);
    plan.pairs = fatal_alloc((plan.n_pairs + 1u) * sizeof *plan.pairs);
    for (unsigned i = 0; i < plan.n_pairs; i++)
        plan.pairs[i].teller = word_byte(), plan.pairs[i].op = word_byte();
    word_expect("accept");
    plan.n_accepts = word_small(UINT16_MAX);
    plan.accepts = fatal_alloc((plan.n_accepts + 1u) * sizeof *plan.accepts);
    for (unsigned i = 0; i < plan.n_accepts; i++) {
        struct plan_accept *accept = &plan.accepts[i];

        accept->finding = word_byte();
        accept->resource = word_byte();
        accept->state = (uint16_t)word_small(UINT16_MAX);
        accept->event = word_byte();
    }
    word_expect("wanted");
    plan.n_wanted = word_small(1 << 20);
    plan.wanted = fatal_alloc((plan.n_wanted + 1u) * sizeof *plan.wanted);
    for (unsigned i = 0; i < plan.n_wanted; i++)
        plan.wanted[i].row = (uint16_t)word_small(UINT16_MAX), plan.wanted[i].outcome = word_byte();
    word_expect("end");
}

/* What settles does so: else recovery has done nothing. */
static bool plan_has_settle(const void *backend)
{
    (void)backend;
    return true;
}

static int plan_settle(const void *backend, uint64_t epoch)
{
    (void)backend;
    (void)epoch;
    return 0;
}

static void plan_take_stored(const berth_stored_type *stored)
{
    berth_operation *operations;

    stored_type = *stored;
    stored_type.type = &type;
    if (stored_type.settle) {
        stored_type.has_settle = plan_has_settle;
        stored_type.settle = plan_settle;
    }
    if (plan_all_operations() > UINT8_MAX)
        fatal_limit("operations");
    operations = fatal_alloc(plan_all_operations() * sizeof *operations);
    memcpy(operations, type.operations, (type.n_operations + 1u) * sizeof *operations);
    for (uint8_t i = 1; i <= type.n_resources; i++) {
        berth_operation *recovery = &operations[plan_recovery(i)];

        *recovery = (berth_operation){.name = "recover",
                                      .form = BERTH_FIND,
                                      .resource = i,
                                      .levels = (uint8_t)(type.resources[i].level + 1)};
        for (uint8_t j = 0; j < recovery->levels; j++)
            recovery->path[j] = manager_path_resource(&type, i, j);
    }
    type.operations = operations;
}

static void plan_read(const berth_manager_type *of, const berth_stored_type *stored)
{
    berth_resource *resources = fatal_alloc((of->n_resources + 1u) * sizeof *resources);

    type = *of;
    memcpy(resources + 1, of->resources + 1, of->n_resources * sizeof *resources);
    type.resources = resources;
    if (stored)
        plan_take_stored(stored);
    word_load();
    word_expect("berth-plan-1");
    plan_read_bounds();
    word_expect("options");
    plan.options = of->options_size > 0 ? fatal_alloc(of->options_size) : NULL;
    for (unsigned i = 0; i < of->n_options; i++)
        plan_value(&of->options[i], plan.options);
    word_expect("pools");
    for (unsigned i = 1; i <= of->n_resources; i++)
        plan_read_pools(&resources[i]);
    plan_read_hooks();
    plan_read_operations();
    plan_read_choices();
    plan.resources = fatal_alloc((of->n_resources + 1u) * sizeof *plan.resources);
    for (unsigned i = 1; i <= of->n_resources; i++) {
        struct plan_resource *resource = &plan.resources[i];

        word_expect("resource");
        resource->choices = plan_read_list();
        resource->more = plan_read_list();
        resource->newcomers = plan_read_list();
        resource->makers = plan_read_list();
        resource->by_free = word_flag();
        resource->slot = word_byte();
        resource->names = plan_read_list();
        plan_read_states(resource, &resources[i]);
    }
    word_expect("masks");
    plan.held = word_number();
    plan.asked = word_number();
    plan.by_key = word_flag();
    plan_read_rest();
    plan_find_values();
}

static uint32_t plan_part_size(const berth_pool_part *part)
{
    const berth_field *option;

    if (part->option == 0)
        return part->size;
    option = &type.options[part->option - 1];
    return (uint32_t)field_integer(option->type,
                                   (const char *)plan.options + option->config_offset);
}

static uint64_t plan_slot(const berth_assigned *pool, const void *view)
{
    uint64_t slot = 0;

    for (unsigned i = 0; i < pool->n_parts; i++)
        slot = slot * plan_part_size(&pool->parts[i]) +
               field_integer(pool->parts[i].type, (const char *)view + pool->parts[i].view_offset);
    return slot;
}
