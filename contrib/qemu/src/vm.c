#define _GNU_SOURCE

#include "vm.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "replies.h"

int64_t vm_now(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

void vm_wake(berth_qemu *vm)
{
    (void)eventfd_write(vm->wake, 1);
}

void vm_link(struct calls *calls, struct call *call)
{
    call->next = NULL;
    call->previous = calls->last;
    if (calls->last)
        calls->last->next = call;
    else
        calls->first = call;
    calls->last = call;
}

void vm_unlink(struct calls *calls, struct call *call)
{
    if (call->previous)
        call->previous->next = call->next;
    else
        calls->first = call->next;
    if (call->next)
        call->next->previous = call->previous;
    else
        calls->last = call->previous;
}

void vm_trace(berth_qemu *vm, berth_qemu_line which, const char *line)
{
    if (vm->options.trace)
        vm->options.trace(vm->options.ctx, which, line);
}

const char *vm_controller(const berth_qemu *vm, unsigned number)
{
    static const char *const usual[] = {"0000:00:04.0", "0000:00:05.0", "0000:00:06.0",
                                        "0000:00:07.0"};
    const char *const *all = vm->options.controllers ? vm->options.controllers : usual;
    uint32_t count = vm->options.controllers ? vm->options.controller_count : 4;

    return number < count ? all[number] : NULL;
}

/* The loop looks for room to write only while there is something to write. */
static void vm_watch(berth_qemu *vm, struct channel *channel)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = channel};

    if (channel->fd < 0)
        return;
    if (channel_has_more(channel))
        event.events |= EPOLLOUT;
    (void)epoll_ctl(vm->epoll, EPOLL_CTL_MOD, channel->fd, &event);
}

void vm_send(berth_qemu *vm, struct call *call, json *request, bool to_agent)
{
    struct channel *channel = to_agent ? &vm->agent : &vm->qmp;
    uint32_t timeout = to_agent ? vm->options.agent_timeout_ms : vm->options.qmp_timeout_ms;
    int rc;

    call->number = ++vm->number;
    call->to_agent = to_agent;
    call->deadline = vm_now() + (int64_t)timeout * 1000000;
    if (call->berth && berth_call_deadline(call->berth) < call->deadline)
        call->deadline = berth_call_deadline(call->berth);
    (void)json_with_number(request, "id", call->number);
    if (to_agent && call->berth && berth_call_epoch(call->berth) > 0)
        (void)json_with_number(request, "epoch", (int64_t)berth_call_epoch(call->berth));
    rc = channel_send(channel, call->number, request);
    json_object_put(request);
    if (rc != 0) {
        call->number = 0;
        call_end(call, call->asks || !call->changed ? rc : BERTH_UNCERTAIN(rc));
        return;
    }
    call->changed_before = call->changed;
    call->changed = !call->asks;
    vm_watch(vm, channel);
    vm_wake(vm); /* the timer may have to be earlier */
}

/* Tells the agent never to begin what the call has asked, or to end it. */
static void vm_give_up(berth_qemu *vm, struct call *call)
{
    json *line;

    if (!call->to_agent || call->number == 0)
        return;
    line = json_with_number(json_object_new_object(), "cancel", call->number);
    (void)channel_send(&vm->agent, 0, line);
    json_object_put(line);
    vm_watch(vm, &vm->agent);
}

/* Ends a call for which nobody waits, or which nobody answers. What was not sent is taken back. */
static void vm_abandon(berth_qemu *vm, struct call *call, int error)
{
    struct channel *channel = call->to_agent ? &vm->agent : &vm->qmp;

    if (call->number != 0 && channel_take_back(channel, call->number))
        call->changed = call->changed_before;
    else
        vm_give_up(vm, call);
    call_end(call, call->asks || !call->changed ? error : BERTH_UNCERTAIN(error));
}

void vm_lose(berth_qemu *vm)
{
    while (vm->calls.first)
        vm_abandon(vm, vm->calls.first, -ENOTCONN);
    channel_close(&vm->qmp);
    channel_close(&vm->agent);
    vm->agent_ready = false;
    (void)pthread_cond_broadcast(&vm->changed);
}

/* Sets the timer to the earliest deadline. */
static void vm_set_timer(berth_qemu *vm)
{
    int64_t next = 0;
    struct itimerspec when = {{0, 0}, {0, 0}};

    for (const struct call *call = vm->calls.first; call; call = call->next)
        if (next == 0 || call->deadline < next)
            next = call->deadline;
    if (next == vm->timer_set)
        return;
    vm->timer_set = next;
    if (next != 0) {
        when.it_value.tv_sec = (time_t)(next / 1000000000);
        when.it_value.tv_nsec = (long)(next % 1000000000) + (next % 1000000000 == 0);
    }
    (void)timerfd_settime(vm->timer, TFD_TIMER_ABSTIME, &when, NULL);
}

/* Ends what is late, and what nobody waits for any more. */
static void vm_expire(berth_qemu *vm)
{
    struct call *next;

    for (struct call *call = vm->calls.first; call; call = next) {
        /* Asked first: a deadline that passes just now cancels too, and is a deadline all the
         * same. */
        bool is_cancelled = call->berth && berth_call_cancelled(call->berth);

        next = call->next;
        if (call->deadline <= vm_now())
            vm_abandon(vm, call, -ETIMEDOUT);
        else if (is_cancelled)
            vm_abandon(vm, call, -ECANCELED);
    }
}

void vm_turn(berth_qemu *vm)
{
    const int signals[] = {vm->wake, vm->timer};
    uint64_t ignored;
    bool lost = false;

    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
        if (read(signals[i], &ignored, sizeof ignored) < 0)
            continue; /* nothing to take back */
    if (vm->qmp.fd >= 0)
        lost = !channel_flush(&vm->qmp) || !lines_read(&vm->qmp.lines, replies_qmp, vm);
    if (vm->agent.fd >= 0 && !lost)
        lost = !channel_flush(&vm->agent) || !lines_read(&vm->agent.lines, replies_agent, vm);
    if (lost)
        vm_lose(vm);
    vm_expire(vm);
    vm_watch(vm, &vm->qmp);
    vm_watch(vm, &vm->agent);
    vm_set_timer(vm);
}

void vm_tell(berth_qemu *vm)
{
    bool is_lost;

    (void)pthread_mutex_lock(&vm->lock);
    while (vm->finished.first) {
        struct call *call = vm->finished.first;

        vm_unlink(&vm->finished, call);
        (void)pthread_mutex_unlock(&vm->lock);
        (void)berth_complete(call->token, call->outcome, NULL, 0);
        free(call);
        (void)pthread_mutex_lock(&vm->lock);
    }
    is_lost = vm->qmp.fd < 0 && !vm->told_lost;
    vm->told_lost = vm->told_lost || is_lost;
    (void)pthread_mutex_unlock(&vm->lock);
    if (is_lost && vm->options.lost)
        vm->options.lost(vm->options.ctx);
}

void berth_qemu_process(berth_qemu *vm)
{
    (void)pthread_mutex_lock(&vm->lock);
    vm_turn(vm);
    (void)pthread_mutex_unlock(&vm->lock);
    vm_tell(vm);
}

uint64_t berth_qemu_late(berth_qemu *vm)
{
    uint64_t late;

    (void)pthread_mutex_lock(&vm->lock);
    late = vm->late;
    (void)pthread_mutex_unlock(&vm->lock);
    return late;
}

uint32_t berth_qemu_in_flight(berth_qemu *vm)
{
    uint32_t count = 0;

    (void)pthread_mutex_lock(&vm->lock);
    for (const struct call *call = vm->calls.first; call; call = call->next)
        count++;
    (void)pthread_mutex_unlock(&vm->lock);
    return count;
}

int berth_qemu_fd(const berth_qemu *vm)
{
    return vm->epoll;
}
