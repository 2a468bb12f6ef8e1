/* The process that a manager moves to. */
#ifndef HEIR_H
#define HEIR_H

#include "machine.h"

/* The folders of the images, here and there. */
#define OLD_FOLDER "/srv/images/"
#define NEW_FOLDER "/mnt/pool3/"

/* Takes the manager from the socket, and serves its callers until they hang up. 0, or an error. */
int heir_run(struct machine *machine, int socket);

#endif
