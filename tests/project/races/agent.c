/*
 * A user's program as tools that look for races see it: threads share disks through the installed
 * library, and keep plain numbers that nothing protects but the library's promises. RACY adds one
 * number that no promise covers. Linked with a scsi manager.
 */
#define _POSIX_C_SOURCE 200809L

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scsi.h"

enum { DISKS = 2, THREADS = 4, ROUNDS = 40 };

/* Hooks of one disk never run at the same time, and the next begins after the one before. */
static struct {
    int attached, calls;
} machine[DISKS];
static int all_calls; /* of all disks: a race, wherever it is counted */

static scsi *disks;

/* Tokens of pending calls, for a thread that completes them. */
static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    berth_token tokens[THREADS + 1];
    unsigned partitions[THREADS + 1];
    unsigned n;
    int closed;
} pending = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};
static int answers[THREADS + 1]; /* what the completing thread leaves for the caller with that
                                    partition */

#ifdef RACY
static pthread_barrier_t both; /* the first hooks of both disks run side by side, whatever the
                                  machine is busy with */
#endif

static void count(const scsi_disk *disk)
{
    machine[disk->host_path[0] - 'a'].calls++;
#ifdef RACY
    if (machine[disk->host_path[0] - 'a'].calls == 1)
        (void)pthread_barrier_wait(&both);
    all_calls++;
#endif
}

static int add_disk(void *ctx, berth_call *call, const scsi_disk *disk)
{
    (void)ctx;
    (void)call;
    count(disk);
    machine[disk->host_path[0] - 'a'].attached++;
    return 0;
}

static int remove_disk(void *ctx, berth_call *call, const scsi_disk *disk)
{
    (void)ctx;
    (void)call;
    count(disk);
    machine[disk->host_path[0] - 'a'].attached--;
    return 0;
}

static int mount_later(void *ctx, berth_call *call, const scsi_mount *mount)
{
    (void)ctx;
    count(mount->disk);
    (void)pthread_mutex_lock(&pending.lock);
    pending.partitions[pending.n] = mount->partition;
    pending.tokens[pending.n++] = berth_call_token(call);
    (void)pthread_cond_signal(&pending.changed);
    (void)pthread_mutex_unlock(&pending.lock);
    return BERTH_PENDING;
}

static int unmount(void *ctx, berth_call *call, const scsi_mount *mount)
{
    (void)ctx;
    count(mount->disk);
    return berth_call_cancelled(call) ? -1 : 0;
}

static void *complete_all(void *unused)
{
    (void)pthread_mutex_lock(&pending.lock);
    while (pending.n > 0 || !pending.closed) {
        if (pending.n == 0) {
            (void)pthread_cond_wait(&pending.changed, &pending.lock);
            continue;
        }
        berth_token token = pending.tokens[--pending.n];
        unsigned partition = pending.partitions[pending.n];
        (void)pthread_mutex_unlock(&pending.lock);
        answers[partition]++; /* nothing but the completion tells the caller */
        if (berth_complete(token, 0, NULL, 0) != 0)
            abort();
        (void)pthread_mutex_lock(&pending.lock);
    }
    (void)pthread_mutex_unlock(&pending.lock);
    return unused;
}

/* A started operation; `done` may run on any thread that uses the disk. */
struct started {
    scsi_op op;
    uuid_t id;
    scsi_disk_config disk;
    scsi_mount_config mount;
    int code;
    pthread_mutex_t lock;
    pthread_cond_t ended;
    int is_over;
};

static void started_done(void *arg, int code)
{
    struct started *started = arg;

    started->code = code;
    (void)pthread_mutex_lock(&started->lock);
    started->is_over = 1;
    (void)pthread_cond_signal(&started->ended);
    (void)pthread_mutex_unlock(&started->lock);
}

static void use(unsigned disk, unsigned partition)
{
    const char path[] = {(char)('a' + disk), '\0'};
    struct started started = {.disk = {.host_path = path},
                              .mount = {.partition = 9},
                              .lock = PTHREAD_MUTEX_INITIALIZER,
                              .ended = PTHREAD_COND_INITIALIZER};
    uuid_t id;
    int before;

    if (scsi_reserve(disks, &(scsi_disk_config){.host_path = path},
                     &(scsi_mount_config){.partition = partition}, id, NULL) != 0)
        abort();
    before = answers[partition];
    if (scsi_map_to_guest(disks, id, NULL, 0, NULL) != 0 || answers[partition] != before + 1)
        abort();
    if (scsi_reserve_start(disks, &started.op, &started.disk, &started.mount, started.id,
                           BERTH_NO_DEADLINE, NULL, started_done, &started) != 0)
        abort();
    /* without a loop the thread that lets the root go runs what waits for it, `done` included */
    if (scsi_unmap_from_guest(disks, id, NULL) != 0)
        abort();
    (void)pthread_mutex_lock(&started.lock);
    while (!started.is_over)
        (void)pthread_cond_wait(&started.ended, &started.lock);
    (void)pthread_mutex_unlock(&started.lock);
    if (started.code != 0 || scsi_unmap_from_guest(disks, started.id, NULL) != 0)
        abort();
}

static int look(void *arg, const scsi_item *item)
{
    *(unsigned *)arg += item->refs;
    return 0;
}

static void *work(void *partition)
{
    unsigned refs = 0;

    /* not all at the same disk first */
    for (unsigned i = *(const unsigned *)partition; i < ROUNDS; i++)
        use(i % DISKS, *(const unsigned *)partition);
    (void)scsi_for_each(disks, look, &refs);
    return NULL;
}

int main(void)
{
    const scsi_backend backend = {.version = SCSI_BACKEND_VERSION,
                                  .vm = {.add_disk = add_disk, .remove_disk = remove_disk},
                                  .guest = {.mount = mount_later, .unmount = unmount}};
    static const unsigned partitions[THREADS] = {1, 2, 3, 4};
    pthread_t threads[THREADS], completer;
    int calls = all_calls;

#ifdef RACY
    if (pthread_barrier_init(&both, NULL, DISKS) != 0)
        return 1;
#endif
    if (scsi_create(NULL, &backend, NULL, &disks, NULL) != 0 ||
        pthread_create(&completer, NULL, complete_all, NULL) != 0)
        return 1;
    for (unsigned i = 0; i < THREADS; i++)
        if (pthread_create(&threads[i], NULL, work, (void *)(uintptr_t)&partitions[i]) != 0)
            return 1;
    for (unsigned i = 0; i < THREADS; i++)
        (void)pthread_join(threads[i], NULL);
    (void)pthread_mutex_lock(&pending.lock);
    pending.closed = 1;
    (void)pthread_cond_signal(&pending.changed);
    (void)pthread_mutex_unlock(&pending.lock);
    (void)pthread_join(completer, NULL);
    for (unsigned i = 0; i < DISKS; i++) {
        calls += machine[i].calls;
        if (machine[i].attached != 0)
            return 1;
    }
    printf("%d calls\n", calls > 0);
    return scsi_destroy(disks, NULL) == 0 ? 0 : 1;
}
