/* Root ports, each of which holds one device, and the processes that serve shares. With the
 * lock. */
#ifndef QEMU_PORTS_H
#define QEMU_PORTS_H

#include "vm.h"

/* Takes a free port, or that of this number, for a device: its index; -ENOSPC. `wanted` is
 * negative: any. */
int ports_take(berth_qemu *vm, const char *device, int wanted);
void ports_give_back(berth_qemu *vm, const char *device);

/* The port that a device has; NULL: none. */
const berth_qemu_port *ports_of(const berth_qemu *vm, const char *device);

/* Starts a virtiofsd for a folder; its socket is at `path` (of `size` bytes). 0, or a negative
 * errno value. */
int servers_start(berth_qemu *vm, const char *name, const char *folder, bool read_only, char *path,
                  size_t size);

/* Ends it, if it runs; all of them for NULL. */
void servers_end(berth_qemu *vm, const char *name);

#endif
