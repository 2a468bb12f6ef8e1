#include "berth_qemu_pci_ports.h"

#include <stdio.h>

#include "pci.h"
#include "vm.h"

static struct subject of_device(const pci_ports_device *device)
{
    struct subject subject = {
        .host = device->host, .port = device->port, .function = device->virtual_function};

    (void)snprintf(subject.name, sizeof subject.name, "port%u", device->port);
    return subject;
}

static int add_device(void *ctx, berth_call *call, const pci_ports_device *device)
{
    const struct subject subject = of_device(device);

    return call_run_about(ctx, call, pci_add_steps, &subject, false);
}

static int remove_device(void *ctx, berth_call *call, const pci_ports_device *device)
{
    const struct subject subject = of_device(device);

    return call_run_about(ctx, call, pci_remove_steps, &subject, false);
}

static int has_device(void *ctx, berth_call *call, const pci_ports_device *device)
{
    const struct subject subject = of_device(device);

    return call_run_about(ctx, call, pci_has_steps, &subject, true);
}

static int guest_wait(void *ctx, berth_call *call, const pci_ports_device *device)
{
    const struct subject subject = of_device(device);

    return call_run_about(ctx, call, pci_wait_steps, &subject, false);
}

pci_ports_backend berth_qemu_pci_ports(berth_qemu *vm)
{
    return (pci_ports_backend){
        .version = PCI_PORTS_BACKEND_VERSION,
        .ctx = vm,
        .vm = {.add_device = add_device, .remove_device = remove_device, .has_device = has_device},
        .guest = {.wait = vm->agent_path ? guest_wait : NULL},
    };
}
