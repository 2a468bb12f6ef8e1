/*
 * How the runtime's files hang together, in each of the three ways that they are compiled.
 *
 * The library is one translation unit (library.c), in which what the files call in each other is static (INTERNAL): the compiler sees all that
 * calls it, and a program that is linked with the static library meets no names of it but berth_...
 *
 * A specialized manager (BERTH_ONLY_TYPE is the name of its descriptor) includes the files that every operation goes through: see
 * berth/specialize.h. There such functions (HOT) become part of whatever calls them, down to the manager's own functions, which know their
 * operation: so all that the descriptor says is a constant, loops over what it lists (UNROLL) are no loops, and no more is left than this
 * operation of this manager needs. For that these functions get `type`, the operation's own, as a parameter. What those files call in each other
 * is static there, too (OWN); what they seldom call, or what is the same for all, is the library's (SHARED). Both work on the same structs, and
 * are compiled from the same lines.
 *
 * Compiled file by file, as for tests of single parts, everything is external.
 */
#ifndef BERTH_SRC_LINKAGE_H
#define BERTH_SRC_LINKAGE_H

#if defined __SANITIZE_ADDRESS__ || defined BERTH_SANITIZED
#define SANITIZED
#elif defined __has_feature
#if __has_feature(address_sanitizer)
#define SANITIZED
#endif
#endif

#if defined BERTH_ONLY_TYPE
#include "private.h"
#define INTERNAL /* not here: the library's own */
#define OWN static
#define SHARED
#ifdef SANITIZED /* checks after every access, in functions of that size, take compilers minutes */
#define HOT inline
#define UNROLL
#else
#define HOT inline __attribute__((always_inline))
#ifdef __clang__
#define UNROLL /* it does so by itself, and warns when it is told to and cannot */
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif
#endif
#elif defined BERTH_ONE_UNIT
#include "private.h"
#define INTERNAL static
#define OWN static
#define SHARED
#define HOT
#define UNROLL
#else
#define INTERNAL
#define OWN
#define SHARED
#define HOT
#define UNROLL
#endif

/* For what runs so often that a call would cost as much as what it does. */
#define ALWAYS_INLINE static inline __attribute__((always_inline))

/* What is called by functions that are small without it: seldom, or (where it does not become part of them) now and then. */
#if defined BERTH_ONLY_TYPE
#define APART
#else
#define APART __attribute__((noinline))
#endif
#define SELDOM __attribute__((noinline, cold))

#endif
