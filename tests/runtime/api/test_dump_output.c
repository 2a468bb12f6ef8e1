/* The dump: where its lines go, and what it does when it is stopped, or called under the lock. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <berth/file.h>

#include "support/clock.h"
#include "support/started.h"

#include "dump_lines.h"

static void long_texts_are_cut(void **unused)
{
    static char item[3000];
    const char *tags[] = {item};
    static struct lines lines;
    struct depot depot;
    struct path path;
    berth_request request = {.operation = OP_USE, .config = depot_path(&path, "a", 0)->config};

    (void)unused;
    for (size_t i = 0; i + 2 < sizeof item; i += 2)
        memcpy(item + i, "\xc3\xa4", 2);
    path.rack.tags = (berth_strings){tags, 1};
    depot_start(&depot, NULL, NULL);
    assert_int_equal(berth_manager_run(depot.manager, &request, NULL), 0);
    memset(&lines, 0, sizeof lines);
    assert_int_equal(berth_manager_dump(depot.manager, put, &lines), 0);
    assert_in_range(lines.longest, BERTH_DUMP_LINE_SIZE - 3, BERTH_DUMP_LINE_SIZE - 1);
    assert_non_null(strstr(lines.text, "\xc3\xa4...\n")); /* between characters */
    depot_stop(&depot);
}

/* At every line: nothing more is put, and what it answered is the result. */
static void put_may_stop_it(void **unused)
{
    static struct lines lines;
    struct depot depot;
    struct shelf_of_calls shelf;
    struct job jobs[2];
    uuid_t id;
    unsigned n;

    (void)unused;
    depot_start(&depot, NULL, NULL);
    assert_int_equal(reserve(&depot, "a", 1, id, NULL), 0);
    shelf_init(&shelf, &depot);
    job_go(&jobs[0], &depot, OP_USE, "a");
    job_go(&jobs[1], &depot, OP_USE, "a");
    memset(&lines, 0, sizeof lines);
    assert_int_equal(berth_manager_dump(depot.manager, put, &lines), 0);
    n = lines.n;
    assert_true(n > 10);
    for (unsigned i = 1; i <= n; i++) {
        memset(&lines, 0, sizeof lines);
        lines.stop_at = i;
        assert_int_equal(berth_manager_dump(depot.manager, put, &lines), -77);
        assert_int_equal(lines.n, i);
    }
    assert_int_equal(berth_manager_discard(depot.manager), 0);
    assert_int_equal(shelf_complete(&shelf, 0, 0), 0);
    depot_stop(&depot);
}

static int call_back(void *arg, const char *line)
{
    struct depot *depot = arg;

    (void)line;
    assert_int_equal(on_rack(depot, OP_USE, "b", NULL), -EDEADLK);
    assert_int_equal(berth_manager_dump(depot->manager, call_back, depot), -EDEADLK);
    assert_int_equal(berth_manager_discard(depot->manager), -EDEADLK);
    return 0;
}

static int dump_from_a_visit(void *arg, const berth_item *item)
{
    struct depot *depot = arg;

    (void)item;
    assert_int_equal(berth_manager_dump(depot->manager, call_back, depot), -EDEADLK);
    return 3;
}

static void callbacks_get_edeadlk(void **unused)
{
    struct depot depot;

    (void)unused;
    depot_start(&depot, NULL, NULL);
    assert_int_equal(on_rack(&depot, OP_USE, "a", NULL), 0);
    assert_int_equal(berth_manager_dump(depot.manager, call_back, &depot), 0);
    assert_int_equal(berth_manager_for_each(depot.manager, dump_from_a_visit, &depot), 3);
    assert_int_equal(on_rack(&depot, OP_USE, "a", NULL), 0); /* the lock is free again */
    depot_stop(&depot);
}

static void arguments_and_memory(void **unused)
{
    struct depot depot;
    uint64_t allocations;

    (void)unused;
    depot_start(&depot, NULL, NULL);
    assert_int_equal(berth_manager_dump(NULL, put, NULL), -EINVAL);
    assert_int_equal(berth_manager_dump(depot.manager, NULL, NULL), -EINVAL);
    assert_int_equal(on_rack(&depot, OP_USE, "a", NULL), 0);
    allocations = depot.allocations;
    depot.fail_from = allocations + 1;
    assert_non_null(strstr(dump(&depot), "rack \"a\" on"));
    assert_int_equal(depot.allocations, allocations);
    depot.fail_from = 0;
    depot_stop(&depot);
}

static void into_a_file(void **unused)
{
    struct depot depot;
    char written[4096];
    FILE *file = tmpfile(), *full = fopen("/dev/full", "w");
    size_t size;

    (void)unused;
    assert_true(file && full);
    depot_start(&depot, NULL, NULL);
    assert_int_equal(on_rack(&depot, OP_USE, "a", NULL), 0);
    assert_int_equal(berth_manager_dump(depot.manager, berth_put_file, file), 0);
    rewind(file);
    size = fread(written, 1, sizeof written - 1, file);
    written[size] = '\0';
    assert_string_equal(written, dump(&depot));
    setvbuf(full, NULL, _IONBF, 0);
    assert_int_equal(berth_manager_dump(depot.manager, berth_put_file, full), -EIO);
    fclose(file);
    fclose(full);
    depot_stop(&depot);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(long_texts_are_cut),    cmocka_unit_test(put_may_stop_it),
        cmocka_unit_test(callbacks_get_edeadlk), cmocka_unit_test(arguments_and_memory),
        cmocka_unit_test(into_a_file),
    };

    return cmocka_run_group_tests_name("dump output", tests, NULL, NULL);
}
