#include "scsi.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

enum disk_state { DISK_RESERVED, DISK_ATTACHED, DISK_EJECTED, DISK_FAILED };
enum mount_state { MOUNT_RESERVED, MOUNT_MOUNTED, MOUNT_FAILED };

struct disk {
    struct hand_disk view;
    enum disk_state state;
    unsigned refs; /* reservations */
};

struct mount {
    struct hand_disk_mount view; /* first: the key, disk and partition, is in it */
    enum mount_state state;
    unsigned refs;
};

struct reservation {
    uuid_t id; /* first: the key */
    struct disk *disk;
    struct mount *mount; /* NULL once it is let go of */
};

struct hand_scsi {
    pthread_mutex_t lock;
    struct hand_scsi_backend backend;
    struct hand_uuids uuids;
    GHashTable *disks;
    GHashTable *mounts; /* of all disks */
    GHashTable *reservations;
    unsigned controllers;
    uint64_t taken[4]; /* LUNs by controller */
};

static guint mount_hash(gconstpointer key)
{
    const struct hand_disk_mount *mount = key;

    return g_direct_hash(mount->disk) * 31 + (guint)mount->partition;
}

static gboolean mount_equal(gconstpointer a, gconstpointer b)
{
    const struct hand_disk_mount *one = a, *other = b;

    return one->disk == other->disk && one->partition == other->partition;
}

struct hand_scsi *hand_scsi_create(const struct hand_scsi_backend *backend,
                                   const struct hand_uuids *uuids, unsigned controllers)
{
    struct hand_scsi *manager = g_new0(struct hand_scsi, 1);

    (void)pthread_mutex_init(&manager->lock, NULL);
    manager->backend = *backend;
    manager->uuids = *uuids;
    manager->controllers = controllers;
    manager->disks = g_hash_table_new(g_str_hash, g_str_equal);
    manager->mounts = g_hash_table_new(mount_hash, mount_equal);
    manager->reservations = g_hash_table_new(hand_uuid_hash, hand_uuid_equal);
    return manager;
}

void hand_scsi_destroy(struct hand_scsi *manager)
{
    g_hash_table_destroy(manager->reservations);
    g_hash_table_destroy(manager->mounts);
    g_hash_table_destroy(manager->disks);
    (void)pthread_mutex_destroy(&manager->lock);
    g_free(manager);
}

static const char *text(const char *string)
{
    return string ? string : "";
}

static bool find_slot(const struct hand_scsi *manager, uint8_t *controller, uint8_t *lun)
{
    for (unsigned i = 0; i < manager->controllers; i++) {
        if (~manager->taken[i] != 0) {
            *controller = (uint8_t)i;
            *lun = (uint8_t)__builtin_ctzll(~manager->taken[i]);
            return true;
        }
    }
    return false;
}

static struct disk *make_disk(struct hand_scsi *manager, const struct hand_disk_config *config)
{
    uint8_t controller, lun;
    struct disk *disk;

    if (!find_slot(manager, &controller, &lun))
        return NULL;
    disk = g_new0(struct disk, 1);
    disk->view.host_path = g_strdup(config->host_path);
    disk->view.read_only = config->read_only;
    disk->view.type = config->type;
    disk->view.evd_type = g_strdup(text(config->evd_type));
    disk->view.controller = controller;
    disk->view.lun = lun;
    manager->taken[controller] |= UINT64_C(1) << lun;
    g_hash_table_insert(manager->disks, disk->view.host_path, disk);
    return disk;
}

static void free_disk(struct hand_scsi *manager, struct disk *disk)
{
    (void)g_hash_table_remove(manager->disks, disk->view.host_path);
    manager->taken[disk->view.controller] &= ~(UINT64_C(1) << disk->view.lun);
    g_free(disk->view.host_path);
    g_free(disk->view.evd_type);
    g_free(disk);
}

static struct mount *make_mount(struct hand_scsi *manager, struct disk *disk,
                                const struct hand_mount_config *config)
{
    struct mount *mount = g_new0(struct mount, 1);

    mount->view.disk = &disk->view;
    mount->view.partition = config->partition;
    mount->view.read_only = config->read_only;
    mount->view.encrypted = config->encrypted;
    mount->view.ensure_filesystem = config->ensure_filesystem;
    mount->view.block_dev = config->block_dev;
    hand_names_copy(&mount->view.options, &config->options);
    mount->view.filesystem = g_strdup(text(config->filesystem));
    (void)snprintf(mount->view.guest_path, sizeof mount->view.guest_path,
                   "/run/mounts/scsi/%u_%u_%" PRIu64, disk->view.controller, disk->view.lun,
                   config->partition);
    g_hash_table_add(manager->mounts, mount);
    return mount;
}

static void free_mount(struct hand_scsi *manager, struct mount *mount)
{
    (void)g_hash_table_remove(manager->mounts, mount);
    hand_names_free(&mount->view.options);
    g_free(mount->view.filesystem);
    g_free(mount);
}

static int check_disk(const struct disk *disk, const struct hand_disk_config *config)
{
    if (disk->view.read_only != config->read_only || disk->view.type != config->type ||
        strcmp(disk->view.evd_type, text(config->evd_type)) != 0)
        return -EEXIST;
    switch (disk->state) {
    case DISK_EJECTED:
        return -EBUSY;
    case DISK_FAILED:
        return -ENOTRECOVERABLE;
    default:
        return 0;
    }
}

static int check_mount(const struct mount *mount, const struct hand_mount_config *config)
{
    if (mount->view.read_only != config->read_only || mount->view.encrypted != config->encrypted ||
        mount->view.ensure_filesystem != config->ensure_filesystem ||
        mount->view.block_dev != config->block_dev ||
        !hand_names_equal(&mount->view.options, &config->options) ||
        strcmp(mount->view.filesystem, text(config->filesystem)) != 0)
        return -EEXIST;
    return mount->state == MOUNT_FAILED ? -ENOTRECOVERABLE : 0;
}

static int reserve(struct hand_scsi *manager, const struct hand_disk_config *disk_config,
                   const struct hand_mount_config *mount_config, uuid_t id)
{
    struct disk *disk = g_hash_table_lookup(manager->disks, disk_config->host_path);
    struct reservation *reservation;
    struct mount *mount = NULL;
    int rc;

    if (disk) {
        rc = check_disk(disk, disk_config);
        if (rc != 0)
            return rc;
        mount = g_hash_table_lookup(
            manager->mounts,
            &(struct hand_disk_mount){.disk = &disk->view, .partition = mount_config->partition});
    } else {
        disk = make_disk(manager, disk_config);
        if (!disk)
            return -ENOSPC;
    }
    if (mount) {
        rc = check_mount(mount, mount_config);
        if (rc != 0)
            return rc;
    } else {
        mount = make_mount(manager, disk, mount_config);
    }
    disk->refs++;
    mount->refs++;
    reservation = g_new0(struct reservation, 1);
    manager->uuids.next(manager->uuids.ctx, reservation->id);
    reservation->disk = disk;
    reservation->mount = mount;
    g_hash_table_insert(manager->reservations, reservation->id, reservation);
    memcpy(id, reservation->id, sizeof(uuid_t));
    return 0;
}

int hand_scsi_reserve(struct hand_scsi *manager, const struct hand_disk_config *disk,
                      const struct hand_mount_config *mount, uuid_t id)
{
    int rc;

    if (!disk->host_path || !*disk->host_path)
        return -EINVAL;
    (void)pthread_mutex_lock(&manager->lock);
    rc = reserve(manager, disk, mount, id);
    (void)pthread_mutex_unlock(&manager->lock);
    return rc;
}

static int attach(struct hand_scsi *manager, struct disk *disk)
{
    int rc;

    switch (disk->state) {
    case DISK_RESERVED:
        rc = manager->backend.add_disk(manager->backend.ctx, &disk->view);
        disk->state = rc == 0 ? DISK_ATTACHED : DISK_FAILED;
        return rc;
    case DISK_ATTACHED:
        return 0;
    case DISK_EJECTED:
        return -EBUSY;
    default:
        return -ENOTRECOVERABLE;
    }
}

static int do_mount(struct hand_scsi *manager, struct mount *mount)
{
    int rc;

    switch (mount->state) {
    case MOUNT_RESERVED:
        rc = manager->backend.mount(manager->backend.ctx, &mount->view);
        mount->state = rc == 0 ? MOUNT_MOUNTED : MOUNT_FAILED;
        return rc;
    case MOUNT_MOUNTED:
        return 0;
    default:
        return -ENOTRECOVERABLE;
    }
}

int hand_scsi_map(struct hand_scsi *manager, const uuid_t id, char *guest_path, size_t size)
{
    struct reservation *reservation;
    int rc;

    (void)pthread_mutex_lock(&manager->lock);
    reservation = g_hash_table_lookup(manager->reservations, id);
    if (!reservation) {
        rc = -ENOENT;
    } else if (!reservation->mount) {
        rc = -ECANCELED;
    } else if (size < sizeof reservation->mount->view.guest_path) {
        rc = -ENOBUFS;
    } else {
        rc = attach(manager, reservation->disk);
        if (rc == 0)
            rc = do_mount(manager, reservation->mount);
        if (rc == 0)
            memcpy(guest_path, reservation->mount->view.guest_path,
                   sizeof reservation->mount->view.guest_path);
    }
    (void)pthread_mutex_unlock(&manager->lock);
    return rc;
}

static int unmount(struct hand_scsi *manager, struct mount *mount)
{
    int rc;

    if (mount->refs > 1) {
        mount->refs--;
        return 0;
    }
    switch (mount->state) {
    case MOUNT_MOUNTED:
        rc = manager->backend.unmount(manager->backend.ctx, &mount->view);
        if (rc != 0)
            return rc;
        break;
    default:
        break;
    }
    free_mount(manager, mount);
    return 0;
}

static int detach(struct hand_scsi *manager, struct disk *disk)
{
    int rc;

    if (disk->refs > 1) {
        disk->refs--;
        return 0;
    }
    switch (disk->state) {
    case DISK_ATTACHED:
        rc = manager->backend.eject ? manager->backend.eject(manager->backend.ctx, &disk->view) : 0;
        if (rc != 0)
            return rc;
        disk->state = DISK_EJECTED;
        /* fall through */
    case DISK_EJECTED:
        rc = manager->backend.remove_disk(manager->backend.ctx, &disk->view);
        if (rc != 0)
            return rc;
        break;
    default:
        break;
    }
    free_disk(manager, disk);
    return 0;
}

int hand_scsi_unmap(struct hand_scsi *manager, const uuid_t id)
{
    struct reservation *reservation;
    int rc = 0;

    (void)pthread_mutex_lock(&manager->lock);
    reservation = g_hash_table_lookup(manager->reservations, id);
    if (!reservation) {
        (void)pthread_mutex_unlock(&manager->lock);
        return -ENOENT;
    }
    if (reservation->mount)
        rc = unmount(manager, reservation->mount);
    if (rc == 0) {
        reservation->mount = NULL;
        rc = detach(manager, reservation->disk);
    }
    if (rc == 0) {
        (void)g_hash_table_remove(manager->reservations, reservation->id);
        g_free(reservation);
    }
    (void)pthread_mutex_unlock(&manager->lock);
    return rc;
}
