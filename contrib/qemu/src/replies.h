/* What QEMU and the agent say: finds the call that a line belongs to. With the lock. */
#ifndef QEMU_REPLIES_H
#define QEMU_REPLIES_H

#include <stddef.h>

/* A line of each; `ctx` is the berth_qemu. NULL: a line that was too long. */
void replies_qmp(void *ctx, const char *line, size_t size);
void replies_agent(void *ctx, const char *line, size_t size);

/* The errno value, negative, of an error of QMP. Nearly all have one class: only the text tells
 * them apart. */
int replies_error(const char *text);

#endif
