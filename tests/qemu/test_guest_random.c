/*
 * Four threads map and let go at random, while the guest is paused, QEMU is frozen, and a disk
 * refuses to be read. In the end nobody holds anything, and so do QEMU and the guest.
 *
 * BERTH_QEMU_OPERATIONS says how many operations that are (200), BERTH_QEMU_SEED where the random
 * numbers begin.
 */
#define _GNU_SOURCE

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "berth_qemu_pci_ports.h"
#include "berth_qemu_scsi.h"
#include "support/guest.h"

enum { THREADS = 4, DISKS = 3, OPERATIONS = 200, LET_GO_TRIES = 200 };

struct work {
    struct guest *guest;
    scsi *disks;
    pci_ports *devices;
    char host_paths[DISKS][512]; /* the last one refuses its first read of each time */
    unsigned operations;         /* of each thread */
    atomic_uint ok, failed, stuck;
    atomic_bool is_over;
};

struct worker {
    struct work *work;
    unsigned seed;
    pthread_t thread;
};

static unsigned random_below(unsigned *seed, unsigned bound)
{
    *seed = *seed * 1664525u + 1013904223u;
    return (*seed >> 8) % bound;
}

static void sleep_ms(unsigned ms)
{
    (void)nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}, NULL);
}

/* Some are patient, some are not. */
static int64_t some_deadline(unsigned *seed)
{
    return random_below(seed, 3) == 0 ? guest_within((int)(20 + random_below(seed, 300)))
                                      : BERTH_NO_DEADLINE;
}

static void count(struct work *work, int rc)
{
    (void)atomic_fetch_add(rc == 0 ? &work->ok : &work->failed, 1);
}

/* Whoever holds something lets go of it, however often that takes. */
static void let_go(struct work *work, unsigned *seed,
                   int (*once)(struct work *, const uuid_t, int64_t), const uuid_t reservation)
{
    for (int tries = 0; tries < LET_GO_TRIES; tries++) {
        if (once(work, reservation, some_deadline(seed)) == 0)
            return;
        sleep_ms(10);
    }
    (void)atomic_fetch_add(&work->stuck, 1);
}

static int unmap_disk(struct work *work, const uuid_t reservation, int64_t deadline)
{
    return scsi_unmap_from_guest_until(work->disks, reservation, deadline, NULL);
}

static int remove_device(struct work *work, const uuid_t reservation, int64_t deadline)
{
    return pci_ports_remove_from_vm_until(work->devices, reservation, deadline, NULL);
}

static void use_disk(struct work *work, unsigned *seed)
{
    scsi_disk_config disk = SCSI_DISK_CONFIG_DEFAULT;
    scsi_mount_config mount = SCSI_MOUNT_CONFIG_DEFAULT;
    uuid_t reservation;
    int rc;

    disk.host_path = work->host_paths[random_below(seed, DISKS)];
    mount.partition = 1;
    rc = scsi_reserve(work->disks, &disk, &mount, reservation, NULL);
    if (rc == 0) {
        rc = scsi_map_to_guest_until(work->disks, reservation, NULL, 0, some_deadline(seed), NULL);
        if (rc != 0 && random_below(seed, 2) == 0)
            rc = scsi_map_to_guest(work->disks, reservation, NULL, 0, NULL);
        sleep_ms(random_below(seed, 30));
        let_go(work, seed, unmap_disk, reservation);
    }
    count(work, rc);
}

static void use_device(struct work *work, unsigned *seed)
{
    pci_ports_device_config device = PCI_PORTS_DEVICE_CONFIG_DEFAULT;
    uuid_t reservation;
    int rc;

    device.host = "json:{\"driver\":\"virtio-rng-pci\"}";
    device.virtual_function = (uint16_t)random_below(seed, 3);
    rc = pci_ports_reserve(work->devices, &device, reservation, NULL);
    if (rc == 0) {
        rc = pci_ports_add_to_vm_until(work->devices, reservation, some_deadline(seed), NULL);
        let_go(work, seed, remove_device, reservation);
    }
    count(work, rc);
}

static void *run_worker(void *arg)
{
    struct worker *worker = arg;

    for (unsigned i = 0; i < worker->work->operations; i++)
        if (random_below(&worker->seed, 4) == 0)
            use_device(worker->work, &worker->seed);
        else
            use_disk(worker->work, &worker->seed);
    return NULL;
}

/* Pauses the guest and freezes QEMU now and then, never for long. */
static void *run_trouble(void *arg)
{
    struct worker *worker = arg;
    struct work *work = worker->work;

    while (!atomic_load(&work->is_over)) {
        sleep_ms(50 + random_below(&worker->seed, 200));
        if (random_below(&worker->seed, 2) == 0) {
            machine_freeze(&work->guest->machine);
            sleep_ms(random_below(&worker->seed, 200));
            machine_thaw(&work->guest->machine);
        } else if (machine_pause(work->guest->vm) == 0) {
            sleep_ms(random_below(&worker->seed, 300));
            if (machine_resume(work->guest->vm) != 0)
                (void)atomic_fetch_add(&work->stuck, 1);
        }
    }
    return NULL;
}

static unsigned number_of(const char *name, unsigned otherwise)
{
    const char *text = getenv(name);

    return text ? (unsigned)strtoul(text, NULL, 10) : otherwise;
}

static void open_managers(struct work *work)
{
    const scsi_backend disks = berth_qemu_scsi(work->guest->vm);
    const pci_ports_backend devices = berth_qemu_pci_ports(work->guest->vm);

    assert_int_equal(scsi_create(NULL, &disks, NULL, &work->disks, NULL), 0);
    assert_int_equal(pci_ports_create(NULL, &devices, NULL, &work->devices, NULL), 0);
}

static void make_disks(struct work *work)
{
    static const char *const names[DISKS] = {"one", "two", "three"};

    for (int i = 0; i < DISKS; i++) {
        const char *image = guest_disk(work->guest, names[i]);

        if (i < DISKS - 1)
            (void)snprintf(work->host_paths[i], sizeof work->host_paths[i], "%s", image);
        else
            (void)snprintf(work->host_paths[i], sizeof work->host_paths[i],
                           "json:{\"driver\":\"raw\",\"file\":{\"driver\":\"blkdebug\",\"image\":"
                           "{\"driver\":\"file\",\"filename\":\"%s\"},\"inject-error\":[{\"event\":"
                           "\"read_aio\",\"errno\":5,\"once\":true,\"sector\":2050}]}}",
                           image);
    }
}

static void test_whatever_happens_nothing_is_left(void **state)
{
    struct work work = {.guest = *state};
    const unsigned seed = number_of("BERTH_QEMU_SEED", 1);
    struct worker workers[THREADS + 1];

    work.operations = number_of("BERTH_QEMU_OPERATIONS", OPERATIONS) / THREADS;
    open_managers(&work);
    make_disks(&work);
    for (unsigned i = 0; i <= THREADS; i++) {
        workers[i] = (struct worker){.work = &work, .seed = seed * 100 + i};
        assert_int_equal(pthread_create(&workers[i].thread, NULL,
                                        i < THREADS ? run_worker : run_trouble, &workers[i]),
                         0);
    }
    for (unsigned i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(workers[i].thread, NULL), 0);
    atomic_store(&work.is_over, true);
    assert_int_equal(pthread_join(workers[THREADS].thread, NULL), 0);
    print_message("seed %u: %u operations, %u ok, %u failed, %llu late replies dropped\n", seed,
                  work.operations * THREADS, atomic_load(&work.ok), atomic_load(&work.failed),
                  (unsigned long long)berth_qemu_late(work.guest->vm));
    assert_int_equal(atomic_load(&work.stuck), 0);
    assert_int_not_equal(atomic_load(&work.ok), 0);
    assert_int_not_equal(atomic_load(&work.failed), 0);
    assert_int_equal(scsi_destroy(work.disks, NULL), 0);
    assert_int_equal(pci_ports_destroy(work.devices, NULL), 0);
    assert_true(guest_qmp_says(work.guest, "{\"execute\":\"query-status\"}", "running"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_whatever_happens_nothing_is_left, guest_setup,
                                        guest_teardown),
    };

    return cmocka_run_group_tests(tests, guest_prepare, NULL);
}
