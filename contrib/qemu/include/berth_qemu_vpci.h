/* The hooks of the manager vpci. */
#ifndef BERTH_QEMU_VPCI_H
#define BERTH_QEMU_VPCI_H

#include <vpci.h>

#include "berth_qemu.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * A value; `vm` must outlive the manager that gets it. Without an agent nobody waits for the guest.
 * The guest must run all the same: it takes part in the removal of a PCI device.
 *
 * device_instance_id  PCI address of the host, for vfio-pci; or "json:" and the arguments of
 *                     device_add, without id and bus: json:{"driver":"virtio-rng-pci"}
 *
 * A device takes any root port that is free; the manager knows nothing of ports.
 */
vpci_backend berth_qemu_vpci(berth_qemu *vm);

#ifdef __cplusplus
}
#endif
#endif
