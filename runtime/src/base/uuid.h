/*
 * Version 4 UUIDs from a pool of random bytes. One system call fills the pool for some 250 UUIDs;
 * the pool is a page that the kernel wipes in a child process, so that parent and child never hand
 * out the same UUID. Where that cannot be had, libuuid makes each one.
 */
#ifndef BERTH_SRC_UUID_H
#define BERTH_SRC_UUID_H

#include <stdbool.h>

#include <berth/uuid.h>

#include "hash.h"
#include "linkage.h"

struct uuid_page;

struct uuid_source {
    int (*custom)(void *ctx, uuid_t out); /* NULL: the pool */
    void *ctx;
    struct uuid_page *page; /* NULL: not made yet, or not to be had */
    bool no_page;
};

internal void uuid_source_init(struct uuid_source *source, int (*custom)(void *ctx, uuid_t out),
                               void *ctx);
internal void uuid_source_clear(struct uuid_source *source);

/* 0, or what the custom function returned; -EPROTO when that is no answer. */
internal int uuid_source_next(struct uuid_source *source, uuid_t out);

/*
 * A seed for hashes. It is random whatever UUIDs the custom function makes; with BERTH_NO_LIBUUID
 * it can be nothing but one of those, or the error of that function, and without one there is none:
 * -EINVAL.
 */
internal int uuid_source_seed(struct uuid_source *source, struct hash_seed *seed);

#endif
