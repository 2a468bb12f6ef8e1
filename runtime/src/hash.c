#include "hash.h"

#include <string.h>

static uint64_t rotate(uint64_t x, unsigned bits)
{
    return (x << bits) | (x >> (64 - bits));
}

static void mix(uint64_t v[4])
{
    v[0] += v[1];
    v[2] += v[3];
    v[1] = rotate(v[1], 13) ^ v[0];
    v[3] = rotate(v[3], 16) ^ v[2];
    v[0] = rotate(v[0], 32);
    v[2] += v[1];
    v[0] += v[3];
    v[1] = rotate(v[1], 17) ^ v[2];
    v[3] = rotate(v[3], 21) ^ v[0];
    v[2] = rotate(v[2], 32);
}

void hash_start(struct hash *hash, const struct hash_seed *seed)
{
    hash->v[0] = seed->word[0] ^ UINT64_C(0x736f6d6570736575);
    hash->v[1] = seed->word[1] ^ UINT64_C(0x646f72616e646f6d);
    hash->v[2] = seed->word[0] ^ UINT64_C(0x6c7967656e657261);
    hash->v[3] = seed->word[1] ^ UINT64_C(0x7465646279746573);
}

void hash_word(struct hash *hash, uint64_t word)
{
    hash->v[3] ^= word;
    mix(hash->v);
    hash->v[0] ^= word;
}

unsigned char hash_fold(unsigned char c)
{
    return c >= 'A' && c <= 'Z' ? (unsigned char)(c + ('a' - 'A')) : c;
}

void hash_bytes(struct hash *hash, const void *bytes, size_t length, bool fold)
{
    const unsigned char *from = bytes;
    size_t left = length;

    while (left > 0) {
        unsigned char chunk[8] = {0};
        size_t n = left < sizeof chunk ? left : sizeof chunk;
        uint64_t word;

        memcpy(chunk, from, n);
        if (fold)
            for (size_t i = 0; i < n; i++)
                chunk[i] = hash_fold(chunk[i]);
        memcpy(&word, chunk, sizeof word);
        hash_word(hash, word);
        from += n;
        left -= n;
    }
    hash_word(hash, length);
}

uint64_t hash_end(struct hash *hash)
{
    hash->v[2] ^= 0xff;
    mix(hash->v);
    mix(hash->v);
    mix(hash->v);
    return hash->v[0] ^ hash->v[1] ^ hash->v[2] ^ hash->v[3];
}
