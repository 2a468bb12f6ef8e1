/* Values of fields and options. */
#define _POSIX_C_SOURCE 200809L

#include "field.h"

#include <errno.h>
#include <string.h>

#include <berth/uuid.h>

size_t type_size(uint8_t type)
{
    static const uint8_t size[] = {
        [BERTH_BOOL] = sizeof(bool),
        [BERTH_U8] = 1,
        [BERTH_U16] = 2,
        [BERTH_U32] = 4,
        [BERTH_U64] = 8,
        [BERTH_I32] = 4,
        [BERTH_I64] = 8,
        [BERTH_STRING] = sizeof(const char *),
        [BERTH_ENUM] = sizeof(int),
        [BERTH_UUID] = sizeof(uuid_t),
        [BERTH_LIST] = sizeof(berth_strings),
        [BERTH_SET] = sizeof(berth_strings),
        [BERTH_CHARS] = 0,
    };

    return size[type];
}

uint64_t type_integer(uint8_t type, const void *value)
{
    switch (type) {
    case BERTH_BOOL:
        return *(const bool *)value;
    case BERTH_U8:
        return *(const uint8_t *)value;
    case BERTH_U16:
        return *(const uint16_t *)value;
    case BERTH_U32:
        return *(const uint32_t *)value;
    case BERTH_I32:
        return (uint64_t)(int64_t) * (const int32_t *)value;
    case BERTH_ENUM:
        return (uint64_t)(int64_t) * (const int *)value;
    default: /* BERTH_U64, BERTH_I64: the same bits */
        return *(const uint64_t *)value;
    }
}

static const char *string_of(const void *value)
{
    const char *string = *(const char *const *)value;

    return string ? string : "";
}

static const char *item(const berth_strings *strings, uint32_t i)
{
    return strings->items[i] ? strings->items[i] : "";
}

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
        if (too_long(field, item(strings, i)))
            return -EINVAL;
    return 0;
}

static bool in_range(const berth_field *field, uint64_t value)
{
    if (field->type == BERTH_I32 || field->type == BERTH_I64)
        return (int64_t)value >= field->range->min && (int64_t)value <= field->range->max;
    return value >= (uint64_t)field->range->min && value <= (uint64_t)field->range->max;
}

int field_check(const berth_field *field, const void *value)
{
    bool fine;

    switch (field->type) {
    case BERTH_STRING:
        fine = !too_long(field, string_of(value)) && (!(field->flags & BERTH_REQUIRED) || *string_of(value));
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

static bool same_string(const char *a, const char *b, bool fold)
{
    if (!fold)
        return strcmp(a, b) == 0;
    while (*a && hash_fold((unsigned char)*a) == hash_fold((unsigned char)*b)) {
        a++;
        b++;
    }
    return hash_fold((unsigned char)*a) == hash_fold((unsigned char)*b);
}

static bool same_list(const berth_strings *a, const berth_strings *b, bool fold)
{
    if (a->count != b->count)
        return false;
    for (uint32_t i = 0; i < a->count; i++)
        if (!same_string(item(a, i), item(b, i), fold))
            return false;
    return true;
}

static bool contains(const berth_strings *set, const char *string, bool fold)
{
    for (uint32_t i = 0; i < set->count; i++)
        if (same_string(item(set, i), string, fold))
            return true;
    return false;
}

static bool subset(const berth_strings *a, const berth_strings *b, bool fold)
{
    for (uint32_t i = 0; i < a->count; i++)
        if (!contains(b, item(a, i), fold))
            return false;
    return true;
}

bool field_equal(const berth_field *field, const void *a, const void *b)
{
    bool fold = field->flags & BERTH_IGNORE_CASE;

    switch (field->type) {
    case BERTH_STRING:
        return same_string(string_of(a), string_of(b), fold);
    case BERTH_LIST:
        return same_list(a, b, fold);
    case BERTH_SET: /* callers tend to give the same list again, so that comes first */
        return same_list(a, b, fold) || (subset(a, b, fold) && subset(b, a, fold));
    case BERTH_UUID:
        return uuid_compare(a, b) == 0;
    default:
        return type_integer(field->type, a) == type_integer(field->type, b);
    }
}

enum { SET_SAMPLE = 64 };

/*
 * The hash of a set must know neither order nor repetition. So it is made of the smallest few hashes of its items, each once, in ascending order: all of them, for a
 * set of ordinary size.
 */
static void hash_set(const berth_field *field, const berth_strings *set, struct hash *hash, const struct hash_seed *seed)
{
    uint64_t smallest[SET_SAMPLE];
    size_t n = 0;

    for (uint32_t i = 0; i < set->count; i++) {
        struct hash one;
        uint64_t h;
        size_t at;

        hash_start(&one, seed);
        hash_bytes(&one, item(set, i), strlen(item(set, i)), field->flags & BERTH_IGNORE_CASE);
        h = hash_end(&one);
        for (at = n; at > 0 && smallest[at - 1] > h; at--)
            ;
        if (at == SET_SAMPLE || (at > 0 && smallest[at - 1] == h))
            continue;
        if (n < SET_SAMPLE)
            n++;
        memmove(smallest + at + 1, smallest + at, (n - 1 - at) * sizeof *smallest);
        smallest[at] = h;
    }
    for (size_t i = 0; i < n; i++)
        hash_word(hash, smallest[i]);
    hash_word(hash, n);
}

void field_hash(const berth_field *field, const void *value, struct hash *hash, const struct hash_seed *seed)
{
    bool fold = field->flags & BERTH_IGNORE_CASE;
    const berth_strings *strings = value;

    switch (field->type) {
    case BERTH_STRING:
        hash_bytes(hash, string_of(value), strlen(string_of(value)), fold);
        break;
    case BERTH_LIST:
        for (uint32_t i = 0; i < strings->count; i++)
            hash_bytes(hash, item(strings, i), strlen(item(strings, i)), fold);
        hash_word(hash, strings->count);
        break;
    case BERTH_SET:
        hash_set(field, strings, hash, seed);
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
        size->text += text_size(string_of(value));
    } else if (field->type == BERTH_LIST || field->type == BERTH_SET) {
        const berth_strings *strings = value;

        size->items += strings->count;
        for (uint32_t i = 0; i < strings->count; i++)
            size->text += text_size(item(strings, i));
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
        *(const char **)to = copy_text(string_of(from), storage);
    } else if (field->type == BERTH_LIST || field->type == BERTH_SET) {
        const berth_strings *strings = from;
        berth_strings *copy = to;

        copy->items = strings->count > 0 ? storage->items : NULL;
        copy->count = strings->count;
        for (uint32_t i = 0; i < strings->count; i++)
            *storage->items++ = copy_text(item(strings, i), storage);
    } else {
        memcpy(to, from, type_size(field->type));
    }
}

void field_write(const berth_field *field, const void *value, struct text *text)
{
    const berth_strings *strings = value;
    uint64_t number;

    switch (field->type) {
    case BERTH_STRING:
        text_quoted(text, string_of(value));
        break;
    case BERTH_LIST:
    case BERTH_SET:
        text_add(text, "[");
        for (uint32_t i = 0; i < strings->count; i++) {
            if (i > 0)
                text_add(text, ",");
            text_quoted(text, item(strings, i));
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
        text_number(text, number, (field->type == BERTH_I32 || field->type == BERTH_I64) && (int64_t)number < 0);
        break;
    }
}
