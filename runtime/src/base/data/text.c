#include "text.h"

#include <stdarg.h>
#include <string.h>

#include <berth/uuid.h>

static const char more[] = "...";

void text_start(struct text *text, char *buffer, size_t size)
{
    text->buffer = buffer;
    text->size = size;
    text->length = 0;
    text->keep = 0;
    text->cut = false;
}

/* All of the bytes or none, so that an escape or a quote is never cut in two. */
static void add(struct text *text, const char *bytes, size_t length)
{
    if (text->cut || text->length + length >= text->size) {
        text->cut = true;
        return;
    }
    memcpy(text->buffer + text->length, bytes, length);
    text->length += length;
    if (text->length + sizeof more <= text->size)
        text->keep = text->length;
}

void text_add(struct text *text, const char *string)
{
    for (; *string; string++)
        add(text, string, 1);
}

void text_format(struct text *text, const char *format, ...)
{
    va_list words;

    va_start(words, format);
    for (; *format; format++) {
        if (*format != '%') {
            add(text, format, 1);
        } else {
            text_add(text, va_arg(words, const char *));
            format++; /* over the s */
        }
    }
    va_end(words);
}

const char *text_digits(char digits[TEXT_DIGITS], uint64_t number)
{
    char *at = &digits[TEXT_DIGITS - 1];

    *at = '\0';
    do {
        *--at = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    return at;
}

void text_number(struct text *text, uint64_t number, bool negative)
{
    char digits[TEXT_DIGITS];

    if (negative)
        text_add(text, "-");
    text_add(text, text_digits(digits, negative ? 0 - number : number));
}

void text_count(struct text *text, uint64_t count, const char *one, const char *many)
{
    text_number(text, count, false);
    text_add(text, count == 1 ? one : many);
}

void text_uuid(struct text *text, const unsigned char *uuid)
{
    char buffer[UUID_STR_LEN];

    uuid_unparse_lower(uuid, buffer);
    text_add(text, buffer);
}

/* Bytes of the UTF-8 character at `at`. 0: there is none, or a control character (C1). */
static size_t character(const unsigned char *at)
{
    /* by length; with two bytes what is below is C1, or too long */
    static const uint32_t least[] = {0, 0, 0xa0, 0x800, 0x10000};
    size_t length = *at < 0x80 ? 1 : *at < 0xe0 ? 2 : *at < 0xf0 ? 3 : 4;
    uint32_t code = *at & (0xffu >> (length + 1));

    if (length == 1)
        return 1;
    if (*at < 0xc0 || *at > 0xf4)
        return 0;
    for (size_t i = 1; i < length; i++) {
        if ((at[i] & 0xc0) != 0x80) /* the NUL at the end, too */
            return 0;
        code = code << 6 | (at[i] & 0x3f);
    }
    return code < least[length] || (code >= 0xd800 && code < 0xe000) || code > 0x10ffff ? 0
                                                                                        : length;
}

void text_quoted(struct text *text, const char *string)
{
    static const char hex[] = "0123456789abcdef";
    size_t length;

    text_add(text, "\"");
    for (; *string; string += length) {
        unsigned char c = (unsigned char)*string;
        char escape[4] = {'\\', *string, 0, 0};

        length = character((const unsigned char *)string);
        if (c == '"' || c == '\\') {
            add(text, escape, 2);
        } else if (c == '\n' || c == '\t' || c == '\r') {
            escape[1] = (char)(c == '\n' ? 'n' : c == '\t' ? 't' : 'r');
            add(text, escape, 2);
        } else if (c < 0x20 || c == 0x7f || length == 0) {
            escape[1] = 'x';
            escape[2] = hex[c >> 4];
            escape[3] = hex[c & 15];
            add(text, escape, 4);
            length = 1;
        } else {
            add(text, string, length);
        }
    }
    text_add(text, "\"");
}

void text_end(struct text *text)
{
    if (text->cut) {
        size_t dots = text->size > sizeof more ? sizeof more - 1 : 0;

        if (dots > 0 && text->keep < text->length) {
            text->length = text->keep;
            /* within a UTF-8 character */
            while (text->length > 0 && ((unsigned char)text->buffer[text->length] & 0xc0) == 0x80)
                text->length--;
        }
        memcpy(text->buffer + text->length, more, dots);
        text->length += dots;
    }
    text->buffer[text->length] = '\0';
}
