/*
 * One hook call in flight: a row of requests, each sent when the one before was answered.
 *
 * A hook is written as one function, its steps, which is called at the start (`reply` NULL) and
 * with each reply. It sends the next request, or ends the call. Times, cancelling and lost
 * connections are dealt with here: a call ends as failed while nothing was sent that could have an
 * effect, and as uncertain afterwards.
 */
#ifndef QEMU_CALL_H
#define QEMU_CALL_H

#include <berth/backend.h>
#include <berth/berth.h>
#include <stdbool.h>
#include <stdint.h>

#include "berth_qemu.h"
#include "json.h"

struct call;

/* The share, disk or device that a call is about, for steps that several managers have in common.
 * The view owns the texts. */
struct subject {
    char name[48];     /* of a share, or of a PCI device */
    const char *host;  /* folder, image or device of the host */
    const char *path;  /* where the guest mounts it */
    int port;          /* number of the root port; negative: any that is free */
    unsigned function; /* virtual function */
    bool read_only;
    /* Of a disk, and of what is mounted of it. */
    unsigned controller, lun;
    bool is_device;   /* `host` is a block device */
    bool unsupported; /* it asks for what this library cannot do */
    bool link;        /* the guest gets the block device itself */
    uint64_t partition;
    const char *type; /* of the file system */
    berth_strings options;
};

/* What came back. */
struct reply {
    int error;    /* 0, or a negative errno value */
    bool gone;    /* the thing that it is about does not exist */
    bool leaving; /* it is on its way out already */
    bool unsure;  /* it may have had an effect all the same */
    json *value;  /* what QMP returns; the whole answer of the agent */
};

typedef void call_steps(struct call *call, const struct reply *reply);

struct call {
    struct call *next, *previous;
    berth_qemu *vm;
    berth_call *berth; /* NULL: a request of the program's own */
    berth_token token;
    call_steps *steps;
    const void *view; /* of the hook */
    int64_t deadline; /* of the request that was sent, in nanoseconds */
    int64_t number;   /* of the request; 0: none */
    bool to_agent;
    bool asks;           /* changes nothing */
    bool changed;        /* something was sent that may have an effect */
    bool changed_before; /* the request that is under way */
    bool ended;
    int outcome;
    /* For the steps. */
    struct subject subject;
    void (*failed)(struct call *call); /* when it ends as failed; NULL: nothing is to be done */
    unsigned step;
    int remembered;  /* an error to end with later */
    char device[64]; /* of which DEVICE_DELETED is awaited; "": none */
    bool deleted;    /* it came */
    json *answer;    /* of a request of the program's own */
};

/*
 * Runs a hook: what it has to return. The view, or what the subject points to, is valid until the
 * call has ended. `asks`: it changes nothing.
 */
int call_run(berth_qemu *vm, berth_call *berth, call_steps *steps, const void *view, bool asks);
int call_run_about(berth_qemu *vm, berth_call *berth, call_steps *steps,
                   const struct subject *subject, bool asks);

/* For steps: sends a request of QMP, or of the agent, whose `queue` and id are filled in. They take
 * the object over. */
void call_qmp(struct call *call, const char *command, json *arguments);
void call_agent(struct call *call, const char *queue, const char *what, json *request);

/* For steps: ends the call as a hook would. */
void call_end(struct call *call, int outcome);

/* For steps: waits for DEVICE_DELETED of `device`, which is told with a reply without an error. To
 * be named before device_del is sent. */
void call_watch(struct call *call, const char *device);

#endif
