/* Every allocation and every call fails once, wherever it is. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "support/depot.h"

static const char *const words[] = {"one", "two"};

static int reserve_much(struct depot *depot, uuid_t id)
{
    struct path path;
    berth_request request = {.operation = OP_RESERVE,
                             .config = depot_path(&path, "a", 1)->config,
                             .gives = id,
                             .deadline = BERTH_NO_DEADLINE};

    path.rack.order = (berth_strings){words, 2};
    path.rack.tags = (berth_strings){words, 1};
    return berth_manager_run(depot->manager, &request, NULL);
}

static void each_allocation_of_create_fails_once(void **unused)
{
    struct depot depot;
    uint64_t k;
    int rc = -ENOMEM;

    (void)unused;
    for (k = 1; rc == -ENOMEM; k++) {
        depot_init(&depot);
        depot.fail_allocation = k;
        rc = depot_create(&depot, NULL, NULL);
        if (rc == -ENOMEM) {
            assert_null(depot.manager);
            assert_int_equal(depot.live_bytes, 0);
        }
    }
    assert_int_equal(rc, 0);
    assert_true(k > 2);
    depot_stop(&depot);
}

static void each_allocation_of_reserve_fails_once(void **unused)
{
    struct depot depot;
    uint64_t k;
    int rc;
    uuid_t id;
    char label[21];
    char path_of_a[64];
    void *results[] = {label, NULL, NULL};
    const size_t sizes[] = {sizeof label, 0, 0};
    void *look_results[] = {path_of_a};
    const size_t look_sizes[] = {sizeof path_of_a};
    berth_request look = {.operation = OP_LOOK,
                          .reservation = id,
                          .results = look_results,
                          .result_sizes = look_sizes,
                          .deadline = BERTH_NO_DEADLINE};
    struct path path;
    berth_request request = {.operation = OP_RESOLVE,
                             .config = depot_path(&path, "b", 0)->config,
                             .results = results,
                             .result_sizes = sizes,
                             .deadline = BERTH_NO_DEADLINE};

    (void)unused;
    for (k = 1;; k++) {
        depot_start(&depot, NULL, NULL);
        depot.fail_allocation = depot.allocations + k;
        rc = reserve_much(&depot, id);
        if (rc == 0)
            break;
        assert_int_equal(rc, -ENOMEM);
        assert_true(uuid_is_null(id));
        assert_state(&depot, "");
        assert_int_equal(depot_reservations(&depot), 0);
        /* the same again, now that there is memory */
        assert_int_equal(reserve_much(&depot, id), 0);
        assert_state(&depot, "rack a idle 1+1\n shelf 1 idle 1+1\n  book idle 1+0\n");
        assert_int_equal(berth_manager_run(depot.manager, &request, NULL), 0);
        assert_string_equal(label, "1"); /* no number was lost */
        assert_int_equal(berth_manager_run(depot.manager, &look, NULL), 0);
        assert_string_equal(path_of_a, "yard/0/0"); /* and no slot */
        depot_stop(&depot);
    }
    assert_int_equal(k, 9); /* three instances, four nodes of pools, the reservation */
    depot_stop(&depot);
}

static void after_the_first_call_nothing_is_allocated(void **unused)
{
    struct depot depot;
    uuid_t id;

    (void)unused;
    depot_start(&depot, NULL, NULL);
    assert_int_equal(reserve_much(&depot, id), 0);
    depot.fail_from = depot.allocations + 1;
    assert_int_equal(with(&depot, OP_OPEN, id, NULL), 0);
    assert_int_equal(with(&depot, OP_CLOSE, id, NULL), 0);
    assert_int_equal(on_rack(&depot, OP_USE, "b", NULL), -ENOMEM);
    assert_string_equal(depot.log, "rack.open:a shelf.open:a book.open:a book.eject:a book.close:a "
                                   "shelf.eject:a shelf.close:a rack.eject:a rack.close:a");
    assert_state(&depot, "");
    depot_stop(&depot);
}

static void without_memory_to_grow_the_maps_stay_right(void **unused)
{
    enum { N = 200 };
    struct depot depot;
    depot_options options = {.rows = 4, .u16 = 1};
    uuid_t id[4][N];
    struct path path;
    berth_request request = {.operation = OP_RESERVE, .deadline = BERTH_NO_DEADLINE};
    uint64_t allocations;

    (void)unused;
    depot_start(&depot, &options, NULL);
    request.config = depot_path(&path, "a", 1)->config;
    request.gives = id[0][0];
    assert_int_equal(berth_manager_run(depot.manager, &request, NULL), 0);
    /* Only reservations are made: one allocation each. What more is asked for is for the map. */
    for (unsigned i = 1; i < N; i++) {
        allocations = depot.allocations;
        depot.fail_from = allocations + 2;
        request.gives = id[0][i];
        assert_int_equal(berth_manager_run(depot.manager, &request, NULL), 0);
        depot.fail_from = 0;
    }
    assert_int_equal(depot_reservations(&depot), N);
    for (unsigned i = 0; i < N; i++)
        assert_int_equal(with(&depot, OP_CLOSE, id[0][i], NULL), 0);
    assert_state(&depot, "");
    depot_stop(&depot);
}

/*
 * Fails the k-th call of a life with three sharers, then tries everything again until it works:
 * nothing may be left.
 */
static void each_call_fails_once(void **unused)
{
    for (unsigned k = 1;; k++) {
        struct depot depot;
        uuid_t id[3];
        bool opened[3];
        unsigned n;

        (void)unused;
        depot_start(&depot, NULL, NULL);
        depot.fail_at = k;
        assert_int_equal(reserve(&depot, "a", 1, id[0], NULL), 0);
        assert_int_equal(reserve(&depot, "a", 1, id[1], NULL), 0);
        assert_int_equal(reserve(&depot, "a", 2, id[2], NULL), 0);
        for (int i = 0; i < 3; i++) {
            int rc = with(&depot, OP_OPEN, id[i], NULL);

            assert_true(rc == 0 || rc == -EIO || rc == -ENOTRECOVERABLE);
            opened[i] = rc == 0;
        }
        for (int i = 0; i < 3; i++) {
            int rc = with(&depot, OP_CLOSE, id[i], NULL);

            assert_true(rc == 0 || rc == -EIO);
            if (rc != 0)
                assert_int_equal(with(&depot, OP_CLOSE, id[i], NULL), 0);
            assert_int_equal(with(&depot, OP_CLOSE, id[i], NULL), -ENOENT);
        }
        assert_state(&depot, "");
        assert_int_equal(depot_reservations(&depot), 0);
        for (int i = 0; i < 3; i++)
            assert_true(opened[i] || depot.n_calls >= k);
        n = depot.n_calls;
        assert_int_equal(berth_manager_destroy(depot.manager, NULL), 0);
        assert_int_equal(depot.live_bytes, 0);
        if (n < k) {
            assert_int_equal(n, 15); /* 5 instances: open, eject, close */
            break;
        }
    }
}

static int bad_uuid(void *ctx, uuid_t out)
{
    int *rc = ctx;

    memset(out, *rc == 2 ? 0 : 5, sizeof(uuid_t));
    return *rc == 1 || *rc == 2 ? 0 : *rc;
}

static void uuids_of_the_caller(void **unused)
{
    struct depot depot;
    int rc = -ENXIO;
    berth_config config = {.uuid = bad_uuid, .uuid_ctx = &rc};
    uuid_t a, b;

    (void)unused;
    depot_start(&depot, NULL, &config);
    assert_int_equal(reserve(&depot, "a", 1, a, NULL), -ENXIO); /* the rack's */
    assert_state(&depot, "");
    rc = 1;
    assert_int_equal(reserve(&depot, "a", 1, a, NULL), 0);
    assert_int_equal(a[0], 5);
    rc = -EPERM;
    assert_int_equal(reserve(&depot, "a", 1, b, NULL), -EPERM); /* the reservation's */
    rc = 3;
    assert_int_equal(reserve(&depot, "a", 1, b, NULL), -EPROTO); /* no answer */
    assert_int_equal(reserve(&depot, "b", 1, b, NULL), -EPROTO);
    rc = 1;
    assert_int_equal(reserve(&depot, "a", 1, b, NULL), -EEXIST); /* used already */
    rc = 2;
    assert_int_equal(reserve(&depot, "a", 1, b, NULL), -EEXIST); /* nil */
    assert_true(uuid_is_null(b));
    assert_state(&depot, "rack a idle 1+1\n shelf 1 idle 1+1\n  book idle 1+0\n");
    depot_stop(&depot);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_allocation_of_create_fails_once),
        cmocka_unit_test(each_allocation_of_reserve_fails_once),
        cmocka_unit_test(after_the_first_call_nothing_is_allocated),
        cmocka_unit_test(without_memory_to_grow_the_maps_stay_right),
        cmocka_unit_test(each_call_fails_once),
        cmocka_unit_test(uuids_of_the_caller),
    };

    return cmocka_run_group_tests_name("faults", tests, NULL, NULL);
}
