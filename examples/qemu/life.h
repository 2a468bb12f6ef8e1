/* One life of a program whose manager is kept in a store: from its start until it is killed. */
#ifndef EXAMPLE_LIFE_H
#define EXAMPLE_LIFE_H

#include <stdatomic.h>
#include <stdbool.h>

enum { LIFE_CALLERS = 4, LIFE_DISKS = 3 };

/* Counted over all lives, in memory that they share. */
struct tally {
    atomic_uint mapped;   /* by reservations of the same life */
    atomic_uint again;    /* by reservations of an earlier one, which go on */
    atomic_uint finished; /* releases that an earlier life has begun, or not even that */
    atomic_uint failed;   /* callers that have given up: nothing here may fail */
};

struct life_config {
    const char *folder; /* of the sockets of QEMU and its guest, of the images, and of disks.db */
    unsigned seed;
    unsigned rounds;   /* of each caller: reserve, map, read, unmap; 0: until it is killed */
    bool no_probes;    /* the backend cannot look what is there */
    unsigned pause_ms; /* that a caller keeps its disk, at most */
    bool tells;        /* prints what it does */
};

/* 0, if all that was held was given back at the end; else an error, which it has printed. */
int life_run(const struct life_config *config, struct tally *tally);

/* Names of the images, and what their file "hello" says. */
void life_image(const char *folder, unsigned number, char *path, unsigned size);
void life_text(unsigned number, char *text, unsigned size);

#endif
