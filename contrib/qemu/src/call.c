#include "call.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vm.h"

/* A call is cancelled, its deadline has passed: the manager is locked, so no more than a signal. */
static void call_told(void *ctx)
{
    vm_wake(ctx);
}

static int call_start(berth_qemu *vm, berth_call *berth, const struct call *wanted)
{
    struct call *call = malloc(sizeof *call);
    int outcome;

    if (!call)
        return -ENOMEM;
    *call = *wanted;
    call->vm = vm;
    call->berth = berth;
    call->token = berth_call_token(berth);
    /* The manager's lock is not taken inside the library's. A call that is cancelled already is
     * found by the loop. */
    (void)berth_call_on_cancel(berth, call_told, vm);
    (void)pthread_mutex_lock(&vm->lock);
    vm_link(&vm->calls, call);
    call->steps(call, NULL);
    if (!call->ended) {
        (void)pthread_mutex_unlock(&vm->lock);
        return BERTH_PENDING;
    }
    vm_unlink(&vm->finished, call);
    (void)pthread_mutex_unlock(&vm->lock);
    outcome = call->outcome;
    free(call);
    return outcome;
}

int call_run(berth_qemu *vm, berth_call *berth, call_steps *steps, const void *view, bool asks)
{
    return call_start(vm, berth, &(struct call){.steps = steps, .view = view, .asks = asks});
}

int call_run_about(berth_qemu *vm, berth_call *berth, call_steps *steps,
                   const struct subject *subject, bool asks)
{
    return call_start(vm, berth, &(struct call){.steps = steps, .subject = *subject, .asks = asks});
}

void call_qmp(struct call *call, const char *command, json *arguments)
{
    json *request = json_with_text(json_object_new_object(), "execute", command);

    if (arguments)
        (void)json_with(request, "arguments", arguments);
    vm_send(call->vm, call, request, false);
}

void call_agent(struct call *call, const char *queue, const char *what, json *request)
{
    (void)json_with_text(request, "queue", queue);
    (void)json_with_text(request, "do", what);
    vm_send(call->vm, call, request, true);
}

void call_watch(struct call *call, const char *device)
{
    (void)snprintf(call->device, sizeof call->device, "%s", device);
    call->deleted = false;
}

void call_end(struct call *call, int outcome)
{
    call->ended = true;
    call->outcome = outcome;
    if (call->failed && outcome < 0 && outcome > BERTH_UNCERTAIN(0))
        call->failed(call);
    vm_unlink(&call->vm->calls, call);
    if (call->berth)
        vm_link(&call->vm->finished, call);
    else
        (void)pthread_cond_broadcast(&call->vm->changed);
}
