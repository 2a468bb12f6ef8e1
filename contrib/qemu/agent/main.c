/*
 * The guest's side of Berth's backend for QEMU: it mounts, unmounts, ejects and looks, as the host
 * asks over a virtio-serial port. As process 1 it is also the guest's init.
 *
 *   berth-agent                 serves the port called berth.agent
 *   berth-agent FILE            serves a port or terminal
 *   berth-agent --fd NUMBER     serves a socket that it was given
 *
 * The protocol is in requests.h, what can be asked for in work.c, both in docs/qemu.md.
 */
#define _GNU_SOURCE /* POLLRDHUP */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "init.h"
#include "lines.h"
#include "requests.h"

enum { RECONNECT_MS = 20 };

struct agent {
    struct lines lines;
    struct requests *requests;
    bool is_port; /* a host may come back */
};

static struct agent agent;

static void got_line(void *ctx, const char *line, size_t size)
{
    requests_take(ctx, line, size);
}

static void answer(void *ctx, const char *line)
{
    lines_put(ctx, line);
}

static void fenced(void *ctx)
{
    lines_forget_unsent(ctx);
}

/* Serves until a socket ends; a port has no end. */
static void serve(void)
{
    struct pollfd fds[1 + REQUESTS_RUN];
    bool connected = true;

    for (;;) {
        /* A port without a host is always readable: look again later. */
        int timeout_ms = connected ? -1 : RECONNECT_MS;
        size_t count = 1 + requests_poll(agent.requests, fds + 1, &timeout_ms);
        short wanted = agent.lines.unsent_size != 0 ? POLLIN | POLLOUT : POLLIN;

        fds[0] = (struct pollfd){.fd = connected ? agent.lines.fd : -1, .events = wanted};
        if (poll(fds, (nfds_t)count, timeout_ms) < 0 && errno != EINTR)
            return;
        connected = lines_read(&agent.lines, got_line, agent.requests);
        if (!connected && !agent.is_port)
            return;
        /* The next host's line does not continue half a line of the last one. Answers that wait
         * stay: a port may give the next host's hello before it says that there is a host. */
        if (!connected)
            lines_forget_received(&agent.lines);
        requests_begin(agent.requests);
        requests_go_on(agent.requests);
        requests_begin(agent.requests);
        lines_write(&agent.lines);
    }
}

static int open_port(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "--fd") == 0) {
        char *end;
        long fd = strtol(argv[2], &end, 10);

        if (end == argv[2] || *end || fd < 0 || fd > INT_MAX)
            return -EBADF;
        return fcntl((int)fd, F_SETFL, O_NONBLOCK) < 0 ? -errno : (int)fd;
    }
    agent.is_port = true;
    if (argc == 2) {
        int fd = open(argv[1], O_RDWR | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

        return fd < 0 ? -errno : fd;
    }
    return init_port("berth.agent");
}

int main(int argc, char **argv)
{
    bool is_init = getpid() == 1;

    if (!is_init && (argc > 3 || (argc == 2 && argv[1][0] == '-') ||
                     (argc == 3 && strcmp(argv[1], "--fd") != 0))) {
        (void)fprintf(stderr, "usage: berth-agent [FILE | --fd NUMBER]\n");
        return 2;
    }
    if (is_init)
        init_guest();
    (void)signal(SIGPIPE, SIG_IGN);
    (void)signal(SIGCHLD, SIG_DFL); /* a service may be started with it ignored */
    agent.lines.fd = open_port(is_init ? 1 : argc, argv);
    if (agent.lines.fd < 0) {
        (void)fprintf(stderr, "berth-agent: %s\n", strerror(-agent.lines.fd));
        return 1;
    }
    agent.requests = requests_new(answer, fenced, &agent.lines);
    if (!agent.requests)
        return 1;
    serve();
    requests_cancel_all(agent.requests);
    return 0;
}
