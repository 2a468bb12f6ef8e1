/*
 * Stores for tests: one that keeps its rows in memory, and one that makes another one fail. Part of
 * libberth-testing. When memory runs out in one of them, the program ends: abort().
 */
#ifndef BERTH_STORES_H
#define BERTH_STORES_H

#include <stddef.h>

#include <berth/store.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * A store in memory. It outlives the managers that are opened with it. Any number may be: the last
 * one has it, and the others are fenced.
 */
typedef struct berth_memory_store berth_memory_store;

/* An empty store. `backend`: as in berth_store; copied. */
berth_memory_store *berth_memory_store_make(const char *backend);
void berth_memory_store_free(berth_memory_store *store);

/* What <manager>_open gets. Valid as long as the store. */
const berth_store *berth_memory_store_functions(berth_memory_store *store);

/* All that it has, as bytes that free() frees. */
void *berth_memory_store_export(berth_memory_store *store, size_t *size);

/*
 * Takes what another one has exported, and drops what was there. A manager that has the store open
 * is fenced. -EBADMSG: the bytes are damaged, and nothing has changed. They may come from anywhere.
 */
int berth_memory_store_import(berth_memory_store *store, const void *bytes, size_t size);

/* Its rows were moved, or a save into it has not ended: it may be opened all the same. */
void berth_memory_store_reclaim(berth_memory_store *store);

/* The number of rows of a table; 0 if there is no such table. */
size_t berth_memory_store_count(berth_memory_store *store, const char *table);

/* What happens at one commit of a faulty store, or at one `replace` or `set_place`. */
typedef enum berth_fault {
    BERTH_FAULT_NONE = 0,
    BERTH_FAULT_REFUSE, /* it is not made; the answer is `error` */
    BERTH_FAULT_LOSE,   /* it is not made; the answer is uncertain, and so are all later ones */
    BERTH_FAULT_DIE     /* it is made; the answer is uncertain, and so are all later ones */
} berth_fault;

/*
 * Passes everything on to another store, but for the commit with the number `at`. The members may
 * be set while no commit runs; `n_commits` may be set to 0 to count anew.
 */
typedef struct berth_faulty_store {
    berth_store functions; /* what <manager>_open gets */
    const berth_store *inner;
    unsigned at; /* from 1; 0: none */
    berth_fault fault;
    int error;          /* of BERTH_FAULT_REFUSE; 0: -EIO */
    bool pends;         /* each commit is made by another thread, and completed from there */
    unsigned n_commits; /* that were asked for; `replace` and `set_place` count as well */
    bool dead;          /* it has lost an answer */
    berth_store_link link;
    void *errands; /* threads that make commits; its own */
} berth_faulty_store;

void berth_faulty_store_init(berth_faulty_store *store, const berth_store *inner);

#ifdef __cplusplus
}
#endif
#endif
