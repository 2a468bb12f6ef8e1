/*
 * A depository in a process that may be killed: its hooks keep their effects in a file, which is
 * the backend that outlives it.
 */
#ifndef DEPOT_H
#define DEPOT_H

#include "fake.h"

#include "depository.h"

/* What is shared with a child, and with the next life. */
struct hall_file {
    _Atomic int boxes[8]; /* in their places */
    _Atomic int drawers[8];
    _Atomic unsigned calls;
    _Atomic unsigned kill_at; /* the process dies in this call, from 1; 0: never */
    _Atomic int takes_effect; /* before it dies */
    _Atomic unsigned sessions;
    _Atomic unsigned done; /* rounds of a child */
    _Atomic uint64_t epoch;
};

struct depot {
    struct fake fake; /* the file, and the object */
    struct hall_file *hall;
    berth_config config;
    depository *manager;
    berth_error error;
};

void depot_start(struct depot *depot);
void depot_start_with(struct depot *depot, const berth_sqlite_options *options);
void depot_stop(struct depot *depot);
int depot_open(struct depot *depot);
void depot_close(struct depot *depot);
int depot_recover(struct depot *depot);
/* Ann reserves a drawer of a box. */
int depot_rent(struct depot *depot);
/* One life of the box with this number: rent, use, look, give back, add, drop. */
int depot_round(struct depot *depot, unsigned n, const char *owner);
/* Rows of all tables of resources and holders. */
const char *depot_rows(struct depot *depot);
unsigned depot_effects(const struct depot *depot);

#endif
