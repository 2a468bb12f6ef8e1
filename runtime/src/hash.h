/*
 * A keyed hash of a sequence of words and texts: SipHash's permutation, one round per word and three at the end. Keys come from callers, so
 * that a hash they can compute would let them choose collisions.
 */
#ifndef BERTH_SRC_HASH_H
#define BERTH_SRC_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct hash_seed {
    uint64_t word[2];
};

struct hash {
    uint64_t v[4];
};

void hash_start(struct hash *hash, const struct hash_seed *seed);
void hash_word(struct hash *hash, uint64_t word);

/* `length` bytes; ASCII letters count as small ones when `fold`. The length goes in too: "ab", "c" is not "a", "bc". */
void hash_bytes(struct hash *hash, const void *bytes, size_t length, bool fold);

uint64_t hash_end(struct hash *hash);

/* The small letter of an ASCII letter, everything else as it is. */
unsigned char hash_fold(unsigned char c);

#endif
