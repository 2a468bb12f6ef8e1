/* The lines of a dump, for the tests of the dump. */
#ifndef BERTH_TEST_DUMP_LINES_H
#define BERTH_TEST_DUMP_LINES_H

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <berth/file.h>

#include "support/clock.h"
#include "support/started.h"

struct lines {
    char text[65536];
    unsigned n;
    unsigned stop_at; /* the line with this number, from 1, ends the dump; 0: none */
    size_t longest;
};

static inline int put(void *arg, const char *line)
{
    struct lines *lines = arg;
    size_t length = strlen(line);

    assert_null(strchr(line, '\n'));
    assert_true(length < BERTH_DUMP_LINE_SIZE);
    if (lines->longest < length)
        lines->longest = length;
    lines->n++;
    snprintf(lines->text + strlen(lines->text), sizeof lines->text - strlen(lines->text), "%s\n",
             line);
    return lines->n == lines->stop_at ? -77 : 0;
}

static inline const char *dump(struct depot *depot)
{
    static struct lines lines;

    memset(&lines, 0, sizeof lines);
    assert_int_equal(berth_manager_dump(depot->manager, put, &lines), 0);
    return lines.text;
}

#endif
