/* Values of fields and options: check, compare, hash, copy, write as text. A value is given by the address of the struct's member. */
#ifndef BERTH_SRC_FIELD_H
#define BERTH_SRC_FIELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <berth/table.h>

#include "hash.h"
#include "text.h"

/* Bytes of a member of this type; 0 for BERTH_CHARS, which has its own size. */
size_t type_size(uint8_t type);

/* An integer member (signed ones sign-extended), bool or enum. */
uint64_t type_integer(uint8_t type, const void *value);

/* -EINVAL: not what the field may be. */
int field_check(const berth_field *field, const void *value);

/* Are they equal by the field's own rule? */
bool field_equal(const berth_field *field, const void *a, const void *b);

/* Values that are equal hash alike. */
void field_hash(const berth_field *field, const void *value, struct hash *hash, const struct hash_seed *seed);

/* What a value needs beyond its member, to be copied. */
struct storage_size {
    uint64_t items; /* pointers */
    uint64_t text;  /* bytes */
};

/* Where copies go. */
struct storage {
    const char **items;
    char *text;
};

void field_measure(const berth_field *field, const void *value, struct storage_size *size);

/* Copies the value, and what it points to into `storage`. */
void field_copy(const berth_field *field, void *to, const void *from, struct storage *storage);

/* As a key is written in errors: "text", 12, true, word, [a, b]. */
void field_write(const berth_field *field, const void *value, struct text *text);

#endif
