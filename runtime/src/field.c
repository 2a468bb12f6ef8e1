/* Values of fields and options. */
#define _POSIX_C_SOURCE 200809L

#include "field.h"

#include <errno.h>
#include <string.h>

#include <berth/uuid.h>

static bool too_long(const berth_field *field, const char *string)
{
    return field->max_length > 0 && strnlen(string, (size_t)field->max_length + 1) > field->max_length;
}

static int check_strings(const berth_field *field, const berth_strings *strings)
{
    if (strings->count > 0 && !strings->items)
        return -EINVAL;
    if (strings->count == 0 && (field->flags & BERTH_REQUIRED))
        return -EINVAL;
    for (uint32_t i = 0; i < strings->count; i++)
        if (too_long(field, strings_item(strings, i)))
            return -EINVAL;
    return 0;
}

static bool is_signed(const berth_field *field)
{
    return field->type == BERTH_I32 || field->type == BERTH_I64;
}

static bool in_range(const berth_field *field, uint64_t value)
{
    if (is_signed(field))
        return (int64_t)value >= field->range->min && (int64_t)value <= field->range->max;
    return value >= (uint64_t)field->range->min && value <= (uint64_t)field->range->max;
}

int field_check(const berth_field *field, const void *value)
{
    bool fine;

    switch (field->type) {
    case BERTH_STRING:
        fine = !too_long(field, field_text(value)) && (!(field->flags & BERTH_REQUIRED) || *field_text(value));
        break;
    case BERTH_LIST:
    case BERTH_SET:
        return check_strings(field, value);
    case BERTH_UUID:
        fine = !(field->flags & BERTH_REQUIRED) || !uuid_is_null(value);
        break;
    case BERTH_ENUM:
        fine = type_integer(BERTH_ENUM, value) < field->n_values;
        break;
    default:
        fine = !(field->flags & BERTH_RANGED) || in_range(field, type_integer(field->type, value));
        break;
    }
    return fine ? 0 : -EINVAL;
}

bool field_equal(const berth_field *field, const void *a, const void *b, const struct hash_seed *seed, const berth_allocator *allocator)
{
    bool fold = field->flags & BERTH_IGNORE_CASE;

    switch (field->type) {
    case BERTH_STRING:
        return strings_same_text(field_text(a), field_text(b), fold);
    case BERTH_LIST:
        return strings_same_list(a, b, fold);
    case BERTH_SET:
        return strings_same_set(a, b, fold, seed, allocator);
    case BERTH_UUID:
        return memcmp(a, b, sizeof(uuid_t)) == 0;
    default:
        return type_integer(field->type, a) == type_integer(field->type, b);
    }
}

void field_hash(const berth_field *field, const void *value, struct hash *hash, const struct hash_seed *seed,
                const berth_allocator *allocator)
{
    bool fold = field->flags & BERTH_IGNORE_CASE;
    const berth_strings *strings = value;

    switch (field->type) {
    case BERTH_STRING:
        hash_bytes(hash, field_text(value), strlen(field_text(value)), fold);
        break;
    case BERTH_LIST:
        for (uint32_t i = 0; i < strings->count; i++)
            hash_bytes(hash, strings_item(strings, i), strlen(strings_item(strings, i)), fold);
        hash_word(hash, strings->count);
        break;
    case BERTH_SET:
        strings_hash_set(strings, fold, hash, seed, allocator);
        break;
    case BERTH_UUID:
        hash_bytes(hash, value, sizeof(uuid_t), false);
        break;
    default:
        hash_word(hash, type_integer(field->type, value));
        break;
    }
}

/* Empty text is shared, not copied. */
static uint64_t text_size(const char *string)
{
    return *string ? strlen(string) + 1 : 0;
}

void field_measure(const berth_field *field, const void *value, struct storage_size *size)
{
    if (field->type == BERTH_STRING) {
        size->text += text_size(field_text(value));
    } else if (field->type == BERTH_LIST || field->type == BERTH_SET) {
        const berth_strings *strings = value;

        size->items += strings->count;
        for (uint32_t i = 0; i < strings->count; i++)
            size->text += text_size(strings_item(strings, i));
    }
}

static const char *copy_text(const char *string, struct storage *storage)
{
    size_t size = (size_t)text_size(string);
    char *to = storage->text;

    if (size == 0)
        return "";
    memcpy(to, string, size);
    storage->text += size;
    return to;
}

void field_copy(const berth_field *field, void *to, const void *from, struct storage *storage)
{
    if (field->type == BERTH_STRING) {
        *(const char **)to = copy_text(field_text(from), storage);
    } else if (field->type == BERTH_LIST || field->type == BERTH_SET) {
        const berth_strings *strings = from;
        berth_strings *copy = to;

        copy->items = strings->count > 0 ? storage->items : NULL;
        copy->count = strings->count;
        for (uint32_t i = 0; i < strings->count; i++)
            *storage->items++ = copy_text(strings_item(strings, i), storage);
    } else {
        type_copy(field->type, to, from);
    }
}

void field_write(const berth_field *field, const void *value, struct text *text)
{
    const berth_strings *strings = value;
    uint64_t number;

    switch (field->type) {
    case BERTH_STRING:
        text_quoted(text, field_text(value));
        break;
    case BERTH_LIST:
    case BERTH_SET:
        text_add(text, "[");
        for (uint32_t i = 0; i < strings->count; i++) {
            if (i > 0)
                text_add(text, ",");
            text_quoted(text, strings_item(strings, i));
        }
        text_add(text, "]");
        break;
    case BERTH_UUID:
        text_uuid(text, value);
        break;
    case BERTH_BOOL:
        text_add(text, *(const bool *)value ? "true" : "false");
        break;
    case BERTH_ENUM:
        number = type_integer(BERTH_ENUM, value);
        text_add(text, number < field->n_values ? field->values[number] : "?");
        break;
    default:
        number = type_integer(field->type, value);
        text_number(text, number, is_signed(field) && (int64_t)number < 0);
        break;
    }
}

static void write_bound(const berth_field *field, int64_t bound, struct text *text)
{
    text_number(text, (uint64_t)bound, is_signed(field) && bound < 0);
}

void field_write_limits(const berth_field *field, struct text *text)
{
    bool text_of = field->type == BERTH_STRING || field->type == BERTH_LIST || field->type == BERTH_SET;

    if (field->flags & BERTH_REQUIRED)
        text_add(text, ": must be given");
    if (field->flags & BERTH_RANGED) {
        text_add(text, ": must be ");
        write_bound(field, field->range->min, text);
        text_add(text, " to ");
        write_bound(field, field->range->max, text);
    }
    if (text_of && field->max_length > 0) {
        text_add(text, ": must have at most ");
        text_count(text, field->max_length, " byte", " bytes");
    }
    for (uint16_t i = 0; field->type == BERTH_ENUM && i < field->n_values; i++) {
        text_add(text, i == 0 ? ": must be " : i + 1 < field->n_values ? ", " : " or ");
        text_add(text, field->values[i]);
    }
}
