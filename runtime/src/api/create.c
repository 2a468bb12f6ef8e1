/* Creating a manager. */

#include "../base/store/memory.h"
#include "../core/operation.h"
#include "../model/manager.h"
#include "../model/options.h"
#include "create.h"

/* An argument of create is not valid. */
static int refuse(berth_error *error, const char *reason)
{
    error->reason = reason;
    return -EINVAL;
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

/* Must the backend have this hook? Another one that comes together with it may be there. */
static bool is_required(const berth_manager_type *type, const void *backend, uint8_t hook)
{
    const uint8_t together = type->hooks[hook].together;

    for (unsigned i = 1; together > 0 && i <= type->n_hooks; i++)
        if (type->hooks[i].together == together && type->has(backend, (uint8_t)i))
            return true;
    return type->hooks[hook].required;
}

/* The version comes first: with another one the struct may be smaller than ours. */
static int check_backend(const berth_manager_type *type, const void *backend, berth_error *error)
{
    if (!backend)
        return refuse(error, "backend is NULL");
    if (type->backend_version > 0 && *(const uint32_t *)backend != type->backend_version) {
        error->given = *(const uint32_t *)backend;
        error->wanted = type->backend_version;
        return refuse(error, "backend has another version than the manager");
    }
    for (unsigned i = 1; i <= type->n_hooks; i++)
        if (!type->has(backend, (uint8_t)i) && is_required(type, backend, (uint8_t)i)) {
            error->hook = type->hooks[i].name;
            return refuse(error, "backend lacks");
        }
    return 0;
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

static int check_options(const berth_manager_type *type, const void *options,
                         berth_storage_size *text, berth_error *error)
{
    const berth_field *wrong = options_check(type, options, text);

    if (!wrong)
        return 0;
    error->field = wrong->name;
    error->limits = wrong;
    return refuse(error, "option");
}

static bool op_fits(const struct berth_manager *manager)
{
    const berth_manager_type *type = manager->type;

    for (unsigned i = 1; i <= type->n_operations; i++)
        if (operation_size(manager, &type->operations[i]) > type->op_size)
            return false;
    return operation_size(manager, NULL) <= type->op_size;
}

/* The parts of a manager that may fail when its block is there. */
static int begin(struct berth_manager *manager, berth_error *error)
{
    int rc;

    if (!op_fits(manager))
        return refuse(error, "generated code has too small blocks for started operations");
    rc = uuid_source_seed(&manager->uuids, &manager->seed);
    manager->sets.seed = &manager->seed;
    /* limits do not count that memory */
    manager->sets.memory = manager->type->limits ? NULL : &manager->allocator;
    if (rc != 0)
        error->reason = "config.uuid";
    if (rc == 0 && manager->type->limits)
        rc = manager_prepare(manager);
    return rc == 0 ? lock_init(&manager->lock) : rc;
}

int create_manager(const struct creating *creating, berth_manager **out, berth_error *error)
{
    static const berth_config no_config = {0};
    const berth_manager_type *type = creating->type;
    const void *options = creating->options, *backend = creating->backend;
    const berth_config *config = creating->config;
    const berth_allocator *allocator;
    struct berth_manager *manager;
    berth_storage_size text = {0, 0};
    struct manager_plan plan;
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
        rc = check_options(type, options, &text, error);
    if (rc != 0)
        return rc;
    manager_plan(type, text, &plan);
    manager = memory_alloc(allocator, plan.end);
    if (!manager)
        return -ENOMEM;
    manager->type = type;
    manager->allocator = *allocator;
    manager->stored = creating->stored;
    manager_init(manager, config, options, backend, &plan);
    rc = begin(manager, error);
    if (rc != 0) {
        manager_free(manager);
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
    rc = create_manager(
        &(struct creating){.type = type, .options = options, .backend = backend, .config = config},
        out, error);
    if (rc == 0) {
        memory_zero(error, sizeof *error);
    } else {
        error->code = rc;
        error->operation = "create";
    }
    return rc;
}

const char *berth_version(void)
{
    return BERTH_VERSION;
}
