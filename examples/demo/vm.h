/*
 * A virtual machine that lives in this process: a bus with slots, and a guest with a mount table.
 */
#ifndef DEMO_VM_H
#define DEMO_VM_H

#include <stdbool.h>

#include "scsi.h"

enum { VM_SLOTS = 4 * 64, VM_MOUNTS = 64, VM_PATH_SIZE = 128 };

typedef struct vm {
    bool slot_used[VM_SLOTS];             /* by controller * 64 + lun */
    bool slot_seen[VM_SLOTS];             /* the guest uses the disk in this slot */
    char mounts[VM_MOUNTS][VM_PATH_SIZE]; /* empty: unused */
    int failing_mounts;                   /* so many mounts will fail before one succeeds */
    int failing_ejects;                   /* likewise */
} vm;

/* A backend whose hooks work on `machine`, which must outlive the manager. */
scsi_backend vm_backend(vm *machine);

/* Nothing on the bus and nothing mounted? */
bool vm_is_empty(const vm *machine);

#endif
