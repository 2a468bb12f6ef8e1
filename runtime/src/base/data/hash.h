/*
 * A keyed hash of a sequence of words and texts: SipHash's permutation, one round per word and
 * three at the end. Keys come from callers. Without the seed they cannot compute the hash, and so
 * cannot choose collisions.
 *
 * All of it is in the header: a call would cost more than a round, which each word of each key
 * takes.
 */
#ifndef BERTH_SRC_HASH_H
#define BERTH_SRC_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct hash_seed {
    uint64_t word[2];
};

struct berth_hash {
    uint64_t v[4];
};

static inline uint64_t hash_rotate(uint64_t x, unsigned bits)
{
    return (x << bits) | (x >> (64 - bits));
}

static inline void hash_mix(struct berth_hash *hash)
{
    uint64_t *v = hash->v;

    v[0] += v[1];
    v[2] += v[3];
    v[1] = hash_rotate(v[1], 13) ^ v[0];
    v[3] = hash_rotate(v[3], 16) ^ v[2];
    v[0] = hash_rotate(v[0], 32);
    v[2] += v[1];
    v[0] += v[3];
    v[1] = hash_rotate(v[1], 17) ^ v[2];
    v[3] = hash_rotate(v[3], 21) ^ v[0];
    v[2] = hash_rotate(v[2], 32);
}

static inline void hash_start(struct berth_hash *hash, const struct hash_seed *seed)
{
    hash->v[0] = seed->word[0] ^ UINT64_C(0x736f6d6570736575);
    hash->v[1] = seed->word[1] ^ UINT64_C(0x646f72616e646f6d);
    hash->v[2] = seed->word[0] ^ UINT64_C(0x6c7967656e657261);
    hash->v[3] = seed->word[1] ^ UINT64_C(0x7465646279746573);
}

static inline void hash_word(struct berth_hash *hash, uint64_t word)
{
    hash->v[3] ^= word;
    hash_mix(hash);
    hash->v[0] ^= word;
}

/* The small letter of an ASCII letter; other bytes stay as they are. */
static inline unsigned char hash_fold(unsigned char c)
{
    return c >= 'A' && c <= 'Z' ? (unsigned char)(c + ('a' - 'A')) : c;
}

/* hash_fold() of each byte of a word. */
static inline uint64_t hash_fold_word(uint64_t word)
{
    const uint64_t each = UINT64_C(0x0101010101010101);
    uint64_t low = word & (0x7f * each);
    uint64_t from_a = low + (0x80 - 'A') * each;      /* top bit: 'A' or above */
    uint64_t above_z = low + (0x80 - 'Z' - 1) * each; /* top bit: above 'Z' */

    return word | ((from_a & ~above_z & ~word & (0x80 * each)) >> 2);
}

static inline uint64_t hash_load(const void *bytes)
{
    uint64_t word;

    memcpy(&word, bytes, sizeof word);
    return word;
}

/* Fewer than 8 bytes as a word. Different bytes give different words. */
static inline uint64_t hash_load_tail(const unsigned char *bytes, size_t n)
{
    uint32_t first, last;

    if (n >= sizeof first) {
        memcpy(&first, bytes, sizeof first);
        memcpy(&last, bytes + n - sizeof last, sizeof last);
        return first | (uint64_t)last << (8 * (n - sizeof last));
    }
    return n == 0 ? 0 : bytes[0] | (uint64_t)bytes[n / 2] << 8 | (uint64_t)bytes[n - 1] << 16;
}

/*
 * Hashes `length` bytes. With `fold`, ASCII letters count as small ones. As in SipHash, the last
 * word has the length in it. The state is marked at the end, so that "ab", "c" differs from "a",
 * "bc".
 */
static inline void hash_bytes(struct berth_hash *hash, const void *bytes, size_t length, bool fold)
{
    struct berth_hash state = *hash; /* a copy, in registers: `bytes` may point into *hash */
    const unsigned char *from = bytes;
    size_t left = length;
    uint64_t word;

    for (; left >= sizeof word; left -= sizeof word, from += sizeof word) {
        word = hash_load(from);
        hash_word(&state, fold ? hash_fold_word(word) : word);
    }
    word = hash_load_tail(from, left);
    hash_word(&state, (fold ? hash_fold_word(word) : word) ^ ((uint64_t)length << 56));
    state.v[2] ^= 0xee;
    *hash = state;
}

static inline uint64_t hash_end(struct berth_hash *hash)
{
    hash->v[2] ^= 0xff;
    hash_mix(hash);
    hash_mix(hash);
    hash_mix(hash);
    return hash->v[0] ^ hash->v[1] ^ hash->v[2] ^ hash->v[3];
}

/* The two halves of a product of 128 bits, mixed, for machines with products of 64 bits. */
static inline uint64_t hash_multiply_in_parts(uint64_t a, uint64_t b)
{
    uint64_t low = (uint64_t)(uint32_t)a * (uint32_t)b, high = (a >> 32) * (b >> 32);
    uint64_t left = (a >> 32) * (uint32_t)b, right = (uint32_t)a * (b >> 32);
    uint64_t middle = (low >> 32) + (uint32_t)left + (uint32_t)right;

    return (middle << 32 | (uint32_t)low) ^ (high + (left >> 32) + (right >> 32) + (middle >> 32));
}

/*
 * One multiplication whose two halves are mixed. It is enough for words that callers do not choose,
 * or cannot hash because they lack the seed.
 */
static inline uint32_t hash_pair(const struct hash_seed *seed, uint64_t first, uint64_t second)
{
    uint64_t a = first ^ seed->word[0], b = second ^ seed->word[1];
#ifdef __SIZEOF_INT128__
    __extension__ typedef unsigned __int128 wide;
    wide product = (wide)a * b;
    uint64_t mixed = (uint64_t)product ^ (uint64_t)(product >> 64);
#else
    uint64_t mixed = hash_multiply_in_parts(a, b);
#endif
    return (uint32_t)(mixed ^ (mixed >> 32));
}

/* The hash of a UUID from a source that does not know the seed. */
static inline uint32_t hash_uuid(const struct hash_seed *seed, const unsigned char *id)
{
    return hash_pair(seed, hash_load(id), hash_load(id + 8));
}

#endif
