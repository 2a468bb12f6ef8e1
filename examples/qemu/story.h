/* Prints what happens in the manager, in QMP and in the guest, side by side. */
#ifndef EXAMPLE_STORY_H
#define EXAMPLE_STORY_H

#include <berth/berth.h>

#include "berth_qemu.h"

/* The time counts from here. */
void story_begin(void);

/* A sentence above what follows. */
__attribute__((format(printf, 1, 2))) void story_tell(const char *format, ...);

/* For berth_config.trace and berth_qemu_options.trace. */
void story_manager(void *ctx, const berth_transition *transition);
void story_line(void *ctx, berth_qemu_line which, const char *line);

/* How an operation ended: "A: map_to_guest", 0 or its error. */
void story_ended(const char *what, int rc, const berth_error *error);

#endif
