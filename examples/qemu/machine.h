/* A virtual machine for the example, its tests and its measurements: QEMU with TCG, without
 * root. */
#ifndef EXAMPLE_MACHINE_H
#define EXAMPLE_MACHINE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "berth_qemu.h"

enum { MACHINE_CONTROLLERS = 2, MACHINE_PORTS = 6 };

struct machine_config {
    const char *image;   /* folder of vmlinuz and initramfs; NULL: no guest, and a processor that
                           does not run (-S) */
    const char *folder;  /* where its sockets and files go; at most 60 bytes; it must be there */
    const char *state;   /* of a machine that was saved, to go on from; NULL: it boots */
    bool native_hotplug; /* the guest's pciehp takes devices away, and not ACPI */
};

struct machine {
    pid_t process;
    char qmp[96], agent[96], serial[96];
};

/*
 * Starts it, and waits until its monitor can be connected to. 0, or a negative errno value; what
 * QEMU says is in FOLDER/qemu.txt, what the guest says in FOLDER/serial.txt.
 */
int machine_start(struct machine *machine, const struct machine_config *config);

/* The paths of its sockets, of `size` bytes each. */
void machine_sockets(const char *folder, char *qmp, char *agent, size_t size);

/* Options for berth_qemu_open that fit the machine: its controllers and root ports. */
berth_qemu_options machine_options(void);

/* Stops the guest and saves its state to a file, for config.state. The machine is of no use
 * then. */
int machine_save(berth_qemu *vm, const char *file);

/* Lets a guest run that was restored, once its state has been read. */
int machine_resume_restored(berth_qemu *vm);

/* Stops and continues the process, or the guest inside it. */
void machine_freeze(const struct machine *machine);
void machine_thaw(const struct machine *machine);
int machine_pause(berth_qemu *vm);
int machine_resume(berth_qemu *vm);

/* Kills the process and waits for its end; nothing if it never started. */
void machine_end(struct machine *machine);

#endif
