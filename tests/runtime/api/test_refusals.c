/* What create and destroy say when they refuse, in words and as values. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "support/depot.h"

enum { VERSION = 0x0a1ded5c }; /* as in generated headers, a hash */

/* A backend as generated code has it: its version comes first. */
struct versioned {
    uint32_t version;
    uint8_t lacks; /* a hook that must be there */
};

static bool has_all_but(const void *given, uint8_t hook)
{
    const struct versioned *backend = given;

    return hook != backend->lacks;
}

static berth_manager_type versioned_type(void)
{
    static berth_hook hooks[BOOK_EJECT + 1];
    berth_manager_type type = depot_type;

    memcpy(hooks, depot_type.hooks, sizeof hooks);
    hooks[SHELF_CLOSE].required = true;
    hooks[RACK_OPEN].together = hooks[BOOK_OPEN].together = 1;
    type.hooks = hooks;
    type.backend_version = VERSION;
    type.backend_size = sizeof(struct versioned);
    type.has = has_all_but;
    return type;
}

static const struct versioned good = {.version = VERSION};

static void assert_line(const berth_error *error, const char *expected)
{
    char line[256];

    assert_string_equal(berth_error_text(error, line, sizeof line), expected);
}

static berth_error assert_refused(const berth_manager_type *type, const depot_options *options,
                                  const void *backend, const berth_config *config,
                                  const char *expected)
{
    berth_manager *manager = (berth_manager *)&manager;
    berth_error error;

    memset(&error, 0xff, sizeof error);
    assert_int_equal(berth_manager_create(type, options, backend, config, &manager, &error),
                     -EINVAL);
    assert_null(manager);
    assert_int_equal(error.code, -EINVAL);
    assert_line(&error, expected);
    assert_int_equal(berth_manager_create(type, options, backend, config, &manager, NULL), -EINVAL);
    return error;
}

static void a_backend_that_does_not_fit(void **unused)
{
    const berth_manager_type type = versioned_type();
    const struct versioned unset = {0}, old = {.version = 0x766ef2b3},
                           lacking = {.version = VERSION, .lacks = SHELF_CLOSE},
                           half = {.version = VERSION, .lacks = BOOK_OPEN},
                           without = {.version = VERSION, .lacks = RACK_EJECT};
    berth_manager *manager;
    berth_error error;

    (void)unused;
    assert_refused(&type, NULL, NULL, NULL, "depot_create: backend is NULL: Invalid argument");
    assert_refused(&type, NULL, &unset, NULL,
                   "depot_create: backend has another version than the manager: 0, not 0x0a1ded5c: "
                   "Invalid argument");
    error = assert_refused(&type, NULL, &old, NULL,
                           "depot_create: backend has another version than the manager: "
                           "0x766ef2b3, not 0x0a1ded5c: Invalid argument");
    assert_int_equal(error.given, 0x766ef2b3);
    assert_int_equal(error.wanted, VERSION);
    error = assert_refused(&type, NULL, &lacking, NULL,
                           "depot_create: backend lacks shelf.close: Invalid argument");
    assert_string_equal(error.hook, "shelf.close");
    error = assert_refused(&type, NULL, &half, NULL,
                           "depot_create: backend lacks book.open: Invalid argument");
    assert_string_equal(error.hook, "book.open"); /* rack.open is there */
    assert_int_equal(berth_manager_create(&type, NULL, &without, NULL, &manager, NULL), 0);
    assert_int_equal(berth_manager_destroy(manager, NULL), 0);
}

static void no_place_for_the_manager(void **unused)
{
    const berth_manager_type type = versioned_type();
    berth_error error;

    (void)unused;
    assert_int_equal(berth_manager_create(&type, NULL, &good, NULL, NULL, &error), -EINVAL);
    assert_line(&error, "depot_create: out is NULL: Invalid argument");
    assert_int_equal(berth_manager_create(&type, NULL, &good, NULL, NULL, NULL), -EINVAL);
}

/* Each option by name, with what it may be. */
static void an_option_out_of_range(void **unused)
{
    static const char *const words[] = {"round", "flat", "square"};
    const depot_options rows = {.rows = 5}, kind = {.kind = 3}, low = {.rows = 1, .i32 = -6};
    berth_manager_type type = versioned_type();
    static const berth_range range = {-5, 5};
    berth_field options[16];
    const char *only[] = {"longer than that"};
    depot_options texts = {.site = "much too long"};
    berth_error error;
    unsigned i;

    (void)unused;
    error = assert_refused(&type, &rows, &good, NULL,
                           "depot_create: option rows: must be 1 to 4: Invalid argument");
    assert_string_equal(error.field, "rows");
    assert_ptr_equal(error.limits, &type.options[0]);
    memcpy(options, type.options, type.n_options * sizeof *options);
    type.options = options;
    for (i = 0; i < type.n_options; i++) {
        if (strcmp(options[i].name, "kind") == 0)
            options[i].values = words;
        if (strcmp(options[i].name, "i32") == 0) {
            options[i].flags |= BERTH_RANGED;
            options[i].range = &range;
        }
        if (strcmp(options[i].name, "site") == 0)
            options[i].max_length = 8;
        if (strcmp(options[i].name, "list") == 0)
            options[i].max_length = 1;
    }
    assert_refused(&type, &kind, &good, NULL,
                   "depot_create: option kind: must be round, flat or square: Invalid argument");
    assert_refused(&type, &low, &good, NULL,
                   "depot_create: option i32: must be -5 to 5: Invalid argument");
    assert_refused(&type, &texts, &good, NULL,
                   "depot_create: option site: must have at most 8 bytes: Invalid argument");
    texts = (depot_options){.list = {only, 1}};
    assert_refused(&type, &texts, &good, NULL,
                   "depot_create: option list: must have at most 1 byte: Invalid argument");
    for (i = 0; i < type.n_options; i++)
        if (strcmp(options[i].name, "uuid") == 0)
            options[i].flags |= BERTH_REQUIRED;
    assert_refused(&type, NULL, &good, NULL,
                   "depot_create: option uuid: must be given: Invalid argument");
}

static void half_an_allocator(void **unused)
{
    const berth_manager_type type = versioned_type();
    struct depot depot;
    berth_allocator half;

    (void)unused;
    depot_init(&depot);
    half = (berth_allocator){.alloc = depot.allocator.alloc};
    assert_refused(&type, NULL, &good, &(berth_config){.allocator = &half},
                   "depot_create: config.allocator lacks release: Invalid argument");
    half = (berth_allocator){.release = depot.allocator.release};
    assert_refused(&type, NULL, &good, &(berth_config){.allocator = &half},
                   "depot_create: config.allocator lacks alloc: Invalid argument");
}

static void generated_code_that_does_not_fit(void **unused)
{
    berth_manager_type type = versioned_type();
    berth_resource resources[BOOK + 1];
    berth_hook hooks[N_HOOKS + 1];
    berth_error error;

    (void)unused;
    assert_refused(NULL, NULL, &good, NULL, "descriptor is NULL: Invalid argument");
    type.abi = 1;
    error = assert_refused(&type, NULL, &good, NULL,
                           "depot_create: generated code has another ABI than the runtime: 1, not "
                           "5: Invalid argument");
    assert_int_equal(error.wanted, BERTH_ABI);
    type = versioned_type();
    memcpy(resources, type.resources, sizeof resources);
    resources[BOOK].level = BERTH_MAX_LEVELS;
    type.resources = resources;
    assert_refused(&type, NULL, &good, NULL,
                   "depot_create: book: too many levels of resources: Invalid argument");
    type = versioned_type();
    memcpy(hooks, type.hooks, sizeof hooks);
    hooks[RACK_OPEN].out_size = BERTH_MAX_OUT + 1;
    type.hooks = hooks;
    assert_refused(&type, NULL, &good, NULL,
                   "depot_create: too many out-values of rack.open: Invalid argument");
    type = versioned_type();
    type.op_size = 64;
    assert_refused(&type, NULL, &good, NULL,
                   "depot_create: generated code has too small blocks for started operations: "
                   "Invalid argument");
}

/* Nothing is named where memory is what is missing, and nothing after success. */
static void without_memory_and_with_success(void **unused)
{
    const berth_manager_type type = versioned_type();
    static const berth_error nothing = {0};
    struct depot depot;
    berth_manager *manager;
    berth_error error;

    (void)unused;
    depot_init(&depot);
    depot.fail_allocation = 1;
    assert_int_equal(berth_manager_create(&type, NULL, &good,
                                          &(berth_config){.allocator = &depot.allocator}, &manager,
                                          &error),
                     -ENOMEM);
    assert_line(&error, "depot_create: Cannot allocate memory");
    memset(&error, 0xff, sizeof error);
    assert_int_equal(berth_manager_create(&type, NULL, &good,
                                          &(berth_config){.allocator = &depot.allocator}, &manager,
                                          &error),
                     0);
    assert_memory_equal(&error, &nothing, sizeof error);
    memset(&error, 0xff, sizeof error);
    assert_int_equal(berth_manager_destroy(manager, &error), 0);
    assert_memory_equal(&error, &nothing, sizeof error);
    memset(&error, 0xff, sizeof error);
    assert_int_equal(berth_manager_destroy(NULL, &error), 0);
    assert_memory_equal(&error, &nothing, sizeof error);
    assert_int_equal(depot.live_bytes, 0);
}

/* Destroy */

static void destroy_names_a_reservation(void **unused)
{
    struct depot depot;
    char text[UUID_STR_LEN], expected[256];
    berth_error error;
    uuid_t id;

    (void)unused;
    depot_start(&depot, NULL, NULL);
    assert_int_equal(reserve(&depot, "a", 1, id, NULL), 0);
    assert_int_equal(berth_manager_destroy(depot.manager, &error), -EBUSY);
    assert_int_equal(error.code, -EBUSY);
    assert_memory_equal(error.reservation, id, sizeof id);
    uuid_unparse_lower(id, text);
    snprintf(expected, sizeof expected,
             "depot_destroy: book \"a\"/1,\"z\" idle: reservation %s has not ended: "
             "Device or resource busy",
             text);
    assert_line(&error, expected);
    depot_stop(&depot);
}

static void destroy_names_an_instance(void **unused)
{
    struct depot depot;
    berth_error error;

    (void)unused;
    depot_start(&depot, NULL, NULL);
    assert_int_equal(on_rack(&depot, OP_USE, "free", NULL), 0);
    assert_int_equal(on_rack(&depot, OP_USE, "free", NULL), 0);
    assert_int_equal(berth_manager_destroy(depot.manager, &error), -EBUSY);
    assert_where(&error, "rack", "on", NULL, NULL);
    assert_string_equal(error.key, "\"free\"");
    assert_int_equal(error.refs, 2);
    assert_int_equal(error.children, 0);
    assert_line(
        &error,
        "depot_destroy: rack \"free\" on: 2 references, 0 children: Device or resource busy");
    depot_stop(&depot);
}

/* Of a tree the first that is held in the order that letting go has: children first. */
static void destroy_names_a_child_before_its_parent(void **unused)
{
    struct depot depot;
    berth_error error;

    (void)unused;
    depot_start(&depot, NULL, NULL);
    assert_int_equal(on_rack(&depot, OP_RESOLVE, "a", NULL), 0);
    assert_int_equal(on_path(&depot, OP_ADD, "a", 7, NULL), 0);
    assert_int_equal(berth_manager_destroy(depot.manager, &error), -EBUSY);
    assert_string_equal(error.key, "\"a\"/7,\"z\"");
    assert_line(&error, "depot_destroy: shelf \"a\"/7,\"z\" idle: it may not rest in this state: "
                        "Device or resource busy");
    depot_stop(&depot);
}

static int destroy_meanwhile(struct depot *depot, uint8_t hook, berth_call *call, const void *view,
                             void *out)
{
    berth_error error;

    (void)hook;
    (void)call;
    (void)view;
    (void)out;
    assert_int_equal(berth_manager_destroy(depot->manager, &error), -EBUSY);
    assert_string_equal(error.holder, "use");
    assert_where(&error, "rack", "idle", NULL, NULL);
    assert_line(&error,
                "depot_destroy: rack \"a\" idle: use has not ended: Device or resource busy");
    return 0;
}

static int discard_and_destroy(struct depot *depot, uint8_t hook, berth_call *call,
                               const void *view, void *out)
{
    berth_error error;

    (void)hook;
    (void)call;
    (void)view;
    (void)out;
    assert_int_equal(berth_manager_discard(depot->manager), 0);
    assert_int_equal(berth_manager_destroy(depot->manager, &error), -EBUSY);
    assert_null(error.resource);
    assert_line(&error, "depot_destroy: an operation has not ended: Device or resource busy");
    return 0;
}

static void destroy_names_an_operation(void **unused)
{
    struct depot depot;

    (void)unused;
    depot_start(&depot, NULL, NULL);
    depot.hook = destroy_meanwhile;
    assert_int_equal(on_rack(&depot, OP_USE, "a", NULL), 0);
    depot.hook = discard_and_destroy;
    assert_int_equal(on_rack(&depot, OP_USE, "b", NULL), -ECANCELED);
    depot_stop(&depot);
}

static void destroy_names_an_operation_before_a_reservation(void **unused)
{
    struct depot depot;
    berth_error error;
    uuid_t id;

    (void)unused;
    depot_start(&depot, NULL, NULL);
    assert_int_equal(reserve(&depot, "b", 1, id, NULL), 0);
    depot.hook = destroy_meanwhile;
    assert_int_equal(on_rack(&depot, OP_USE, "a", NULL), 0);
    assert_int_equal(berth_manager_destroy(depot.manager, &error), -EBUSY);
    assert_null(error.holder);
    assert_memory_equal(error.reservation, id, sizeof id);
    depot_stop(&depot);
}

static int destroy_under_the_lock(void *arg, const berth_item *item)
{
    berth_error error;

    (void)item;
    assert_int_equal(berth_manager_destroy(((struct depot *)arg)->manager, &error), -EDEADLK);
    assert_line(&error, "depot_destroy: Resource deadlock avoided");
    return 5;
}

static void destroy_from_a_visitor(void **unused)
{
    struct depot depot;

    (void)unused;
    depot_start(&depot, NULL, NULL);
    assert_int_equal(on_rack(&depot, OP_RESOLVE, "a", NULL), 0);
    assert_int_equal(berth_manager_for_each(depot.manager, destroy_under_the_lock, &depot), 5);
    depot_stop(&depot);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_backend_that_does_not_fit),
        cmocka_unit_test(no_place_for_the_manager),
        cmocka_unit_test(an_option_out_of_range),
        cmocka_unit_test(half_an_allocator),
        cmocka_unit_test(generated_code_that_does_not_fit),
        cmocka_unit_test(without_memory_and_with_success),
        cmocka_unit_test(destroy_names_a_reservation),
        cmocka_unit_test(destroy_names_an_instance),
        cmocka_unit_test(destroy_names_a_child_before_its_parent),
        cmocka_unit_test(destroy_names_an_operation),
        cmocka_unit_test(destroy_names_an_operation_before_a_reservation),
        cmocka_unit_test(destroy_from_a_visitor),
    };

    return cmocka_run_group_tests_name("refusals", tests, NULL, NULL);
}
