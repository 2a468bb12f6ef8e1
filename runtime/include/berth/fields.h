/*
 * Helpers for the functions that berthc writes about the values of a resource: check, hash, equal,
 * differs, size and copy of berth_resource in table.h, the formats, and the out-values of hooks.
 * Nothing here is for applications.
 *
 * A function here reads and writes its arguments alone, so it may run in any thread. It calls no
 * hook and cannot fail. A text that is NULL counts as "", also as an item of a list or set.
 */
#ifndef BERTH_FIELDS_H
#define BERTH_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <berth/berth.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Are ASCII letters equal in either case? */
typedef enum berth_case { BERTH_EXACT_CASE, BERTH_ANY_CASE } berth_case;

/* A keyed hash under way. The key is the manager's, so a caller cannot choose collisions. */
typedef struct berth_hash berth_hash;

/* The manager's seed and memory, which hashing and comparing sets may need. */
typedef struct berth_sets berth_sets;

/* What the copy of a config takes beside the view. */
typedef struct berth_storage_size {
    uint64_t items; /* pointers to the items of lists and sets */
    uint64_t text;  /* bytes of texts, with their NULs */
} berth_storage_size;

/* Where the next copies go. The runtime sets it to as much memory as berth_resource.size said. */
typedef struct berth_storage {
    const char **items;
    char *text;
} berth_storage;

/* Check. */

static inline const char *berth_text(const char *text)
{
    return text != NULL ? text : "";
}

static inline bool berth_text_is_empty(const char *text)
{
    return *berth_text(text) == '\0';
}

/* Has the text at most `max_length` bytes, without its NUL? Reads no more than one byte beyond. */
bool berth_text_fits(const char *text, uint16_t max_length);

/* Of a list or set that is not empty: see below. */
bool berth_items_fit(const berth_strings *strings, uint16_t max_length);

/* Has the list or set its items, and each of them at most `max_length` bytes? 0: any number. */
static inline bool berth_strings_fit(const berth_strings *strings, uint16_t max_length)
{
    return strings->count == 0 || berth_items_fit(strings, max_length);
}

/* Compare. Lists and sets have passed berth_strings_fit. */

/* The text of a view, which is never NULL, with one of a config. */
static inline bool berth_text_equal(const char *mine, const char *given)
{
    return strcmp(mine, berth_text(given)) == 0;
}

bool berth_text_equal_any_case(const char *mine, const char *given);

static inline bool berth_uuid_equal(const uuid_t a, const uuid_t b)
{
    return memcmp(a, b, sizeof(uuid_t)) == 0;
}

/* Of lists and sets that are not both empty: see below. */
bool berth_list_items_equal(const berth_strings *a, const berth_strings *b, berth_case letters);
bool berth_set_items_equal(const berth_strings *a, const berth_strings *b, berth_case letters,
                           const berth_sets *sets);

/* The same items in the same order? */
static inline bool berth_list_equal(const berth_strings *a, const berth_strings *b,
                                    berth_case letters)
{
    return (a->count == 0 && b->count == 0) || berth_list_items_equal(a, b, letters);
}

/*
 * The same items in any order, however often each? For more than 16 items it takes memory for a
 * while. Without memory the result is the same, and the time is the product of both numbers.
 */
static inline bool berth_set_equal(const berth_strings *a, const berth_strings *b,
                                   berth_case letters, const berth_sets *sets)
{
    return (a->count == 0 && b->count == 0) || berth_set_items_equal(a, b, letters, sets);
}

/* Hash. Values that are equal hash alike. */

void berth_hash_number(berth_hash *hash, uint64_t number);
void berth_hash_uuid(berth_hash *hash, const uuid_t uuid);
void berth_hash_text(berth_hash *hash, const char *text, berth_case letters);
void berth_hash_list(berth_hash *hash, const berth_strings *list, berth_case letters);

/* For more than 64 items it takes memory for a while; without, the hash is the same, but slower. */
void berth_hash_set(berth_hash *hash, const berth_strings *set, berth_case letters,
                    const berth_sets *sets);

/* Copy. An empty text takes no memory: its copy is a constant. */

/* Add what the copy of the value takes. */
static inline void berth_size_text(berth_storage_size *size, const char *text)
{
    if (!berth_text_is_empty(text))
        size->text += strlen(text) + 1;
}
void berth_size_strings(berth_storage_size *size, const berth_strings *strings);

/* Copy the value into the storage, which moves on. The copy lives as long as the storage. */
const char *berth_copy_text(berth_storage *storage, const char *text);
berth_strings berth_copy_strings(berth_storage *storage, const berth_strings *strings);

/* Copy a text of a backend into an array of a view. The backend may have left out its NUL. */
static inline void berth_copy_chars(char *to, const char *from, size_t size)
{
    size_t length = 0;

    while (length + 1 < size && from[length] != '\0') {
        to[length] = from[length];
        length++;
    }
    to[length] = '\0';
}

/*
 * Format. These append to the text that ends at `at`, never past `end`, and return where it ends
 * then. They write no NUL.
 */

static inline char *berth_append_text(char *at, const char *end, const char *text)
{
    const size_t length = strlen(text);
    const size_t count = length < (size_t)(end - at) ? length : (size_t)(end - at);

    memcpy(at, text, count);
    return at + count;
}

static inline char *berth_append_number(char *at, const char *end, uint64_t number)
{
    char digits[20]; /* of UINT64_MAX, last one first */
    size_t count = 0;

    do {
        digits[count++] = (char)('0' + number % 10);
        number /= 10;
    } while (number != 0);
    while (count > 0 && at < end)
        *at++ = digits[--count];
    return at;
}

static inline char *berth_append_signed(char *at, const char *end, int64_t number)
{
    if (number >= 0)
        return berth_append_number(at, end, (uint64_t)number);
    if (at < end)
        *at++ = '-';
    return berth_append_number(at, end, -(uint64_t)number);
}

static inline char *berth_append_uuid(char *at, const char *end, const uuid_t uuid)
{
    char text[UUID_STR_LEN];

    uuid_unparse_lower(uuid, text);
    return berth_append_text(at, end, text);
}

#ifdef __cplusplus
}
#endif
#endif
