/* The hooks of the manager scsi: disks on virtio-scsi controllers with the ids scsi0, scsi1, … */
#ifndef BERTH_QEMU_SCSI_H
#define BERTH_QEMU_SCSI_H

#include <scsi.h>

#include "berth_qemu.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * A value; `vm` must outlive the manager that gets it. Without an agent, guest.eject is NULL, so
 * that QEMU removes a disk at once, and mounting fails with -ENOTCONN.
 *
 * disk.host_path  a raw image or a device; or "json:" and the options of blockdev-add, without
 *                 node-name and read-only: json:{"driver":"qcow2","file":{…}}
 * disk.type       virtual_disk, or pass_thru for a block device of the host; others fail with
 *                 -EOPNOTSUPP
 * mount           encrypted, ensure_filesystem and format_with_refs fail with -EOPNOTSUPP
 */
scsi_backend berth_qemu_scsi(berth_qemu *vm);

#ifdef __cplusplus
}
#endif
#endif
