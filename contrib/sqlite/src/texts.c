/* Lists of texts as JSON arrays, which SQLite's own functions read. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "object.h"

/* Writing */

static size_t written_size(const char *text)
{
    size_t size = 3; /* quotes and comma */

    for (; *text; text++)
        size += (unsigned char)*text < 0x20 ? 6 : *text == '"' || *text == '\\' ? 2 : 1;
    return size;
}

static char *write_one(char *to, const char *text)
{
    *to++ = '"';
    for (; *text; text++) {
        if ((unsigned char)*text < 0x20) {
            to += sprintf(to, "\\u%04x", (unsigned)*text);
            continue;
        }
        if (*text == '"' || *text == '\\')
            *to++ = '\\';
        *to++ = *text;
    }
    *to++ = '"';
    return to;
}

char *texts_write(const berth_strings *texts)
{
    size_t size = 3;
    char *json, *to;

    for (uint32_t i = 0; i < texts->count; i++)
        size += written_size(texts->items[i]);
    json = malloc(size);
    if (!json)
        return NULL;
    to = json;
    *to++ = '[';
    for (uint32_t i = 0; i < texts->count; i++) {
        if (i > 0)
            *to++ = ',';
        to = write_one(to, texts->items[i]);
    }
    *to++ = ']';
    *to = '\0';
    return json;
}

/* Reading */

bool cell_reserve(struct cell *cell, size_t size)
{
    void *memory;

    if (size <= cell->size)
        return true;
    memory = realloc(cell->memory, size);
    if (!memory)
        return false;
    cell->memory = memory;
    cell->size = size;
    return true;
}

struct reader {
    const char *at, *end;
    char *to;
};

static void skip_blanks(struct reader *reader)
{
    while (reader->at < reader->end && strchr(" \t\r\n", *reader->at) && *reader->at)
        reader->at++;
}

static bool take(struct reader *reader, char wanted)
{
    skip_blanks(reader);
    if (reader->at == reader->end || *reader->at != wanted)
        return false;
    reader->at++;
    return true;
}

/* Four hexadecimal digits; 0 where there are none: that character is in no text. */
static unsigned read_unit(struct reader *reader)
{
    unsigned unit = 0;

    for (unsigned i = 0; i < 4; i++, reader->at++) {
        static const char digits[] = "0123456789abcdef";
        const char *digit;

        if (reader->at == reader->end || !isxdigit((unsigned char)*reader->at))
            return 0;
        digit = strchr(digits, tolower((unsigned char)*reader->at));
        unit = unit * 16 + (unsigned)(digit - digits);
    }
    return unit;
}

static void write_code(struct reader *reader, unsigned code)
{
    if (code < 0x80) {
        *reader->to++ = (char)code;
    } else if (code < 0x800) {
        *reader->to++ = (char)(0xc0 | code >> 6);
        *reader->to++ = (char)(0x80 | (code & 0x3f));
    } else {
        *reader->to++ = (char)(0xe0 | code >> 12);
        *reader->to++ = (char)(0x80 | (code >> 6 & 0x3f));
        *reader->to++ = (char)(0x80 | (code & 0x3f));
    }
}

static bool read_escape(struct reader *reader)
{
    static const char names[] = "\"\\/bfnrt", means[] = "\"\\/\b\f\n\r\t";
    const char *found;

    if (reader->at == reader->end || !*reader->at)
        return false;
    if (*reader->at == 'u') {
        unsigned code;

        reader->at++;
        code = read_unit(reader);
        if (code == 0 || (code >= 0xd800 && code <= 0xdfff))
            return false; /* pairs of surrogates are not written */
        write_code(reader, code);
        return true;
    }
    found = strchr(names, *reader->at++);
    if (!found)
        return false;
    *reader->to++ = means[found - names];
    return true;
}

/* A text, without its first quote. It never gets longer. */
static bool read_one(struct reader *reader)
{
    while (reader->at < reader->end && *reader->at != '"') {
        char next = *reader->at++;

        if (next == '\\') {
            if (!read_escape(reader))
                return false;
        } else if ((unsigned char)next < 0x20) {
            return false;
        } else {
            *reader->to++ = next;
        }
    }
    *reader->to++ = '\0';
    return take(reader, '"');
}

static bool read_all(struct reader *reader, const char **items, uint32_t *count)
{
    if (!take(reader, '['))
        return false;
    if (!take(reader, ']')) {
        do {
            if (!take(reader, '"'))
                return false;
            items[(*count)++] = reader->to;
            if (!read_one(reader))
                return false;
        } while (take(reader, ','));
        if (!take(reader, ']'))
            return false;
    }
    skip_blanks(reader);
    return reader->at == reader->end;
}

int texts_read(const char *json, size_t size, struct cell *cell, berth_strings *out)
{
    const size_t most = size / 2 + 1; /* a text takes two quotes at least */
    struct reader reader = {.at = json, .end = json + size};
    const char **items;

    if (!cell_reserve(cell, most * sizeof *items + size + 1))
        return -ENOMEM;
    items = cell->memory;
    reader.to = (char *)(items + most);
    *out = (berth_strings){.items = items};
    return read_all(&reader, items, &out->count) ? 0 : -EBADMSG;
}
