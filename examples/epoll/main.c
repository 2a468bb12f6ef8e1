/*
 * One thread, thousands of devices: every call of the host is pending until its answer comes, and
 * the loop does what there is to do meanwhile.
 *
 *   epoll [DEVICES]
 *
 * Each device has two callers. Both reserve it, add it to the VM, and let it go again as soon as
 * they have it. Their second operations wait for each other, and the host is asked once. For one
 * device in a hundred the host never answers: its callers give up at a deadline. For another one in
 * a hundred the first caller is cancelled.
 *
 * The loop waits for three things: answers (a timerfd in host.c), being woken by the manager (an
 * eventfd), and the next deadline.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "host.h"

enum { CALLERS = 2, MAX_DEVICES = 50000, PATIENCE_MS = 150 };

struct caller {
    vpci_op op; /* all the memory that an operation in flight needs */
    vpci_device_config device;
    uuid_t reservation;
};

static vpci *devices;
static struct {
    unsigned long added, cancelled, timed_out, refused, strange; /* how adding ended */
    unsigned long in_flight, most, callers; /* operations; callers that have not yet let go */
} count;

static bool is_answered(unsigned device)
{
    return device % 100 != 7;
}

static bool is_cancelled(unsigned device)
{
    return device % 100 == 50;
}

static void started(int rc)
{
    if (rc != 0) {
        (void)fprintf(stderr, "start: %s\n", berth_errno_name(rc));
        exit(1);
    }
    if (++count.in_flight > count.most)
        count.most = count.in_flight;
}

static void let_go(struct caller *caller);

static void has_let_go(void *arg, int code)
{
    count.in_flight--;
    if (code != 0)
        let_go(arg); /* until it succeeds: that is the whole contract */
    else
        count.callers--;
}

static void let_go(struct caller *caller)
{
    started(vpci_remove_from_vm_start(devices, &caller->op, caller->reservation, BERTH_NO_DEADLINE,
                                      NULL, has_let_go, caller));
}

static void is_added(void *arg, int code)
{
    count.in_flight--;
    switch (code) {
    case 0:
        count.added++;
        break;
    case -ECANCELED: /* the host was told, and gave up */
        count.cancelled++;
        break;
    case -ETIMEDOUT: /* it waited for the other caller */
        count.timed_out++;
        break;
    case -ENOTRECOVERABLE: /* the other caller's attempt has failed */
        count.refused++;
        break;
    default:
        count.strange++;
        break;
    }
    let_go(arg);
}

static void add(struct caller *caller, int64_t deadline)
{
    started(vpci_add_to_vm_start(devices, &caller->op, caller->reservation, deadline, NULL,
                                 is_added, caller));
}

/* Those that have a deadline come last: it is the same for all of them. */
static void add_all(struct caller *callers, size_t n)
{
    int64_t deadline;

    for (size_t i = 0; i < n; i++)
        if (is_answered(callers[i].device.virtual_function_index))
            add(&callers[i], BERTH_NO_DEADLINE);
    deadline = berth_now() + PATIENCE_MS * INT64_C(1000000);
    for (size_t i = 0; i < n; i++)
        if (!is_answered(callers[i].device.virtual_function_index))
            add(&callers[i], deadline);
}

/* The first caller of some devices no longer wants them. */
static void cancel_some(struct caller *callers, size_t n)
{
    for (size_t i = 0; i < n; i += CALLERS)
        if (is_cancelled(callers[i].device.virtual_function_index))
            (void)vpci_cancel(devices, &callers[i].op);
}

/* Reserving calls no hook and waits for nobody: the blocking call will do. */
static struct caller *reserve_all(size_t n)
{
    struct caller *callers = calloc(n, sizeof *callers);

    for (size_t i = 0; callers && i < n; i++) {
        callers[i].device = (vpci_device_config){.device_instance_id = "PCIP\\8086",
                                                 .virtual_function_index = (uint16_t)(i / CALLERS)};
        if (vpci_reserve(devices, &callers[i].device, callers[i].reservation, NULL, NULL) < 0) {
            free(callers);
            return NULL;
        }
    }
    return callers;
}

/* There is something for vpci_poll to do. The manager is locked here. */
static void wake(void *ctx)
{
    (void)eventfd_write(*(const int *)ctx, 1);
}

/* Milliseconds until the deadline, for epoll_wait. */
static int timeout(int64_t deadline)
{
    int64_t left;

    if (deadline == BERTH_NO_DEADLINE)
        return -1;
    left = deadline - berth_now();
    if (left / 1000000 >= INT_MAX)
        return INT_MAX; /* it asks again then */
    return left > 0 ? (int)(left / 1000000 + 1) : 0;
}

static int run_loop(int loop, struct host *host)
{
    int64_t deadline = BERTH_NO_DEADLINE;

    (void)vpci_poll(devices, &deadline);
    while (count.callers > 0) {
        struct epoll_event events[2];
        eventfd_t signals;
        int n = epoll_wait(loop, events, 2, timeout(deadline));

        if (n < 0 && errno != EINTR)
            return -errno;
        for (int i = 0; i < n; i++) {
            if (events[i].data.fd == host->timer)
                host_answer(host);
            else
                (void)eventfd_read(host->event, &signals);
        }
        (void)vpci_poll(devices, &deadline);
        host_give_up(host);
    }
    return 0;
}

static int watch(int loop, int fd)
{
    struct epoll_event event = {.events = EPOLLIN, .data = {.fd = fd}};

    return epoll_ctl(loop, EPOLL_CTL_ADD, fd, &event);
}

static int run(size_t n, struct host *host, int loop)
{
    struct caller *callers = reserve_all(n);
    int rc;

    if (!callers || watch(loop, host->timer) < 0 || watch(loop, host->event) < 0) {
        free(callers);
        return -ENOMEM;
    }
    count.callers = n;
    add_all(callers, n);
    cancel_some(callers, n);
    rc = run_loop(loop, host);
    free(callers);
    return rc;
}

static bool report(unsigned n, const struct host *host, int result)
{
    unsigned left = host_count(host, n);

    printf("%u devices, %u callers, one thread: at most %lu operations in flight, %zu bytes each\n",
           n, n * CALLERS, count.most, sizeof(vpci_op));
    printf("added: %lu; cancelled: %lu; timed out: %lu; refused: %lu\n", count.added,
           count.cancelled, count.timed_out, count.refused);
    printf("host: asked %lu times to add, %lu times to tell the guest, %lu times to remove; the VM "
           "has %u left\n",
           host->adds, host->announcements, host->removals, left);
    printf("destroy: %s\n", berth_errno_name(result));
    return result == 0 && left == 0 && count.strange == 0;
}

int main(int argc, char **argv)
{
    unsigned long n = argc > 1 ? strtoul(argv[1], NULL, 10) : 3000;
    int event = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    int loop = epoll_create1(EPOLL_CLOEXEC);
    struct host host;
    vpci_backend backend;
    bool good;

    if (n < 1 || n > MAX_DEVICES) {
        (void)fprintf(stderr, "usage: epoll [DEVICES (1 to %d)]\n", MAX_DEVICES);
        return 2;
    }
    if (event < 0 || loop < 0 || host_open(&host, (unsigned)n, event, is_answered) < 0)
        return 1;
    backend = host_backend(&host);
    if (vpci_create(NULL, &backend, &(berth_config){.wake = wake, .wake_ctx = &event}, &devices,
                    NULL) < 0)
        return 1;
    if (run(n * CALLERS, &host, loop) < 0)
        return 1;
    good = report((unsigned)n, &host, vpci_destroy(devices, NULL));
    host_close(&host);
    (void)close(event);
    (void)close(loop);
    return good ? 0 : 1;
}
