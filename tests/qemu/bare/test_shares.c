/* Shares and PCI devices of a real QEMU: refusals before QEMU is asked, by QEMU, by virtiofsd. */
#define _GNU_SOURCE

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "berth_qemu_plan9_mount.h"
#include "berth_qemu_virtiofs.h"
#include "support/plugs.h"

#define VIRTIOFSD "/usr/lib/qemu/virtiofsd"

static void nothing_of_virtiofsd_is_left(const struct bare *bare)
{
    assert_int_equal(plugs_children(bare), 0);
    assert_int_equal(plugs_sockets(bare), 0);
}

static void nothing_is_left(const struct bare *bare)
{
    nothing_of_virtiofsd_is_left(bare);
    bare_holds_nothing(bare);
}

/* One that is refused, more often than there are ports, and then one that is not asked for. */
static void refused(struct bare *bare, const struct plugs *plugs, const char *host, int error)
{
    struct seen seen = {{0}, 0, 0};
    void *manager;
    unsigned descriptors;

    bare->options.port_count = 1;
    bare_open_again(bare);
    manager = plugs->open(bare, &seen);
    descriptors = bare_descriptors();
    for (unsigned i = 0; i < 3; i++) {
        uuid_t a;

        assert_int_equal(plugs->reserve(manager, host, i, a), 0);
        assert_int_equal(plugs->add(manager, a, BERTH_NO_DEADLINE), error);
        assert_int_equal(seen.outcome, BERTH_FAILED);
        nothing_is_left(bare);
        assert_int_equal(plugs->remove(manager, a, BERTH_NO_DEADLINE), 0);
    }
    assert_int_equal(bare_descriptors(), descriptors);
    assert_int_equal(plugs->close(manager), 0);
}

static void refused_share(struct bare *bare, const char *folder, int error)
{
    for (int i = 0; i < PLUGS_KINDS; i++)
        if (plugs_of[i].are_shares)
            refused(bare, &plugs_of[i], folder, error);
}

static void test_folders_that_are_not_there_are_refused(void **state)
{
    char too_long[4200] = "/tmp";

    memset(too_long + 4, '/', sizeof too_long - 5);
    refused_share(*state, "/nowhere/at/all", -ENOENT);
    refused_share(*state, bare_image(*state, "file"), -ENOTDIR);
    refused_share(*state, too_long, -ENAMETOOLONG);
}

static void test_commands_that_cannot_be_started_are_refused(void **state)
{
    static const char *const missing[] = {"/nowhere/virtiofsd", NULL};
    struct bare *bare = *state;

    bare->options.virtiofsd = missing;
    refused_share(bare, "/tmp", -ENOENT);
}

static void test_options_that_are_too_long_are_refused(void **state)
{
    static const char *many[32];
    static char folder[101];
    struct bare *bare = *state;

    for (size_t i = 0; i < sizeof many / sizeof *many - 1; i++)
        many[i] = "true";
    bare->options.virtiofsd = many;
    refused_share(bare, "/tmp", -E2BIG);
    bare->options.virtiofsd = NULL;
    bare->options.folder = "/nowhere/at/all";
    refused_share(bare, "/tmp", -ENOENT);
    memset(folder, '/', sizeof folder - 1);
    folder[sizeof folder - 1] = '\0';
    bare->options.folder = folder;
    refused_share(bare, "/tmp", -ENAMETOOLONG);
}

/* The command ends before QEMU is connected, or after. */
static void test_commands_that_end_at_once_are_refused(void **state)
{
    static const char *const ends[] = {"/bin/false", NULL};
    static const char *const ends_soon[] = {"sh", "-c", "sleep 0.1", NULL};
    struct bare *bare = *state;

    for (int i = 0; i < 2; i++) {
        bare->options.virtiofsd = i == 0 ? ends : ends_soon;
        for (int kind = 0; kind < PLUGS_KINDS; kind++) {
            const struct plugs *plugs = &plugs_of[kind];
            struct seen seen = {{0}, 0, 0};
            void *manager;
            uuid_t a;

            if (!plugs->are_shares)
                continue;
            bare_open_again(bare);
            manager = plugs->open(bare, &seen);
            plugs_reserve(bare, plugs, manager, 0, a);
            assert_int_not_equal(plugs->add(manager, a, BERTH_NO_DEADLINE), 0);
            assert_int_equal(seen.outcome, BERTH_FAILED);
            nothing_is_left(bare);
            assert_int_equal(plugs->remove(manager, a, BERTH_NO_DEADLINE), 0);
            assert_int_equal(plugs->close(manager), 0);
        }
    }
}

static void test_rights_that_virtiofsd_has_not_are_refused(void **state)
{
    struct bare *bare = *state;
    const virtiofs_backend one = berth_qemu_virtiofs(bare->vm);
    const plan9_mount_backend other = berth_qemu_plan9_mount(bare->vm);
    const virtiofs_share_config read_only = {.host_path = "/tmp", .read_only = true};
    const virtiofs_mount_config mount = {.read_only = true};
    const plan9_mount_share_config restricted = {.host_path = "/tmp", .restrict_ = true};
    const plan9_mount_mount_config other_mount = {.read_only = false};
    virtiofs *shares;
    plan9_mount *restricted_shares;
    uuid_t a;

    assert_int_equal(virtiofs_create(NULL, &one, NULL, &shares, NULL), 0);
    assert_int_equal(virtiofs_reserve(shares, &read_only, &mount, a, NULL), 0);
    assert_int_equal(virtiofs_map_to_guest(shares, a, NULL, 0, NULL), -EOPNOTSUPP);
    assert_int_equal(virtiofs_unmap_from_guest(shares, a, NULL), 0);
    assert_int_equal(virtiofs_destroy(shares, NULL), 0);
    assert_int_equal(plan9_mount_create(NULL, &other, NULL, &restricted_shares, NULL), 0);
    assert_int_equal(plan9_mount_reserve(restricted_shares, &restricted, &other_mount, a, NULL), 0);
    assert_int_equal(plan9_mount_map_to_guest(restricted_shares, a, NULL, 0, NULL), -EOPNOTSUPP);
    assert_int_equal(plan9_mount_unmap_from_guest(restricted_shares, a, NULL), 0);
    assert_int_equal(plan9_mount_destroy(restricted_shares, NULL), 0);
    nothing_is_left(bare);
}

/* A real virtiofsd, whose device no guest takes away: closing ends the process. */
static void test_closing_ends_virtiofsd(void **state)
{
    struct bare *bare = *state;
    const struct plugs *kinds[] = {&plugs_of[1], &plugs_of[0]}; /* fixed ports first */
    void *managers[2];
    uuid_t a = {0};

    if (access(VIRTIOFSD, X_OK) < 0) {
        print_message("there is no " VIRTIOFSD " here\n");
        skip();
    }
    atomic_store(&bare->spent, true);
    for (int i = 0; i < 2; i++) { /* both have a share of the same name */
        managers[i] = kinds[i]->open(bare, NULL);
        plugs_reserve(bare, kinds[i], managers[i], 0, a);
        assert_int_equal(kinds[i]->add(managers[i], a, BERTH_NO_DEADLINE), 0);
    }
    assert_int_equal(bare_devices(bare), 2);
    assert_int_equal(bare_channels(bare), 2);
    assert_int_equal(plugs_children(bare), 2);
    assert_int_equal(kinds[1]->remove(managers[1], a, bare_within(BARE_PATIENCE_MS)), -ETIMEDOUT);
    assert_int_equal(plugs_children(bare), 2);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(kinds[i]->discard(managers[i]), 0);
        assert_int_equal(kinds[i]->close(managers[i]), 0);
    }
    berth_qemu_close(bare->vm);
    bare->vm = NULL;
    nothing_of_virtiofsd_is_left(bare);
}

/* QEMU waits for it and answers nobody, until its end. */
static void test_a_virtiofsd_that_hangs_leaves_the_share_uncertain(void **state)
{
    struct bare *bare = *state;
    struct seen seen = {{0}, 0, 0};
    void *manager;
    uuid_t a;

    atomic_store(&bare->spent, true);
    bare->options.virtiofsd = plugs_sleeper;
    bare_open_again(bare);
    manager = plugs_of[1].open(bare, &seen);
    plugs_reserve(bare, &plugs_of[1], manager, 0, a);
    assert_int_equal(plugs_of[1].add(manager, a, bare_within(BARE_PATIENCE_MS)), -ETIMEDOUT);
    assert_int_equal(seen.outcome, BERTH_UNSURE);
    assert_int_equal(plugs_of[1].remove(manager, a, bare_within(BARE_PATIENCE_MS)), -ETIMEDOUT);
    assert_int_equal(plugs_children(bare), 1);
    assert_int_equal(plugs_of[1].discard(manager), 0);
    assert_int_equal(plugs_of[1].close(manager), 0);
    berth_qemu_close(bare->vm);
    bare->vm = NULL;
    nothing_of_virtiofsd_is_left(bare);
    bare_open_again(bare);
    assert_int_equal(bare_devices(bare), 0);
}

static void test_devices_that_are_not_there_are_refused(void **state)
{
    static const struct {
        const char *host;
        int error;
    } devices[] = {
        {"json:{\"driver\":\"no such driver\"}", -EIO},
        {"json:{\"driver\":\"virtio-rng-pci\",\"nonsense\":1}", -ENOENT},
        {"json:{\"driver\"", -EINVAL},
        {"json:[]", -EINVAL},
        {"../../../tmp", -EINVAL},
        {".", -EINVAL},
        {"a name that is much longer than an address of a device on a bus of PCI", -EINVAL},
    };

    for (size_t i = 0; i < sizeof devices / sizeof *devices; i++)
        for (int kind = 0; kind < PLUGS_KINDS; kind++)
            if (!plugs_of[kind].are_shares)
                refused(*state, &plugs_of[kind], devices[i].host, devices[i].error);
}

/* Each virtual function is a device of its own; QEMU is asked for the device itself only. */
static void test_a_virtual_function_that_is_not_there_is_refused(void **state)
{
    struct bare *bare = *state;
    struct seen seen = {{0}, 0, 0};
    void *manager = plugs_of[3].open(bare, &seen);
    uuid_t a, b;

    assert_int_equal(plugs_of[3].reserve(manager, "ffff:ff:1f.7", 0, a), 0);
    assert_int_equal(plugs_of[3].reserve(manager, "ffff:ff:1f.7", 1, b), 0);
    assert_int_equal(plugs_of[3].add(manager, b, BERTH_NO_DEADLINE), -ENODEV);
    assert_int_not_equal(plugs_of[3].add(manager, a, BERTH_NO_DEADLINE), -ENODEV);
    assert_int_equal(seen.outcome, BERTH_FAILED);
    assert_int_equal(plugs_of[3].remove(manager, a, BERTH_NO_DEADLINE), 0);
    assert_int_equal(plugs_of[3].remove(manager, b, BERTH_NO_DEADLINE), 0);
    assert_int_equal(plugs_of[3].close(manager), 0);
}

int main(void)
{
    struct CMUnitTest tests[] = {
        cmocka_unit_test(test_folders_that_are_not_there_are_refused),
        cmocka_unit_test(test_commands_that_cannot_be_started_are_refused),
        cmocka_unit_test(test_options_that_are_too_long_are_refused),
        cmocka_unit_test(test_commands_that_end_at_once_are_refused),
        cmocka_unit_test(test_rights_that_virtiofsd_has_not_are_refused),
        cmocka_unit_test(test_closing_ends_virtiofsd),
        cmocka_unit_test(test_a_virtiofsd_that_hangs_leaves_the_share_uncertain),
        cmocka_unit_test(test_devices_that_are_not_there_are_refused),
        cmocka_unit_test(test_a_virtual_function_that_is_not_there_is_refused),
    };

    return bare_run(tests);
}
