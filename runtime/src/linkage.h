/*
 * Linkage of the functions that the runtime's files call in each other.
 *
 * The library is one translation unit (library.c), in which they are static: the compiler sees all that calls them, and a program that is
 * linked with the static library meets no names of it but berth_... Compiled file by file, as for tests of single parts, they are external.
 */
#ifndef BERTH_SRC_LINKAGE_H
#define BERTH_SRC_LINKAGE_H

#ifdef BERTH_ONE_UNIT
#define INTERNAL static
#else
#define INTERNAL
#endif

#endif
