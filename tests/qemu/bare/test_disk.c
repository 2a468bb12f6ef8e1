/* Disks of a QEMU without a guest: what is refused, what is left over, what is there already. */
#define _GNU_SOURCE

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/disks.h"

/* A device has its node, and its name is free already, until the last of it has gone. */
#define QUERY_BLOCK "{\"execute\":\"query-block\"}"

/* As a try does that was cut. */
static void leave_a_node(const struct bare *bare, const char *path)
{
    char request[512];

    (void)snprintf(request, sizeof request,
                   "{\"execute\":\"blockdev-add\",\"arguments\":{\"driver\":\"raw\",\"node-name\":"
                   "\"node-0-0\",\"file\":{\"driver\":\"file\",\"filename\":\"%s\"}}}",
                   path);
    free(bare_ask(bare, request));
}

/* One disk is refused: nothing of it is in QEMU, and its holder can only let go. */
static void refused(struct bare *bare, const scsi_disk_config *disk, int error)
{
    struct seen seen = {{0}, 0, 0};
    scsi *disks = disks_open(bare, &seen);
    scsi_mount_config mount = SCSI_MOUNT_CONFIG_DEFAULT;
    uuid_t a;

    assert_int_equal(scsi_reserve(disks, disk, &mount, a, NULL), 0);
    assert_int_equal(disks_map(disks, a, BERTH_NO_DEADLINE), error);
    assert_string_equal(seen.hook, "vm.add_disk");
    assert_int_equal(seen.outcome, BERTH_FAILED);
    assert_int_equal(disks_state(disks), SCSI_DISK_STATE_FAILED);
    bare_holds_nothing(bare);
    assert_int_equal(disks_unmap(disks, a, BERTH_NO_DEADLINE), 0);
    disks_close(disks);
}

static void refused_path(struct bare *bare, const char *host_path, int error)
{
    scsi_disk_config disk = SCSI_DISK_CONFIG_DEFAULT;

    disk.host_path = host_path;
    refused(bare, &disk, error);
}

static void test_cycles_leave_nothing(void **state)
{
    struct bare *bare = *state;
    scsi *disks = disks_open(bare, NULL);

    for (int i = 0; i < 20; i++) {
        uuid_t a;

        disks_reserve(disks, bare_image(bare, "disk"), a);
        assert_int_equal(disks_map(disks, a, BERTH_NO_DEADLINE), 0);
        assert_int_equal(disks_state(disks), SCSI_DISK_STATE_ATTACHED);
        assert_int_equal(bare_nodes(bare), 1);
        assert_true(bare_has_device(bare, "disk-0-0"));
        assert_int_equal(disks_unmap(disks, a, BERTH_NO_DEADLINE), 0);
        bare_holds_nothing(bare);
    }
    assert_int_equal(berth_qemu_in_flight(bare->vm), 0);
    assert_int_equal(berth_qemu_late(bare->vm), 0);
    disks_close(disks);
}

/* QEMU is asked for the place of a disk and the rights that it has there. */
static void test_a_disk_is_where_the_manager_says(void **state)
{
    struct bare *bare = *state;
    scsi *disks = disks_open(bare, NULL);
    scsi_disk_config disk = SCSI_DISK_CONFIG_DEFAULT;
    scsi_mount_config mount = SCSI_MOUNT_CONFIG_DEFAULT;
    uuid_t a, b;

    disks_reserve(disks, bare_image(bare, "one"), a);
    disk.host_path = bare_image(bare, "two");
    disk.read_only = true;
    assert_int_equal(scsi_reserve(disks, &disk, &mount, b, NULL), 0);
    assert_int_equal(disks_map(disks, a, BERTH_NO_DEADLINE), 0);
    assert_int_equal(disks_map(disks, b, BERTH_NO_DEADLINE), 0);
    assert_true(bare_says(bare,
                          "{\"execute\":\"qom-get\",\"arguments\":{\"path\":"
                          "\"/machine/peripheral/disk-0-1\",\"property\":\"lun\"}}",
                          "1"));
    assert_true(bare_says(bare,
                          "{\"execute\":\"qom-get\",\"arguments\":{\"path\":"
                          "\"/machine/peripheral/disk-0-1\",\"property\":\"drive\"}}",
                          "node-0-1"));
    assert_true(bare_says(bare, QUERY_BLOCK, "\"ro\":true"));
    assert_true(bare_says(bare, QUERY_BLOCK, "\"ro\":false"));
    assert_int_equal(peer_heard(bare->agent, "\"controller\":\"0000:00:04.0\""), 2);
    assert_int_equal(peer_heard(bare->agent, "\"lun\":1"), 1);
    assert_int_equal(disks_unmap(disks, a, BERTH_NO_DEADLINE), 0);
    assert_int_equal(disks_unmap(disks, b, BERTH_NO_DEADLINE), 0);
    disks_close(disks);
}

static void test_an_image_that_is_not_there_is_refused(void **state)
{
    refused_path(*state, "/nowhere/at/all", -ENOENT);
}

/* What a path is called says nothing about why it was refused. */
static void test_names_in_quotes_say_nothing(void **state)
{
    refused_path(*state, "/nowhere/Duplicate/in use/not support", -ENOENT);
}

static void test_options_that_are_no_json_are_refused(void **state)
{
    static const char *const broken[] = {
        "json:",      "json:{",    "json:[]",         "json:{\"driver\":}",
        "json:\"x\"", "json:null", "json:{} and more"};

    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++)
        refused_path(*state, broken[i], -EINVAL);
}

static void test_options_that_qemu_does_not_know_are_refused(void **state)
{
    refused_path(*state, "json:{\"driver\":\"no such driver\"}", -EIO);
    refused_path(*state, "json:{\"driver\":\"null-co\",\"nonsense\":1}", -EIO);
}

static void test_options_in_json_are_used(void **state)
{
    struct bare *bare = *state;
    scsi *disks = disks_open(bare, NULL);
    uuid_t a;

    disks_reserve(disks,
                  "json:{\"driver\":\"null-co\",\"size\":1048576,\"node-name\":\"mine\","
                  "\"read-only\":true}",
                  a);
    assert_int_equal(disks_map(disks, a, BERTH_NO_DEADLINE), 0);
    assert_true(bare_says(bare, "{\"execute\":\"query-named-block-nodes\"}", "\"null-co\""));
    assert_int_equal(bare_nodes(bare), 1);
    assert_true(bare_says(bare, QUERY_BLOCK, "\"ro\":false"));
    assert_int_equal(disks_unmap(disks, a, BERTH_NO_DEADLINE), 0);
    disks_close(disks);
}

static void test_types_that_there_are_not_are_refused(void **state)
{
    scsi_disk_config disk = SCSI_DISK_CONFIG_DEFAULT;

    disk.host_path = bare_image(*state, "disk");
    disk.type = SCSI_DISK_TYPE_EXTENSIBLE_VIRTUAL_DISK;
    refused(*state, &disk, -EOPNOTSUPP);
    disk.type = SCSI_DISK_TYPE_PASS_THRU; /* for devices only */
    refused(*state, &disk, -EIO);
}

static void test_mounts_that_there_are_not_are_refused(void **state)
{
    struct bare *bare = *state;

    for (int i = 0; i < 2; i++) {
        scsi *disks = disks_open(bare, NULL);
        scsi_disk_config disk = SCSI_DISK_CONFIG_DEFAULT;
        scsi_mount_config mount = SCSI_MOUNT_CONFIG_DEFAULT;
        uuid_t a;

        disk.host_path = bare_image(bare, "disk");
        mount.encrypted = i == 0;
        mount.ensure_filesystem = i == 1;
        assert_int_equal(scsi_reserve(disks, &disk, &mount, a, NULL), 0);
        assert_int_equal(disks_map(disks, a, BERTH_NO_DEADLINE), -EOPNOTSUPP);
        assert_int_equal(disks_mount_state(disks), SCSI_MOUNT_STATE_FAILED);
        assert_int_equal(peer_heard(bare->agent, "\"do\":\"mount\""), 0);
        assert_int_equal(disks_unmap(disks, a, BERTH_NO_DEADLINE), 0);
        disks_close(disks);
    }
}

/* QEMU opens the image under its second name too, and sees the lock when the device wants to write:
 * the node has to go again. */
static void test_a_refused_device_takes_its_node_with_it(void **state)
{
    struct bare *bare = *state;
    struct seen seen = {{0}, 0, 0};
    scsi *disks = disks_open(bare, &seen);
    const char *image = bare_image(bare, "disk"), *link = bare_file(bare, "link");
    uuid_t a, b;

    (void)unlink(link);
    assert_int_equal(symlink(image, link), 0);
    disks_reserve(disks, image, a);
    disks_reserve(disks, link, b);
    assert_int_equal(disks_map(disks, a, BERTH_NO_DEADLINE), 0);
    assert_int_equal(disks_map(disks, b, BERTH_NO_DEADLINE), -EBUSY);
    assert_int_equal(seen.outcome, BERTH_FAILED);
    assert_int_equal(disks_state(disks), SCSI_DISK_STATE_FAILED);
    assert_int_equal(bare_nodes(bare), 1);
    assert_int_equal(bare_devices(bare), 1);
    assert_int_equal(disks_unmap(disks, b, BERTH_NO_DEADLINE), 0);
    assert_int_equal(disks_unmap(disks, a, BERTH_NO_DEADLINE), 0);
    disks_close(disks);
}

static void test_a_node_that_was_left_over_is_replaced(void **state)
{
    struct bare *bare = *state;
    scsi *disks = disks_open(bare, NULL);
    const char *image = bare_image(bare, "disk");
    uuid_t a;

    leave_a_node(bare, bare_image(bare, "other"));
    disks_reserve(disks, image, a);
    assert_int_equal(disks_map(disks, a, BERTH_NO_DEADLINE), 0);
    assert_int_equal(bare_nodes(bare), 1);
    assert_true(bare_says(bare, QUERY_BLOCK, image));
    assert_int_equal(disks_unmap(disks, a, BERTH_NO_DEADLINE), 0);
    disks_close(disks);
}

/* A device of somebody else has the node: it cannot be taken away. */
static void test_a_node_that_is_in_use_is_left_alone(void **state)
{
    struct bare *bare = *state;
    scsi *disks = disks_open(bare, NULL);
    uuid_t a;

    leave_a_node(bare, bare_image(bare, "other"));
    free(bare_ask(bare, "{\"execute\":\"device_add\",\"arguments\":{\"driver\":\"scsi-hd\",\"id\":"
                        "\"disk-mine\",\"bus\":\"scsi1.0\",\"drive\":\"node-0-0\"}}"));
    disks_reserve(disks, bare_image(bare, "disk"), a);
    assert_int_equal(disks_map(disks, a, BERTH_NO_DEADLINE), -EBUSY);
    assert_int_equal(disks_state(disks), SCSI_DISK_STATE_FAILED);
    assert_int_equal(bare_nodes(bare), 1);
    free(bare_ask(bare, "{\"execute\":\"device_del\",\"arguments\":{\"id\":\"disk-mine\"}}"));
    bare_wait_until(!bare_says(bare, QUERY_BLOCK, "node-0-0"));
    free(bare_ask(bare,
                  "{\"execute\":\"blockdev-del\",\"arguments\":{\"node-name\":\"node-0-0\"}}"));
    assert_int_equal(disks_unmap(disks, a, BERTH_NO_DEADLINE), 0);
    disks_close(disks);
}

static void test_what_is_gone_already_is_let_go_of(void **state)
{
    struct bare *bare = *state;
    scsi *disks = disks_open(bare, NULL);

    for (int i = 0; i < 2; i++) { /* the device; the device and its node */
        uuid_t a;

        disks_reserve(disks, bare_image(bare, "disk"), a);
        assert_int_equal(disks_map(disks, a, BERTH_NO_DEADLINE), 0);
        free(bare_ask(bare, "{\"execute\":\"device_del\",\"arguments\":{\"id\":\"disk-0-0\"}}"));
        bare_wait_until(!bare_says(bare, QUERY_BLOCK, "node-0-0"));
        if (i == 1)
            free(bare_ask(bare, "{\"execute\":\"blockdev-del\",\"arguments\":{\"node-name\":"
                                "\"node-0-0\"}}"));
        assert_int_equal(disks_unmap(disks, a, BERTH_NO_DEADLINE), 0);
        bare_holds_nothing(bare);
    }
    disks_close(disks);
}

/* The name of a device is free before the device has gone: its node is awaited. */
static void test_what_is_going_already_is_waited_for(void **state)
{
    struct bare *bare = *state;
    scsi *disks = disks_open(bare, NULL);

    for (int i = 0; i < 10; i++) {
        uuid_t a;

        disks_reserve(disks, bare_image(bare, "disk"), a);
        assert_int_equal(disks_map(disks, a, BERTH_NO_DEADLINE), 0);
        free(bare_ask(bare, "{\"execute\":\"device_del\",\"arguments\":{\"id\":\"disk-0-0\"}}"));
        assert_int_equal(disks_unmap(disks, a, BERTH_NO_DEADLINE), 0);
        bare_holds_nothing(bare);
    }
    disks_close(disks);
}

/* The node has another user: the device is gone, and nobody can say that the disk is. */
static void test_a_node_that_stays_is_let_go_of_later(void **state)
{
    struct bare *bare = *state;
    struct seen seen = {{0}, 0, 0};
    scsi *disks = disks_open(bare, &seen);
    uuid_t a;

    disks_reserve(disks, bare_image(bare, "disk"), a);
    assert_int_equal(disks_map(disks, a, BERTH_NO_DEADLINE), 0);
    free(bare_ask(bare, "{\"execute\":\"blockdev-add\",\"arguments\":{\"driver\":\"raw\","
                        "\"node-name\":\"above\",\"file\":\"node-0-0\",\"read-only\":true}}"));
    assert_int_equal(disks_unmap(disks, a, BERTH_NO_DEADLINE), -EBUSY);
    assert_string_equal(seen.hook, "vm.remove_disk");
    assert_int_equal(seen.outcome, BERTH_UNSURE);
    assert_int_equal(disks_state(disks), SCSI_DISK_STATE_EJECTED);
    assert_int_equal(bare_devices(bare), 0);
    assert_int_equal(bare_nodes(bare), 1);
    free(bare_ask(bare, "{\"execute\":\"blockdev-del\",\"arguments\":{\"node-name\":\"above\"}}"));
    assert_int_equal(disks_unmap(disks, a, BERTH_NO_DEADLINE), 0);
    disks_close(disks);
}

int main(void)
{
    struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cycles_leave_nothing),
        cmocka_unit_test(test_a_disk_is_where_the_manager_says),
        cmocka_unit_test(test_an_image_that_is_not_there_is_refused),
        cmocka_unit_test(test_names_in_quotes_say_nothing),
        cmocka_unit_test(test_options_that_are_no_json_are_refused),
        cmocka_unit_test(test_options_that_qemu_does_not_know_are_refused),
        cmocka_unit_test(test_options_in_json_are_used),
        cmocka_unit_test(test_types_that_there_are_not_are_refused),
        cmocka_unit_test(test_mounts_that_there_are_not_are_refused),
        cmocka_unit_test(test_a_refused_device_takes_its_node_with_it),
        cmocka_unit_test(test_a_node_that_was_left_over_is_replaced),
        cmocka_unit_test(test_a_node_that_is_in_use_is_left_alone),
        cmocka_unit_test(test_what_is_gone_already_is_let_go_of),
        cmocka_unit_test(test_what_is_going_already_is_waited_for),
        cmocka_unit_test(test_a_node_that_stays_is_let_go_of_later),
    };

    return bare_run(tests);
}
