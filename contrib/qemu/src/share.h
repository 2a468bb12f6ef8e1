/* Steps of a share: virtiofsd on the host, a vhost-user device, a mount in the guest. */
#ifndef QEMU_SHARE_H
#define QEMU_SHARE_H

#include "call.h"

void share_add_steps(struct call *call, const struct reply *reply);
void share_remove_steps(struct call *call, const struct reply *reply);
void share_has_steps(struct call *call, const struct reply *reply);
void share_mount_steps(struct call *call, const struct reply *reply);
void share_unmount_steps(struct call *call, const struct reply *reply);
void share_mounted_steps(struct call *call, const struct reply *reply);

#endif
