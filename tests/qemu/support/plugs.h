/* What is plugged into root ports, by four managers, in one form. */
#ifndef QEMU_TESTS_PLUGS_H
#define QEMU_TESTS_PLUGS_H

#include <uuid/uuid.h>

#include "support/bare.h"

struct plugs {
    const char *name;
    bool are_shares;
    void *(*open)(const struct bare *bare, struct seen *seen);
    /* Number n of what there is to plug in: a folder of the machine's, or virtio-rng-pci. */
    int (*reserve)(void *manager, const char *host, unsigned number, uuid_t reservation);
    int (*add)(void *manager, const uuid_t reservation, int64_t deadline);
    int (*remove)(void *manager, const uuid_t reservation, int64_t deadline);
    int (*discard)(void *manager);
    int (*close)(void *manager);
};

enum { PLUGS_KINDS = 4 };

extern const struct plugs plugs_of[PLUGS_KINDS]; /* plan9_mount, virtiofs, vpci, pci_ports */

/* Reserves number n, with a folder of its own if it is a share. */
void plugs_reserve(const struct bare *bare, const struct plugs *plugs, void *manager,
                   unsigned number, uuid_t reservation);

/* A command that is no virtiofsd, and waits. */
extern const char *const plugs_sleeper[];

/* Processes that this one has started and that it has not waited for; QEMU does not count. Sockets
 * for virtiofsd in the machine's folder. */
unsigned plugs_children(const struct bare *bare);
unsigned plugs_sockets(const struct bare *bare);

#endif
