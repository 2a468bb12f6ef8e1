#include "heir.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

/* What this host calls an image. An image that is nowhere here ends the opening. */
static int rename_image(void *ctx, const char *resource, const berth_store_column *column,
                        berth_store_value *value)
{
    static char path[256]; /* of the row that is loaded */

    (void)ctx;
    if (strcmp(resource, "disk") != 0 || strcmp(column->name, "host_path") != 0)
        return 0;
    if (strncmp(value->text, OLD_FOLDER, strlen(OLD_FOLDER)) != 0)
        return -ENODEV;
    (void)snprintf(path, sizeof path, NEW_FOLDER "%s", value->text + strlen(OLD_FOLDER));
    value->text = path;
    return 0;
}

/* From the store that came to one of this host, with the paths of this host. */
static int rekey(const stored_scsi_backend *backend, const berth_store *from, const berth_store *to)
{
    stored_scsi *manager = NULL;
    berth_rekey rekey;
    int rc;

    berth_rekey_init(&rekey, from, rename_image, NULL);
    rc = stored_scsi_open(NULL, backend, NULL, &rekey.store, &manager, NULL);
    if (rc < 0)
        return rc;
    rc = stored_scsi_save(manager, to, NULL);
    if (rc < 0)
        (void)stored_scsi_save(manager, NULL, NULL); /* it stays there, and can be destroyed */
    (void)stored_scsi_destroy(manager, NULL);
    return rc;
}

static int show(void *arg, const berth_reservation *reservation)
{
    const stored_scsi_mount *mount = reservation->view;

    (void)arg;
    printf("  new: %s has a reservation for %s, LUN %u\n", reservation->owner,
           mount->disk->host_path, mount->disk->lun);
    return 0;
}

/* The callers are in the old process; here they go on. */
static int serve(stored_scsi *manager, int socket)
{
    struct request request;

    while (wire_receive(socket, &request, sizeof request)) {
        struct answer answer = {0};

        if (request.verb == VERB_MAP)
            answer.result = stored_scsi_map_to_guest(
                manager, request.reservation, answer.guest_path, sizeof answer.guest_path, NULL);
        else
            answer.result = stored_scsi_unmap_from_guest(manager, request.reservation, NULL);
        if (!wire_send(socket, &answer, sizeof answer))
            return -EPIPE;
    }
    return 0;
}

/* A caller of this host knows the image by its name here, and shares what is there. */
static int come_and_go(stored_scsi *manager)
{
    stored_scsi_disk_config disk = STORED_SCSI_DISK_CONFIG_DEFAULT;
    stored_scsi_mount_config mount = STORED_SCSI_MOUNT_CONFIG_DEFAULT;
    char path[STORED_SCSI_MOUNT_GUEST_PATH_SIZE];
    uuid_t id = {0};
    int rc;

    disk.host_path = NEW_FOLDER "data.img";
    rc = stored_scsi_reserve(manager, &disk, &mount, id, "cem", NULL);
    if (rc == 0)
        rc = stored_scsi_map_to_guest(manager, id, path, sizeof path, NULL);
    if (rc == 0) {
        printf("  new: cem finds %s at %s\n", disk.host_path, path);
        rc = stored_scsi_unmap_from_guest(manager, id, NULL);
    }
    return rc;
}

int heir_run(struct machine *machine, int socket)
{
    const stored_scsi_backend backend = machine_backend(machine);
    berth_memory_store *received = berth_memory_store_make("vm 1");
    berth_memory_store *own = berth_memory_store_make("vm 1");
    stored_scsi *manager = NULL;
    int rc = received && own ? receive_store(socket, received) : -ENOMEM;

    if (rc == 0)
        rc = rekey(&backend, berth_memory_store_functions(received),
                   berth_memory_store_functions(own));
    if (rc == 0)
        rc = stored_scsi_open(NULL, &backend, NULL, berth_memory_store_functions(own), &manager,
                              NULL);
    if (rc == 0)
        rc = stored_scsi_recover(manager, BERTH_NO_DEADLINE, NULL);
    if (rc == 0)
        rc = stored_scsi_for_each_reservation(manager, show, NULL);
    if (rc == 0)
        rc = come_and_go(manager);
    if (!wire_send(socket, &rc, sizeof rc)) /* the old one may be destroyed */
        rc = -EPIPE;
    if (rc == 0)
        rc = serve(manager, socket);
    if (rc == 0)
        rc = stored_scsi_destroy(manager, NULL); /* -EBUSY if anything were still held */
    berth_memory_store_free(received);
    berth_memory_store_free(own);
    return rc;
}
