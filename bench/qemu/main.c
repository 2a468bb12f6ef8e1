/*
 * Disks that come and go in a QEMU without a guest: by hand, through scsi with blocking calls of
 * threads, and through scsi with operations that one loop starts. The guest's hooks answer at once,
 * so that only QMP is measured. Each round runs all three, one after the other; the ratios are
 * those of the medians.
 */
#define _GNU_SOURCE

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "berth_qemu_scsi.h"
#include "hand.h"
#include "machine.h"

enum { ROUNDS = 7, DISKS_MAX = 16, CYCLES = 12, PATH = 128 };

/* How long a run took, and how much of the processor this program used. */
struct cost {
    double seconds, processor;
};

static double now(void)
{
    return (double)berth_now() / 1e9;
}

static double used(void)
{
    struct rusage usage;

    (void)getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static void fail(const char *what, int rc)
{
    (void)fprintf(stderr, "%s: %s\n", what, strerror(-rc));
    exit(1);
}

static int at_once(void *ctx, berth_call *call, const scsi_mount *mount)
{
    (void)ctx;
    (void)call;
    (void)mount;
    return 0;
}

/* The hooks of the disk are QEMU's; those of the guest take no time. */
static scsi_backend backend_of(berth_qemu *vm)
{
    scsi_backend backend = berth_qemu_scsi(vm);

    backend.guest.mount = at_once;
    backend.guest.unmount = at_once;
    backend.guest.eject = NULL;
    return backend;
}

/* One disk, whose cycles follow one another. */
struct worker {
    scsi *disks;
    unsigned cycles;
    char host_path[PATH];
    /* For the loop. */
    scsi_op op;
    uuid_t reservation;
    unsigned *running;
    bool mapped;
    pthread_t thread;
};

static void worker_reserve(struct worker *worker)
{
    scsi_disk_config disk = SCSI_DISK_CONFIG_DEFAULT;
    const scsi_mount_config mount = SCSI_MOUNT_CONFIG_DEFAULT;
    int rc;

    disk.host_path = worker->host_path;
    rc = scsi_reserve(worker->disks, &disk, &mount, worker->reservation, NULL);
    if (rc != 0)
        fail("scsi_reserve", rc);
}

static void *block(void *arg)
{
    struct worker *worker = arg;

    for (unsigned i = 0; i < worker->cycles; i++) {
        int rc;

        worker_reserve(worker);
        rc = scsi_map_to_guest(worker->disks, worker->reservation, NULL, 0, NULL);
        if (rc == 0)
            rc = scsi_unmap_from_guest(worker->disks, worker->reservation, NULL);
        if (rc != 0)
            fail("a cycle", rc);
    }
    return NULL;
}

/* An operation of the loop has ended: the next one begins. */
static void go_on(void *arg, int code)
{
    struct worker *worker = arg;
    int rc;

    if (code != 0)
        fail("a cycle", code);
    if (worker->mapped) {
        worker->mapped = false;
        rc = scsi_unmap_from_guest_start(worker->disks, &worker->op, worker->reservation,
                                         BERTH_NO_DEADLINE, NULL, go_on, worker);
    } else {
        if (worker->cycles-- == 0) {
            --*worker->running;
            return;
        }
        worker_reserve(worker);
        worker->mapped = true;
        rc = scsi_map_to_guest_start(worker->disks, &worker->op, worker->reservation, NULL, 0,
                                     BERTH_NO_DEADLINE, NULL, go_on, worker);
    }
    if (rc != 0)
        fail("a start", rc);
}

static void run_threads(struct worker *workers, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        if (pthread_create(&workers[i].thread, NULL, block, &workers[i]) != 0)
            fail("pthread_create", -EAGAIN);
    for (unsigned i = 0; i < count; i++)
        (void)pthread_join(workers[i].thread, NULL);
}

static void run_loop(berth_qemu *vm, struct worker *workers, unsigned count)
{
    static unsigned running;

    running = count;
    for (unsigned i = 0; i < count; i++) {
        workers[i].running = &running;
        go_on(&workers[i], 0);
    }
    while (running != 0) {
        struct pollfd fd = {.fd = berth_qemu_fd(vm), .events = POLLIN};

        (void)poll(&fd, 1, -1);
        berth_qemu_process(vm);
    }
}

/* Runs CYCLES cycles of each of `count` disks through scsi. */
static struct cost through_scsi(const struct machine *machine, unsigned count, bool loop)
{
    static struct worker workers[DISKS_MAX];
    berth_qemu_options options = machine_options();
    berth_qemu *vm;
    scsi_backend backend;
    scsi *disks;
    struct cost cost;
    int rc;

    options.loop = loop;
    rc = berth_qemu_open(machine->qmp, NULL, &options, &vm);
    if (rc != 0)
        fail("berth_qemu_open", rc);
    backend = backend_of(vm);
    rc = scsi_create(NULL, &backend, NULL, &disks, NULL);
    if (rc != 0)
        fail("scsi_create", rc);
    for (unsigned i = 0; i < count; i++) {
        workers[i] = (struct worker){.disks = disks, .cycles = CYCLES};
        (void)snprintf(workers[i].host_path, PATH,
                       "json:{\"driver\":\"null-co\",\"size\":%u,\"read-zeroes\":true}",
                       (i + 1) * 1048576);
    }
    cost = (struct cost){.seconds = now(), .processor = used()};
    if (loop)
        run_loop(vm, workers, count);
    else
        run_threads(workers, count);
    cost.seconds = now() - cost.seconds;
    cost.processor = used() - cost.processor;
    rc = scsi_destroy(disks, NULL);
    if (rc != 0)
        fail("scsi_destroy", rc);
    berth_qemu_close(vm);
    return cost;
}

static struct cost by_hand(const struct machine *machine, unsigned count)
{
    struct cost cost = {.seconds = now(), .processor = used()};
    int rc = hand_run(machine->qmp, count, count * CYCLES);

    if (rc != 0)
        fail("by hand", rc);
    cost.seconds = now() - cost.seconds;
    cost.processor = used() - cost.processor;
    return cost;
}

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double median(const struct cost *costs, bool of_processor)
{
    double values[ROUNDS];

    for (int i = 0; i < ROUNDS; i++)
        values[i] = of_processor ? costs[i].processor : costs[i].seconds;
    qsort(values, ROUNDS, sizeof *values, compare);
    return values[ROUNDS / 2];
}

static void print(const char *how, unsigned count, const struct cost *costs,
                  const struct cost *hand)
{
    double seconds = median(costs, false), cycles = count * CYCLES;

    (void)printf("%5u  %-20s %9.1f %8.3f %12.0f\n", count, how, cycles / seconds,
                 seconds / median(hand, false), median(costs, true) / cycles * 1e6);
}

static void measure(const struct machine *machine, unsigned count)
{
    struct cost hand[ROUNDS], threads[ROUNDS], loop[ROUNDS];

    for (int round = 0; round < ROUNDS; round++) {
        hand[round] = by_hand(machine, count);
        threads[round] = through_scsi(machine, count, false);
        loop[round] = through_scsi(machine, count, true);
    }
    print("by hand", count, hand, hand);
    print("scsi, threads", count, threads, hand);
    print("scsi, one loop", count, loop, hand);
}

int main(void)
{
    static const unsigned counts[] = {1, 4, DISKS_MAX};
    char folder[] = "/tmp/berth-bench-XXXXXX";
    struct machine_config config = {.folder = folder};
    struct machine machine;
    int rc;

    if (!mkdtemp(folder))
        fail(folder, -errno);
    rc = machine_start(&machine, &config);
    if (rc != 0)
        fail("qemu-system-x86_64", rc);
    (void)printf("%5s  %-20s %9s %8s %12s\n", "disks", "how", "cycles/s", "to hand",
                 "CPU us/cycle");
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        measure(&machine, counts[i]);
    machine_end(&machine);
    (void)unlink(machine.qmp);
    (void)unlink(machine.agent);
    (void)snprintf(machine.serial, sizeof machine.serial, "%s/qemu.txt", folder);
    (void)unlink(machine.serial);
    (void)rmdir(folder);
    return 0;
}
