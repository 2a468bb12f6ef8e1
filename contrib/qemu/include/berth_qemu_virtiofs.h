/* The hooks of examples/qemu/virtiofs.yaml: shares on root ports that the manager gives out. */
#ifndef BERTH_QEMU_VIRTIOFS_H
#define BERTH_QEMU_VIRTIOFS_H

#include <virtiofs.h>

#include "berth_qemu.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * A value; `vm` must outlive the manager that gets it.
 *
 * share.port is the index of the root port in berth_qemu_options. read_only fails with -EOPNOTSUPP
 * unless virtiofsd_read_only is given.
 */
virtiofs_backend berth_qemu_virtiofs(berth_qemu *vm);

#ifdef __cplusplus
}
#endif
#endif
