/*
 * The cases whose instructions are counted: `cases CASE N` does one of them N times. The difference
 * between two numbers of times is what they cost, without what comes before and after. One root at
 * a time is tracked, so the counts do not depend on the seed of the hash.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "locker.h"
#include "plan9_mount.h"
#include "scsi.h"
#include "stock.h"
#include "vpci.h"

enum { KEYS = 16 };

static char keys[KEYS][40];

static void must(int result)
{
    if (result != 0)
        abort();
}

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

static int device_hook(void *ctx, berth_call *call, const vpci_device *device)
{
    (void)ctx, (void)call, (void)device;
    return 0;
}

static int sweep_hook(void *ctx, berth_call *call, const stock_box *box)
{
    (void)ctx, (void)call, (void)box;
    return 0;
}

static void cycle_share(plan9_mount *manager, const char *key)
{
    char path[PLAN9_MOUNT_MOUNT_GUEST_PATH_SIZE];
    uuid_t id;

    must(plan9_mount_reserve(manager, &(plan9_mount_share_config){.host_path = key},
                             &(plan9_mount_mount_config){.read_only = true}, id, NULL));
    must(plan9_mount_map_to_guest(manager, id, path, sizeof path, NULL));
    must(plan9_mount_unmap_from_guest(manager, id, NULL));
}

static void shares(long n, bool held)
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

    must(plan9_mount_create(NULL, &backend, NULL, &manager, NULL));
    if (held) {
        must(plan9_mount_reserve(manager, &(plan9_mount_share_config){.host_path = keys[0]},
                                 &(plan9_mount_mount_config){.read_only = true}, id, NULL));
        must(plan9_mount_map_to_guest(manager, id, path, sizeof path, NULL));
    }
    for (long i = 0; i < n; i++)
        cycle_share(manager, keys[held ? 0 : i % KEYS]);
    must(plan9_mount_discard(manager));
    must(plan9_mount_destroy(manager, NULL));
}

static void cycle_disk(scsi *manager, const char *key)
{
    char path[SCSI_MOUNT_GUEST_PATH_SIZE];
    uuid_t id;

    must(scsi_reserve(manager, &(scsi_disk_config){.host_path = key},
                      &(scsi_mount_config){.partition = 1, .filesystem = "ext4"}, id, NULL));
    must(scsi_map_to_guest(manager, id, path, sizeof path, NULL));
    must(scsi_unmap_from_guest(manager, id, NULL));
}

static void disks(long n, bool held)
{
    const scsi_backend backend = {
        .version = SCSI_BACKEND_VERSION,
        .vm = {.add_disk = disk_hook, .remove_disk = disk_hook},
        .guest = {.mount = mount_hook, .unmount = mount_hook, .eject = disk_hook},
    };
    char path[SCSI_MOUNT_GUEST_PATH_SIZE];
    scsi *manager;
    uuid_t id;

    must(scsi_create(NULL, &backend, NULL, &manager, NULL));
    if (held) {
        must(scsi_reserve(manager, &(scsi_disk_config){.host_path = keys[0]},
                          &(scsi_mount_config){.partition = 1, .filesystem = "ext4"}, id, NULL));
        must(scsi_map_to_guest(manager, id, path, sizeof path, NULL));
    }
    for (long i = 0; i < n; i++)
        cycle_disk(manager, keys[held ? 0 : i % KEYS]);
    must(scsi_discard(manager));
    must(scsi_destroy(manager, NULL));
}

static void cycle_device(vpci *manager, const char *key)
{
    uuid_t id, guid;

    must(vpci_reserve(manager, &(vpci_device_config){.device_instance_id = key}, id, guid, NULL));
    must(vpci_add_to_vm(manager, id, NULL));
    must(vpci_remove_from_vm(manager, id, NULL));
}

static void devices(long n, bool held, bool add_only)
{
    const vpci_backend backend = {
        .version = VPCI_BACKEND_VERSION,
        .vm = {.add_device = device_hook, .remove_device = device_hook},
        .guest = {.add_vpci_device = device_hook},
    };
    vpci *manager;
    uuid_t id;

    must(vpci_create(NULL, &backend, NULL, &manager, NULL));
    if (held) {
        must(vpci_reserve(manager, &(vpci_device_config){.device_instance_id = keys[0]}, id, NULL,
                          NULL));
        must(vpci_add_to_vm(manager, id, NULL));
    }
    for (long i = 0; i < n; i++) {
        if (add_only)
            must(vpci_add_to_vm(manager, id, NULL));
        else
            cycle_device(manager, keys[held ? 0 : i % KEYS]);
    }
    must(vpci_discard(manager));
    must(vpci_destroy(manager, NULL));
}

static void find(long n)
{
    const stock_backend backend = {.version = STOCK_BACKEND_VERSION,
                                   .house = {.sweep = sweep_hook}};
    const stock_shelf_config shelf = {.name = keys[0]};
    uint32_t number;
    stock *manager;

    must(stock_create(NULL, &backend, NULL, &manager, NULL));
    must(stock_hold(manager, &shelf, &number, NULL));
    for (long i = 0; i < n; i++)
        must(stock_find(manager, &shelf, &number, NULL));
    must(stock_discard(manager));
    must(stock_destroy(manager, NULL));
}

/* A store of so many boxes, a reservation of each, and as many references to the first box */

static int lock_hook(void *ctx, berth_call *call, const locker_box *box)
{
    (void)ctx, (void)call, (void)box;
    return 0;
}

static int open_rows(void *ctx, const berth_store_manager *manager,
                     int (*accept)(void *arg, const berth_store_manager *stored), void *arg,
                     berth_store_link link, int64_t deadline, berth_store_opened *opened)
{
    (void)ctx, (void)manager, (void)accept, (void)arg, (void)link, (void)deadline;
    *opened = (berth_store_opened){.epoch = 1};
    return 0;
}

enum { BOXES, RESERVATIONS, REFERENCES, ROW_TABLES, MOST_CELLS = 8 };

/* Reservations come by ascending id, and their numbers are in another order. */
static int put_row(int (*put)(void *arg, uint16_t table, const berth_store_value *values),
                   void *arg, uint16_t table, uint64_t i, uint64_t n)
{
    const uint64_t number = i * 7919 % n + 1;
    const char *held = "box";
    unsigned char id[sizeof(uuid_t)] = {1};
    char text[40];
    const berth_store_value rows[ROW_TABLES][MOST_CELLS] = {
        [BOXES] = {{.number = i + 1},
                   {.text = "there"},
                   {.number = 0},
                   {.text = text},
                   {.text = "wood"},
                   {.number = 1},
                   {.number = 0},
                   {.uuid = id}},
        [RESERVATIONS] = {{.uuid = id},
                          {.number = number},
                          {.text = "bench"},
                          {.number = number},
                          {.texts = {&held, 1}}},
        [REFERENCES] = {{.number = 1}, {.text = text}},
    };

    for (unsigned j = 1; j <= sizeof i; j++)
        id[j] = (unsigned char)(i >> (64 - 8 * j));
    (void)snprintf(text, sizeof text, "box-%08u", (unsigned)i);
    return put(arg, table, rows[table]);
}

static int load_rows(void *ctx,
                     int (*put)(void *arg, uint16_t table, const berth_store_value *values),
                     void *arg, int64_t deadline)
{
    const uint64_t n = (uint64_t) * (const long *)ctx;

    (void)deadline;
    for (uint16_t table = 0; table < (uint16_t)ROW_TABLES; table++)
        for (uint64_t i = 0; i < n; i++)
            must(put_row(put, arg, table, i, n));
    return 0;
}

static int commit_nothing(void *ctx, const berth_store_commit *commit)
{
    (void)ctx, (void)commit;
    return 0;
}

static int replace_nothing(void *ctx, uint64_t epoch, uint64_t sequence,
                           int (*next)(void *arg, berth_store_change *row), void *arg)
{
    berth_store_change row;
    int rc;

    (void)ctx, (void)epoch, (void)sequence;
    while ((rc = next(arg, &row)) == 1)
        continue;
    return rc;
}

static void close_rows(void *ctx)
{
    (void)ctx;
}

static int place_nothing(void *ctx, uint64_t epoch, berth_store_place place)
{
    (void)ctx, (void)epoch, (void)place;
    return 0;
}

static void load(long n)
{
    const locker_backend backend = {.version = LOCKER_BACKEND_VERSION,
                                    .hall = {.put = lock_hook, .remove = lock_hook}};
    const berth_store store = {
        .version = BERTH_STORE_VERSION,
        .ctx = &n,
        .open = open_rows,
        .load = load_rows,
        .commit = commit_nothing,
        .replace = replace_nothing,
        .close = close_rows,
        .set_place = place_nothing,
    };
    locker *manager;

    must(locker_open(NULL, &backend, NULL, &store, &manager, NULL));
    must(locker_save(manager, NULL, NULL));
    must(locker_destroy(manager, NULL));
}

static int run(const char *name, long n)
{
    if (strcmp(name, "distinct/plan9_mount") == 0)
        shares(n, false);
    else if (strcmp(name, "distinct/scsi") == 0)
        disks(n, false);
    else if (strcmp(name, "distinct/vpci") == 0)
        devices(n, false, false);
    else if (strcmp(name, "held/plan9_mount") == 0)
        shares(n, true);
    else if (strcmp(name, "held/scsi") == 0)
        disks(n, true);
    else if (strcmp(name, "held/vpci") == 0)
        devices(n, true, false);
    else if (strcmp(name, "add_ready/vpci") == 0)
        devices(n, true, true);
    else if (strcmp(name, "find/stock") == 0)
        find(n);
    else if (strcmp(name, "load/locker") == 0)
        load(n);
    else
        return 2;
    return 0;
}

int main(int argc, char **argv)
{
    if (argc != 3)
        return 2;
    for (int i = 0; i < KEYS; i++)
        (void)snprintf(keys[i], sizeof keys[i], "/srv/images/layer-%08d", i);
    return run(argv[1], strtol(argv[2], NULL, 10));
}
