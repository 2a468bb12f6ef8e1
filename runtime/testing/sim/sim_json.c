/*
 * json-c reads almost anything: single quotes, NaN, numbers that do not fit (it clips them), the
 * last of two members with one name. So the text is checked by a scanner of its own first, and
 * json-c builds the tree of what passed.
 */
#include "sim_json.h"

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

typedef struct scanner {
    const unsigned char *at;
    const unsigned char *end;
    size_t members;  /* of all objects so far */
    const char *why; /* what is wrong; NULL so far */
} scanner;

static bool wrong(scanner *in, const char *why)
{
    if (in->why == NULL)
        in->why = why;
    return false;
}

/* The next byte, or 0 at the end: a NUL byte is part of no JSON text. */
static unsigned char peek(const scanner *in)
{
    return in->at < in->end ? *in->at : 0;
}

static bool take(scanner *in, char byte)
{
    if (peek(in) != (unsigned char)byte)
        return false;
    in->at++;
    return true;
}

static void skip_space(scanner *in)
{
    while (peek(in) == ' ' || peek(in) == '\t' || peek(in) == '\r' || peek(in) == '\n')
        in->at++;
}

static bool is_digit(unsigned char byte)
{
    return byte >= '0' && byte <= '9';
}

/* Four hexadecimal digits; their value, or -1. */
static long scan_hex(scanner *in)
{
    long value = 0;
    for (int i = 0; i < 4; i++) {
        unsigned char byte = peek(in);
        if (is_digit(byte))
            value = value * 16 + (byte - '0');
        else if ((byte | 0x20) >= 'a' && (byte | 0x20) <= 'f')
            value = value * 16 + ((byte | 0x20) - 'a' + 10);
        else
            return -1;
        in->at++;
    }
    return value;
}

/* What follows "\u". */
static bool scan_unicode_escape(scanner *in)
{
    long unit = scan_hex(in);
    if (unit < 0)
        return wrong(in, "a \\u escape needs four hexadecimal digits");
    if (unit == 0)
        return wrong(in, "text cannot hold a NUL character");
    if (unit < 0xd800 || unit > 0xdfff)
        return true;
    if (unit > 0xdbff || !take(in, '\\') || !take(in, 'u'))
        return wrong(in, "lone surrogate");
    long low = scan_hex(in);
    return (low >= 0xdc00 && low <= 0xdfff) || wrong(in, "lone surrogate");
}

static bool scan_escape(scanner *in)
{
    if (take(in, 'u'))
        return scan_unicode_escape(in);
    unsigned char byte = peek(in);
    if (byte == 0 || strchr("\"\\/bfnrt", byte) == NULL)
        return wrong(in, "unknown escape in a string");
    in->at++;
    return true;
}

/* One character of more than one byte. */
static bool scan_utf8(scanner *in)
{
    unsigned char first = *in->at++;
    int more = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : 1;
    if (first < 0xc2 || first > 0xf4)
        return wrong(in, "invalid UTF-8");
    /* the second byte rules out overlong forms, surrogates and what is beyond U+10FFFF */
    unsigned char least = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
    unsigned char most = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
    for (; more > 0; more--, least = 0x80, most = 0xbf) {
        if (peek(in) < least || peek(in) > most)
            return wrong(in, "invalid UTF-8");
        in->at++;
    }
    return true;
}

/* What follows the opening quote. */
static bool scan_string(scanner *in)
{
    for (;;) {
        unsigned char byte = peek(in);
        if (in->at == in->end)
            return wrong(in, "a string does not end");
        if (byte < 0x20)
            return wrong(in, "control character in a string");
        if (byte >= 0x80) {
            if (!scan_utf8(in))
                return false;
            continue;
        }
        in->at++;
        if (byte == '"')
            return true;
        if (byte == '\\' && !scan_escape(in))
            return false;
    }
}

static bool scan_digits(scanner *in)
{
    if (!is_digit(peek(in)))
        return wrong(in, "a number lacks a digit");
    while (is_digit(peek(in)))
        in->at++;
    return true;
}

/*
 * Does an integer without leading zeros fit 64 bits? Compared as text, so that no number is too
 * long.
 */
static bool fits(const unsigned char *digits, size_t length, bool negative)
{
    const char *most = negative ? "9223372036854775808" : "18446744073709551615";
    size_t most_length = strlen(most);
    return length < most_length || (length == most_length && memcmp(digits, most, length) <= 0);
}

static bool scan_number(scanner *in)
{
    bool negative = take(in, '-');
    const unsigned char *digits = in->at;
    if (!take(in, '0') && !scan_digits(in))
        return false;
    size_t length = (size_t)(in->at - digits);
    if (is_digit(peek(in)))
        return wrong(in, "a number starts with a superfluous zero");
    bool whole = true;
    if (take(in, '.')) {
        whole = false;
        if (!scan_digits(in))
            return false;
    }
    if (take(in, 'e') || take(in, 'E')) {
        whole = false;
        if (!take(in, '+'))
            (void)take(in, '-');
        if (!scan_digits(in))
            return false;
    }
    return !whole || fits(digits, length, negative) || wrong(in, "an integer beyond 64 bits");
}

static bool scan_word(scanner *in, const char *word)
{
    size_t length = strlen(word);
    if ((size_t)(in->end - in->at) < length || memcmp(in->at, word, length) != 0)
        return wrong(in, "no JSON value");
    in->at += length;
    return true;
}

static bool scan_value(scanner *in, int depth);

/* The members of an object up to `close` '}', or the items of an array up to ']'. */
static bool scan_list(scanner *in, char close, int depth)
{
    if (depth >= SIM_JSON_DEPTH)
        return wrong(in, "nested too deep");
    skip_space(in);
    if (take(in, close))
        return true;
    do {
        skip_space(in);
        if (close == '}') {
            if (!take(in, '"'))
                return wrong(in, "a member's name must be a string");
            if (!scan_string(in))
                return false;
            in->members++;
            skip_space(in);
            if (!take(in, ':'))
                return wrong(in, "':' expected after a member's name");
        }
        if (!scan_value(in, depth + 1))
            return false;
        skip_space(in);
    } while (take(in, ','));
    return take(in, close) ||
           wrong(in, close == '}' ? "',' or '}' expected" : "',' or ']' expected");
}

static bool scan_value(scanner *in, int depth)
{
    skip_space(in);
    switch (peek(in)) {
    case '{':
        in->at++;
        return scan_list(in, '}', depth);
    case '[':
        in->at++;
        return scan_list(in, ']', depth);
    case '"':
        in->at++;
        return scan_string(in);
    case 't':
        return scan_word(in, "true");
    case 'f':
        return scan_word(in, "false");
    case 'n':
        return scan_word(in, "null");
    case '-':
        return scan_number(in);
    default:
        return is_digit(peek(in)) ? scan_number(in) : wrong(in, "no JSON value");
    }
}

/*
 * Members of all objects below `value`: less than the scanner saw, where json-c dropped one that
 * had the name of another.
 */
static size_t count_members(json_object *value)
{
    size_t members = 0;
    if (json_object_is_type(value, json_type_object)) {
        json_object_object_foreach(value, name, member)
        {
            (void)name;
            members += 1 + count_members(member);
        }
    } else if (json_object_is_type(value, json_type_array)) {
        for (size_t i = 0; i < json_object_array_length(value); i++)
            members += count_members(json_object_array_get_idx(value, i));
    }
    return members;
}

json_object *sim_json_read(const char *text, size_t length, const char **why)
{
    scanner in = {.at = (const unsigned char *)text, .end = (const unsigned char *)text + length};
    if (scan_value(&in, 0)) {
        skip_space(&in);
        if (in.at != in.end)
            (void)wrong(&in, "something follows the JSON value");
    }
    if (in.why == NULL && length >= INT_MAX)
        (void)wrong(&in, "too long");
    if (in.why != NULL) {
        *why = in.why;
        return NULL;
    }
    *why = "no JSON value";
    json_tokener *reader = json_tokener_new_ex(SIM_JSON_DEPTH + 1);
    if (reader == NULL)
        return NULL;
    json_object *value = json_tokener_parse_ex(reader, text, (int)length);
    if (value == NULL && json_tokener_get_error(reader) == json_tokener_continue)
        /* a number at the end: json-c waits for more digits */
        value = json_tokener_parse_ex(reader, "", 1);
    json_tokener_free(reader);
    if (value != NULL && count_members(value) != in.members) {
        *why = "an object has two members with one name";
        json_object_put(value);
        return NULL;
    }
    return value;
}
