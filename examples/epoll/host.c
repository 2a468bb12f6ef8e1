#define _POSIX_C_SOURCE 200809L /* CLOCK_MONOTONIC */

#include "host.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

static void make_empty(struct host_link *ring)
{
    ring->next = ring;
    ring->previous = ring;
}

static void append(struct host_link *ring, struct host_link *link)
{
    link->next = ring;
    link->previous = ring->previous;
    ring->previous->next = link;
    ring->previous = link;
}

static void leave(struct host_link *link)
{
    link->previous->next = link->next;
    link->next->previous = link->previous;
}

int host_open(struct host *host, unsigned devices, int event, bool (*answers)(unsigned device))
{
    const struct itimerspec every_millisecond = {.it_interval = {.tv_nsec = 1000000},
                                                 .it_value = {.tv_nsec = 1000000}};
    int rc = 0;

    *host = (struct host){.event = event, .answers = answers};
    for (unsigned i = 0; i < HOST_TICKS; i++)
        make_empty(&host->ticks[i]);
    make_empty(&host->never);
    make_empty(&host->given_up);
    host->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (host->timer < 0 || timerfd_settime(host->timer, 0, &every_millisecond, NULL) < 0)
        rc = -errno;
    host->requests = calloc(devices, sizeof *host->requests);
    host->has = calloc(devices, sizeof *host->has);
    if (rc == 0 && (!host->requests || !host->has))
        rc = -ENOMEM;
    if (rc != 0)
        host_close(host);
    return rc;
}

void host_close(struct host *host)
{
    if (host->timer >= 0)
        (void)close(host->timer);
    free(host->requests);
    free(host->has);
}

unsigned host_count(const struct host *host, unsigned devices)
{
    unsigned n = 0;

    for (unsigned i = 0; i < devices; i++)
        n += host->has[i];
    return n;
}

/*
 * Cancelled, or its deadline has passed. The manager is locked here: no more than a note, and a
 * signal to the loop.
 */
static void told(void *ctx)
{
    struct host_request *request = ctx;

    leave(&request->link);
    append(&request->host->given_up, &request->link);
    (void)eventfd_write(request->host->event, 1);
}

/* Every hook ends here: the call is answered in so many ticks, or never (0), or given up. */
static int pend(struct host *host, berth_call *call, unsigned device, unsigned ticks, bool *has,
                bool to_be)
{
    struct host_request *request = &host->requests[device];
    int rc;

    *request = (struct host_request){
        .host = host, .token = berth_call_token(call), .has = has, .to_be = to_be};
    append(ticks > 0 ? &host->ticks[(host->tick + ticks) % HOST_TICKS] : &host->never,
           &request->link);
    rc = berth_call_on_cancel(call, told, request);
    if (rc == 0)
        return BERTH_PENDING;
    leave(&request->link); /* nobody waits for it already */
    return rc;
}

static int add_device(void *ctx, berth_call *call, const vpci_device *device)
{
    struct host *host = ctx;
    unsigned number = device->virtual_function_index;
    unsigned ticks = host->answers(number) ? 1 + number % (HOST_TICKS - 1) : 0;

    host->adds++;
    return pend(host, call, number, ticks, &host->has[number], true);
}

static int add_vpci_device(void *ctx, berth_call *call, const vpci_device *device)
{
    struct host *host = ctx;

    host->announcements++;
    return pend(host, call, device->virtual_function_index, 1, NULL, false);
}

static int remove_device(void *ctx, berth_call *call, const vpci_device *device)
{
    struct host *host = ctx;

    host->removals++;
    return pend(host, call, device->virtual_function_index, 2,
                &host->has[device->virtual_function_index], false);
}

vpci_backend host_backend(struct host *host)
{
    return (vpci_backend){
        .version = VPCI_BACKEND_VERSION,
        .ctx = host,
        .vm = {.add_device = add_device, .remove_device = remove_device},
        .guest = {.add_vpci_device = add_vpci_device},
    };
}

/*
 * The request is another call's as soon as this one is complete: it must have left its ring before.
 */
static void complete_all(struct host_link *ring, int result)
{
    while (ring->next != ring) {
        struct host_request *request = (struct host_request *)ring->next;

        leave(&request->link);
        if (result == 0 && request->has)
            *request->has = request->to_be;
        (void)berth_complete(request->token, result, NULL, 0);
    }
}

void host_answer(struct host *host)
{
    uint64_t passed = 0;

    if (read(host->timer, &passed, sizeof passed) != sizeof passed)
        return;
    for (; passed > 0; passed--) {
        host->tick++;
        complete_all(&host->ticks[host->tick % HOST_TICKS], 0);
    }
}

void host_give_up(struct host *host)
{
    complete_all(&host->given_up, -ECANCELED);
}
