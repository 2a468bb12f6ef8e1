/* Devices of this guest, found in sysfs by their place on the bus, which the host knows, too. */
#ifndef AGENT_DEVICES_H
#define AGENT_DEVICES_H

#include <stdbool.h>
#include <stddef.h>

struct json_object;

/* A LUN of a SCSI controller, which is named by its PCI address: "0000:00:04.0". */
struct disk {
    const char *controller;
    int lun;
};

/*
 * Node of a partition, or of the whole disk (0), below /dev. All functions return 0 or a negative
 * errno value; -ENODEV: it is not there, or not yet.
 */
int disk_node(const struct disk *disk, unsigned partition, char *node, size_t size);

/* Has the kernel forget a disk; 0 when there is none. -EBUSY: a file system of it is mounted. */
int disk_eject(const struct disk *disk);

/* 0 when there is a device behind the root port. */
int port_has_device(const char *port);

/* Adds what is there to an answer: "disks" and "pci". */
int devices_list(struct json_object *answer);

/* "0000:00:04.0" */
bool is_pci_address(const char *text);

#endif
