#define _GNU_SOURCE

#include "life.h"

#include <errno.h>
#include <json-c/json.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <berth_sqlite.h>

#include "berth_qemu_stored_scsi.h"
#include "machine.h"

enum { AGENT_MS = 20000, RETRY_MS = 5, RETRIES = 2000 };

struct caller;

struct life {
    const struct life_config *config;
    struct tally *tally;
    berth_qemu *vm;
    stored_scsi *disks;
    struct caller *callers;
};

/* A thread that maps disks. Its name is the owner of its reservations. */
struct caller {
    struct life *life;
    const char *name;
    unsigned seed;
    /* What it has: of this life, or of an earlier one. */
    uuid_t id;
    bool has, releasing;
    unsigned image;
    int result;
    pthread_t thread;
};

void life_image(const char *folder, unsigned number, char *path, unsigned size)
{
    (void)snprintf(path, size, "%s/disk%u.img", folder, number);
}

void life_text(unsigned number, char *text, unsigned size)
{
    (void)snprintf(text, size, "Hello from disk %u.", number);
}

static unsigned random_below(unsigned *seed, unsigned bound)
{
    *seed = *seed * 1664525u + 1013904223u;
    return (*seed >> 8) % bound;
}

static void pause_ms(long ms)
{
    (void)nanosleep(&(struct timespec){.tv_nsec = ms * 1000000}, NULL);
}

__attribute__((format(printf, 2, 3))) static void tell(const struct life *life, const char *format,
                                                       ...)
{
    va_list arguments;

    va_start(arguments, format);
    if (life->config->tells)
        (void)vprintf(format, arguments);
    va_end(arguments);
}

static int failed(const char *name, const char *what, int rc, const berth_error *error)
{
    (void)fprintf(stderr, "%s: %s: %s%s%s%s%s\n", name, what, berth_errno_name(rc),
                  error && error->hook ? ", " : "", error && error->hook ? error->hook : "",
                  error && error->reason ? ": " : "", error && error->reason ? error->reason : "");
    return rc;
}

/* The guest's file must be that of the image: what the manager says is not enough. */
static int read_hello(const struct caller *caller, const char *path)
{
    char request[256], wanted[64], *answer = NULL;
    int rc;

    (void)snprintf(request, sizeof request, "{\"do\":\"read\",\"path\":\"%s/hello\"}", path);
    life_text(caller->image, wanted, sizeof wanted);
    rc = berth_qemu_ask(caller->life->vm, true, request, &answer);
    if (rc == 0 && !strstr(answer, wanted))
        rc = -EPROTO;
    if (rc != 0)
        (void)fprintf(stderr, "%s: %s: %s\n", caller->name, request, answer ? answer : "");
    free(answer);
    return rc;
}

static int reserve(struct caller *caller)
{
    stored_scsi_disk_config disk = STORED_SCSI_DISK_CONFIG_DEFAULT;
    stored_scsi_mount_config mount = STORED_SCSI_MOUNT_CONFIG_DEFAULT;
    char path[128];
    berth_error error;
    int rc = -EBUSY;

    caller->image = random_below(&caller->seed, LIFE_DISKS);
    life_image(caller->life->config->folder, caller->image, path, sizeof path);
    disk.host_path = path;
    disk.read_only = true;
    mount.partition = 1;
    mount.read_only = true;
    /* Somebody's release that a kill has cut short must end first. */
    for (int i = 0; (rc == -EBUSY || rc == -ENOTRECOVERABLE) && i < RETRIES; i++) {
        uuid_clear(caller->id); /* any id will do */
        rc = stored_scsi_reserve(caller->life->disks, &disk, &mount, caller->id, caller->name,
                                 &error);
        if (rc == -EBUSY || rc == -ENOTRECOVERABLE)
            pause_ms(RETRY_MS);
    }
    caller->has = rc == 0;
    return rc == 0 ? 0 : failed(caller->name, "reserve", rc, &error);
}

static int map(struct caller *caller)
{
    char path[STORED_SCSI_MOUNT_GUEST_PATH_SIZE];
    berth_error error;
    int rc = stored_scsi_map_to_guest(caller->life->disks, caller->id, path, sizeof path, &error);

    if (rc != 0)
        return failed(caller->name, "map_to_guest", rc, &error);
    tell(caller->life, "  %s: disk%u.img is at %s\n", caller->name, caller->image, path);
    return read_hello(caller, path);
}

/* The answer may have been lost: -ENOENT says that it is done. */
static int give_back(struct caller *caller)
{
    berth_error error;
    int rc = stored_scsi_unmap_from_guest(caller->life->disks, caller->id, &error);

    if (rc != 0 && rc != -ENOENT)
        return failed(caller->name, "unmap_from_guest", rc, &error);
    tell(caller->life, "  %s: gave disk%u.img back\n", caller->name, caller->image);
    caller->has = false;
    return 0;
}

/* Goes on with what an earlier life has left: some use it, the others give it back. */
static int go_on(struct caller *caller)
{
    int rc = 0;

    if (!caller->has) {
        tell(caller->life, "  %s: has nothing\n", caller->name);
        return 0;
    }
    if (caller->releasing) {
        tell(caller->life, "  %s: has begun to give disk%u.img back\n", caller->name,
             caller->image);
    } else {
        tell(caller->life, "  %s: has a reservation for disk%u.img\n", caller->name, caller->image);
        rc = map(caller);
        (void)atomic_fetch_add(&caller->life->tally->again, rc == 0);
    }
    if (rc == 0)
        rc = give_back(caller);
    (void)atomic_fetch_add(&caller->life->tally->finished, rc == 0);
    return rc;
}

static void *call(void *arg)
{
    struct caller *caller = arg;
    unsigned rounds = caller->life->config->rounds;
    int rc = go_on(caller);

    for (unsigned i = 0; rc == 0 && (rounds == 0 || i < rounds); i++) {
        rc = reserve(caller);
        if (rc == 0)
            rc = map(caller);
        (void)atomic_fetch_add(&caller->life->tally->mapped, rc == 0);
        pause_ms((long)random_below(&caller->seed, caller->life->config->pause_ms));
        if (rc == 0)
            rc = give_back(caller);
    }
    caller->result = rc;
    (void)atomic_fetch_add(&caller->life->tally->failed, rc != 0);
    return NULL;
}

/* Which caller has this reservation? */
static int look(void *arg, const berth_reservation *reservation)
{
    const struct life *life = arg;
    const stored_scsi_mount *mount = reservation->view;
    char path[128];

    for (unsigned i = 0; i < LIFE_CALLERS; i++) {
        struct caller *caller = &life->callers[i];

        if (strcmp(caller->name, reservation->owner) != 0)
            continue;
        if (caller->has)
            return -EEXIST; /* nobody ever has two */
        caller->has = true;
        caller->releasing = reservation->releasing;
        memcpy(caller->id, reservation->id, sizeof caller->id);
        for (unsigned image = 0; image < LIFE_DISKS; image++) {
            life_image(life->config->folder, image, path, sizeof path);
            if (strcmp(path, mount->disk->host_path) == 0)
                caller->image = image;
        }
        return 0;
    }
    return -ENOENT;
}

static int serve(struct life *life)
{
    static const char *const names[LIFE_CALLERS] = {"ann", "ben", "cem", "dia"};
    struct caller callers[LIFE_CALLERS];
    int rc;

    for (unsigned i = 0; i < LIFE_CALLERS; i++)
        callers[i] = (struct caller){
            .life = life, .name = names[i], .seed = life->config->seed * LIFE_CALLERS + i};
    life->callers = callers;
    rc = stored_scsi_for_each_reservation(life->disks, look, life);
    if (rc != 0)
        return failed("all", "for_each_reservation", rc, NULL);
    for (unsigned i = 0; i < LIFE_CALLERS; i++)
        if (pthread_create(&callers[i].thread, NULL, call, &callers[i]) != 0)
            abort();
    for (unsigned i = 0; i < LIFE_CALLERS; i++) {
        (void)pthread_join(callers[i].thread, NULL);
        if (rc == 0)
            rc = callers[i].result;
    }
    return rc;
}

static int connect_to(struct life *life)
{
    berth_qemu_options options = machine_options();
    char qmp[96], agent[96];
    int rc;

    machine_sockets(life->config->folder, qmp, agent, sizeof qmp);
    options.folder = life->config->folder;
    rc = berth_qemu_open(qmp, agent, &options, &life->vm);
    if (rc != 0)
        return failed("all", "berth_qemu_open", rc, NULL);
    rc = berth_qemu_wait_agent(life->vm, AGENT_MS);
    return rc == 0 ? 0 : failed("all", "berth_qemu_wait_agent", rc, NULL);
}

static int open_and_recover(struct life *life, berth_sqlite *store)
{
    stored_scsi_backend backend = berth_qemu_stored_scsi(life->vm);
    berth_error error;
    int rc;

    if (life->config->no_probes) {
        backend.vm.has_disk = NULL;
        backend.guest.has_mount = NULL;
    }
    rc = stored_scsi_open(NULL, &backend, NULL, berth_sqlite_store(store), &life->disks, &error);
    if (rc != 0)
        return failed("all", "open", rc, &error);
    rc = stored_scsi_recover(life->disks, BERTH_NO_DEADLINE, &error);
    return rc == 0 ? 0 : failed("all", "recover", rc, &error);
}

int life_run(const struct life_config *config, struct tally *tally)
{
    struct life life = {.config = config, .tally = tally};
    char path[96];
    berth_sqlite *store;
    berth_error error;
    int rc = connect_to(&life);

    (void)snprintf(path, sizeof path, "%s/disks.db", config->folder);
    store = berth_sqlite_create(path, &(berth_sqlite_options){.backend = "vm 1, boot 1"});
    if (rc == 0 && !store)
        rc = -ENOMEM;
    if (rc == 0)
        rc = open_and_recover(&life, store);
    if (rc == 0)
        rc = serve(&life);
    if (rc == 0) {
        rc = stored_scsi_destroy(life.disks, &error); /* -EBUSY, if anything were held */
        if (rc != 0)
            (void)failed("all", "destroy", rc, &error);
    }
    berth_sqlite_free(store);
    berth_qemu_close(life.vm);
    return rc;
}
