/* The hooks of examples/qemu/pci_ports.yaml: PCI devices on root ports that the manager gives
 * out. */
#ifndef BERTH_QEMU_PCI_PORTS_H
#define BERTH_QEMU_PCI_PORTS_H

#include <pci_ports.h>

#include "berth_qemu.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * A value; `vm` must outlive the manager that gets it. Without an agent nobody waits for the guest.
 * The guest must run all the same: it takes part in the removal of a PCI device.
 *
 * device.port is the index of the root port in berth_qemu_options; device.host is as
 * device_instance_id in berth_qemu_vpci.h.
 */
pci_ports_backend berth_qemu_pci_ports(berth_qemu *vm);

#ifdef __cplusplus
}
#endif
#endif
