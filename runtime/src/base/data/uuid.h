/*
 * Version 4 UUIDs from a pool of random bytes. One system call fills the pool for some 250 UUIDs.
 * The pool is a page that the kernel wipes in a child process, so parent and child never hand out
 * the same UUID. Without such pages libuuid makes each UUID.
 */
#ifndef BERTH_SRC_UUID_H
#define BERTH_SRC_UUID_H

#include <stdbool.h>

#include <berth/uuid.h>

#include "hash.h"
#include "../linkage.h"

struct uuid_page;

struct uuid_source {
    int (*custom)(void *ctx, uuid_t out); /* NULL: the pool */
    void *ctx;
    struct uuid_page *page; /* NULL: not made yet, or there is none */
    bool no_page;
};

internal void uuid_source_init(struct uuid_source *source, int (*custom)(void *ctx, uuid_t out),
                               void *ctx);
internal void uuid_source_clear(struct uuid_source *source);

/* 0, or an error of the custom function; -EPROTO: its result was no error. */
internal int uuid_source_next(struct uuid_source *source, uuid_t out);

/*
 * Makes a random seed for hashes, without the custom function. With BERTH_NO_LIBUUID only that
 * function gives random bytes: the seed is one of its UUIDs. Errors as above; -EINVAL: there is no
 * such function.
 */
internal int uuid_source_seed(struct uuid_source *source, struct hash_seed *seed);

#endif
