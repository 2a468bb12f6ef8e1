#include "upgrade.h"

#include <errno.h>
#include <string.h>

#include "../../base/store/memory.h"
#include "../../model/manager.h"
#include "../../model/stored/tables.h"

/* Earlier names */

/* Does an earlier version call this `was`? `name` NULL: the thing is forgotten. */
static bool is_earlier(const struct berth_manager *manager, unsigned kind, unsigned resource,
                       unsigned index, const char *name, const char *was)
{
    const berth_stored_type *type = manager->stored->type;

    for (unsigned i = 0; i < type->n_earlier; i++) {
        const berth_earlier *earlier = &type->earlier[i];

        if (earlier->kind != kind || earlier->resource != resource || earlier->index != index ||
            strcmp(earlier->was, was) != 0)
            continue;
        if (name ? earlier->name && strcmp(earlier->name, name) == 0 : !earlier->name)
            return true;
    }
    return false;
}

/* Today's name of what was called so; the same one if it has not changed. */
static const char *name_today(const struct berth_manager *manager, unsigned kind, unsigned resource,
                              unsigned index, const char *was)
{
    const berth_stored_type *type = manager->stored->type;

    for (unsigned i = 0; i < type->n_earlier; i++) {
        const berth_earlier *earlier = &type->earlier[i];

        if (earlier->kind == kind && earlier->resource == resource && earlier->index == index &&
            earlier->name && strcmp(earlier->was, was) == 0)
            return earlier->name;
    }
    return was;
}

/* The header */

/* A part of a line: "name=value", or "group.hook". */
struct word {
    const char *text;
    size_t length;
    size_t name; /* its length, if there is a value */
};

/* Words end at blanks outside of quotes. False: there is none left. */
static bool next_word(const char **line, struct word *word)
{
    bool quoted = false;

    while (**line == ' ')
        ++*line;
    *word = (struct word){.text = *line};
    for (; **line && (quoted || **line != ' '); ++*line) {
        if (**line == '\\' && quoted && (*line)[1])
            ++*line;
        else if (**line == '"')
            quoted = !quoted;
        else if (**line == '=' && !quoted && word->name == 0)
            word->name = (size_t)(*line - word->text);
    }
    word->length = (size_t)(*line - word->text);
    return word->length > 0;
}

static bool is_text(const char *text, const char *from, size_t length)
{
    return strncmp(text, from, length) == 0 && text[length] == '\0';
}

/* The value that a line of options gives for one. */
static bool find_option(const char *line, const char *name, struct word *value)
{
    struct word word;

    while (next_word(&line, &word))
        if (is_text(name, word.text, word.name)) {
            *value = (struct word){word.text + word.name + 1, word.length - word.name - 1, 0};
            return true;
        }
    return false;
}

static bool is_same_word(const struct word *a, const struct word *b)
{
    return a->length == b->length && strncmp(a->text, b->text, a->length) == 0;
}

/* An option's value under another name. */
static bool was_value(const struct berth_manager *manager, unsigned option,
                      const struct word *today, const struct word *stored)
{
    const berth_stored_type *type = manager->stored->type;

    for (unsigned i = 0; i < type->n_earlier; i++) {
        const berth_earlier *earlier = &type->earlier[i];

        if (earlier->kind == BERTH_WAS_OPTION_VALUE && earlier->index == option &&
            is_text(earlier->was, stored->text, stored->length) &&
            is_text(earlier->name, today->text, today->length))
            return true;
    }
    return false;
}

/* The stored value of an option, also under an earlier name. */
static bool find_stored_option(const struct berth_manager *manager, const char *line,
                               const char *name, struct word *value)
{
    const berth_stored_type *type = manager->stored->type;

    if (find_option(line, name, value))
        return true;
    for (unsigned i = 0; i < type->n_earlier; i++)
        if (type->earlier[i].kind == BERTH_WAS_OPTION && type->earlier[i].name &&
            strcmp(type->earlier[i].name, name) == 0 &&
            find_option(line, type->earlier[i].was, value))
            return true;
    return false;
}

static int check_stored_options(const struct berth_manager *manager, const char *stored,
                                const char *options, berth_error *error)
{
    for (unsigned i = 0; i < manager->type->n_options; i++) {
        const char *name = manager->type->options[i].name;
        struct word then, now;

        if (!find_stored_option(manager, stored, name, &then) ||
            !find_option(options, name, &now) || is_same_word(&then, &now) ||
            was_value(manager, i + 1, &now, &then))
            continue;
        error->field = name;
        error->reason = "the store has rows for another value of option";
        return -EINVAL;
    }
    return 0;
}

/* Is the hook, also under an earlier name, in the line? */
static bool has_word(const struct berth_manager *manager, const char *line, const char *hook)
{
    struct word word;

    while (next_word(&line, &word)) {
        const berth_stored_type *type = manager->stored->type;

        if (is_text(hook, word.text, word.length))
            return true;
        for (unsigned i = 0; i < type->n_earlier; i++)
            if (type->earlier[i].kind == BERTH_WAS_HOOK && type->earlier[i].name &&
                strcmp(type->earlier[i].name, hook) == 0 &&
                is_text(type->earlier[i].was, word.text, word.length))
                return true;
    }
    return false;
}

static int check_stored_hooks(const struct berth_manager *manager,
                              const berth_store_manager *stored, berth_error *error)
{
    for (unsigned i = 1; i <= manager->type->n_hooks; i++) {
        const char *name = manager->type->hooks[i].name;
        const bool has = manager_has(manager, (uint8_t)i);

        if (!has_word(manager, has ? stored->absent : stored->hooks, name))
            continue;
        error->hook = name;
        error->reason = has ? "the store has rows for a backend without"
                            : "the store has rows for a backend with";
        return -EINVAL;
    }
    return 0;
}

int upgrade_check_header(const struct berth_manager *manager, const berth_store_manager *stored,
                         const char *options, berth_error *error)
{
    int rc = check_stored_options(manager, stored->options, options, error);

    return rc == 0 ? check_stored_hooks(manager, stored, error) : rc;
}

/* Tables and columns */

static unsigned find_table(const berth_store_manager *stored, const char *name)
{
    for (unsigned i = 0; i < stored->n_tables; i++)
        if (strcmp(stored->tables[i].name, name) == 0)
            return i + 1;
    return 0;
}

static unsigned find_stored_table(const struct upgrade *upgrade, unsigned table)
{
    const struct berth_manager *manager = upgrade->manager;
    const char *name = manager->stored->tables[table].name;
    unsigned found = find_table(upgrade->stored, name);

    for (unsigned i = 0; found == 0 && i < upgrade->stored->n_tables; i++)
        if (is_earlier(manager, BERTH_WAS_RESOURCE, 0, 0, name, upgrade->stored->tables[i].name))
            found = i + 1;
    return found;
}

static unsigned find_column(const struct upgrade *upgrade, const berth_store_table *stored,
                            unsigned resource, const char *name)
{
    for (unsigned i = 0; i < stored->n_columns; i++)
        if (strcmp(stored->columns[i].name, name) == 0)
            return i + 1;
    for (unsigned i = 0; i < stored->n_columns; i++)
        if (is_earlier(upgrade->manager, BERTH_WAS_COLUMN, resource, 0, name,
                       stored->columns[i].name))
            return i + 1;
    return 0;
}

/* Of a table of today: the resource, or 0. */
static unsigned resource_of(const struct upgrade *upgrade, unsigned table)
{
    return table < upgrade->manager->type->n_resources ? table + 1 : 0;
}

static void map_columns(struct upgrade *upgrade, unsigned table, unsigned stored, uint16_t *columns)
{
    const berth_store_table *today = &upgrade->manager->stored->tables[table];

    upgrade->tables[stored - 1] = (struct upgrade_table){columns, (uint16_t)(table + 1), false};
    for (unsigned i = 0; i < today->n_columns; i++) {
        columns[i] = (uint16_t)find_column(upgrade, &upgrade->stored->tables[stored - 1],
                                           resource_of(upgrade, table), today->columns[i].name);
        if (columns[i] == 0 && upgrade_formats(upgrade, (uint16_t)table, i))
            upgrade->tables[stored - 1].formats = true;
    }
}

static size_t counter_size(const berth_manager_type *type)
{
    size_t size = 0;

    for (unsigned i = 1; i <= type->n_resources; i++)
        for (unsigned j = 0; j < type->resources[i].n_assigned; j++) {
            size_t own =
                strlen(type->resources[i].name) + strlen(type->resources[i].assigned[j].name) + 2;

            if (size < own)
                size = own;
        }
    return size + 1;
}

int upgrade_begin(struct upgrade *upgrade, struct berth_manager *manager,
                  const berth_store_manager *stored)
{
    const struct stored *own = manager->stored;
    const berth_allocator *allocator = &manager->allocator;
    uint16_t *next;

    upgrade->manager = manager;
    upgrade->stored = stored;
    for (unsigned i = 0; i < own->n_tables; i++) {
        upgrade->n_columns += own->tables[i].n_columns;
        if (upgrade->n_cells < own->tables[i].n_columns)
            upgrade->n_cells = own->tables[i].n_columns;
    }
    upgrade->counter_size = counter_size(manager->type);
    upgrade->tables = memory_alloc(allocator, (stored->n_tables + 1u) * sizeof *upgrade->tables);
    upgrade->columns = memory_alloc(allocator, upgrade->n_columns * sizeof *upgrade->columns);
    upgrade->cells = memory_alloc(allocator, upgrade->n_cells * sizeof *upgrade->cells);
    upgrade->counter = memory_alloc(allocator, upgrade->counter_size);
    if (!upgrade->tables || !upgrade->columns || !upgrade->cells || !upgrade->counter)
        return -ENOMEM;
    next = upgrade->columns;
    for (unsigned i = 0; i < own->n_tables; i++) {
        unsigned from = find_stored_table(upgrade, i);

        if (from > 0)
            map_columns(upgrade, i, from, next);
        next += own->tables[i].n_columns;
    }
    return 0;
}

void upgrade_end(struct upgrade *upgrade)
{
    const berth_allocator *allocator;

    if (!upgrade->manager)
        return;
    allocator = &upgrade->manager->allocator;
    memory_free(allocator, upgrade->tables,
                (upgrade->stored->n_tables + 1u) * sizeof *upgrade->tables);
    memory_free(allocator, upgrade->columns, upgrade->n_columns * sizeof *upgrade->columns);
    memory_free(allocator, upgrade->cells, upgrade->n_cells * sizeof *upgrade->cells);
    memory_free(allocator, (void *)(uintptr_t)upgrade->texts,
                upgrade->n_texts * sizeof *upgrade->texts);
    memory_free(allocator, upgrade->counter, upgrade->counter_size);
    *upgrade = (struct upgrade){0};
}

unsigned upgrade_source(const struct upgrade *upgrade, uint16_t table)
{
    for (unsigned i = 0; i < upgrade->stored->n_tables; i++)
        if (upgrade->tables[i].to == table + 1)
            return i + 1;
    return 0;
}

/* What a column of today is of */

struct subject {
    const berth_field *field;
    unsigned index; /* of the field, from 1 */
    const berth_assigned *assigned;
};

static struct subject subject_of(const struct upgrade *upgrade, unsigned table, unsigned column)
{
    const berth_manager_type *type = upgrade->manager->type;
    const berth_resource *resource = &type->resources[table + 1];
    unsigned at = tables_instance_columns(type, (uint8_t)(table + 1)).fields;
    struct subject subject = {NULL, 0, NULL};

    if (column < at)
        return subject;
    if (column - at < resource->n_fields) {
        subject.field = &resource->fields[column - at];
        subject.index = column - at + 1;
        return subject;
    }
    at += resource->n_fields;
    for (unsigned i = 0; i < resource->n_assigned; i++) {
        unsigned n = resource->assigned[i].n_parts > 0 ? resource->assigned[i].n_parts : 1;

        if (column - at < n) {
            subject.assigned = &resource->assigned[i];
            break;
        }
        at += n;
    }
    return subject;
}

bool upgrade_formats(const struct upgrade *upgrade, uint16_t table, unsigned column)
{
    struct subject subject;

    if (resource_of(upgrade, table) == 0)
        return false;
    subject = subject_of(upgrade, table, column);
    return subject.assigned && subject.assigned->kind == BERTH_ASSIGN_FORMAT;
}

/* Cells */

static int refuse_row(struct refusal *refusal, const char *reason, const char *field,
                      const char *word)
{
    *refusal = (struct refusal){reason, field, word};
    return -EINVAL;
}

static berth_store_value zero_cell(berth_store_type type)
{
    static const uuid_t nil;

    switch (type) {
    case BERTH_STORE_TEXT:
        return (berth_store_value){.text = ""};
    case BERTH_STORE_UUID:
        return (berth_store_value){.uuid = nil};
    default:
        return (berth_store_value){0};
    }
}

static bool is_zero_cell(berth_store_type type, const berth_store_value *cell)
{
    switch (type) {
    case BERTH_STORE_TEXT:
        return *cell->text == '\0';
    case BERTH_STORE_UUID:
        return uuid_is_null(cell->uuid);
    case BERTH_STORE_TEXTS:
        return cell->texts.count == 0;
    default:
        return cell->number == 0;
    }
}

/* Numbers with and without a sign are the same where both can have them. */
static bool may_become(berth_store_type from, berth_store_type to, const berth_store_value *cell)
{
    if (from == to)
        return true;
    return (from == BERTH_STORE_UNSIGNED || from == BERTH_STORE_SIGNED) &&
           (to == BERTH_STORE_UNSIGNED || to == BERTH_STORE_SIGNED) && cell->number <= INT64_MAX;
}

static berth_store_value default_of(const berth_field *field, const berth_default *given)
{
    switch (field->type) {
    case BERTH_STRING:
        return (berth_store_value){.text = given->text ? given->text : ""};
    case BERTH_ENUM:
        return (berth_store_value){.text = field->values[given->number]};
    case BERTH_UUID:
        return zero_cell(BERTH_STORE_UUID);
    case BERTH_LIST:
    case BERTH_SET:
        return zero_cell(BERTH_STORE_TEXTS);
    default:
        return (berth_store_value){.number = (uint64_t)given->number};
    }
}

/* A column that the stored rows do not have. */
static int fill_cell(struct upgrade *upgrade, unsigned table, unsigned column,
                     struct refusal *refusal)
{
    const berth_store_column *today = &upgrade->manager->stored->tables[table].columns[column];
    const berth_default *const *defaults = upgrade->manager->stored->type->defaults;
    struct subject subject = {NULL, 0, NULL};

    if (strcmp(today->name, "_parent") == 0)
        return refuse_row(refusal, "a row has no parent, and its resource has one now", NULL, NULL);
    upgrade->cells[column] = zero_cell(today->type);
    if (resource_of(upgrade, table) > 0)
        subject = subject_of(upgrade, table, column);
    if (subject.field) {
        if (subject.field->flags & BERTH_KEY)
            return refuse_row(refusal, "a row has no value for a key field that is new:",
                              subject.field->name, NULL);
        if (subject.field->flags & BERTH_REQUIRED)
            return refuse_row(refusal, "a row has no value for a required field that is new:",
                              subject.field->name, NULL);
        upgrade->cells[column] = default_of(subject.field, &defaults[table + 1][subject.index - 1]);
    } else if (subject.assigned && subject.assigned->kind != BERTH_ASSIGN_HOOK &&
               subject.assigned->kind != BERTH_ASSIGN_FORMAT) {
        return refuse_row(refusal, "a row was not assigned a value that is new:", today->name,
                          NULL);
    }
    return 0;
}

/* Room for the lists of a row. */
static int reserve_texts(struct upgrade *upgrade, size_t n)
{
    const berth_allocator *allocator = &upgrade->manager->allocator;
    const char **texts;

    if (upgrade->n_texts >= n)
        return 0;
    texts = memory_alloc(allocator, 2 * n * sizeof *texts);
    if (!texts)
        return -ENOMEM;
    memory_free(allocator, (void *)(uintptr_t)upgrade->texts, upgrade->n_texts * sizeof *texts);
    upgrade->texts = texts;
    upgrade->n_texts = 2 * n;
    return 0;
}

/* The rows of the runtime's own tables, and the runtime's own columns, name things. */

static bool is_gone(const struct upgrade *upgrade, unsigned resource, const char *column)
{
    return is_earlier(upgrade->manager, BERTH_WAS_COLUMN, resource, 0, NULL, column);
}

/* Names that are no values any more name nothing. */
static int change_names(struct upgrade *upgrade, unsigned resource, berth_strings *names)
{
    const berth_resource *type = &upgrade->manager->type->resources[resource];
    int rc = reserve_texts(upgrade, names->count);
    uint32_t n = 0;

    for (uint32_t i = 0; rc == 0 && i < names->count; i++) {
        const char *name =
            name_today(upgrade->manager, BERTH_WAS_COLUMN, resource, 0, names->items[i]);

        for (unsigned j = 0; j < type->n_assigned; j++)
            if (type->assigned[j].indexed && type->assigned[j].kind == BERTH_ASSIGN_HOOK &&
                strcmp(type->assigned[j].name, name) == 0)
                upgrade->texts[n++] = name;
    }
    *names = (berth_strings){upgrade->texts, n};
    return rc;
}

static int change_instance(struct upgrade *upgrade, unsigned resource, struct refusal *refusal)
{
    const berth_manager_type *type = upgrade->manager->type;
    const berth_resource *of = &type->resources[resource];
    struct instance_columns at = tables_instance_columns(type, (uint8_t)resource);
    const struct berth_manager *manager = upgrade->manager;
    const char *was = upgrade->cells[at.state].text, *state;
    unsigned known = of->n_states;

    state = name_today(manager, BERTH_WAS_STATE, resource, 0, was);
    while (known > 0 && strcmp(of->states[known], state) != 0)
        known--;
    if (known == 0)
        return refuse_row(refusal, "a row is in a state that is gone", NULL, was);
    if (of->marks[known] & BERTH_FINAL && !upgrade->cells[at.ended].number)
        return refuse_row(refusal, "a row is in a state that is final now", NULL, was);
    upgrade->cells[at.state].text = of->states[known];
    for (unsigned i = 0; i < of->n_fields; i++)
        if (of->fields[i].type == BERTH_ENUM)
            upgrade->cells[at.fields + i].text = name_today(
                manager, BERTH_WAS_VALUE, resource, i + 1, upgrade->cells[at.fields + i].text);
    return at.names > 0 ? change_names(upgrade, resource, &upgrade->cells[at.names].texts) : 0;
}

static int change_reservation(struct upgrade *upgrade)
{
    berth_strings *held = &upgrade->cells[RESERVATION_HELD].texts;

    if (reserve_texts(upgrade, held->count) < 0)
        return -ENOMEM;
    for (uint32_t i = 0; i < held->count; i++)
        upgrade->texts[i] = name_today(upgrade->manager, BERTH_WAS_RESOURCE, 0, 0, held->items[i]);
    held->items = upgrade->texts;
    return 0;
}

static void change_intent(struct upgrade *upgrade, uint8_t subject)
{
    const struct berth_manager *manager = upgrade->manager;
    berth_store_value *cells = upgrade->cells;

    cells[INTENT_EVENT].text =
        name_today(manager, BERTH_WAS_EVENT, subject, 0, cells[INTENT_EVENT].text);
    cells[INTENT_HOOK].text = name_today(manager, BERTH_WAS_HOOK, 0, 0, cells[INTENT_HOOK].text);
    cells[INTENT_STATE].text =
        name_today(manager, BERTH_WAS_STATE, subject, 0, cells[INTENT_STATE].text);
}

/* "share.name". 0: there is no such counter any more. */
static int change_counter(struct upgrade *upgrade)
{
    const struct berth_manager *manager = upgrade->manager;
    const char *was = upgrade->cells[COUNTER_NAME].text;
    const char *dot = strchr(was, '.');

    for (unsigned i = 1; dot && i <= manager->type->n_resources; i++) {
        const berth_resource *resource = &manager->type->resources[i];
        unsigned source = upgrade_source(upgrade, tables_of((uint8_t)i));
        const char *table = source > 0 ? upgrade->stored->tables[source - 1].name : "";

        if (!is_text(table, was, (size_t)(dot - was)))
            continue;
        for (unsigned j = 0; j < resource->n_assigned; j++) {
            const berth_store_table *from = &upgrade->stored->tables[source - 1];
            const char *name = name_today(manager, BERTH_WAS_COLUMN, i, 0, dot + 1);
            size_t head = strlen(resource->name);
            unsigned column;

            if (resource->assigned[j].kind != BERTH_ASSIGN_COUNTER ||
                strcmp(resource->assigned[j].name, name) != 0)
                continue;
            column = find_column(upgrade, from, i, name);
            if (column == 0 || strcmp(from->columns[column - 1].name, dot + 1) != 0)
                continue; /* the values come from another counter */
            memcpy(upgrade->counter, resource->name, head);
            upgrade->counter[head] = '.';
            memcpy(upgrade->counter + head + 1, name, strlen(name) + 1);
            upgrade->cells[COUNTER_NAME].text = upgrade->counter;
            return 1;
        }
    }
    return 0;
}

/* Rows */

static bool is_column_taken(const struct upgrade_table *table, unsigned n_columns, unsigned column)
{
    for (unsigned i = 0; i < n_columns; i++)
        if (table->from[i] == column + 1)
            return true;
    return false;
}

/* A value that no column takes would be lost. */
static int check_lost(const struct upgrade *upgrade, uint16_t table,
                      const berth_store_value *values, struct refusal *refusal)
{
    const struct upgrade_table *to = &upgrade->tables[table];
    const berth_store_table *stored = &upgrade->stored->tables[table];
    const unsigned n = upgrade->manager->stored->tables[to->to - 1].n_columns;

    for (unsigned i = 0; i < stored->n_columns; i++) {
        const char *name = stored->columns[i].name;

        if (is_column_taken(to, n, i) || strcmp(name, "_names") == 0 ||
            is_zero_cell(stored->columns[i].type, &values[i]) ||
            is_gone(upgrade, resource_of(upgrade, to->to - 1u), name))
            continue;
        if (strcmp(name, "_parent") == 0)
            return refuse_row(refusal, "a row has a parent, and its resource has none now", NULL,
                              NULL);
        return refuse_row(refusal, "a row has a value that is gone", NULL, name);
    }
    return 0;
}

int upgrade_row(struct upgrade *upgrade, uint16_t table, const berth_store_value *values,
                uint8_t subject, struct refusal *refusal)
{
    const struct upgrade_table *to = &upgrade->tables[table];
    const berth_store_table *stored = &upgrade->stored->tables[table], *today;
    unsigned resource;
    int rc;

    if (to->to == 0)
        return refuse_row(refusal, "a row is of a resource that is gone", NULL, NULL);
    today = &upgrade->manager->stored->tables[to->to - 1];
    resource = resource_of(upgrade, to->to - 1u);
    rc = check_lost(upgrade, table, values, refusal);
    for (unsigned i = 0; rc == 0 && i < today->n_columns; i++) {
        const unsigned from = to->from[i];

        if (from == 0) {
            rc = fill_cell(upgrade, to->to - 1u, i, refusal);
        } else if (may_become(stored->columns[from - 1].type, today->columns[i].type,
                              &values[from - 1])) {
            upgrade->cells[i] = values[from - 1];
        } else {
            rc = refuse_row(refusal, "a row has a value of another type", today->columns[i].name,
                            NULL);
        }
    }
    if (rc < 0)
        return rc;
    if (resource > 0)
        rc = change_instance(upgrade, resource, refusal);
    else if (to->to - 1 == tables_other(upgrade->manager->type, TABLE_RESERVATIONS))
        rc = change_reservation(upgrade);
    else if (to->to - 1 == tables_other(upgrade->manager->type, TABLE_INTENTS))
        change_intent(upgrade, subject);
    else if (to->to - 1 == tables_other(upgrade->manager->type, TABLE_COUNTERS))
        return change_counter(upgrade);
    return rc < 0 ? rc : 1;
}
