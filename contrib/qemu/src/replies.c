#define _GNU_SOURCE /* strerrorname_np */

#include "replies.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vm.h"

int replies_error(const char *text)
{
    static const struct {
        const char *part;
        int error;
    } known[] = {
        {"Duplicate", EEXIST},
        {"uplicate ID", EEXIST},
        {"already exists", EEXIST},
        {"not found", ENOENT},
        {"Failed to find", ENOENT},
        {"Cannot find", ENOENT},
        {"No such", ENOENT},
        {"Permission denied", EACCES},
        {"process of unplug", EALREADY},
        {"busy", EBUSY},
        {"in use", EBUSY},
        {"Failed to get", EBUSY},
        {"is already", EBUSY},
        {"No space", ENOSPC},
        {"no slot", ENOSPC},
        {"not support", EOPNOTSUPP},
        {"read-only", EROFS},
        {"refused", ECONNREFUSED},
    };

    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strstr(text, known[i].part))
            return -known[i].error;
    return -EIO;
}

/* The number of an errno name; EIO for one that is not known here. */
static int replies_errno(const char *name)
{
    for (int error = 1; error < 134; error++) {
        const char *known = strerrorname_np(error);

        if (known && strcmp(known, name) == 0)
            return error;
    }
    return EIO;
}

static struct call *replies_call(const berth_qemu *vm, int64_t number, bool of_agent)
{
    for (struct call *call = vm->calls; call; call = call->next)
        if (call->number == number && call->to_agent == of_agent)
            return call;
    return NULL;
}

static void replies_give(struct call *call, const struct reply *reply)
{
    call->number = 0;
    call->steps(call, reply);
}

static void replies_event(berth_qemu *vm, const char *event, json *data)
{
    const char *device = json_text(data, "device");
    bool is_deleted = strcmp(event, "DEVICE_DELETED") == 0;
    struct call *next;

    if (!device || (!is_deleted && strcmp(event, "DEVICE_UNPLUG_GUEST_ERROR") != 0))
        return;
    for (struct call *call = vm->calls; call; call = next) {
        next = call->next;
        if (strcmp(call->device, device) != 0)
            continue;
        if (is_deleted)
            call->deleted = true;
        if (call->number == 0) /* else the reply comes first, and finds the note */
            call->steps(call, &(struct reply){.error = is_deleted ? 0 : -EBUSY});
        else if (!is_deleted)
            call->remembered = -EBUSY;
    }
}

void replies_qmp(void *ctx, const char *text, size_t size)
{
    berth_qemu *vm = ctx;
    json *line = text ? json_line(text, size) : NULL;
    json *error, *value = NULL;
    const char *event;

    if (!line)
        return; /* a call that waits for it ends when its time is over */
    vm_trace(vm, BERTH_QEMU_FROM_QMP, text);
    event = json_text(line, "event");
    if (event) {
        replies_event(vm, event, json_member(line, "data", json_type_object));
    } else {
        struct call *call = replies_call(vm, json_number(line, "id", 0), false);
        struct reply reply = {.error = 0};

        error = json_member(line, "error", json_type_object);
        if (error) {
            const char *kind = json_text(error, "class"), *why = json_text(error, "desc");

            reply.gone = kind && strcmp(kind, "DeviceNotFound") == 0;
            reply.error = reply.gone ? -ENOENT : replies_error(why ? why : "");
            reply.gone = reply.error == -ENOENT;
            reply.leaving = reply.error == -EALREADY;
            reply.value = error;
        } else if (json_object_object_get_ex(line, "return", &value)) {
            reply.value = value;
        }
        if (call)
            replies_give(call, &reply);
        else if (json_number(line, "id", 0) != 0)
            vm->late++;
    }
    json_object_put(line);
}

void replies_agent(void *ctx, const char *text, size_t size)
{
    berth_qemu *vm = ctx;
    json *line = text ? json_line(text, size) : NULL;
    struct call *call;

    if (!line)
        return;
    vm_trace(vm, BERTH_QEMU_FROM_AGENT, text);
    if (json_number(line, "hello", 0) == vm->hello) {
        vm->agent_ready = true;
        (void)pthread_cond_broadcast(&vm->changed);
    } else if (vm->agent_ready) {
        const char *error = json_text(line, "error");

        call = replies_call(vm, json_number(line, "id", 0), true);
        if (call)
            replies_give(call, &(struct reply){.error = error ? -replies_errno(error) : 0,
                                               .unsure = json_flag(line, "unsure"),
                                               .value = line});
        else
            vm->late++;
    }
    json_object_put(line);
}
