/*
 * The floor: what no manager of this design can do without, and nothing around it. These are the
 * UUIDs, the hash look-ups and insertions, the allocations, and the lock operations (the lock is
 * not held while a hook runs, so a hook costs a release and a take). They are the runtime's own
 * map, hash and source of UUIDs, with malloc and a plain mutex.
 */
#ifndef BENCH_FLOOR_H
#define BENCH_FLOOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uuid/uuid.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What one manager needs. */
struct floor_shape {
    size_t root_size;    /* bytes of an instance: the runtime's, with its text */
    size_t child_size;   /* 0: no second level */
    bool child_key;      /* it is found by a key; else it is its parent's only one */
    size_t record_size;  /* bytes of a reservation */
    unsigned root_uuids; /* made with a root */
    unsigned map_hooks, unmap_hooks;
};

struct least;

struct least *floor_create(const struct floor_shape *shape);
void floor_destroy(struct least *least);
/* Looks the root up, and the child below it, makes what is not there, and a reservation of both. */
void floor_reserve(struct least *least, const char *key, uint64_t child, uuid_t id);
/* Looks the reservation up, and calls as many hooks if `call`. */
void floor_map(struct least *least, const uuid_t id, bool call);
/* Likewise; forgets the reservation, and the instances if `call`. */
void floor_unmap(struct least *least, const uuid_t id, bool call);
/* Looks a root up. */
bool floor_find(struct least *least, const char *key);

#ifdef __cplusplus
}
#endif
#endif
