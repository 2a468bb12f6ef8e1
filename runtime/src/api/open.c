/* Managers whose spec has `store`: without one, or with what a store has. */
#include <errno.h>
#include <string.h>

#include "../base/data/text.h"
#include "../base/store/memory.h"
#include "../core/rows/hook.h"
#include "../core/stored/load.h"
#include "../core/stored/recovery.h"
#include "../core/stored/upgrade.h"
#include "../core/execute.h"
#include "../model/field.h"
#include "../model/stored/record.h"
#include "../model/stored/tables.h"
#include "../sched/commit.h"
#include "../sched/forget.h"
#include "../sched/waiters.h"
#include "create.h"
#include "open.h"

static int refuse_open(berth_error *error, int code, const char *reason)
{
    error->reason = reason;
    return code;
}

/* The parts of a manager with `store` */

static void free_recoveries(struct berth_manager *manager)
{
    struct stored *stored = manager->stored;
    struct sleepers nobody = {0};

    while (stored->recoveries) {
        struct recovery *recovery = stored->recoveries;

        stored->recoveries = recovery->next;
        recovery->block.operation.error = NULL;
        recovery->block.operation.discarded = true;
        if (execute_finish(&recovery->block.operation) == PROGRESS_RELEASED)
            waiters_wake(&recovery->block.operation, &nobody); /* all have left */
        recovery_free(manager, recovery);
    }
}

/* This thread has the manager without the lock: berth_store_lost() only notes that it is lost. */
static void begin_alone(struct berth_manager *manager)
{
    (void)lock_acquire(&manager->lock);
    manager->stored->alone = true;
    lock_release(&manager->lock);
}

/* Others may have the manager too; not if its store is lost already. */
static int end_alone(struct berth_manager *manager)
{
    int rc;

    (void)lock_acquire(&manager->lock);
    rc = stored_refuses(manager);
    manager->stored->alone = rc < 0;
    lock_release(&manager->lock);
    return rc;
}

/* For `stored.close`: everything is forgotten. */
static void close_stored(struct berth_manager *manager)
{
    struct stored *stored = manager->stored;
    berth_allocator allocator = manager->allocator;

    begin_alone(manager);
    free_recoveries(manager);
    if (stored->has_store)
        stored->store.close(stored->store.ctx);
    if (stored->leftover) {
        record_release(stored->leftover, manager);
        batch_free(stored->leftover);
        memory_free(&allocator, stored->leftover, sizeof *stored->leftover);
    }
    record_release(&stored->merged, manager);
    batch_free(&stored->merged);
    map_clear(&stored->references, &allocator);
    tables_free(manager);
    manager->stored = NULL;
    memory_free(&allocator, stored, sizeof *stored);
}

static int check_stored_type(const berth_stored_type *type, const void *backend, berth_error *error)
{
    if (!type)
        return refuse_open(error, -EINVAL, "descriptor is NULL");
    error->manager = type->type->name;
    if (type->abi != BERTH_STORED_ABI) {
        error->given = type->abi;
        error->wanted = BERTH_STORED_ABI;
        return refuse_open(error, -EINVAL, "generated code has another ABI than the runtime");
    }
    if (type->type->limits)
        return refuse_open(error, -EINVAL, "a manager with limits cannot have owners");
    if (backend && type->has_settle && *(const uint32_t *)backend == type->type->backend_version &&
        !type->has_settle(backend)) {
        error->hook = type->settle_name;
        return refuse_open(error, -EINVAL, "backend lacks");
    }
    return 0;
}

static int make_stored(const berth_stored_type *type, const void *options, const void *backend,
                       const berth_config *config, berth_manager **out, berth_error *error)
{
    const berth_allocator *allocator =
        config && config->allocator ? config->allocator : memory_default();
    struct stored *stored;
    int rc = check_stored_type(type, backend, error);

    if (!out)
        return refuse_open(error, -EINVAL, "out is NULL");
    *out = NULL;
    if (rc < 0)
        return rc;
    if (!allocator->alloc || !allocator->release)
        return berth_manager_create(type->type, options, backend, config, out, error);
    stored = memory_alloc(allocator, sizeof *stored);
    if (!stored)
        return -ENOMEM;
    stored->type = type;
    stored->calls = persist_calls();
    stored->send = commit_send;
    stored->discard = commit_discard;
    stored->close = close_stored;
    rc = create_manager(
        &(struct creating){
            .type = type->type,
            .options = options,
            .backend = backend,
            .config = config,
            .stored = stored,
        },
        out, error);
    if (rc < 0) {
        memory_free(allocator, stored, sizeof *stored);
        return rc;
    }
    batch_init(&stored->merged, &(*out)->allocator);
    map_init(&stored->references, NULL);
    return 0;
}

/* Ends a manager that has tracked nothing but what it has loaded. */
static void unmake_stored(struct berth_manager *manager)
{
    struct sleepers nobody = {0};

    forget_all(manager, &nobody);
    manager->stored->close(manager);
    lock_destroy(&manager->lock, &manager->allocator);
    manager_free(manager);
}

/* The header of a store */

/* "controllers=1 guest=linux"; returns its length. */
static size_t write_options(const struct berth_manager *manager, char *line, size_t size)
{
    struct text text;

    text_start(&text, line, size);
    for (unsigned i = 0; i < manager->type->n_options; i++) {
        const berth_field *option = &manager->type->options[i];

        text_format(&text, "%s%s=", i > 0 ? " " : "", option->name);
        field_write(option, (const char *)manager->options + option->config_offset, &text);
    }
    text_end(&text);
    return text.cut ? SIZE_MAX : text.length;
}

/* The hooks that the backend has, or those that it lacks. */
static void write_hooks(const struct berth_manager *manager, bool has, char *line, size_t size)
{
    struct text text;

    text_start(&text, line, size);
    for (unsigned i = 1; i <= manager->type->n_hooks; i++)
        if (manager_has(manager, (uint8_t)i) == has)
            text_format(&text, "%s%s", text.length > 0 ? " " : "", manager->type->hooks[i].name);
    text_end(&text);
}

static size_t hooks_size(const struct berth_manager *manager)
{
    size_t size = 1;

    for (unsigned i = 1; i <= manager->type->n_hooks; i++)
        size += strlen(manager->type->hooks[i].name) + 1;
    return size;
}

/* What `accept` needs, and what it leaves. */
struct accepting {
    struct berth_manager *manager;
    const berth_store_manager *own;
    berth_error *error;
    struct load *load; /* of rows of another version of the spec */
    bool begin_anew;
};

static int change_row(void *arg, uint16_t table, const berth_store_value *values,
                      berth_store_change *row)
{
    const struct accepting *accepting = arg;

    if (!accepting->load)
        return 0; /* it is about another backend */
    return load_change(accepting->load, table, values, row);
}

int open_header(struct berth_manager *manager, const berth_store *store, struct open_header *header)
{
    const struct stored *stored = manager->stored;
    size_t hooks = hooks_size(manager), options = 256;
    char *memory;

    for (;; options *= 2) {
        header->size = 2 * hooks + options;
        memory = memory_alloc(&manager->allocator, header->size);
        if (!memory)
            return -ENOMEM;
        if (write_options(manager, memory, options) != SIZE_MAX)
            break;
        memory_free(&manager->allocator, memory, header->size);
    }
    write_hooks(manager, false, memory + options, hooks);
    write_hooks(manager, true, memory + options + hooks, hooks);
    header->memory = memory;
    header->manager = (berth_store_manager){
        .manager = manager->type->name,
        .format = BERTH_STORE_FORMAT,
        .spec_hash = stored->type->spec_hash,
        .options = memory,
        .absent = memory + options,
        .hooks = memory + options + hooks,
        .backend = store->backend ? store->backend : "",
        .tables = stored->tables,
        .n_tables = stored->n_tables,
        .change = change_row,
    };
    return 0;
}

void open_free_header(struct berth_manager *manager, struct open_header *header)
{
    memory_free(&manager->allocator, header->memory, header->size);
}

bool open_is_own(const struct berth_manager *manager, const char *name)
{
    const berth_stored_type *type = manager->stored->type;

    for (unsigned i = 0; i < type->n_earlier; i++)
        if (type->earlier[i].kind == BERTH_WAS_MANAGER && strcmp(type->earlier[i].was, name) == 0)
            return true;
    return strcmp(manager->type->name, name) == 0;
}

/* Are the rows of the store for this manager? */
static int accept_rows(void *arg, const berth_store_manager *stored)
{
    struct accepting *accepting = arg;
    const berth_store_manager *own = accepting->own;
    berth_error *error = accepting->error;
    int rc;

    if (!open_is_own(accepting->manager, stored->manager))
        return refuse_open(error, -EINVAL, "the store has rows of another manager");
    if (stored->format != own->format) {
        error->given = stored->format;
        error->wanted = own->format;
        return refuse_open(error, -EINVAL, "the store has another format");
    }
    if (stored->place == BERTH_STORE_MOVED)
        return refuse_open(error, -ESTALE, "the rows of the store were moved to another one");
    if (stored->place == BERTH_STORE_ARRIVING)
        return refuse_open(error, -ESTALE, "a save into the store has not ended");
    if (strcmp(stored->backend, own->backend) != 0)
        return accepting->begin_anew
                   ? 1
                   : refuse_open(error, -ENODEV, "the store has rows of another backend");
    rc = upgrade_check_header(accepting->manager, stored, own->options, error);
    if (rc < 0 || stored->spec_hash == own->spec_hash)
        return rc;
    rc = load_stored(accepting->manager, stored, &accepting->load, error);
    return rc == 0 ? 1 : rc;
}

/* Opening */

int open_check_store(const berth_store *store, berth_error *error)
{
    if (!store)
        return refuse_open(error, -EINVAL, "store is NULL");
    if (store->version != BERTH_STORE_VERSION) {
        error->given = store->version;
        error->wanted = BERTH_STORE_VERSION;
        return refuse_open(error, -EINVAL, "store has another version than the runtime");
    }
    if (!store->open || !store->load || !store->commit || !store->replace || !store->set_place ||
        !store->close)
        return refuse_open(error, -EINVAL, "store lacks a function");
    return 0;
}

static int open_store(struct berth_manager *manager, const berth_store *store, berth_error *error)
{
    struct stored *stored = manager->stored;
    struct open_header header;
    struct accepting accepting = {
        .manager = manager,
        .own = &header.manager,
        .error = error,
        .begin_anew = store->begin_anew,
    };
    berth_store_opened opened = {0};
    bool loaded;
    int rc = tables_make(manager);

    if (rc == 0)
        rc = open_header(manager, store, &header);
    if (rc < 0)
        return rc;
    begin_alone(manager);
    rc = hook_error(store->open(store->ctx, &header.manager, accept_rows, &accepting,
                                (berth_store_link){manager}, BERTH_NO_DEADLINE, &opened));
    loaded = accepting.load != NULL;
    load_end(accepting.load);
    open_free_header(manager, &header);
    if (rc < 0) {
        if (!error->reason)
            error->reason = "the store cannot be opened";
        return rc;
    }
    stored->store = *store;
    stored->has_store = true;
    stored->epoch = opened.epoch;
    stored->sequence = opened.sequence;
    stored->max_rows = opened.max_rows;
    stored->max_bytes = opened.max_bytes;
    stored->op_rows = record_most_rows(manager);
    stored->op_bytes = record_most_bytes(manager);
    rc = loaded ? 0 : load_all(manager, error);
    if (rc < 0 && !error->reason && rc != -ENOMEM)
        error->reason = "the store cannot be loaded";
    if (rc == 0)
        rc = end_alone(manager);
    return rc;
}

static int end_making(berth_error *error, const char *operation, int rc)
{
    if (rc == 0) {
        memory_zero(error, sizeof *error);
    } else {
        error->code = rc;
        error->operation = operation;
    }
    return rc;
}

int berth_stored_create(const berth_stored_type *type, const void *options, const void *backend,
                        const berth_config *config, berth_manager **out, berth_error *error)
{
    berth_error own;

    if (!error)
        error = &own;
    memory_zero(error, sizeof *error);
    return end_making(error, "create", make_stored(type, options, backend, config, out, error));
}

int berth_stored_open(const berth_stored_type *type, const void *options, const void *backend,
                      const berth_config *config, const berth_store *store, berth_manager **out,
                      berth_error *error)
{
    berth_error own;
    int rc;

    if (!error)
        error = &own;
    memory_zero(error, sizeof *error);
    rc = make_stored(type, options, backend, config, out, error);
    if (rc == 0) {
        rc = open_check_store(store, error);
        if (rc == 0)
            rc = open_store(*out, store, error);
        if (rc < 0) {
            unmake_stored(*out);
            *out = NULL;
        }
    }
    return end_making(error, "open", rc);
}
