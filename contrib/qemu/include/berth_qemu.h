/*
 * A backend for QEMU: the hooks of scsi, plan9_mount (as virtiofs) and vpci, against QMP and a
 * guest agent. docs/qemu.md tells how it works.
 *
 *     berth_qemu *vm;
 *     scsi *disks;
 *     int rc = berth_qemu_open("qmp.sock", "agent.sock", NULL, &vm);
 *
 *     if (rc == 0) {
 *         const scsi_backend backend = berth_qemu_scsi(vm);
 *
 *         rc = scsi_create(NULL, &backend, NULL, &disks, NULL);
 *     }
 *
 * Every hook answers BERTH_PENDING and is completed by a thread of the library, or by the caller's
 * event loop. How it ends:
 *
 *   failed     QEMU or the guest refused; or nothing was sent that could have an effect
 *   uncertain  the time was over, the caller gave up, or the connection was lost, after something
 *              was sent that could have an effect. It may still have it later
 *
 * Late replies are known by their number and dropped.
 *
 * Threads: all functions may be called from any thread, but for berth_qemu_open and
 * berth_qemu_close of the same object. berth_qemu_close must not be called on the library's thread,
 * where `lost` and `done` of started operations run. Linux only.
 */
#ifndef BERTH_QEMU_H
#define BERTH_QEMU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct berth_qemu berth_qemu;

/* A root port of the machine, into which one device can be plugged. Texts are the caller's. */
typedef struct berth_qemu_port {
    const char *bus;   /* id that QEMU knows it by: "port0" */
    const char *guest; /* its PCI address in the guest: "0000:00:10.0" */
} berth_qemu_port;

typedef enum berth_qemu_line {
    BERTH_QEMU_TO_QMP = 1,
    BERTH_QEMU_FROM_QMP,
    BERTH_QEMU_TO_AGENT,
    BERTH_QEMU_FROM_AGENT
} berth_qemu_line;

/*
 * Every member may be zero. Copied by berth_qemu_open, except what the pointers lead to, which must
 * outlive the object.
 */
typedef struct berth_qemu_options {
    /* How long one request may take, in milliseconds, at most; 0: 10,000. Deadlines of operations
     * end it earlier. */
    uint32_t qmp_timeout_ms;
    uint32_t agent_timeout_ms;
    /* PCI addresses in the guest of the SCSI controllers scsi0, scsi1, …; NULL: 0000:00:04.0 to
     * 0000:00:07.0. */
    const char *const *controllers;
    uint32_t controller_count;
    /* Root ports for shares and PCI devices; NULL: none, and each add fails with -ENOSPC. */
    const berth_qemu_port *ports;
    uint32_t port_count;
    /* Folder of the sockets of virtiofsd, at most 70 bytes; NULL: /tmp. */
    const char *folder;
    /* Command and arguments of virtiofsd, ended by NULL; --fd and -o source are added. NULL:
     * Debian's, in a user namespace where the process is not root. */
    const char *const *virtiofsd;
    /* An argument that has virtiofsd refuse to write; NULL: it has none, and a share that is
     * read_only is refused with -EOPNOTSUPP. */
    const char *virtiofsd_read_only;
    /* No thread: the caller polls berth_qemu_fd, and calls berth_qemu_process. */
    bool loop;
    /* Told once when QEMU is gone, or either connection ends: calls fail with -ENOTCONN until
     * berth_qemu_connect. It runs on the thread that noticed, with no lock held. The usual answer
     * is to discard the managers. */
    void (*lost)(void *ctx);
    /* Told in words why QEMU (its `desc`) or the guest refused a request of a hook, "vm.add_disk".
     * The hook may go on and end ok. The manager gets only an errno value. It must not call the
     * library, nor block. */
    void (*refused)(void *ctx, const char *hook, const char *why);
    /* Told of every line of JSON that was sent or came after the monitor's greeting, without its
     * newline. Likewise. */
    void (*trace)(void *ctx, berth_qemu_line which, const char *line);
    void *ctx;
} berth_qemu_options;

/*
 * Connects to a QEMU that runs: to its monitor, and to the socket of the virtio-serial port that
 * the agent serves. Waits for the monitor, at most qmp_timeout_ms, but not for the guest: what is
 * asked of the agent is sent once it has answered for the first time. Until then it can fail only
 * without effect. A program that starts a guest calls berth_qemu_wait_agent before its first map.
 *
 * qmp, agent  paths of the sockets, copied; agent NULL: there is none, and hooks that need the
 *             guest fail with -ENOTCONN
 * options     NULL: the defaults
 * out         the object, which the caller ends with berth_qemu_close; NULL after a failure
 *
 * 0            connected
 * -EINVAL      qmp or out is NULL, or a path is too long
 * -ENOMEM      out of memory
 * -EPROTO      what answers is no monitor
 * -ENOTCONN    it closed the connection
 * -ETIMEDOUT   it does not answer: each monitor serves one client at a time
 * other        of socket and connect
 */
int berth_qemu_open(const char *qmp, const char *agent, const berth_qemu_options *options,
                    berth_qemu **out);

/*
 * Disconnects, stops the thread, ends each virtiofsd, and frees. Managers that use the backend must
 * have no operation in flight then and make no more calls: drain or discard them first. NULL is
 * allowed.
 */
void berth_qemu_close(berth_qemu *vm);

/*
 * Ends both connections. Calls in flight end with -ENOTCONN: as uncertain, or as failed while
 * nothing was sent of them. Later ones fail with it.
 */
void berth_qemu_disconnect(berth_qemu *vm);

/*
 * Connects again, to the same sockets; it disconnects first, if need be. The library never does
 * that by itself: the program knows whether it is the same QEMU. Requests that the guest had not
 * begun never begin. Returns what berth_qemu_open would.
 */
int berth_qemu_connect(berth_qemu *vm);

bool berth_qemu_is_connected(berth_qemu *vm);

/*
 * Waits until the guest's agent has answered. 0; -ETIMEDOUT; -ENOTCONN. Not with `loop`: -EINVAL;
 * nor on the library's thread (`lost`, `done` of a started operation): -EDEADLK.
 */
int berth_qemu_wait_agent(berth_qemu *vm, uint32_t timeout_ms);

/* A descriptor that is readable when berth_qemu_process has something to do. */
int berth_qemu_fd(const berth_qemu *vm);

/* Reads what came, ends calls that are done, late or cancelled. Does not wait. */
void berth_qemu_process(berth_qemu *vm);

/* Replies that came too late and were dropped; requests that are in flight. */
uint64_t berth_qemu_late(berth_qemu *vm);
uint32_t berth_qemu_in_flight(berth_qemu *vm);

/*
 * One request of the program's own, in the guest (`agent`) or to QMP, and its answer: to look what
 * is there. It blocks; with `loop` it runs the loop itself until the answer is there. An answer of
 * 64 KiB or more is dropped, and the request ends with -ETIMEDOUT.
 *
 * request   {"execute": …, "arguments": …} or {"do": …}, a JSON object
 * answer    what came, for the caller to free; NULL: not wanted
 *
 * 0; -EINVAL: no JSON object; -ETIMEDOUT, -ENOTCONN, -ENOMEM; -EDEADLK: on the library's thread;
 * -EIO and others: it was refused, and `answer` says how
 */
int berth_qemu_ask(berth_qemu *vm, bool agent, const char *request, char **answer);

/*
 * For the hook that settles, of a manager with a store: no request of an earlier process can take
 * effect any more. QEMU has ended the last request of the monitor's client before, and the guest
 * has no process of an earlier host. From then on the agent refuses requests of a lower epoch with
 * -ESTALE.
 *
 * epoch     of the manager; 0: the agent forgets the epoch that it was told. That is for a store
 *           that begins anew, although the guest runs on
 *
 * It blocks as berth_qemu_ask does, and returns what that does. -ESTALE: a process of a later epoch
 * has been here. -ETIMEDOUT: the guest is paused, or a request hangs in it: recover again later. A
 * device of PCI is no part of this: the guest may let go of it at any time.
 */
int berth_qemu_settle(berth_qemu *vm, uint64_t epoch);

#ifdef __cplusplus
}
#endif
#endif
