#include "share.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "devices.h"
#include "ports.h"

enum { ADD_CHANNEL = 1, ADD_LEFT_OVER, ADD_DEVICE, ADD_UNDO };

/* Name of the device, of its channel, of its queue in the guest, and the tag to mount it by. */
struct names {
    char device[64], channel[64];
};

static struct names share_names(const struct call *call)
{
    struct names names;

    (void)snprintf(names.device, sizeof names.device, "share-%.32s", call->subject.name);
    (void)snprintf(names.channel, sizeof names.channel, "channel-%.32s", call->subject.name);
    return names;
}

/* Nothing of it is in QEMU. */
static void share_forget(struct call *call)
{
    const struct names names = share_names(call);

    servers_end(call->vm, names.device);
    ports_give_back(call->vm, names.device);
}

static void remove_channel(struct call *call, const char *channel)
{
    call_qmp(call, "chardev-remove", json_with_text(json_object_new_object(), "id", channel));
}

static void add_channel(struct call *call, const struct names *names, const char *path)
{
    json *address = json_with_text(json_object_new_object(), "type", "unix");
    json *data = json_object_new_object(), *backend = json_object_new_object();
    json *arguments = json_with_text(json_object_new_object(), "id", names->channel);

    (void)json_with(address, "data", json_with_text(json_object_new_object(), "path", path));
    (void)json_with_bool(json_with(data, "addr", address), "server", false);
    (void)json_with(json_with_text(backend, "type", "socket"), "data", data);
    call_qmp(call, "chardev-add", json_with(arguments, "backend", backend));
}

static void add_device(struct call *call, const struct names *names)
{
    const berth_qemu_port *port = ports_of(call->vm, names->device);
    json *device = json_with_text(json_object_new_object(), "driver", "vhost-user-fs-pci");

    (void)json_with_text(device, "id", names->device);
    (void)json_with_text(device, "chardev", names->channel);
    (void)json_with_text(device, "tag", names->device);
    (void)json_with_text(device, "bus", port ? port->bus : "");
    call_qmp(call, "device_add", device);
}

/* Takes a port, starts virtiofsd, and has QEMU connect to it. */
static void add_begin(struct call *call, const struct names *names)
{
    char path[128];
    int rc = ports_take(call->vm, names->device, call->subject.port);

    if (rc >= 0) {
        call->failed = share_forget;
        rc = servers_start(call->vm, names->device, call->subject.host, call->subject.read_only,
                           path, sizeof path);
    }
    if (rc < 0) {
        call_end(call, rc);
        return;
    }
    call->step = ADD_CHANNEL;
    add_channel(call, names, path);
}

void share_add_steps(struct call *call, const struct reply *reply)
{
    const struct names names = share_names(call);

    switch (call->step) {
    case 0:
        add_begin(call, &names);
        return;
    case ADD_CHANNEL:
        if (reply->error == -EEXIST && call->remembered == 0) {
            /* Left by an earlier try that nobody saw the end of. */
            call->remembered = reply->error;
            call->step = ADD_LEFT_OVER;
            remove_channel(call, names.channel);
        } else if (reply->error != 0) {
            call_end(call, reply->error);
        } else {
            call->step = ADD_DEVICE;
            add_device(call, &names);
        }
        return;
    case ADD_LEFT_OVER:
        if (reply->error != 0 && !reply->gone)
            call_end(call, reply->error);
        else
            add_begin(call, &names);
        return;
    case ADD_DEVICE:
        if (reply->error == 0) {
            call_end(call, 0);
            return;
        }
        call->remembered = reply->error;
        call->step = ADD_UNDO;
        remove_channel(call, names.channel);
        return;
    default:
        device_undone(call, reply);
    }
}

/* What is left once the device is gone. */
static void remove_rest(struct call *call, const struct reply *reply)
{
    const struct names names = share_names(call);

    if (!reply) {
        remove_channel(call, names.channel);
        return;
    }
    if (reply->error != 0 && !reply->gone) {
        call_end(call, BERTH_UNCERTAIN(reply->error));
        return;
    }
    share_forget(call);
    call_end(call, 0);
}

void share_remove_steps(struct call *call, const struct reply *reply)
{
    const struct names names = share_names(call);

    device_remove(call, reply, names.device, remove_rest);
}

void share_has_steps(struct call *call, const struct reply *reply)
{
    const struct names names = share_names(call);

    device_look(call, reply, names.device);
}

/* Asks the agent about the mount. */
static void ask_guest(struct call *call, const char *what, json *request)
{
    const struct names names = share_names(call);

    (void)json_with_text(request, "path", call->subject.path);
    call_agent(call, names.device, what, request);
}

void share_mount_steps(struct call *call, const struct reply *reply)
{
    const struct names names = share_names(call);
    json *request;

    if (reply) {
        device_answer(call, reply);
        return;
    }
    request = json_with_text(json_object_new_object(), "tag", names.device);
    ask_guest(call, "mount", json_with_bool(request, "read_only", call->subject.read_only));
}

void share_unmount_steps(struct call *call, const struct reply *reply)
{
    if (reply)
        device_answer(call, reply);
    else
        ask_guest(call, "unmount", json_object_new_object());
}

void share_mounted_steps(struct call *call, const struct reply *reply)
{
    if (reply)
        device_mounted(call, reply);
    else
        ask_guest(call, "mounted", json_object_new_object());
}
