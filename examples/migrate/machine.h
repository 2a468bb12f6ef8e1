/* A virtual machine with volumes. Both processes see it; it knows nothing of the move. */
#ifndef MACHINE_H
#define MACHINE_H

#include <semaphore.h>

#include "volumes.h"

enum { MACHINE_SLOTS = 4 };

struct machine {
    bool attached[MACHINE_SLOTS];
    sem_t asked; /* one more for each attach that has begun */
};

/* A machine in memory that children share; NULL: there is none to be had. */
struct machine *machine_make(void);

/* The hooks; `ctx` is the machine. An attach takes a while. */
volumes_backend machine_backend(struct machine *machine);

#endif
