/*
 * Disks on a small machine: one partition is mounted and unmounted. Returns 0, or where it went
 * wrong.
 */
#include "board.h"
#include "scsi.h"

static unsigned char memory[SCSI_ARENA_SIZE];
static berth_arena arena;

static int on_disk(void *ctx, berth_call *call, const scsi_disk *disk)
{
    (void)ctx;
    (void)call;
    (void)disk;
    return 0;
}

static int on_mount(void *ctx, berth_call *call, const scsi_mount *mount)
{
    (void)ctx;
    (void)call;
    (void)mount;
    return 0;
}

int main(void)
{
    static const scsi_backend backend = {
        .version = SCSI_BACKEND_VERSION,
        .vm = {.add_disk = on_disk, .remove_disk = on_disk},
        .guest = {.mount = on_mount, .unmount = on_mount, .eject = on_disk},
    };
    scsi *disks;
    uuid_t id;
    char path[SCSI_MOUNT_GUEST_PATH_SIZE];

    berth_arena_init(&arena, memory, sizeof memory);
    if (scsi_create(NULL, &backend,
                    &(berth_config){.allocator = &arena.allocator, .uuid = board_uuid}, &disks,
                    NULL) != 0)
        return 1;
    if (scsi_reserve(disks, &(scsi_disk_config){.host_path = "/d/0"},
                     &(scsi_mount_config){.partition = 1}, id, NULL) != 0)
        return 2;
    if (scsi_map_to_guest(disks, id, path, sizeof path, NULL) != 0)
        return 3;
    if (scsi_unmap_from_guest(disks, id, NULL) != 0)
        return 4;
    return scsi_destroy(disks, NULL) == 0 && arena.used == 0 ? 0 : 5;
}
