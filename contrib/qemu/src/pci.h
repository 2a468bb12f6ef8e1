/* Steps of a PCI device on a root port. */
#ifndef QEMU_PCI_H
#define QEMU_PCI_H

#include "call.h"

void pci_add_steps(struct call *call, const struct reply *reply);
void pci_remove_steps(struct call *call, const struct reply *reply);
void pci_has_steps(struct call *call, const struct reply *reply);

/* Waits until the guest has found it. */
void pci_wait_steps(struct call *call, const struct reply *reply);

#endif
