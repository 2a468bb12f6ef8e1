/*
 * A passed-through device on a small machine: it is added and removed. Returns 0, or where it went
 * wrong.
 */
#include "board.h"
#include "vpci.h"

static unsigned char memory[VPCI_ARENA_SIZE];
static berth_arena arena;

static int on_device(void *ctx, berth_call *call, const vpci_device *device)
{
    (void)ctx;
    (void)call;
    (void)device;
    return 0;
}

int main(void)
{
    static const vpci_backend backend = {
        .version = VPCI_BACKEND_VERSION,
        .vm = {.add_device = on_device, .remove_device = on_device},
        .guest = {.add_vpci_device = on_device},
    };
    vpci *devices;
    uuid_t id;

    berth_arena_init(&arena, memory, sizeof memory);
    if (vpci_create(NULL, &backend,
                    &(berth_config){.allocator = &arena.allocator, .uuid = board_uuid}, &devices,
                    NULL) != 0)
        return 1;
    if (vpci_reserve(devices, &(vpci_device_config){.device_instance_id = "PCIP/0"}, id, NULL,
                     NULL) != 0)
        return 2;
    if (vpci_add_to_vm(devices, id, NULL) != 0)
        return 3;
    if (vpci_remove_from_vm(devices, id, NULL) != 0)
        return 4;
    return vpci_destroy(devices, NULL) == 0 && arena.used == 0 ? 0 : 5;
}
