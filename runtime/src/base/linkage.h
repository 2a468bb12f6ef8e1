/*
 * The linkage of the runtime's functions, in each of the two ways of compiling.
 *
 * The library is one translation unit (library.c). Functions that files call in each other are
 * static in it. So the compiler sees all callers, and a program that is linked with the static
 * library meets no names of it but berth_...
 *
 * Compiled file by file, for tests of single parts, these functions are external.
 */
#ifndef BERTH_SRC_LINKAGE_H
#define BERTH_SRC_LINKAGE_H

/* Before the prototype of a function that another file calls. */
#ifdef BERTH_ONE_UNIT
#define internal static
#else
#define internal
#endif

/* For functions that are seldom called, by functions that are small without them. */
#define cold __attribute__((__noinline__, __cold__))

/* For functions that are called now and then, by functions that are small without them. */
#define noinline __attribute__((__noinline__))

/* For functions that compilers do not inline, and whose call costs as much as their work. */
#define ALWAYS_INLINE static inline __attribute__((__always_inline__))

#endif
