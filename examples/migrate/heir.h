/* The process that a manager moves to. */
#ifndef HEIR_H
#define HEIR_H

#include "machine.h"

/* Takes the manager from the socket, and serves its callers until they hang up. 0, or an error. */
int heir_run(struct machine *machine, int socket);

#endif
