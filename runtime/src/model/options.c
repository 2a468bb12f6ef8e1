#include "options.h"

#include <string.h>

#include "field.h"

/* The value of any option; at first the empty text, list or set, the nil UUID, or 0. */
union value_of {
    bool boolean;
    uint8_t u8;
    uint16_t u16;
    uint32_t u32; /* i32 and enums too */
    uint64_t u64; /* i64 too */
    const char *string;
    uuid_t uuid;
    berth_strings strings;
};

static void set_default(uint8_t type, const berth_default *given, union value_of *value)
{
    memset(value, 0, sizeof *value);
    if (type == BERTH_STRING)
        value->string = given->text;
    else if (type != BERTH_UUID && !field_is_strings(type))
        field_set_integer(type, value, (uint64_t)given->number);
}

static bool is_zero(const berth_field *option, const void *value)
{
    return option->type == BERTH_STRING ? *(const char *const *)value == NULL
                                        : field_integer(option->type, value) == 0;
}

/* The address of an option's value: the caller's, or `fallback` with the default. */
static const void *option_value(const berth_manager_type *type, uint8_t i, const void *options,
                                union value_of *fallback)
{
    const berth_field *option = &type->options[i];
    const void *value = options ? (const char *)options + option->config_offset : NULL;

    if (value && !((option->flags & BERTH_ZERO_DEFAULT) && is_zero(option, value)))
        return value;
    set_default(option->type, &type->defaults[i], fallback);
    return fallback;
}

const berth_field *options_check(const berth_manager_type *type, const void *options,
                                 berth_storage_size *size)
{
    union value_of fallback;

    for (uint8_t i = 0; i < type->n_options; i++) {
        const void *value = option_value(type, i, options, &fallback);

        if (field_check(&type->options[i], value) != 0)
            return &type->options[i];
        field_measure(&type->options[i], value, size);
    }
    return NULL;
}

void options_copy(struct berth_manager *manager, const void *options, berth_storage *storage)
{
    union value_of fallback;

    for (uint8_t i = 0; i < manager->type->n_options; i++) {
        const berth_field *option = &manager->type->options[i];

        field_copy(option, (char *)manager->options + option->config_offset,
                   option_value(manager->type, i, options, &fallback), storage);
    }
}
