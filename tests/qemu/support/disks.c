#define _GNU_SOURCE

#include "disks.h"

scsi *disks_open(const struct bare *bare, struct seen *seen)
{
    const scsi_options options = {.controllers = MACHINE_CONTROLLERS};
    const scsi_backend backend = berth_qemu_scsi(bare->vm);
    const berth_config config = {.trace = seen ? seen_trace : NULL, .trace_ctx = seen};
    scsi *disks;

    assert_int_equal(scsi_create(&options, &backend, &config, &disks, NULL), 0);
    return disks;
}

void disks_close(scsi *disks)
{
    assert_int_equal(scsi_destroy(disks, NULL), 0);
}

void disks_discard(scsi *disks)
{
    assert_int_equal(scsi_discard(disks), 0);
    disks_close(disks);
}

int disks_try_to_reserve(scsi *disks, const char *host_path, uuid_t reservation)
{
    scsi_disk_config disk = SCSI_DISK_CONFIG_DEFAULT;
    scsi_mount_config mount = SCSI_MOUNT_CONFIG_DEFAULT;

    disk.host_path = host_path;
    mount.partition = 1;
    return scsi_reserve(disks, &disk, &mount, reservation, NULL);
}

void disks_reserve(scsi *disks, const char *host_path, uuid_t reservation)
{
    assert_int_equal(disks_try_to_reserve(disks, host_path, reservation), 0);
}

int disks_map(scsi *disks, const uuid_t reservation, int64_t deadline)
{
    return scsi_map_to_guest_until(disks, reservation, NULL, 0, deadline, NULL);
}

int disks_unmap(scsi *disks, const uuid_t reservation, int64_t deadline)
{
    return scsi_unmap_from_guest_until(disks, reservation, deadline, NULL);
}

struct states {
    unsigned disk, mount;
};

static int note_state(void *arg, const scsi_item *item)
{
    struct states *states = arg;

    if (item->resource == SCSI_RESOURCE_MOUNT)
        states->mount = item->state;
    else
        states->disk = item->state;
    return 0;
}

unsigned disks_state(scsi *disks)
{
    struct states states = {0, 0};

    assert_int_equal(scsi_for_each(disks, note_state, &states), 0);
    return states.disk;
}

unsigned disks_mount_state(scsi *disks)
{
    struct states states = {0, 0};

    assert_int_equal(scsi_for_each(disks, note_state, &states), 0);
    return states.mount;
}

static void *run_task(void *arg)
{
    struct disks_task *task = arg;

    task->rc = task->run(task->disks, task->reservation, task->deadline);
    return NULL;
}

void disks_begin(struct disks_task *task, scsi *disks,
                 int (*run)(scsi *disks, const uuid_t reservation, int64_t deadline),
                 const uuid_t reservation)
{
    *task = (struct disks_task){.disks = disks, .run = run, .deadline = BERTH_NO_DEADLINE};
    uuid_copy(task->reservation, reservation);
    assert_int_equal(pthread_create(&task->thread, NULL, run_task, task), 0);
}

int disks_end(struct disks_task *task)
{
    assert_int_equal(pthread_join(task->thread, NULL), 0);
    return task->rc;
}
