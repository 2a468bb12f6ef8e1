/* Hashes of the values that most keys are made of. */
#include "hash.h"

#include <string.h>

#include <berth/fields.h>

#include "../linkage.h"

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
