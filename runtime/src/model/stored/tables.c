#include "tables.h"

#include <string.h>

#include "../../base/store/memory.h"
#include "../field.h"

struct instance_columns tables_instance_columns(const berth_manager_type *type, uint8_t resource)
{
    const berth_resource *of = &type->resources[resource];
    struct instance_columns columns = {0};
    uint8_t next = 1; /* after the id */

    if (of->parent > 0)
        columns.parent = next++;
    columns.state = next++;
    columns.ended = next++;
    for (unsigned i = 0; i < of->n_assigned && columns.names == 0; i++)
        if (of->assigned[i].indexed && of->assigned[i].kind == BERTH_ASSIGN_HOOK)
            columns.names = next++;
    columns.fields = next;
    return columns;
}

static berth_store_type type_of(uint8_t type)
{
    switch (type) {
    case BERTH_BOOL:
        return BERTH_STORE_BOOL;
    case BERTH_I32:
    case BERTH_I64:
        return BERTH_STORE_SIGNED;
    case BERTH_STRING:
    case BERTH_ENUM:
    case BERTH_CHARS:
        return BERTH_STORE_TEXT;
    case BERTH_UUID:
        return BERTH_STORE_UUID;
    case BERTH_LIST:
    case BERTH_SET:
        return BERTH_STORE_TEXTS;
    default:
        return BERTH_STORE_UNSIGNED;
    }
}

static unsigned count_columns(const berth_manager_type *type, uint8_t resource)
{
    const berth_resource *of = &type->resources[resource];
    unsigned n = tables_instance_columns(type, resource).fields + of->n_fields;

    for (unsigned i = 0; i < of->n_assigned; i++)
        n += of->assigned[i].n_parts > 0 ? of->assigned[i].n_parts : 1;
    return n;
}

static void fill_columns(const berth_manager_type *type, uint8_t resource,
                         berth_store_column *columns)
{
    const berth_resource *of = &type->resources[resource];
    struct instance_columns at = tables_instance_columns(type, resource);
    berth_store_column *next = columns + at.fields;

    columns[0] = (berth_store_column){"_id", BERTH_STORE_UNSIGNED};
    if (at.parent > 0)
        columns[at.parent] = (berth_store_column){"_parent", BERTH_STORE_UNSIGNED};
    columns[at.state] = (berth_store_column){"_state", BERTH_STORE_TEXT};
    columns[at.ended] = (berth_store_column){"_ended", BERTH_STORE_BOOL};
    if (at.names > 0)
        columns[at.names] = (berth_store_column){"_names", BERTH_STORE_TEXTS};
    for (unsigned i = 0; i < of->n_fields; i++)
        *next++ = (berth_store_column){of->fields[i].name, type_of(of->fields[i].type)};
    for (unsigned i = 0; i < of->n_assigned; i++) {
        const berth_assigned *assigned = &of->assigned[i];

        for (unsigned j = 0; j < assigned->n_parts; j++)
            *next++ =
                (berth_store_column){assigned->parts[j].name, type_of(assigned->parts[j].type)};
        if (assigned->n_parts == 0)
            *next++ = (berth_store_column){assigned->name, type_of(assigned->type)};
    }
}

static const berth_store_column reservation_columns[] = {
    [RESERVATION_ID] = {"_id", BERTH_STORE_UUID},
    [RESERVATION_NUMBER] = {"_number", BERTH_STORE_UNSIGNED},
    [RESERVATION_OWNER] = {"_owner", BERTH_STORE_TEXT},
    [RESERVATION_INSTANCE] = {"_instance", BERTH_STORE_UNSIGNED},
    [RESERVATION_HELD] = {"_held", BERTH_STORE_TEXTS},
    [RESERVATION_RELEASING] = {"_releasing", BERTH_STORE_BOOL},
};

static const berth_store_column reference_columns[] = {
    [REFERENCE_INSTANCE] = {"_instance", BERTH_STORE_UNSIGNED},
    [REFERENCE_OWNER] = {"_owner", BERTH_STORE_TEXT},
};

static const berth_store_column intent_columns[] = {
    [INTENT_ROOT] = {"_root", BERTH_STORE_UNSIGNED},
    [INTENT_INSTANCE] = {"_instance", BERTH_STORE_UNSIGNED},
    [INTENT_EVENT] = {"_event", BERTH_STORE_TEXT},
    [INTENT_HOOK] = {"_hook", BERTH_STORE_TEXT},
    [INTENT_OPERATION] = {"_operation", BERTH_STORE_TEXT},
    [INTENT_STATE] = {"_state", BERTH_STORE_TEXT},
};

static const berth_store_column counter_columns[] = {
    [COUNTER_NAME] = {"_name", BERTH_STORE_TEXT},
    [COUNTER_NEXT] = {"_next", BERTH_STORE_UNSIGNED},
};

static const berth_store_table other_tables[OTHER_TABLES] = {
    [TABLE_RESERVATIONS] = {"_reservations", reservation_columns, RESERVATION_COLUMNS, 1},
    [TABLE_REFERENCES] = {"_references", reference_columns, REFERENCE_COLUMNS, REFERENCE_COLUMNS},
    [TABLE_INTENTS] = {"_intents", intent_columns, INTENT_COLUMNS, 1},
    [TABLE_COUNTERS] = {"_counters", counter_columns, COUNTER_COLUMNS, 1},
};

int tables_make(struct berth_manager *manager)
{
    const berth_manager_type *type = manager->type;
    struct stored *stored = manager->stored;
    size_t n_tables = type->n_resources + (size_t)OTHER_TABLES, n_columns = 0;
    berth_store_table *tables;
    berth_store_column *columns;

    for (unsigned i = 1; i <= type->n_resources; i++)
        n_columns += count_columns(type, (uint8_t)i);
    stored->tables_size = n_tables * sizeof *tables + n_columns * sizeof *columns;
    tables = memory_alloc(&manager->allocator, stored->tables_size);
    if (!tables)
        return -ENOMEM;
    columns = (berth_store_column *)(tables + n_tables);
    for (unsigned i = 1; i <= type->n_resources; i++) {
        unsigned n = count_columns(type, (uint8_t)i);

        fill_columns(type, (uint8_t)i, columns);
        tables[i - 1] = (berth_store_table){type->resources[i].name, columns, (uint16_t)n, 1};
        columns += n;
    }
    memcpy(tables + type->n_resources, other_tables, sizeof other_tables);
    stored->tables = tables;
    stored->n_tables = (uint16_t)n_tables;
    return 0;
}

void tables_free(struct berth_manager *manager)
{
    struct stored *stored = manager->stored;

    memory_free(&manager->allocator, (void *)(uintptr_t)stored->tables, stored->tables_size);
    stored->tables = NULL;
}

/* Of the public header. */
uint64_t berth_store_size(const berth_store_table *table, const berth_store_value *values)
{
    uint64_t size = 0;

    for (unsigned i = 0; i < table->n_columns; i++)
        switch (table->columns[i].type) {
        case BERTH_STORE_TEXT:
            size += strlen(values[i].text) + 1;
            break;
        case BERTH_STORE_TEXTS:
            for (uint32_t j = 0; j < values[i].texts.count; j++)
                size += strlen(values[i].texts.items[j]) + 1;
            break;
        default:
            size += table->columns[i].type == BERTH_STORE_UUID ? sizeof(uuid_t) : sizeof(uint64_t);
            break;
        }
    return size;
}
