/*
 * Two callers share a disk of a virtual machine.
 *
 * One mounts its first partition, the other wants the second one; the guest refuses that mount at
 * first. The second caller lets go, tries again and gets it. Each leaves when it is done, and the
 * disk leaves with the last of them, at the second try. Every row of the transition table is
 * printed as it runs. Ends with status 0 only when the VM is empty again.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scsi.h"
#include "vm.h"

/*
 * The manager calls this for every row: from which state, on what event, where it led, and what was
 * called. The rest is left out.
 */
static void show_transition(void *ctx, const berth_transition *t)
{
    (void)ctx;
    if (t->kind != BERTH_TRACE_ROW)
        return;
    static const char *const how[] = {[BERTH_OK] = "",
                                      [BERTH_FAILED] = ", which failed",
                                      [BERTH_UNSURE] = ", which may have failed"};
    char name[32];
    if (strcmp(t->resource, "mount") == 0)
        (void)snprintf(name, sizeof name, "mount %llu",
                       (unsigned long long)((const scsi_mount *)t->instance)->partition);
    else
        (void)snprintf(name, sizeof name, "%s", t->resource);

    printf("      %-7s  %-8s on %-7s -> %s", name, t->state, t->event, t->next);
    if (t->outcome == BERTH_RELEASED)
        printf(" (somebody else still holds it)");
    else if (t->outcome == BERTH_REJECTED)
        printf(" (refused)");
    else if (t->hook != NULL)
        printf(", calls %s%s", t->hook, how[t->outcome]);
    printf("\n");
}

/* Prints what an operation returned, and where it failed. */
static int show_result(int result, const berth_error *error)
{
    char line[256];
    if (result < 0)
        printf("      => %s\n", berth_error_text(error, line, sizeof line));
    else
        printf("      => ok\n");
    return result;
}

static int show_item(void *arg, const scsi_item *item)
{
    (void)arg;
    if (item->resource == SCSI_RESOURCE_DISK)
        printf("      disk %s at controller %u, LUN %u: %s, %u holding it, %u partition(s)\n",
               item->disk->host_path, (unsigned)item->disk->controller, (unsigned)item->disk->lun,
               scsi_disk_state_name((enum scsi_disk_state)item->state), item->refs, item->children);
    else
        printf("        partition %llu at %s: %s, %u holding it\n",
               (unsigned long long)item->mount->partition, item->mount->guest_path,
               scsi_mount_state_name((enum scsi_mount_state)item->state), item->refs);
    return 0;
}

static int reserve(scsi *disks, unsigned partition, uuid_t reservation)
{
    berth_error error;
    const scsi_disk_config disk = {.host_path = "/images/layers.vhdx", .read_only = true};
    const scsi_mount_config mount = {.partition = partition, .read_only = true};
    return show_result(scsi_reserve(disks, &disk, &mount, reservation, &error), &error);
}

static int map(scsi *disks, const uuid_t reservation)
{
    berth_error error;
    char path[SCSI_MOUNT_GUEST_PATH_SIZE];
    int result =
        show_result(scsi_map_to_guest(disks, reservation, path, sizeof path, &error), &error);
    if (result == 0)
        printf("      in the guest: %s\n", path);
    return result;
}

static int unmap(scsi *disks, const uuid_t reservation)
{
    berth_error error;
    return show_result(scsi_unmap_from_guest(disks, reservation, &error), &error);
}

/* Stops the demo when a step does not end as told. */
static void expect(int result, int expected)
{
    if (result != expected) {
        (void)fprintf(stderr, "demo: got %s, expected %s\n", berth_errno_name(result),
                      berth_errno_name(expected));
        exit(1);
    }
}

int main(void)
{
    static vm machine;
    const scsi_backend backend = vm_backend(&machine);
    const berth_config config = {.trace = show_transition};
    scsi *disks = NULL;
    uuid_t anna;
    uuid_t ben;

    printf("A VM with one SCSI controller, no disks.\n");
    expect(scsi_create(NULL, &backend, &config, &disks, NULL), 0);

    printf("\n 1. Anna reserves partition 1 of the disk. Nothing is called yet.\n");
    expect(reserve(disks, 1, anna), 0);

    printf("\n 2. Anna maps it: the disk goes onto the bus, the partition is mounted.\n");
    expect(map(disks, anna), 0);

    printf("\n 3. Ben reserves partition 2 of the same disk: the same path gives the same disk.\n");
    expect(reserve(disks, 2, ben), 0);

    printf("\n 4. Ben maps it. The disk is there already; the guest refuses the mount.\n");
    machine.failing_mounts = 1;
    expect(map(disks, ben), -EIO);

    printf("\n 5. Ben's reservation still holds what it held, so he lets go. Anna is not "
           "disturbed.\n");
    expect(unmap(disks, ben), 0);

    printf("\n 6. Ben tries again, and this time the guest takes it.\n");
    expect(reserve(disks, 2, ben), 0);
    expect(map(disks, ben), 0);

    printf("\n What is tracked now:\n");
    expect(scsi_for_each(disks, show_item, NULL), 0);

    printf("\n 7. Anna lets go of her partition. The disk stays: Ben needs it.\n");
    expect(unmap(disks, anna), 0);

    printf("\n 8. Anna's reservation is used up; it never names anything again.\n");
    expect(unmap(disks, anna), -ENOENT);

    printf("\n 9. Ben lets go too. He is the last holder, so the disk is to leave; the guest does "
           "not let go of it.\n");
    machine.failing_ejects = 1;
    expect(unmap(disks, ben), -EIO);

    printf("\n10. He calls again. What is done is done; it goes on where it stopped.\n");
    expect(unmap(disks, ben), 0);

    expect(scsi_destroy(disks, NULL), 0);
    if (!vm_is_empty(&machine)) {
        (void)fprintf(stderr, "demo: the VM still has something\n");
        return 1;
    }
    printf("\nThe VM is empty again.\n");
    return 0;
}
