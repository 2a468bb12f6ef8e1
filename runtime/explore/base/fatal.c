#include "fatal.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static void fatal_broken(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    (void)fputs("broken ", stdout);
    (void)vprintf(format, arguments);
    if (fatal_way)
        fatal_way();
    (void)putchar('\n');
    va_end(arguments);
    (void)fflush(stdout);
    exit(3);
}

static void fatal_limit(const char *what)
{
    (void)printf("limit %s\n", what);
    (void)fflush(stdout);
    exit(4);
}

static void fatal_memory(void)
{
    void (*last)(void) = fatal_last;

    fatal_last = NULL;
    if (last)
        last();
    fatal_limit("memory");
}

static void fatal_plan(const char *what)
{
    (void)printf("plan %s\n", what);
    (void)fflush(stdout);
    exit(5);
}

static void *fatal_alloc(size_t size)
{
    void *memory = calloc(1, size);

    if (!memory)
        fatal_memory();
    return memory;
}

static void *fatal_realloc(void *memory, size_t size)
{
    memory = realloc(memory, size);
    if (!memory)
        fatal_memory();
    return memory;
}
