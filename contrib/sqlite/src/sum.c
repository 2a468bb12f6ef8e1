/* Sums that notice damage: of rows, of the header, of the definitions of tables. */
#include <string.h>

#include "object.h"

static uint64_t mix(uint64_t sum, uint64_t word)
{
    sum = (sum ^ word) * UINT64_C(0x9e3779b97f4a7c15);
    return sum ^ (sum >> 29);
}

/* The same on every machine: the first byte counts least. */
static uint64_t word_at(const unsigned char *bytes, size_t size)
{
    uint64_t word = 0;

    for (size_t i = 0; i < size; i++)
        word |= (uint64_t)bytes[i] << (8 * i);
    return word;
}

uint64_t sum_bytes(uint64_t sum, const void *bytes, size_t size)
{
    const unsigned char *at = bytes;
    size_t left = size;

    for (; left >= 8; left -= 8, at += 8)
        sum = mix(sum, word_at(at, 8));
    return mix(mix(sum, word_at(at, left)), size);
}

uint64_t sum_text(uint64_t sum, const char *text)
{
    return sum_bytes(sum, text, strlen(text));
}

uint64_t sum_number(uint64_t sum, uint64_t number)
{
    return mix(sum, number);
}
