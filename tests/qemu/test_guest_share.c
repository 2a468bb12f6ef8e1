/* Shares and PCI devices of a guest that runs. */
#define _GNU_SOURCE

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "berth_qemu_pci_ports.h"
#include "berth_qemu_plan9_mount.h"
#include "berth_qemu_virtiofs.h"
#include "berth_qemu_vpci.h"
#include "support/guest.h"

#define RNG "json:{\"driver\":\"virtio-rng-pci\"}"
#define HAS_PORT_0 "0000:01:00.0"

/* A folder of the test with one file. */
static const char *folder_of(const struct guest *guest, const char *name)
{
    const char *folder = guest_file(guest, name);
    char path[160];
    FILE *file;

    assert_int_equal(mkdir(folder, 0755), 0);
    (void)snprintf(path, sizeof path, "%s/hello", folder);
    file = fopen(path, "we");
    assert_non_null(file);
    assert_true(fputs("hello from the host\n", file) >= 0);
    assert_int_equal(fclose(file), 0);
    return folder;
}

static virtiofs *open_shares(const struct guest *guest)
{
    const virtiofs_backend backend = berth_qemu_virtiofs(guest->vm);
    virtiofs *shares;

    assert_int_equal(virtiofs_create(NULL, &backend, NULL, &shares, NULL), 0);
    return shares;
}

static int reserve(virtiofs *shares, const char *host_path, uuid_t reservation)
{
    const virtiofs_mount_config mount = VIRTIOFS_MOUNT_CONFIG_DEFAULT;
    virtiofs_share_config share = VIRTIOFS_SHARE_CONFIG_DEFAULT;

    share.host_path = host_path;
    return virtiofs_reserve(shares, &share, &mount, reservation, NULL);
}

static void test_a_share_is_mounted_and_goes(void **state)
{
    struct guest *guest = *state;
    virtiofs *shares = open_shares(guest);
    uuid_t a;

    assert_int_equal(reserve(shares, folder_of(guest, "share"), a), 0);
    assert_int_equal(virtiofs_map_to_guest(shares, a, NULL, 0, NULL), 0);
    assert_true(guest_says(guest, "{\"do\":\"read\",\"path\":\"/run/mounts/share/0/hello\"}",
                           "hello from the host"));
    assert_true(guest_says(guest, "{\"do\":\"list\"}", HAS_PORT_0));
    assert_int_equal(virtiofs_unmap_from_guest(shares, a, NULL), 0);
    assert_true(guest_qmp_says(guest, "{\"execute\":\"query-chardev\"}", "agent"));
    assert_int_equal(virtiofs_destroy(shares, NULL), 0);
}

static void test_plan9_mount_is_served_by_virtiofs(void **state)
{
    struct guest *guest = *state;
    const plan9_mount_backend backend = berth_qemu_plan9_mount(guest->vm);
    plan9_mount_share_config share = PLAN9_MOUNT_SHARE_CONFIG_DEFAULT;
    const plan9_mount_mount_config mount = PLAN9_MOUNT_MOUNT_CONFIG_DEFAULT;
    plan9_mount *shares;
    uuid_t a;

    assert_int_equal(plan9_mount_create(NULL, &backend, NULL, &shares, NULL), 0);
    share.host_path = folder_of(guest, "share");
    assert_int_equal(plan9_mount_reserve(shares, &share, &mount, a, NULL), 0);
    assert_int_equal(plan9_mount_map_to_guest(shares, a, NULL, 0, NULL), 0);
    assert_true(guest_says(guest, "{\"do\":\"read\",\"path\":\"/run/mounts/plan9/0/hello\"}",
                           "hello from the host"));
    assert_int_equal(plan9_mount_unmap_from_guest(shares, a, NULL), 0);
    assert_int_equal(plan9_mount_destroy(shares, NULL), 0);
}

/*
 * Kills the virtiofsd that this test started, its parent is this process, and the process that it
 * made to serve. That one would end by itself, but later. Waits until both are dead.
 */
static void kill_virtiofsd(void)
{
    char command[320];

    (void)snprintf(command, sizeof command,
                   "set -- $(pgrep -P %ld virtiofsd) && set -- $1 $(pgrep -P $1); "
                   "kill -KILL $* && for p; do "
                   "while grep -qs '^State:.[^Z]' /proc/$p/status; do sleep 0.01; done; done",
                   (long)getpid());
    assert_int_equal(system(command), 0);
}

/*
 * The guest's thread hangs for ever: that root can be neither used nor let go of, all others can.
 * Forgetting it, and it alone, is the way out.
 */
static void test_a_dead_virtiofsd_harms_its_own_root_only(void **state)
{
    struct guest *guest = *state;
    virtiofs *shares = open_shares(guest);
    virtiofs_share_config share = VIRTIOFS_SHARE_CONFIG_DEFAULT;
    uuid_t a, b;

    share.host_path = folder_of(guest, "one");
    assert_int_equal(reserve(shares, share.host_path, a), 0);
    assert_int_equal(virtiofs_map_to_guest(shares, a, NULL, 0, NULL), 0);
    kill_virtiofsd();
    assert_int_equal(virtiofs_unmap_from_guest_until(shares, a, guest_within(500), NULL),
                     -ETIMEDOUT);
    assert_int_equal(reserve(shares, folder_of(guest, "two"), b), 0);
    assert_int_equal(virtiofs_map_to_guest(shares, b, NULL, 0, NULL), 0);
    assert_int_equal(virtiofs_unmap_from_guest_until(shares, a, guest_within(500), NULL),
                     -ETIMEDOUT);
    assert_int_equal(virtiofs_discard_share(shares, &share, NULL), 0);
    assert_int_equal(virtiofs_unmap_from_guest(shares, a, NULL), -ENOENT);
    assert_int_equal(virtiofs_unmap_from_guest(shares, b, NULL), 0);
    assert_int_equal(virtiofs_destroy(shares, NULL), 0);
    berth_qemu_disconnect(guest->vm); /* what the guest holds stays, so the teardown asks nobody */
}

static pci_ports *open_devices(const struct guest *guest)
{
    const pci_ports_backend backend = berth_qemu_pci_ports(guest->vm);
    pci_ports *devices;

    assert_int_equal(pci_ports_create(NULL, &backend, NULL, &devices, NULL), 0);
    return devices;
}

static void reserve_device(pci_ports *devices, const char *host, uuid_t reservation)
{
    pci_ports_device_config device = PCI_PORTS_DEVICE_CONFIG_DEFAULT;

    device.host = host;
    assert_int_equal(pci_ports_reserve(devices, &device, reservation, NULL), 0);
}

static int note_state(void *arg, const pci_ports_item *item)
{
    *(unsigned *)arg = item->state;
    return 0;
}

static unsigned state_of(pci_ports *devices)
{
    unsigned found = 0;

    assert_int_equal(pci_ports_for_each(devices, note_state, &found), 0);
    return found;
}

static void test_a_device_is_found_by_the_guest_and_goes(void **state)
{
    struct guest *guest = *state;
    pci_ports *devices = open_devices(guest);
    uuid_t a;

    reserve_device(devices, RNG, a);
    assert_int_equal(pci_ports_add_to_vm(devices, a, NULL), 0);
    assert_int_equal(state_of(devices), PCI_PORTS_DEVICE_STATE_READY);
    assert_true(guest_says(guest, "{\"do\":\"list\"}", HAS_PORT_0));
    assert_int_equal(pci_ports_remove_from_vm(devices, a, NULL), 0);
    assert_string_equal(
        guest_error(guest, "{\"do\":\"wait\",\"port\":\"0000:00:10.0\",\"wait_ms\":0}"), "ENODEV");
    assert_int_equal(pci_ports_destroy(devices, NULL), 0);
}

static void test_vpci_waits_for_the_guest(void **state)
{
    struct guest *guest = *state;
    const vpci_backend backend = berth_qemu_vpci(guest->vm);
    vpci_device_config device = VPCI_DEVICE_CONFIG_DEFAULT;
    vpci *devices;
    uuid_t a, guid;

    assert_int_equal(vpci_create(NULL, &backend, NULL, &devices, NULL), 0);
    device.device_instance_id = RNG;
    assert_int_equal(vpci_reserve(devices, &device, a, guid, NULL), 0);
    assert_int_equal(vpci_add_to_vm(devices, a, NULL), 0);
    assert_true(guest_says(guest, "{\"do\":\"list\"}", HAS_PORT_0));
    assert_int_equal(vpci_remove_from_vm(devices, a, NULL), 0);
    assert_int_equal(vpci_destroy(devices, NULL), 0);
}

/* Its removal takes the guest; a second try waits for the event of the first. */
static void test_a_paused_guest_keeps_a_device_until_it_goes_on(void **state)
{
    struct guest *guest = *state;
    pci_ports *devices = open_devices(guest);
    uuid_t a;

    reserve_device(devices, RNG, a);
    assert_int_equal(pci_ports_add_to_vm(devices, a, NULL), 0);
    assert_int_equal(machine_pause(guest->vm), 0);
    assert_int_equal(pci_ports_remove_from_vm_until(devices, a, guest_within(300), NULL),
                     -ETIMEDOUT);
    assert_int_equal(state_of(devices), PCI_PORTS_DEVICE_STATE_SUSPECT);
    assert_int_equal(pci_ports_remove_from_vm_until(devices, a, guest_within(300), NULL),
                     -ETIMEDOUT);
    assert_int_equal(machine_resume(guest->vm), 0);
    assert_int_equal(pci_ports_remove_from_vm(devices, a, NULL), 0);
    assert_int_equal(pci_ports_destroy(devices, NULL), 0);
}

static void test_a_device_that_the_guest_has_not_found_may_be_asked_for_again(void **state)
{
    struct guest *guest = *state;
    pci_ports *devices = open_devices(guest);
    uuid_t a;

    reserve_device(devices, RNG, a);
    assert_int_equal(machine_pause(guest->vm), 0);
    assert_int_equal(pci_ports_add_to_vm_until(devices, a, guest_within(300), NULL), -ETIMEDOUT);
    assert_int_equal(state_of(devices), PCI_PORTS_DEVICE_STATE_UNSEEN);
    assert_int_equal(machine_resume(guest->vm), 0);
    assert_int_equal(pci_ports_add_to_vm(devices, a, NULL), 0);
    assert_int_equal(state_of(devices), PCI_PORTS_DEVICE_STATE_READY);
    assert_int_equal(pci_ports_remove_from_vm(devices, a, NULL), 0);
    assert_int_equal(pci_ports_destroy(devices, NULL), 0);
}

int main(void)
{
#define GUEST_TEST(test) cmocka_unit_test_setup_teardown(test, guest_setup, guest_teardown)
    const struct CMUnitTest tests[] = {
        GUEST_TEST(test_a_share_is_mounted_and_goes),
        GUEST_TEST(test_plan9_mount_is_served_by_virtiofs),
        GUEST_TEST(test_a_dead_virtiofsd_harms_its_own_root_only),
        GUEST_TEST(test_a_device_is_found_by_the_guest_and_goes),
        GUEST_TEST(test_vpci_waits_for_the_guest),
        GUEST_TEST(test_a_paused_guest_keeps_a_device_until_it_goes_on),
        GUEST_TEST(test_a_device_that_the_guest_has_not_found_may_be_asked_for_again),
    };

    return cmocka_run_group_tests(tests, guest_prepare, NULL);
}
