/*
 * Values of fields and options, by their tables. Options are checked and copied, both are written
 * as text. A value is given by the address of the struct's member. For fields the compiler writes
 * functions that check, compare and copy: see berth_resource.
 */
#ifndef BERTH_SRC_FIELD_H
#define BERTH_SRC_FIELD_H

#include <stdbool.h>
#include <stdint.h>

#include <berth/table.h>

#include "../base/linkage.h"
#include "../base/data/strings.h"
#include "../base/data/text.h"

/* The value of an integer (sign-extended), bool or enum member. */
static inline uint64_t field_integer(uint8_t type, const void *value)
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

/* Does a member of the type hold its whole value, as a number? */
static inline bool field_is_number(uint8_t type)
{
    return type < BERTH_STRING;
}

/* A list or a set? */
static inline bool field_is_strings(uint8_t type)
{
    return type == BERTH_LIST || type == BERTH_SET;
}

/* Sets an integer, bool or enum member. */
static inline void field_set_integer(uint8_t type, void *member, uint64_t value)
{
    switch (type) {
    case BERTH_BOOL:
        *(bool *)member = value != 0;
        break;
    case BERTH_U8:
        *(uint8_t *)member = (uint8_t)value;
        break;
    case BERTH_U16:
        *(uint16_t *)member = (uint16_t)value;
        break;
    case BERTH_U32:
    case BERTH_I32:
    case BERTH_ENUM:
        *(uint32_t *)member = (uint32_t)value;
        break;
    default: /* BERTH_U64, BERTH_I64 */
        *(uint64_t *)member = value;
        break;
    }
}

/* The text of a member of type BERTH_STRING. */
static inline const char *field_text(const void *value)
{
    return berth_text(*(const char *const *)value);
}

/* 0, or -EINVAL: the option may not have this value. */
internal int field_check(const berth_field *field, const void *value);

/* Adds what a copy of the value takes beside its member. */
internal void field_measure(const berth_field *field, const void *value, berth_storage_size *size);

/* Copies the value, and what it points to into `storage`. */
internal void field_copy(const berth_field *field, void *to, const void *from,
                         berth_storage *storage);

/* Writes a value as errors write a key: "text", 12, true, word, [a, b]. */
internal void field_write(const berth_field *field, const void *value, struct text *text);

/* Writes the rules for a value, as in ": must be 1 to 4"; nothing if all values are fine. */
internal void field_write_limits(const berth_field *field, struct text *text);

#endif
