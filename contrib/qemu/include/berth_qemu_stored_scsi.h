/* The hooks of examples/qemu/stored_scsi.yaml: scsi with a store. Its hook that settles is
 * berth_qemu_settle(). */
#ifndef BERTH_QEMU_STORED_SCSI_H
#define BERTH_QEMU_STORED_SCSI_H

#include <stored_scsi.h>

#include "berth_qemu.h"

#ifdef __cplusplus
extern "C" {
#endif

/* As berth_qemu_scsi(). */
stored_scsi_backend berth_qemu_stored_scsi(berth_qemu *vm);

#ifdef __cplusplus
}
#endif
#endif
