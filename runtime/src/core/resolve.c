#include "resolve.h"

#include "../model/stored/stored.h"
#include "../model/tracked/values.h"
#include "waiting/queue.h"
#include "rows/steps.h"

struct where resolve_where(const struct operation *operation)
{
    if (operation->n_levels > 0)
        return (struct where){.resource = operation->levels[0].instance->resource, .levels = 1};
    if (queue_by_key(operation))
        return (struct where){.resource = operation->type->path[0], .levels = 1};
    return (struct where){0};
}

static struct where where_at(const berth_operation *type, uint8_t level)
{
    return (struct where){.resource = type->path[level], .levels = (uint8_t)(level + 1)};
}

/* True: it has to wait for the root. On an error it has failed, with the root loaded. */
static bool get_root(struct operation *operation, struct root *root)
{
    int rc = queue_enter(operation, root);

    if (rc < 0) {
        operation_load(operation, &root->instance);
        operation_fail(operation, rc, resolve_where(operation));
    }
    return rc > 0;
}

static void make_level(struct operation *operation, const berth_operation *type, uint8_t level,
                       uint8_t resource, uint32_t hash, uint16_t state)
{
    struct berth_manager *manager = operation->call.manager;
    bool last = level + 1 == type->levels;
    struct making making = {
        .parent = level > 0 ? operation->levels[level - 1].instance : NULL,
        .config = operation->arguments.config[level],
        .at = operation->arguments.at,
        .hash = hash,
        .state = state,
        .resource = resource,
        .at_pool = last ? type->at : 0,
    };
    struct instance *instance;
    int rc = instance_make(manager, &making, &instance);

    if (rc < 0) {
        struct where nowhere = {0};

        operation_fail(operation, rc, rc == -ENOMEM ? nowhere : where_at(type, level));
        return;
    }
    if (level == 0)
        queue_own(operation, instance_as_root(instance));
    else
        operation->levels[level - 1].instance->n_children++;
    operation_mark(operation, operation_load_at(operation, level, instance), LEVEL_FRESH);
    instance_unref(manager, instance); /* the level has a ref of its own */
}

/* Finds the instance of a level by its key, and loads it. True: it has to wait. */
static bool find_level(struct operation *operation, uint8_t level, uint8_t resource, bool *found,
                       uint32_t *hash)
{
    struct berth_manager *manager = operation->call.manager;
    const void *config = operation->arguments.config[level];
    struct instance *parent = level > 0 ? operation->levels[level - 1].instance : NULL;
    struct instance *instance;

    *hash = level == 0 && operation->hashed ? operation->call.root_hash
                                            : instance_key_hash(manager, parent, resource, config);
    instance = instance_find(manager, parent, resource, config, *hash);
    *found = instance != NULL;
    if (!instance)
        return false;
    if (level == 0 && get_root(operation, instance_as_root(instance)))
        return true;
    if (operation->code == 0)
        (void)operation_load_at(operation, level, instance);
    return false;
}

static struct where where_state(const struct operation *operation, const berth_operation *type,
                                uint8_t level)
{
    struct where where = where_at(type, level);

    where.state = operation->levels[level].instance->state;
    return where;
}

/* S2: compares the fields of a found instance with those given. */
static void check_conflict(struct operation *operation, const berth_operation *type, uint8_t level,
                           uint8_t resource)
{
    uint8_t field = instance_conflict(operation->call.manager, operation->levels[level].instance,
                                      resource, operation->arguments.config[level]);

    if (field > 0) {
        struct where where = where_state(operation, type, level);

        where.field = field;
        operation_fail(operation, -EEXIST, where);
    }
}

/* Does the operation's owner have a reference there? Then `take` adds none. */
static bool has_reference(const struct operation *operation, const struct instance *instance)
{
    return manager_stored(operation->call.manager)->calls->has_reference(operation, instance);
}

/* The holders that the operation adds to a level: a child, its reservation, holds of steps. */
static uint32_t count_added(const struct operation *operation, const berth_operation *type,
                            unsigned level)
{
    const berth_resource *resource = operation_resource(operation, level);
    uint32_t added = type->flags & BERTH_GIVES ? 1 : 0;
    uint32_t takes = 0;

    if (level + 1u < type->levels && (operation->levels[level + 1].flags & LEVEL_FRESH))
        added++;
    for (unsigned i = 0; i < type->n_steps; i++)
        if (type->steps[i].level == level && type->steps[i].event == resource->take)
            takes++;
    if ((type->flags & BERTH_OWNED) && manager_stored(operation->call.manager) && takes > 0)
        takes = has_reference(operation, operation->levels[level].instance) ? 0 : 1;
    return added + takes;
}

/* The rest of check_levels(), if some level has many holders. */
static cold void check_counts(struct operation *operation, const berth_operation *type)
{
    for (uint8_t i = 0; i < type->levels && operation->code == 0; i++) {
        const struct level *level = &operation->levels[i];
        uint64_t holders = (uint64_t)level->n_children + level->anonymous + level->holds;
        uint32_t added = count_added(operation, type, i);

        if (added > 0 && holders + added > BERTH_MAX_HOLDERS)
            operation_fail(operation, -EOVERFLOW, where_at(type, i));
        else if (added > 0 && level->instance->refs > UINT32_MAX - INSTANCE_SPARE_REFS)
            /* few hold it, but many reservations keep its memory */
            operation_fail(operation, -ENOMEM, (struct where){0});
    }
}

/* S3: can the added holders be counted? `counts` is a bound, of the size of the largest. */
static void check_levels(struct operation *operation, const berth_operation *type)
{
    uint32_t counts = 0;

    for (unsigned i = 0; i < type->levels; i++) {
        const struct level *level = &operation->levels[i];

        counts |= level->instance->refs | level->n_children | level->anonymous | level->holds;
    }
    if (counts >= BERTH_MANY_HOLDERS)
        check_counts(operation, type);
}

/* Reports the `take` rows that have run, now that the operation is certain to succeed. */
static void report_admissions(struct operation *operation)
{
    operation->report = true;
    for (uint8_t i = 0; i < operation->n_levels; i++) {
        operation->levels[i].instance->state = operation->levels[i].state;
        steps_admit(operation, i);
    }
}

static void give(struct operation *operation, const berth_operation *type)
{
    struct berth_manager *manager = operation->call.manager;
    int rc =
        manager_stored(manager)
            ? manager_stored(manager)->calls->give(operation, type->levels, &operation->reservation)
            : reservation_make(manager, type->levels, &operation->reservation);

    if (rc < 0)
        operation_fail(operation, rc, (struct where){0});
    else if (manager->trace)
        report_admissions(operation);
}

/* The reservation's id may be the caller's choice. True: it waits, or has failed. */
static bool stops_for_id(struct operation *operation, const berth_operation *type, bool *waits)
{
    const struct stored *stored = manager_stored(operation->call.manager);

    *waits = false;
    if (!stored || !(type->flags & BERTH_GIVES))
        return false;
    *waits = stored->calls->retry(operation);
    if (!*waits && stored->calls->is_taken(operation))
        operation_fail(operation, -EEXIST, (struct where){0});
    return *waits || operation->code != 0;
}

static bool obtain(struct operation *operation, const berth_operation *type)
{
    bool waits;

    if (stops_for_id(operation, type, &waits))
        return waits;
    for (uint8_t i = 0; i < type->levels; i++) {
        uint8_t resource = type->path[i];
        uint32_t hash;
        bool found;

        if (find_level(operation, i, resource, &found, &hash))
            return true;
        if (!found)
            make_level(operation, type, i, resource, hash,
                       operation->call.manager->type->resources[resource].initial);
        else if (operation->code == 0)
            check_conflict(operation, type, i, resource);
        if (operation->code == 0 && (type->flags & BERTH_GIVES))
            steps_admit(operation, i);
        if (operation->code != 0)
            return false;
    }
    check_levels(operation, type);
    if (operation->code == 0 && (type->flags & BERTH_GIVES))
        give(operation, type);
    return false;
}

/* An instance is missing: the operation fails at `where`, unless it allows that. */
static void fail_absent(struct operation *operation, const berth_operation *type,
                        struct where where)
{
    if (type->flags & BERTH_ABSENT_OK)
        operation->absent = true;
    else
        operation_fail(operation, -ENOENT, where);
}

/* The caller's reservation and its holds. NULL: the operation may not use it, and has failed. */
static struct reservation *find_reservation(struct operation *operation,
                                            const berth_operation *type, struct hold_set *hold_set)
{
    struct reservation *reservation =
        reservation_look_up(operation->call.manager, operation->arguments.reservation);

    if (reservation)
        *hold_set = reservation_hold_set(reservation, type->levels);
    if (!reservation || reservation_is_released(operation->call.manager, reservation, *hold_set)) {
        operation_fail(operation, -ENOENT, (struct where){0});
        return NULL;
    }
    if (!(type->flags & BERTH_ENDS) && reservation_is_releasing(*hold_set)) {
        operation_fail(operation, -ECANCELED, (struct where){0});
        return NULL;
    }
    return reservation;
}

/* Finds the first `levels` levels by key. True: it has to wait. */
static bool find_by_keys(struct operation *operation, const berth_operation *type, uint8_t levels)
{
    for (uint8_t i = 0; i < levels; i++) {
        uint32_t hash;
        bool found;

        if (find_level(operation, i, type->path[i], &found, &hash))
            return true;
        if (!found)
            fail_absent(operation, type, where_at(type, i));
        if (operation->code != 0 || operation->absent)
            return false;
    }
    if (type->form == BERTH_FIND)
        check_levels(operation, type);
    return false;
}

static bool create(struct operation *operation, const berth_operation *type)
{
    uint8_t last = (uint8_t)(type->levels - 1);
    uint32_t hash;
    bool found;

    if (find_by_keys(operation, type, last))
        return true;
    if (operation->code != 0)
        return false;
    if (find_level(operation, last, type->resource, &found, &hash))
        return true;
    if (operation->code == 0 && found)
        operation_fail(operation, -EEXIST, where_state(operation, type, last));
    else if (!found)
        make_level(operation, type, last, type->resource, hash, type->enter);
    if (operation->code == 0)
        check_levels(operation, type);
    return false;
}

static bool find_by_value(struct operation *operation, const berth_operation *type)
{
    const struct arguments *arguments = &operation->arguments;
    struct instance *instance = values_find(operation->call.manager, type->resource,
                                            (uint8_t)(type->by - 1), arguments->by, arguments->at);

    if (!instance) {
        fail_absent(operation, type, (struct where){.resource = type->resource});
        return false;
    }
    if (get_root(operation, instance_root(instance)))
        return true;
    if (operation->code == 0) {
        operation_load_path(operation, instance);
        check_levels(operation, type);
    }
    return false;
}

static bool with_reservation(struct operation *operation, const berth_operation *type)
{
    const struct stored *stored = manager_stored(operation->call.manager);
    struct reservation *reservation;
    struct hold_set hold_set;
    struct instance *instance;

    if (stored && stored->calls->retry(operation))
        return true;
    reservation = find_reservation(operation, type, &hold_set);
    if (!reservation)
        return false;
    instance = reservation_instance(reservation, type->levels, 0);
    if (!instance->ended && get_root(operation, instance_as_root(instance)))
        return true;
    if (operation->code != 0)
        return false;
    operation->reservation = reservation;
    instance = reservation->last;
    for (unsigned i = type->levels; i-- > 0; instance = instance_parent(instance))
        operation_load_at(operation, i, instance)->flags |=
            (uint8_t)((hold_set.held >> i) & 1 ? LEVEL_MINE : 0);
    operation->n_levels = type->levels;
    return false;
}

bool resolve_instances(struct operation *operation)
{
    const berth_operation *type = operation->type;

    switch (type->form) {
    case BERTH_OBTAIN:
        return obtain(operation, type);
    case BERTH_CREATE:
        return create(operation, type);
    case BERTH_FIND:
        return type->by > 0 ? find_by_value(operation, type)
                            : find_by_keys(operation, type, type->levels);
    default: /* BERTH_WITH */
        return with_reservation(operation, type);
    }
}
