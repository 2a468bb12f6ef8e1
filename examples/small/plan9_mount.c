/*
 * File shares with a mount on a small machine: one is mapped and unmapped. Returns 0, or where it
 * went wrong.
 */
#include "board.h"
#include "plan9_mount.h"

static unsigned char memory[PLAN9_MOUNT_ARENA_SIZE];
static berth_arena arena;

static int on_share(void *ctx, berth_call *call, const plan9_mount_share *share)
{
    (void)ctx;
    (void)call;
    (void)share;
    return 0;
}

static int on_mount(void *ctx, berth_call *call, const plan9_mount_mount *mount)
{
    (void)ctx;
    (void)call;
    (void)mount;
    return 0;
}

int main(void)
{
    static const plan9_mount_backend backend = {
        .version = PLAN9_MOUNT_BACKEND_VERSION,
        .vm = {.add_plan9 = on_share, .remove_plan9 = on_share},
        .guest = {.add_mapped_directory = on_mount, .remove_mapped_directory = on_mount},
    };
    const berth_config config = {.allocator = &arena.allocator, .uuid = board_uuid};
    const plan9_mount_share_config share = {.host_path = "/s/0"};
    const plan9_mount_mount_config mount = PLAN9_MOUNT_MOUNT_CONFIG_DEFAULT;
    plan9_mount *shares;
    uuid_t id;
    char path[PLAN9_MOUNT_MOUNT_GUEST_PATH_SIZE];

    berth_arena_init(&arena, memory, sizeof memory);
    if (plan9_mount_create(NULL, &backend, &config, &shares, NULL) != 0)
        return 1;
    if (plan9_mount_reserve(shares, &share, &mount, id, NULL) != 0)
        return 2;
    if (plan9_mount_map_to_guest(shares, id, path, sizeof path, NULL) != 0)
        return 3;
    if (plan9_mount_unmap_from_guest(shares, id, NULL) != 0)
        return 4;
    return plan9_mount_destroy(shares, NULL) == 0 && arena.used == 0 ? 0 : 5;
}
