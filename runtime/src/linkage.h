/*
 * How the runtime's files hang together, in each of the ways that they are compiled.
 *
 * The library is one translation unit (library.c), in which what the files call in each other is static (INTERNAL): the compiler sees all that
 * calls it, and a program that is linked with the static library meets no names of it but berth_... Compiled file by file, as for tests of single
 * parts, it is external.
 *
 * With BERTH_ONLY_TYPE, the name of a manager's descriptor, what every operation goes through (HOT) becomes part of each function that calls it.
 * Where that knows its operation, all that the descriptor says is a constant there, loops over what it lists (UNROLL) are no loops, and no more is
 * left of the runtime than this operation of this manager needs. For that such functions get `type`, the operation's own, as a parameter.
 */
#ifndef BERTH_SRC_LINKAGE_H
#define BERTH_SRC_LINKAGE_H

#if defined BERTH_ONLY_TYPE
#define INTERNAL static __attribute__((unused))
#define HOT inline __attribute__((always_inline))
#define UNROLL _Pragma("GCC unroll 16")
#elif defined BERTH_ONE_UNIT
#define INTERNAL static
#define HOT
#define UNROLL
#else
#define INTERNAL
#define HOT
#define UNROLL
#endif

#endif
