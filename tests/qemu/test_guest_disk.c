/* Disks of a guest that runs: what it sees, what it loses, and what fails on the way. */
#define _GNU_SOURCE

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "berth_qemu_scsi.h"
#include "disk.h"
#include "support/guest.h"

static scsi *open_disks(const struct guest *guest)
{
    const scsi_backend backend = berth_qemu_scsi(guest->vm);
    scsi *disks;

    assert_int_equal(scsi_create(NULL, &backend, NULL, &disks, NULL), 0);
    return disks;
}

static void close_disks(scsi *disks)
{
    assert_int_equal(scsi_destroy(disks, NULL), 0);
}

static void reserve_partition(scsi *disks, const char *host_path, uint64_t partition,
                              uuid_t reservation)
{
    scsi_disk_config disk = SCSI_DISK_CONFIG_DEFAULT;
    scsi_mount_config mount = SCSI_MOUNT_CONFIG_DEFAULT;

    disk.host_path = host_path;
    mount.partition = partition;
    assert_int_equal(scsi_reserve(disks, &disk, &mount, reservation, NULL), 0);
}

static void reserve(scsi *disks, const char *host_path, uuid_t reservation)
{
    reserve_partition(disks, host_path, 1, reservation);
}

static int map(scsi *disks, const uuid_t reservation, int64_t deadline)
{
    return scsi_map_to_guest_until(disks, reservation, NULL, 0, deadline, NULL);
}

/* The state of the first mount that is tracked; of its disk. */
struct states {
    unsigned disk, mount;
};

static int note_state(void *arg, const scsi_item *item)
{
    struct states *states = arg;

    if (item->resource == SCSI_RESOURCE_MOUNT)
        states->mount = item->state;
    else
        states->disk = item->state;
    return 0;
}

static struct states states_of(scsi *disks)
{
    struct states states = {0, 0};

    assert_int_equal(scsi_for_each(disks, note_state, &states), 0);
    return states;
}

#define READ_HELLO "{\"do\":\"read\",\"path\":\"/run/mounts/scsi/0_0_1/hello\"}"

static void test_what_the_guest_writes_is_on_the_disk(void **state)
{
    struct guest *guest = *state;
    const char *image = guest_disk(guest, "disk");
    scsi *disks = open_disks(guest);
    uuid_t a;

    reserve(disks, image, a);
    assert_int_equal(map(disks, a, BERTH_NO_DEADLINE), 0);
    assert_true(guest_says(guest, READ_HELLO, "hello"));
    assert_true(guest_says(guest,
                           "{\"do\":\"write\",\"path\":\"/run/mounts/scsi/0_0_1/hello\","
                           "\"text\":\"written\"}",
                           "ok"));
    assert_int_equal(scsi_unmap_from_guest(disks, a, NULL), 0);
    reserve(disks, image, a);
    assert_int_equal(map(disks, a, BERTH_NO_DEADLINE), 0);
    assert_true(guest_says(guest, READ_HELLO, "written"));
    assert_int_equal(scsi_unmap_from_guest(disks, a, NULL), 0);
    close_disks(disks);
}

static void test_a_whole_disk_is_given_as_a_device(void **state)
{
    struct guest *guest = *state;
    scsi *disks = open_disks(guest);
    scsi_disk_config disk = SCSI_DISK_CONFIG_DEFAULT;
    scsi_mount_config mount = SCSI_MOUNT_CONFIG_DEFAULT;
    uuid_t a;

    disk.host_path = guest_disk(guest, "disk");
    mount.block_dev = true;
    assert_int_equal(scsi_reserve(disks, &disk, &mount, a, NULL), 0);
    assert_int_equal(map(disks, a, BERTH_NO_DEADLINE), 0);
    assert_true(
        guest_says(guest, "{\"do\":\"mounted\",\"path\":\"/run/mounts/scsi/0_0_0\"}", "true"));
    assert_int_equal(scsi_unmap_from_guest(disks, a, NULL), 0);
    assert_true(
        guest_says(guest, "{\"do\":\"mounted\",\"path\":\"/run/mounts/scsi/0_0_0\"}", "false"));
    close_disks(disks);
}

/* Only the guest's unmount and eject protect the data: QEMU asks nobody. */
static void test_a_mounted_disk_can_be_torn_out_and_is_let_go_of_all_the_same(void **state)
{
    struct guest *guest = *state;
    scsi *disks = open_disks(guest);
    uuid_t a;

    reserve(disks, guest_disk(guest, "disk"), a);
    assert_int_equal(map(disks, a, BERTH_NO_DEADLINE), 0);
    assert_true(guest_qmp_says(
        guest, "{\"execute\":\"device_del\",\"arguments\":{\"id\":\"disk-0-0\"}}", "{}"));
    assert_int_equal(scsi_unmap_from_guest(disks, a, NULL), 0);
    close_disks(disks);
}

static void test_a_damaged_file_system_is_refused(void **state)
{
    struct guest *guest = *state;
    const char *image = guest_disk(guest, "disk");
    scsi *disks = open_disks(guest);
    uuid_t a;

    assert_int_equal(disk_damage(image), 0);
    reserve(disks, image, a);
    assert_int_equal(map(disks, a, BERTH_NO_DEADLINE), -EINVAL);
    assert_int_equal(states_of(disks).mount, SCSI_MOUNT_STATE_FAILED);
    assert_int_equal(states_of(disks).disk, SCSI_DISK_STATE_ATTACHED);
    assert_int_equal(scsi_unmap_from_guest(disks, a, NULL), 0);
    assert_int_equal(disk_repair(image), 0);
    reserve(disks, image, a);
    assert_int_equal(map(disks, a, BERTH_NO_DEADLINE), 0);
    assert_int_equal(scsi_unmap_from_guest(disks, a, NULL), 0);
    close_disks(disks);
}

static void test_a_disk_that_cannot_be_read_is_refused(void **state)
{
    struct guest *guest = *state;
    scsi *disks = open_disks(guest);
    char host_path[512];
    uuid_t a;

    (void)snprintf(host_path, sizeof host_path,
                   "json:{\"driver\":\"raw\",\"file\":{\"driver\":\"blkdebug\",\"image\":"
                   "{\"driver\":\"file\",\"filename\":\"%s\"},\"inject-error\":[{\"event\":"
                   "\"read_aio\",\"errno\":5,\"sector\":2050}]}}",
                   guest_disk(guest, "disk"));
    reserve(disks, host_path, a);
    assert_int_equal(map(disks, a, BERTH_NO_DEADLINE), -EIO);
    assert_int_equal(states_of(disks).mount, SCSI_MOUNT_STATE_FAILED);
    assert_int_equal(scsi_unmap_from_guest(disks, a, NULL), 0);
    close_disks(disks);
}

static void test_a_read_only_disk_is_mounted_read_only_or_not_at_all(void **state)
{
    struct guest *guest = *state;
    scsi *disks = open_disks(guest);
    scsi_disk_config disk = SCSI_DISK_CONFIG_DEFAULT;
    scsi_mount_config mount = SCSI_MOUNT_CONFIG_DEFAULT;
    uuid_t a;

    disk.host_path = guest_disk(guest, "disk");
    disk.read_only = true;
    mount.partition = 1;
    assert_int_equal(scsi_reserve(disks, &disk, &mount, a, NULL), 0);
    assert_int_equal(map(disks, a, BERTH_NO_DEADLINE), -EROFS);
    assert_int_equal(scsi_unmap_from_guest(disks, a, NULL), 0);
    mount.read_only = true;
    assert_int_equal(scsi_reserve(disks, &disk, &mount, a, NULL), 0);
    assert_int_equal(map(disks, a, BERTH_NO_DEADLINE), 0);
    assert_string_equal(guest_error(guest, "{\"do\":\"write\",\"path\":"
                                           "\"/run/mounts/scsi/0_0_1/hello\",\"text\":\"x\"}"),
                        "EROFS");
    assert_int_equal(scsi_unmap_from_guest(disks, a, NULL), 0);
    close_disks(disks);
}

/* What a paused guest was asked, and nobody waits for any more, never begins. */
static void test_a_paused_guest_leaves_a_mount_uncertain(void **state)
{
    struct guest *guest = *state;
    scsi *disks = open_disks(guest);
    uuid_t a;

    reserve(disks, guest_disk(guest, "disk"), a);
    assert_int_equal(machine_pause(guest->vm), 0);
    assert_int_equal(map(disks, a, guest_within(300)), -ETIMEDOUT);
    assert_int_equal(states_of(disks).mount, SCSI_MOUNT_STATE_SUSPECT);
    assert_int_equal(machine_resume(guest->vm), 0);
    assert_int_equal(map(disks, a, BERTH_NO_DEADLINE), 0);
    assert_int_equal(states_of(disks).mount, SCSI_MOUNT_STATE_MOUNTED);
    assert_int_equal(scsi_unmap_from_guest(disks, a, NULL), 0);
    close_disks(disks);
}

static void test_what_a_paused_guest_may_have_is_let_go_of(void **state)
{
    struct guest *guest = *state;
    scsi *disks = open_disks(guest);
    uuid_t a;

    reserve(disks, guest_disk(guest, "disk"), a);
    assert_int_equal(machine_pause(guest->vm), 0);
    assert_int_equal(map(disks, a, guest_within(300)), -ETIMEDOUT);
    assert_int_equal(scsi_unmap_from_guest_until(disks, a, guest_within(300), NULL), -ETIMEDOUT);
    assert_int_equal(machine_resume(guest->vm), 0);
    assert_int_equal(scsi_unmap_from_guest(disks, a, NULL), 0);
    close_disks(disks);
}

/* The agent waits for a partition that never comes, and its child is killed. */
static void test_a_mount_that_has_begun_is_cancelled(void **state)
{
    struct guest *guest = *state;
    scsi *disks = open_disks(guest);
    uuid_t a;

    reserve_partition(disks, guest_disk(guest, "disk"), 7, a);
    assert_int_equal(map(disks, a, guest_within(400)), -ETIMEDOUT);
    assert_int_equal(states_of(disks).mount, SCSI_MOUNT_STATE_SUSPECT);
    assert_int_equal(scsi_unmap_from_guest(disks, a, NULL), 0);
    close_disks(disks);
}

static void test_a_frozen_qemu_leaves_the_disk_uncertain(void **state)
{
    struct guest *guest = *state;
    scsi *disks = open_disks(guest);
    uint64_t late = berth_qemu_late(guest->vm);
    uuid_t a;

    reserve(disks, guest_disk(guest, "disk"), a);
    machine_freeze(&guest->machine);
    assert_int_equal(map(disks, a, guest_within(300)), -ETIMEDOUT);
    assert_int_equal(states_of(disks).disk, SCSI_DISK_STATE_SUSPECT);
    machine_thaw(&guest->machine);
    assert_int_equal(scsi_unmap_from_guest(disks, a, NULL), 0);
    assert_int_equal(berth_qemu_late(guest->vm), late + 1);
    close_disks(disks);
}

static void test_the_guest_ejects_no_disk_that_is_in_use(void **state)
{
    struct guest *guest = *state;
    scsi *disks = open_disks(guest);
    uuid_t a;

    reserve(disks, guest_disk(guest, "disk"), a);
    assert_int_equal(map(disks, a, BERTH_NO_DEADLINE), 0);
    assert_true(guest_says(guest,
                           "{\"do\":\"mount\",\"controller\":\"0000:00:04.0\",\"lun\":0,"
                           "\"partition\":1,\"path\":\"/run/mounts/mine\"}",
                           "ok"));
    assert_int_equal(scsi_unmap_from_guest(disks, a, NULL), -EBUSY);
    assert_int_equal(states_of(disks).disk, SCSI_DISK_STATE_ATTACHED);
    assert_true(guest_says(guest, "{\"do\":\"unmount\",\"path\":\"/run/mounts/mine\"}", "ok"));
    assert_int_equal(scsi_unmap_from_guest(disks, a, NULL), 0);
    close_disks(disks);
}

/* A second connection is a fence: what the first one had asked never begins. */
static void test_after_reconnecting_the_manager_goes_on(void **state)
{
    struct guest *guest = *state;
    scsi *disks = open_disks(guest);
    uuid_t a;

    reserve(disks, guest_disk(guest, "disk"), a);
    assert_int_equal(map(disks, a, BERTH_NO_DEADLINE), 0);
    berth_qemu_disconnect(guest->vm);
    assert_int_equal(scsi_unmap_from_guest(disks, a, NULL), -ENOTCONN);
    assert_int_equal(states_of(disks).mount, SCSI_MOUNT_STATE_MOUNTED);
    assert_int_equal(berth_qemu_connect(guest->vm), 0);
    assert_int_equal(scsi_unmap_from_guest(disks, a, NULL), 0);
    close_disks(disks);
}

int main(void)
{
#define GUEST_TEST(test) cmocka_unit_test_setup_teardown(test, guest_setup, guest_teardown)
    const struct CMUnitTest tests[] = {
        GUEST_TEST(test_what_the_guest_writes_is_on_the_disk),
        GUEST_TEST(test_a_whole_disk_is_given_as_a_device),
        GUEST_TEST(test_a_mounted_disk_can_be_torn_out_and_is_let_go_of_all_the_same),
        GUEST_TEST(test_a_damaged_file_system_is_refused),
        GUEST_TEST(test_a_disk_that_cannot_be_read_is_refused),
        GUEST_TEST(test_a_read_only_disk_is_mounted_read_only_or_not_at_all),
        GUEST_TEST(test_a_paused_guest_leaves_a_mount_uncertain),
        GUEST_TEST(test_what_a_paused_guest_may_have_is_let_go_of),
        GUEST_TEST(test_a_mount_that_has_begun_is_cancelled),
        GUEST_TEST(test_a_frozen_qemu_leaves_the_disk_uncertain),
        GUEST_TEST(test_the_guest_ejects_no_disk_that_is_in_use),
        GUEST_TEST(test_after_reconnecting_the_manager_goes_on),
    };

    return cmocka_run_group_tests(tests, guest_prepare, NULL);
}
