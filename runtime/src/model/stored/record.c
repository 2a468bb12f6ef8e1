#include "record.h"

#include <string.h>

#include "../field.h"
#include "../tracked/values.h"
#include "tables.h"

/* Of any type but BERTH_ENUM, whose names only fields have. */
static berth_store_value cell_of(uint8_t type, const void *value)
{
    berth_store_value cell = {0};

    switch (type) {
    case BERTH_STRING:
        cell.text = field_text(value);
        break;
    case BERTH_CHARS:
        cell.text = value;
        break;
    case BERTH_UUID:
        cell.uuid = value;
        break;
    case BERTH_LIST:
    case BERTH_SET:
        cell.texts = *(const berth_strings *)value;
        break;
    default:
        cell.number = field_integer(type, value);
        break;
    }
    return cell;
}

static berth_store_value cell_of_field(const berth_field *field, const void *value)
{
    berth_store_value cell = {.text = ""};
    uint64_t number;

    if (field->type != BERTH_ENUM)
        return cell_of(field->type, value);
    number = field_integer(BERTH_ENUM, value);
    if (number < field->n_values)
        cell.text = field->values[number];
    return cell;
}

static void record_values(const berth_resource *resource, const char *view,
                          berth_store_value *cells)
{
    for (unsigned i = 0; i < resource->n_fields; i++) {
        const berth_field *field = &resource->fields[i];

        *cells++ = cell_of_field(field, view + field->view_offset);
    }
    for (unsigned i = 0; i < resource->n_assigned; i++) {
        const berth_assigned *assigned = &resource->assigned[i];

        for (unsigned j = 0; j < assigned->n_parts; j++)
            *cells++ = cell_of(assigned->parts[j].type, view + assigned->parts[j].view_offset);
        if (assigned->n_parts == 0)
            *cells++ = cell_of(assigned->type, view + assigned->view_offset);
    }
}

/* The values from hooks that name the instance. */
static berth_strings names_of(struct batch *batch, struct berth_manager *manager,
                              struct instance *instance, bool ended)
{
    const berth_resource *resource = instance_type(manager, instance);
    const char **items = batch_bytes(batch, resource->n_assigned * sizeof *items);
    berth_strings names = {.items = items};

    for (uint8_t i = 0; items && i < resource->n_assigned && !ended; i++)
        if (resource->assigned[i].indexed && resource->assigned[i].kind == BERTH_ASSIGN_HOOK &&
            values_names(manager, instance, i))
            items[names.count++] = resource->assigned[i].name;
    return names;
}

void record_instance(struct batch *batch, struct berth_manager *manager, struct instance *instance,
                     bool ended)
{
    const berth_resource *resource = instance_type(manager, instance);
    struct instance_columns at = tables_instance_columns(manager->type, instance->resource);
    uint16_t table = tables_of(instance->resource);
    berth_store_value *cells =
        batch_add(batch, table, false, manager->stored->tables[table].n_columns, instance);

    if (!cells)
        return;
    instance_ref(instance);
    cells[0].number = stored_instance(manager, instance)->id;
    if (at.parent > 0)
        cells[at.parent].number = stored_instance(manager, instance_above(instance))->id;
    cells[at.state].text = resource->states[instance->state];
    cells[at.ended].number = ended;
    if (at.names > 0)
        cells[at.names].texts = names_of(batch, manager, instance, ended);
    record_values(resource, instance_view(instance), cells + at.fields);
}

void record_no_instance(struct batch *batch, struct berth_manager *manager,
                        struct instance *instance)
{
    berth_store_value *cells = batch_add(batch, tables_of(instance->resource), true, 1, instance);

    if (!cells)
        return;
    instance_ref(instance);
    cells[0].number = stored_instance(manager, instance)->id;
}

static const unsigned char *copy_uuid(struct batch *batch, const unsigned char *uuid)
{
    void *copy = batch_bytes(batch, sizeof(uuid_t));

    return copy ? memcpy(copy, uuid, sizeof(uuid_t)) : uuid;
}

/* The names of the resources of a path at some of its levels. */
static berth_strings path_names(struct batch *batch, const struct berth_manager *manager,
                                const struct instance *last, unsigned levels, uint8_t set)
{
    const char **items = batch_bytes(batch, levels * sizeof *items);
    berth_strings names = {.items = items};

    for (unsigned i = 0; items && i < levels; i++)
        if ((set >> i) & 1)
            items[names.count++] =
                manager->type
                    ->resources[manager_path_resource(manager->type, last->resource, (uint8_t)i)]
                    .name;
    return names;
}

void record_reservation(struct batch *batch, struct berth_manager *manager,
                        struct reservation *reservation, uint8_t released, bool releasing)
{
    unsigned levels = reservation_levels(manager, reservation);
    const struct stored_reservation *part = stored_reservation(reservation, levels);
    berth_store_value *cells = batch_add(batch, tables_other(manager->type, TABLE_RESERVATIONS),
                                         false, RESERVATION_COLUMNS, NULL);
    const struct instance *instance = reservation->last;
    uint8_t held = 0;

    if (!cells)
        return;
    for (unsigned i = levels; i-- > 0; instance = instance_parent(instance)) {
        uint8_t hold = reservation->holds[i];

        if (hold == instance->epoch || hold == (instance->epoch | HOLD_RELEASING))
            held |= (uint8_t)(1u << i);
    }
    held &= (uint8_t)~released;
    cells[RESERVATION_ID].uuid = copy_uuid(batch, reservation->id);
    cells[RESERVATION_NUMBER].number = part->number;
    cells[RESERVATION_OWNER].text = batch_text(batch, part->owner);
    cells[RESERVATION_INSTANCE].number = stored_instance(manager, reservation->last)->id;
    cells[RESERVATION_HELD].texts = path_names(batch, manager, reservation->last, levels, held);
    cells[RESERVATION_RELEASING].number = releasing;
}

void record_no_reservation(struct batch *batch, struct berth_manager *manager,
                           struct reservation *reservation)
{
    berth_store_value *cells =
        batch_add(batch, tables_other(manager->type, TABLE_RESERVATIONS), true, 1, NULL);

    if (cells)
        cells[RESERVATION_ID].uuid = copy_uuid(batch, reservation->id);
}

void record_reference(struct batch *batch, struct berth_manager *manager, struct instance *instance,
                      struct reference *reference, bool deleted)
{
    berth_store_value *cells = batch_add(batch, tables_other(manager->type, TABLE_REFERENCES),
                                         deleted, REFERENCE_COLUMNS, NULL);

    if (!cells)
        return;
    cells[REFERENCE_INSTANCE].number = stored_instance(manager, instance)->id;
    cells[REFERENCE_OWNER].text = batch_text(batch, reference->owner);
}

void record_intent(struct batch *batch, struct berth_manager *manager, const struct intent *intent)
{
    const berth_resource *resource = &manager->type->resources[intent->resource];
    berth_store_value *cells =
        batch_add(batch, tables_other(manager->type, TABLE_INTENTS), false, INTENT_COLUMNS, NULL);

    if (!cells)
        return;
    cells[INTENT_ROOT].number = intent->root;
    cells[INTENT_INSTANCE].number = intent->instance;
    cells[INTENT_EVENT].text = resource->events[intent->event];
    cells[INTENT_HOOK].text = manager->type->hooks[intent->hook].name;
    cells[INTENT_OPERATION].text = intent->operation;
    cells[INTENT_STATE].text = resource->states[intent->state];
}

void record_no_intent(struct batch *batch, struct berth_manager *manager, uint64_t root)
{
    berth_store_value *cells =
        batch_add(batch, tables_other(manager->type, TABLE_INTENTS), true, 1, NULL);

    if (cells)
        cells[INTENT_ROOT].number = root;
}

/* "share.name" */
static const char *counter_name(struct batch *batch, const berth_resource *resource,
                                const berth_assigned *assigned)
{
    size_t head = strlen(resource->name), tail = strlen(assigned->name);
    char *name = batch_bytes(batch, head + tail + 2);

    if (!name)
        return "";
    memcpy(name, resource->name, head);
    name[head] = '.';
    memcpy(name + head + 1, assigned->name, tail + 1);
    return name;
}

void record_counters(struct batch *batch, struct berth_manager *manager, uint8_t id)
{
    const berth_resource *resource = &manager->type->resources[id];

    for (unsigned i = 0; i < resource->n_assigned; i++) {
        const berth_assigned *assigned = &resource->assigned[i];
        berth_store_value *cells;

        if (assigned->kind != BERTH_ASSIGN_COUNTER)
            continue;
        cells = batch_add(batch, tables_other(manager->type, TABLE_COUNTERS), false, COUNTER_CELLS,
                          NULL);
        if (!cells)
            return;
        cells[COUNTER_NAME].text = counter_name(batch, resource, assigned);
        cells[COUNTER_NEXT].number = manager->layouts[id].values[i].next;
        cells[COUNTER_WHICH].number = (uint64_t)id << 8 | i;
    }
}

bool record_is_counter(const struct berth_manager *manager, const berth_store_change *change)
{
    return change->table == tables_other(manager->type, TABLE_COUNTERS);
}

void record_renew_counters(const struct batch *batch, const struct berth_manager *manager)
{
    for (uint32_t i = 0; i < batch->n; i++) {
        const berth_store_change *change = &batch->changes[i];
        berth_store_value *cells = (berth_store_value *)(uintptr_t)change->values;

        if (record_is_counter(manager, change)) {
            uint64_t which = cells[COUNTER_WHICH].number;

            cells[COUNTER_NEXT].number = manager->layouts[which >> 8].values[which & 0xff].next;
        }
    }
}

static bool same_cell(berth_store_type type, const berth_store_value *a, const berth_store_value *b)
{
    if (type == BERTH_STORE_TEXT)
        return strcmp(a->text, b->text) == 0;
    if (type == BERTH_STORE_UUID)
        return memcmp(a->uuid, b->uuid, sizeof(uuid_t)) == 0;
    return a->number == b->number;
}

bool record_is_same(const struct stored *stored, const berth_store_change *a,
                    const berth_store_change *b)
{
    const berth_store_table *table = &stored->tables[a->table];

    if (a->table != b->table)
        return false;
    for (unsigned i = 0; i < table->n_key; i++)
        if (!same_cell(table->columns[i].type, &a->values[i], &b->values[i]))
            return false;
    return true;
}

void record_release(struct batch *batch, struct berth_manager *manager)
{
    for (uint32_t i = 0; i < batch->n; i++)
        if (batch->subjects[i])
            instance_unref(manager, batch->subjects[i]);
    batch_clear(batch);
}

void record_drop(struct batch *batch, struct berth_manager *manager, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        if (batch->subjects[i])
            instance_unref(manager, batch->subjects[i]);
    batch->n -= n;
    memmove(batch->changes, batch->changes + n, batch->n * sizeof *batch->changes);
    memmove(batch->subjects, batch->subjects + n, batch->n * sizeof *batch->subjects);
}

uint64_t record_bytes(const struct stored *stored, const struct batch *batch, uint32_t n)
{
    uint64_t bytes = 0;

    for (uint32_t i = 0; stored->max_bytes > 0 && i < n; i++) {
        const berth_store_change *change = &batch->changes[i];

        if (!change->deleted)
            bytes += berth_store_size(&stored->tables[change->table], change->values);
    }
    return bytes;
}

/*
 * Of each level: the instance, the owner's reference, and the row of an ended instance that only
 * the reservation named. The counters of all resources, the reservation, and the intent.
 */
uint32_t record_most_rows(const struct berth_manager *manager)
{
    const berth_manager_type *type = manager->type;
    uint32_t rows = 3u * manager->max_levels + 2;

    for (unsigned i = 1; i <= type->n_resources; i++)
        for (unsigned j = 0; j < type->resources[i].n_assigned; j++)
            rows += type->resources[i].assigned[j].kind == BERTH_ASSIGN_COUNTER;
    return rows;
}

/* Each resource once: that is more than any path has. */
size_t record_most_bytes(const struct berth_manager *manager)
{
    const berth_manager_type *type = manager->type;
    size_t levels = manager->max_levels;
    size_t bytes = 0;

    for (unsigned i = 1; i <= type->n_resources; i++) {
        const berth_resource *resource = &type->resources[i];

        bytes += manager->stored->tables[i - 1].n_columns * sizeof(berth_store_value) +
                 resource->n_assigned * (sizeof(char *) + 4 * sizeof(berth_store_value));
        for (unsigned j = 0; j < resource->n_assigned; j++)
            if (resource->assigned[j].kind == BERTH_ASSIGN_COUNTER)
                bytes += strlen(resource->name) + strlen(resource->assigned[j].name) + 16;
    }
    bytes += (RESERVATION_COLUMNS + INTENT_COLUMNS + 1) * sizeof(berth_store_value) +
             sizeof(uuid_t) + levels * sizeof(char *) + BERTH_OWNER_MAX + 32;
    return bytes + levels * (REFERENCE_COLUMNS * sizeof(berth_store_value) + BERTH_OWNER_MAX + 16);
}
