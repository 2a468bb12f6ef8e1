/* The keyed hash. */
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

/* Hash and fields */

static const struct hash_seed any_seed = {{1, 2}};

static void hash_is_siphash_13(void **unused)
{
    /*
     * SipHash-1-3 of the 8 bytes 0 to 7 with the key 0 to 15 goes through the same permutation;
     * this pins ours.
     */
    static const struct hash_seed seed = {
        {UINT64_C(0x0706050403020100), UINT64_C(0x0f0e0d0c0b0a0908)}};
    struct berth_hash a, b;

    (void)unused;
    hash_start(&a, &seed);
    hash_word(&a, UINT64_C(0x0706050403020100));
    hash_word(&a, UINT64_C(8) << 56);
    /*
     * SipHash's last block of an 8-byte message is its length in the top byte: so this is the
     * reference's answer
     */
    assert_true(hash_end(&a) == UINT64_C(0x369095118d299a8e));
    hash_start(&a, &seed);
    hash_start(&b, &seed);
    hash_bytes(&a, "AbC\x80Z[@", 7, true);
    hash_bytes(&b, "abc\x80z[@", 7, false);
    assert_true(hash_end(&a) == hash_end(&b));
}

static void every_byte_and_length_of_a_text_counts(void **unused)
{
    static const struct hash_seed seed = {{3, 4}};
    static const char text[] = "abcdefghijklmnopqrstuvwxyz";
    uint64_t seen[27 * 26];
    size_t n = 0;

    (void)unused;
    for (size_t length = 0; length <= 26; length++) {
        for (size_t changed = 0; changed < (length > 0 ? length : 1); changed++) {
            char copy[sizeof text];
            struct berth_hash hash;

            memcpy(copy, text, sizeof text);
            copy[changed] = '!';
            hash_start(&hash, &seed);
            hash_bytes(&hash, copy, length, false);
            seen[n] = hash_end(&hash);
            for (size_t i = 0; i < n; i++)
                assert_true(seen[i] != seen[n]);
            n++;
        }
    }
}

static void small_letters_of_a_word_at_a_time(void **unused)
{
    (void)unused;
    for (unsigned c = 0; c < 256; c++) {
        unsigned char bytes[8] = {'@', 'A', 'Z', '[', (unsigned char)c, 0xc1, 0, 'a'}, folded[8];
        uint64_t word = hash_fold_word(hash_load(bytes));

        memcpy(folded, &word, sizeof folded);
        for (size_t i = 0; i < sizeof bytes; i++)
            assert_int_equal(folded[i],
                             bytes[i] >= 'A' && bytes[i] <= 'Z' ? bytes[i] + 32 : bytes[i]);
    }
}

static void uuids_that_differ_in_one_bit_hash_otherwise(void **unused)
{
    static const struct hash_seed seed = {{UINT64_C(0x0123456789abcdef),
                                           UINT64_C(0xfedcba9876543210)}},
                                  other = {{5, 6}};
    uuid_t id = {0x51, 2, 3, 4, 5, 6, 0x47, 8, 0x89};
    uint32_t before = hash_uuid(&seed, id);

    (void)unused;
    assert_true(before != hash_uuid(&other, id));
    for (unsigned bit = 0; bit < 128; bit++) {
        id[bit / 8] ^= (unsigned char)(1 << bit % 8);
        assert_true(hash_uuid(&seed, id) != before);
        id[bit / 8] ^= (unsigned char)(1 << bit % 8);
    }
}

/* Machines with products of 128 bits and those without hash alike. */
static void products_in_parts_are_those_of_128_bits(void **unused)
{
    static const uint64_t ends[] = {
        0, 1, UINT32_MAX, UINT64_C(1) << 32, UINT64_C(1) << 63, UINT64_MAX - 1, UINT64_MAX};
    static const struct hash_seed seed = {
        {UINT64_C(0x0123456789abcdef), UINT64_C(0xfedcba9876543210)}};

    (void)unused;
    /* (2^64-1)^2 = (2^64-2) * 2^64 + 1, and 2^63 * 2^63 = 2^62 * 2^64 */
    assert_true(hash_multiply_in_parts(UINT64_MAX, UINT64_MAX) == ((UINT64_MAX - 1) ^ 1));
    assert_true(hash_multiply_in_parts(UINT64_C(1) << 63, UINT64_C(1) << 63) == UINT64_C(1) << 62);
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        for (size_t j = 0; j < sizeof ends / sizeof *ends; j++) {
            uint64_t mixed = hash_multiply_in_parts(ends[i] ^ seed.word[0], ends[j] ^ seed.word[1]);

            assert_int_equal(hash_pair(&seed, ends[i], ends[j]), (uint32_t)(mixed ^ (mixed >> 32)));
        }
}

static void numbers_and_uuids_count_in_a_hash(void **unused)
{
    static const uuid_t x = {1}, y = {2};
    berth_hash of[4];

    (void)unused;
    for (unsigned i = 0; i < 4; i++)
        hash_start(&of[i], &any_seed);
    berth_hash_uuid(&of[0], x);
    berth_hash_uuid(&of[1], y);
    berth_hash_number(&of[2], 1);
    berth_hash_number(&of[3], UINT64_MAX);
    assert_true(hash_end(&of[0]) != hash_end(&of[1]));
    assert_true(hash_end(&of[2]) != hash_end(&of[3]));
    assert_true(berth_uuid_equal(x, x));
    assert_false(berth_uuid_equal(x, y));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hash_is_siphash_13),
        cmocka_unit_test(every_byte_and_length_of_a_text_counts),
        cmocka_unit_test(small_letters_of_a_word_at_a_time),
        cmocka_unit_test(uuids_that_differ_in_one_bit_hash_otherwise),
        cmocka_unit_test(products_in_parts_are_those_of_128_bits),
        cmocka_unit_test(numbers_and_uuids_count_in_a_hash),
    };

    return cmocka_run_group_tests_name("hash", tests, NULL, NULL);
}
