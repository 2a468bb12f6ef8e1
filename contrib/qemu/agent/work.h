/* The work of a child process: it does what its request asks for. */
#ifndef AGENT_WORK_H
#define AGENT_WORK_H

#include <stdint.h>

struct json_object;

/* A member that is a text without zero bytes; NULL: there is none. */
const char *work_text(struct json_object *request, const char *name);

/* Does what `request` asks for, and writes the answer, without a newline, to `to`. */
void work(struct json_object *request, int64_t number, int to);

#endif
