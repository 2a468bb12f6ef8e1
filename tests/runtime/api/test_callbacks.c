/*
 * What runs with the manager locked (allocator, trace, uuid, wake, notify) and calls it all the
 * same is told so, whatever ran before it.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "support/started.h"

#include "core/operation.h"

enum { FIND = OP_KICK };

static void hash_name_and_tags(const void *given, berth_hash *to, const berth_sets *sets)
{
    depot_type.resources[RACK].hash(given, to, sets);
    berth_hash_set(to, &((const rack_config *)given)->tags, BERTH_ANY_CASE, sets);
}

static bool equal_name_and_tags(const void *instance, const void *given, const berth_sets *sets)
{
    return depot_type.resources[RACK].equal(instance, given, sets) &&
           berth_set_equal(&((const rack_view *)instance)->tags,
                           &((const rack_config *)given)->tags, BERTH_ANY_CASE, sets);
}

/* The depot, where the tags are of a rack's key and this operation only finds. */
static const berth_manager_type *tagged_type(void)
{
    static berth_operation operations[N_OPERATIONS + 1];
    static berth_resource resources[BOOK + 1];
    static berth_field fields[12];
    static berth_manager_type type;

    type = depot_type;
    memcpy(operations, depot_type.operations, sizeof operations);
    operations[FIND].n_steps = 0;
    operations[FIND].flags |= BERTH_LOOK_UP;
    type.operations = operations;
    memcpy(resources, depot_type.resources, sizeof resources);
    memcpy(fields, resources[RACK].fields, sizeof fields);
    assert_string_equal(fields[11].name, "tags");
    fields[11].flags |= BERTH_KEY;
    resources[RACK].fields = fields;
    resources[RACK].hash = hash_name_and_tags;
    resources[RACK].equal = equal_name_and_tags;
    type.resources = resources;
    return &type;
}

/* What has called the manager and was refused, in order, each once in a row. */
static bool asking;
static char callers[256];

static void ask(struct depot *depot, const char *caller)
{
    berth_manager *manager = depot->manager;
    size_t length = strlen(callers), n = strlen(caller);

    if (!asking)
        return;
    assert_true(lock_in_callback(&manager->lock)); /* else it would hang */
    assert_int_equal(on_rack(depot, FIND, "x", NULL), -EDEADLK);
    assert_int_equal(on_rack(depot, OP_USE, "x", NULL), -EDEADLK);
    assert_int_equal(berth_manager_poll(manager, NULL), -EDEADLK);
    assert_int_equal(berth_manager_discard(manager), -EDEADLK);
    assert_int_equal(berth_manager_destroy(manager, NULL), -EDEADLK);
    if (length < n || strcmp(callers + length - n, caller) != 0)
        snprintf(callers + length, sizeof callers - length, "%s%s", length > 0 ? " " : "", caller);
}

static void *take(void *ctx, size_t size)
{
    struct depot *depot = ctx;

    ask(depot, "take");
    return depot->allocator.alloc(depot->allocator.ctx, size);
}

static void give(void *ctx, void *memory, size_t size)
{
    struct depot *depot = ctx;

    ask(depot, "give");
    depot->allocator.release(depot->allocator.ctx, memory, size);
}

static void trace(void *ctx, const berth_transition *transition)
{
    (void)transition;
    ask(ctx, "trace");
}

static int make_uuid(void *ctx, uuid_t out)
{
    static unsigned char made;

    ask(ctx, "uuid");
    memset(out, ++made, sizeof(uuid_t));
    return 0;
}

static void wake(void *ctx)
{
    ask(ctx, "wake");
}

static void notify(void *ctx)
{
    ask(ctx, "notify");
}

static int pend(struct depot *depot, uint8_t hook, berth_call *call, const void *view, void *out)
{
    assert_int_equal(berth_call_on_cancel(call, notify, depot), 0);
    return leave_token(depot, hook, call, view, out);
}

/* `config` says which callbacks there are, and this fills in the rest. */
static void start(struct depot *depot, berth_config config)
{
    const struct depot_backend backend = {depot};
    const berth_allocator allocator = {take, give, depot};

    asking = false;
    callers[0] = '\0';
    depot_init(depot);
    config.trace_ctx = config.uuid_ctx = config.wake_ctx = depot;
    if (config.allocator)
        config.allocator = &allocator;
    assert_int_equal(
        berth_manager_create(tagged_type(), NULL, &backend, &config, &depot->manager, NULL), 0);
}

static const berth_allocator some_allocator;
static const berth_config all_callbacks = {
    .allocator = &some_allocator, .trace = trace, .uuid = make_uuid, .wake = wake};

static void callbacks_of_an_operation(void **unused)
{
    struct depot depot;
    uuid_t id;

    (void)unused;
    start(&depot, all_callbacks);
    asking = true;
    assert_int_equal(reserve(&depot, "a", 1, id, NULL), 0);
    assert_non_null(strstr(callers, "take"));
    assert_non_null(strstr(callers, "uuid"));
    assert_non_null(strstr(callers, "trace"));
    asking = false;
    depot_stop(&depot);
}

enum { TAGS = 80 };

static void a_look_up_asks_for_memory(void **unused)
{
    static char names[TAGS][8];
    const char *tags[TAGS];
    struct depot depot;
    struct path path;
    berth_request request = {.operation = OP_USE,
                             .config = depot_path(&path, "a", 0)->config,
                             .deadline = BERTH_NO_DEADLINE};

    (void)unused;
    for (unsigned i = 0; i < TAGS; i++) {
        snprintf(names[i], sizeof names[i], "tag%u", i);
        tags[i] = names[i];
    }
    path.rack.tags = (berth_strings){tags, TAGS};
    for (int traced = 0; traced < 2; traced++) {
        start(&depot, traced ? all_callbacks : (berth_config){.allocator = &some_allocator});
        request.operation = OP_USE;
        assert_int_equal(berth_manager_run(depot.manager, &request, NULL), 0);
        asking = true;
        request.operation = FIND;
        assert_int_equal(berth_manager_run(depot.manager, &request, NULL), 0);
        assert_string_equal(callers, "take give");
        asking = false;
        assert_int_equal(berth_manager_run(depot.manager, &request, NULL), 0);
        depot_stop(&depot);
    }
}

/*
 * What waits for "a" is refused and left to the loop, the call on "a" is told when it wants to be,
 * and then "b" is given back.
 */
static void after_a_callback_comes_another(void **unused)
{
    struct depot depot;
    struct job pending, queued;
    berth_token token;

    (void)unused;
    for (int told = 0; told < 2; told++) {
        start(&depot, all_callbacks);
        depot.hook = told ? pend : leave_token;
        depot.arg = &token;
        job_go(&pending, &depot, OP_USE, "a");
        job_go(&queued, &depot, OP_USE, "a");
        assert_int_equal(on_rack(&depot, OP_RESOLVE, "b", NULL), 0);
        asking = true;
        assert_int_equal(berth_manager_discard(depot.manager), 0);
        asking = false;
        assert_string_equal(callers, told ? "trace wake notify give" : "trace wake give");
        assert_int_equal(berth_complete(token, 0, NULL, 0), 0);
        assert_int_equal(berth_manager_poll(depot.manager, NULL), 0);
        assert_done(&pending, -ECANCELED);
        assert_done(&queued, -ECANCELED);
        depot_stop(&depot);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(callbacks_of_an_operation),
        cmocka_unit_test(a_look_up_asks_for_memory),
        cmocka_unit_test(after_a_callback_comes_another),
    };

    return cmocka_run_group_tests_name("callbacks", tests, NULL, NULL);
}
