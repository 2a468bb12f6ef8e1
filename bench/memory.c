/*
 * Bytes of memory per mapped root, beside those of the managers written by hand: what mallinfo2()
 * says is in use, with the hash tables and what malloc adds to each block. Every measurement is a
 * process of its own, so that none finds the free blocks of another.
 *
 * The keys have 16 to 47 characters, as many of each, because malloc rounds to 16 bytes: one length
 * alone would favour one side.
 */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hand/plan9_mount.h"
#include "hand/scsi.h"
#include "hand/uuids.h"
#include "hand/vpci.h"
#include "plan9_mount.h"
#include "scsi.h"
#include "vpci.h"

enum { SHORTEST = 16, LENGTHS = 32, DISKS = 64 };

struct key {
    char text[SHORTEST + LENGTHS];
};

static struct key key_of(unsigned i)
{
    struct key key;

    (void)snprintf(key.text, sizeof key.text, "/images/%0*u", (int)(SHORTEST + i % LENGTHS - 8), i);
    return key;
}

static void must(int result)
{
    if (result < 0) {
        (void)fprintf(stderr, "memory: %s\n", berth_errno_name(result));
        exit(1);
    }
}

static size_t in_use(void)
{
    struct mallinfo2 info = mallinfo2();

    return info.uordblks + info.hblkhd;
}

/* Bytes since `before`, per root. */
static double each(size_t before, unsigned count)
{
    return (double)(in_use() - before) / count;
}

/* plan9_mount: a share, its mount and a reservation, mapped */

static int share_hook(void *ctx, berth_call *call, const plan9_mount_share *share)
{
    (void)ctx, (void)call, (void)share;
    return 0;
}

static int share_mount_hook(void *ctx, berth_call *call, const plan9_mount_mount *mount)
{
    (void)ctx, (void)call, (void)mount;
    return 0;
}

static double berth_shares(unsigned count)
{
    const plan9_mount_backend backend = {
        .version = PLAN9_MOUNT_BACKEND_VERSION,
        .vm = {.add_plan9 = share_hook, .remove_plan9 = share_hook},
        .guest = {.add_mapped_directory = share_mount_hook,
                  .remove_mapped_directory = share_mount_hook},
    };
    char path[PLAN9_MOUNT_MOUNT_GUEST_PATH_SIZE];
    plan9_mount *manager;
    uuid_t id;
    size_t before;

    must(plan9_mount_create(NULL, &backend, NULL, &manager, NULL));
    before = in_use();
    for (unsigned i = 0; i < count; i++) {
        const struct key key = key_of(i);

        must(plan9_mount_reserve(manager, &(plan9_mount_share_config){.host_path = key.text},
                                 &(plan9_mount_mount_config){0}, id, NULL));
        must(plan9_mount_map_to_guest(manager, id, path, sizeof path, NULL));
    }
    return each(before, count);
}

static int hand_share_hook(void *ctx, const struct hand_share *share)
{
    (void)ctx, (void)share;
    return 0;
}

static int hand_share_mount_hook(void *ctx, const struct hand_share_mount *mount)
{
    (void)ctx, (void)mount;
    return 0;
}

static double hand_shares(unsigned count)
{
    const struct hand_plan9_mount_backend backend = {
        .add_plan9 = hand_share_hook,
        .remove_plan9 = hand_share_hook,
        .add_mapped_directory = hand_share_mount_hook,
        .remove_mapped_directory = hand_share_mount_hook,
    };
    struct hand_uuids uuids = hand_pool_make();
    struct hand_plan9_mount *manager = hand_plan9_mount_create(&backend, &uuids, false);
    size_t before = in_use();
    char path[39];
    uuid_t id;

    for (unsigned i = 0; i < count; i++) {
        struct key key = key_of(i);

        must(hand_plan9_mount_reserve(manager, &(struct hand_share_config){.host_path = key.text},
                                      false, id));
        must(hand_plan9_mount_map(manager, id, path, sizeof path));
    }
    return each(before, count);
}

/* vpci: a device and a reservation, ready */

static int device_hook(void *ctx, berth_call *call, const vpci_device *device)
{
    (void)ctx, (void)call, (void)device;
    return 0;
}

static double berth_devices(unsigned count)
{
    const vpci_backend backend = {.version = VPCI_BACKEND_VERSION,
                                  .vm = {.add_device = device_hook, .remove_device = device_hook}};
    vpci *manager;
    uuid_t id;
    size_t before;

    must(vpci_create(NULL, &backend, NULL, &manager, NULL));
    before = in_use();
    for (unsigned i = 0; i < count; i++) {
        const struct key key = key_of(i);

        must(vpci_reserve(manager, &(vpci_device_config){.device_instance_id = key.text}, id, NULL,
                          NULL));
        must(vpci_add_to_vm(manager, id, NULL));
    }
    return each(before, count);
}

static int hand_device_hook(void *ctx, const struct hand_device *device)
{
    (void)ctx, (void)device;
    return 0;
}

static double hand_devices(unsigned count)
{
    const struct hand_vpci_backend backend = {.add_device = hand_device_hook,
                                              .remove_device = hand_device_hook};
    struct hand_uuids uuids = hand_pool_make();
    struct hand_vpci *manager = hand_vpci_create(&backend, &uuids);
    size_t before = in_use();
    uuid_t id;

    for (unsigned i = 0; i < count; i++) {
        const struct key key = key_of(i);

        must(hand_vpci_reserve(manager, key.text, 0, id, NULL));
        must(hand_vpci_add(manager, id));
    }
    return each(before, count);
}

/* scsi: a mount and a reservation, mounted, of as many disks as one controller has */

static int disk_hook(void *ctx, berth_call *call, const scsi_disk *disk)
{
    (void)ctx, (void)call, (void)disk;
    return 0;
}

static int mount_hook(void *ctx, berth_call *call, const scsi_mount *mount)
{
    (void)ctx, (void)call, (void)mount;
    return 0;
}

static double berth_mounts(unsigned count)
{
    const scsi_backend backend = {.version = SCSI_BACKEND_VERSION,
                                  .vm = {.add_disk = disk_hook, .remove_disk = disk_hook},
                                  .guest = {.mount = mount_hook, .unmount = mount_hook}};
    char path[SCSI_MOUNT_GUEST_PATH_SIZE];
    scsi *manager;
    uuid_t id;
    size_t before;

    must(scsi_create(NULL, &backend, NULL, &manager, NULL));
    before = in_use();
    for (unsigned i = 0; i < count; i++) {
        const struct key key = key_of(i % DISKS);
        const scsi_mount_config mount = {.partition = i / DISKS};

        must(scsi_reserve(manager, &(scsi_disk_config){.host_path = key.text}, &mount, id, NULL));
        must(scsi_map_to_guest(manager, id, path, sizeof path, NULL));
    }
    return each(before, count);
}

static int hand_disk_hook(void *ctx, const struct hand_disk *disk)
{
    (void)ctx, (void)disk;
    return 0;
}

static int hand_mount_hook(void *ctx, const struct hand_disk_mount *mount)
{
    (void)ctx, (void)mount;
    return 0;
}

static double hand_mounts(unsigned count)
{
    const struct hand_scsi_backend backend = {
        .add_disk = hand_disk_hook,
        .remove_disk = hand_disk_hook,
        .mount = hand_mount_hook,
        .unmount = hand_mount_hook,
    };
    struct hand_uuids uuids = hand_pool_make();
    struct hand_scsi *manager = hand_scsi_create(&backend, &uuids, 1);
    size_t before = in_use();
    char path[64];
    uuid_t id;

    for (unsigned i = 0; i < count; i++) {
        const struct key key = key_of(i % DISKS);
        const struct hand_mount_config mount = {.partition = i / DISKS};

        must(hand_scsi_reserve(manager, &(struct hand_disk_config){.host_path = key.text}, &mount,
                               id));
        must(hand_scsi_map(manager, id, path, sizeof path));
    }
    return each(before, count);
}

/* What `fill` says in a process of its own. */
static double measure(double (*fill)(unsigned), unsigned count)
{
    double bytes;
    int ends[2];
    pid_t child;
    int status;

    if (pipe(ends) != 0)
        exit(1);
    child = fork();
    if (child == 0) {
        bytes = fill(count);
        _exit(write(ends[1], &bytes, sizeof bytes) == sizeof bytes ? 0 : 1);
    }
    if (child < 0 || read(ends[0], &bytes, sizeof bytes) != sizeof bytes ||
        waitpid(child, &status, 0) != child || status != 0) {
        (void)fprintf(stderr, "memory: a measurement failed\n");
        exit(1);
    }
    (void)close(ends[0]);
    (void)close(ends[1]);
    return bytes;
}

int main(void)
{
    static const struct {
        const char *what;
        double (*berth)(unsigned), (*hand)(unsigned);
    } rows[] = {
        {"plan9_mount: share, mount, reservation", berth_shares, hand_shares},
        {"vpci: device, reservation", berth_devices, hand_devices},
        {"scsi: mount, reservation", berth_mounts, hand_mounts},
    };
    static const unsigned counts[] = {1000, 100000, 1000000};

    printf("%-40s %9s %7s %8s %6s\n", "mapped", "number", "berth", "by hand", "ratio");
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++)
        for (unsigned j = 0; j < sizeof counts / sizeof counts[0]; j++) {
            double berth = measure(rows[i].berth, counts[j]),
                   hand = measure(rows[i].hand, counts[j]);

            printf("%-40s %9u %7.0f %8.0f %6.2f\n", rows[i].what, counts[j], berth, hand,
                   berth / hand);
        }
    return 0;
}
