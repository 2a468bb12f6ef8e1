/*
 * Functions that end the program with a message for berthc: one line on standard output, which
 * begins with its kind. berthc tells the user.
 */
#ifndef BERTH_EXPLORE_FATAL_H
#define BERTH_EXPLORE_FATAL_H

#include <stddef.h>

/* The runtime did what it never does: a fault of Berth, and not of the spec. */
static void fatal_broken(const char *format, ...)
    __attribute__((__noreturn__, __format__(printf, 1, 2)));

/* Told in the same line, if it is not NULL: how the program came there. */
static void (*fatal_way)(void);

/* The spec is beyond the limits of this program: the search in Python has none. */
static void fatal_limit(const char *what) __attribute__((__noreturn__));

/* There is no more memory. */
static void fatal_memory(void) __attribute__((__noreturn__));

/* Called first, if it is not NULL: tells what was seen until then. */
static void (*fatal_last)(void);

/* The plan is none: berthc and this program do not belong together. */
static void fatal_plan(const char *what) __attribute__((__noreturn__));

/* Zeroed memory; ends the program when there is none. */
static void *fatal_alloc(size_t size);
static void *fatal_realloc(void *memory, size_t size);

#endif
