/*
 * A manager moves from one process to another, and its callers follow. Ann's volume is being
 * attached when the move begins; Ben has reserved his and attaches it after the move. The machine
 * goes on all the time.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <berth/stores.h>

#include "heir.h"
#include "wire.h"

/* What a caller needs: the manager, and where to go on when that has moved. */
struct service {
    volumes *manager;
    int next;
};

struct caller {
    const struct service *service;
    const char *name;
    uuid_t reservation; /* nil before: any id will do */
    uint8_t slot;
    int result;
};

static int ask_next(struct caller *caller, enum verb verb)
{
    struct request request = {.verb = verb};
    struct answer answer;

    uuid_copy(request.reservation, caller->reservation);
    if (!wire_send(caller->service->next, &request, sizeof request) ||
        !wire_receive(caller->service->next, &answer, sizeof answer))
        return -EPIPE;
    caller->slot = answer.slot;
    return answer.result;
}

/* Nobody cancels anything here, so -ECANCELED says that the manager has moved. */
static int attach(struct caller *caller)
{
    int rc = volumes_attach(caller->service->manager, caller->reservation, &caller->slot, NULL);

    if (rc != -ECANCELED)
        return rc;
    printf("  %s: ECANCELED at the old one, asks the new one\n", caller->name);
    return ask_next(caller, VERB_ATTACH);
}

static void *attach_in_thread(void *arg)
{
    struct caller *caller = arg;

    caller->result = attach(caller);
    return NULL;
}

static int reserve(struct caller *caller, const char *volume)
{
    const volumes_volume_config config = {.name = volume};

    return volumes_reserve(caller->service->manager, &config, caller->reservation, caller->name,
                           NULL);
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

static int tell(const struct caller *caller, const char *what, int rc)
{
    printf("  %s: %s: %s\n", caller->name, what, berth_errno_name(rc));
    return rc;
}

/* The old process from its start to the end of its callers. */
static int run(const struct service *service, struct machine *machine, berth_memory_store *to)
{
    struct caller ann = {.service = service, .name = "ann"};
    struct caller ben = {.service = service, .name = "ben"};
    pthread_t thread;
    int rc;

    printf("the old process\n");
    if (tell(&ann, "reserve data", reserve(&ann, "data")) < 0 ||
        tell(&ben, "reserve logs", reserve(&ben, "logs")) < 0 ||
        pthread_create(&thread, NULL, attach_in_thread, &ann) != 0)
        return -1;
    while (sem_wait(&machine->asked) < 0) /* the hook has begun */
        continue;
    rc = volumes_save(service->manager, berth_memory_store_functions(to), NULL);
    (void)pthread_join(thread, NULL);
    if (tell(&ann, "attach data, which save waited for", ann.result) < 0 || rc < 0)
        return -1;
    if (hand_over(to, service->next) < 0) /* a program would open `to` here, and go on */
        return -1;
    printf("the manager has moved\n");
    if (tell(&ben, "attach logs", attach(&ben)) < 0 || ben.slot == ann.slot)
        return -1;
    /* Both are tracked elsewhere now, so nothing is held here. */
    rc = volumes_destroy(service->manager, NULL);
    printf("the old one is destroyed: %s\n", berth_errno_name(rc));
    if (rc < 0 || tell(&ann, "give back", ask_next(&ann, VERB_GIVE_BACK)) < 0)
        return -1;
    return tell(&ben, "give back", ask_next(&ben, VERB_GIVE_BACK));
}

int main(void)
{
    struct machine *machine = machine_make();
    struct service service = {0};
    berth_memory_store *store, *to;
    int ends[2], status = 0, rc;
    pid_t heir;

    (void)setvbuf(stdout, NULL, _IOLBF, BUFSIZ); /* two processes print */
    if (!machine || socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0 || (heir = fork()) < 0)
        return 1;
    if (heir == 0) {
        (void)close(ends[0]);
        return heir_run(machine, ends[1]) == 0 ? 0 : 1;
    }
    (void)close(ends[1]);
    service.next = ends[0];
    const volumes_backend backend = machine_backend(machine);
    store = berth_memory_store_make("vm 1");
    to = berth_memory_store_make("vm 1");
    rc = store && to ? volumes_open(NULL, &backend, NULL, berth_memory_store_functions(store),
                                    &service.manager, NULL)
                     : -ENOMEM;
    if (rc == 0)
        rc = volumes_recover(service.manager, BERTH_NO_DEADLINE, NULL);
    if (rc == 0)
        rc = run(&service, machine, to);
    berth_memory_store_free(store);
    berth_memory_store_free(to);
    (void)close(ends[0]);
    if (waitpid(heir, &status, 0) != heir || status != 0)
        rc = -1;
    for (unsigned i = 0; i < MACHINE_SLOTS; i++)
        if (machine->attached[i])
            rc = -1;
    printf("the new process has ended, and the machine is %s\n", rc == 0 ? "empty" : "not empty");
    return rc == 0 ? 0 : 1;
}
