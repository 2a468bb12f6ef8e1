/* Text in a buffer: what is escaped, and where it is cut. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/field.h"
#include "base/data/strings.h"
#include "base/store/map.h"
#include "base/store/memory.h"
#include "base/store/pool.h"
#include "support/depot.h"

static void write_quoted(char *buffer, size_t size, const char *string)
{
    const berth_field field = {.type = BERTH_STRING};
    struct text text;

    text_start(&text, buffer, size);
    field_write(&field, &string, &text);
    text_end(&text);
}

static void only_characters_that_can_be_shown_are(void **unused)
{
    static const struct {
        const char *string, *quoted;
    } cases[] = {
        /* the first and the last of each length, and those beside the gaps */
        {"\x20\x7e", "\"\x20\x7e\""},
        {"\xc2\xa0\xdf\xbf", "\"\xc2\xa0\xdf\xbf\""},
        {"\xe0\xa0\x80\xef\xbf\xbf", "\"\xe0\xa0\x80\xef\xbf\xbf\""},
        {"\xed\x9f\xbf\xee\x80\x80", "\"\xed\x9f\xbf\xee\x80\x80\""},
        {"\xf0\x90\x80\x80\xf4\x8f\xbf\xbf", "\"\xf0\x90\x80\x80\xf4\x8f\xbf\xbf\""},
        /* C1, as characters and as bytes: some terminals obey U+009B like ESC [ */
        {"\xc2\x80\xc2\x9b\xc2\x9f", "\"\\xc2\\x80\\xc2\\x9b\\xc2\\x9f\""},
        {"\x80\x9b\x9f\xbf", "\"\\x80\\x9b\\x9f\\xbf\""},
        /* longer than need be */
        {"\xc0\x80\xc1\xbf", "\"\\xc0\\x80\\xc1\\xbf\""},
        {"\xe0\x9f\xbf", "\"\\xe0\\x9f\\xbf\""},
        {"\xf0\x8f\xbf\xbf", "\"\\xf0\\x8f\\xbf\\xbf\""},
        /* surrogates, and what is above all characters */
        {"\xed\xa0\x80", "\"\\xed\\xa0\\x80\""},
        {"\xed\xbf\xbf", "\"\\xed\\xbf\\xbf\""},
        {"\xf4\x90\x80\x80", "\"\\xf4\\x90\\x80\\x80\""},
        {"\xf5\x80\x80\x80", "\"\\xf5\\x80\\x80\\x80\""},
        {"\xfc\x80\x80\x80\xff\xfe", "\"\\xfc\\x80\\x80\\x80\\xff\\xfe\""},
        /* what ends too soon: at the end of the text, and before another character */
        {"\xc3", "\"\\xc3\""},
        {"\xe2\x82", "\"\\xe2\\x82\""},
        {"\xf0\x9f\x98", "\"\\xf0\\x9f\\x98\""},
        {"\xc3(\xe2\x82\xc3\xa4", "\"\\xc3(\\xe2\\x82\xc3\xa4\""},
    };

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char buffer[64];

        write_quoted(buffer, sizeof buffer, cases[i].string);
        assert_string_equal(buffer, cases[i].quoted);
    }
}

static void text_is_cut_between_characters(void **unused)
{
    /*
     * Indexed by the room for text, without the NUL. A character or an escape that does not fit
     * before the dots is left out as a whole.
     */
    static const char *const wide[] = {
        "\"...", "\"...", "\"...", "\"...", "\"\xf0\x9f\x98\x80...", "\"\xf0\x9f\x98\x80z..."};
    static const char *const broken[] = {"\"...", "\"...",      "\"...",
                                         "\"...", "\"\\x9b...", "\"\\x9bz..."};
    char buffer[16];

    (void)unused;
    for (size_t i = 0; i < sizeof wide / sizeof *wide; i++) {
        write_quoted(buffer, 5 + i, "\xf0\x9f\x98\x80zyxwvuts");
        assert_string_equal(buffer, wide[i]);
        write_quoted(buffer, 5 + i, "\x9bzyxwvuts");
        assert_string_equal(buffer, broken[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_characters_that_can_be_shown_are),
        cmocka_unit_test(text_is_cut_between_characters),
    };

    return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
