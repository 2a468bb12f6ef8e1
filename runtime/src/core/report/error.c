/* Errors: where and why an operation failed, as a value and as a line. */
#define _POSIX_C_SOURCE 200809L /* strerror_r() */

#include "error.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "../../base/data/text.h"
#include "../../model/field.h"

/* The search of berthc check reads no keys, and fills errors all the time. */
#ifdef BERTH_NO_KEYS_IN_ERRORS
#define ERROR_HAS_KEY false
#else
#define ERROR_HAS_KEY true
#endif

static void write_level(struct text *text, const berth_resource *resource, const void *from,
                        bool is_view)
{
    const char *between = "";

    for (uint8_t i = 0; i < resource->n_fields; i++) {
        const berth_field *field = &resource->fields[i];

        if (!(field->flags & BERTH_KEY))
            continue;
        text_add(text, between);
        field_write(field,
                    (const char *)from + (is_view ? field->view_offset : field->config_offset),
                    text);
        between = ",";
    }
}

/* Writes keys from the root on: those of instances, else those that the caller gave. */
static void write_key(char *key, const struct operation *operation)
{
    const struct berth_manager *manager = operation->call.manager;
    struct text text;
    const char *between = "";

    text_start(&text, key, BERTH_ERROR_KEY_SIZE);
    for (uint8_t i = 0; i < operation->where.levels; i++) {
        const berth_resource *resource =
            &manager->type
                 ->resources[manager_path_resource(manager->type, operation->where.resource, i)];
        bool is_view = i < operation->n_levels;

        if (!resource->hash) /* it has no key */
            continue;
        text_add(&text, between);
        write_level(&text, resource,
                    is_view ? instance_view(operation->levels[i].instance)
                            : operation->arguments.config[i],
                    is_view);
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
    if (where.rule > 0)
        error->rule = operation->type->rules[where.rule];
    if (ERROR_HAS_KEY)
        write_key(error->key, operation);
}

bool error_write_key(struct text *text, const struct berth_manager *manager,
                     struct instance *instance)
{
    const berth_resource *resource = instance_type(manager, instance);
    bool above = !instance->root && error_write_key(text, manager, instance_above(instance));

    if (!resource->hash)
        return above;
    if (above)
        text_add(text, "/");
    write_level(text, resource, instance_view(instance), true);
    return true;
}

void error_instance_key(char *key, const struct berth_manager *manager, struct instance *instance)
{
    struct text text;

    text_start(&text, key, BERTH_ERROR_KEY_SIZE);
    if (ERROR_HAS_KEY)
        (void)error_write_key(&text, manager, instance);
    text_end(&text);
}

/* Adds `before` and `word`, unless `word` is NULL or empty. */
static void add_word(struct text *text, const char *before, const char *word)
{
    if (!word || !*word)
        return;
    text_add(text, before);
    text_add(text, word);
}

/*
 * Adds a backend's version as its header writes it: SCSI_BACKEND_VERSION 0x766ef2b3u. Small numbers
 * (an ABI, or 0 for a version that was not set) are decimal.
 */
static void add_version(struct text *text, uint32_t version)
{
    char digits[] = "0x00000000";

    if (version < 0x100) {
        text_number(text, version, false);
        return;
    }
    for (char *at = &digits[sizeof digits - 2]; version > 0; version >>= 4)
        *at-- = "0123456789abcdef"[version & 15];
    text_add(text, digits);
}

/* Adds the reason of an error of create or destroy. */
static void add_reason(struct text *text, const berth_error *error)
{
    if (!uuid_is_null(error->reservation)) {
        text_add(text, "reservation ");
        text_uuid(text, error->reservation);
        text_add(text, " has not ended");
    } else if (error->holder) {
        text_format(text, "%s has not ended", error->holder);
    } else if (error->refs > 0 || error->children > 0) {
        text_count(text, error->refs, " reference, ", " references, ");
        text_count(text, error->children, " child", " children");
    } else {
        text_add(text, error->reason);
        add_word(text, " ", error->field);
        add_word(text, " ", error->hook);
    }
    if (error->limits)
        field_write_limits(error->limits, text);
    if (error->given != error->wanted) {
        text_add(text, ": ");
        add_version(text, error->given);
        text_add(text, ", not ");
        add_version(text, error->wanted);
    }
    text_add(text, ": ");
}

void error_write_place(const berth_error *error, const char *key, struct text *text)
{
    if (!error->resource && (!key || !*key))
        return;
    add_word(text, "", error->resource);
    add_word(text, error->resource ? " " : "", key);
    add_word(text, " ", error->state);
    add_word(text, " on ", error->event);
    text_add(text, ": ");
}

/* Describes an error. False: there is none with this number. */
static bool describe(int number, char *description, size_t size)
{
#if defined __GLIBC__ && defined _GNU_SOURCE
    /* glibc's own: returns a constant text, or `description` for an unknown number */
    const char *known = strerror_r(number, description, size);

    if (known == description)
        return false;
    strncpy(description, known, size - 1);
    description[size - 1] = '\0';
    return true;
#else
    return strerror_r(number, description, size) == 0;
#endif
}

static void add_code(struct text *text, int code)
{
    int64_t number = code < 0 ? -(int64_t)code : code;
    char description[128];

    if (number <= INT_MAX && describe((int)number, description, sizeof description)) {
        text_add(text, description);
    } else {
        text_add(text, "error ");
        text_number(text, (uint64_t)number, false);
    }
}

/* Only a store that is lost gives these codes without a place. */
static const char *lost_store(const berth_error *error)
{
#ifdef BERTH_NO_STORE
    (void)error;
    return NULL;
#else
    if (error->resource || error->hook)
        return NULL;
    return error->code == -EOWNERDEAD ? "the store has failed, destroy and open again: "
           : error->code == -ESTALE   ? "another process has the store: "
                                      : NULL;
#endif
}

void error_write(const berth_error *error, struct text *text)
{
    error_write_place(error, error->key, text);
    if (error->reason) {
        add_reason(text, error);
    } else {
        if (error->field)
            text_format(text, "%s: ", error->field);
        if (error->hook)
            text_format(text, "%s: ", error->hook);
        if (error->rule)
            text_format(text, "denied: %s: ", error->rule);
        add_word(text, "", lost_store(error));
    }
    add_code(text, error->code);
}

void error_write_operation(const berth_error *error, struct text *text)
{
    if (error->manager)
        text_format(text, "%s_%s: ", error->manager, error->operation ? error->operation : "?");
}

const char *berth_error_text(const berth_error *error, char *line, size_t size)
{
    struct text text;

    if (size == 0)
        return line;
    text_start(&text, line, size);
    error_write_operation(error, &text);
    error_write(error, &text);
    text_end(&text);
    return line;
}
