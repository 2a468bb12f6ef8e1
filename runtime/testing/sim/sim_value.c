/* Values between JSON and C: by the type that the descriptor gives, at an address. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "sim_internal.h"

typedef struct integer_type {
    int64_t least;
    uint64_t most;
    size_t size;
} integer_type;

static const integer_type INTEGERS[] = {
    [BERTH_U8] = {0, UINT8_MAX, sizeof(uint8_t)},
    [BERTH_U16] = {0, UINT16_MAX, sizeof(uint16_t)},
    [BERTH_U32] = {0, UINT32_MAX, sizeof(uint32_t)},
    [BERTH_U64] = {0, UINT64_MAX, sizeof(uint64_t)},
    [BERTH_I32] = {INT32_MIN, INT32_MAX, sizeof(int32_t)},
    [BERTH_I64] = {INT64_MIN, INT64_MAX, sizeof(int64_t)},
};

static bool is_integer(uint8_t type)
{
    return type >= BERTH_U8 && type <= BERTH_I64;
}

bool sim_value_integer(berth_type type, json_object *value, uint64_t *number)
{
    if (!json_object_is_type(value, json_type_int))
        return false;
    const integer_type *integer = &INTEGERS[type];
    int64_t as_signed = json_object_get_int64(value); /* clipped to INT64_MAX, where it is more */
    *number = as_signed < 0 ? (uint64_t)as_signed : json_object_get_uint64(value);
    return as_signed < 0 ? as_signed >= integer->least : *number <= integer->most;
}

/* Stores the low bytes of `number`, which are the value's also where it is negative. */
static void store_integer(uint8_t type, uint64_t number, void *to)
{
    uint8_t u8 = (uint8_t)number;
    uint16_t u16 = (uint16_t)number;
    uint32_t u32 = (uint32_t)number;
    switch (INTEGERS[type].size) {
    case sizeof u8:
        memcpy(to, &u8, sizeof u8);
        break;
    case sizeof u16:
        memcpy(to, &u16, sizeof u16);
        break;
    case sizeof u32:
        memcpy(to, &u32, sizeof u32);
        break;
    default:
        memcpy(to, &number, sizeof number);
        break;
    }
}

static json_object *integer_json(uint8_t type, const void *from)
{
    uint8_t u8;
    uint16_t u16;
    uint32_t u32;
    uint64_t u64;
    int32_t i32;
    int64_t i64;
    switch (type) {
    case BERTH_U8:
        memcpy(&u8, from, sizeof u8);
        return json_object_new_int64(u8);
    case BERTH_U16:
        memcpy(&u16, from, sizeof u16);
        return json_object_new_int64(u16);
    case BERTH_U32:
        memcpy(&u32, from, sizeof u32);
        return json_object_new_int64(u32);
    case BERTH_I32:
        memcpy(&i32, from, sizeof i32);
        return json_object_new_int64(i32);
    case BERTH_I64:
        memcpy(&i64, from, sizeof i64);
        return json_object_new_int64(i64);
    default:
        memcpy(&u64, from, sizeof u64);
        return json_object_new_uint64(u64);
    }
}

static bool no_value(sim_request *request, const char *name, const char *what)
{
    (void)snprintf(request->why, sizeof request->why, "%s must be %s", name, what);
    return false;
}

static bool read_strings(sim_request *request, const char *name, json_object *value, void *to)
{
    if (!json_object_is_type(value, json_type_array))
        return no_value(request, name, "an array of strings");
    size_t count = json_object_array_length(value);
    const char **items = sim_arena_new(&request->arena, count, sizeof items[0]);
    for (size_t i = 0; i < count; i++) {
        json_object *item = json_object_array_get_idx(value, i);
        if (!json_object_is_type(item, json_type_string))
            return no_value(request, name, "an array of strings");
        items[i] = json_object_get_string(item);
    }
    berth_strings strings = {.items = items, .count = (uint32_t)count};
    memcpy(to, &strings, sizeof strings);
    return true;
}

static bool read_enum(sim_request *request, const char *name, const berth_field *field,
                      json_object *value, void *to)
{
    const char *word =
        json_object_is_type(value, json_type_string) ? json_object_get_string(value) : "";
    for (int i = 0; i < field->n_values; i++) {
        if (strcmp(field->values[i], word) == 0) {
            memcpy(to, &i, sizeof i);
            return true;
        }
    }
    return no_value(request, name, "one of its enum's words");
}

static bool read_uuid(sim_request *request, const char *name, json_object *value, void *to)
{
    if (!json_object_is_type(value, json_type_string) ||
        !sim_label_valid(json_object_get_string(value)))
        return no_value(request, name, "a label like \"u1\", \"nil\" or a UUID");
    sim_uuid_text *uuid = sim_arena_new(&request->arena, 1, sizeof *uuid);
    uuid->text = json_object_get_string(value);
    uuid->at = to;
    *request->next_uuid = uuid;
    request->next_uuid = &uuid->next;
    return true;
}

bool sim_value_read(sim_request *request, const char *name, const berth_field *field,
                    json_object *value, void *to)
{
    uint64_t number;
    if (is_integer(field->type)) {
        if (!sim_value_integer((berth_type)field->type, value, &number))
            return no_value(request, name, "an integer that its type can hold");
        store_integer(field->type, number, to);
        return true;
    }
    switch (field->type) {
    case BERTH_BOOL: {
        bool truth = json_object_get_boolean(value);
        memcpy(to, &truth, sizeof truth);
        return json_object_is_type(value, json_type_boolean) ||
               no_value(request, name, "true or false");
    }
    case BERTH_ENUM:
        return read_enum(request, name, field, value, to);
    case BERTH_UUID:
        return read_uuid(request, name, value, to);
    case BERTH_LIST:
    case BERTH_SET:
        return read_strings(request, name, value, to);
    default: {
        if (!json_object_is_type(value, json_type_string))
            return no_value(request, name, "a string");
        const char *text = json_object_get_string(value);
        memcpy(to, &text, sizeof text);
        return true;
    }
    }
}

json_object *sim_value_json(sim_labels *labels, uint8_t type, const char *const *values,
                            const void *from)
{
    if (is_integer(type))
        return integer_json(type, from);
    bool truth;
    int word;
    const char *text;
    berth_strings strings;
    char label[SIM_LABEL_SIZE];
    switch (type) {
    case BERTH_BOOL:
        memcpy(&truth, from, sizeof truth);
        return json_object_new_boolean(truth);
    case BERTH_ENUM:
        memcpy(&word, from, sizeof word);
        return json_object_new_string(values[word]);
    case BERTH_UUID:
        return json_object_new_string(sim_label_of(labels, from, label));
    case BERTH_CHARS: {
        char *shown = sim_label_text(labels, from);
        json_object *string = json_object_new_string(shown);
        sim_free(shown);
        return string;
    }
    case BERTH_LIST:
    case BERTH_SET: {
        memcpy(&strings, from, sizeof strings);
        json_object *array = json_object_new_array();
        for (uint32_t i = 0; i < strings.count; i++)
            json_object_array_add(array, json_object_new_string(strings.items[i]));
        return array;
    }
    default:
        memcpy(&text, from, sizeof text);
        return json_object_new_string(text);
    }
}

void sim_value_make(sim_labels *labels, const berth_sim_out *out, uint64_t nth, void *to)
{
    bool odd = nth % 2 == 1;
    if (is_integer(out->type))
        store_integer(out->type, nth, to);
    else if (out->type == BERTH_BOOL)
        memcpy(to, &odd, sizeof odd);
    else if (out->type == BERTH_UUID)
        sim_label_make(labels, to);
    else
        (void)snprintf(to, out->size, "%s-%llu", out->name, (unsigned long long)nth);
}
