/* A virtual machine with disks, and its guest. Both processes see it; it knows nothing of the
 * move. */
#ifndef MACHINE_H
#define MACHINE_H

#include <semaphore.h>

#include "stored_scsi.h"

enum { MACHINE_LUNS = 64 };

struct machine {
    bool added[MACHINE_LUNS], mounted[MACHINE_LUNS];
    sem_t asked; /* one more for each disk that is being added */
};

/* A machine in memory that children share; NULL: there is none to be had. */
struct machine *machine_make(void);

/* The hooks; `ctx` is the machine. Adding a disk takes a while. */
stored_scsi_backend machine_backend(struct machine *machine);

#endif
