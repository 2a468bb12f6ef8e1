/*
 * The host's side of the backend, for test_wrong_lines.py, which plays QEMU and the agent and lies:
 * disks and shares come and go for some seconds. Then the script becomes honest, and all has to
 * work.
 *
 *   fuzz_host QMP AGENT FOLDER SECONDS
 */
#define _GNU_SOURCE

#include <berth/berth.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "berth_qemu_scsi.h"
#include "berth_qemu_virtiofs.h"

enum { REQUEST_MS = 15, PATIENCE_MS = 40, HONEST_MS = 2000 };

static atomic_bool stops;
static const char *folder;

static int64_t in_ms(int64_t ms)
{
    return berth_now() + ms * 1000000;
}

static void expect(const char *what, int rc)
{
    if (rc == 0)
        return;
    (void)printf("%s: %s\n", what, berth_errno_name(rc));
    exit(1);
}

/* A disk comes and goes. */
static int disk_cycle(scsi *disks, int64_t patience_ms)
{
    scsi_disk_config disk = SCSI_DISK_CONFIG_DEFAULT;
    const scsi_mount_config mount = SCSI_MOUNT_CONFIG_DEFAULT;
    uuid_t reservation;
    int rc, end;

    disk.host_path = "/disk.img";
    rc = scsi_reserve(disks, &disk, &mount, reservation, NULL);
    if (rc != 0)
        return rc;
    rc = scsi_map_to_guest_until(disks, reservation, NULL, 0, in_ms(patience_ms), NULL);
    end = scsi_unmap_from_guest_until(disks, reservation, in_ms(patience_ms), NULL);
    return end != 0 ? end : rc;
}

static int share_cycle(virtiofs *shares, int64_t patience_ms)
{
    virtiofs_share_config share = VIRTIOFS_SHARE_CONFIG_DEFAULT;
    const virtiofs_mount_config mount = VIRTIOFS_MOUNT_CONFIG_DEFAULT;
    uuid_t reservation;
    int rc, end;

    share.host_path = folder;
    rc = virtiofs_reserve(shares, &share, &mount, reservation, NULL);
    if (rc != 0)
        return rc;
    rc = virtiofs_map_to_guest_until(shares, reservation, NULL, 0, in_ms(patience_ms), NULL);
    end = virtiofs_unmap_from_guest_until(shares, reservation, in_ms(patience_ms), NULL);
    return end != 0 ? end : rc;
}

/* What is left after a failure is forgotten, so that the next cycle begins anew. */
static void *run_disks(void *arg)
{
    while (!stops)
        if (disk_cycle(arg, PATIENCE_MS) != 0)
            (void)scsi_discard(arg);
    return NULL;
}

static void *run_shares(void *arg)
{
    while (!stops)
        if (share_cycle(arg, PATIENCE_MS) != 0)
            (void)virtiofs_discard(arg);
    return NULL;
}

static void wait_ms(long ms)
{
    (void)nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}, NULL);
}

static void be_lied_to(berth_qemu *vm, scsi *disks, virtiofs *shares, int seconds)
{
    const int64_t end = in_ms((int64_t)seconds * 1000);
    pthread_t threads[2];

    if (pthread_create(&threads[0], NULL, run_disks, disks) != 0 ||
        pthread_create(&threads[1], NULL, run_shares, shares) != 0)
        exit(1);
    while (berth_now() < end) {
        wait_ms(5);
        if (!berth_qemu_is_connected(vm))
            (void)berth_qemu_connect(vm);
    }
    stops = true;
    (void)pthread_join(threads[0], NULL);
    (void)pthread_join(threads[1], NULL);
}

/* A lie may have been that the connection is lost; then it is made again. */
static void be_told_the_truth(berth_qemu *vm, scsi *disks, virtiofs *shares)
{
    (void)scsi_discard(disks);
    (void)virtiofs_discard(shares);
    expect("berth_qemu_connect", berth_qemu_connect(vm));
    expect("berth_qemu_wait_agent", berth_qemu_wait_agent(vm, HONEST_MS));
    for (int i = 0; i < 3; i++) {
        expect("a disk", disk_cycle(disks, HONEST_MS));
        expect("a share", share_cycle(shares, HONEST_MS));
    }
    expect("QMP", berth_qemu_ask(vm, false, "{\"execute\":\"query-status\"}", NULL));
    expect("the agent", berth_qemu_ask(vm, true, "{\"do\":\"mounted\",\"path\":\"/run/x\"}", NULL));
    expect("requests in flight", (int)berth_qemu_in_flight(vm));
}

int main(int argc, char **argv)
{
    static const char *const server[] = {"true", NULL};
    static const berth_qemu_port ports[] = {{"port0", "0000:00:10.0"}, {"port1", "0000:00:11.0"}};
    berth_qemu_options options = {.qmp_timeout_ms = REQUEST_MS,
                                  .agent_timeout_ms = REQUEST_MS,
                                  .ports = ports,
                                  .port_count = 2,
                                  .virtiofsd = server};
    scsi_backend scsi_hooks;
    virtiofs_backend share_hooks;
    scsi *disks;
    virtiofs *shares;
    berth_qemu *vm;
    int rc = -1;

    if (argc != 5)
        return 2;
    options.folder = folder = argv[3];
    for (int i = 0; i < 1000 && rc != 0; i++)
        rc = berth_qemu_open(argv[1], argv[2], &options, &vm);
    expect("berth_qemu_open", rc);
    scsi_hooks = berth_qemu_scsi(vm);
    share_hooks = berth_qemu_virtiofs(vm);
    expect("scsi_create", scsi_create(NULL, &scsi_hooks, NULL, &disks, NULL));
    expect("virtiofs_create", virtiofs_create(NULL, &share_hooks, NULL, &shares, NULL));
    be_lied_to(vm, disks, shares, atoi(argv[4]));
    (void)printf("be honest\n");
    (void)fflush(stdout);
    if (getchar() == EOF)
        return 1;
    be_told_the_truth(vm, disks, shares);
    expect("scsi_destroy", scsi_destroy(disks, NULL));
    expect("virtiofs_destroy", virtiofs_destroy(shares, NULL));
    berth_qemu_close(vm);
    (void)printf("all works\n");
    return 0;
}
