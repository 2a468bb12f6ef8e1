#define _GNU_SOURCE /* strerrorname_np */

#include "replies.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ports.h"

/* A copy without what stands in quotes: paths and ids, which may be called anything. NULL: no
 * memory. */
static char *replies_without_names(const char *text)
{
    char *words = malloc(strlen(text) + 1), *end = words;
    bool is_name = false;

    if (!words)
        return NULL;
    for (; *text; text++) {
        if (*text == '\'')
            is_name = !is_name;
        else if (!is_name)
            *end++ = *text;
    }
    *end = '\0';
    return words;
}

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

    char *words = replies_without_names(text);
    int error = EIO;

    for (size_t i = sizeof known / sizeof *known; words && i > 0; i--)
        if (strstr(words, known[i - 1].part))
            error = known[i - 1].error;
    free(words);
    return -error;
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

/* What QEMU or the agent says of an error. */
static const char *replies_why(json *line)
{
    const char *qemu = json_text(json_member(line, "error", json_type_object), "desc");
    const char *agent = json_text(line, "why");

    return qemu ? qemu : agent ? agent : "";
}

/* Hands a reply to the call that waits for it. Calls that wait for an event have no number, and so
 * have lines that are about no request. */
static void replies_give(berth_qemu *vm, json *line, bool of_agent, const struct reply *reply)
{
    int64_t number = json_number(line, "id", 0);
    struct call *call = vm->calls.first;

    if (number == 0)
        return;
    while (call && (call->number != number || call->to_agent != of_agent))
        call = call->next;
    if (!call) {
        vm->late++;
        return;
    }
    call->number = 0;
    if (reply->error != 0 && call->berth && vm->options.refused)
        vm->options.refused(vm->options.ctx, berth_call_hook(call->berth), replies_why(line));
    call->steps(call, reply);
}

static void replies_event(berth_qemu *vm, const char *event, json *data)
{
    const char *device = json_text(data, "device");
    bool is_deleted = strcmp(event, "DEVICE_DELETED") == 0;
    struct call *next;

    if (!device || (!is_deleted && strcmp(event, "DEVICE_UNPLUG_GUEST_ERROR") != 0))
        return;
    if (is_deleted)
        ports_give_back(vm, device); /* perhaps nobody waits for it any more */
    for (struct call *call = vm->calls.first; call; call = next) {
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
        replies_give(vm, line, false, &reply);
    }
    json_object_put(line);
}

void replies_agent(void *ctx, const char *text, size_t size)
{
    berth_qemu *vm = ctx;
    json *line = text ? json_line(text, size) : NULL;

    if (!line)
        return;
    vm_trace(vm, BERTH_QEMU_FROM_AGENT, text);
    if (json_number(line, "hello", 0) == vm->hello) {
        vm->agent_ready = true;
        vm->agent.held = false;
        (void)channel_flush(&vm->agent); /* a loss is seen by whoever reads */
        (void)pthread_cond_broadcast(&vm->changed);
    } else if (vm->agent_ready) {
        const char *error = json_text(line, "error");
        bool is_unsure = json_flag(line, "unsure");

        replies_give(vm, line, true,
                     &(struct reply){.error = error       ? -replies_errno(error)
                                              : is_unsure ? -EIO
                                                          : 0,
                                     .unsure = is_unsure,
                                     .value = line});
    }
    json_object_put(line);
}
