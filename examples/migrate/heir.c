#include "heir.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <berth/stores.h>

#include "wire.h"

/* Bytes of a store: their number comes first. */
static int receive_store(int socket, berth_memory_store *store)
{
    uint64_t size = 0;
    void *bytes = wire_receive(socket, &size, sizeof size) ? malloc(size) : NULL;
    int rc = -EPIPE;

    if (bytes && wire_receive(socket, bytes, size))
        rc = berth_memory_store_import(store, bytes, size);
    free(bytes);
    return rc;
}

static int show(void *arg, const berth_reservation *reservation)
{
    const volumes_volume *volume = reservation->view;

    (void)arg;
    printf("  new: %s has a reservation for %s, slot %u\n", reservation->owner, volume->name,
           volume->slot);
    return 0;
}

/* The callers are in the old process; here they go on. */
static int serve(volumes *manager, int socket)
{
    struct request request;
    struct answer answer;

    while (wire_receive(socket, &request, sizeof request)) {
        answer = (struct answer){0};
        if (request.verb == VERB_ATTACH)
            answer.result = volumes_attach(manager, request.reservation, &answer.slot, NULL);
        else
            answer.result = volumes_give_back(manager, request.reservation, NULL);
        if (!wire_send(socket, &answer, sizeof answer))
            return -EPIPE;
    }
    return 0;
}

int heir_run(struct machine *machine, int socket)
{
    const volumes_backend backend = machine_backend(machine);
    berth_memory_store *store = berth_memory_store_make("vm 1");
    volumes *manager = NULL;
    int rc = store ? receive_store(socket, store) : -ENOMEM;

    if (rc == 0)
        rc =
            volumes_open(NULL, &backend, NULL, berth_memory_store_functions(store), &manager, NULL);
    if (rc == 0)
        rc = volumes_recover(manager, BERTH_NO_DEADLINE, NULL);
    if (rc == 0)
        rc = volumes_for_each_reservation(manager, show, NULL);
    if (!wire_send(socket, &rc, sizeof rc)) /* the old one may be destroyed */
        rc = -EPIPE;
    if (rc == 0)
        rc = serve(manager, socket);
    if (rc == 0)
        rc = volumes_destroy(manager, NULL); /* -EBUSY if anything were still held */
    berth_memory_store_free(store);
    return rc;
}
