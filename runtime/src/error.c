/* What went wrong and where, as a value and as a line. */
#define _POSIX_C_SOURCE 200809L /* strerror_r as POSIX has it */

#include "error.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "field.h"
#include "text.h"

static bool has_key(const berth_resource *resource)
{
    for (uint8_t i = 0; i < resource->n_fields; i++)
        if (resource->fields[i].flags & BERTH_KEY)
            return true;
    return false;
}

static void write_level(struct text *text, const berth_resource *resource, const void *from, bool is_view)
{
    const char *between = "";

    for (uint8_t i = 0; i < resource->n_fields; i++) {
        const berth_field *field = &resource->fields[i];

        if (!(field->flags & BERTH_KEY))
            continue;
        text_add(text, between);
        field_write(field, (const char *)from + (is_view ? field->view_offset : field->config_offset), text);
        between = ",";
    }
}

/* Keys from the root on, from the instances where there are any, else from what the caller gave. */
static void write_key(char *key, const struct operation *operation)
{
    const struct berth_manager *manager = operation->call.manager;
    struct text text;
    const char *between = "";

    text_start(&text, key, BERTH_ERROR_KEY_SIZE);
    for (uint8_t i = 0; i < operation->where.levels; i++) {
        const berth_resource *resource = &type_of(manager)->resources[path_resource(type_of(manager), operation->where.resource, i)];
        bool is_view = i < operation->n_levels;

        if (!has_key(resource))
            continue;
        text_add(&text, between);
        write_level(&text, resource, is_view ? instance_view(manager, operation->levels[i].instance) : operation->asked.config[i], is_view);
        between = "/";
    }
    text_end(&text);
}

void error_fill(berth_error *error, const char *name, const struct operation *operation)
{
    const berth_manager_type *type = operation->call.manager->type;
    struct where where = operation->where;

    if (!error)
        return;
    *error = (berth_error){.code = operation->code, .manager = type->name, .operation = name};
    if (where.resource > 0)
        error->resource = type->resources[where.resource].name;
    if (where.state > 0)
        error->state = type->resources[where.resource].states[where.state];
    if (where.event > 0)
        error->event = type->resources[where.resource].events[where.event];
    if (where.hook > 0)
        error->hook = type->hooks[where.hook].name;
    if (where.field > 0)
        error->field = type->resources[where.resource].fields[where.field - 1].name;
    write_key(error->key, operation);
}

const char *berth_error_text(const berth_error *error, char *line, size_t size)
{
    int64_t number = error->code < 0 ? -(int64_t)error->code : error->code;
    char description[128];
    struct text text;

    if (size == 0)
        return line;
    text_start(&text, line, size);
    if (error->manager) {
        text_add(&text, error->manager);
        text_add(&text, "_");
        text_add(&text, error->operation ? error->operation : "?");
        text_add(&text, ": ");
    }
    if (error->resource) {
        text_add(&text, error->resource);
        if (error->key[0]) {
            text_add(&text, " ");
            text_add(&text, error->key);
        }
        if (error->state) {
            text_add(&text, " ");
            text_add(&text, error->state);
        }
        if (error->event) {
            text_add(&text, " on ");
            text_add(&text, error->event);
        }
        text_add(&text, ": ");
    }
    if (error->field) {
        text_add(&text, error->field);
        text_add(&text, ": ");
    }
    if (error->hook) {
        text_add(&text, error->hook);
        text_add(&text, ": ");
    }
    if (number <= INT_MAX && strerror_r((int)number, description, sizeof description) == 0) {
        text_add(&text, description);
    } else {
        text_add(&text, "error ");
        text_number(&text, (uint64_t)number, false);
    }
    text_end(&text);
    return line;
}
