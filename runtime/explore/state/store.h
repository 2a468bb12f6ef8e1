/*
 * The store of a manager whose spec has `store`: rows in memory, of which each copy of the world
 * has its own. At a commit of its choice the process dies.
 */
#ifndef BERTH_EXPLORE_STORE_H
#define BERTH_EXPLORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <berth/stored.h>

enum { STORE_MEMORY = 1 << 20 };

/* A part of the world; the rows are in `store_memory`. */
struct store {
    size_t used; /* bytes of rows, by table and key */
    const berth_store_table *tables;
    uint16_t n_tables;
    uint64_t epoch, sequence;
};

static unsigned char store_memory[STORE_MEMORY];

/* For berth_stored_open(). */
static const berth_store *store_functions(void);

/* Has it a row of this table? */
static bool store_has(uint16_t table);

/* Begins a request. The process dies when so many commits are durable; 0: it does not. */
static void store_begin(unsigned die);
/* Commits of the request. */
static unsigned store_commits;
static bool store_has_died;
/* Is called at each commit, once it is durable; NULL: nothing is. */
static void (*store_commits_told)(void);
/* Is called when the process dies. Afterwards the store fails, so the manager calls no hook. */
static void (*store_dies)(void);

#endif
