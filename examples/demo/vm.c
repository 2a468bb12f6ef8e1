#include "vm.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static bool *slot(bool *slots, const scsi_disk *disk)
{
    return &slots[disk->controller * 64 + disk->lun];
}

static char *find_mount(vm *machine, const char *path)
{
    for (int i = 0; i < VM_MOUNTS; i++)
        if (strcmp(machine->mounts[i], path) == 0)
            return machine->mounts[i];
    return NULL;
}

/* The host's side of the bus. */

static int add_disk(void *ctx, berth_call *call, const scsi_disk *disk)
{
    vm *machine = ctx;
    (void)call;
    if (*slot(machine->slot_used, disk))
        return -EBUSY;
    *slot(machine->slot_used, disk) = true;
    *slot(machine->slot_seen, disk) = true;
    return 0;
}

static int remove_disk(void *ctx, berth_call *call, const scsi_disk *disk)
{
    vm *machine = ctx;
    (void)call;
    if (*slot(machine->slot_seen, disk))
        return -EBUSY; /* the guest must let go first */
    *slot(machine->slot_used, disk) = false;
    return 0;
}

/* The guest. */

static int eject(void *ctx, berth_call *call, const scsi_disk *disk)
{
    vm *machine = ctx;
    (void)call;
    if (machine->failing_ejects > 0) {
        machine->failing_ejects--;
        return -EIO;
    }
    *slot(machine->slot_seen, disk) = false;
    return 0;
}

static int mount_in_guest(void *ctx, berth_call *call, const scsi_mount *mount)
{
    vm *machine = ctx;
    (void)call;
    if (machine->failing_mounts > 0) {
        machine->failing_mounts--;
        return -EIO;
    }
    char *entry = find_mount(machine, "");
    if (entry == NULL)
        return -ENOSPC;
    (void)snprintf(entry, VM_PATH_SIZE, "%s", mount->guest_path);
    return 0;
}

static int unmount_in_guest(void *ctx, berth_call *call, const scsi_mount *mount)
{
    (void)call;
    char *entry = find_mount(ctx, mount->guest_path);
    if (entry != NULL)
        entry[0] = '\0';
    return 0;
}

scsi_backend vm_backend(vm *machine)
{
    return (scsi_backend){
        .version = SCSI_BACKEND_VERSION,
        .ctx = machine,
        .vm = {.add_disk = add_disk, .remove_disk = remove_disk},
        .guest = {.mount = mount_in_guest, .unmount = unmount_in_guest, .eject = eject},
    };
}

bool vm_is_empty(const vm *machine)
{
    for (int i = 0; i < VM_SLOTS; i++)
        if (machine->slot_used[i] || machine->slot_seen[i])
            return false;
    for (int i = 0; i < VM_MOUNTS; i++)
        if (machine->mounts[i][0] != '\0')
            return false;
    return true;
}
