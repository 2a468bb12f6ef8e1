/*
 * The runtime where there is no libuuid, no malloc and no clock: memory, UUIDs and time are the
 * program's. Built by tests/runtime/test_no_threads.py.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "support/depot.h"

int64_t berth_now(void)
{
    return 42;
}

static void *take(void *ctx, size_t size)
{
    ++*(int *)ctx;
    return malloc(size);
}

static void give(void *ctx, void *memory, size_t size)
{
    (void)size;
    --*(int *)ctx;
    free(memory);
}

static int blocks;
static const berth_allocator allocator = {take, give, &blocks};

/* Counts up from 1; -EIO once it is broken. */
struct ids {
    unsigned char last;
    bool broken;
};

static int next_id(void *ctx, uuid_t out)
{
    struct ids *ids = ctx;

    if (ids->broken)
        return -EIO;
    uuid_clear(out);
    out[15] = ++ids->last;
    return 0;
}

static int create(const berth_config *config, berth_manager **out)
{
    static struct depot depot; /* no hook of it is ever called */
    const struct depot_backend backend = {&depot};

    return berth_manager_create(&depot_type, NULL, &backend, config, out, NULL);
}

static void memory_and_uuids_must_be_given(void **unused)
{
    struct ids ids = {0};
    berth_manager *manager = (berth_manager *)&ids;

    (void)unused;
    assert_int_equal(create(NULL, &manager), -EINVAL);
    assert_null(manager);
    assert_int_equal(create(&(berth_config){.allocator = &allocator}, &manager), -EINVAL);
    assert_int_equal(create(&(berth_config){.uuid = next_id, .uuid_ctx = &ids}, &manager), -EINVAL);
    ids.broken = true; /* no seed, no manager */
    assert_int_equal(
        create(&(berth_config){.allocator = &allocator, .uuid = next_id, .uuid_ctx = &ids},
               &manager),
        -EIO);
    assert_null(manager);
    assert_int_equal(blocks, 0);
}

static void a_reservation_has_the_uuid_that_was_made_for_it(void **unused)
{
    static const unsigned char third[16] = {[15] = 3};
    struct ids ids = {0};
    const berth_config config = {.allocator = &allocator, .uuid = next_id, .uuid_ctx = &ids};
    const rack_config rack = {.name = "a"};
    const shelf_config shelf = {.index = 1, .zone = "z"};
    const book_config book = {.isbn = {7}};
    const void *const path[] = {&rack, &shelf, &book};
    uuid_t id;
    berth_manager *manager;
    const berth_request reserve = {
        .operation = OP_RESERVE, .config = path, .gives = id, .deadline = BERTH_NO_DEADLINE};

    (void)unused;
    assert_int_equal(create(&config, &manager), 0);
    assert_int_equal(ids.last, 1); /* the seed */
    assert_int_equal(berth_manager_run(manager, &reserve, NULL), 0);
    assert_int_equal(uuid_compare(id, third), 0); /* the second is the rack's own */
    assert_int_equal(berth_manager_discard(manager), 0);
    assert_int_equal(berth_manager_destroy(manager, NULL), 0);
    assert_int_equal(blocks, 0);
}

static void uuids_as_text(void **unused)
{
    const uuid_t id = {0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef,
                       0xfe, 0xdc, 0xba, 0x98, 0x76, 0x54, 0x32, 0x10};
    const uuid_t nil = {0};
    uuid_t other;
    char text[UUID_STR_LEN];

    (void)unused;
    uuid_unparse_lower(id, text);
    assert_string_equal(text, "01234567-89ab-cdef-fedc-ba9876543210");
    uuid_copy(other, id);
    assert_int_equal(uuid_compare(other, id), 0);
    other[15]++;
    assert_int_not_equal(uuid_compare(other, id), 0);
    assert_true(uuid_is_null(nil));
    assert_false(uuid_is_null(id));
    uuid_clear(other);
    assert_true(uuid_is_null(other));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_and_uuids_must_be_given),
        cmocka_unit_test(a_reservation_has_the_uuid_that_was_made_for_it),
        cmocka_unit_test(uuids_as_text),
    };

    return cmocka_run_group_tests_name("bare", tests, NULL, NULL);
}
