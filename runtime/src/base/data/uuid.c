#define _DEFAULT_SOURCE 1

#include "uuid.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#if defined __linux__ && !defined BERTH_NO_LIBUUID
#include <sys/mman.h>
#include <sys/random.h>
#endif

void uuid_source_init(struct uuid_source *source, int (*custom)(void *ctx, uuid_t out), void *ctx)
{
    source->custom = custom;
    source->ctx = ctx;
    source->page = NULL;
    source->no_page = false;
}

#if defined MADV_WIPEONFORK && !defined BERTH_NO_LIBUUID
#define HAS_POOL 1

enum { PAGE = 4096, POOLED = PAGE / sizeof(uuid_t) - 1 };

/* The first word is 0 in a page that the kernel has wiped: no UUIDs are left. */
struct uuid_page {
    uint32_t left;
    unsigned char bytes[POOLED][sizeof(uuid_t)];
};

static struct uuid_page *make_page(void)
{
    void *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (page == MAP_FAILED)
        return NULL;
    if (madvise(page, PAGE, MADV_WIPEONFORK) != 0) {
        (void)munmap(page, PAGE);
        return NULL;
    }
    return page;
}

static bool fill(struct uuid_page *page)
{
    ssize_t got = getrandom(page->bytes, sizeof page->bytes, 0);

    /* a signal may cut it short */
    page->left = got < 0 ? 0 : (uint32_t)((size_t)got / sizeof(uuid_t));
    return page->left > 0;
}

/* False: there is no pool. */
static bool from_pool(struct uuid_source *source, uuid_t out)
{
    unsigned char *bytes;

    if (!source->page && !source->no_page) {
        source->page = make_page();
        source->no_page = !source->page;
    }
    if (!source->page || (source->page->left == 0 && !fill(source->page)))
        return false;
    bytes = source->page->bytes[--source->page->left];
    memcpy(out, bytes, sizeof(uuid_t));
    memset(bytes, 0, sizeof(uuid_t)); /* a UUID that is in use cannot be found here later */
    return true;
}

#endif

void uuid_source_clear(struct uuid_source *source)
{
#ifdef HAS_POOL
    if (source->page)
        (void)munmap(source->page, PAGE);
#endif
    source->page = NULL;
}

/* With BERTH_NO_LIBUUID only the custom function makes UUIDs. */
static int make(struct uuid_source *source, uuid_t out)
{
    (void)source;
#ifdef HAS_POOL
    if (from_pool(source, out)) {
        out[6] = (unsigned char)((out[6] & 0x0f) | 0x40); /* version 4 */
        out[8] = (unsigned char)((out[8] & 0x3f) | 0x80); /* variant of RFC 4122 */
        return 0;
    }
#endif
#ifdef BERTH_NO_LIBUUID
    (void)out;
    return -EINVAL;
#else
    uuid_generate_random(out);
    return 0;
#endif
}

int uuid_source_next(struct uuid_source *source, uuid_t out)
{
    int rc;

    if (!source->custom)
        return make(source, out);
    rc = source->custom(source->ctx, out);
    return rc > 0 ? -EPROTO : rc;
}

int uuid_source_seed(struct uuid_source *source, struct hash_seed *seed)
{
    uuid_t bytes;

#ifndef BERTH_NO_LIBUUID
    (void)source;
    uuid_generate_random(bytes);
#else
    int rc = uuid_source_next(source, bytes);

    if (rc < 0)
        return rc;
#endif
    _Static_assert(sizeof bytes == sizeof *seed, "a UUID makes a seed");
    memcpy(seed, bytes, sizeof *seed);
    return 0;
}
