/* What callers may not pass, and what errors look like. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "support/depot.h"

static int resolve(struct depot *depot, const rack_config *rack, berth_error *error)
{
    const void *config[] = {rack};
    berth_request request = {
        .operation = OP_RESOLVE, .config = config, .deadline = BERTH_NO_DEADLINE};

    return berth_manager_run(depot->manager, &request, error);
}

static void fields_outside_their_limits(void **unused)
{
    static const char *const long_item[] = {"ok", "sixsix"}, *const null_item[] = {NULL, "five5"};
    static const rack_config bad[] = {
        {.name = ""},
        {.name = NULL},
        {.name = "0123456789012345678901234567890123456789x"},
        {.name = "a", .u8 = 201},
        {.name = "a", .u64 = UINT64_MAX},
        {.name = "a", .i32 = 6},
        {.name = "a", .i32 = -6},
        {.name = "a", .kind = 3},
        {.name = "a", .kind = -1},
        {.name = "a", .order = {NULL, 1}},
        {.name = "a", .order = {long_item, 2}},
        {.name = "a", .tags = {NULL, 3}},
    };
    static const char *const refused[] = {"name", "name", "name", "u8",    "u64",   "i32",
                                          "i32",  "kind", "kind", "order", "order", "tags"};
    static const rack_config good[] = {
        {.name = "0123456789012345678901234567890123456789"},
        {.name = "b", .u8 = 200, .u64 = UINT64_MAX - 1, .i32 = 5, .kind = 2, .i64 = INT64_MIN},
        {.name = "c", .i32 = -5, .order = {null_item, 2}, .tags = {long_item, 2}},
    };
    struct depot depot;
    berth_error error;

    (void)unused;
    depot_start(&depot, NULL, NULL);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(resolve(&depot, &bad[i], &error), -EINVAL);
        assert_where(&error, "rack", NULL, NULL, NULL);
        assert_string_equal(error.field, refused[i]);
        assert_string_equal(error.key, "");
    }
    assert_state(&depot, "");
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_int_equal(resolve(&depot, &good[i], &error), 0);
    depot_stop(&depot);
}

static void required_uuids_and_lower_levels(void **unused)
{
    struct depot depot;
    struct path path;
    uuid_t id;
    berth_error error;
    berth_request request = {.operation = OP_RESERVE,
                             .config = depot_path(&path, "a", 1)->config,
                             .gives = id,
                             .deadline = BERTH_NO_DEADLINE};

    (void)unused;
    depot_start(&depot, NULL, NULL);
    memset(&path.book, 0, sizeof path.book);
    assert_int_equal(berth_manager_run(depot.manager, &request, &error), -EINVAL);
    assert_where(&error, "book", NULL, NULL, NULL);
    path.shelf.index = 1000;
    assert_int_equal(berth_manager_run(depot.manager, &request, &error), -EINVAL);
    assert_where(&error, "shelf", NULL, NULL, NULL);
    path.config[1] = NULL;
    assert_int_equal(berth_manager_run(depot.manager, &request, &error), -EINVAL);
    assert_where(&error, "shelf", NULL, NULL, NULL);
    assert_null(error.field);
    request.config = NULL;
    memset(id, 9, sizeof id);
    assert_int_equal(berth_manager_run(depot.manager, &request, &error), -EINVAL);
    assert_where(&error, "rack", NULL, NULL, NULL);
    assert_true(uuid_is_null(id));
    depot_stop(&depot);
}

static int visit_item(void *arg, const berth_item *item)
{
    (void)arg;
    (void)item;
    return 0;
}

static int visit_reservation(void *arg, const unsigned char *reservation)
{
    (void)arg;
    (void)reservation;
    return 0;
}

static void missing_arguments(void **unused)
{
    struct depot depot;
    struct path path;
    uuid_t id;
    berth_error error;
    berth_request request = {.deadline = BERTH_NO_DEADLINE};

    (void)unused;
    depot_start(&depot, NULL, NULL);
    request.operation = OP_RESERVE;
    request.config = depot_path(&path, "a", 1)->config;
    /* no room for the reservation */
    assert_int_equal(berth_manager_run(depot.manager, &request, &error), -EINVAL);
    assert_where(&error, NULL, NULL, NULL, NULL);
    request.operation = OP_OPEN;
    /* no reservation */
    assert_int_equal(berth_manager_run(depot.manager, &request, &error), -EINVAL);
    assert_where(&error, NULL, NULL, NULL, NULL);
    request.operation = OP_PLACE;
    assert_int_equal(berth_manager_run(depot.manager, &request, &error), -EINVAL); /* no place */
    assert_where(&error, "rack", NULL, NULL, NULL);
    request.operation = OP_BY_PLACE;
    assert_int_equal(berth_manager_run(depot.manager, &request, &error), -EINVAL);
    assert_where(&error, "rack", NULL, NULL, NULL);
    request.operation = OP_DROP;
    assert_int_equal(berth_manager_run(depot.manager, &request, &error), -EINVAL); /* no label */
    assert_where(&error, "rack", NULL, NULL, NULL);
    assert_string_equal(error.operation, "drop");
    request.operation = 0;
    assert_int_equal(berth_manager_run(depot.manager, &request, &error), -EINVAL);
    assert_int_equal(error.code, -EINVAL);
    request.operation = N_OPERATIONS + 1;
    assert_int_equal(berth_manager_run(depot.manager, &request, NULL), -EINVAL);
    assert_int_equal(berth_manager_run(depot.manager, NULL, &error), -EINVAL);
    memset(id, 5, sizeof id);
    request.gives = id;
    assert_int_equal(berth_manager_run(NULL, &request, &error), -EINVAL);
    assert_true(uuid_is_null(id));
    assert_int_equal(berth_manager_drain(NULL, 0, &error), -EINVAL);
    assert_int_equal(error.code, -EINVAL);
    assert_int_equal(berth_manager_drain(NULL, 0, NULL), -EINVAL);
    assert_int_equal(berth_manager_discard(NULL), -EINVAL);
    assert_int_equal(berth_manager_for_each(NULL, visit_item, NULL), -EINVAL);
    assert_int_equal(berth_manager_for_each(depot.manager, NULL, NULL), -EINVAL);
    assert_int_equal(berth_manager_for_each_reservation(NULL, visit_reservation, NULL), -EINVAL);
    assert_int_equal(berth_manager_for_each_reservation(depot.manager, NULL, NULL), -EINVAL);
    assert_int_equal(berth_manager_destroy(NULL, NULL), 0);
    assert_state(&depot, "");
    depot_stop(&depot);
}

static void small_buffers(void **unused)
{
    struct depot depot;
    struct path path;
    char label[21] = "untouched";
    void *results[] = {label, NULL, NULL};
    size_t sizes[] = {sizeof label - 1, 0, 0};
    berth_error error;
    berth_request request = {.operation = OP_USE,
                             .config = depot_path(&path, "a", 1)->config,
                             .results = results,
                             .result_sizes = sizes,
                             .deadline = BERTH_NO_DEADLINE};

    (void)unused;
    depot_start(&depot, NULL, NULL);
    assert_int_equal(berth_manager_run(depot.manager, &request, &error), -ENOBUFS);
    assert_where(&error, NULL, NULL, NULL, NULL);
    assert_string_equal(label, "untouched");
    assert_state(&depot, "");
    path.rack.u8 = 201;
    /* before the buffers */
    assert_int_equal(berth_manager_run(depot.manager, &request, &error), -EINVAL);
    path.rack.u8 = 0;
    results[0] = NULL;
    assert_int_equal(berth_manager_run(depot.manager, &request, &error), 0);
    results[0] = label;
    sizes[0]++;
    assert_int_equal(berth_manager_run(depot.manager, &request, &error), 0);
    assert_string_equal(label, "0");
    depot_stop(&depot);
}

static void an_error_names_operation_and_place(void **unused)
{
    struct depot depot;
    uuid_t id;
    berth_error error;
    char line[200];

    (void)unused;
    depot_start(&depot, NULL, NULL);
    assert_int_equal(reserve(&depot, "a \"b\"\\\n\x01\x7f", 3, id, NULL), 0);
    depot.outcome[BOOK_OPEN] = BERTH_UNCERTAIN(-EIO);
    assert_int_equal(with(&depot, OP_OPEN, id, &error), -EIO);
    assert_int_equal(error.code, -EIO);
    assert_string_equal(error.manager, "depot");
    assert_string_equal(error.operation, "open");
    assert_where(&error, "book", "idle", "open", "book.open");
    assert_string_equal(error.key, "\"a \\\"b\\\"\\\\\\n\\x01\\x7f\"/3,\"z\"");
    assert_ptr_equal(berth_error_text(&error, line, sizeof line), line);
    assert_string_equal(line, "depot_open: book \"a \\\"b\\\"\\\\\\n\\x01\\x7f\"/3,\"z\" idle on "
                              "open: book.open: Input/output error");
    assert_int_equal(with(&depot, OP_OPEN, id, &error), -ENOTRECOVERABLE);
    assert_string_equal(berth_error_text(&error, line, 60),
                        "depot_open: book \"a \\\"b\\\"\\\\\\n\\x01\\x7f\"/3,\"z\" odd on open...");
    assert_int_equal(with(&depot, OP_CLOSE, (uuid_t){0}, &error), -ENOENT);
    assert_string_equal(berth_error_text(&error, line, sizeof line),
                        "depot_close: No such file or directory");
    assert_int_equal(with(&depot, OP_CLOSE, id, &error), 0);
    assert_string_equal(berth_error_text(&error, line, sizeof line), "Success");
    depot_stop(&depot);
}

static void error_text_of_partial_errors(void **unused)
{
    berth_error error = {.code = -ENOSPC, .manager = "depot"};
    char line[120] = "x";

    (void)unused;
    assert_string_equal(berth_error_text(&error, line, sizeof line),
                        "depot_?: No space left on device");
    error.resource = "rack";
    assert_string_equal(berth_error_text(&error, line, sizeof line),
                        "depot_?: rack: No space left on device");
    assert_string_equal(berth_error_text(&error, line, 1), "");
    assert_string_equal(berth_error_text(&error, line, 4), "dep");
    assert_string_equal(berth_error_text(&error, line, 5), "d...");
    line[0] = 'x';
    assert_ptr_equal(berth_error_text(&error, line, 0), line);
    assert_int_equal(line[0], 'x');
    error.code = 99999;
    assert_string_equal(berth_error_text(&error, line, sizeof line), "depot_?: rack: error 99999");
    error.code = INT32_MIN;
    assert_string_equal(berth_error_text(&error, line, sizeof line),
                        "depot_?: rack: error 2147483648");
}

static void long_keys_are_cut_between_characters(void **unused)
{
    struct depot depot;
    struct path path;
    berth_error error;
    uuid_t id;
    berth_request request = {
        .operation = OP_RESERVE,
        .config = depot_path(&path, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 1)->config,
        .gives = id,
        .deadline = BERTH_NO_DEADLINE};

    (void)unused;
    depot_start(&depot, NULL, NULL);
    /* 24 times \x01 */
    path.rack.name = "\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01"
                     "\x01\x01\x01\x01\x01";
    path.shelf.zone = "";
    assert_int_equal(berth_manager_run(depot.manager, &request, &error), -EINVAL);
    path.shelf.zone = "z";
    assert_int_equal(berth_manager_run(depot.manager, &request, NULL), 0);
    path.shelf.steel = true;
    assert_int_equal(berth_manager_run(depot.manager, &request, &error), -EEXIST);
    /* the quote, as many whole escapes as fit, "..." */
    assert_int_equal(strlen(error.key), 1 + 22 * 4 + 3);
    assert_string_equal(error.key + strlen(error.key) - 7, "\\x01...");
    path.rack.name = "x\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3"
                     "\xa4\xc3\xa4"; /* two-byte characters at odd places */
    path.rack.locked = false;
    path.shelf.steel = false;
    assert_int_equal(berth_manager_run(depot.manager, &request, NULL), 0);
    path.book.isbn[7] = 7;
    assert_int_equal(berth_manager_run(depot.manager, &request, &error), -EEXIST);
    {
        char line[60];

        assert_string_equal(berth_error_text(&error, line, 31),
                            "depot_reserve: book \"x\xc3\xa4\xc3\xa4...");
        assert_string_equal(berth_error_text(&error, line, 29),
                            "depot_reserve: book \"x\xc3\xa4...");
    }
    depot_stop(&depot);
}

static void errno_names(void **unused)
{
    (void)unused;
    assert_string_equal(berth_errno_name(EIO), "EIO");
    assert_string_equal(berth_errno_name(-ENOTRECOVERABLE), "ENOTRECOVERABLE");
    assert_string_equal(berth_errno_name(-EAGAIN), "EAGAIN");
    assert_string_equal(berth_errno_name(0), "ok");  /* what functions return */
    assert_string_equal(berth_errno_name(41), "E?"); /* a hole in Linux's numbers */
    assert_string_equal(berth_errno_name(100000), "E?");
    assert_string_equal(berth_errno_name(INT32_MIN), "E?");
    assert_string_equal(berth_version(), BERTH_VERSION);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_outside_their_limits),
        cmocka_unit_test(required_uuids_and_lower_levels),
        cmocka_unit_test(missing_arguments),
        cmocka_unit_test(small_buffers),
        cmocka_unit_test(an_error_names_operation_and_place),
        cmocka_unit_test(error_text_of_partial_errors),
        cmocka_unit_test(long_keys_are_cut_between_characters),
        cmocka_unit_test(errno_names),
    };

    return cmocka_run_group_tests_name("arguments", tests, NULL, NULL);
}
