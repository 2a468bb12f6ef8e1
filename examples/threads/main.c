/*
 * Many threads share few disks: each thread reserves a partition, maps it, checks that the guest
 * has it, and lets go, over and over.
 *
 *   threads [THREADS [ROUNDS]]
 *
 * The backend fails now and then. Operations on one disk queue up, those on different disks run at
 * the same time. At the end every hook that did something must have been matched by the one that
 * undoes it.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "scsi.h"

enum { DISKS = 4, PARTITIONS = 3, MAX_THREADS = 64 };

/*
 * What the VM has, counted. Hooks of different disks run in parallel, hence the atomics; those of
 * one disk never do.
 */
static struct {
    atomic_int attached[DISKS];
    atomic_int mounted[DISKS][PARTITIONS];
    atomic_ulong calls;
    atomic_ulong wrong; /* an add of what was there, a removal of what was not */
} machine;

static size_t disk_index(const scsi_disk *disk)
{
    return (size_t)(disk->host_path[0] - 'a');
}

static bool unlucky(void)
{
    return atomic_fetch_add(&machine.calls, 1) % 23 == 22;
}

static void change(atomic_int *count, int from, int to)
{
    if (!atomic_compare_exchange_strong(count, &from, to))
        atomic_fetch_add(&machine.wrong, 1);
}

static int add_disk(void *ctx, berth_call *call, const scsi_disk *disk)
{
    (void)ctx;
    (void)call;
    if (unlucky())
        return -EIO;
    change(&machine.attached[disk_index(disk)], 0, 1);
    return 0;
}

static int remove_disk(void *ctx, berth_call *call, const scsi_disk *disk)
{
    (void)ctx;
    (void)call;
    if (unlucky())
        return -EIO;
    change(&machine.attached[disk_index(disk)], 1, 0);
    return 0;
}

static int mount_in_guest(void *ctx, berth_call *call, const scsi_mount *mount)
{
    (void)ctx;
    (void)call;
    if (unlucky())
        return -EIO;
    change(&machine.mounted[disk_index(mount->disk)][mount->partition], 0, 1);
    return 0;
}

static int unmount_in_guest(void *ctx, berth_call *call, const scsi_mount *mount)
{
    (void)ctx;
    (void)call;
    if (unlucky())
        return -EIO;
    change(&machine.mounted[disk_index(mount->disk)][mount->partition], 1, 0);
    return 0;
}

static scsi *disks;
static unsigned rounds = 1000;
static atomic_ulong done, refused;

/*
 * One use of one partition. Whatever happens on the way, the caller lets go until that succeeds:
 * that is the whole contract.
 */
static void use_once(unsigned disk, unsigned partition)
{
    const char path[] = {(char)('a' + disk), '\0'};
    uuid_t id;
    if (scsi_reserve(disks, &(scsi_disk_config){.host_path = path},
                     &(scsi_mount_config){.partition = partition}, id, NULL) < 0) {
        atomic_fetch_add(&refused, 1); /* the disk has failed or is leaving */
        return;
    }
    if (scsi_map_to_guest(disks, id, NULL, 0, NULL) == 0) {
        if (atomic_load(&machine.mounted[disk][partition]) != 1 ||
            atomic_load(&machine.attached[disk]) != 1)
            atomic_fetch_add(&machine.wrong, 1);
        atomic_fetch_add(&done, 1);
    } else {
        atomic_fetch_add(&refused, 1);
    }
    while (scsi_unmap_from_guest(disks, id, NULL) < 0)
        continue;
}

static void *worker(void *arg)
{
    unsigned seed = *(const unsigned *)arg;
    for (unsigned i = 0; i < rounds; i++) {
        seed = seed * 1664525u + 1013904223u;
        use_once((seed >> 16) % DISKS, (seed >> 24) % PARTITIONS);
    }
    return NULL;
}

int main(int argc, char **argv)
{
    unsigned long threads = argc > 1 ? strtoul(argv[1], NULL, 10) : 8;
    if (argc > 2)
        rounds = (unsigned)strtoul(argv[2], NULL, 10);
    if (threads < 1 || threads > MAX_THREADS || rounds < 1) {
        (void)fprintf(stderr, "usage: threads [THREADS (1 to %d) [ROUNDS]]\n", MAX_THREADS);
        return 2;
    }
    const scsi_backend backend = {
        .version = SCSI_BACKEND_VERSION,
        .vm = {.add_disk = add_disk, .remove_disk = remove_disk},
        .guest = {.mount = mount_in_guest, .unmount = unmount_in_guest},
    };
    if (scsi_create(NULL, &backend, NULL, &disks, NULL) < 0)
        return 1;

    pthread_t ids[MAX_THREADS];
    unsigned seeds[MAX_THREADS];
    int64_t begin = berth_now();
    for (unsigned i = 0; i < threads; i++) {
        seeds[i] = i + 1;
        if (pthread_create(&ids[i], NULL, worker, &seeds[i]) != 0)
            return 1;
    }
    for (unsigned i = 0; i < threads; i++)
        (void)pthread_join(ids[i], NULL);
    double seconds = (double)(berth_now() - begin) / 1e9;

    int result = scsi_destroy(disks, NULL);
    unsigned long wrong = atomic_load(&machine.wrong);
    for (size_t i = 0; i < DISKS; i++)
        wrong += (unsigned long)atomic_load(&machine.attached[i]);
    printf("%lu threads, %u rounds each: %lu mapped, %lu refused or failed, %lu hook calls in %.3f "
           "s\n",
           threads, rounds, atomic_load(&done), atomic_load(&refused), atomic_load(&machine.calls),
           seconds);
    printf("destroy: %s; wrong calls and things left behind: %lu\n", berth_errno_name(result),
           wrong);
    return result == 0 && wrong == 0 ? 0 : 1;
}
