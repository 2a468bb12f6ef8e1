#include "plan9_mount.h"

#include <errno.h>
#include <stdio.h>

enum share_state { SHARE_RESERVED, SHARE_ADDED, SHARE_INVALID };
enum mount_state { MOUNT_NONE, MOUNT_RESERVED, MOUNT_MOUNTED, MOUNT_INVALID };

struct share {
    struct hand_share view; /* first: its host_path is the key */
    struct hand_share_mount mount;
    enum share_state state;
    enum mount_state mount_state;
    unsigned refs, mount_refs;
};

struct reservation {
    uuid_t id; /* first: the key */
    struct share *share;
    bool mount_released;
};

struct hand_plan9_mount {
    pthread_mutex_t lock;
    struct hand_plan9_mount_backend backend;
    struct hand_uuids uuids;
    GHashTable *shares;
    GHashTable *reservations;
    unsigned long long next_name;
    bool no_writable_shares;
};

struct hand_plan9_mount *hand_plan9_mount_create(const struct hand_plan9_mount_backend *backend,
                                                 const struct hand_uuids *uuids,
                                                 bool no_writable_shares)
{
    struct hand_plan9_mount *manager = g_new0(struct hand_plan9_mount, 1);

    (void)pthread_mutex_init(&manager->lock, NULL);
    manager->backend = *backend;
    manager->uuids = *uuids;
    manager->no_writable_shares = no_writable_shares;
    manager->shares = g_hash_table_new(g_str_hash, g_str_equal);
    manager->reservations = g_hash_table_new(hand_uuid_hash, hand_uuid_equal);
    return manager;
}

static void free_share(struct share *share)
{
    g_free(share->view.host_path);
    hand_names_free(&share->view.allowed_names);
    g_free(share);
}

void hand_plan9_mount_destroy(struct hand_plan9_mount *manager)
{
    g_hash_table_destroy(manager->reservations);
    g_hash_table_destroy(manager->shares);
    (void)pthread_mutex_destroy(&manager->lock);
    g_free(manager);
}

static struct share *make_share(struct hand_plan9_mount *manager,
                                const struct hand_share_config *config)
{
    struct share *share = g_new0(struct share, 1);

    share->view.host_path = g_strdup(config->host_path);
    share->view.read_only = config->read_only;
    share->view.restrict_ = config->restrict_;
    hand_names_copy(&share->view.allowed_names, &config->allowed_names);
    (void)snprintf(share->view.name, sizeof share->view.name, "%llu", manager->next_name++);
    g_hash_table_insert(manager->shares, share->view.host_path, share);
    return share;
}

static void make_mount(struct share *share, bool read_only)
{
    share->mount.share = &share->view;
    share->mount.read_only = read_only;
    (void)snprintf(share->mount.guest_path, sizeof share->mount.guest_path, "/run/mounts/plan9/%s",
                   share->view.name);
    share->mount_state = MOUNT_RESERVED;
}

static int check(const struct share *share, const struct hand_share_config *config,
                 bool mount_read_only)
{
    if (share->view.read_only != config->read_only || share->view.restrict_ != config->restrict_ ||
        !hand_names_equal(&share->view.allowed_names, &config->allowed_names))
        return -EEXIST;
    if (share->state == SHARE_INVALID)
        return -ENOTRECOVERABLE;
    if (share->mount_state == MOUNT_NONE)
        return 0;
    if (share->mount.read_only != mount_read_only)
        return -EEXIST;
    return share->mount_state == MOUNT_INVALID ? -ENOTRECOVERABLE : 0;
}

int hand_plan9_mount_reserve(struct hand_plan9_mount *manager,
                             const struct hand_share_config *config, bool mount_read_only,
                             uuid_t id)
{
    struct reservation *reservation;
    struct share *share;

    if (!config->host_path || !*config->host_path)
        return -EINVAL;
    if (manager->no_writable_shares && !config->read_only)
        return -EPERM;
    (void)pthread_mutex_lock(&manager->lock);
    share = g_hash_table_lookup(manager->shares, config->host_path);
    if (share) {
        int rc = check(share, config, mount_read_only);

        if (rc != 0) {
            (void)pthread_mutex_unlock(&manager->lock);
            return rc;
        }
    } else {
        share = make_share(manager, config);
    }
    if (share->mount_state == MOUNT_NONE)
        make_mount(share, mount_read_only);
    share->refs++;
    share->mount_refs++;
    reservation = g_new0(struct reservation, 1);
    manager->uuids.next(manager->uuids.ctx, reservation->id);
    reservation->share = share;
    g_hash_table_insert(manager->reservations, reservation->id, reservation);
    memcpy(id, reservation->id, sizeof(uuid_t));
    (void)pthread_mutex_unlock(&manager->lock);
    return 0;
}

static int add_share(struct hand_plan9_mount *manager, struct share *share)
{
    int rc;

    switch (share->state) {
    case SHARE_RESERVED:
        rc = manager->backend.add_plan9(manager->backend.ctx, &share->view);
        share->state = rc == 0 ? SHARE_ADDED : SHARE_INVALID;
        return rc;
    case SHARE_ADDED:
        return 0;
    default:
        return -ENOTRECOVERABLE;
    }
}

static int add_mount(struct hand_plan9_mount *manager, struct share *share)
{
    int rc;

    switch (share->mount_state) {
    case MOUNT_RESERVED:
        rc = manager->backend.add_mapped_directory(manager->backend.ctx, &share->mount);
        share->mount_state = rc == 0 ? MOUNT_MOUNTED : MOUNT_INVALID;
        return rc;
    case MOUNT_MOUNTED:
        return 0;
    default:
        return -ENOTRECOVERABLE;
    }
}

int hand_plan9_mount_map(struct hand_plan9_mount *manager, const uuid_t id, char *guest_path,
                         size_t size)
{
    struct reservation *reservation;
    int rc;

    (void)pthread_mutex_lock(&manager->lock);
    reservation = g_hash_table_lookup(manager->reservations, id);
    if (!reservation) {
        rc = -ENOENT;
    } else if (reservation->mount_released) {
        rc = -ECANCELED;
    } else if (size < sizeof reservation->share->mount.guest_path) {
        rc = -ENOBUFS;
    } else {
        rc = add_share(manager, reservation->share);
        if (rc == 0)
            rc = add_mount(manager, reservation->share);
        if (rc == 0)
            memcpy(guest_path, reservation->share->mount.guest_path,
                   sizeof reservation->share->mount.guest_path);
    }
    (void)pthread_mutex_unlock(&manager->lock);
    return rc;
}

static int drop_mount(struct hand_plan9_mount *manager, struct share *share)
{
    int rc;

    if (share->mount_refs > 1) {
        share->mount_refs--;
        return 0;
    }
    switch (share->mount_state) {
    case MOUNT_MOUNTED:
        rc = manager->backend.remove_mapped_directory(manager->backend.ctx, &share->mount);
        if (rc != 0)
            return rc;
        break;
    default:
        break;
    }
    share->mount_refs = 0;
    share->mount_state = MOUNT_NONE;
    return 0;
}

static int drop_share(struct hand_plan9_mount *manager, struct share *share)
{
    int rc;

    if (share->refs > 1) {
        share->refs--;
        return 0;
    }
    switch (share->state) {
    case SHARE_ADDED:
        rc = manager->backend.remove_plan9(manager->backend.ctx, &share->view);
        if (rc != 0)
            return rc;
        break;
    default:
        break;
    }
    (void)g_hash_table_remove(manager->shares, share->view.host_path);
    free_share(share);
    return 0;
}

int hand_plan9_mount_unmap(struct hand_plan9_mount *manager, const uuid_t id)
{
    struct reservation *reservation;
    int rc = 0;

    (void)pthread_mutex_lock(&manager->lock);
    reservation = g_hash_table_lookup(manager->reservations, id);
    if (!reservation) {
        (void)pthread_mutex_unlock(&manager->lock);
        return -ENOENT;
    }
    if (!reservation->mount_released)
        rc = drop_mount(manager, reservation->share);
    if (rc == 0) {
        reservation->mount_released = true;
        rc = drop_share(manager, reservation->share);
    }
    if (rc == 0) {
        (void)g_hash_table_remove(manager->reservations, reservation->id);
        g_free(reservation);
    }
    (void)pthread_mutex_unlock(&manager->lock);
    return rc;
}
