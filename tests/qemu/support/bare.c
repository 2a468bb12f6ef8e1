#define _GNU_SOURCE

#include "bare.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PATHS = 8, PATH = 128, IMAGE = 1024 * 1024, TESTS_MAX = 48 };

static struct bare the_bare; /* one a process */

static bool bare_is_possible(void)
{
    return system("command -v qemu-system-x86_64 >/dev/null") == 0;
}

static void bare_lost(void *ctx)
{
    struct bare *bare = ctx;

    (void)atomic_fetch_add(&bare->lost, 1);
}

static void bare_connect(struct bare *bare)
{
    assert_int_equal(
        berth_qemu_open(bare->machine.qmp, bare->agent_path, &bare->options, &bare->vm), 0);
    if (!bare->options.loop)
        assert_int_equal(berth_qemu_wait_agent(bare->vm, BARE_REQUEST_MS), 0);
}

static void bare_start_machine(struct bare *bare)
{
    const struct machine_config config = {.folder = bare->folder};

    if (bare->machine.process > 0 && !atomic_load(&bare->spent))
        return;
    machine_end(&bare->machine);
    assert_int_equal(machine_start(&bare->machine, &config), 0);
    atomic_store(&bare->spent, false);
}

static int bare_begin(void **state)
{
    struct bare *bare = &the_bare;

    (void)state;
    (void)snprintf(bare->folder, sizeof bare->folder, "/tmp/berth-bare-XXXXXX");
    assert_non_null(mkdtemp(bare->folder));
    (void)snprintf(bare->agent_path, sizeof bare->agent_path, "%.47s/script.sock", bare->folder);
    return 0;
}

static int bare_end(void **state)
{
    struct bare *bare = &the_bare;
    char command[96];

    (void)state;
    machine_end(&bare->machine);
    (void)snprintf(command, sizeof command, "rm -r %.47s", bare->folder);
    assert_int_equal(system(command), 0);
    return 0;
}

static int bare_setup(void **state)
{
    struct bare *bare = &the_bare;

    bare_start_machine(bare);
    bare->options = machine_options();
    bare->options.folder = bare->folder;
    bare->options.qmp_timeout_ms = BARE_REQUEST_MS;
    bare->options.agent_timeout_ms = BARE_REQUEST_MS;
    bare->options.lost = bare_lost;
    bare->options.ctx = bare;
    atomic_store(&bare->lost, 0);
    bare->agent = peer_start(bare->agent_path, PEER_AGENT);
    bare_connect(bare);
    *state = bare;
    return 0;
}

/* A test that failed may have left anything. */
static int bare_teardown(void **state)
{
    struct bare *bare = *state;

    machine_thaw(&bare->machine);
    if (!atomic_load(&bare->spent)) {
        atomic_store(&bare->spent, true);
        bare_holds_nothing(bare);
        atomic_store(&bare->spent, false);
    }
    berth_qemu_close(bare->vm);
    bare->vm = NULL;
    peer_end(bare->agent);
    return 0;
}

static void bare_skip(void **state)
{
    (void)state;
    print_message("there is no qemu-system-x86_64 here\n");
    skip();
}

int bare_run_tests(const char *name, struct CMUnitTest *tests, size_t count)
{
    const bool is_possible = bare_is_possible();

    for (size_t i = 0; i < count; i++) {
        tests[i].setup_func = is_possible ? bare_setup : NULL;
        tests[i].teardown_func = is_possible ? bare_teardown : NULL;
        if (!is_possible)
            tests[i].test_func = bare_skip;
    }
    return _cmocka_run_group_tests(name, tests, count, is_possible ? bare_begin : NULL,
                                   is_possible ? bare_end : NULL);
}

void bare_open_again(struct bare *bare)
{
    berth_qemu_close(bare->vm);
    bare_connect(bare);
}

void bare_restart(struct bare *bare)
{
    berth_qemu_close(bare->vm);
    atomic_store(&bare->spent, true);
    bare_start_machine(bare);
    bare_connect(bare);
}

void bare_kill(struct bare *bare)
{
    atomic_store(&bare->spent, true);
    machine_end(&bare->machine);
}

const char *bare_file(const struct bare *bare, const char *name)
{
    static char paths[PATHS][PATH];
    static unsigned next;
    char *path = paths[next++ % PATHS];

    (void)snprintf(path, PATH, "%s/%s", bare->folder, name);
    return path;
}

const char *bare_image(const struct bare *bare, const char *name)
{
    const char *path = bare_file(bare, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, IMAGE), 0);
    (void)close(fd);
    return path;
}

char *bare_ask(const struct bare *bare, const char *request)
{
    char *answer = NULL;

    assert_int_equal(berth_qemu_ask(bare->vm, false, request, &answer), 0);
    assert_non_null(answer);
    return answer;
}

bool bare_says(const struct bare *bare, const char *request, const char *text)
{
    char *answer = bare_ask(bare, request);
    bool found = strstr(answer, text) != NULL;

    free(answer);
    return found;
}

/* How many members of a list have a name that begins so. */
static unsigned bare_count(const struct bare *bare, const char *request, const char *member,
                           const char *begin)
{
    char *answer = bare_ask(bare, request);
    struct json_object *list = json_tokener_parse(answer);
    unsigned count = 0;

    assert_true(json_object_is_type(list, json_type_array));
    for (size_t i = 0; i < json_object_array_length(list); i++) {
        struct json_object *name = NULL;

        if (json_object_object_get_ex(json_object_array_get_idx(list, i), member, &name) &&
            strncmp(json_object_get_string(name), begin, strlen(begin)) == 0)
            count++;
    }
    json_object_put(list);
    free(answer);
    return count;
}

#define PERIPHERAL "{\"execute\":\"qom-list\",\"arguments\":{\"path\":\"/machine/peripheral\"}}"

unsigned bare_nodes(const struct bare *bare)
{
    return bare_count(bare, "{\"execute\":\"query-named-block-nodes\"}", "node-name", "node-");
}

unsigned bare_devices(const struct bare *bare)
{
    return bare_count(bare, PERIPHERAL, "name", "disk-") +
           bare_count(bare, PERIPHERAL, "name", "share-") +
           bare_count(bare, PERIPHERAL, "name", "pci-");
}

unsigned bare_channels(const struct bare *bare)
{
    return bare_count(bare, "{\"execute\":\"query-chardev\"}", "label", "channel-");
}

bool bare_has_device(const struct bare *bare, const char *device)
{
    char text[80];

    (void)snprintf(text, sizeof text, "\"name\":\"%s\"", device);
    return bare_says(bare, PERIPHERAL, text);
}

void bare_holds_nothing(const struct bare *bare)
{
    assert_int_equal(bare_nodes(bare), 0);
    assert_int_equal(bare_devices(bare), 0);
    assert_int_equal(bare_channels(bare), 0);
}

int64_t bare_within(int ms)
{
    return berth_now() + (int64_t)ms * 1000000;
}

void bare_sleep(int ms)
{
    (void)nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L}, NULL);
}

unsigned bare_descriptors(void)
{
    DIR *folder = opendir("/proc/self/fd");
    unsigned count = 0;

    assert_non_null(folder);
    while (readdir(folder))
        count++;
    (void)closedir(folder);
    return count;
}

void seen_trace(void *ctx, const berth_transition *transition)
{
    struct seen *seen = ctx;

    if (transition->kind != BERTH_TRACE_ROW || !transition->hook)
        return;
    (void)snprintf(seen->hook, sizeof seen->hook, "%s", transition->hook);
    seen->outcome = transition->outcome;
    seen->error = transition->error;
}
