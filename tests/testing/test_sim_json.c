/* What the simulator takes for JSON: RFC 8259, and less where C or json-c could not hold it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sim/sim_json.h"

/*
 * Reads a copy that ends where the text ends, so that a sanitizer sees a read beyond. Returns what
 * was wrong, or NULL.
 */
static const char *read_bytes(const char *text, size_t length, json_object **value)
{
    char *copy = malloc(length > 0 ? length : 1);
    assert_non_null(copy);
    memcpy(copy, text, length);
    const char *why = NULL;
    *value = sim_json_read(copy, length, &why);
    free(copy);
    return *value == NULL ? why : NULL;
}

static void assert_refused_bytes(const char *text, size_t length, const char *expected)
{
    json_object *value = NULL;
    const char *why = read_bytes(text, length, &value);
    if (value != NULL)
        fail_msg("accepted: %s", text);
    assert_string_equal(why, expected);
}

static void assert_refused(const char *text, const char *expected)
{
    assert_refused_bytes(text, strlen(text), expected);
}

/* Reads `text`; it must say the same as `expected`, json-c's plain form. */
static void assert_read(const char *text, const char *expected)
{
    json_object *value = NULL;
    const char *why = read_bytes(text, strlen(text), &value);
    if (value == NULL)
        fail_msg("refused: %s: %s", text, why);
    assert_string_equal(json_object_to_json_string_ext(value, JSON_C_TO_STRING_PLAIN |
                                                                  JSON_C_TO_STRING_NOSLASHESCAPE),
                        expected);
    json_object_put(value);
}

static void refuses_what_is_no_value(void **state)
{
    (void)state;
    assert_refused("", "no JSON value");
    assert_refused("   ", "no JSON value");
    assert_refused("nonsense", "no JSON value");
    assert_refused("NaN", "no JSON value");
    assert_refused("Infinity", "no JSON value");
    assert_refused("tru", "no JSON value");
    assert_refused("TRUE", "no JSON value");
    assert_refused("'a'", "no JSON value");
    assert_refused("+1", "no JSON value");
    assert_refused(".5", "no JSON value");
    assert_refused("[1,]", "no JSON value");
    assert_refused("/* */ 1", "no JSON value");
    assert_refused("null", "no JSON value");
}

static void refuses_broken_objects_and_arrays(void **state)
{
    (void)state;
    assert_refused("{", "a member's name must be a string");
    assert_refused("{\"a\"", "':' expected after a member's name");
    assert_refused("{\"a\" 1}", "':' expected after a member's name");
    assert_refused("{\"a\":}", "no JSON value");
    assert_refused("{\"a\":1", "',' or '}' expected");
    assert_refused("{\"a\":1,}", "a member's name must be a string");
    assert_refused("{'a':1}", "a member's name must be a string");
    assert_refused("{a:1}", "a member's name must be a string");
    assert_refused("[1 2]", "',' or ']' expected");
    assert_refused("[", "no JSON value");
    assert_refused("[1}", "',' or ']' expected");
    assert_refused("{} {}", "something follows the JSON value");
    assert_refused("1 x", "something follows the JSON value");
    assert_refused_bytes("{}\0", 3, "something follows the JSON value");
}

static void refuses_two_members_with_one_name(void **state)
{
    (void)state;
    assert_refused("{\"a\":1,\"a\":1}", "an object has two members with one name");
    assert_refused("{\"a\":1,\"\\u0061\":2}", "an object has two members with one name");
    assert_refused("[{\"x\":{\"b\":[],\"a\":0,\"b\":{}}}]",
                   "an object has two members with one name");
    assert_refused("{\"a\":{\"x\":1,\"y\":2},\"a\":null}",
                   "an object has two members with one name");
    assert_read("[{\"a\":{\"a\":1}},{\"a\":2}]", "[{\"a\":{\"a\":1}},{\"a\":2}]");
}

static void refuses_numbers_that_lose_their_value(void **state)
{
    (void)state;
    assert_refused("18446744073709551616", "an integer beyond 64 bits");
    assert_refused("-9223372036854775809", "an integer beyond 64 bits");
    assert_refused("99999999999999999999999999999999999999999", "an integer beyond 64 bits");
    assert_refused("01", "a number starts with a superfluous zero");
    assert_refused("-00", "a number starts with a superfluous zero");
    assert_refused("-", "a number lacks a digit");
    assert_refused("1.", "a number lacks a digit");
    assert_refused("1e", "a number lacks a digit");
    assert_refused("1e+", "a number lacks a digit");
    assert_refused("[-x]", "a number lacks a digit");
    assert_read("18446744073709551615", "18446744073709551615");
    assert_read("-9223372036854775808", "-9223372036854775808");
    assert_read("9223372036854775808", "9223372036854775808");
    assert_read("[0,-1,1]", "[0,-1,1]");
}

static void reads_numbers_with_a_fraction_or_exponent_as_no_integers(void **state)
{
    (void)state;
    static const char *const texts[] = {"1.0", "1e2", "1E-2", "-0.5e+1", "1e400"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        json_object *value = NULL;
        assert_null(read_bytes(texts[i], strlen(texts[i]), &value));
        assert_true(json_object_is_type(value, json_type_double));
        json_object_put(value);
    }
}

static void refuses_text_that_c_or_utf8_cannot_hold(void **state)
{
    (void)state;
    assert_refused("\"a", "a string does not end");
    assert_refused("\"\\", "unknown escape in a string");
    assert_refused("\"\\q\"", "unknown escape in a string");
    assert_refused("\"\\u12\"", "a \\u escape needs four hexadecimal digits");
    assert_refused("\"\\u12g4\"", "a \\u escape needs four hexadecimal digits");
    assert_refused("\"\\u0000\"", "text cannot hold a NUL character");
    assert_refused_bytes("\"a\0b\"", 5, "control character in a string");
    assert_refused("\"a\tb\"", "control character in a string");
    assert_refused("\"\\ud800\"", "lone surrogate");
    assert_refused("\"\\udc00\"", "lone surrogate");
    assert_refused("\"\\ud800x\"", "lone surrogate");
    assert_refused("\"\\ud800\\n\"", "lone surrogate");
    assert_refused("\"\\ud800\\u0041\"", "lone surrogate");
    assert_refused("\"\\ud800\\ud800\"", "lone surrogate");
    assert_refused("\"\x80\"", "invalid UTF-8");
    assert_refused("\"\xc1\xbf\"", "invalid UTF-8");
    assert_refused("\"\xc3\"", "invalid UTF-8");
    assert_refused("\"\xe0\x9f\xbf\"", "invalid UTF-8");
    assert_refused("\"\xed\xa0\x80\"", "invalid UTF-8");
    assert_refused("\"\xe2\x82\"", "invalid UTF-8");
    assert_refused("\"\xf0\x8f\xbf\xbf\"", "invalid UTF-8");
    assert_refused("\"\xf4\x90\x80\x80\"", "invalid UTF-8");
    assert_refused("\"\xf5\x80\x80\x80\"", "invalid UTF-8");
    assert_refused("\"\xff\"", "invalid UTF-8");
}

static void reads_text(void **state)
{
    (void)state;
    assert_read("\"\"", "\"\"");
    assert_read(" \t\r\n\"\\\"\\\\\\/\\b\\f\\n\\r\\t\" ", "\"\\\"\\\\/\\b\\f\\n\\r\\t\"");
    assert_read("\"\\u0041\\u00e9\\u20AC\\ud83d\\ude00\"",
                "\"A\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"");
    assert_read("\"\xc3\xa9\xe2\x82\xac\xed\x9f\xbf\xf0\x90\x80\x80\xf4\x8f\xbf\xbf\x7f\"",
                "\"\xc3\xa9\xe2\x82\xac\xed\x9f\xbf\xf0\x90\x80\x80\xf4\x8f\xbf\xbf\x7f\"");
}

static void refuses_what_is_nested_too_deep(void **state)
{
    (void)state;
    assert_read("[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]", "[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]");
    assert_refused("[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]", "nested too deep");
    assert_refused("{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{"
                   "\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":"
                   "1}}}}}}}}}}}}}}}}}",
                   "nested too deep");
    size_t length = 1000000;
    char *deep = malloc(length);
    assert_non_null(deep);
    memset(deep, '[', length);
    assert_refused_bytes(deep, length, "nested too deep");
    free(deep);
}

/* Every way to cut a request short is refused, and reads nothing beyond its end. */
static void refuses_every_truncated_text(void **state)
{
    (void)state;
    static const char text[] =
        "{\"op\":\"new\",\"x\":[true,false,null,-1.5e+3,\"\\ud83d\\ude00\xc3\xa9\"],\"y\":{}}";
    for (size_t length = 0; length + 1 < sizeof text; length++) {
        json_object *value = NULL;
        if (read_bytes(text, length, &value) == NULL)
            fail_msg("accepted the first %zu bytes", length);
    }
    assert_read(
        text,
        "{\"op\":\"new\",\"x\":[true,false,null,-1.5e+3,\"\xf0\x9f\x98\x80\xc3\xa9\"],\"y\":{}}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_what_is_no_value),
        cmocka_unit_test(refuses_broken_objects_and_arrays),
        cmocka_unit_test(refuses_two_members_with_one_name),
        cmocka_unit_test(refuses_numbers_that_lose_their_value),
        cmocka_unit_test(reads_numbers_with_a_fraction_or_exponent_as_no_integers),
        cmocka_unit_test(refuses_text_that_c_or_utf8_cannot_hold),
        cmocka_unit_test(reads_text),
        cmocka_unit_test(refuses_what_is_nested_too_deep),
        cmocka_unit_test(refuses_every_truncated_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
