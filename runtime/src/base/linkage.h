/*
 * How the runtime's files hang together, in each of the two ways that they are compiled.
 *
 * The library is one translation unit (library.c), in which what the files call in each other is
 * static: the compiler sees all callers, and a program that is linked with the static library meets
 * no names of it but berth_...
 *
 * Compiled file by file, as for tests of single parts, everything is external.
 */
#ifndef BERTH_SRC_LINKAGE_H
#define BERTH_SRC_LINKAGE_H

/* Before the prototype of a function that another file calls. */
#ifdef BERTH_ONE_UNIT
#define internal static
#else
#define internal
#endif

/* For what is seldom called, by functions that are small without it. */
#define cold __attribute__((__noinline__, __cold__))

/* The same for what is called now and then. */
#define noinline __attribute__((__noinline__))

/* For what runs so often that a call costs as much as what it does, where compilers make a call. */
#define ALWAYS_INLINE static inline __attribute__((__always_inline__))

#endif
