/* How many bytes the runtime takes per tracked instance and reservation, counted by an allocator of our own. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "plan9.h"
#include "scsi.h"
#include "vpci.h"

enum { COUNT = 10000 };

static size_t in_use; /* one thread only */

static void *count_alloc(void *ctx, size_t size)
{
    (void)ctx;
    in_use += size;
    return malloc(size);
}

static void count_release(void *ctx, void *memory, size_t size)
{
    (void)ctx;
    in_use -= size;
    free(memory);
}

static const berth_allocator allocator = {.alloc = count_alloc, .release = count_release};
static const berth_config config = {.allocator = &allocator};

static int share_hook(void *ctx, berth_call *call, const plan9_share *share)
{
    (void)ctx;
    (void)call;
    (void)share;
    return 0;
}

static int device_hook(void *ctx, berth_call *call, const vpci_device *device)
{
    (void)ctx;
    (void)call;
    (void)device;
    return 0;
}

static int disk_hook(void *ctx, berth_call *call, const scsi_disk *disk)
{
    (void)ctx;
    (void)call;
    (void)disk;
    return 0;
}

static int mount_hook(void *ctx, berth_call *call, const scsi_mount *mount)
{
    (void)ctx;
    (void)call;
    (void)mount;
    return 0;
}

static void check(int result)
{
    if (result < 0) {
        (void)fprintf(stderr, "memory: %s\n", berth_errno_name(result));
        exit(1);
    }
}

static void report(const char *what, size_t before)
{
    printf("%-48s %zu bytes each\n", what, (in_use - before) / COUNT);
}

static void shares(void)
{
    plan9 *manager;
    const plan9_backend backend = {.version = PLAN9_BACKEND_VERSION, .vm = {.add_plan9 = share_hook, .remove_plan9 = share_hook}};
    check(plan9_create(NULL, &backend, &config, &manager, NULL));
    size_t before = in_use;
    for (unsigned i = 0; i < COUNT; i++) {
        char path[32];
        (void)snprintf(path, sizeof path, "/share/%06u", i);
        check(plan9_resolve_share_name(manager, &(plan9_share_config){.host_path = path}, NULL, 0, NULL));
    }
    report("plan9: share, 13 bytes of text", before);
    check(plan9_discard(manager));
    check(plan9_destroy(manager, NULL));
}

static void devices(void)
{
    vpci *manager;
    const vpci_backend backend = {.version = VPCI_BACKEND_VERSION, .vm = {.add_device = device_hook, .remove_device = device_hook}};
    check(vpci_create(NULL, &backend, &config, &manager, NULL));
    size_t before = in_use;
    for (unsigned i = 0; i < COUNT; i++) {
        char path[32];
        uuid_t reservation;
        (void)snprintf(path, sizeof path, "PCIP/%08u", i);
        check(vpci_reserve(manager, &(vpci_device_config){.device_instance_id = path}, reservation, NULL, NULL));
    }
    report("vpci: device with its reservation", before);
    check(vpci_discard(manager));
    check(vpci_destroy(manager, NULL));
}

static void mounts(void)
{
    scsi *manager;
    const scsi_backend backend = {.version = SCSI_BACKEND_VERSION,
                                  .vm = {.add_disk = disk_hook, .remove_disk = disk_hook},
                                  .guest = {.mount = mount_hook, .unmount = mount_hook}};
    check(scsi_create(NULL, &backend, &config, &manager, NULL));
    size_t before = in_use;
    for (unsigned i = 0; i < COUNT; i++) {
        uuid_t reservation;
        check(scsi_reserve(manager, &(scsi_disk_config){.host_path = "/disk"}, &(scsi_mount_config){.partition = i}, reservation, NULL));
    }
    report("scsi: mount with its reservation", before);
    check(scsi_discard(manager));
    check(scsi_destroy(manager, NULL));
}

int main(void)
{
    shares();
    devices();
    mounts();
    if (in_use != 0)
        (void)fprintf(stderr, "memory: %zu bytes were not given back\n", in_use);
    return in_use == 0 ? 0 : 1;
}
