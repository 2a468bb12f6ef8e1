#include "vpci.h"

#include <errno.h>

enum state { RESERVED, READY, ASSIGNED_INVALID, FAILED };

struct device {
    struct hand_device view; /* first: the key is in it */
    char *path;              /* the view's device_instance_id */
    enum state state;
    unsigned refs;
};

struct reservation {
    uuid_t id; /* first: the key */
    struct device *device;
};

struct hand_vpci {
    pthread_mutex_t lock;
    struct hand_vpci_backend backend;
    struct hand_uuids uuids;
    GHashTable *devices;
    GHashTable *reservations;
};

static guint device_hash(gconstpointer key)
{
    const struct hand_device *device = key;

    return g_str_hash(device->device_instance_id) * 31 + device->virtual_function_index;
}

static gboolean device_equal(gconstpointer a, gconstpointer b)
{
    const struct hand_device *one = a, *other = b;

    return one->virtual_function_index == other->virtual_function_index &&
           strcmp(one->device_instance_id, other->device_instance_id) == 0;
}

struct hand_vpci *hand_vpci_create(const struct hand_vpci_backend *backend,
                                   const struct hand_uuids *uuids)
{
    struct hand_vpci *manager = g_new0(struct hand_vpci, 1);

    (void)pthread_mutex_init(&manager->lock, NULL);
    manager->backend = *backend;
    manager->uuids = *uuids;
    manager->devices = g_hash_table_new(device_hash, device_equal);
    manager->reservations = g_hash_table_new(hand_uuid_hash, hand_uuid_equal);
    return manager;
}

void hand_vpci_destroy(struct hand_vpci *manager)
{
    g_hash_table_destroy(manager->reservations);
    g_hash_table_destroy(manager->devices);
    (void)pthread_mutex_destroy(&manager->lock);
    g_free(manager);
}

static struct device *make_device(struct hand_vpci *manager, const struct hand_device *key)
{
    struct device *device = g_new0(struct device, 1);

    device->path = g_strdup(key->device_instance_id);
    device->view.device_instance_id = device->path;
    device->view.virtual_function_index = key->virtual_function_index;
    manager->uuids.next(manager->uuids.ctx, device->view.vmbus_guid);
    g_hash_table_add(manager->devices, device);
    return device;
}

int hand_vpci_reserve(struct hand_vpci *manager, const char *device_instance_id,
                      uint16_t virtual_function_index, uuid_t id, uuid_t vmbus_guid)
{
    struct hand_device key = {.device_instance_id = device_instance_id,
                              .virtual_function_index = virtual_function_index};
    struct reservation *reservation;
    struct device *device;

    if (!device_instance_id || !*device_instance_id)
        return -EINVAL;
    (void)pthread_mutex_lock(&manager->lock);
    device = g_hash_table_lookup(manager->devices, &key);
    if (!device) {
        device = make_device(manager, &key);
    } else if (device->state != RESERVED && device->state != READY) {
        (void)pthread_mutex_unlock(&manager->lock);
        return -ENOTRECOVERABLE;
    }
    device->refs++;
    reservation = g_new0(struct reservation, 1);
    manager->uuids.next(manager->uuids.ctx, reservation->id);
    reservation->device = device;
    g_hash_table_insert(manager->reservations, reservation->id, reservation);
    memcpy(id, reservation->id, sizeof(uuid_t));
    if (vmbus_guid)
        memcpy(vmbus_guid, device->view.vmbus_guid, sizeof(uuid_t));
    (void)pthread_mutex_unlock(&manager->lock);
    return 0;
}

static int add(struct hand_vpci *manager, struct device *device)
{
    int rc;

    switch (device->state) {
    case RESERVED:
        rc = manager->backend.add_device(manager->backend.ctx, &device->view);
        if (rc != 0) {
            device->state = FAILED;
            return rc;
        }
        if (manager->backend.add_vpci_device)
            rc = manager->backend.add_vpci_device(manager->backend.ctx, &device->view);
        device->state = rc == 0 ? READY : ASSIGNED_INVALID;
        return rc;
    case READY:
        return 0;
    default:
        return -ENOTRECOVERABLE;
    }
}

int hand_vpci_add(struct hand_vpci *manager, const uuid_t id)
{
    struct reservation *reservation;
    int rc;

    (void)pthread_mutex_lock(&manager->lock);
    reservation = g_hash_table_lookup(manager->reservations, id);
    rc = reservation ? add(manager, reservation->device) : -ENOENT;
    (void)pthread_mutex_unlock(&manager->lock);
    return rc;
}

static int drop(struct hand_vpci *manager, struct device *device)
{
    int rc;

    if (device->refs > 1) {
        device->refs--;
        return 0;
    }
    switch (device->state) {
    case READY:
    case ASSIGNED_INVALID:
        rc = manager->backend.remove_device(manager->backend.ctx, &device->view);
        if (rc != 0) {
            device->state = ASSIGNED_INVALID;
            return rc;
        }
        break;
    default:
        break;
    }
    (void)g_hash_table_remove(manager->devices, device);
    g_free(device->path);
    g_free(device);
    return 0;
}

int hand_vpci_remove(struct hand_vpci *manager, const uuid_t id)
{
    struct reservation *reservation;
    int rc;

    (void)pthread_mutex_lock(&manager->lock);
    reservation = g_hash_table_lookup(manager->reservations, id);
    rc = reservation ? drop(manager, reservation->device) : -ENOENT;
    if (reservation && rc == 0) {
        (void)g_hash_table_remove(manager->reservations, reservation->id);
        g_free(reservation);
    }
    (void)pthread_mutex_unlock(&manager->lock);
    return rc;
}
