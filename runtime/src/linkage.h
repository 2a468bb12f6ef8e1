/*
 * How the runtime's files hang together, in each of the two ways that they are compiled.
 *
 * The library is one translation unit (library.c), in which what the files call in each other is static (INTERNAL): the compiler sees all that
 * calls it, and a program that is linked with the static library meets no names of it but berth_...
 *
 * Compiled file by file, as for tests of single parts, everything is external.
 */
#ifndef BERTH_SRC_LINKAGE_H
#define BERTH_SRC_LINKAGE_H

#ifdef BERTH_ONE_UNIT
#define INTERNAL static
#else
#define INTERNAL
#endif
#define OWN INTERNAL
#define SHARED INTERNAL
#define HOT
#define UNROLL

/* For what runs so often that a call would cost as much as what it does. */
#define ALWAYS_INLINE static inline __attribute__((always_inline))

/* What is called by functions that are small without it: seldom, or (where it does not become part of them) now and then. */
#define APART __attribute__((noinline))
#define SELDOM __attribute__((noinline, cold))

#endif
