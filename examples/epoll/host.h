/*
 * A host that takes its time: what it is asked to do is answered later, from a timer, and some of
 * it never.
 */
#ifndef EPOLL_HOST_H
#define EPOLL_HOST_H

#include <stdbool.h>

#include "vpci.h"

enum { HOST_TICKS = 32 }; /* an answer takes less than so many milliseconds */

/* In a ring of requests that are answered at the same time. */
struct host_link {
    struct host_link *next, *previous;
};

/* A call that is pending; each device has one at most. */
struct host_request {
    struct host_link link; /* first, so that one is the other */
    struct host *host;
    berth_token token;
    bool *has;  /* what the answer changes; NULL: nothing */
    bool to_be; /* and what it then is */
};

struct host {
    int timer; /* ticks every millisecond; readable when answers are due */
    int event; /* readable when requests were given up; the caller's eventfd */
    unsigned tick;
    struct host_link ticks[HOST_TICKS]; /* what is answered then */
    struct host_link never;             /* what is not answered at all */
    struct host_link given_up;          /* what nobody waits for any more */
    struct host_request *requests;      /* by device */
    bool *has;                          /* by device: the VM has it */
    bool (*answers)(unsigned device);
    unsigned long adds, announcements, removals; /* how often it was asked */
};

/*
 * 0, or a negative errno value. `answers` says false for a device whose assignment the host never
 * answers.
 */
int host_open(struct host *host, unsigned devices, int event, bool (*answers)(unsigned device));
void host_close(struct host *host);

/* The hooks; a device's number is its virtual function. */
vpci_backend host_backend(struct host *host);

/* The timer is readable: answers what is due. */
void host_answer(struct host *host);
/* The event is readable: answers, with -ECANCELED, what nobody waits for any more. */
void host_give_up(struct host *host);

/* How many devices the VM has. */
unsigned host_count(const struct host *host, unsigned devices);

#endif
