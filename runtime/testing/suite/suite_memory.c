/* An allocator that counts what is out, and fails the allocation it is told to. */
#define _POSIX_C_SOURCE 200809L
#include <stdlib.h>
#include <string.h>

#include "suite_internal.h"

/* In front of every block, so that a release with the wrong size is noticed. */
typedef union header {
    size_t size;
    max_align_t align;
} header;

/* Behind a guarded block, so that a write beyond its end is noticed. */
static const unsigned char guard[16] = {0xb7, 0x5c, 0xe1, 0x3a, 0x96, 0x4d, 0xf2, 0x78,
                                        0xb7, 0x5c, 0xe1, 0x3a, 0x96, 0x4d, 0xf2, 0x78};

static void *allocate(void *ctx, size_t size)
{
    suite_memory *memory = ctx;
    header *block;
    bool fails;

    (void)pthread_mutex_lock(&memory->lock);
    fails = memory->fail_at != 0 && ++memory->asked == memory->fail_at;
    if (fails)
        memory->failed = true;
    else
        memory->blocks++;
    (void)pthread_mutex_unlock(&memory->lock);
    if (fails)
        return NULL;
    block = malloc(sizeof *block + size + (memory->guarded ? sizeof guard : 0));
    if (block == NULL)
        abort();
    block->size = size;
    if (memory->guarded)
        memcpy((char *)(block + 1) + size, guard, sizeof guard);
    return block + 1;
}

static void release(void *ctx, void *memory_, size_t size)
{
    suite_memory *memory = ctx;
    header *block = (header *)memory_ - 1;

    (void)pthread_mutex_lock(&memory->lock);
    memory->blocks--;
    if (block->size != size)
        memory->wrong_size = true;
    else if (memory->guarded && memcmp((char *)memory_ + size, guard, sizeof guard) != 0)
        memory->overrun = true;
    (void)pthread_mutex_unlock(&memory->lock);
    free(block);
}

void suite_memory_init(berth_suite *suite)
{
    if (pthread_mutex_init(&suite->memory.lock, NULL) != 0)
        abort();
    suite->allocator =
        (berth_allocator){.alloc = allocate, .release = release, .ctx = &suite->memory};
}

void suite_memory_fail_at(berth_suite *suite, size_t k)
{
    (void)pthread_mutex_lock(&suite->memory.lock);
    suite->memory.fail_at = k;
    suite->memory.asked = 0;
    suite->memory.failed = false;
    (void)pthread_mutex_unlock(&suite->memory.lock);
}

bool suite_memory_failed(berth_suite *suite)
{
    bool failed;

    (void)pthread_mutex_lock(&suite->memory.lock);
    failed = suite->memory.failed;
    (void)pthread_mutex_unlock(&suite->memory.lock);
    return failed;
}
