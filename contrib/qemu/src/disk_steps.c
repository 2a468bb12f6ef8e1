#include "disk_steps.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "devices.h"
#include "vm.h"

/* Names of a disk: the device, the block node that it uses, and its queue in the guest. */
struct names {
    char device[32], node[32], queue[32];
};

static struct names disk_names(const struct subject *disk)
{
    struct names names;

    (void)snprintf(names.device, sizeof names.device, "disk-%u-%u", disk->controller, disk->lun);
    (void)snprintf(names.node, sizeof names.node, "node-%u-%u", disk->controller, disk->lun);
    (void)snprintf(names.queue, sizeof names.queue, "disk %u %u", disk->controller, disk->lun);
    return names;
}

/* How QEMU opens the disk; NULL: the options in host_path are no JSON object. */
static json *disk_node(const struct subject *disk)
{
    const struct names names = disk_names(disk);
    json *node, *file;

    if (strncmp(disk->host, "json:", 5) == 0) {
        const char *text = disk->host + 5;

        node = json_line(text, strlen(text));
        if (!node)
            return NULL;
    } else {
        file = json_with_text(json_object_new_object(), "driver",
                              disk->is_device ? "host_device" : "file");
        (void)json_with_text(file, "filename", disk->host);
        node = json_with_text(json_object_new_object(), "driver", "raw");
        (void)json_with(node, "file", file);
    }
    (void)json_with_text(node, "node-name", names.node);
    return json_with_bool(node, "read-only", disk->read_only);
}

static void delete_node(struct call *call, const char *node)
{
    call_qmp(call, "blockdev-del", json_with_text(json_object_new_object(), "node-name", node));
}

static void add_device(struct call *call, const struct subject *disk, const struct names *names)
{
    json *device = json_with_text(json_object_new_object(), "driver", "scsi-hd");
    char bus[16];

    (void)snprintf(bus, sizeof bus, "scsi%u.0", disk->controller);
    (void)json_with_text(device, "id", names->device);
    (void)json_with_text(device, "bus", bus);
    (void)json_with_number(device, "channel", 0);
    (void)json_with_number(device, "scsi-id", 0);
    (void)json_with_number(device, "lun", disk->lun);
    (void)json_with_text(device, "drive", names->node);
    call_qmp(call, "device_add", device);
}

enum { ADD_NODE = 1, ADD_LEFT_OVER, ADD_DEVICE, ADD_UNDO };

/* The node, then the device; the node goes again when QEMU refuses the device. */
void disk_add_steps(struct call *call, const struct reply *reply)
{
    const struct subject *disk = &call->subject;
    const struct names names = disk_names(disk);
    json *node;

    switch (call->step) {
    case 0:
        node = disk_node(disk);
        if (!node || disk->unsupported) {
            json_object_put(node);
            call_end(call, node ? -EOPNOTSUPP : -EINVAL);
            return;
        }
        call->step = ADD_NODE;
        call_qmp(call, "blockdev-add", node);
        return;
    case ADD_NODE:
        if (reply->error == -EEXIST && call->remembered == 0) {
            /* Left by an earlier try that nobody saw the end of. */
            call->remembered = reply->error;
            call->step = ADD_LEFT_OVER;
            delete_node(call, names.node);
        } else if (reply->error != 0) {
            call_end(call, reply->error);
        } else {
            call->step = ADD_DEVICE;
            add_device(call, disk, &names);
        }
        return;
    case ADD_LEFT_OVER:
        if (reply->error != 0 && !reply->gone) {
            call_end(call, reply->error);
            return;
        }
        call->step = 0;
        disk_add_steps(call, NULL);
        return;
    case ADD_DEVICE:
        if (reply->error == 0) {
            call_end(call, 0);
            return;
        }
        call->remembered = reply->error;
        call->step = ADD_UNDO;
        delete_node(call, names.node);
        return;
    default:
        device_undone(call, reply);
    }
}

/* The node, once the device is gone. It may be there without a device, after a try that was cut. */
static void remove_node_steps(struct call *call, const struct reply *reply)
{
    const struct names names = disk_names(&call->subject);

    if (!reply) {
        delete_node(call, names.node);
        return;
    }
    call_end(call, reply->error == 0 || reply->gone ? 0 : BERTH_UNCERTAIN(reply->error));
}

void disk_remove_steps(struct call *call, const struct reply *reply)
{
    const struct names names = disk_names(&call->subject);

    device_remove(call, reply, names.device, remove_node_steps);
}

void disk_has_steps(struct call *call, const struct reply *reply)
{
    const struct names names = disk_names(&call->subject);

    device_look(call, reply, names.device);
}

/* Asks the agent about a disk or one of its partitions, and ends with its answer. */
static void ask_guest(struct call *call, const char *what, json *request)
{
    const struct subject *disk = &call->subject;
    const struct names names = disk_names(disk);
    const char *controller = vm_controller(call->vm, disk->controller);

    if (!controller) {
        json_object_put(request);
        call_end(call, -ENODEV);
        return;
    }
    (void)json_with_text(request, "controller", controller);
    (void)json_with_number(request, "lun", disk->lun);
    call_agent(call, names.queue, what, request);
}

void disk_mount_steps(struct call *call, const struct reply *reply)
{
    const struct subject *mount = &call->subject;
    json *request, *options;

    if (reply) {
        device_answer(call, reply);
        return;
    }
    if (mount->unsupported) {
        call_end(call, -EOPNOTSUPP);
        return;
    }
    request = json_with_text(json_object_new_object(), "path", mount->path);
    options = json_object_new_array();
    for (uint32_t i = 0; i < mount->options.count; i++)
        json_object_array_add(options, json_object_new_string(mount->options.items[i]));
    (void)json_with(request, "options", options);
    (void)json_with_number(request, "partition", (int64_t)mount->partition);
    (void)json_with_text(request, "type", mount->type);
    (void)json_with_bool(request, "read_only", mount->read_only);
    (void)json_with_bool(request, "link", mount->link);
    ask_guest(call, "mount", request);
}

void disk_unmount_steps(struct call *call, const struct reply *reply)
{
    const struct subject *mount = &call->subject;

    if (reply)
        device_answer(call, reply);
    else
        ask_guest(call, "unmount", json_with_text(json_object_new_object(), "path", mount->path));
}

void disk_has_mount_steps(struct call *call, const struct reply *reply)
{
    const struct subject *mount = &call->subject;

    if (!reply)
        ask_guest(call, "mounted", json_with_text(json_object_new_object(), "path", mount->path));
    else
        device_mounted(call, reply);
}

void disk_eject_steps(struct call *call, const struct reply *reply)
{
    if (reply)
        device_answer(call, reply);
    else
        ask_guest(call, "eject", json_object_new_object());
}
