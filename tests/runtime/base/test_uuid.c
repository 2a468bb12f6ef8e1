/*
 * The pool of random bytes: what it hands out, after a fork too, and what happens where system
 * calls fail.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/depot.h"

/* The file under test is compiled into this one, with system calls that can fail. */

static bool no_mmap, no_madvise, no_getrandom;
static unsigned fills, pages, generated;
static size_t at_most;

static void *test_mmap(size_t size)
{
    pages += !no_mmap;
    return no_mmap ? MAP_FAILED
                   : mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static int test_munmap(void *page, size_t size)
{
    pages--;
    return munmap(page, size);
}

static void test_uuid_generate_random(uuid_t out)
{
    generated++;
    uuid_generate_random(out);
}

static int test_madvise(void *page, size_t size, int advice)
{
    return no_madvise ? -1 : madvise(page, size, advice);
}

static ssize_t test_getrandom(void *bytes, size_t size, unsigned flags)
{
    fills++;
    if (no_getrandom)
        return -1;
    return getrandom(bytes, at_most > 0 && at_most < size ? at_most : size, flags);
}

#define mmap(address, size, protection, flags, file, offset) test_mmap(size)
#define munmap test_munmap
#define uuid_generate_random test_uuid_generate_random
#define madvise test_madvise
#define getrandom test_getrandom
#include "base/data/uuid.c"
#undef mmap
#undef munmap
#undef uuid_generate_random
#undef madvise
#undef getrandom

static int set_up(void **unused)
{
    (void)unused;
    no_mmap = no_madvise = no_getrandom = false;
    fills = pages = generated = 0;
    at_most = 0;
    return 0;
}

static int nothing_stays_mapped(void **unused)
{
    (void)unused;
    return pages == 0 ? 0 : -1;
}

static void assert_version_4(const unsigned char *uuid)
{
    assert_int_equal(uuid[6] & 0xf0, 0x40);
    assert_int_equal(uuid[8] & 0xc0, 0x80);
}

static void all_differ_and_are_version_4(void **unused)
{
    enum { N = 1000 };
    static uuid_t ids[N];
    struct uuid_source source;

    (void)unused;
    uuid_source_init(&source, NULL, NULL);
    for (unsigned i = 0; i < N; i++) {
        assert_int_equal(uuid_source_next(&source, ids[i]), 0);
        assert_version_4(ids[i]);
        for (unsigned j = 0; j < i; j++)
            assert_int_not_equal(uuid_compare(ids[i], ids[j]), 0);
    }
    assert_int_equal(fills, 4); /* 255 a time */
    assert_int_equal(generated, 0);
    uuid_source_clear(&source);
    uuid_source_clear(&source);
}

static void a_uuid_is_wiped_from_the_pool(void **unused)
{
    struct uuid_source source;
    uuid_t id, zero = {0};

    (void)unused;
    uuid_source_init(&source, NULL, NULL);
    assert_int_equal(uuid_source_next(&source, id), 0);
    assert_memory_equal(source.page->bytes[source.page->left], zero, sizeof zero);
    uuid_source_clear(&source);
}

/* Emulators of user programs accept the advice and do not follow it. */
static bool kernel_wipes_on_fork(void)
{
    char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    int status = -1;
    pid_t child;

    assert_true(page != MAP_FAILED);
    assert_int_equal(madvise(page, 4096, MADV_WIPEONFORK), 0);
    *page = 1;
    child = fork();
    assert_true(child >= 0);
    if (child == 0)
        _exit(*page);
    assert_int_equal(waitpid(child, &status, 0), child);
    (void)munmap(page, 4096);
    return status == 0;
}

static void a_child_never_repeats_its_parents(void **unused)
{
    struct uuid_source source;
    uuid_t id, of_child;
    int ends[2], status;
    pid_t child;

    (void)unused;
    if (!kernel_wipes_on_fork())
        skip();
    uuid_source_init(&source, NULL, NULL);
    assert_int_equal(uuid_source_next(&source, id), 0);
    assert_int_equal(pipe(ends), 0);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        bool wiped = source.page->left == 0;

        (void)uuid_source_next(&source, id);
        _exit(wiped && write(ends[1], id, sizeof id) == (ssize_t)sizeof id ? 0 : 1);
    }
    assert_int_equal(uuid_source_next(&source, id), 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(read(ends[0], of_child, sizeof of_child), (int)sizeof of_child);
    assert_version_4(of_child);
    assert_int_not_equal(uuid_compare(id, of_child), 0);
    close(ends[0]);
    close(ends[1]);
    uuid_source_clear(&source);
}

static void without_a_page_libuuid_makes_them(void **unused)
{
    struct uuid_source source;
    uuid_t a, b;

    (void)unused;
    for (int i = 0; i < 2; i++) {
        no_mmap = i == 0;
        no_madvise = i == 1;
        uuid_source_init(&source, NULL, NULL);
        assert_int_equal(uuid_source_next(&source, a), 0);
        assert_int_equal(uuid_source_next(&source, b), 0);
        assert_version_4(a);
        assert_int_not_equal(uuid_compare(a, b), 0);
        assert_int_equal(fills, 0);
        assert_int_equal(generated, 2);
        generated = 0;
        uuid_source_clear(&source);
    }
}

static void without_random_bytes_libuuid_makes_them(void **unused)
{
    struct uuid_source source;
    uuid_t a, b;

    (void)unused;
    no_getrandom = true;
    uuid_source_init(&source, NULL, NULL);
    assert_int_equal(uuid_source_next(&source, a), 0);
    no_getrandom = false;
    assert_int_equal(uuid_source_next(&source, b), 0); /* and back to the pool when there are */
    assert_version_4(a);
    assert_int_not_equal(uuid_compare(a, b), 0);
    assert_int_equal(fills, 2);
    assert_int_equal(generated, 1);
    uuid_source_clear(&source);
}

static void a_short_read_is_used_up_to_where_it_came(void **unused)
{
    struct uuid_source source;
    uuid_t ids[3];

    (void)unused;
    at_most = 40;
    uuid_source_init(&source, NULL, NULL);
    for (int i = 0; i < 3; i++)
        assert_int_equal(uuid_source_next(&source, ids[i]), 0);
    assert_int_equal(fills, 2); /* two whole ones in 40 bytes */
    assert_int_not_equal(uuid_compare(ids[0], ids[1]), 0);
    assert_int_not_equal(uuid_compare(ids[1], ids[2]), 0);
    at_most = 15;
    source.page->left = 0;
    assert_int_equal(uuid_source_next(&source, ids[0]), 0);
    assert_version_4(ids[0]);
    uuid_source_clear(&source);
}

static int custom(void *ctx, uuid_t out)
{
    memset(out, 0xff, sizeof(uuid_t));
    return *(int *)ctx;
}

static void a_callers_own_are_taken_as_they_are(void **unused)
{
    struct uuid_source source;
    uuid_t id;
    int rc = -EAGAIN;

    (void)unused;
    memset(&source, 0xff, sizeof source);
    uuid_source_init(&source, custom, &rc);
    assert_null(source.page);
    assert_false(source.no_page);
    assert_int_equal(uuid_source_next(&source, id), -EAGAIN);
    rc = 0;
    assert_int_equal(uuid_source_next(&source, id), 0);
    assert_int_equal(id[6], 0xff);
    uuid_source_clear(&source);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(all_differ_and_are_version_4, set_up, nothing_stays_mapped),
        cmocka_unit_test_setup_teardown(a_uuid_is_wiped_from_the_pool, set_up,
                                        nothing_stays_mapped),
        cmocka_unit_test_setup_teardown(a_child_never_repeats_its_parents, set_up,
                                        nothing_stays_mapped),
        cmocka_unit_test_setup_teardown(without_a_page_libuuid_makes_them, set_up,
                                        nothing_stays_mapped),
        cmocka_unit_test_setup_teardown(without_random_bytes_libuuid_makes_them, set_up,
                                        nothing_stays_mapped),
        cmocka_unit_test_setup_teardown(a_short_read_is_used_up_to_where_it_came, set_up,
                                        nothing_stays_mapped),
        cmocka_unit_test_setup_teardown(a_callers_own_are_taken_as_they_are, set_up,
                                        nothing_stays_mapped),
    };

    return cmocka_run_group_tests_name("uuid", tests, NULL, NULL);
}
