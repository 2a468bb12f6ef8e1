/* The object: two channels, calls in flight, and the thread or loop that moves them on. */
#ifndef QEMU_VM_H
#define QEMU_VM_H

#include <pthread.h>
#include <sys/types.h>

#include "berth_qemu.h"
#include "call.h"
#include "channel.h"

/* What a root port holds. */
struct port {
    char owner[64]; /* "": nothing */
};

/* A virtiofsd that was started. */
struct server {
    struct server *next;
    char name[64];
    pid_t process;
    char path[108]; /* of its socket */
};

struct calls {
    struct call *first, *last;
};

struct berth_qemu {
    pthread_mutex_t lock; /* of what changes after berth_qemu_open */
    pthread_cond_t changed;
    berth_qemu_options options;
    char *qmp_path, *agent_path;
    struct channel qmp, agent;
    bool agent_ready;
    bool told_lost;
    int64_t hello;      /* the number of the agent's fence; replies before its answer are dropped */
    int64_t number;     /* of the last request */
    struct calls calls; /* in flight, the oldest first */
    struct calls finished; /* ended, and not told yet */
    uint64_t late;
    struct port *ports;
    struct server *servers;
    int epoll, wake, timer;
    int64_t timer_set;
    pthread_t thread;
    bool has_thread, stops;
};

int64_t vm_now(void);

/* Has the loop look again. Any thread, with or without the lock. */
void vm_wake(berth_qemu *vm);

/* Puts a call at the end of a list; takes it away. */
void vm_link(struct calls *calls, struct call *call);
void vm_unlink(struct calls *calls, struct call *call);

/* Sends a request; the call then waits for its reply. With the lock. */
void vm_send(berth_qemu *vm, struct call *call, json *request, bool to_agent);

/* Reads and times out; what has ended is in vm->finished. With the lock. */
void vm_turn(berth_qemu *vm);

/* Completes what has ended. Without the lock. */
void vm_tell(berth_qemu *vm);

/* Ends all calls in flight, and closes both connections. With the lock. */
void vm_lose(berth_qemu *vm);

/* The guest's name of a SCSI controller; NULL: it was not told. */
const char *vm_controller(const berth_qemu *vm, unsigned number);

void vm_trace(berth_qemu *vm, berth_qemu_line which, const char *line);

#endif
