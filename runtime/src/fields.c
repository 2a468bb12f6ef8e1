#include "fields.h"

static HOT const void *config_value(const berth_field *field, const void *config)
{
    return (const char *)config + field->config_offset;
}

static HOT const void *view_value(const berth_field *field, const void *view)
{
    return (const char *)view + field->view_offset;
}

static HOT bool is_valid(const berth_field *field, const void *value)
{
    if (type_is_number(field->type) && !(field->flags & BERTH_RANGED))
        return true;
    if (field->type == BERTH_STRING && field->max_length == 0)
        return !(field->flags & BERTH_REQUIRED) || *field_text(value);
    if (type_is_strings(field->type) && !(field->flags & BERTH_REQUIRED) && ((const berth_strings *)value)->count == 0)
        return true;
    return field_check(field, value) == 0;
}

HOT uint8_t fields_invalid(const berth_resource *resource, const void *config, bool only_key)
{
    UNROLL
    for (unsigned i = 0; i < resource->n_fields; i++) {
        const berth_field *field = &resource->fields[i];

        if (only_key && !(field->flags & BERTH_KEY))
            continue;
        if (!is_valid(field, config_value(field, config)))
            return (uint8_t)(i + 1);
    }
    return 0;
}

HOT void fields_hash(const berth_resource *resource, const void *config, struct hash *hash, const struct hash_seed *seed,
                     const berth_allocator *allocator)
{
    UNROLL
    for (unsigned i = 0; i < resource->n_fields; i++) {
        const berth_field *field = &resource->fields[i];
        const void *value = config_value(field, config);

        if (!(field->flags & BERTH_KEY))
            continue;
        if (field->type == BERTH_STRING && !(field->flags & BERTH_IGNORE_CASE))
            hash_bytes(hash, field_text(value), strlen(field_text(value)), false);
        else if (type_is_number(field->type))
            hash_word(hash, type_integer(field->type, value));
        else
            field_hash(field, value, hash, seed, allocator);
    }
}

HOT uint8_t fields_difference(const berth_resource *resource, const void *view, const void *config, bool key, const struct hash_seed *seed,
                              const berth_allocator *allocator)
{
    UNROLL
    for (unsigned i = 0; i < resource->n_fields; i++) {
        const berth_field *field = &resource->fields[i];
        const void *mine = view_value(field, view), *given = config_value(field, config);
        bool same;

        if (!(field->flags & BERTH_KEY) == key)
            continue;
        if (type_is_number(field->type))
            same = type_integer(field->type, mine) == type_integer(field->type, given);
        else if (field->type == BERTH_STRING && !(field->flags & BERTH_IGNORE_CASE))
            same = strcmp(field_text(mine), field_text(given)) == 0;
        else if (type_is_strings(field->type) && ((const berth_strings *)mine)->count == 0 && ((const berth_strings *)given)->count == 0)
            same = true;
        else
            same = field_equal(field, mine, given, seed, allocator);
        if (!same)
            return (uint8_t)(i + 1);
    }
    return 0;
}

HOT void fields_measure(const berth_resource *resource, const void *config, struct storage_size *size)
{
    UNROLL
    for (unsigned i = 0; i < resource->n_fields; i++)
        if (!type_is_number(resource->fields[i].type))
            field_measure(&resource->fields[i], config_value(&resource->fields[i], config), size);
}

HOT void fields_copy(const berth_resource *resource, void *view, const void *config, struct storage *storage)
{
    UNROLL
    for (unsigned i = 0; i < resource->n_fields; i++) {
        const berth_field *field = &resource->fields[i];
        void *to = (char *)view + field->view_offset;

        if (type_is_number(field->type))
            type_copy(field->type, to, config_value(field, config));
        else
            field_copy(field, to, config_value(field, config), storage);
    }
}
