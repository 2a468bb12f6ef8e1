#include "devices.h"

#include <errno.h>
#include <string.h>

enum { REMOVE_ASK = 1, REMOVE_WAIT, REMOVE_REST, REMOVE_WAIT_AGAIN };

/* A device that an earlier try took away has no name any more, but may use its node or channel
 * until its event comes. */
static void device_gone(struct call *call, call_steps *rest)
{
    if (call->deleted)
        call->device[0] = '\0';
    call->step = REMOVE_REST;
    rest(call, NULL);
}

void device_remove(struct call *call, const struct reply *reply, const char *device,
                   call_steps *rest)
{
    switch (call->step) {
    case 0:
        call->step = REMOVE_ASK;
        call_watch(call, device);
        call_qmp(call, "device_del", json_with_text(json_object_new_object(), "id", device));
        return;
    case REMOVE_ASK:
        if (reply->gone || call->deleted)
            device_gone(call, rest);
        else if (reply->error != 0 && !reply->leaving)
            call_end(call, reply->error);
        else if (call->remembered != 0)
            call_end(call, call->remembered);
        else
            call->step = REMOVE_WAIT;
        return;
    case REMOVE_REST:
        if (reply->error != -EBUSY || call->device[0] == '\0')
            rest(call, reply);
        else if (call->deleted)
            device_gone(call, rest);
        else
            call->step = REMOVE_WAIT_AGAIN;
        return;
    default: /* the event */
        if (reply->error != 0)
            call_end(call, reply->error);
        else
            device_gone(call, rest);
    }
}

void device_look(struct call *call, const struct reply *reply, const char *device)
{
    if (!reply) {
        call_qmp(call, "qom-list",
                 json_with_text(json_object_new_object(), "path", "/machine/peripheral"));
        return;
    }
    if (reply->error != 0 || !json_object_is_type(reply->value, json_type_array)) {
        call_end(call, reply->error != 0 ? reply->error : -EPROTO);
        return;
    }
    for (size_t i = 0; i < json_object_array_length(reply->value); i++) {
        const char *name = json_text(json_object_array_get_idx(reply->value, i), "name");

        if (name && strcmp(name, device) == 0) {
            call_end(call, BERTH_YES);
            return;
        }
    }
    call_end(call, BERTH_NO);
}

void device_undone(struct call *call, const struct reply *reply)
{
    bool is_undone = reply->error == 0 || reply->gone;

    call_end(call, is_undone ? call->remembered : BERTH_UNCERTAIN(call->remembered));
}

void device_answer(struct call *call, const struct reply *reply)
{
    call_end(call, reply->unsure ? BERTH_UNCERTAIN(reply->error) : reply->error);
}

void device_mounted(struct call *call, const struct reply *reply)
{
    if (reply->error != 0)
        call_end(call, reply->error);
    else
        call_end(call, json_flag(reply->value, "mounted") ? BERTH_YES : BERTH_NO);
}
