/* Values of fields and options: limits, copies, text. */
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

static void texts_and_items_have_a_greatest_length(void **unused)
{
    static const char *const two[] = {"ab", NULL}, *const three[] = {"ab", "abc"};
    static const berth_strings short_ones = {two, 2}, long_ones = {three, 2}, missing = {NULL, 1},
                               none = {NULL, 0};

    (void)unused;
    assert_true(berth_text_fits("ab", 2));
    assert_false(berth_text_fits("abc", 2));
    assert_true(berth_text_fits(NULL, 1));
    assert_true(berth_strings_fit(&short_ones, 2));
    assert_false(berth_strings_fit(&long_ones, 2));
    assert_true(berth_strings_fit(&long_ones, 0));
    assert_true(berth_strings_fit(&none, 1));
    assert_false(berth_strings_fit(&missing, 0));
}

static void options_are_checked_by_their_tables(void **unused)
{
    static const char *const ab[] = {"ab"};
    static const berth_strings one = {ab, 1}, none = {NULL, 0};
    static const berth_range range = {-3, 3};
    static const berth_field list = {.type = BERTH_LIST, .flags = BERTH_REQUIRED},
                             ranged = {.type = BERTH_I64, .flags = BERTH_RANGED, .range = &range};

    (void)unused;
    assert_int_equal(field_check(&ranged, &(int64_t){-3}), 0);
    assert_int_equal(field_check(&ranged, &(int64_t){-4}), -EINVAL);
    assert_int_equal(field_check(&ranged, &(int64_t){4}), -EINVAL);
    assert_int_equal(field_check(&list, &none), -EINVAL);
    assert_int_equal(field_check(&list, &one), 0);
}

/* The storage is as large as the sizes say, and no byte larger. */
static void copies_take_what_was_measured(void **unused)
{
    static const char *const items[] = {"ab", NULL, "c"};
    static const berth_strings strings = {items, 3}, none = {items, 0};
    berth_storage_size size = {0, 0};
    const char *pointers[3] = {0};
    char text[9] = {0};
    berth_storage to = {pointers, text};
    berth_strings copy;

    (void)unused;
    berth_size_text(&size, NULL);
    berth_size_text(&size, "");
    berth_size_text(&size, "xyz");
    berth_size_strings(&size, &strings);
    berth_size_strings(&size, &none);
    assert_int_equal(size.items, 3);
    assert_int_equal(size.text, sizeof text);
    assert_string_equal(berth_copy_text(&to, NULL), "");
    assert_string_equal(berth_copy_text(&to, "xyz"), "xyz");
    copy = berth_copy_strings(&to, &strings);
    assert_int_equal(copy.count, 3);
    assert_ptr_equal(copy.items, pointers);
    assert_string_equal(copy.items[0], "ab");
    assert_string_equal(copy.items[1], "");
    assert_string_equal(copy.items[2], "c");
    assert_null(berth_copy_strings(&to, &none).items);
    assert_ptr_equal(to.items, pointers + 3);
    assert_ptr_equal(to.text, text + sizeof text);
}

static void keys_as_text(void **unused)
{
    static const char *const items[] = {"a", NULL}, *const words[] = {"zero", "one"};
    static const berth_strings list = {items, 2};
    static const uuid_t id = {0x12, 0x34};
    static const int64_t low = INT64_MIN;
    static const int32_t minus = -12;
    static const uint64_t high = UINT64_MAX;
    static const uint32_t u32 = 4000000000u;
    static const uint16_t u16 = 65535;
    static const uint8_t u8 = 0;
    static const bool yes = true, no = false;
    static const int one = 1, five = 5;
    static const char *string = "\t\r";
    static const struct {
        berth_field field;
        const void *value;
        const char *expected;
    } cases[] = {
        {{.type = BERTH_LIST}, &list, "[\"a\",\"\"]"},
        {{.type = BERTH_UUID}, &id, "12340000-0000-0000-0000-000000000000"},
        {{.type = BERTH_I64}, &low, "-9223372036854775808"},
        {{.type = BERTH_I32}, &minus, "-12"},
        {{.type = BERTH_U64}, &high, "18446744073709551615"},
        {{.type = BERTH_U32}, &u32, "4000000000"},
        {{.type = BERTH_U16}, &u16, "65535"},
        {{.type = BERTH_U8}, &u8, "0"},
        {{.type = BERTH_BOOL}, &yes, "true"},
        {{.type = BERTH_BOOL}, &no, "false"},
        {{.type = BERTH_ENUM, .values = words, .n_values = 2}, &one, "one"},
        {{.type = BERTH_ENUM, .values = words, .n_values = 2}, &five, "?"},
        {{.type = BERTH_STRING}, &string, "\"\\t\\r\""},
    };

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char buffer[64];
        struct text text;

        text_start(&text, buffer, sizeof buffer);
        field_write(&cases[i].field, cases[i].value, &text);
        text_end(&text);
        assert_string_equal(buffer, cases[i].expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_and_items_have_a_greatest_length),
        cmocka_unit_test(options_are_checked_by_their_tables),
        cmocka_unit_test(copies_take_what_was_measured),
        cmocka_unit_test(keys_as_text),
    };

    return cmocka_run_group_tests_name("fields", tests, NULL, NULL);
}
