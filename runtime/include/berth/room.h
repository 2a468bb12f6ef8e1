/*
 * How much of an arena the parts of a manager take: what <MANAGER>_ARENA_SIZE is made of. Nothing
 * here is for applications.
 *
 * The structs are private to the runtime, so their sizes are said here in pointers and bytes, which
 * holds for machines of 32 and of 64 bits. runtime/src/model/sizes.c does not compile where it is
 * too little.
 */
#ifndef BERTH_ROOM_H
#define BERTH_ROOM_H

#include <berth/arena.h>

#define BERTH_SIZE_MANAGER (128 * sizeof(void *) + 160)
#define BERTH_SIZE_LAYOUT (2 * sizeof(void *) + 16)
#define BERTH_SIZE_VALUE (24 * sizeof(void *) + 40)
#define BERTH_SIZE_INSTANCE 24
#define BERTH_SIZE_ENTRY ((3 * sizeof(void *) + 12) / 8 * 8)
#define BERTH_SIZE_NODE (2 * sizeof(void *))
#define BERTH_SIZE_RESERVATION (2 * sizeof(void *) + 20)

/*
 * What parts of the manager's block are aligned to, at most: room for the gaps between its five
 * parts.
 */
#define BERTH_SIZE_GAPS (5 * BERTH_ARENA_UNIT)

/* In arithmetic that does not overflow on machines of 32 bits before anybody can see it. */
#define BERTH_ROOM(size) ((uint64_t)BERTH_ARENA_ROOM(size))

/*
 * The block of a manager with so many resources and assigned values, and `text` bytes of strings
 * among its options.
 */
#define BERTH_ROOM_MANAGER(resources, values, backend, options, text)                              \
    BERTH_ROOM(BERTH_SIZE_MANAGER + BERTH_SIZE_GAPS + ((resources) + 1) * BERTH_SIZE_LAYOUT +      \
               (values)*BERTH_SIZE_VALUE + sizeof(backend) + sizeof(options) + (text))

/* A hash table of so many chains. */
#define BERTH_ROOM_CHAINS(chains) BERTH_ROOM((chains) * sizeof(void *))

/*
 * An instance with this view, which so many indexes find, with `text` bytes of strings and lists.
 * `below`: 1 where it may have children, else 0. The other one is without a key, and there is no
 * other resource beside it.
 */
#define BERTH_ROOM_INSTANCE(view, below, indexes, text)                                            \
    BERTH_ROOM(BERTH_SIZE_ENTRY + BERTH_SIZE_INSTANCE + BERTH_SIZE_VIEW(view, below, indexes) +    \
               (text))
#define BERTH_ROOM_ONLY_CHILD(view, below, indexes, text)                                          \
    BERTH_ROOM(BERTH_SIZE_INSTANCE + BERTH_SIZE_VIEW(view, below, indexes) + (text))
#define BERTH_SIZE_VIEW(view, below, indexes)                                                      \
    ((sizeof(view) + sizeof(void *) - 1) / sizeof(void *) * sizeof(void *) +                       \
     (below) * sizeof(void *) + (indexes)*BERTH_SIZE_NODE)

/* A reservation of a path of so many levels. */
#define BERTH_ROOM_RESERVATION(levels) BERTH_ROOM(BERTH_SIZE_RESERVATION + (levels))

/*
 * A pool of at most 4,096 slots, 64 of them in each of so many words; and one node of a larger
 * pool.
 */
#define BERTH_ROOM_POOL(words) BERTH_ROOM(8 + (words)*8)
#define BERTH_ROOM_POOL_NODE BERTH_ROOM(8 + 64 * 8)

/* What is lost where the memory begins at no multiple of the unit. */
#define BERTH_ROOM_START ((uint64_t)BERTH_ARENA_UNIT - 1)

#endif
