/* Life of a manager: create, destroy; and its end by force: discard. */
#include "../model/manager.h"

#include <string.h>

#include <berth/arena.h>

#include "../model/pending_drains.h"
#include "../sched/scheduler.h"
#include "../core/drain.h"
#include "../core/error.h"
#include "../model/field.h"
#include "../sched/waiters.h"
#include "../model/instance.h"
#include "../base/memory.h"
#include "../core/queue.h"
#include "../core/ready.h"
#include "../model/reservation.h"
#include "../model/row.h"
#include "../model/tree.h"

/*
 * Not max_align_t: no part needs more than a unit, and on i386 its alignment depends on the
 * compiler.
 */
static size_t align(size_t size)
{
    size_t unit = BERTH_ARENA_UNIT;

    return (size + unit - 1) / unit * unit;
}

/* Parts of the manager's block, which hold for its whole life. */
struct plan {
    size_t layouts, values, backend, options, storage, end; /* offsets */
    berth_storage_size text;                                /* of the options */
};

/* Room for the value of any option. */
union value_of {
    bool boolean;
    uint8_t u8;
    uint16_t u16;
    uint32_t u32; /* i32 and enums too */
    int64_t i64;  /* u64 too */
    const char *string;
    uuid_t uuid;
    berth_strings strings;
};

static void set_default(uint8_t type, const berth_default *given, union value_of *value)
{
    memset(value, 0, sizeof *value);
    switch (type) {
    case BERTH_STRING:
        value->string = given->text;
        break;
    case BERTH_BOOL:
        value->boolean = given->number != 0;
        break;
    case BERTH_U8:
        value->u8 = (uint8_t)given->number;
        break;
    case BERTH_U16:
        value->u16 = (uint16_t)given->number;
        break;
    case BERTH_U32:
    case BERTH_I32:
    case BERTH_ENUM:
        value->u32 = (uint32_t)given->number;
        break;
    case BERTH_U64:
    case BERTH_I64:
        value->i64 = given->number;
        break;
    default: /* the empty list or set, the nil UUID */
        break;
    }
}

static bool is_zero(const berth_field *option, const void *value)
{
    const char *string;

    if (option->type != BERTH_STRING)
        return field_integer(option->type, value) == 0;
    memcpy(&string, value, sizeof string);
    return !string;
}

/* The address of an option's value: the caller's, or `fallback`, filled with the default. */
static const void *option_value(const berth_manager_type *type, uint8_t i, const void *options,
                                union value_of *fallback)
{
    const berth_field *option = &type->options[i];
    const void *value = options ? (const char *)options + option->config_offset : NULL;

    if (value && !((option->flags & BERTH_ZERO_DEFAULT) && is_zero(option, value)))
        return value;
    set_default(option->type, &type->defaults[i], fallback);
    return fallback;
}

static uint32_t count_values(const berth_manager_type *type)
{
    uint32_t n = 0;

    for (unsigned i = 1; i <= type->n_resources; i++)
        n += type->resources[i].n_assigned;
    return n;
}

/* An argument of create is not valid. */
static int refuse(berth_error *error, const char *reason)
{
    error->reason = reason;
    return -EINVAL;
}

static int refuse_option(berth_error *error, const berth_field *option)
{
    error->field = option->name;
    error->limits = option;
    return refuse(error, "option");
}

/* Checks the options, and says how large the manager's block is. */
static int make_plan(const berth_manager_type *type, const void *options, struct plan *plan,
                     berth_error *error)
{
    union value_of fallback;

    memset(plan, 0, sizeof *plan);
    for (uint8_t i = 0; i < type->n_options; i++) {
        const void *value = option_value(type, i, options, &fallback);

        if (field_check(&type->options[i], value) != 0)
            return refuse_option(error, &type->options[i]);
        field_measure(&type->options[i], value, &plan->text);
    }
    plan->layouts = align(sizeof(struct berth_manager));
    plan->values = align(plan->layouts + (type->n_resources + 1u) * sizeof(struct layout));
    plan->backend = align(plan->values + count_values(type) * sizeof(struct value));
    plan->options = align(plan->backend + type->backend_size);
    plan->storage = align(plan->options + type->options_size);
    plan->end =
        plan->storage + (size_t)plan->text.items * sizeof(const char *) + (size_t)plan->text.text;
    return 0;
}

static void copy_options(struct berth_manager *manager, const void *options,
                         const struct plan *plan)
{
    char *block = (char *)manager;
    berth_storage storage = {
        .items = (const char **)(void *)(block + plan->storage),
        .text = block + plan->storage + plan->text.items * sizeof(const char *),
    };
    union value_of fallback;

    for (uint8_t i = 0; i < manager_type(manager)->n_options; i++) {
        const berth_field *option = &manager_type(manager)->options[i];

        field_copy(option, (char *)manager->options + option->config_offset,
                   option_value(manager->type, i, options, &fallback), &storage);
    }
}

static uint64_t pool_size(const struct berth_manager *manager, const berth_assigned *assigned)
{
    uint64_t size = 1;

    for (uint8_t i = 0; i < assigned->n_parts; i++) {
        const berth_pool_part *part = &assigned->parts[i];
        const berth_field *option =
            part->option > 0 ? &manager_type(manager)->options[part->option - 1] : NULL;
        uint64_t n = option ? field_integer(option->type,
                                            (const char *)manager->options + option->config_offset)
                            : part->size;

        if (n > 0 && size > UINT64_MAX / n)
            return 0;
        size *= n;
    }
    return size;
}

static unsigned count_below(const berth_manager_type *type, uint8_t id)
{
    unsigned n = 0;

    for (unsigned i = 1; i <= type->n_resources; i++)
        n += type->resources[i].parent == id;
    return n;
}

static void lay_out(struct berth_manager *manager, uint8_t id, struct value *values)
{
    const berth_resource *resource = &manager_type(manager)->resources[id];
    struct layout *layout = &manager->layouts[id];
    size_t at = sizeof(struct instance); /* bytes from the instance */

    layout->type = resource;
    layout->values = values;
    at += (resource->view_size + sizeof(void *) - 1) / sizeof(void *) * sizeof(void *);
    if (resource->parent == 0 || resource->hash ||
        count_below(manager_type(manager), resource->parent) > 1)
        layout->head = sizeof(struct entry);
    if (count_below(manager_type(manager), id) > 0) {
        layout->children = (uint32_t)at;
        at += sizeof(void *);
    }
    for (uint8_t i = 0; i < resource->n_assigned; i++) {
        const berth_assigned *assigned = &resource->assigned[i];

        values[i].next = assigned->kind == BERTH_ASSIGN_COUNTER ? assigned->start : 0;
        layout->numbered =
            layout->numbered || assigned->indexed || assigned->kind == BERTH_ASSIGN_COUNTER;
        layout->hook_indexed =
            layout->hook_indexed || (assigned->indexed && assigned->kind == BERTH_ASSIGN_HOOK);
        layout->in_pools = layout->in_pools || assigned->kind == BERTH_ASSIGN_POOL;
        if (assigned->kind == BERTH_ASSIGN_POOL)
            pool_init(&values[i].pool, pool_size(manager, assigned));
        map_init(&values[i].index, NULL);
        if (assigned->indexed) {
            values[i].link = (uint32_t)at;
            at += sizeof(struct node);
        }
    }
    layout->fixed = (uint32_t)(layout->head + at);
}

static int check_type(const berth_manager_type *type, berth_error *error)
{
    if (!type)
        return refuse(error, "descriptor is NULL");
    error->manager = type->name;
    if (type->abi != BERTH_ABI) {
        error->given = type->abi;
        error->wanted = BERTH_ABI;
        return refuse(error, "generated code has another ABI than the runtime");
    }
    for (unsigned i = 1; i <= type->n_resources; i++)
        if (type->resources[i].level >= BERTH_MAX_LEVELS) {
            error->resource = type->resources[i].name;
            return refuse(error, "too many levels of resources");
        }
    for (unsigned i = 1; i <= type->n_hooks; i++)
        if (type->hooks[i].out_size > BERTH_MAX_OUT) {
            error->hook = type->hooks[i].name;
            return refuse(error, "too many out-values of");
        }
    return 0;
}

static int check_backend(const berth_manager_type *type, const void *backend, berth_error *error)
{
    int rc;

    if (!backend)
        return refuse(error, "backend is NULL");
    rc = type->check_backend(backend);
    if (rc == 0)
        return 0;
    if (rc > 0) {
        error->hook = type->hooks[rc].name;
        return refuse(error, "backend lacks");
    }
    error->given = *(const uint32_t *)backend;
    error->wanted = type->backend_version;
    return refuse(error, "backend has another version than the manager");
}

static int check_config(const berth_config *config, const berth_allocator *allocator,
                        berth_error *error)
{
    if (!config->allocator && !allocator->alloc)
        return refuse(error, "config.allocator must be given");
    if (!allocator->alloc)
        return refuse(error, "config.allocator lacks alloc");
    if (!allocator->release)
        return refuse(error, "config.allocator lacks release");
#ifdef BERTH_NO_LIBUUID
    if (!config->uuid)
        return refuse(error, "config.uuid must be given");
#endif
    return 0;
}

static bool op_fits(const struct berth_manager *manager)
{
    const berth_manager_type *type = manager->type;

    for (unsigned i = 1; i <= type->n_operations; i++)
        if (operation_size(manager, &type->operations[i]) > type->op_size)
            return false;
    return operation_size(manager, NULL) <= type->op_size;
}

static void release_all(struct berth_manager *manager)
{
    berth_allocator allocator = manager->allocator;
    struct value *values = manager->layouts[1].values;

    for (uint32_t i = 0; i < count_values(manager->type); i++) {
        pool_clear(&values[i].pool, &allocator);
        map_clear(&values[i].index, &allocator);
    }
    map_clear(&manager->instances, &allocator);
    map_clear(&manager->reservations, &allocator);
    map_clear(&manager->calls, &allocator);
    map_clear(&manager->stops, &allocator);
    uuid_source_clear(&manager->uuids);
    memory_free(&allocator, manager, manager->size);
}

static void set_up(struct berth_manager *manager, const berth_config *config, const void *options,
                   const void *backend, const struct plan *plan)
{
    const berth_manager_type *type = manager->type;
    char *block = (char *)manager;
    struct value *values = (struct value *)(void *)(block + plan->values);

    manager->size = plan->end;
    manager->layouts = (struct layout *)(void *)(block + plan->layouts);
    manager->backend = block + plan->backend;
    manager->options = block + plan->options;
    memcpy(manager->backend, backend, type->backend_size);
    copy_options(manager, options, plan);
    for (unsigned i = 1; i <= type->n_hooks; i++)
        if (type->has(manager->backend, (uint8_t)i))
            manager->hooks[i / 64] |= UINT64_C(1) << (i % 64);
    for (unsigned i = 1; i <= type->n_resources; i++) {
        lay_out(manager, (uint8_t)i, values);
        values += type->resources[i].n_assigned;
    }
    map_init(&manager->instances, instance_map_hash);
    map_init(&manager->reservations, reservations_hash);
    map_init(&manager->calls, NULL);
    map_init(&manager->stops, pending_drains_hash);
    for (unsigned i = 1; i <= type->n_resources; i++)
        if (manager->max_levels <= type->resources[i].level)
            manager->max_levels = (uint8_t)(type->resources[i].level + 1);
    for (unsigned i = 1; i <= type->n_hooks; i++)
        if (manager->max_out < type->hooks[i].out_size)
            manager->max_out = (uint16_t)((type->hooks[i].out_size + 7u) / 8 * 8);
    manager->wake = config->wake;
    manager->wake_ctx = config->wake_ctx;
    manager->trace = config->trace;
    manager->trace_ctx = config->trace_ctx;
    uuid_source_init(&manager->uuids, config->uuid, config->uuid_ctx);
}

/* With limits, the hash tables are made at once, and those of calls and stops stay as they are. */
static int prepare(struct berth_manager *manager)
{
    const berth_manager_type *type = manager->type;
    const berth_allocator *allocator = &manager->allocator;
    bool done = map_prepare(&manager->reservations, allocator, type->limits->reservations) &&
                map_prepare(&manager->calls, allocator, 0) &&
                map_prepare(&manager->stops, allocator, 0);
    size_t instances = 0;

    for (unsigned i = 1; done && i <= type->n_resources; i++) {
        size_t most = type->limits->resources[i].instances;

        instances += manager->layouts[i].head > 0 ? most : 0;
        for (uint8_t j = 0; done && j < type->resources[i].n_assigned; j++)
            if (type->resources[i].assigned[j].indexed)
                done = map_prepare(&manager->layouts[i].values[j].index, allocator, most);
    }
    done = done && map_prepare(&manager->instances, allocator, instances);
    return done ? 0 : -ENOMEM;
}

/* What of a manager may fail when its block is there. */
static int begin(struct berth_manager *manager, berth_error *error)
{
    int rc;

    if (!op_fits(manager))
        return refuse(error, "generated code has too small blocks for started operations");
    rc = uuid_source_seed(&manager->uuids, &manager->seed);
    manager->sets.seed = &manager->seed;
    /* a limit does not count it */
    manager->sets.memory = manager->type->limits ? NULL : &manager->allocator;
    if (rc != 0)
        error->reason = "config.uuid";
    if (rc == 0 && manager->type->limits)
        rc = prepare(manager);
    return rc == 0 ? lock_init(&manager->lock) : rc;
}

static int make_manager(const berth_manager_type *type, const void *options, const void *backend,
                        const berth_config *config, berth_manager **out, berth_error *error)
{
    static const berth_config no_config = {0};
    const berth_allocator *allocator;
    struct berth_manager *manager;
    struct plan plan;
    int rc = check_type(type, error);

    if (!out)
        return refuse(error, "out is NULL");
    *out = NULL;
    if (!config)
        config = &no_config;
    allocator = config->allocator ? config->allocator : memory_default();
    if (rc == 0)
        rc = check_backend(type, backend, error);
    if (rc == 0)
        rc = check_config(config, allocator, error);
    if (rc == 0)
        rc = make_plan(type, options, &plan, error);
    if (rc != 0)
        return rc;
    manager = memory_alloc(allocator, plan.end);
    if (!manager)
        return -ENOMEM;
    manager->type = type;
    manager->allocator = *allocator;
    set_up(manager, config, options, backend, &plan);
    rc = begin(manager, error);
    if (rc != 0) {
        release_all(manager);
        return rc;
    }
    if (config->allocator || config->trace || config->uuid)
        lock_watch(&manager->lock);
    *out = manager;
    return 0;
}

int berth_manager_create(const berth_manager_type *type, const void *options, const void *backend,
                         const berth_config *config, berth_manager **out, berth_error *error)
{
    berth_error own;
    int rc;

    if (!error)
        error = &own;
    memory_zero(error, sizeof *error);
    rc = make_manager(type, options, backend, config, out, error);
    if (rc == 0) {
        memory_zero(error, sizeof *error);
    } else {
        error->code = rc;
        error->operation = "create";
    }
    return rc;
}

/*
 * Every tree is let go of, without a call; memory that a running operation needs stays until it
 * ends.
 */
static void forget(struct berth_manager *manager, struct sleepers *woken)
{
    manager->n_discards++;
    drain_reservations(manager, SWEEP_ALL);
    while (manager->roots) {
        struct root *root = instance_as_root(manager->roots);

        instance_ref(&root->instance);
        instance_end(manager, &root->instance);
        waiters_discard(root, woken);
        instance_unref(manager, &root->instance);
    }
    for (struct operation *operation = manager->ready; operation; operation = operation->next)
        if (operation_is_new(operation))
            waiters_cancel(operation, -ECANCELED, woken);
}

static void name_instance(struct berth_manager *manager, struct instance *instance,
                          berth_error *error)
{
    const berth_resource *resource = instance_type(manager, instance);

    error->resource = resource->name;
    error->state = resource->states[instance->state];
    error_instance_key(error->key, manager, instance);
}

/* An operation that has not ended: one that has a root if there is one, which says where it is. */
static void name_operation(struct berth_manager *manager, berth_error *error)
{
    const struct operation *found = manager->waiting ? manager->waiting : manager->ready;

    error->reason = "an operation has not ended";
    for (struct instance *at = manager->roots; at; at = instance_next(at)) {
        const struct operation *owner = queue_owner(instance_as_root(at));

        if (owner) {
            found = owner;
            name_instance(manager, at, error);
            break;
        }
    }
    if (found)
        error->holder = found->call.operation;
}

static void name_reservation(struct berth_manager *manager, berth_error *error)
{
    struct reservation *oldest = reservations_in_order(manager);

    memcpy(error->reservation, oldest->id, sizeof error->reservation);
    error->reason = "a reservation has not ended";
    if (!oldest->last->ended)
        name_instance(manager, oldest->last, error);
    reservations_put_back(manager, oldest);
}

static bool is_held(struct berth_manager *manager, struct instance *instance)
{
    return instance->anonymous > 0 || instance->n_children > 0 ||
           !row_state_is(instance_type(manager, instance), instance->state, BERTH_RESIDENT);
}

static void name_held(struct berth_manager *manager, struct instance *instance, berth_error *error)
{
    name_instance(manager, instance, error);
    error->refs = instance->holds + instance->anonymous;
    error->children = instance->n_children;
    error->reason = error->refs > 0 || error->children > 0 ? "it is held"
                    : is_held(manager, instance)           ? "it may not rest in this state"
                                                           : "it has something to drain";
}

/* Names the first thing that keeps the manager from its end. False: nothing does. */
static bool in_use(struct berth_manager *manager, berth_error *error)
{
    if (manager->n_operations > 0) {
        name_operation(manager, error);
        return true;
    }
    if (manager->reservations.count > 0) {
        name_reservation(manager, error);
        return true;
    }
    for (struct instance *root = manager->roots; root; root = instance_next(root))
        for (struct instance *at = tree_first_below(manager, root); at;
             at = tree_following(manager, at))
            if (is_held(manager, at) || drain_has_work(manager, at)) {
                name_held(manager, at, error);
                return true;
            }
    return false;
}

/* Threads that called the last `done` may still be on their way out. */
static int may_go(struct berth_manager *manager, berth_error *error)
{
    if (in_use(manager, error))
        return -EBUSY;
    scheduler_wait_idle(manager);
    return in_use(manager, error) ? -EBUSY : 0;
}

static int fail_destroy(const struct berth_manager *manager, int code, berth_error *error)
{
    error->code = code;
    error->manager = manager->type->name;
    error->operation = "destroy";
    return code;
}

int berth_manager_destroy(berth_manager *manager, berth_error *error)
{
    struct sleepers nobody = {0};
    berth_error own;
    int rc;

    if (!error)
        error = &own;
    memory_zero(error, sizeof *error);
    if (!manager)
        return 0;
    rc = lock_acquire(&manager->lock);
    if (rc != 0)
        return fail_destroy(manager, rc, error);
    rc = ready_inside(manager) ? -EDEADLK : may_go(manager, error);
    if (rc != 0) {
        (void)fail_destroy(manager, rc, error);
        lock_release(&manager->lock);
        return rc;
    }
    forget(manager, &nobody);
    lock_release(&manager->lock);
    lock_destroy(&manager->lock, &manager->allocator);
    release_all(manager);
    return 0;
}

int berth_manager_discard(berth_manager *manager)
{
    struct sleepers woken = {0};
    int rc;

    if (!manager)
        return -EINVAL;
    rc = lock_acquire(&manager->lock);
    if (rc != 0)
        return rc;
    forget(manager, &woken);
    scheduler_leave(manager, &woken);
    return 0;
}

const char *berth_version(void)
{
    return BERTH_VERSION;
}
