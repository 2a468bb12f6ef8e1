/* Helpers of generated functions: see berth/fields.h. */
#include <string.h>

#include <berth/fields.h>

#include "hash.h"
#include "strings.h"

/* Check */

bool berth_text_fits(const char *text, uint16_t max_length)
{
    return text == NULL || memchr(text, '\0', (size_t)max_length + 1) != NULL;
}

bool berth_items_fit(const berth_strings *strings, uint16_t max_length)
{
    if (!strings->items)
        return false;
    for (uint32_t i = 0; max_length > 0 && i < strings->count; i++)
        if (!berth_text_fits(strings->items[i], max_length))
            return false;
    return true;
}

/* Compare */

bool berth_text_equal_any_case(const char *mine, const char *given)
{
    return strings_same_text(mine, berth_text(given), true);
}

bool berth_list_items_equal(const berth_strings *a, const berth_strings *b, berth_case letters)
{
    return strings_same_list(a, b, letters == BERTH_ANY_CASE);
}

bool berth_set_items_equal(const berth_strings *a, const berth_strings *b, berth_case letters,
                           const berth_sets *sets)
{
    return strings_same_set(a, b, letters == BERTH_ANY_CASE, sets);
}

/* Hash */

void berth_hash_number(berth_hash *hash, uint64_t number)
{
    hash_word(hash, number);
}

void berth_hash_uuid(berth_hash *hash, const uuid_t uuid)
{
    hash_bytes(hash, uuid, sizeof(uuid_t), false);
}

void berth_hash_text(berth_hash *hash, const char *text, berth_case letters)
{
    text = berth_text(text);
    hash_bytes(hash, text, strlen(text), letters == BERTH_ANY_CASE);
}

void berth_hash_list(berth_hash *hash, const berth_strings *list, berth_case letters)
{
    for (uint32_t i = 0; i < list->count; i++)
        berth_hash_text(hash, list->items[i], letters);
    hash_word(hash, list->count);
}

void berth_hash_set(berth_hash *hash, const berth_strings *set, berth_case letters,
                    const berth_sets *sets)
{
    strings_hash_set(set, letters == BERTH_ANY_CASE, hash, sets);
}

/* Copy */

void berth_size_strings(berth_storage_size *size, const berth_strings *strings)
{
    size->items += strings->count;
    for (uint32_t i = 0; i < strings->count; i++)
        berth_size_text(size, strings->items[i]);
}

const char *berth_copy_text(berth_storage *storage, const char *text)
{
    char *copy = storage->text;
    size_t size;

    if (berth_text_is_empty(text))
        return "";
    size = strlen(text) + 1;
    memcpy(copy, text, size);
    storage->text += size;
    return copy;
}

berth_strings berth_copy_strings(berth_storage *storage, const berth_strings *strings)
{
    const char **items = storage->items;

    if (strings->count == 0)
        return (berth_strings){.items = NULL, .count = 0};
    for (uint32_t i = 0; i < strings->count; i++)
        items[i] = berth_copy_text(storage, strings->items[i]);
    storage->items += strings->count;
    return (berth_strings){.items = items, .count = strings->count};
}
