/* Creating a manager: descriptor, backend, allocator, options. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/depot.h"

/*
 * The files under test are compiled into this one, with a lock that may not be had, and a look at
 * what is given back.
 */
#define lock_init test_lock_init
#define uuid_source_clear test_uuid_source_clear
#include "api/create.c"
#include "model/manager.c"
#undef lock_init
#undef uuid_source_clear
int lock_init(struct lock *lock);
void uuid_source_clear(struct uuid_source *source);

static bool no_lock;
static unsigned sources_cleared;

void test_uuid_source_clear(struct uuid_source *source)
{
    sources_cleared++;
    uuid_source_clear(source);
}

int test_lock_init(struct lock *lock)
{
    return no_lock ? -EAGAIN : lock_init(lock);
}

static int create(const berth_manager_type *type, const depot_options *options, struct depot *depot,
                  const berth_allocator *allocator)
{
    struct depot_backend backend = {depot};
    berth_config config = {.allocator = allocator};

    return berth_manager_create(type, options, &backend, &config, &depot->manager, NULL);
}

static void arguments_of_create_that_do_not_fit_are_refused(void **unused)
{
    struct depot depot;
    berth_manager *manager = (berth_manager *)&depot;
    struct depot_backend backend = {&depot};
    berth_manager_type type = depot_type;
    berth_resource resources[4];
    berth_hook hooks[N_HOOKS + 1];
    berth_allocator half = {.alloc = NULL};

    (void)unused;
    depot_init(&depot);
    assert_int_equal(berth_manager_create(&depot_type, NULL, NULL, NULL, &manager, NULL), -EINVAL);
    assert_null(manager);
    assert_int_equal(berth_manager_create(NULL, NULL, &backend, NULL, &manager, NULL), -EINVAL);
    assert_int_equal(berth_manager_create(&depot_type, NULL, &backend, NULL, NULL, NULL), -EINVAL);
    type.abi++;
    assert_int_equal(create(&type, NULL, &depot, NULL), -EINVAL);
    type.abi--;
    memcpy(resources, depot_type.resources, sizeof resources);
    resources[BOOK].level = BERTH_MAX_LEVELS;
    type.resources = resources;
    assert_int_equal(create(&type, NULL, &depot, NULL), -EINVAL);
    type.resources = depot_type.resources;
    memcpy(hooks, depot_type.hooks, sizeof hooks);
    hooks[RACK_OPEN].out_size = BERTH_MAX_OUT + 1;
    type.hooks = hooks;
    assert_int_equal(create(&type, NULL, &depot, NULL), -EINVAL);
    assert_int_equal(create(&depot_type, NULL, &depot, &half), -EINVAL);
    half.alloc = depot.allocator.alloc;
    assert_int_equal(create(&depot_type, NULL, &depot, &half), -EINVAL);
    half = (berth_allocator){.release = depot.allocator.release};
    assert_int_equal(create(&depot_type, NULL, &depot, &half), -EINVAL);
}

/* Ids are bytes: the last one is reached, and the loops over them end. */
static void tables_of_the_greatest_size(void **unused)
{
    static berth_resource resources[UINT8_MAX + 1];
    static berth_hook hooks[UINT8_MAX + 1];
    struct depot depot;
    berth_manager_type type = depot_type;

    (void)unused;
    depot_init(&depot);
    for (unsigned i = 0; i <= UINT8_MAX; i++) {
        resources[i] = depot_type.resources[i <= BOOK ? i : RACK];
        hooks[i] = depot_type.hooks[i <= N_HOOKS ? i : N_HOOKS];
    }
    type.resources = resources;
    type.n_resources = UINT8_MAX;
    type.hooks = hooks;
    type.n_hooks = UINT8_MAX;
    assert_int_equal(create(&type, NULL, &depot, &depot.allocator), 0);
    assert_int_equal(on_rack(&depot, OP_USE, "a", NULL), 0);
    depot_stop(&depot);
    resources[UINT8_MAX].level = BERTH_MAX_LEVELS;
    assert_int_equal(create(&type, NULL, &depot, &depot.allocator), -EINVAL);
    resources[UINT8_MAX].level = 0;
    hooks[UINT8_MAX].out_size = BERTH_MAX_OUT + 1;
    assert_int_equal(create(&type, NULL, &depot, &depot.allocator), -EINVAL);
}

static void all_settings_may_be_left_out(void **unused)
{
    struct depot depot;
    struct depot_backend backend = {&depot};
    unsigned cleared = sources_cleared;
    uuid_t id;

    (void)unused;
    depot_init(&depot);
    assert_int_equal(berth_manager_create(&depot_type, NULL, &backend, NULL, &depot.manager, NULL),
                     0);
    memset(&backend, 0, sizeof backend); /* it was copied */
    assert_int_equal(reserve(&depot, "a", 1, id, NULL), 0);
    assert_int_equal(with(&depot, OP_CLOSE, id, NULL), 0);
    assert_int_equal(berth_manager_destroy(depot.manager, NULL), 0);
    assert_int_equal(sources_cleared, cleared + 1);
    assert_int_equal(depot.allocations, 0);
}

static void without_a_lock_there_is_no_manager(void **unused)
{
    struct depot depot;

    (void)unused;
    depot_init(&depot);
    no_lock = true;
    assert_int_equal(depot_create(&depot, NULL, NULL), -EAGAIN);
    no_lock = false;
    assert_null(depot.manager);
    assert_int_equal(depot.live_bytes, 0);
}

static void a_take_row_that_calls_is_refused(void **unused)
{
    struct depot depot;
    berth_manager_type type = depot_type;
    berth_resource resources[4];
    berth_row rows[28];
    berth_cell cells[(GONE + 1) * (WIPE + 1)];
    uuid_t id;
    berth_error error;

    (void)unused;
    memcpy(resources, depot_type.resources, sizeof resources);
    memcpy(rows, resources[SHELF].rows, sizeof rows);
    memcpy(cells, resources[SHELF].cells, sizeof cells);
    rows[1].hook = SHELF_OPEN; /* idle on hold; berthc refuses such a table */
    cells[IDLE * (WIPE + 1) + HOLD].plain = 0;
    resources[SHELF].rows = rows;
    resources[SHELF].cells = cells;
    type.resources = resources;
    depot_init(&depot);
    assert_int_equal(create(&type, NULL, &depot, &depot.allocator), 0);
    assert_int_equal(reserve(&depot, "a", 1, id, &error), -EPROTO);
    assert_where(&error, "shelf", "idle", "hold", NULL);
    assert_state(&depot, "");
    assert_string_equal(depot.log, "");
    depot_stop(&depot);
}

static void a_config_too_large_for_an_instance_is_enomem(void **unused)
{
    enum { LENGTH = 1 << 20, N = 4100 }; /* more than 4 GB, if it were copied */
    struct depot depot;
    char *text = malloc(LENGTH);
    const char **items = malloc(N * sizeof *items);
    rack_config rack = {.name = "a", .tags = {items, N}};
    const void *config[] = {&rack};
    berth_request request = {
        .operation = OP_RESOLVE, .config = config, .deadline = BERTH_NO_DEADLINE};
    uint64_t allocations;

    (void)unused;
    memset(text, 'x', LENGTH - 1);
    text[LENGTH - 1] = '\0';
    for (unsigned i = 0; i < N; i++)
        items[i] = text;
    depot_start(&depot, NULL, NULL);
    allocations = depot.allocations;
    assert_int_equal(berth_manager_run(depot.manager, &request, NULL), -ENOMEM);
    assert_int_equal(depot.allocations, allocations);
    assert_state(&depot, "");
    depot_stop(&depot);
    free(items);
    free(text);
}

static void options_outside_their_limits(void **unused)
{
    static const depot_options bad[] = {
        {.rows = 5}, {.u64 = 100}, {.site = "0123456789abcdefg"}, {.kind = 3}, {.list = {NULL, 1}},
    };
    struct depot depot;

    (void)unused;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        depot_init(&depot);
        assert_int_equal(depot_create(&depot, &bad[i], NULL), -EINVAL);
        assert_int_equal(depot.allocations, 0);
    }
}

/* The functions of the type see the options; this one remembers what it saw. */
static depot_options seen;

static berth_refusal watching(const berth_request *request, const void *options)
{
    (void)request;
    memcpy(&seen, options, sizeof seen);
    return (berth_refusal){0};
}

static void see(const depot_options *options, struct depot *depot)
{
    static berth_operation operations[N_OPERATIONS + 1];
    static berth_manager_type type;
    uuid_t id;

    depot_init(depot);
    type = depot_type;
    memcpy(operations, depot_type.operations, sizeof operations);
    operations[OP_RESERVE].check = watching;
    type.operations = operations;
    assert_int_equal(create(&type, options, depot, NULL), 0); /* malloc and free */
    assert_int_equal(reserve(depot, "a", 1, id, NULL), 0);
}

static void no_options_are_the_defaults(void **unused)
{
    struct depot depot;

    (void)unused;
    see(NULL, &depot);
    assert_int_equal(seen.rows, 2);
    assert_false(seen.strict);
    assert_string_equal(seen.site, "yard");
    assert_int_equal(seen.u16, 5);
    assert_int_equal(seen.i32, -1);
    assert_int_equal(seen.u64, 9);
    assert_int_equal(seen.list.count, 0);
    assert_true(uuid_is_null(seen.uuid));
    assert_int_equal(seen.kind, 1);
    depot_stop(&depot);
}

static void options_are_copied_and_zero_may_stand_for_the_default(void **unused)
{
    struct depot depot;
    char site[] = "north", item[] = "i";
    const char *items[] = {item, ""};
    depot_options options = {.strict = true, .site = site, .list = {items, 2}, .uuid = {9}};

    (void)unused;
    see(&options, &depot);
    site[0] = 'N';
    item[0] = 'I';
    items[1] = NULL;
    assert_int_equal(seen.rows, 2);
    assert_true(seen.strict);
    assert_string_equal(seen.site, "north");
    assert_int_equal(seen.u16, 0); /* 0 is a value where it is in range */
    assert_int_equal(seen.u64, 9);
    assert_int_equal(seen.list.count, 2);
    assert_string_equal(seen.list.items[0], "i");
    assert_string_equal(seen.list.items[1], "");
    assert_int_equal(seen.uuid[0], 9);
    assert_int_equal(seen.kind, 0);
    depot_stop(&depot);
    options.site = "";
    see(&options, &depot);
    assert_string_equal(seen.site, ""); /* only NULL stands for the default */
    depot_stop(&depot);
}

static void a_pool_too_large_for_a_number_is_empty(void **unused)
{
    static const berth_pool_part parts[] = {
        {.type = BERTH_U32, .size = UINT32_MAX, .view_offset = offsetof(rack_view, deep)},
        {.type = BERTH_U32, .size = UINT32_MAX, .view_offset = offsetof(rack_view, watt)},
        {.type = BERTH_U32, .size = UINT32_MAX, .view_offset = offsetof(rack_view, u32)},
    };
    struct depot depot;
    berth_manager_type type = depot_type;
    berth_resource resources[4];
    berth_assigned assigned[UINT8_MAX];
    berth_error error;

    (void)unused;
    memcpy(resources, depot_type.resources, sizeof resources);
    memcpy(assigned, resources[RACK].assigned, resources[RACK].n_assigned * sizeof *assigned);
    assigned[4].parts = parts;
    assigned[4].n_parts = 3;
    resources[RACK].assigned = assigned;
    type.resources = resources;
    depot_init(&depot);
    assert_int_equal(create(&type, NULL, &depot, &depot.allocator), 0);
    assert_int_equal(on_rack(&depot, OP_RESOLVE, "a", &error), -ENOSPC);
    assert_state(&depot, ""); /* and the place that was taken before is free again */
    depot_stop(&depot);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arguments_of_create_that_do_not_fit_are_refused),
        cmocka_unit_test(tables_of_the_greatest_size),
        cmocka_unit_test(all_settings_may_be_left_out),
        cmocka_unit_test(without_a_lock_there_is_no_manager),
        cmocka_unit_test(a_take_row_that_calls_is_refused),
        cmocka_unit_test(a_config_too_large_for_an_instance_is_enomem),
        cmocka_unit_test(options_outside_their_limits),
        cmocka_unit_test(no_options_are_the_defaults),
        cmocka_unit_test(options_are_copied_and_zero_may_stand_for_the_default),
        cmocka_unit_test(a_pool_too_large_for_a_number_is_empty),
    };

    return cmocka_run_group_tests_name("create", tests, NULL, NULL);
}
