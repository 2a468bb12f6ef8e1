/*
 * The manager of a machine's disks moves from one process to another, and its callers follow. Ann's
 * disk is being added when the move begins. Ben has reserved his, and asks for it while the manager
 * moves: he waits. The new host calls the images otherwise. The machine goes on all the time.
 */
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <berth/stores.h>

#include "heir.h"
#include "wire.h"

/* What a caller needs: the manager, and where to go on when that has moved. */
struct service {
    stored_scsi *manager;
    int next;
    pthread_mutex_t lock; /* of `next`, which a move keeps until it is done */
    sem_t refused;        /* one more for each caller that the old manager has refused */
};

struct caller {
    struct service *service;
    const char *name;
    uuid_t reservation; /* nil before: any id will do */
    char path[64];
    int result;
    pthread_t thread;
};

static int ask_next(struct caller *caller, enum verb verb)
{
    struct service *service = caller->service;
    struct request request = {.verb = verb};
    struct answer answer = {.result = -EPIPE};

    uuid_copy(request.reservation, caller->reservation);
    (void)pthread_mutex_lock(&service->lock);
    if (!wire_send(service->next, &request, sizeof request) ||
        !wire_receive(service->next, &answer, sizeof answer))
        answer.result = -EPIPE;
    (void)pthread_mutex_unlock(&service->lock);
    memcpy(caller->path, answer.guest_path, sizeof caller->path);
    return answer.result;
}

/* Nobody cancels anything here, so -ECANCELED says that the manager moves. */
static void *map(void *arg)
{
    struct caller *caller = arg;
    int rc = stored_scsi_map_to_guest(caller->service->manager, caller->reservation, caller->path,
                                      sizeof caller->path, NULL);

    if (rc == -ECANCELED) {
        printf("  %s: ECANCELED at the old one, asks the new one\n", caller->name);
        (void)sem_post(&caller->service->refused);
        rc = ask_next(caller, VERB_MAP);
    }
    caller->result = rc;
    return NULL;
}

static int reserve(struct caller *caller, const char *image)
{
    stored_scsi_disk_config disk = STORED_SCSI_DISK_CONFIG_DEFAULT;
    stored_scsi_mount_config mount = STORED_SCSI_MOUNT_CONFIG_DEFAULT;
    int rc;

    disk.host_path = image;
    rc = stored_scsi_reserve(caller->service->manager, &disk, &mount, caller->reservation,
                             caller->name, NULL);
    printf("  %s: reserve %s: %s\n", caller->name, image, berth_errno_name(rc));
    return rc;
}

/* Sends the bytes of a store, and waits until the new process has opened it. */
static int hand_over(berth_memory_store *store, int socket)
{
    uint64_t size;
    size_t n;
    void *bytes = berth_memory_store_export(store, &n);
    int rc = -EPIPE;

    size = n;
    if (!bytes || !wire_send(socket, &size, sizeof size) || !wire_send(socket, bytes, n) ||
        !wire_receive(socket, &rc, sizeof rc))
        rc = -EPIPE;
    free(bytes);
    return rc;
}

/* The end of a caller's map. */
static int join(struct caller *caller)
{
    (void)pthread_join(caller->thread, NULL);
    printf("  %s: map: %s %s\n", caller->name, berth_errno_name(caller->result), caller->path);
    return caller->result;
}

static int unmap(struct caller *caller)
{
    int rc = ask_next(caller, VERB_UNMAP);

    printf("  %s: unmap: %s\n", caller->name, berth_errno_name(rc));
    return rc;
}

/* Until the new process serves. Save waits for Ann's map, and Ben's comes too late. */
static int move(struct service *service, struct caller *ann, struct caller *ben,
                berth_memory_store *to)
{
    int rc;

    (void)pthread_mutex_lock(&service->lock);
    rc = stored_scsi_save(service->manager, berth_memory_store_functions(to), NULL);
    if (join(ann) < 0)
        rc = ann->result;
    if (pthread_create(&ben->thread, NULL, map, ben) != 0)
        abort();
    while (rc == 0 && sem_wait(&service->refused) < 0)
        continue;
    if (rc == 0)
        rc = hand_over(to, service->next); /* if it fails, a program opens `to` here, and goes on */
    printf("the manager has moved: %s\n", berth_errno_name(rc));
    (void)pthread_mutex_unlock(&service->lock);
    return rc;
}

/* The old process from its start to the end of its callers. */
static int run(struct service *service, struct machine *machine, berth_memory_store *to)
{
    struct caller ann = {.service = service, .name = "ann"};
    struct caller ben = {.service = service, .name = "ben"};
    int rc;

    printf("the old process\n");
    if (reserve(&ann, OLD_FOLDER "data.img") < 0 || reserve(&ben, OLD_FOLDER "logs.img") < 0 ||
        pthread_create(&ann.thread, NULL, map, &ann) != 0)
        return -1;
    while (sem_wait(&machine->asked) < 0) /* the hook has begun */
        continue;
    rc = move(service, &ann, &ben, to);
    if (rc < 0 || join(&ben) < 0 || strcmp(ann.path, ben.path) == 0)
        return -1;
    /* Both are tracked elsewhere now, so nothing is held here. */
    rc = stored_scsi_destroy(service->manager, NULL);
    printf("the old one is destroyed: %s\n", berth_errno_name(rc));
    return rc < 0 || unmap(&ann) < 0 || unmap(&ben) < 0 ? -1 : 0;
}

static bool is_empty(const struct machine *machine)
{
    for (unsigned i = 0; i < MACHINE_LUNS; i++)
        if (machine->added[i] || machine->mounted[i])
            return false;
    return true;
}

int main(void)
{
    struct machine *machine = machine_make();
    struct service service = {.lock = PTHREAD_MUTEX_INITIALIZER};
    berth_memory_store *store, *to;
    int ends[2], status = 0, rc;
    pid_t heir;

    (void)setvbuf(stdout, NULL, _IOLBF, BUFSIZ); /* two processes print */
    if (!machine || sem_init(&service.refused, 0, 0) < 0 ||
        socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0 || (heir = fork()) < 0)
        return 1;
    if (heir == 0) {
        (void)close(ends[0]);
        return heir_run(machine, ends[1]) == 0 ? 0 : 1;
    }
    (void)close(ends[1]);
    service.next = ends[0];
    const stored_scsi_backend backend = machine_backend(machine);
    store = berth_memory_store_make("vm 1");
    to = berth_memory_store_make("vm 1");
    rc = store && to ? stored_scsi_open(NULL, &backend, NULL, berth_memory_store_functions(store),
                                        &service.manager, NULL)
                     : -ENOMEM;
    if (rc == 0)
        rc = stored_scsi_recover(service.manager, BERTH_NO_DEADLINE, NULL);
    if (rc == 0)
        rc = run(&service, machine, to);
    berth_memory_store_free(store);
    berth_memory_store_free(to);
    (void)close(ends[0]);
    if (waitpid(heir, &status, 0) != heir || status != 0 || !is_empty(machine))
        rc = -1;
    printf("the new process has ended, and the machine is %s\n", rc == 0 ? "empty" : "not empty");
    return rc == 0 ? 0 : 1;
}
