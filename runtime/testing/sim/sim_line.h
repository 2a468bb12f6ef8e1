/* Lines of any length, of which a bounded part is kept. */
#ifndef SIM_LINE_H
#define SIM_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Bytes of the longest line that is kept, without its newline. */
#define SIM_LINE_MAX ((size_t)1 << 20)

/* Zero is empty. */
typedef struct sim_line {
    char *text; /* not NUL-terminated; may hold NUL bytes */
    size_t length;
    size_t room;
    bool too_long; /* the line had more than SIM_LINE_MAX bytes; `text` is its start */
} sim_line;

/* Reads the next line, without its newline; the last one needs none. false: there is no more. */
bool sim_line_read(sim_line *line, FILE *in);

/* Only blanks? */
bool sim_line_blank(const sim_line *line);

void sim_line_clear(sim_line *line);

#endif
