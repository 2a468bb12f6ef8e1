/*
 * The tables of a manager's store. Resource i (0-based) has table i; the others follow in the order
 * below. docs/runtime.md has them for people.
 */
#ifndef BERTH_SRC_TABLES_H
#define BERTH_SRC_TABLES_H

#include "../../base/linkage.h"
#include "stored.h"

enum { TABLE_RESERVATIONS, TABLE_REFERENCES, TABLE_INTENTS, TABLE_COUNTERS, OTHER_TABLES };

/* Columns of the runtime's tables. */
enum {
    RESERVATION_ID,
    RESERVATION_NUMBER,
    RESERVATION_OWNER,
    RESERVATION_INSTANCE,
    RESERVATION_HELD,
    RESERVATION_RELEASING,
    RESERVATION_COLUMNS
};
enum { REFERENCE_INSTANCE, REFERENCE_OWNER, REFERENCE_COLUMNS };
enum {
    INTENT_ROOT,
    INTENT_INSTANCE,
    INTENT_EVENT,
    INTENT_HOOK,
    INTENT_OPERATION,
    INTENT_STATE,
    INTENT_COLUMNS
};
enum { COUNTER_NAME, COUNTER_NEXT, COUNTER_COLUMNS };
/* A cell behind the columns: which counter it is, for the runtime only. */
enum { COUNTER_WHICH = COUNTER_COLUMNS, COUNTER_CELLS };

/* Where the parts of an instance's row begin; `names` 0: no value from a hook finds it. */
struct instance_columns {
    uint8_t parent; /* 0: a root */
    uint8_t state, ended, names, fields;
};
internal struct instance_columns tables_instance_columns(const berth_manager_type *type,
                                                         uint8_t resource);

/* The table of a resource, and one of the others. */
static inline uint16_t tables_of(uint8_t resource)
{
    return (uint16_t)(resource - 1);
}

static inline uint16_t tables_other(const berth_manager_type *type, unsigned other)
{
    return (uint16_t)(type->n_resources + other);
}

/* Makes the tables of the manager's store. -ENOMEM. */
internal int tables_make(struct berth_manager *manager);
internal void tables_free(struct berth_manager *manager);

#endif
