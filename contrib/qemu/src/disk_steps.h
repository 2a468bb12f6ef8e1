/* Steps of disks and of what the guest mounts of them. */
#ifndef QEMU_DISK_STEPS_H
#define QEMU_DISK_STEPS_H

#include "call.h"

void disk_add_steps(struct call *call, const struct reply *reply);
void disk_remove_steps(struct call *call, const struct reply *reply);
void disk_has_steps(struct call *call, const struct reply *reply);
void disk_eject_steps(struct call *call, const struct reply *reply);

void disk_mount_steps(struct call *call, const struct reply *reply);
void disk_unmount_steps(struct call *call, const struct reply *reply);
void disk_has_mount_steps(struct call *call, const struct reply *reply);

#endif
