#define _GNU_SOURCE

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "ports.h"
#include "vm.h"

enum { DEFAULT_TIMEOUT_MS = 10000, RETRY_MS = 10 };

/* The object whose thread this is. It must not wait for itself. */
static _Thread_local const berth_qemu *served;

/* Connections that are being made: to the monitor, which is greeted, and to the agent. */
struct greeting {
    struct channel channel, agent;
    int64_t number;
    bool asked, ready, wrong;
};

/* An earlier client that died while it was greeted may have agreed with QEMU in place of this one:
 * then QEMU says that it does not know this request any more. */
static bool greeting_agreed(json *line)
{
    const char *kind = json_text(json_member(line, "error", json_type_object), "class");

    return json_member(line, "return", json_type_object) ||
           (kind && strcmp(kind, "CommandNotFound") == 0);
}

/* QEMU answers what an earlier client has asked to the next one: that is dropped. */
static void greeting_line(void *ctx, const char *text, size_t size)
{
    struct greeting *greeting = ctx;
    json *line = text ? json_line(text, size) : NULL;

    if (line && json_member(line, "QMP", json_type_object)) {
        json *request = json_with_text(json_object_new_object(), "execute", "qmp_capabilities");

        (void)json_with_number(request, "id", greeting->number);
        greeting->wrong = channel_send(&greeting->channel, 0, request) != 0;
        greeting->asked = true;
        json_object_put(request);
    } else if (line && greeting->asked && json_number(line, "id", 0) == greeting->number) {
        greeting->ready = greeting_agreed(line);
        greeting->wrong = !greeting->ready;
    } else if (!line || (!json_text(line, "event") && json_number(line, "id", 0) == 0)) {
        greeting->wrong = true;
    }
    json_object_put(line);
}

/* A number that no earlier connection has used, of this process or another one. */
static int64_t unused_number(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* Connects. While too many others wait for the same server, it tries again. */
static int greet_connect(struct channel *channel, const char *path, int64_t end)
{
    int rc = channel_connect(channel, path);

    while (rc == -EAGAIN && vm_now() < end) {
        (void)poll(NULL, 0, RETRY_MS);
        rc = channel_connect(channel, path);
    }
    return rc == -EAGAIN ? -ETIMEDOUT : rc;
}

/* Connects to the monitor, agrees on what it may do, and connects to the agent, if there is one. */
static int greet(struct greeting *greeting, const berth_qemu *vm)
{
    int64_t end = vm_now() + (int64_t)vm->options.qmp_timeout_ms * 1000000;
    int rc;

    channel_init(&greeting->channel);
    channel_init(&greeting->agent);
    greeting->number = unused_number();
    rc = greet_connect(&greeting->channel, vm->qmp_path, end);
    while (rc == 0 && !greeting->ready) {
        struct pollfd fd = {.fd = greeting->channel.fd, .events = POLLIN};
        int64_t left = (end - vm_now()) / 1000000;

        if (left <= 0)
            rc = -ETIMEDOUT;
        else if (poll(&fd, 1, (int)left) > 0 &&
                 !lines_read(&greeting->channel.lines, greeting_line, greeting))
            rc = -ENOTCONN;
        if (rc == 0 && greeting->wrong)
            rc = -EPROTO;
    }
    if (rc == 0 && vm->agent_path)
        rc = greet_connect(&greeting->agent, vm->agent_path, end);
    if (rc != 0)
        channel_close(&greeting->channel);
    return rc;
}

static int vm_add(berth_qemu *vm, int fd, void *what)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = what};

    return epoll_ctl(vm->epoll, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

/* Tells the agent that requests of earlier connections are over. */
static int vm_hello(berth_qemu *vm)
{
    json *line = json_object_new_object();
    int rc;

    vm->hello = unused_number();
    (void)json_with_number(line, "hello", vm->hello);
    /* Nothing else is sent before the answer: a guest that never booted has not been asked. */
    vm->agent.held = true;
    /* The newline ends what an earlier connection may have sent in part. */
    rc = channel_send(&vm->agent, 0, NULL);
    if (rc == 0)
        rc = channel_send(&vm->agent, 0, line);
    json_object_put(line);
    return rc;
}

/* Takes over what is connected. */
static int vm_take(berth_qemu *vm, const struct greeting *greeting)
{
    int rc;

    vm_lose(vm);
    vm->qmp.fd = greeting->channel.fd;
    vm->qmp.lines = greeting->channel.lines;
    rc = vm_add(vm, vm->qmp.fd, &vm->qmp);
    if (vm->agent_path) {
        vm->agent.fd = greeting->agent.fd;
        vm->agent.lines.fd = vm->agent.fd;
        lines_reset(&vm->agent.lines);
    }
    if (rc == 0 && vm->agent_path)
        rc = vm_add(vm, vm->agent.fd, &vm->agent);
    if (rc == 0 && vm->agent_path)
        rc = vm_hello(vm);
    if (rc != 0)
        vm_lose(vm);
    vm->told_lost = rc != 0;
    return rc;
}

int berth_qemu_connect(berth_qemu *vm)
{
    struct greeting *greeting = calloc(1, sizeof *greeting);
    int rc;

    if (!greeting)
        return -ENOMEM;
    berth_qemu_disconnect(vm);
    rc = greet(greeting, vm);
    if (rc == 0) {
        (void)pthread_mutex_lock(&vm->lock);
        rc = vm_take(vm, greeting);
        (void)pthread_mutex_unlock(&vm->lock);
        vm_wake(vm);
    }
    free(greeting);
    return rc;
}

void berth_qemu_disconnect(berth_qemu *vm)
{
    (void)pthread_mutex_lock(&vm->lock);
    vm->told_lost = true; /* the program knows */
    vm_lose(vm);
    (void)pthread_mutex_unlock(&vm->lock);
    vm_tell(vm);
}

bool berth_qemu_is_connected(berth_qemu *vm)
{
    bool is;

    (void)pthread_mutex_lock(&vm->lock);
    is = vm->qmp.fd >= 0;
    (void)pthread_mutex_unlock(&vm->lock);
    return is;
}

static void *run(void *arg)
{
    berth_qemu *vm = arg;
    struct epoll_event events[4];
    bool stops = false;

    served = vm;
    while (!stops) {
        (void)epoll_wait(vm->epoll, events, 4, -1);
        berth_qemu_process(vm);
        (void)pthread_mutex_lock(&vm->lock);
        stops = vm->stops;
        (void)pthread_mutex_unlock(&vm->lock);
    }
    return NULL;
}

static struct timespec after_ms(uint32_t timeout_ms)
{
    int64_t end = vm_now() + (int64_t)timeout_ms * 1000000;

    return (struct timespec){.tv_sec = (time_t)(end / 1000000000),
                             .tv_nsec = (long)(end % 1000000000)};
}

int berth_qemu_wait_agent(berth_qemu *vm, uint32_t timeout_ms)
{
    struct timespec end = after_ms(timeout_ms);
    int rc = 0;

    if (!vm->has_thread)
        return -EINVAL;
    if (served == vm)
        return -EDEADLK;
    (void)pthread_mutex_lock(&vm->lock);
    while (rc == 0 && !vm->agent_ready)
        rc = vm->agent.fd < 0 ? ENOTCONN : pthread_cond_timedwait(&vm->changed, &vm->lock, &end);
    (void)pthread_mutex_unlock(&vm->lock);
    return -rc;
}

/* Steps of a request of the program's own. */
static void ask_steps(struct call *call, const struct reply *reply)
{
    call->answer = json_object_get(reply->value);
    call_end(call, reply->error);
}

int berth_qemu_ask(berth_qemu *vm, bool agent, const char *request, char **answer)
{
    struct call call = {.vm = vm, .steps = ask_steps, .asks = true};
    json *line;

    if (answer)
        *answer = NULL;
    if (served == vm)
        return -EDEADLK;
    line = json_line(request, strlen(request));
    if (!line)
        return -EINVAL;
    if (agent && !json_text(line, "queue"))
        (void)json_with_text(line, "queue", "");
    (void)pthread_mutex_lock(&vm->lock);
    vm_link(&vm->calls, &call);
    vm_send(vm, &call, line, agent);
    while (!call.ended && vm->has_thread)
        (void)pthread_cond_wait(&vm->changed, &vm->lock);
    while (!call.ended) {
        struct pollfd fd = {.fd = vm->epoll, .events = POLLIN};

        (void)pthread_mutex_unlock(&vm->lock);
        (void)poll(&fd, 1, 100);
        berth_qemu_process(vm);
        (void)pthread_mutex_lock(&vm->lock);
    }
    (void)pthread_mutex_unlock(&vm->lock);
    if (answer && call.answer)
        *answer = strdup(json_words(call.answer));
    json_object_put(call.answer);
    return call.outcome;
}

/*
 * QEMU forgets what waits in a monitor whose client is gone, and its monitors run one request at a
 * time: the answer to a later one says that the last of the dead client's has ended.
 */
int berth_qemu_settle(berth_qemu *vm, uint64_t epoch)
{
    char request[64];
    int rc = berth_qemu_ask(vm, false, "{\"execute\":\"query-status\"}", NULL);

    (void)snprintf(request, sizeof request, "{\"do\":\"settle\",\"epoch\":%lld}", (long long)epoch);
    return rc == 0 && vm->agent_path ? berth_qemu_ask(vm, true, request, NULL) : rc;
}

static void sent_to_qmp(void *ctx, const char *line)
{
    vm_trace(ctx, BERTH_QEMU_TO_QMP, line);
}

static void sent_to_agent(void *ctx, const char *line)
{
    if (line[0] != '\0')
        vm_trace(ctx, BERTH_QEMU_TO_AGENT, line);
}

static int vm_init(berth_qemu *vm, const char *qmp, const char *agent)
{
    pthread_condattr_t monotonic;

    vm->epoll = epoll_create1(EPOLL_CLOEXEC);
    vm->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    vm->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    if (vm->epoll < 0 || vm->wake < 0 || vm->timer < 0 || vm_add(vm, vm->wake, NULL) != 0 ||
        vm_add(vm, vm->timer, NULL) != 0)
        return -errno;
    vm->qmp_path = strdup(qmp);
    vm->agent_path = agent ? strdup(agent) : NULL;
    vm->ports = calloc(vm->options.port_count + 1u, sizeof *vm->ports);
    if (!vm->qmp_path || (agent && !vm->agent_path) || !vm->ports)
        return -ENOMEM;
    (void)pthread_mutex_init(&vm->lock, NULL);
    (void)pthread_condattr_init(&monotonic);
    (void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&vm->changed, &monotonic);
    (void)pthread_condattr_destroy(&monotonic);
    return 0;
}

static void vm_free(berth_qemu *vm)
{
    const int fds[] = {vm->epoll, vm->wake, vm->timer};

    for (size_t i = 0; i < sizeof fds / sizeof *fds; i++)
        if (fds[i] >= 0)
            (void)close(fds[i]);
    free(vm->qmp_path);
    free(vm->agent_path);
    free(vm->ports);
    free(vm);
}

int berth_qemu_open(const char *qmp, const char *agent, const berth_qemu_options *options,
                    berth_qemu **out)
{
    berth_qemu *vm;
    int rc;

    if (!out)
        return -EINVAL;
    *out = NULL;
    if (!qmp)
        return -EINVAL;
    vm = calloc(1, sizeof *vm);
    if (!vm)
        return -ENOMEM;
    if (options)
        vm->options = *options;
    if (vm->options.qmp_timeout_ms == 0)
        vm->options.qmp_timeout_ms = DEFAULT_TIMEOUT_MS;
    if (vm->options.agent_timeout_ms == 0)
        vm->options.agent_timeout_ms = DEFAULT_TIMEOUT_MS;
    channel_init(&vm->qmp);
    channel_init(&vm->agent);
    vm->qmp.sent = sent_to_qmp;
    vm->agent.sent = sent_to_agent;
    vm->qmp.ctx = vm->agent.ctx = vm;
    rc = vm_init(vm, qmp, agent);
    if (rc != 0) {
        vm_free(vm);
        return rc;
    }
    rc = berth_qemu_connect(vm);
    if (rc == 0 && !vm->options.loop) {
        rc = -pthread_create(&vm->thread, NULL, run, vm);
        vm->has_thread = rc == 0;
    }
    if (rc != 0) {
        berth_qemu_close(vm);
        return rc;
    }
    *out = vm;
    return 0;
}

void berth_qemu_close(berth_qemu *vm)
{
    if (!vm)
        return;
    if (vm->has_thread) {
        (void)pthread_mutex_lock(&vm->lock);
        vm->stops = true;
        (void)pthread_mutex_unlock(&vm->lock);
        vm_wake(vm);
        (void)pthread_join(vm->thread, NULL);
    }
    berth_qemu_disconnect(vm);
    servers_end(vm, NULL);
    (void)pthread_cond_destroy(&vm->changed);
    (void)pthread_mutex_destroy(&vm->lock);
    channel_free(&vm->qmp);
    channel_free(&vm->agent);
    vm_free(vm);
}
