/* Values of fields and options. */
#include "field.h"

#include <errno.h>
#include <string.h>

#include <berth/uuid.h>

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

static bool is_given(const berth_field *field, const void *value)
{
    switch (field->type) {
    case BERTH_STRING:
        return *field_text(value);
    case BERTH_LIST:
    case BERTH_SET:
        return ((const berth_strings *)value)->count > 0;
    case BERTH_UUID:
        return !uuid_is_null(value);
    default:
        return true;
    }
}

static bool is_allowed(const berth_field *field, const void *value)
{
    switch (field->type) {
    case BERTH_STRING:
        return field->max_length == 0 || berth_text_fits(field_text(value), field->max_length);
    case BERTH_LIST:
    case BERTH_SET:
        return berth_strings_fit(value, field->max_length);
    case BERTH_UUID:
        return true;
    case BERTH_ENUM:
        return field_integer(BERTH_ENUM, value) < field->n_values;
    default:
        return !(field->flags & BERTH_RANGED) || in_range(field, field_integer(field->type, value));
    }
}

int field_check(const berth_field *field, const void *value)
{
    if ((field->flags & BERTH_REQUIRED) && !is_given(field, value))
        return -EINVAL;
    return is_allowed(field, value) ? 0 : -EINVAL;
}

void field_measure(const berth_field *field, const void *value, berth_storage_size *size)
{
    if (field->type == BERTH_STRING)
        berth_size_text(size, field_text(value));
    else if (field_is_strings(field->type))
        berth_size_strings(size, value);
}

void field_copy(const berth_field *field, void *to, const void *from, berth_storage *storage)
{
    if (field->type == BERTH_STRING)
        *(const char **)to = berth_copy_text(storage, field_text(from));
    else if (field_is_strings(field->type))
        *(berth_strings *)to = berth_copy_strings(storage, from);
    else if (field->type == BERTH_UUID)
        memcpy(to, from, sizeof(uuid_t));
    else
        field_set_integer(field->type, to, field_integer(field->type, from));
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
        number = field_integer(BERTH_ENUM, value);
        text_add(text, number < field->n_values ? field->values[number] : "?");
        break;
    default:
        number = field_integer(field->type, value);
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
    bool text_of = field->type == BERTH_STRING || field_is_strings(field->type);

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
