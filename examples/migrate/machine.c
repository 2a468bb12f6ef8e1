#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */

#include "machine.h"

#include <errno.h>
#include <stdio.h>
#include <sys/mman.h>
#include <time.h>

struct machine *machine_make(void)
{
    struct machine *machine =
        mmap(NULL, sizeof *machine, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (machine == MAP_FAILED)
        return NULL;
    return sem_init(&machine->asked, 1, 0) == 0 ? machine : NULL;
}

static int add_disk(void *ctx, berth_call *call, const stored_scsi_disk *disk)
{
    struct machine *machine = ctx;

    (void)call;
    printf("  vm: add %s as LUN %u\n", disk->host_path, disk->lun);
    (void)sem_post(&machine->asked);
    (void)nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
    if (machine->added[disk->lun])
        return -EBUSY;
    machine->added[disk->lun] = true;
    return 0;
}

static int remove_disk(void *ctx, berth_call *call, const stored_scsi_disk *disk)
{
    struct machine *machine = ctx;

    (void)call;
    printf("  vm: remove %s, LUN %u\n", disk->host_path, disk->lun);
    machine->added[disk->lun] = false;
    return 0;
}

static int mount(void *ctx, berth_call *call, const stored_scsi_mount *what)
{
    struct machine *machine = ctx;

    (void)call;
    printf("  guest: mount %s\n", what->guest_path);
    if (!machine->added[what->disk->lun] || machine->mounted[what->disk->lun])
        return -ENODEV;
    machine->mounted[what->disk->lun] = true;
    return 0;
}

static int unmount(void *ctx, berth_call *call, const stored_scsi_mount *what)
{
    struct machine *machine = ctx;

    (void)call;
    printf("  guest: unmount %s\n", what->guest_path);
    machine->mounted[what->disk->lun] = false;
    return 0;
}

/* The machine is asked synchronously, and a manager that was saved has no call left. */
static int settle(void *ctx, uint64_t epoch)
{
    (void)ctx;
    (void)epoch;
    return 0;
}

stored_scsi_backend machine_backend(struct machine *machine)
{
    return (stored_scsi_backend){
        .version = STORED_SCSI_BACKEND_VERSION,
        .ctx = machine,
        .vm = {.add_disk = add_disk, .remove_disk = remove_disk, .settle = settle},
        .guest = {.mount = mount, .unmount = unmount},
    };
}
