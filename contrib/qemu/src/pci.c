#define _GNU_SOURCE /* readlink */

#include "pci.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "devices.h"
#include "ports.h"

struct names {
    char device[64];
};

static struct names pci_names(const struct call *call)
{
    struct names names;

    (void)snprintf(names.device, sizeof names.device, "pci-%.48s", call->subject.name);
    return names;
}

static void pci_forget(struct call *call)
{
    const struct names names = pci_names(call);

    ports_give_back(call->vm, names.device);
}

/* The host's address of a virtual function; of the device itself, which has no link for itself. */
static int pci_function(const struct subject *subject, char *address, size_t size)
{
    char link[128], target[128];
    const char *found = subject->host;
    ssize_t length;

    if (strchr(subject->host, '/') || subject->host[0] == '.' || strlen(subject->host) >= size)
        return -EINVAL;
    (void)snprintf(link, sizeof link, "/sys/bus/pci/devices/%.63s/virtfn%u", subject->host,
                   subject->function);
    length = readlink(link, target, sizeof target - 1);
    if (length < 0 && subject->function != 0)
        return -ENODEV;
    if (length > 0) {
        target[length] = '\0';
        found = strrchr(target, '/') ? strrchr(target, '/') + 1 : target;
    }
    return (size_t)snprintf(address, size, "%.63s", found) < size ? 0 : -EINVAL;
}

/* What to plug in; NULL: not to be had, and `error` says why. */
static json *pci_device(const struct subject *subject, int *error)
{
    char address[64];
    json *device;

    if (strncmp(subject->host, "json:", 5) == 0) {
        device = json_line(subject->host + 5, strlen(subject->host + 5));
        *error = -EINVAL;
        return device;
    }
    *error = pci_function(subject, address, sizeof address);
    if (*error != 0)
        return NULL;
    device = json_with_text(json_object_new_object(), "driver", "vfio-pci");
    return json_with_text(device, "host", address);
}

void pci_add_steps(struct call *call, const struct reply *reply)
{
    const struct names names = pci_names(call);
    json *device;
    int rc;

    if (reply) {
        call_end(call, reply->error);
        return;
    }
    device = pci_device(&call->subject, &rc);
    if (!device) {
        call_end(call, rc);
        return;
    }
    rc = ports_take(call->vm, names.device, call->subject.port);
    if (rc < 0) {
        json_object_put(device);
        call_end(call, rc);
        return;
    }
    call->failed = pci_forget;
    (void)json_with_text(device, "id", names.device);
    (void)json_with_text(device, "bus", call->vm->options.ports[rc].bus);
    call_qmp(call, "device_add", device);
}

/* Nothing but the port is left once the device is gone. */
static void remove_rest(struct call *call, const struct reply *reply)
{
    (void)reply;
    pci_forget(call);
    call_end(call, 0);
}

void pci_remove_steps(struct call *call, const struct reply *reply)
{
    const struct names names = pci_names(call);

    device_remove(call, reply, names.device, remove_rest);
}

void pci_has_steps(struct call *call, const struct reply *reply)
{
    const struct names names = pci_names(call);

    device_look(call, reply, names.device);
}

void pci_wait_steps(struct call *call, const struct reply *reply)
{
    const struct names names = pci_names(call);
    const berth_qemu_port *port = ports_of(call->vm, names.device);

    if (reply)
        device_answer(call, reply);
    else if (!port)
        call_end(call, -ENODEV);
    else
        call_agent(call, names.device, "wait",
                   json_with_text(json_object_new_object(), "port", port->guest));
}
