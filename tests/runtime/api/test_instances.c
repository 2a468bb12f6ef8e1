/* The maps of a manager with many instances. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/tracked/instance.h"
#include "support/depot.h"

static int create(const berth_manager_type *type, const depot_options *options, struct depot *depot,
                  const berth_allocator *allocator)
{
    struct depot_backend backend = {depot};
    berth_config config = {.allocator = allocator};

    return berth_manager_create(type, options, &backend, &config, &depot->manager, NULL);
}

static size_t longest(struct link *const *chains, size_t n)
{
    size_t most = 0;

    for (size_t i = 0; i < n; i++) {
        size_t length = 0;

        for (const struct link *link = chains[i]; link; link = link->next)
            length++;
        most = length > most ? length : most;
    }
    return most;
}

/*
 * Short chains: the hash spreads. What is not random by design may be random by luck, so there is
 * room.
 */
static void assert_spread(const struct map *map)
{
    assert_true(longest(map->chains, map->n) < 20);
    assert_true(longest(map->old, map->old_n) < 20);
}

struct hashed {
    uint32_t hash;
    uint32_t number;
};

static int by_hash(const void *a_, const void *b_)
{
    const struct hashed *a = a_, *b = b_;

    return (a->hash > b->hash) - (a->hash < b->hash);
}

/*
 * Two names of racks, "<number>", that have the same hash; some 18 pairs among 400,000 are to be
 * expected. False: there are none.
 */
static bool find_collision(struct berth_manager *manager, uint32_t pair[2])
{
    enum { N = 400000 };
    struct hashed *all = calloc(N, sizeof *all);
    bool found = false;

    assert_non_null(all);
    for (uint32_t i = 0; i < N; i++) {
        struct path path;
        char name[16];

        snprintf(name, sizeof name, "%u", i);
        all[i].number = i;
        all[i].hash = instance_key_hash(manager, NULL, RACK, &depot_path(&path, name, 0)->rack);
    }
    qsort(all, N, sizeof *all, by_hash);
    for (uint32_t i = 1; i < N && !found; i++) {
        found = all[i].hash == all[i - 1].hash;
        pair[0] = all[i - 1].number;
        pair[1] = all[i].number;
    }
    free(all);
    return found;
}

static void keys_that_collide_are_distinct(void **unused)
{
    struct instance *first;
    struct depot depot;
    uint32_t pair[2];
    char names[2][16];

    (void)unused;
    depot_start(&depot, NULL, NULL);
    assert_true(find_collision(depot.manager, pair));
    for (unsigned i = 0; i < 2; i++) {
        snprintf(names[i], sizeof names[i], "%u", pair[i]);
        assert_int_equal(on_rack(&depot, OP_RESOLVE, names[i], NULL), 0);
    }
    first = depot.manager->roots;
    assert_int_equal(instance_entry(first)->hash, instance_entry(instance_next(first))->hash);
    assert_int_equal(on_rack(&depot, OP_KICK, names[0], NULL), 0);
    assert_int_equal(on_rack(&depot, OP_KICK, names[0], NULL), -ENOENT);
    assert_int_equal(on_rack(&depot, OP_KICK, names[1], NULL), 0);
    depot_stop(&depot);
}

/* What collides in one manager does not in another. */
static void each_manager_has_a_hash_of_its_own(void **unused)
{
    struct depot depots[2];
    uuid_t id;

    (void)unused;
    for (unsigned i = 0; i < 2; i++) {
        depot_start(&depots[i], NULL, NULL);
        assert_int_equal(on_rack(&depots[i], OP_RESOLVE, "a", NULL), 0);
    }
    for (unsigned i = 0; i < 500; i++)
        assert_int_equal(reserve(&depots[0], "a", 1, id, NULL), 0);
    assert_spread(&depots[0].manager->reservations);
    assert_memory_not_equal(&depots[0].manager->seed, &depots[1].manager->seed,
                            sizeof(struct hash_seed));
    for (unsigned i = 0; i < 2; i++)
        depot_stop(&depots[i]);
}

static void thousands_of_instances_are_all_found(void **unused)
{
    enum { N = 5000 };
    struct depot depot;
    berth_manager_type type = depot_type;
    berth_resource resources[4];
    berth_assigned assigned[UINT8_MAX];
    char name[32];

    (void)unused;
    memcpy(resources, depot_type.resources, sizeof resources);
    memcpy(assigned, resources[RACK].assigned, resources[RACK].n_assigned * sizeof *assigned);
    assigned[3].kind = BERTH_ASSIGN_HOOK; /* without the small pool */
    assigned[3].indexed = false;
    resources[RACK].assigned = assigned;
    type.resources = resources;
    depot_init(&depot);
    assert_int_equal(create(&type, NULL, &depot, &depot.allocator), 0);
    for (unsigned i = 0; i < N; i++) {
        snprintf(name, sizeof name, "rack-%u", i);
        assert_int_equal(on_rack(&depot, OP_RESOLVE, name, NULL), 0);
        /* found: else there would be two */
        assert_int_equal(on_rack(&depot, OP_USE, name, NULL), 0);
    }
    assert_int_equal(depot.n_calls, N);
    assert_spread(&depot.manager->instances);
    for (unsigned i = 0; i < 3; i++) /* serial, label, uid */
        assert_spread(&depot.manager->layouts[RACK].values[i].index);
    for (unsigned i = 0; i < N; i += 2) {
        snprintf(name, sizeof name, "%u", i);
        assert_int_equal(by_label(&depot, name, NULL), 0);
    }
    assert_int_equal(depot.n_of[RACK_CLOSE], N / 2);
    for (unsigned i = 0; i < N; i++) {
        snprintf(name, sizeof name, "rack-%u", i);
        assert_int_equal(on_rack(&depot, OP_KICK, name, NULL), i % 2 == 0 ? -ENOENT : 0);
    }
    assert_state(&depot, "");
    depot_stop(&depot);
}

static berth_refusal allow(const berth_request *request, const void *options)
{
    (void)request;
    (void)options;
    return (berth_refusal){0};
}

static int use_book(struct depot *depot, const char *rack)
{
    struct path path;
    const void *const config[] = {&depot_path(&path, rack, 0)->rack, &path.book};
    const berth_request request = {
        .operation = OP_USE_ALL, .config = config, .deadline = BERTH_NO_DEADLINE};

    return berth_manager_run(depot->manager, &request, NULL);
}

/*
 * In this depot a book stands in a rack, beside the shelves: one without a key, but no only child.
 */
static void a_child_without_a_key_is_found_among_others(void **unused)
{
    static const berth_step steps[] = {{.level = 1, .event = HOLD}};
    berth_manager_type type = depot_type;
    berth_operation operations[N_OPERATIONS + 1];
    berth_resource resources[4];
    struct depot depot;

    (void)unused;
    memcpy(resources, depot_type.resources, sizeof resources);
    memcpy(operations, depot_type.operations, sizeof operations);
    resources[BOOK].parent = RACK;
    resources[BOOK].level = 1;
    operations[OP_USE_ALL] = (berth_operation){
        .name = "use_book",
        .check = allow,
        .form = BERTH_OBTAIN,
        .resource = BOOK,
        .path = {RACK, BOOK},
        .levels = 2,
        .steps = steps,
        .n_steps = 1,
    };
    type.resources = resources;
    type.operations = operations;
    depot_init(&depot);
    assert_int_equal(create(&type, NULL, &depot, &depot.allocator), 0);
    assert_int_equal(on_rack(&depot, OP_RESOLVE, "a", NULL), 0);
    assert_int_equal(on_rack(&depot, OP_RESOLVE, "b", NULL), 0);
    assert_int_equal(on_path(&depot, OP_ADD, "a", 1, NULL), 0);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(use_book(&depot, "a"), 0);
    assert_int_equal(use_book(&depot, "b"), 0);
    assert_int_equal(on_path(&depot, OP_ADD, "a", 2, NULL), 0);
    assert_state(&depot, "rack a idle 0+3\n shelf 1 idle 0+0\n  book idle 3+0\n shelf 2 idle "
                         "0+0\nrack b idle 0+1\n  book idle 1+0\n");
    depot_stop(&depot);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_that_collide_are_distinct),
        cmocka_unit_test(each_manager_has_a_hash_of_its_own),
        cmocka_unit_test(thousands_of_instances_are_all_found),
        cmocka_unit_test(a_child_without_a_key_is_found_among_others),
    };

    return cmocka_run_group_tests_name("instances", tests, NULL, NULL);
}
