#include "word.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fatal.h"

static char *word_text, *word_at; /* what is read, and where the next word begins */

static void word_load(void)
{
    size_t size = 0, room = 1 << 16;

    word_text = fatal_alloc(room);
    for (;;) {
        size_t got = fread(word_text + size, 1, room - size - 1, stdin);

        size += got;
        if (got == 0)
            break;
        if (size + 1 == room)
            word_text = fatal_realloc(word_text, room *= 2);
    }
    word_text[size] = '\0';
    word_at = word_text;
}

/* Ends the word with a NUL. */
static char *word_next(void)
{
    char *word;

    while (isspace((unsigned char)*word_at))
        word_at++;
    if (!*word_at)
        fatal_plan("ends too early");
    word = word_at;
    while (*word_at && !isspace((unsigned char)*word_at))
        word_at++;
    if (*word_at)
        *word_at++ = '\0';
    return word;
}

static void word_expect(const char *section)
{
    if (strcmp(word_next(), section) != 0)
        fatal_plan(section);
}

static uint64_t word_number(void)
{
    char *word = word_next(), *end;
    uint64_t number = *word == '-' ? (uint64_t)strtoll(word, &end, 10) : strtoull(word, &end, 10);

    if (*end)
        fatal_plan(word);
    return number;
}

static unsigned word_small(unsigned most)
{
    uint64_t number = word_number();

    if (number > most)
        fatal_plan("number");
    return (unsigned)number;
}

static bool word_flag(void)
{
    return word_small(1) != 0;
}

static uint8_t word_byte(void)
{
    return (uint8_t)word_small(UINT8_MAX);
}

static int word_hex_digit(char c)
{
    return c <= '9' ? c - '0' : c - 'a' + 10;
}

static const char *word_string(void)
{
    char *from = word_next(), *to = from;
    const char *text = from + 1;

    if (*from != '=')
        fatal_plan("text");
    for (from++; *from; from++) {
        if (*from == '%' && from[1] && from[2]) {
            *to++ = (char)(word_hex_digit(from[1]) * 16 + word_hex_digit(from[2]));
            from += 2;
        } else {
            *to++ = *from;
        }
    }
    *to = '\0';
    return text - 1; /* the text has moved over its mark */
}
