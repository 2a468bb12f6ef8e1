/* Disks of a bare machine: short forms of what suites do with the manager scsi. */
#ifndef QEMU_TESTS_DISKS_H
#define QEMU_TESTS_DISKS_H

#include "berth_qemu_scsi.h"
#include "support/bare.h"

/* A manager with four controllers; what its hooks end with goes to `seen`, unless that is NULL. */
scsi *disks_open(const struct bare *bare, struct seen *seen);
/* It must hold nothing. */
void disks_close(scsi *disks);
/* Its QEMU is gone. */
void disks_discard(scsi *disks);

void disks_reserve(scsi *disks, const char *host_path, uuid_t reservation);
/* The same, where it may fail. */
int disks_try_to_reserve(scsi *disks, const char *host_path, uuid_t reservation);
int disks_map(scsi *disks, const uuid_t reservation, int64_t deadline);
int disks_unmap(scsi *disks, const uuid_t reservation, int64_t deadline);

/* The state of the last disk and mount that are tracked; 0: none. */
unsigned disks_state(scsi *disks);
unsigned disks_mount_state(scsi *disks);

/* An operation that a thread waits for. */
struct disks_task {
    pthread_t thread;
    scsi *disks;
    int (*run)(scsi *disks, const uuid_t reservation, int64_t deadline);
    uuid_t reservation;
    int64_t deadline;
    int rc;
};
void disks_begin(struct disks_task *task, scsi *disks,
                 int (*run)(scsi *disks, const uuid_t reservation, int64_t deadline),
                 const uuid_t reservation);
int disks_end(struct disks_task *task);

#endif
