#include "load.h"

#include <errno.h>
#include <string.h>

#include "../../base/data/text.h"
#include "../../base/store/memory.h"
#include "../../model/field.h"
#include "../../model/row.h"
#include "../../model/stored/owner.h"
#include "../../model/stored/record.h"
#include "../../model/stored/tables.h"
#include "../../model/tracked/values.h"
#include "../rows/hook.h"
#include "collect.h"
#include "recovery.h"
#include "upgrade.h"

/* A row of a resource or a reservation. Until all are there, nothing is linked. */
struct loaded {
    uint64_t number; /* an instance's id; a reservation's number */
    void *item;
};

struct loaded_rows {
    struct loaded *all;
    size_t n, capacity;
};

/* A row of _intents. */
struct loaded_intent {
    struct loaded_intent *next;
    uint64_t instance;
    const char *event, *hook; /* names of the descriptor; NULL: it has none such */
    uint64_t root;
};

struct load {
    struct berth_manager *manager;
    berth_error *error;
    struct upgrade upgrade; /* of rows of another version of the spec */
    uint16_t table;         /* that is being read: as it was stored */
    uint64_t *config;       /* of the largest resource */
    size_t config_size;
    struct loaded_rows instances; /* resource by resource, by ascending id */
    size_t first[UINT8_MAX + 2];  /* [resource]: its first row; the next one's: its end */
    uint8_t last;                 /* the resource whose rows came last */
    struct loaded_rows reservations;
    size_t n_linked;             /* of the reservations */
    struct instance *referenced; /* that the last reference is to */
    struct reference *reference; /* the last one */
    struct loaded_intent *intents;
    uint8_t counters[UINT8_MAX + 1]; /* [resource]: how many have a number */
};

static bool is_upgrade(const struct load *load)
{
    return load->upgrade.manager != NULL;
}

static int bad_rows(const struct load *load, const char *reason)
{
    if (!load->error->reason)
        load->error->reason = reason;
    return is_upgrade(load) ? -EINVAL : -EBADMSG;
}

/* What is wrong is about this field. */
static int bad_field(const struct load *load, const char *reason, const char *field)
{
    if (!load->error->reason)
        load->error->field = field;
    return bad_rows(load, reason);
}

/* Names the row of an instance: "row 12", and a word of it that matters. */
static void name_row(berth_error *error, uint64_t id, const char *word)
{
    struct text text;

    text_start(&text, error->key, BERTH_ERROR_KEY_SIZE);
    text_add(&text, "row ");
    text_number(&text, id, false);
    if (word)
        text_format(&text, ": %s", word);
    text_end(&text);
}

static int bad_instance(const struct load *load, struct instance *instance, const char *reason)
{
    if (!load->error->reason) {
        load->error->resource = instance_type(load->manager, instance)->name;
        name_row(load->error, stored_instance(load->manager, instance)->id, NULL);
    }
    return bad_rows(load, reason);
}

static int bad_reservation(const struct load *load, const struct reservation *reservation,
                           const char *reason)
{
    struct text text;

    text_start(&text, load->error->key, BERTH_ERROR_KEY_SIZE);
    text_add(&text, "_reservations ");
    text_uuid(&text, reservation->id);
    text_end(&text);
    return bad_rows(load, reason);
}

/* Rows by number */

static bool add_loaded(struct load *load, struct loaded_rows *rows, uint64_t number, void *item)
{
    const berth_allocator *allocator = &load->manager->allocator;

    if (rows->n == rows->capacity) {
        size_t capacity = rows->capacity > 0 ? 2 * rows->capacity : 64;
        struct loaded *all = memory_alloc(allocator, capacity * sizeof *all);

        if (!all)
            return false;
        if (rows->n > 0)
            memcpy(all, rows->all, rows->n * sizeof *all);
        memory_free(allocator, rows->all, rows->capacity * sizeof *all);
        rows->all = all;
        rows->capacity = capacity;
    }
    rows->all[rows->n++] = (struct loaded){number, item};
    return true;
}

enum { PILE_BITS = 4, PILES = 1 << PILE_BITS };

static void sort_to_piles(const struct loaded_rows *rows, unsigned shift, struct loaded *to)
{
    size_t next[PILES + 1] = {0};

    for (size_t i = 0; i < rows->n; i++)
        next[((rows->all[i].number >> shift) & (PILES - 1)) + 1]++;
    for (unsigned i = 1; i < PILES; i++)
        next[i] += next[i - 1];
    for (size_t i = 0; i < rows->n; i++)
        to[next[(rows->all[i].number >> shift) & (PILES - 1)]++] = rows->all[i];
}

/* The items are all over the memory, so sorting does not look at them. */
static bool sort_loaded(struct load *load, struct loaded_rows *rows)
{
    size_t size = rows->capacity * sizeof *rows->all;
    struct loaded *other = size > 0 ? memory_alloc(&load->manager->allocator, size) : NULL;
    uint64_t bits = 0;

    if (!other)
        return size == 0;
    for (size_t i = 0; i < rows->n; i++)
        bits |= rows->all[i].number;
    for (unsigned shift = 0; shift < 64 && bits >> shift > 0; shift += PILE_BITS) {
        struct loaded *sorted = other;

        sort_to_piles(rows, shift, sorted);
        other = rows->all;
        rows->all = sorted;
    }
    memory_free(&load->manager->allocator, other, size);
    return true;
}

/* The rows of this resource begin here, and those of the resources before it are whole. */
static void begin_resource(struct load *load, unsigned resource)
{
    while (load->last < resource)
        load->first[++load->last] = load->instances.n;
}

/* Where an id would be among some rows if the ids grew evenly. */
static size_t guess(const struct loaded *rows, size_t n, uint64_t id)
{
    uint64_t each = (rows[n - 1].number - rows[0].number) / n + 1;
    uint64_t at = id > rows[0].number ? (id - rows[0].number) / each : 0;

    return at < n ? (size_t)at : n - 1;
}

/* Guesses and halves in turn, so ids with large gaps need few steps too. */
static struct instance *find_loaded(const struct load *load, unsigned resource, uint64_t id)
{
    const struct loaded *all = load->instances.all;
    size_t low = load->first[resource];
    size_t high = load->last > resource ? load->first[resource + 1] : load->instances.n;

    for (bool halves = false; low < high; halves = !halves) {
        size_t middle = low + (halves ? (high - low) / 2 : guess(all + low, high - low, id));

        if (all[middle].number == id)
            return all[middle].item;
        if (all[middle].number < id)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

/* Gives the resource too, without a look at the instance, which is anywhere in the memory. */
static struct instance *find_with_resource(const struct load *load, uint64_t id, uint8_t *resource)
{
    struct instance *instance = NULL;

    *resource = 0;
    while (!instance && *resource < load->manager->type->n_resources)
        instance = find_loaded(load, ++*resource, id);
    return instance;
}

static struct instance *find_any_loaded(const struct load *load, uint64_t id)
{
    uint8_t resource;

    return find_with_resource(load, id, &resource);
}

/* Values */

static bool set_number(uint8_t type, void *member, uint64_t number)
{
    field_set_integer(type, member, number);
    return field_integer(type, member) == number;
}

static bool set_enum(const berth_field *field, void *member, const char *text)
{
    for (uint16_t i = 0; i < field->n_values; i++)
        if (strcmp(field->values[i], text) == 0)
            return set_number(BERTH_ENUM, member, i);
    return false;
}

/* Writes a cell into a field's member. False: the field may not have that value. */
static bool set_field(const berth_field *field, void *member, const berth_store_value *cell)
{
    switch (field->type) {
    case BERTH_STRING:
        *(const char **)member = cell->text;
        break;
    case BERTH_UUID:
        memcpy(member, cell->uuid, sizeof(uuid_t));
        break;
    case BERTH_LIST:
    case BERTH_SET:
        memcpy(member, &cell->texts, sizeof cell->texts);
        break;
    case BERTH_ENUM:
        if (!set_enum(field, member, cell->text))
            return false;
        break;
    default:
        if (!set_number(field->type, member, cell->number))
            return false;
        break;
    }
    return field_check(field, member) == 0;
}

static bool set_leaf(uint8_t type, void *member, size_t size, const berth_store_value *cell)
{
    size_t length;

    if (type == BERTH_UUID) {
        memcpy(member, cell->uuid, sizeof(uuid_t));
        return true;
    }
    if (type != BERTH_CHARS)
        return set_number(type, member, cell->number);
    length = strlen(cell->text);
    if (length >= size)
        return false;
    memcpy(member, cell->text, length + 1);
    return true;
}

/* NULL, or the value that may not be so. `formats`: texts that were not stored are written. */
static const char *set_assigned(const struct load *load, const berth_resource *resource, char *view,
                                const berth_store_value *cells, bool formats)
{
    const uint16_t table = (uint16_t)(resource - load->manager->type->resources - 1);
    unsigned column = tables_instance_columns(load->manager->type, (uint8_t)(table + 1)).fields +
                      resource->n_fields;

    for (unsigned i = 0; i < resource->n_assigned; i++) {
        const berth_assigned *assigned = &resource->assigned[i];

        for (unsigned j = 0; j < assigned->n_parts; j++, column++)
            if (!set_leaf(assigned->parts[j].type, view + assigned->parts[j].view_offset, 0,
                          &cells[column]))
                return assigned->parts[j].name;
        if (assigned->n_parts > 0)
            continue;
        if (formats && load->upgrade.tables[load->table].from[column] == 0 &&
            assigned->kind == BERTH_ASSIGN_FORMAT)
            assigned->format(load->manager->options, view);
        else if (!set_leaf(assigned->type, view + assigned->view_offset, assigned->size,
                           &cells[column]))
            return assigned->name;
        column++;
    }
    return NULL;
}

/* Points the members of a config to the fields of a view. */
static const void *config_of(struct load *load, struct instance *instance)
{
    const berth_resource *resource = instance_type(load->manager, instance);
    const char *view = instance_view(instance);

    for (unsigned i = 0; i < resource->n_fields; i++) {
        const berth_field *field = &resource->fields[i];
        char *member = (char *)load->config + field->config_offset;
        const char *from = view + field->view_offset;

        if (field->type == BERTH_STRING)
            *(const char **)(void *)member = *(const char *const *)(const void *)from;
        else if (field_is_strings(field->type))
            memcpy(member, from, sizeof(berth_strings));
        else if (field->type == BERTH_UUID)
            memcpy(member, from, sizeof(uuid_t));
        else
            field_set_integer(field->type, member, field_integer(field->type, from));
    }
    return load->config;
}

/* Instances */

static uint16_t state_of(const berth_resource *resource, const char *name)
{
    uint16_t state = resource->n_states;

    while (state > 0 && strcmp(resource->states[state], name) != 0)
        state--;
    return state;
}

static int mark_names(struct load *load, struct instance *instance, berth_strings names)
{
    const berth_resource *resource = instance_type(load->manager, instance);
    uint32_t found = 0;

    for (uint8_t i = 0; i < resource->n_assigned; i++)
        for (uint32_t j = 0; j < names.count; j++)
            if (resource->assigned[i].indexed && resource->assigned[i].kind == BERTH_ASSIGN_HOOK &&
                strcmp(resource->assigned[i].name, names.items[j]) == 0) {
                values_mark_name(load->manager, instance, i);
                found++;
            }
    return found == names.count ? 0 : bad_rows(load, "an instance has names that are no values");
}

static int load_instance(struct load *load, uint8_t id, const berth_store_value *cells)
{
    struct berth_manager *manager = load->manager;
    const berth_resource *resource = &manager->type->resources[id];
    struct instance_columns at = tables_instance_columns(manager->type, id);
    struct making making = {.config = load->config, .resource = id};
    struct instance *instance;
    const char *wrong;

    begin_resource(load, id);
    if (cells[0].number == 0 ||
        (load->instances.n > load->first[id] &&
         load->instances.all[load->instances.n - 1].number >= cells[0].number))
        return bad_rows(load, "the ids of instances are not in order");
    if (at.parent > 0) {
        making.parent = find_loaded(load, resource->parent, cells[at.parent].number);
        if (!making.parent || (making.parent->ended && !cells[at.ended].number))
            return bad_rows(load, "an instance has no parent");
    }
    making.state = state_of(resource, cells[at.state].text);
    if (making.state == 0)
        return bad_rows(load, "an instance has a state that there is not");
    if (row_state_is(resource, making.state, BERTH_FINAL) && !cells[at.ended].number)
        return bad_rows(load, "an instance is in a final state and has not ended");
    memset(load->config, 0, load->config_size);
    for (unsigned i = 0; i < resource->n_fields; i++)
        if (!set_field(&resource->fields[i],
                       (char *)load->config + resource->fields[i].config_offset,
                       &cells[at.fields + i]))
            return bad_field(load,
                             "a field has a value that it may not have:", resource->fields[i].name);
    if (!cells[at.ended].number)
        making.hash = instance_key_hash(manager, making.parent, id, load->config);
    instance = instance_restore(manager, &making);
    if (!instance)
        return -ENOMEM;
    instance->ended = cells[at.ended].number != 0;
    stored_instance(manager, instance)->id = cells[0].number;
    stored_instance(manager, instance)->state = making.state;
    stored_instance(manager, instance)->kept = true;
    if (!add_loaded(load, &load->instances, cells[0].number, instance)) {
        instance_unref(manager, instance);
        return -ENOMEM;
    }
    wrong = set_assigned(load, resource, instance_view(instance), cells,
                         is_upgrade(load) && load->upgrade.tables[load->table].formats);
    if (wrong)
        return bad_field(load, "an assigned value is not valid:", wrong);
    return at.names > 0 ? mark_names(load, instance, cells[at.names].texts) : 0;
}

/* Reservations and references */

static bool has_name(berth_strings names, const char *name)
{
    for (uint32_t i = 0; i < names.count; i++)
        if (strcmp(names.items[i], name) == 0)
            return true;
    return false;
}

/* Does an operation give reservations of it? */
static bool is_reserved(const berth_manager_type *type, uint8_t resource)
{
    for (unsigned i = 1; i <= type->n_operations; i++)
        if (type->operations[i].flags & BERTH_GIVES && type->operations[i].resource == resource)
            return true;
    return false;
}

static bool are_on_path(const berth_manager_type *type, uint8_t resource, berth_strings names)
{
    uint32_t found = 0;

    for (unsigned i = 0; i <= type->resources[resource].level; i++)
        if (has_name(names,
                     type->resources[manager_path_resource(type, resource, (uint8_t)i)].name))
            found++;
    return found == names.count;
}

static int load_reservation(struct load *load, const berth_store_value *cells)
{
    struct berth_manager *manager = load->manager;
    uint8_t resource;
    struct instance *instance =
        find_with_resource(load, cells[RESERVATION_INSTANCE].number, &resource);
    struct reservation *reservation;
    struct stored_reservation *part;
    unsigned levels;
    int rc;

    if (!instance || uuid_is_null(cells[RESERVATION_ID].uuid) ||
        !owner_is_valid(cells[RESERVATION_OWNER].text))
        return bad_rows(load, "a reservation is not valid");
    if (!is_reserved(manager->type, resource))
        return bad_rows(load, "a reservation is for a resource that none is for now");
    if (!are_on_path(manager->type, resource, cells[RESERVATION_HELD].texts))
        return bad_rows(load, "a reservation holds a resource that is not on its path now");
    levels = manager->type->resources[resource].level + 1u;
    rc = reservation_make_owned(manager, (uint8_t)levels, cells[RESERVATION_ID].uuid,
                                cells[RESERVATION_OWNER].text, &reservation);
    if (rc < 0)
        return rc;
    part = stored_reservation(reservation, levels);
    part->number = cells[RESERVATION_NUMBER].number;
    part->releasing = cells[RESERVATION_RELEASING].number != 0;
    for (unsigned i = 0; i < levels; i++) {
        uint8_t id = manager_path_resource(manager->type, resource, (uint8_t)i);
        const char *name = manager->type->resources[id].name;

        if (has_name(cells[RESERVATION_HELD].texts, name))
            reservation->holds[i] = part->releasing ? HOLD_RELEASING : 0;
        else
            reservation->holds[i] = HOLD_DROPPED;
    }
    reservation->last = instance;
    if (!add_loaded(load, &load->reservations, part->number, reservation)) {
        reservation_unmake(manager, reservation, levels);
        return -ENOMEM;
    }
    return 0;
}

/* An instance's references come one after the other, by ascending owner. */
static bool is_next_reference(const struct load *load, const struct instance *instance,
                              const char *owner)
{
    if (instance == load->referenced)
        return strcmp(load->reference->owner, owner) < 0;
    return !stored_instance(load->manager, instance)->references;
}

static int load_reference(struct load *load, const berth_store_value *cells)
{
    struct instance *instance = find_any_loaded(load, cells[REFERENCE_INSTANCE].number);
    const char *owner = cells[REFERENCE_OWNER].text;
    struct reference *reference;

    if (!instance || instance->ended || !owner_is_valid(owner) ||
        !is_next_reference(load, instance, owner))
        return bad_rows(load, "a reference is not valid");
    if (instance_type(load->manager, instance)->drop == 0)
        return bad_rows(load, "a reference is to a resource that nobody drops now");
    reference = owner_make_reference(load->manager, owner);
    if (!reference)
        return -ENOMEM;
    owner_add_reference(load->manager, instance, reference);
    load->referenced = instance;
    load->reference = reference;
    instance->anonymous++;
    return 0;
}

static const char *event_of(const berth_resource *resource, const char *name)
{
    for (unsigned i = 1; i <= resource->n_events; i++)
        if (strcmp(resource->events[i], name) == 0)
            return resource->events[i];
    return NULL;
}

static const char *hook_of(const berth_manager_type *type, const char *name)
{
    for (unsigned i = 1; i <= type->n_hooks; i++)
        if (strcmp(type->hooks[i].name, name) == 0)
            return type->hooks[i].name;
    return NULL;
}

static int load_intent(struct load *load, const berth_store_value *cells)
{
    struct berth_manager *manager = load->manager;
    struct instance *instance = find_any_loaded(load, cells[INTENT_INSTANCE].number);
    struct loaded_intent *intent;

    if (!instance || instance->ended)
        return bad_rows(load, "an intent is about no instance");
    intent = memory_alloc(&manager->allocator, sizeof *intent);
    if (!intent)
        return -ENOMEM;
    intent->instance = cells[INTENT_INSTANCE].number;
    intent->root = cells[INTENT_ROOT].number;
    intent->event = event_of(instance_type(manager, instance), cells[INTENT_EVENT].text);
    intent->hook = hook_of(manager->type, cells[INTENT_HOOK].text);
    intent->next = load->intents;
    load->intents = intent;
    return 0;
}

static int load_counter(struct load *load, const berth_store_value *cells)
{
    struct berth_manager *manager = load->manager;

    for (unsigned i = 1; i <= manager->type->n_resources; i++) {
        const berth_resource *resource = &manager->type->resources[i];
        size_t length = strlen(resource->name);

        if (strncmp(cells[COUNTER_NAME].text, resource->name, length) != 0 ||
            cells[COUNTER_NAME].text[length] != '.')
            continue;
        for (unsigned j = 0; j < resource->n_assigned; j++)
            if (resource->assigned[j].kind == BERTH_ASSIGN_COUNTER &&
                strcmp(resource->assigned[j].name, cells[COUNTER_NAME].text + length + 1) == 0) {
                manager->layouts[i].values[j].next = cells[COUNTER_NEXT].number;
                load->counters[i]++;
                return 0;
            }
    }
    return bad_rows(load, "a counter has no value");
}

static int take_row(struct load *load, uint16_t table, const berth_store_value *cells)
{
    unsigned resources = load->manager->type->n_resources;

    if (table < resources)
        return load_instance(load, (uint8_t)(table + 1), cells);
    begin_resource(load, resources + 1);
    switch (table - resources) {
    case TABLE_RESERVATIONS:
        return load_reservation(load, cells);
    case TABLE_REFERENCES:
        return load_reference(load, cells);
    case TABLE_INTENTS:
        return load_intent(load, cells);
    case TABLE_COUNTERS:
        return load_counter(load, cells);
    default:
        return bad_rows(load, "there is a table that there is not");
    }
}

/* Names the row that cannot be taken. `table`: of `from`, whose row it is. */
static void blame_row(const struct load *load, const berth_store_table *from,
                      const berth_store_value *cells, const char *resource, const char *word)
{
    struct text text;
    berth_error *error = load->error;

    error->resource = resource;
    if (*from->name != '_') {
        name_row(error, cells[0].number, word);
        return;
    }
    text_start(&text, error->key, BERTH_ERROR_KEY_SIZE);
    text_format(&text, "%s ", from->name);
    for (unsigned i = 0; i < from->n_key; i++) {
        if (i > 0)
            text_add(&text, " ");
        if (from->columns[i].type == BERTH_STORE_TEXT)
            text_add(&text, cells[i].text);
        else if (from->columns[i].type == BERTH_STORE_UUID)
            text_uuid(&text, cells[i].uuid);
        else
            text_number(&text, cells[i].number, false);
    }
    text_end(&text);
}

static const char *resource_name(const struct load *load, unsigned table)
{
    const berth_manager_type *type = load->manager->type;

    return table < type->n_resources ? type->resources[table + 1].name : NULL;
}

static int put_row(void *arg, uint16_t table, const berth_store_value *cells)
{
    struct load *load = arg;
    int rc = take_row(load, table, cells);

    if (rc == -EBADMSG && *load->error->key == '\0')
        blame_row(load, &load->manager->stored->tables[table], cells, resource_name(load, table),
                  NULL);
    return rc;
}

/* Rows of another version of the spec */

/* 1: `load->upgrade.cells` has what becomes of it. */
static int translate_row(struct load *load, const berth_store_value *values,
                         struct refusal *refusal)
{
    uint8_t subject = 0;

    if (load->upgrade.tables[load->table].to ==
        tables_other(load->manager->type, TABLE_INTENTS) + 1)
        (void)find_with_resource(load, values[INTENT_INSTANCE].number, &subject);
    return upgrade_row(&load->upgrade, load->table, values, subject, refusal);
}

static int put_stored(void *arg, const berth_store_value *values)
{
    struct load *load = arg;
    const berth_store_table *stored = &load->upgrade.stored->tables[load->table];
    const unsigned to = load->upgrade.tables[load->table].to;
    struct refusal refusal = {NULL, NULL, NULL};
    int rc = translate_row(load, values, &refusal);

    if (rc == 1)
        rc = take_row(load, (uint16_t)(to - 1), load->upgrade.cells);
    if (rc == -EINVAL) {
        if (refusal.reason) {
            load->error->reason = refusal.reason;
            load->error->field = refusal.field;
        }
        if (*load->error->key == '\0')
            blame_row(load, stored, values, to > 0 ? resource_name(load, to - 1) : NULL,
                      to > 0 ? refusal.word : stored->name);
    }
    return rc;
}

/* Rows of tables that are gone are refused; the others come in the order of today's tables. */
static int read_stored(struct load *load)
{
    const berth_store_manager *stored = load->upgrade.stored;
    int rc = 0;

    for (uint16_t i = 0; i < stored->n_tables && rc == 0; i++) {
        load->table = i;
        if (load->upgrade.tables[i].to == 0)
            rc = hook_error(stored->read(stored->from, i, put_stored, load));
    }
    for (uint16_t i = 0; i < load->manager->stored->n_tables && rc == 0; i++) {
        unsigned source = upgrade_source(&load->upgrade, i);

        if (source == 0)
            continue;
        load->table = (uint16_t)(source - 1);
        rc = hook_error(stored->read(stored->from, load->table, put_stored, load));
    }
    return rc;
}

/* A counter that has no number would give those again that its instances have. */
static int check_counters(const struct load *load)
{
    const berth_manager_type *type = load->manager->type;

    for (unsigned i = 1; i <= type->n_resources; i++) {
        unsigned n = 0;

        for (unsigned j = 0; j < type->resources[i].n_assigned; j++)
            n += type->resources[i].assigned[j].kind == BERTH_ASSIGN_COUNTER;
        if (load->first[i] == load->first[i + 1] || load->counters[i] == n)
            continue;
        load->error->resource = type->resources[i].name;
        return bad_rows(load, "a counter has no number, and its resource has rows");
    }
    return 0;
}

/* Linking */

static int link_one(struct load *load, struct instance *instance)
{
    struct berth_manager *manager = load->manager;
    struct instance *parent = instance_parent(instance);
    uint32_t hash = instance->only ? 0 : instance_entry(instance)->hash;
    int rc;

    if (instance->ended)
        return 0;
    if (instance_find(manager, parent, instance->resource, config_of(load, instance), hash))
        return bad_instance(load, instance, "two instances have the same key");
    rc = values_restore(manager, instance);
    if (rc < 0)
        instance->ended = true; /* nobody has its slots */
    if (rc == -EBUSY)
        return bad_instance(load, instance, "two instances have the same slot");
    if (rc == -ERANGE)
        return bad_instance(load, instance, "an instance has a slot outside its pool");
    if (rc < 0)
        return rc;
    if (parent)
        parent->n_children++;
    instance_link_loaded(manager, instance);
    return values_restore_names(manager, instance)
               ? 0
               : bad_instance(load, instance, "a value names an instance that it may not name");
}

/* In order of creation, which is that of their ids. */
static int link_instances(struct load *load)
{
    struct berth_manager *manager = load->manager;
    unsigned resources = manager->type->n_resources;
    const struct loaded *all = load->instances.all;
    size_t next[UINT8_MAX + 2];

    memcpy(next, load->first, sizeof next);
    for (size_t n = 0; n < load->instances.n; n++) {
        unsigned least = 0;
        int rc;

        for (unsigned i = 1; i <= resources; i++)
            if (next[i] < load->first[i + 1] &&
                (least == 0 || all[next[i]].number < all[next[least]].number))
                least = i;
        if (all[next[least]].number == manager->stored->last_id)
            return bad_instance(load, all[next[least]].item, "two instances have the same id");
        manager->stored->last_id = all[next[least]].number;
        rc = link_one(load, all[next[least]++].item);
        if (rc < 0)
            return rc;
    }
    return 0;
}

static void link_reservation(struct berth_manager *manager, struct reservation *reservation)
{
    unsigned levels = reservation_levels(manager, reservation);
    struct instance *instance = reservation->last;

    for (unsigned i = levels; i-- > 0; instance = instance_parent(instance))
        if (reservation->holds[i] == 0 || reservation->holds[i] == HOLD_RELEASING)
            instance->holds++;
    manager->stored->last_number = stored_reservation(reservation, levels)->number;
    reservation->number = ++manager->last_reservation;
    instance_ref(reservation->last);
    map_link(&manager->reservations, &manager->allocator, &reservation->link,
             hash_uuid(&manager->seed, reservation->id));
    stored_name(manager, reservation, levels);
}

static int link_reservations(struct load *load)
{
    struct loaded_rows *rows = &load->reservations;

    if (!sort_loaded(load, rows))
        return -ENOMEM;
    for (; load->n_linked < rows->n; load->n_linked++) {
        struct reservation *reservation = rows->all[load->n_linked].item;

        if (reservation_look_up(load->manager, reservation->id))
            return bad_reservation(load, reservation, "two reservations have the same id");
        link_reservation(load->manager, reservation);
    }
    return 0;
}

/* Intents: their calls count as uncertain */

static uint8_t number_of(const char *const *names, unsigned n, const char *name)
{
    while (n > 0 && names[n] != name)
        n--;
    return (uint8_t)n;
}

static bool is_hook(const berth_manager_type *type, uint8_t hook, const char *name)
{
    return hook > 0 && type->hooks[hook].name == name;
}

static void end_instance(struct berth_manager *manager, struct instance *instance)
{
    struct instance *parent = instance_parent(instance);

    if (parent)
        parent->n_children--;
    collect_end(manager->stored->leftover, manager, instance);
    instance_end(manager, instance);
}

/* The first commit writes what follows from the intent. */
static int note_settled(struct berth_manager *manager, struct instance *instance, uint64_t root)
{
    struct stored *stored = manager->stored;
    bool ends = row_state_is(instance_type(manager, instance), instance->state, BERTH_FINAL);

    if (!stored->leftover) {
        stored->leftover = memory_alloc(&manager->allocator, sizeof *stored->leftover);
        if (!stored->leftover)
            return -ENOMEM;
        batch_init(stored->leftover, &manager->allocator);
    }
    if (!ends)
        record_instance(stored->leftover, manager, instance, false);
    stored_instance(manager, instance)->state = instance->state;
    if (ends)
        end_instance(manager, instance);
    record_no_intent(stored->leftover, manager, root);
    return stored->leftover->failed ? -ENOMEM : 0;
}

static int bad_call(const struct load *load, struct instance *instance,
                    const struct loaded_intent *intent)
{
    const berth_resource *resource = instance_type(load->manager, instance);

    load->error->state = resource->states[instance->state];
    load->error->event = intent->event;
    load->error->hook = intent->hook;
    return bad_instance(load, instance, "an intent is about a call that is not made there:");
}

static int settle_intent(struct load *load, const struct loaded_intent *intent)
{
    struct berth_manager *manager = load->manager;
    struct instance *instance = find_any_loaded(load, intent->instance);
    const berth_resource *resource = instance_type(manager, instance);
    uint8_t event =
        intent->event ? number_of(resource->events, resource->n_events, intent->event) : 0;
    struct row_ref ref = {0, 0, 0};
    struct target target;

    if (event > 0)
        ref = row_first(resource, row_cell(resource, instance->state, event).row, manager->options,
                        instance_view(instance));
    if (!is_hook(manager->type, ref.hook, intent->hook) ||
        stored_instance(manager, &instance_root(instance)->instance)->id != intent->root)
        return bad_call(load, instance, intent);
    target =
        row_target(resource, ref.row,
                   manager->type->hooks[ref.hook].asks ? BERTH_ANSWERED_UNKNOWN : BERTH_UNSURE);
    instance->state = target.state;
    if (target.raise > 0 || manager->stored->type->settle)
        return recovery_make(manager, instance, target.raise);
    return note_settled(manager, instance, intent->root);
}

static int settle_all(struct load *load)
{
    int rc = 0;

    for (struct loaded_intent *at = load->intents; at && rc == 0; at = at->next)
        rc = settle_intent(load, at);
    return rc;
}

/* Beginning and end */

static size_t config_size(const berth_manager_type *type)
{
    size_t size = 0;

    for (unsigned i = 1; i <= type->n_resources; i++)
        for (unsigned j = 0; j < type->resources[i].n_fields; j++)
            if (size < type->resources[i].fields[j].config_offset)
                size = type->resources[i].fields[j].config_offset;
    /* no member is larger than a UUID or a list */
    return size + (sizeof(uuid_t) > sizeof(berth_strings) ? sizeof(uuid_t) : sizeof(berth_strings));
}

static void free_loaded(struct load *load, const struct loaded_rows *rows)
{
    memory_free(&load->manager->allocator, rows->all, rows->capacity * sizeof *rows->all);
}

static void free_load(struct load *load)
{
    struct berth_manager *manager = load->manager;
    const berth_allocator *allocator = &manager->allocator;

    for (; load->n_linked < load->reservations.n; load->n_linked++) { /* after an error */
        struct reservation *reservation = load->reservations.all[load->n_linked].item;

        reservation_unmake(manager, reservation, reservation_levels(manager, reservation));
    }
    while (load->intents) {
        struct loaded_intent *intent = load->intents;

        load->intents = intent->next;
        memory_free(allocator, intent, sizeof *intent);
    }
    for (size_t i = 0; i < load->instances.n; i++)
        instance_unref(manager, load->instances.all[i].item);
    free_loaded(load, &load->instances);
    free_loaded(load, &load->reservations);
    memory_free(allocator, load->config, load->config_size);
}

/* Of rows that are all there. */
static int link_all(struct load *load)
{
    int rc;

    begin_resource(load, load->manager->type->n_resources + 1u);
    rc = check_counters(load);
    if (rc == 0)
        rc = link_instances(load);
    if (rc == 0)
        rc = link_reservations(load);
    if (rc == 0)
        rc = settle_all(load);
    return rc;
}

static int begin_load(struct load *load, struct berth_manager *manager, berth_error *error)
{
    load->manager = manager;
    load->error = error;
    load->config_size = config_size(manager->type);
    load->config = memory_alloc(&manager->allocator, load->config_size);
    return load->config ? 0 : -ENOMEM;
}

int load_all(struct berth_manager *manager, berth_error *error)
{
    struct load load = {.manager = manager};
    const struct stored *stored = manager->stored;
    int rc = begin_load(&load, manager, error);

    if (rc == 0)
        rc = hook_error(stored->store.load(stored->store.ctx, put_row, &load, BERTH_NO_DEADLINE));
    if (rc == 0)
        rc = link_all(&load);
    free_load(&load);
    return rc;
}

int load_stored(struct berth_manager *manager, const berth_store_manager *stored, struct load **out,
                berth_error *error)
{
    struct load *load = memory_alloc(&manager->allocator, sizeof *load);
    int rc;

    *out = load;
    if (!load)
        return -ENOMEM;
    rc = begin_load(load, manager, error);
    if (rc == 0)
        rc = upgrade_begin(&load->upgrade, manager, stored);
    if (rc == 0)
        rc = read_stored(load);
    return rc == 0 ? link_all(load) : rc;
}

/* Texts that were not stored are in the views. */
static void fill_formats(struct load *load, uint16_t table)
{
    const berth_store_table *today = &load->manager->stored->tables[table];
    berth_store_value *cells = load->upgrade.cells;
    struct instance *instance = find_loaded(load, table + 1u, cells[0].number);
    const berth_resource *resource = &load->manager->type->resources[table + 1];

    for (unsigned i = 0; i < today->n_columns; i++)
        if (load->upgrade.tables[load->table].from[i] == 0 &&
            upgrade_formats(&load->upgrade, table, i))
            for (unsigned j = 0; j < resource->n_assigned; j++)
                if (strcmp(resource->assigned[j].name, today->columns[i].name) == 0)
                    cells[i].text =
                        (char *)instance_view(instance) + resource->assigned[j].view_offset;
}

int load_change(struct load *load, uint16_t table, const berth_store_value *values,
                berth_store_change *row)
{
    struct refusal refusal = {NULL, NULL, NULL};
    uint16_t to;
    int rc;

    load->table = table;
    rc = translate_row(load, values, &refusal);
    if (rc != 1)
        return rc;
    to = (uint16_t)(load->upgrade.tables[table].to - 1);
    if (load->upgrade.tables[table].formats)
        fill_formats(load, to);
    *row = (berth_store_change){.table = to, .values = load->upgrade.cells};
    return 1;
}

void load_end(struct load *load)
{
    struct berth_manager *manager;

    if (!load)
        return;
    manager = load->manager;
    upgrade_end(&load->upgrade);
    free_load(load);
    memory_free(&manager->allocator, load, sizeof *load);
}
