/* PCI devices by hand: what spec/vpci.yaml says. */
#ifndef BENCH_HAND_VPCI_H
#define BENCH_HAND_VPCI_H

#include "common.h"

#ifdef __cplusplus
extern "C" {
#endif

struct hand_device {
    const char *device_instance_id; /* its own copy, once it is tracked */
    uint16_t virtual_function_index;
    uuid_t vmbus_guid;
};

struct hand_vpci_backend {
    void *ctx;
    int (*add_device)(void *ctx, const struct hand_device *device);
    int (*remove_device)(void *ctx, const struct hand_device *device);
    int (*add_vpci_device)(void *ctx, const struct hand_device *device); /* may be NULL */
};

struct hand_vpci;

struct hand_vpci *hand_vpci_create(const struct hand_vpci_backend *backend,
                                   const struct hand_uuids *uuids);
void hand_vpci_destroy(struct hand_vpci *manager);
int hand_vpci_reserve(struct hand_vpci *manager, const char *device_instance_id,
                      uint16_t virtual_function_index, uuid_t id, uuid_t vmbus_guid);
int hand_vpci_add(struct hand_vpci *manager, const uuid_t id);
int hand_vpci_remove(struct hand_vpci *manager, const uuid_t id);

#ifdef __cplusplus
}
#endif
#endif
