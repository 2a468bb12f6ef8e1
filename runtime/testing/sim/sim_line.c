#include "sim_line.h"

#include "sim_memory.h"

bool sim_line_read(sim_line *line, FILE *in)
{
    line->length = 0;
    line->too_long = false;
    int byte = getc(in);
    if (byte == EOF)
        return false;
    for (; byte != EOF && byte != '\n'; byte = getc(in)) {
        if (line->length == SIM_LINE_MAX) {
            line->too_long = true; /* reads on to its end, so that the next line is found */
            continue;
        }
        if (line->length == line->room) {
            line->room = line->room > 0 ? line->room * 2 : 256;
            line->text = sim_resize(line->text, line->room, 1);
        }
        line->text[line->length++] = (char)byte;
    }
    return true;
}

bool sim_line_blank(const sim_line *line)
{
    for (size_t i = 0; i < line->length; i++) {
        char byte = line->text[i];
        if (byte != ' ' && byte != '\t' && byte != '\r')
            return false;
    }
    return true;
}

void sim_line_clear(sim_line *line)
{
    sim_free(line->text);
    *line = (sim_line){0};
}
