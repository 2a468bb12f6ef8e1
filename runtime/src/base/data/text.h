/* Writes text into a buffer of fixed size. Text that does not fit is cut, and ends with "...". */
#ifndef BERTH_SRC_TEXT_H
#define BERTH_SRC_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../linkage.h"

struct text {
    char *buffer;
    size_t size; /* with the NUL */
    size_t length;
    size_t keep; /* bytes that stay when the text is cut: whole pieces, with space for "..." */
    bool cut;
};

/* `size` is at least 1. */
internal void text_start(struct text *text, char *buffer, size_t size);
internal void text_add(struct text *text, const char *string);
/* Writes a format with words for its %s. It knows nothing but %s. */
internal __attribute__((format(printf, 2, 3))) void text_format(struct text *text,
                                                                const char *format, ...);
internal void text_number(struct text *text, uint64_t number, bool negative);
/* A number and the word after it: `one` for 1, `many` for all others. */
internal void text_count(struct text *text, uint64_t count, const char *one, const char *many);
internal void text_uuid(struct text *text, const unsigned char *uuid);
/* Writes a string in double quotes. Control characters, invalid UTF-8 and quotes are escaped. */
internal void text_quoted(struct text *text, const char *string);
/* Ends the text. Call it once, last. */
internal void text_end(struct text *text);

/* Writes the decimal digits of a number at the end of `digits`. Returns where they begin. */
enum { TEXT_DIGITS = 21 };
internal const char *text_digits(char digits[TEXT_DIGITS], uint64_t number);

#endif
