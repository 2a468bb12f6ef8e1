/*
 * Helpers of the hand-written managers. These managers use the usual means of a C program: GLib's
 * hash tables, one mutex that is held across the backend's calls, a switch on the state. They give
 * the same results as the generated ones, copy the callers' configs, and remember the progress of a
 * release. They have no uncertain outcomes, no places of errors, no deadlines, no waiting by root,
 * and no allocators.
 */
#ifndef BENCH_HAND_COMMON_H
#define BENCH_HAND_COMMON_H

#include <glib.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <uuid/uuid.h>

/*
 * Where reservations get their UUIDs: libuuid, or the runtime's pool, so that the two managers
 * differ in nothing else.
 */
struct hand_uuids {
    void (*next)(void *ctx, uuid_t out);
    void *ctx;
};

/* The bytes are random, so some of them are a hash. */
static inline guint hand_uuid_hash(gconstpointer id)
{
    guint hash;

    memcpy(&hash, id, sizeof hash);
    return hash;
}

static inline gboolean hand_uuid_equal(gconstpointer a, gconstpointer b)
{
    return memcmp(a, b, sizeof(uuid_t)) == 0;
}

/* Sets of names, compared as sets. Callers tend to give the same list again. */
struct hand_names {
    char **items;
    unsigned count;
};

bool hand_names_equal(const struct hand_names *a, const struct hand_names *b);
void hand_names_copy(struct hand_names *to, const struct hand_names *from);
void hand_names_free(struct hand_names *names);

#endif
