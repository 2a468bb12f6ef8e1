/* Text that grows, and the one notation in which a suite writes down what it sees. */
#define _POSIX_C_SOURCE 200809L
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../uuid_text.h"
#include "suite_internal.h"

void *suite_allocate(size_t size)
{
    void *memory = calloc(1, size > 0 ? size : 1);

    if (memory == NULL)
        abort();
    return memory;
}

void *suite_copy(const void *memory, size_t size)
{
    void *copy = suite_allocate(size);

    if (size > 0)
        memcpy(copy, memory, size);
    return copy;
}

void suite_text_init(berth_suite_text *text, berth_suite *suite)
{
    text->suite = suite;
    text->capacity = 256;
    text->data = suite_allocate(text->capacity);
    text->length = 0;
}

void suite_text_free(berth_suite_text *text)
{
    free(text->data);
    text->data = NULL;
}

void suite_text_clear(berth_suite_text *text)
{
    text->length = 0;
    text->data[0] = '\0';
}

/* Makes room for so many characters. False: there was enough. */
static bool grow(berth_suite_text *text, size_t length)
{
    char *larger;

    if (text->length + length < text->capacity)
        return false;
    larger = realloc(text->data, text->capacity * 2);
    if (larger == NULL)
        abort();
    text->data = larger;
    text->capacity *= 2;
    return true;
}

void suite_text_add(berth_suite_text *text, const char *format, ...)
{
    va_list arguments;
    int length;

    if (text == NULL)
        return;
    do {
        va_start(arguments, format);
        length =
            vsnprintf(text->data + text->length, text->capacity - text->length, format, arguments);
        va_end(arguments);
        if (length < 0)
            abort();
    } while (grow(text, (size_t)length));
    text->length += (size_t)length;
}

void suite_text_copy(berth_suite_text *text, const berth_suite_text *from)
{
    while (grow(text, from->length))
        ;
    memcpy(text->data + text->length, from->data, from->length + 1);
    text->length += from->length;
}

static const uuid_t given_pattern = BERTH_SUITE_UUID(0);

void suite_given_uuid(unsigned number, uuid_t out)
{
    memcpy(out, given_pattern, sizeof given_pattern);
    out[15] = (unsigned char)number;
}

void suite_foreign_uuid(uuid_t out)
{
    suite_given_uuid(BERTH_SUITE_FOREIGN, out);
}

int suite_count_uuid(void *ctx, uuid_t out)
{
    berth_suite *suite = ctx;

    suite->last_uuid++;
    uuid_clear(out);
    memcpy(out, &suite->last_uuid, sizeof suite->last_uuid);
    return 0;
}

unsigned suite_uuid_number(berth_suite *suite, const unsigned char *value)
{
    size_t i;
    uuid_t *larger;

    if (memcmp(value, given_pattern, 15) == 0)
        return value[15];
    for (i = 0; i < suite->n_uuids; i++) {
        if (uuid_compare(suite->uuids[i], value) == 0)
            return (unsigned)i + 1;
    }
    larger = realloc(suite->uuids, (suite->n_uuids + 1) * sizeof *larger);
    if (larger == NULL)
        abort();
    suite->uuids = larger;
    uuid_copy(suite->uuids[suite->n_uuids], value);
    return (unsigned)++suite->n_uuids;
}

void berth_suite_bool(berth_suite_text *text, bool always, const char *name, bool value)
{
    if (always || value)
        suite_text_add(text, " %s=%s", name, value ? "true" : "false");
}

void berth_suite_unsigned(berth_suite_text *text, bool always, const char *name, uint64_t value)
{
    if (always || value != 0)
        suite_text_add(text, " %s=%" PRIu64, name, value);
}

void berth_suite_signed(berth_suite_text *text, bool always, const char *name, int64_t value)
{
    if (always || value != 0)
        suite_text_add(text, " %s=%" PRId64, name, value);
}

static void add_uuid(berth_suite_text *text, const unsigned char *value)
{
    if (uuid_is_null(value))
        suite_text_add(text, "nil");
    else
        suite_text_add(text, "u%u", suite_uuid_number(text->suite, value));
}

/* A text, with the numbers of the UUIDs in it. */
static void add_with_uuids(berth_suite_text *text, const char *value)
{
    while (*value != '\0') {
        size_t length = 0;
        uuid_t uuid;

        while (value[length] != '\0' && !uuid_text_begins(value + length, uuid))
            length++;
        suite_text_add(text, "%.*s", (int)length, value);
        value += length;
        if (*value != '\0') {
            add_uuid(text, uuid);
            value += UUID_TEXT_LENGTH;
        }
    }
}

void berth_suite_string(berth_suite_text *text, bool always, const char *name, const char *value)
{
    if (text == NULL)
        return;
    if (value == NULL) {
        suite_text_add(text, " %s=(null)", name);
    } else if (always || value[0] != '\0') {
        suite_text_add(text, " %s=", name);
        add_with_uuids(text, value);
    }
}

void berth_suite_enum(berth_suite_text *text, const char *name, const char *word, bool first)
{
    if (!first)
        suite_text_add(text, " %s=%s", name, word);
}

void berth_suite_uuid(berth_suite_text *text, bool always, const char *name,
                      const unsigned char *value)
{
    if (text == NULL)
        return;
    if (always || !uuid_is_null(value)) {
        suite_text_add(text, " %s=", name);
        add_uuid(text, value);
    }
}

void berth_suite_strings(berth_suite_text *text, const char *name, const berth_strings *value)
{
    uint32_t i;

    if (value->count == 0)
        return;
    suite_text_add(text, " %s=[", name);
    for (i = 0; i < value->count; i++)
        suite_text_add(text, "%s%s", i > 0 ? "," : "", value->items[i]);
    suite_text_add(text, "]");
}
