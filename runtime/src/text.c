#include "text.h"

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

void text_uuid(struct text *text, const unsigned char *uuid)
{
    char buffer[UUID_STR_LEN];

    uuid_unparse_lower(uuid, buffer);
    text_add(text, buffer);
}

void text_quoted(struct text *text, const char *string)
{
    static const char hex[] = "0123456789abcdef";

    text_add(text, "\"");
    for (; *string; string++) {
        unsigned char c = (unsigned char)*string;
        char escape[4] = {'\\', *string, 0, 0};

        if (c == '"' || c == '\\') {
            add(text, escape, 2);
        } else if (c == '\n' || c == '\t' || c == '\r') {
            escape[1] = (char)(c == '\n' ? 'n' : c == '\t' ? 't' : 'r');
            add(text, escape, 2);
        } else if (c < 0x20 || c == 0x7f) {
            escape[1] = 'x';
            escape[2] = hex[c >> 4];
            escape[3] = hex[c & 15];
            add(text, escape, 4);
        } else {
            add(text, string, 1);
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
            while (text->length > 0 && ((unsigned char)text->buffer[text->length] & 0xc0) == 0x80) /* within a UTF-8 character */
                text->length--;
        }
        memcpy(text->buffer + text->length, more, dots);
        text->length += dots;
    }
    text->buffer[text->length] = '\0';
}
