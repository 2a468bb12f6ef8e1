#include "berth_qemu_stored_scsi.h"

#include "disk_steps.h"
#include "vm.h"

static struct subject of_disk(const stored_scsi_disk *disk)
{
    return (struct subject){
        .host = disk->host_path,
        .read_only = disk->read_only,
        .controller = disk->controller,
        .lun = disk->lun,
        .is_device = disk->type == STORED_SCSI_DISK_TYPE_PASS_THRU,
        .unsupported = disk->type == STORED_SCSI_DISK_TYPE_EXTENSIBLE_VIRTUAL_DISK,
    };
}

static struct subject of_mount(const stored_scsi_mount *mount)
{
    return (struct subject){
        .path = mount->guest_path,
        .read_only = mount->read_only,
        .controller = mount->disk->controller,
        .lun = mount->disk->lun,
        .unsupported = mount->encrypted || mount->ensure_filesystem,
        .link = mount->block_dev,
        .partition = mount->partition,
        .type = mount->filesystem,
        .options = mount->options,
    };
}

static int add_disk(void *ctx, berth_call *call, const stored_scsi_disk *disk)
{
    const struct subject subject = of_disk(disk);

    return call_run_about(ctx, call, disk_add_steps, &subject, false);
}

static int remove_disk(void *ctx, berth_call *call, const stored_scsi_disk *disk)
{
    const struct subject subject = of_disk(disk);

    return call_run_about(ctx, call, disk_remove_steps, &subject, false);
}

static int has_disk(void *ctx, berth_call *call, const stored_scsi_disk *disk)
{
    const struct subject subject = of_disk(disk);

    return call_run_about(ctx, call, disk_has_steps, &subject, true);
}

static int guest_mount(void *ctx, berth_call *call, const stored_scsi_mount *mount)
{
    const struct subject subject = of_mount(mount);

    return call_run_about(ctx, call, disk_mount_steps, &subject, false);
}

static int guest_has_mount(void *ctx, berth_call *call, const stored_scsi_mount *mount)
{
    const struct subject subject = of_mount(mount);

    return call_run_about(ctx, call, disk_has_mount_steps, &subject, true);
}

static int guest_unmount(void *ctx, berth_call *call, const stored_scsi_mount *mount)
{
    const struct subject subject = of_mount(mount);

    return call_run_about(ctx, call, disk_unmount_steps, &subject, false);
}

static int guest_eject(void *ctx, berth_call *call, const stored_scsi_disk *disk)
{
    const struct subject subject = of_disk(disk);

    return call_run_about(ctx, call, disk_eject_steps, &subject, false);
}

static int settle(void *ctx, uint64_t epoch)
{
    return berth_qemu_settle(ctx, epoch);
}

stored_scsi_backend berth_qemu_stored_scsi(berth_qemu *vm)
{
    return (stored_scsi_backend){
        .version = STORED_SCSI_BACKEND_VERSION,
        .ctx = vm,
        .vm = {.add_disk = add_disk,
               .remove_disk = remove_disk,
               .has_disk = has_disk,
               .settle = settle},
        .guest = {.mount = guest_mount,
                  .has_mount = guest_has_mount,
                  .unmount = guest_unmount,
                  .eject = vm->agent_path ? guest_eject : NULL},
    };
}
