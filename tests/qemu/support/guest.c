#define _GNU_SOURCE

#include "guest.h"

#include <berth/berth.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "disk.h"

enum { PATHS = 8, PATH = 128 };

static const char *guest_image(void)
{
    const char *image = getenv("BERTH_QEMU_IMAGE");

    if (!image)
        fail_msg("BERTH_QEMU_IMAGE is not set: run make check-qemu");
    return image;
}

static void guest_state_file(char *path, size_t size)
{
    (void)snprintf(path, size, "%s/state", guest_image());
}

static struct guest *guest_new(void)
{
    struct guest *guest = calloc(1, sizeof *guest);

    assert_non_null(guest);
    (void)snprintf(guest->folder, sizeof guest->folder, "/tmp/berth-guest-XXXXXX");
    assert_non_null(mkdtemp(guest->folder));
    return guest;
}

/* Starts the machine and waits for its agent. */
static void guest_start(struct guest *guest, const char *saved, bool native)
{
    const struct machine_config config = {
        .image = guest_image(), .folder = guest->folder, .state = saved, .native_hotplug = native};
    berth_qemu_options options = machine_options();

    options.folder = guest->folder;
    options.qmp_timeout_ms = GUEST_REQUEST_MS;
    options.agent_timeout_ms = GUEST_REQUEST_MS;
    assert_int_equal(machine_start(&guest->machine, &config), 0);
    assert_int_equal(
        berth_qemu_open(guest->machine.qmp, guest->machine.agent, &options, &guest->vm), 0);
    if (saved)
        assert_int_equal(machine_resume_restored(guest->vm), 0);
    assert_int_equal(berth_qemu_wait_agent(guest->vm, GUEST_START_MS), 0);
}

static void guest_remove_folder(const struct guest *guest)
{
    char command[96];

    (void)snprintf(command, sizeof command, "rm -r %s", guest->folder);
    assert_int_equal(system(command), 0);
}

static void guest_end(struct guest *guest)
{
    berth_qemu_close(guest->vm);
    machine_end(&guest->machine);
    guest_remove_folder(guest);
    free(guest);
}

/* Suites run side by side: the first one saves, the others wait for it. */
int guest_prepare(void **state)
{
    char path[256], part[260];
    int lock = open(guest_image(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    (void)state;
    assert_true(lock >= 0);
    assert_int_equal(flock(lock, LOCK_EX), 0);
    guest_state_file(path, sizeof path);
    if (access(path, R_OK) < 0) {
        struct guest *guest = guest_new();

        (void)snprintf(part, sizeof part, "%s.new", path);
        guest_start(guest, NULL, false);
        assert_int_equal(machine_save(guest->vm, part), 0);
        assert_int_equal(rename(part, path), 0);
        guest_end(guest);
    }
    (void)close(lock);
    return 0;
}

int guest_setup(void **state)
{
    struct guest *guest = guest_new();
    char path[256];

    guest_state_file(path, sizeof path);
    guest_start(guest, path, false);
    *state = guest;
    return 0;
}

int guest_setup_native(void **state)
{
    struct guest *guest = guest_new();

    guest_start(guest, NULL, true);
    *state = guest;
    return 0;
}

int guest_teardown(void **state)
{
    struct guest *guest = *state;

    if (berth_qemu_is_connected(guest->vm)) {
        assert_true(guest_qmp_says(guest, "{\"execute\":\"query-named-block-nodes\"}", "[]"));
        assert_true(guest_says(guest, "{\"do\":\"list\"}", "\"mounts\":[]"));
        assert_true(guest_says(guest, "{\"do\":\"list\"}", "\"disks\":[]"));
    }
    guest_end(guest);
    return 0;
}

const char *guest_file(const struct guest *guest, const char *name)
{
    static char paths[PATHS][PATH];
    static unsigned next;
    char *path = paths[next++ % PATHS];

    (void)snprintf(path, PATH, "%s/%s", guest->folder, name);
    return path;
}

const char *guest_disk(const struct guest *guest, const char *name)
{
    const char *path = guest_file(guest, name);

    assert_int_equal(disk_make(path, "hello\n"), 0);
    return path;
}

static bool guest_answers(const struct guest *guest, bool agent, const char *request,
                          const char *text)
{
    char *answer = NULL;
    int rc = berth_qemu_ask(guest->vm, agent, request, &answer);
    bool found = rc == 0 && answer && strstr(answer, text);

    if (!found)
        print_message("%s: %d %s\n", request, rc, answer ? answer : "");
    free(answer);
    return found;
}

bool guest_says(const struct guest *guest, const char *request, const char *text)
{
    return guest_answers(guest, true, request, text);
}

bool guest_qmp_says(const struct guest *guest, const char *request, const char *text)
{
    return guest_answers(guest, false, request, text);
}

const char *guest_error(const struct guest *guest, const char *request)
{
    return berth_errno_name(berth_qemu_ask(guest->vm, true, request, NULL));
}

int64_t guest_within(int ms)
{
    return berth_now() + (int64_t)ms * 1000000;
}
