/* The hooks of the manager plan9_mount, with virtiofs in the place of 9p. */
#ifndef BERTH_QEMU_PLAN9_MOUNT_H
#define BERTH_QEMU_PLAN9_MOUNT_H

#include <plan9_mount.h>

#include "berth_qemu.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * A value; `vm` must outlive the manager that gets it.
 *
 * A share takes any root port that is free; the manager knows nothing of ports. restrict fails with
 * -EOPNOTSUPP, and read_only does unless virtiofsd_read_only is given.
 */
plan9_mount_backend berth_qemu_plan9_mount(berth_qemu *vm);

#ifdef __cplusplus
}
#endif
#endif
