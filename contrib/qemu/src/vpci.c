#include "berth_qemu_vpci.h"

#include "pci.h"
#include "vm.h"

static struct subject of_device(const vpci_device *device)
{
    struct subject subject = {
        .host = device->device_instance_id, .port = -1, .function = device->virtual_function_index};

    uuid_unparse_lower(device->vmbus_guid, subject.name);
    return subject;
}

static int add_device(void *ctx, berth_call *call, const vpci_device *device)
{
    const struct subject subject = of_device(device);

    return call_run_about(ctx, call, pci_add_steps, &subject, false);
}

static int remove_device(void *ctx, berth_call *call, const vpci_device *device)
{
    const struct subject subject = of_device(device);

    return call_run_about(ctx, call, pci_remove_steps, &subject, false);
}

static int has_device(void *ctx, berth_call *call, const vpci_device *device)
{
    const struct subject subject = of_device(device);

    return call_run_about(ctx, call, pci_has_steps, &subject, true);
}

static int add_vpci_device(void *ctx, berth_call *call, const vpci_device *device)
{
    const struct subject subject = of_device(device);

    return call_run_about(ctx, call, pci_wait_steps, &subject, false);
}

vpci_backend berth_qemu_vpci(berth_qemu *vm)
{
    return (vpci_backend){
        .version = VPCI_BACKEND_VERSION,
        .ctx = vm,
        .vm = {.add_device = add_device, .remove_device = remove_device, .has_device = has_device},
        .guest = {.add_vpci_device = vm->agent_path ? add_vpci_device : NULL},
    };
}
